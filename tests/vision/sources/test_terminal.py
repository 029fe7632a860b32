"""A terminal's real video, frame by frame: what is lost costs pictures up to the next key frame, and any bytes are survived."""

import itertools
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.properties import examples
from tests.support.terminal_video import FRAME_MS, packetised, pictures

from catseye.core.errors import SourceError
from catseye.core.time import NS_PER_MS, Stamp
from catseye.fleet.jt1078 import KEY, Packet, Reassembly
from catseye.vision.evidence.frames import MemoryVideo
from catseye.vision.sources.terminal import TerminalVideo

NOON = Stamp(1_790_000_000 * 10**9)


def shown(video: TerminalVideo, packets: list[Packet]) -> list[tuple[int, np.ndarray]]:
    joined, frames = Reassembly(), []
    for packet in packets:
        joined, whole = joined.add(packet)
        if whole is not None:
            assert whole.timestamp_ms is not None
            frames += video.feed(whole.payload, whole.timestamp_ms, is_key=whole.data_type == KEY, lost_count=joined.lost_count)
    return [(frame.time_ns, frame.grey(frame.width_px, frame.height_px)) for frame in frames]


def test_every_picture_is_that_of_the_file(shared: Path) -> None:
    path = shared / "jtt" / "terminal-video.h264"
    found = shown(TerminalVideo("terminal-1", start=NOON), packetised(path, 100))
    with path.open("rb") as file, MemoryVideo(file, "terminal-1") as video:
        wanted = [each.frame.grey(352, 288) for each, _ in zip(video.shown(), range(len(found)), strict=False)]
    assert len(found) >= 95  # the last ones wait inside the decoder
    assert [time_ns for time_ns, _ in found] == [number * FRAME_MS * NS_PER_MS for number in range(len(found))]
    assert all(np.array_equal(grey, true) for (_, grey), true in zip(found, wanted, strict=True))


def test_a_lost_packet_costs_the_pictures_up_to_the_next_key_frame(shared: Path) -> None:
    path = shared / "jtt" / "terminal-video.h264"
    packets = packetised(path, 150)
    keys_ns = [number * FRAME_MS * NS_PER_MS for number, (is_key, _) in enumerate(pictures(path, 150)) if is_key]
    assert len(keys_ns) >= 3
    second = next(at for at, each in enumerate(packets) if each.data_type == KEY and each.timestamp_ms == keys_ns[1] // NS_PER_MS)
    video = TerminalVideo("terminal-1")
    found = {time_ns for time_ns, _ in shown(video, packets[: second + 1] + packets[second + 2 :])}
    assert not [time_ns for time_ns in found if keys_ns[1] <= time_ns < keys_ns[2]]
    assert keys_ns[2] in found
    assert video.awaited_count == (keys_ns[2] - keys_ns[1]) // (FRAME_MS * NS_PER_MS) - 1


def test_a_clock_that_jumps_does_not_run_backwards(shared: Path) -> None:
    path = shared / "jtt" / "terminal-video.h264"
    video, times = TerminalVideo("terminal-1"), []
    for number, (is_key, raw) in enumerate(pictures(path, 60)):
        time_ms = number * FRAME_MS + (0 if number < 20 else -900_000 if number < 40 else 10**12)
        times += [frame.time_ns for frame in video.feed(raw, time_ms + 10**6, is_key=is_key)]
    assert len(times) > 50
    assert all(0 < later - earlier <= 10**8 for earlier, later in itertools.pairwise(times))


@given(st.lists(st.tuples(st.binary(max_size=200), st.integers(0, 2**64 - 1), st.booleans()), max_size=6), st.randoms())
@settings(max_examples=examples(40), deadline=None)
def test_any_bytes_and_times_raise_nothing(frames: list[tuple[bytes, int, bool]], chance: random.Random) -> None:
    video = TerminalVideo("terminal-1", chance.choice(["h264", "hevc"]))
    for payload, time_ms, is_key in frames:
        video.feed(payload, time_ms, is_key=is_key)
        video.feed(b"\0\0\0\1" + payload, time_ms, is_key=is_key)


def test_another_codec_is_refused() -> None:
    with pytest.raises(SourceError, match="wanted H"):
        TerminalVideo("terminal-1", "mpeg4")
