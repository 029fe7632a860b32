"""Live video of an alarm: playable, redacted, held in memory only, and for whoever has a grant that names it."""

from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from tests.support.terminal_video import packetised

from catseye.core.errors import ModelError
from catseye.core.grant import Grant, GrantError
from catseye.core.picture import RawFrame
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.jt1078 import KEY, Reassembly
from catseye.vision.live_segments import LiveSegments, Segment
from catseye.vision.redact import FILL_RGB
from catseye.vision.sources.terminal import TerminalVideo

NOON = Stamp(1_790_000_000 * NS_PER_S)
UNTIL = NOON.plus_ns(60 * NS_PER_S)
GRANT = Grant("Binh", "watching alarm event-1 while help comes", UNTIL)


@pytest.fixture(autouse=True)
def with_models(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(models.resolve()))


def real(shared: Path, most_count: int = 110, lose: tuple[int, ...] = ()) -> list[RawFrame]:
    joined, video, frames = Reassembly(), TerminalVideo("terminal-1"), list[RawFrame]()
    for number, packet in enumerate(packetised(shared / "jtt" / "terminal-video.h264", most_count)):
        if number in lose:
            continue
        joined, whole = joined.add(packet)
        if whole is not None:
            frames += video.feed(whole.payload, whole.timestamp_ms or 0, is_key=whole.data_type == KEY, lost_count=joined.lost_count)
    return frames


def solid(width_px: int, height_px: int, time_ns: int, level: int = 120) -> RawFrame:
    def convert(width: int, height: int, form: str) -> np.ndarray:
        return np.full((height, width) if form == "gray8" else (height, width, 3), level, np.uint8)

    return RawFrame("terminal-1", 0, time_ns, None, width_px, height_px, convert)


def played(live: LiveSegments, segments: list[Segment]) -> list[np.ndarray]:
    raw = live.beginning(segments[0].era, GRANT, NOON) + b"".join(each.content for each in segments)
    with av.open(BytesIO(raw)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_a_terminals_real_video_can_be_played_redacted(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    looks: list[str] = []
    live = LiveSegments("event-1", UNTIL, lambda grant, now: looks.append(grant.who))
    for frame in real(shared):
        live.see(frame)
    segments = live.since(0, GRANT, NOON)
    assert [each.number for each in segments] == [*range(len(segments))]
    assert len(segments) >= 1
    shown = played(live, segments)
    assert 20 <= len(shown) <= 60
    assert shown[0].shape == (288, 352, 3)
    assert looks == ["Binh"]
    assert [*tmp_path.iterdir()] == []


def test_every_segment_can_be_played_after_the_beginning_alone(shared: Path) -> None:
    live = LiveSegments("event-1", UNTIL, lambda grant, now: None)
    for frame in real(shared, 200, lose=(3,)):
        live.see(frame)
    segments = live.since(0, GRANT, NOON)
    assert len(segments) >= 2
    assert all(played(live, [each]) for each in segments)


def test_in_a_cab_a_picture_without_a_head_is_solid(shared: Path) -> None:
    live = LiveSegments("event-1", UNTIL, lambda grant, now: None, is_in_cabin=True)
    for frame in real(shared):
        live.see(frame)
    shown = played(live, live.since(0, GRANT, NOON))
    assert all(np.abs(rgb.astype(int) - FILL_RGB).max() < 12 for rgb in shown)


@pytest.mark.parametrize(
    ("grant", "now", "why"),
    [
        (Grant("Binh", "curiosity", UNTIL), NOON, "names the alarm event-1"),
        (Grant("Binh", "alarm event-10", UNTIL), NOON, "names the alarm event-1"),
        (Grant("Binh", "alarm event-1", NOON), NOON, "over since"),
        (Grant("Binh", "alarm event-1", UNTIL.plus_ns(9)), UNTIL, "the alarm is closed"),
    ],
    ids=["purpose", "another alarm", "over", "alarm over"],
)
def test_nobody_sees_it_without_a_grant_that_names_the_alarm(grant: Grant, now: Stamp, why: str) -> None:
    looks: list[str] = []
    live = LiveSegments("event-1", UNTIL, lambda grant, now: looks.append(grant.who))
    for call in (lambda: live.since(0, grant, now), lambda: live.beginning(0, grant, now)):
        with pytest.raises(GrantError, match=why):
            call()
    assert looks == []


def test_a_look_that_cannot_be_written_down_is_no_look() -> None:
    def full(grant: Grant, now: Stamp) -> None:
        raise OSError

    live = LiveSegments("event-1", UNTIL, full)
    for _ in range(2):
        with pytest.raises(OSError):
            live.since(0, GRANT, NOON)


def test_when_the_alarm_is_closed_nothing_is_left() -> None:
    live = LiveSegments("event-1", UNTIL, lambda grant, now: None)
    for number in range(32):
        live.see(solid(160, 120, number * NS_PER_S // 4))
    assert live.since(0, GRANT, NOON)
    live.end()
    live.end()
    live.see(solid(160, 120, 9 * NS_PER_S))
    with pytest.raises(GrantError, match="the alarm is closed"):
        live.since(0, GRANT, NOON)


def test_little_is_held_and_a_new_size_begins_an_era() -> None:
    live = LiveSegments("event-1", UNTIL, lambda grant, now: None, most_count=3)
    for number in range(72):
        size_px = (160, 120) if number < 48 else (200, 120)
        live.see(solid(*size_px, number * NS_PER_S // 4))
    segments = live.since(0, GRANT, NOON)
    assert len(segments) == 3
    assert segments[-1].era == 1
    assert segments[0].number > 0
    assert played(live, segments[-1:])[0].shape == (120, 200, 3)


def test_without_a_network_there_is_no_live_video() -> None:
    with pytest.raises(ModelError):
        LiveSegments("event-1", UNTIL, lambda grant, now: None, detector="motion")
