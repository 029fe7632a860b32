"""Retry policy, breaks and buffer: nothing by chance, nothing without bound."""

import threading
from collections.abc import Iterator

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.core.errors import SourceError
from catseye.core.picture import RawFrame
from catseye.core.sockets import SourceNotice
from catseye.vision.sources import LiveSource, RetryPolicy
from catseye.vision.sources.buffer import NOTICES_KEPT_COUNT, FreshFrames
from catseye.vision.sources.clock import PresentationClock
from catseye.vision.sources.decode import Counters, Shot

MS = 1_000_000


def frame(index: int) -> RawFrame:
    return RawFrame("cam-1", index, index * 10, None, 1, 1, lambda *_: np.zeros((1, 1), np.uint8))


class TornLink:
    """A camera of 20 frames a second whose connection breaks behind each of its lives; a life says which of its ten frames are damaged."""

    shown, doubt_ms = "rtsp://camera/1", 500.0

    def __init__(self, *lives: set[int]) -> None:
        self._lives = list(lives)
        self._arrival_ns = 0

    def shots(self, clock: PresentationClock, counters: Counters) -> Iterator[Shot]:
        if not self._lives:
            raise SourceError(self.shown, "switched off", "a camera")
        damaged = self._lives.pop(0)
        for index in range(10):
            self._arrival_ns += 50 * MS
            yield Shot(av.VideoFrame(16, 16, "yuv420p"), index * 50 * MS, self._arrival_ns, self._arrival_ns, index in damaged)
        self._arrival_ns += 60_000 * MS
        raise SourceError(self.shown, "connection lost", "a stream that goes on")

    def interrupt(self) -> None:
        pass


def told(*lives: set[int]) -> list[tuple[str, int, int]]:
    """Kind, begin and end in ms of every notice, in the order told."""
    source = LiveSource(TornLink(*lives), "cam-1", RetryPolicy(first_s=0.001, most_s=0.001, give_up_s=0.01), held_count=100)
    notices = []
    with pytest.raises(SourceError, match="gone for"):
        notices.extend(item for item in source if isinstance(item, SourceNotice))
    return [(each.kind, each.time_ns // MS, each.end_time_ns // MS) for each in notices]


def test_one_outage_is_one_gap_though_it_tore_the_last_picture() -> None:
    assert told({9}, set()) == [("source-gap", 450, 60_500)]


def test_damage_before_an_outage_is_told_before_the_gap_and_damage_behind_it_behind() -> None:
    assert told({7, 9}, {1}, set()) == [
        ("source-damaged", 300, 450),
        ("source-gap", 450, 60_500),
        ("source-damaged", 60_500, 60_550),
        ("source-gap", 60_950, 121_000),
    ]


def test_a_gap_is_not_damaged_as_well_when_the_first_picture_behind_it_is() -> None:
    assert told(set(), {0}, set())[:2] == [("source-gap", 450, 60_500), ("source-damaged", 60_500, 60_500)]


@given(st.integers(1, 10_000))
def test_the_pause_grows_up_to_its_bound(failures_count: int) -> None:
    policy = RetryPolicy()
    assert policy.first_s <= policy.pause_s(failures_count) <= policy.pause_s(failures_count + 1) <= policy.most_s


@pytest.mark.parametrize("wrong", [{"first_s": 0.0}, {"first_s": 9.0, "most_s": 1.0}, {"factor_ratio": 0.5}, {"stall_s": 0.0}])
def test_a_policy_without_pause_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="wanted"):
        RetryPolicy(**wrong)


def test_a_full_buffer_lets_the_oldest_frame_go_and_keeps_notices() -> None:
    counters = Counters()
    fresh = FreshFrames(3, counters)
    gap = SourceNotice("source-gap", 0, 5, "")
    fresh.put(gap)
    for index in range(10):
        fresh.put(frame(index))
    told = fresh.get()
    assert isinstance(told, SourceNotice)
    assert (told.kind, told.time_ns, told.end_time_ns) == ("frames-dropped", 0, 60)
    rest = [fresh.get() for _ in range(4)]
    assert rest[0] is gap
    assert [item.index for item in rest[1:] if isinstance(item, RawFrame)] == [7, 8, 9]
    assert counters.frames_dropped == 7


def test_drops_are_told_at_most_once_in_ten_seconds_while_frames_wait() -> None:
    fresh = FreshFrames(2, Counters())
    kinds = []
    for index in range(40):
        fresh.put(frame(index))
        if index % 4 == 3:
            item = fresh.get()
            kinds.append(item.kind if isinstance(item, SourceNotice) else "frame")
    assert kinds.count("frames-dropped") == 1


def test_notices_nobody_fetches_do_not_fill_memory() -> None:
    fresh = FreshFrames(2, Counters())
    for index in range(1000):
        fresh.put(SourceNotice("source-gap", index, index, ""))
    held = []
    fresh.fail(StopIteration())
    with pytest.raises(StopIteration):
        while True:
            held.append(fresh.get())
    assert len(held) == NOTICES_KEPT_COUNT
    assert held[-1] == SourceNotice("source-gap", 999, 999, "")


def test_close_lets_a_waiting_reader_go() -> None:
    fresh = FreshFrames(2, Counters())
    got: list[object] = []
    waiting = threading.Thread(target=lambda: got.append(fresh.get()))
    waiting.start()
    fresh.close()
    waiting.join(60)
    assert got == [None]
