"""Live video on real sockets: only what was asked for, whole frames alone, garbage and silence cut off."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.properties import examples
from tests.support.terminal_video import packetised, pictures

from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.jt1078 import MediaFrame, Packet
from catseye.fleet.listening import LocalDoors
from catseye.fleet.media_server import MediaServer, Stream, StreamLimits, StreamRequest

NOON = Stamp(1_790_000_000 * NS_PER_S)
REQUEST = StreamRequest("13800138000", 1, "event-1", NOON.plus_ns(60 * NS_PER_S))
LONG_SIM = "00000000013800138000"


@dataclass
class Viewer:
    """Holds what it is given, and a clock that can be moved."""

    frames: list[MediaFrame] = field(default_factory=list)
    lost_count: int = 0
    now: Stamp = NOON
    said: list[str] = field(default_factory=list)

    def __call__(self, request: StreamRequest, frame: MediaFrame, lost_count: int) -> None:
        assert request == REQUEST
        self.frames.append(frame)
        self.lost_count = lost_count


@asynccontextmanager
async def serving(viewer: Viewer, limits: StreamLimits | None = None) -> AsyncIterator[tuple[MediaServer, int]]:
    server = MediaServer(LocalDoors(), viewer, lambda: viewer.now, limits=limits, log=lambda who, why: viewer.said.append(why))
    port = await server.start()
    try:
        yield server, port
    finally:
        await server.close()


async def send(port: int, raw: bytes, *, stays: bool = False) -> None:
    """And wait until the server is done with it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(raw)
        await writer.drain()
        if not stays:
            writer.write_eof()
        await asyncio.wait_for(reader.read(), 20)
    except OSError:
        pass
    finally:
        writer.close()


@pytest.mark.parametrize("sim", ["013800138000", LONG_SIM], ids=["six", "ten"])
def test_a_terminals_real_video_arrives_frame_by_frame(shared: Path, sim: str) -> None:
    path = shared / "jtt" / "terminal-video.h264"
    raw = b"".join(bytes(each) for each in packetised(path, 200, sim))

    async def run() -> Viewer:
        viewer = Viewer()
        async with serving(viewer) as (server, port):
            server.ask(REQUEST)
            await send(port, raw)
        return viewer

    viewer = asyncio.run(run())
    assert [frame.payload for frame in viewer.frames] == [each for _, each in pictures(path, 200)]
    assert (viewer.lost_count, viewer.said) == (0, [])


def test_a_lost_packet_costs_its_frame_and_is_counted(shared: Path) -> None:
    path = shared / "jtt" / "terminal-video.h264"
    packets = packetised(path, 60)
    del packets[1]  # the middle of the first key frame

    async def run() -> tuple[Viewer, MediaServer]:
        viewer = Viewer()
        async with serving(viewer) as (server, port):
            server.ask(REQUEST)
            await send(port, b"".join(bytes(each) for each in packets))
        return viewer, server

    viewer, server = asyncio.run(run())
    assert [frame.payload for frame in viewer.frames] == [each for _, each in pictures(path, 60)][1:]
    assert (server.counts.lost_count, server.counts.missed_count) == (1, 1)


ONE = Packet(0x81, True, 98, 0, "013800138000", 1, 0, 0, 0, 0, 0, b"\0\0\0\1frame")


@pytest.mark.parametrize(
    ("asked", "raw", "later_s", "why"),
    [
        (None, bytes(ONE), 0, "nobody asked for"),
        (REQUEST, bytes(ONE).replace(b"\x38\x00\x13", b"\x38\x00\x14"), 0, "nobody asked for"),
        (REQUEST, bytes(Packet(0x81, True, 98, 0, "013800138000", 2, 0, 0, 0, 0, 0, b"x")), 0, "nobody asked for"),
        (REQUEST, bytes(ONE), 60, "nobody asked for"),
        (REQUEST, b"\x5a" * 70_000, 0, "bytes that are no packets"),
        (REQUEST, b"01cd", 0, "no whole packet for"),
        (REQUEST, b"", 0, "no whole packet for"),
    ],
    ids=["unasked", "other terminal", "other channel", "too late", "garbage", "slow", "silent"],
)
def test_anything_else_is_cut_off(asked: StreamRequest | None, raw: bytes, later_s: int, why: str) -> None:
    async def run() -> Viewer:
        viewer = Viewer()
        async with serving(viewer, StreamLimits(idle_s=0.2)) as (server, port):
            if asked is not None:
                server.ask(asked)
            viewer.now = NOON.plus_ns(later_s * NS_PER_S)
            await send(port, raw, stays=True)
            assert viewer.frames == []
            assert server.counts.turned_away_count == 1
        return viewer

    assert why in asyncio.run(run()).said[0]


def test_a_stream_ends_when_nobody_wants_it_any_more() -> None:
    async def run() -> None:
        viewer = Viewer()
        async with serving(viewer) as (server, port):
            server.ask(REQUEST)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(bytes(ONE))
            while not viewer.frames:
                await asyncio.sleep(0.001)
            server.forget(REQUEST)
            writer.write(bytes(ONE))
            with suppress(OSError):
                assert await asyncio.wait_for(reader.read(), 20) == b""
            writer.close()
            assert len(viewer.frames) == 1

    asyncio.run(run())


@given(st.binary(max_size=300), st.lists(st.integers(0, 1500), max_size=8), st.sampled_from(["013800138000", LONG_SIM]))
@settings(max_examples=examples(100), deadline=None)
def test_any_bytes_raise_nothing_and_what_follows_damage_is_found(noise: bytes, cuts: list[int], sim: str) -> None:
    one = bytes(Packet(0x81, True, 98, 3, sim, 1, 0, 0, 0, 0, 0, b"\0\0\0\1" + b"frame" * 30))
    raw = one * 3 + noise + one * 2
    stream, frames = Stream(), []
    edges = [0, *sorted({min(cut, len(raw)) for cut in cuts}), len(raw)]
    for begin, end in itertools.pairwise(edges):
        frames += stream.feed(raw[begin:end], lambda packet: True) or []
    assert [frame.payload for frame in frames[:3]] == [b"\0\0\0\1" + b"frame" * 30] * 3
