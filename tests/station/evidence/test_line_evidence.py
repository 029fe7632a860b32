"""Beside a line: what is remembered of a violation, when it is taken out, and that nothing which goes wrong with it is lost or hides."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.station.evidence.scenes import clip_ring, driving_down, looks, points, site_in, tracked_of, violations_of
from tests.vision.evidence.scenes import ring_of, stream_of

from catseye.core.finding import Violation
from catseye.core.time import NS_PER_S
from catseye.station.evidence.line_evidence import (
    LATE_S,
    MOST_BYTES,
    MOST_LOOKS_COUNT,
    MOST_SAID_COUNT,
    MOST_TAKEN_COUNT,
    MOST_WAITING_COUNT,
    LineEvidence,
    Secured,
    Taken,
    ring_for,
)
from catseye.station.evidence.socket import Told
from catseye.station.ledger import LONGEST_WAIT_S, TRACKS_A_LIFE_COUNT
from catseye.vision.ring import PacketRing

TOLD = Told({})
BOX_PX = (280.0, 100.0, 360.0, 160.0)


def told() -> Told:
    return TOLD


def never(taken: Taken) -> Secured:
    raise AssertionError(taken)


@pytest.fixture
def violation(tmp_path: Path) -> Violation:
    """At 2.0 s, until 2.5 s."""
    (found,) = violations_of(site_in(tmp_path), driving_down())
    return found


def until(violation: Violation, end_s: float) -> Violation:
    return Violation(replace(violation.event, end_time_ns=round(end_s * NS_PER_S)))


def another(violation: Violation, number: int) -> Violation:
    return Violation(replace(violation.event, subjects=(str(number),)))


class Bench:
    """Line evidence, and what it handed over."""

    def __init__(self, secure: Callable[[Taken], Secured] | None = None, ring: PacketRing | None = None, *, waits: bool = True) -> None:
        self.taken: list[Taken] = []
        self.evidence = LineEvidence(clip_ring() if ring is None else ring, 1.0, 1.0, secure or self._keep, waits=waits)

    def _keep(self, taken: Taken) -> Secured:
        self.taken.append(taken)
        return Secured("c-1", ("noted",), ("troubled",), 0.25)

    def ended(self) -> list[Taken]:
        self.evidence.close(told)
        return self.taken


def test_it_is_taken_when_its_post_roll_is_over(violation: Violation) -> None:
    bench = Bench()
    bench.evidence.violated([violation], round(3.4 * NS_PER_S), told)
    assert bench.evidence._maker is None, "nothing is begun before"
    bench.evidence.violated([], round(3.5 * NS_PER_S), told)
    (taken,) = bench.ended()
    assert taken.violation == violation
    assert [packet.time_ns / NS_PER_S for packet in taken.ring.cut(0, 99 * NS_PER_S)][:: len(taken.ring.cut(0, 99 * NS_PER_S)) - 1] == [1.0, 3.5]


def test_what_is_left_at_the_end_is_taken_with_the_post_roll_there_is(violation: Violation) -> None:
    bench = Bench()
    bench.evidence.violated([violation], round(2.6 * NS_PER_S), told)
    assert [taken.violation for taken in bench.ended()] == [violation]


def test_what_came_of_it_is_told(violation: Violation) -> None:
    bench = Bench()
    bench.evidence.violated([violation], 9 * NS_PER_S, told)
    bench.ended()
    assert (bench.evidence.notes, bench.evidence.troubles, bench.evidence.cpu_s) == (["noted"], ["troubled"], {"evidence": 0.25})


def test_while_it_waits_a_later_end_counts_and_it_is_one_violation(violation: Violation) -> None:
    bench = Bench()
    bench.evidence.violated([violation], round(2.6 * NS_PER_S), told)
    bench.evidence.violated([until(violation, 2.9)], round(3.6 * NS_PER_S), told)
    assert bench.evidence._maker is None, "its post-roll goes on"
    bench.evidence.violated([], round(3.9 * NS_PER_S), told)
    assert [taken.violation.event.end_time_ns for taken in bench.ended()] == [round(2.9 * NS_PER_S)]


def test_an_end_that_comes_after_it_was_taken_is_told_once(violation: Violation) -> None:
    bench = Bench()
    for end_s in (2.5, 3.0, 3.0):
        bench.evidence.violated([until(violation, end_s)], 9 * NS_PER_S, told)
    assert len(bench.ended()) == 1
    assert [note for note in bench.evidence.notes if "went on" in note] == ["red-light at 2.0 s went on until 3.0 s, after its clip"]


def test_the_boxes_of_its_subjects_are_there_and_of_nobody_else(violation: Violation) -> None:
    bench = Bench()
    for time_ns, tracked in looks(lambda time_s: {5: (0.0, 0.0, 9.0, 9.0), 7: tuple(side + time_s for side in BOX_PX)}, 4.0):
        bench.evidence.look(time_ns, tracked, (640, 360))
    bench.evidence.violated([violation], 4 * NS_PER_S, told)
    (taken,) = bench.ended()
    (way,) = taken.ways
    assert (way.track, way.size_px, len(way.time_ns)) == ("7", (640, 360), 41)
    assert way.at(2 * NS_PER_S, (640, 360)) == pytest.approx(np.array(BOX_PX) + 2)


def test_tracks_found_to_be_one_road_user_are_one_way(violation: Violation) -> None:
    bench = Bench()
    for time_ns, tracked in looks(lambda time_s: {9 if time_s < 1 else 8 if time_s < 2 else 7: BOX_PX}, 4.0):
        joined = {10**9: ((9, 8),), 3 * 10**9: ((8, 7),)}.get(time_ns, ())
        bench.evidence.look(time_ns, tracked_of(time_ns, dict(zip(tracked.track.tolist(), tracked.box_px.tolist(), strict=True)), joined), (640, 360))
    bench.evidence.violated([violation], 4 * NS_PER_S, told)
    (taken,) = bench.ended()
    assert [len(way.time_ns) for way in taken.ways] == [41]


def test_a_camera_whose_process_was_started_again_knows_its_tracks(violation: Violation) -> None:
    bench = Bench()
    for time_ns, tracked in looks(lambda time_s: {7: BOX_PX}, 4.0):
        bench.evidence.look(time_ns, tracked, (640, 360))
    bench.evidence.violated([another(violation, 2 * TRACKS_A_LIFE_COUNT + 7), another(violation, 8)], 4 * NS_PER_S, told)
    first, second = bench.ended()
    assert [way.track for way in first.ways] == [str(2 * TRACKS_A_LIFE_COUNT + 7)]
    assert second.ways == ()


def test_what_is_remembered_is_bounded() -> None:
    bench = Bench()
    for second in range(400):
        bench.evidence.look(second * NS_PER_S, tracked_of(second * NS_PER_S, {7: BOX_PX}), (640, 360))
        bench.evidence.points(points(7, lambda time_s: (0.0, time_s), second, second + 1))
        bench.evidence.violated([], second * NS_PER_S, told)
    assert len(bench.evidence._looks) <= 152
    assert len(bench.evidence._points) <= 152
    assert ring_for("cam-1", 8.0, 6.0)._span_ns >= (8 + 6 + LONGEST_WAIT_S) * NS_PER_S
    assert LATE_S > LONGEST_WAIT_S


def test_looks_of_nobody_who_is_ever_sure_are_bounded_as_well() -> None:
    bench = Bench()
    bench.evidence.points(points(7, lambda time_s: (0.0, time_s), 0, 1))
    for tenth in range(MOST_LOOKS_COUNT + 50):
        bench.evidence.look(tenth * NS_PER_S // 10, tracked_of(tenth * NS_PER_S // 10, {}), (640, 360))
    assert len(bench.evidence._looks) == MOST_LOOKS_COUNT


def test_on_an_empty_road_what_the_last_one_did_is_still_there_when_somebody_comes(violation: Violation) -> None:
    """Rules close with the next point of anybody: at night that may be minutes later."""
    stream, packets = stream_of("h264", 40)
    ring = ring_of(stream, packets, ring=PacketRing(60.0, MOST_BYTES, "cam-1"))
    bench = Bench(ring=ring)
    for time_ns, tracked in looks(lambda time_s: {7: BOX_PX}, 3.0):
        bench.evidence.look(time_ns, tracked, (640, 360))
    bench.evidence.points(driving_down())
    for second in range(4, 300, 2):
        bench.evidence.violated([], second * NS_PER_S, told)
        ring_of(stream, packets[:1], begin_ns=second * NS_PER_S, ring=ring)
    assert ring.oldest_ns is not None
    assert ring.oldest_ns > 200 * NS_PER_S, "the ring has forgotten"
    bench.evidence.look(301 * NS_PER_S, tracked_of(301 * NS_PER_S, {8: BOX_PX}), (640, 360))
    bench.evidence.points(points(8, lambda time_s: (0.0, time_s), 298, 300))
    bench.evidence.violated([violation], 302 * NS_PER_S, told)
    (taken,) = bench.ended()
    times_ns = [packet.time_ns for packet in taken.ring.cut(0, 999 * NS_PER_S)]
    assert (times_ns[0], times_ns[-1]) == (NS_PER_S, round(3.5 * NS_PER_S))
    assert [way.track for way in taken.ways] == ["7"]
    assert {7} <= {int(track) for batch in taken.points for track in batch.track.tolist()}


def test_a_bug_in_the_making_of_one_costs_neither_the_run_nor_the_others(violation: Violation) -> None:
    def secure(taken: Taken) -> Secured:
        if taken.violation.event.subjects == ("7",):
            raise ZeroDivisionError("by hand")
        return Secured("c-2", notes=("the other one is made",))

    bench = Bench(secure)
    bench.evidence.violated([violation, another(violation, 8)], 9 * NS_PER_S, told)
    bench.evidence.close(told)
    (trouble,) = bench.evidence.troubles
    assert trouble.startswith("evidence of red-light at 2.0 s: a bug in catseye, ZeroDivisionError: by hand (test_line_evidence.py, line ")
    assert bench.evidence.notes == ["the other one is made"]


def test_a_live_camera_does_not_wait_and_memory_is_bounded(violation: Violation) -> None:
    gate, made = threading.Event(), []

    def secure(taken: Taken) -> Secured:
        gate.wait()
        made.append(taken)
        return Secured("")

    bench = Bench(secure, waits=False)
    bench.evidence.violated([another(violation, number) for number in range(MOST_WAITING_COUNT + 2)], 9 * NS_PER_S, told)
    gate.set()
    bench.evidence.close(told)
    assert [taken.ring.held_bytes > 0 for taken in made] == [True] * MOST_WAITING_COUNT + [False] * 2
    assert [taken.lost for taken in made[:MOST_WAITING_COUNT]] == [""] * MOST_WAITING_COUNT
    assert "3 violations before it were still being secured" in made[-1].lost


def test_a_file_is_kept_waiting_and_loses_nothing(violation: Violation) -> None:
    bench = Bench()
    bench.evidence.violated([another(violation, number) for number in range(4 * MOST_WAITING_COUNT)], 9 * NS_PER_S, told)
    assert [taken.lost for taken in bench.ended()] == [""] * 4 * MOST_WAITING_COUNT


def test_who_stops_at_once_waits_for_nothing(violation: Violation) -> None:
    begun, gate = threading.Event(), threading.Event()

    def secure(taken: Taken) -> Secured:
        begun.set()
        gate.wait()
        return Secured("")

    bench = Bench(secure)
    bench.evidence.violated([violation, another(violation, 8)], 9 * NS_PER_S, told)
    begun.wait()
    bench.evidence.give_up()
    bench.evidence.close(never)  # returns, and asks for nothing more
    maker = bench.evidence._maker
    assert maker is not None
    assert maker._thread.daemon, "a process that ends does not wait for it either"
    gate.set()
    maker._thread.join()
    assert len(maker.made()) == 1, "what was begun is finished, the other one is not begun"


def test_what_is_said_and_known_of_a_busy_camera_is_bounded(violation: Violation) -> None:
    bench = Bench()
    for number in range(MOST_TAKEN_COUNT + 30):
        bench.evidence.violated([another(violation, number)], 9 * NS_PER_S, told)
    assert len(bench.ended()) == MOST_TAKEN_COUNT + 30
    assert len(bench.evidence._taken) == MOST_TAKEN_COUNT
    assert len(bench.evidence.troubles) == MOST_SAID_COUNT + 1
    assert bench.evidence.troubles[-1].startswith("and more like these")


def test_an_event_the_ring_has_forgotten_has_no_packets(violation: Violation) -> None:
    bench = Bench(ring=PacketRing(1.0, 1, "cam-1"))
    bench.evidence.violated([violation], 9 * NS_PER_S, told)
    (taken,) = bench.ended()
    assert taken.ring.held_bytes == 0
