"""Presentation clock: whatever the timestamps do, time goes on, and it is real wherever they are sane."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.core.sockets import SourceNotice
from catseye.vision.sources.clock import LEAST_GAP_NS, MOST_DELAY_NS, DamageSpan, PresentationClock, WallClock

MS = 1_000_000
S = 1_000_000_000
ANY_PTS = st.lists(st.none() | st.integers(-(2**62), 2**62), min_size=1, max_size=60)
SANE_STEPS = st.lists(st.integers(1 * MS, LEAST_GAP_NS), min_size=1, max_size=60)


def repaired(pts_ns: list[int | None], arrivals_ns: list[int] | None = None, interval_ns: int = 40 * MS) -> tuple[list[int], list[SourceNotice]]:
    clock = PresentationClock(interval_ns)
    ticks = [
        clock.tick(pts, None if arrivals_ns else (pts_ns[i + 1] if i + 1 < len(pts_ns) else None), arrivals_ns[i] if arrivals_ns else None)
        for i, pts in enumerate(pts_ns)
    ]
    return [time for time, _ in ticks], [notice for _, notice in ticks if notice]


def summed(first: int, steps: list[int]) -> list[int]:
    times = [first]
    for step in steps:
        times.append(times[-1] + step)
    return times


@given(ANY_PTS)
def test_time_never_stands_still_or_runs_back(pts: list[int | None]) -> None:
    times, notices = repaired(pts)
    assert times[0] == 0
    assert all(later > earlier for earlier, later in itertools.pairwise(times))
    assert all(notice.time_ns <= notice.end_time_ns for notice in notices)


@given(ANY_PTS, st.data())
def test_live_time_never_stands_still_or_runs_back(pts: list[int | None], data: st.DataObject) -> None:
    steps = data.draw(st.lists(st.integers(0, 20 * S), min_size=len(pts) - 1, max_size=len(pts) - 1))
    times, _ = repaired(pts, summed(10**15, steps))
    assert all(later > earlier for earlier, later in itertools.pairwise(times))


@given(st.integers(-(2**60), 2**60), SANE_STEPS)
def test_sane_timestamps_are_kept_to_the_nanosecond(first: int, steps: list[int]) -> None:
    pts = summed(first, steps)
    times, notices = repaired(list(pts))
    assert times == [at - first for at in pts]
    assert notices == []


@given(SANE_STEPS, SANE_STEPS, st.integers(60 * S, 10**17))
def test_a_restarted_clock_costs_one_usual_frame_interval(before: list[int], after: list[int], back: int) -> None:
    first_run = summed(0, before)
    second_run = summed(first_run[-1] - max(back, first_run[-1]), after)
    times, notices = repaired([*first_run, *second_run])
    seam = times[len(first_run)] - times[len(first_run) - 1]
    assert 0 < seam <= max([40 * MS, *before])
    assert [b - a for a, b in zip(times[len(first_run) :], times[len(first_run) + 1 :], strict=False)] == after
    assert [notice.kind for notice in notices] == ["clock-restart"]


@given(st.integers(0, 2**40), st.integers(3, 20), st.integers(1, 18), st.sampled_from([None, -(10**15), 10**12, 10**16]))
def test_one_lost_or_wild_timestamp_is_interpolated_from_its_neighbours(first: int, count: int, wild_at: int, wild: int | None) -> None:
    pts: list[int | None] = [first + 40 * MS * index for index in range(count)]
    wild_at = min(wild_at, count - 2)
    pts[wild_at] = wild
    times, notices = repaired(pts)
    assert times == [40 * MS * index for index in range(count)]
    assert notices == []


def test_a_repeated_timestamp_is_placed_between_its_neighbours() -> None:
    times, notices = repaired([0, 40 * MS, 40 * MS, 120 * MS])
    assert times == [0, 40 * MS, 80 * MS, 120 * MS]
    assert notices == []


def test_a_pause_in_a_file_is_a_gap_and_time_stays_real() -> None:
    times, (gap,) = repaired([0, 40 * MS, 10 * S, 10 * S + 40 * MS])
    assert times == [0, 40 * MS, 10 * S, 10 * S + 40 * MS]
    assert (gap.kind, gap.time_ns, gap.end_time_ns) == ("source-gap", 40 * MS, 10 * S)


def test_no_timestamps_at_all_give_the_nominal_rate() -> None:
    assert repaired([None] * 4, interval_ns=100 * MS)[0] == [0, 100 * MS, 200 * MS, 300 * MS]


def test_timestamps_that_stand_still_are_told_once_and_time_goes_on() -> None:
    times, notices = repaired([7] * 60)
    assert [notice.kind for notice in notices] == ["clock-restart"]
    assert 55 * 40 * MS <= times[-1] <= 60 * 40 * MS


def test_a_live_clock_that_leaps_ahead_is_not_believed() -> None:
    arrivals = [0, 40 * MS, 80 * MS, 120 * MS]
    times, (leap,) = repaired([0, 40 * MS, 3600 * S, 3600 * S + 40 * MS], arrivals)
    assert times == [0, 40 * MS, 80 * MS, 120 * MS]
    assert leap.kind == "clock-restart"


def test_a_live_pause_that_really_took_that_long_is_a_gap() -> None:
    times, (gap,) = repaired([0, 40 * MS, 8 * S], [0, 40 * MS, 8 * S])
    assert times[-1] == 8 * S
    assert gap.kind == "source-gap"


def test_after_a_broken_connection_time_goes_on_by_arrival() -> None:
    clock = PresentationClock()
    clock.tick(500 * S, arrival_ns=0)
    clock.tick(500 * S + 40 * MS, arrival_ns=41 * MS)
    clock.broke("connection refused")
    time_ns, gap = clock.tick(3 * S, arrival_ns=9 * S)
    assert time_ns == 9 * S - MS
    assert gap == SourceNotice("source-gap", 40 * MS, 9 * S - MS, "no pictures for 9.0 s: connection refused")
    assert clock.tick(3 * S + 40 * MS, arrival_ns=9 * S + MS) == (9 * S + 39 * MS, None)


def test_what_came_late_before_a_break_does_not_shorten_the_gap() -> None:
    clock = PresentationClock()
    for pts_ns, arrival_ns in ((0, 0), (40 * MS, 40 * MS), (80 * MS, 5 * S)):
        clock.tick(pts_ns, arrival_ns=arrival_ns)
    clock.broke("connection lost")
    time_ns, gap = clock.tick(0, arrival_ns=9 * S)
    assert time_ns == pytest.approx(9 * S, abs=20 * MS)
    assert gap is not None
    assert (gap.time_ns, gap.end_time_ns) == (80 * MS, time_ns)


def test_a_slow_camera_clock_does_not_lengthen_the_gap() -> None:
    clock = PresentationClock()
    for at in range(500):
        clock.tick(at * 40 * MS, arrival_ns=at * 46 * MS)
    clock.broke("connection lost")
    time_ns, _ = clock.tick(0, arrival_ns=499 * 46 * MS + 3 * S)
    assert time_ns == 499 * 40 * MS + 3 * S


def test_packets_far_from_now_are_placed_at_now() -> None:
    clock = PresentationClock()
    clock.tick(100 * S)
    assert clock.time_of(100 * S + 40 * MS) == 40 * MS
    assert clock.time_of(9) == clock.time_of(None) == 0


def test_a_burst_after_a_stall_keeps_the_wall_clock_of_its_frames() -> None:
    wall, epoch = WallClock(), 1_700_000_000 * S
    calm = [wall.utc_ns(at * MS, epoch + at * MS + 5 * MS) for at in (0, 40, 80)]
    burst = [wall.utc_ns(at * MS, epoch + 5 * S) for at in (120, 160, 200)]
    assert [at - epoch for at in calm] == pytest.approx([5 * MS, 45 * MS, 85 * MS], abs=MS)
    assert [at - epoch for at in burst] == pytest.approx([125 * MS, 165 * MS, 205 * MS], abs=MS)


def test_a_stepped_system_clock_is_followed() -> None:
    wall = WallClock()
    wall.utc_ns(0, 10 * S)
    assert wall.utc_ns(40 * MS, 10 * S + 2 * MOST_DELAY_NS) == 10 * S + 2 * MOST_DELAY_NS


def test_damage_is_told_once_a_stretch_however_many_frames_it_hits() -> None:
    span = DamageSpan()
    told = [span.see(at * 40 * MS - 40 * MS, at * 40 * MS, is_damaged=10 <= at < 20) for at in range(1, 60)]
    (notice,) = [one for one in told if one]
    assert (notice.kind, notice.time_ns, notice.end_time_ns) == ("source-damaged", 9 * 40 * MS, 19 * 40 * MS)
    assert span.close() is None


def test_one_frame_torn_by_a_break_is_told_by_the_gap_alone() -> None:
    span = DamageSpan()
    assert [span.see(at * 40 * MS - 40 * MS, at * 40 * MS, is_damaged=at == 9) for at in range(1, 10)] == [None] * 9
    assert span.broke(360 * MS) is None
    assert span.see(360 * MS, 9 * S, is_damaged=False) is None


@pytest.mark.parametrize("damaged", [{8, 9}, {5}])
def test_a_break_ends_the_damage_before_it(damaged: set[int]) -> None:
    span = DamageSpan()
    assert [span.see(at * 40 * MS - 40 * MS, at * 40 * MS, is_damaged=at in damaged) for at in range(1, 10)] == [None] * 9
    told = span.broke(360 * MS)
    assert told is not None
    assert (told.time_ns, told.end_time_ns) == (min(damaged) * 40 * MS - 40 * MS, max(damaged) * 40 * MS)
    assert span.broke(360 * MS) is None


def test_damage_without_end_is_told_every_ten_seconds() -> None:
    span = DamageSpan()
    told = [span.see(at * 40 * MS - 40 * MS, at * 40 * MS, is_damaged=True) for at in range(1, 25 * 60)]
    assert 5 <= sum(one is not None for one in told) <= 6
    assert span.close() is not None
