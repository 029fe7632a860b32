"""From a terminal's socket to a player: redacted, logged, over when the alarm is."""

import asyncio
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import av
import pytest
from tests.support.terminal_video import packetised

from catseye.core.grant import Grant, GrantError
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.listening import LocalDoors
from catseye.fleet.media_server import MediaServer, StreamRequest
from catseye.station.fleet.live_video import LiveVideo
from catseye.vault.vault import Vault

NOON = Stamp(1_790_000_000 * NS_PER_S)
REQUEST = StreamRequest("13800138000", 1, "event-1", NOON.plus_ns(60 * NS_PER_S))
GRANT = Grant("Binh", "alarm event-1", REQUEST.until)


def test_real_video_of_a_terminal_is_seen_redacted_and_the_look_is_logged(
    shared: Path, models: Path, tmp_path: Path, until: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(models.resolve()))
    live = LiveVideo(REQUEST, lambda: Vault.open(tmp_path / "vault"), is_in_cabin=False)
    packets = packetised(shared / "jtt" / "terminal-video.h264", 110)

    async def run() -> None:
        async with MediaServer(LocalDoors(), live, lambda: NOON) as server:
            server.ask(REQUEST)
            assert server._server is not None
            _, writer = await asyncio.open_connection(*server._server.sockets[0].getsockname()[:2])
            writer.write(b"".join(bytes(each) for each in packets))
            await writer.drain()
            while server.counts.frames_count < 110:
                await asyncio.sleep(0.01)
            writer.close()

    asyncio.run(run())
    assert until(lambda: live.segments.since(0, GRANT, NOON))
    segment = live.segments.since(0, GRANT, NOON)[0]
    with av.open(BytesIO(live.segments.beginning(segment.era, GRANT, NOON) + segment.content)) as container:
        assert len([*container.decode(video=0)]) >= 10
    live.end()
    assert live.fault is None
    with pytest.raises(GrantError, match="closed"):
        live.segments.since(0, GRANT, NOON)
    with Vault.open(tmp_path / "vault") as vault:
        assert [look.who for look in vault.looks(subject="terminal/13800138000/live/event-1")] == ["Binh"]
        assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"mdat" in path.read_bytes()]


def test_frames_that_nobody_can_look_at_in_time_are_dropped(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from catseye.fleet.jt1078 import MediaFrame

    monkeypatch.setenv("CATSEYE_MODELS", str(models.resolve()))
    live = LiveVideo(REQUEST, lambda: Vault.open(tmp_path / "vault"))
    live._is_over.set()
    live._thread.join()
    live._is_over.clear()
    for _ in range(280):
        live(REQUEST, MediaFrame("013800138000", 1, 0, 98, 0, b"x"), 0)
    live(REQUEST, MediaFrame("013800138000", 1, 3, 6, 0, b"sound"), 0)
    assert (live.dropped_count, live.skipped_count) == (30, 1)
    live.end()
