import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catseye.core.arrays import Doubles
from catseye.traffic.crossings import DEFAULT, Crossings, CrossingSettings, GroundLineCounter, LineCounter
from catseye.traffic.lines import GroundLine, Line

SIZE_PX = 40.0  # margin 4 px, return margin 20 px
FRAME_NS = 40_000_000
ACROSS = Line("across", np.array([[100.0, 250.0], [640.0, 250.0]]))
Told = tuple[int, int, int, bool]


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def told(crossings: Crossings) -> list[Told]:
    columns = crossings.time_ns, crossings.track, crossings.line, crossings.forward
    return list(zip(*(column.tolist() for column in columns), strict=True))


def look(counter: LineCounter, time_ns: int, track: int, point: Sequence[float] | Doubles, sure: bool = True, size_px: float = SIZE_PX) -> list[Told]:
    return told(counter.update(time_ns, ints(track), np.array([point], np.float64), np.array([size_px]), np.array([sure])))


def walk(points: Iterable[Sequence[float] | Doubles], line: Line = ACROSS, settings: CrossingSettings = DEFAULT) -> list[Told]:
    counter = LineCounter([line], settings)
    found = [row for index, point in enumerate(points) for row in look(counter, index * FRAME_NS, 1, point)]
    return found + told(counter.finish())


def down(*y: float, x: float = 300.0) -> list[tuple[float, float]]:
    return [(x, each) for each in y]


def directions(found: list[Told]) -> list[bool]:
    return [forward for *_, forward in found]


# Direction, time, place


def test_moving_down_over_a_line_walked_left_to_right_is_forward() -> None:
    assert directions(walk(down(220, 240, 260, 280))) == [True]
    assert directions(walk(down(280, 260, 240, 220))) == [False]


def test_a_reversed_line_swaps_the_directions() -> None:
    reverse = Line("reverse", ACROSS.ends_px[::-1])
    assert directions(walk(down(220, 240, 260, 280), reverse)) == [False]


def test_a_vertical_line_walked_upwards_is_crossed_forward_to_the_right() -> None:
    line = Line("vertical", np.array([[300.0, 400.0], [300.0, 100.0]]))
    assert directions(walk([(x, 250.0) for x in (270, 290, 310, 330)], line)) == [True]


def test_a_diagonal_line_is_crossed_at_right_angles() -> None:
    line = Line("diagonal", np.array([[100.0, 100.0], [400.0, 400.0]]))
    assert directions(walk([(300.0 - step, 200.0 + step) for step in range(0, 120, 10)], line)) == [True]


def test_moving_south_over_a_ground_line_walked_east_is_forward() -> None:
    counter = GroundLineCounter([GroundLine("kerb", np.array([[0.0, 0.0], [12.0, 0.0]]))])
    found = [counter.update(step * FRAME_NS, ints(1), np.array([[6.0, 5.0 - step]]), np.array([4.5]), np.array([True])) for step in range(10)]
    rows = [crossing for crossing in found if len(crossing)]
    assert [bool(crossing.forward[0]) for crossing in rows] == [True]
    assert rows[0].point_m.tolist() == [[6.0, 0.0]]


def test_time_and_place_are_interpolated_on_real_timestamps() -> None:
    counter = LineCounter([ACROSS])
    look(counter, 1_000, 1, (300.0, 240.0))
    found = counter.update(5_000, ints(1), np.array([[304.0, 280.0]], np.float32), np.array([SIZE_PX], np.float32), np.array([True]))
    assert found.time_ns.tolist() == [2_000]
    assert found.point_px.tolist() == [[301.0, 250.0]]
    assert len(found) == 1


def test_the_crossing_is_where_it_was_last_over_the_line_before_it_was_clear() -> None:
    assert [time for time, *_ in walk(down(230, 251, 249, 251, 253, 256))] == [int(2.5 * FRAME_NS)]


def test_a_very_short_line_counts_what_goes_over_it_and_not_beside_it() -> None:
    short = Line("short", np.array([[300.0, 250.0], [302.0, 250.0]]))
    assert directions(walk(down(220, 240, 260, 280, x=301), short)) == [True]
    assert walk(down(220, 240, 260, 280, x=310), short) == []


def test_what_passes_beside_the_end_is_not_counted() -> None:
    assert walk(down(220, 240, 260, 280, x=650)) == []
    assert directions(walk(down(220, 240, 260, 280, x=642))) == [True]


def test_who_went_round_the_end_and_comes_back_over_the_line_counts_once_backward() -> None:
    assert directions(walk([*down(220, 280, x=700), *down(280, 220)])) == [False]


def test_circling_round_the_end_counts_the_way_over_the_line_once() -> None:
    circle = [*down(220, 280), *down(280, 220, x=700)]
    assert directions(walk(circle * 3)) == [True]


def test_several_lines_are_counted_each_for_itself() -> None:
    counter = LineCounter([ACROSS, Line("next", np.array([[640.0, 300.0], [100.0, 300.0]]))])
    found = [row for index, point in enumerate(down(*range(220, 340, 10))) for row in look(counter, index, 1, point)]
    assert [(line, forward) for _, _, line, forward in found] == [(0, True), (1, False)]


def test_no_lines_and_no_tracks_are_fine() -> None:
    counter = LineCounter([])
    assert look(counter, 0, 1, (1.0, 2.0)) == []
    none = np.empty(0, np.int64)
    assert told(counter.update(1, none, np.empty((0, 2)), np.empty(0), np.empty(0, np.bool_))) == []
    assert told(counter.join(none, none)) == told(counter.end(none)) == told(counter.finish()) == []


def test_a_point_that_is_no_number_is_passed_over() -> None:
    assert directions(walk(down(220, 240, math.nan, 260, 280))) == [True]


def test_rows_may_come_in_any_order_of_tracks() -> None:
    counter = LineCounter([ACROSS])
    everybody, sure = np.array([9, 2, 5]), np.ones(3, np.bool_)
    counter.update(0, everybody, np.array([[300.0, 240.0], [320.0, 280.0], [340.0, 200.0]]), np.full(3, SIZE_PX), sure)
    found = counter.update(8, everybody[::-1], np.array([[340.0, 210.0], [320.0, 220.0], [300.0, 260.0]]), np.full(3, SIZE_PX), sure)
    assert told(found) == [(4, 2, 0, False), (4, 9, 0, True)]


def test_settings_with_a_way_back_shorter_than_the_way_there_are_refused() -> None:
    with pytest.raises(ValueError, match="margin <= return"):
        CrossingSettings(margin_ratio=0.5, return_ratio=0.1)


# Standing, trembling, turning back


@pytest.mark.parametrize("size_px", [8.0, 20.0, 60.0, 200.0])
@pytest.mark.parametrize("from_line_px", [-5.0, -1.5, 0.0, 3.0])
def test_a_vehicle_standing_on_a_line_for_500_frames_counts_once_at_most(size_px: float, from_line_px: float) -> None:
    jitter = np.random.default_rng(2)
    vehicles = np.arange(100)
    counter, counts = LineCounter([ACROSS]), np.zeros(100, np.int64)
    for frame in range(500):
        point = np.array([300.0, 250.0 + from_line_px]) + jitter.normal(0, 1.5, (100, 2))
        found = counter.update(frame * FRAME_NS, vehicles, point, np.full(100, size_px), np.ones(100, np.bool_))
        counts += np.bincount(found.track, minlength=100)
    counts += np.bincount(counter.finish().track, minlength=100)
    assert counts.max() <= 1


def test_a_vehicle_that_stops_on_the_line_and_drives_on_counts_once() -> None:
    jitter = np.random.default_rng(3).normal(0, 1.5, 500)
    for standing_y in (247.0, 250.0, 253.0, 256.0):
        assert directions(walk(down(*range(200, 245, 5), *(standing_y + jitter), *range(260, 300, 5)))) == [True]


def test_a_u_turn_counts_forward_and_backward() -> None:
    assert directions(walk(down(*range(220, 290, 5), *range(290, 210, -5)))) == [True, False]


def test_rolling_back_a_little_is_no_return() -> None:
    assert directions(walk(down(230, 245, 256, 262, 240, 235, 256, 280))) == [True]


def test_a_track_born_on_the_line_counts_nothing_on_its_way_out() -> None:
    assert walk(down(248, 252, 260, 280)) == []


def test_a_track_born_on_the_line_counts_when_it_comes_back() -> None:
    assert directions(walk(down(248, 252, 260, 280, 240, 220))) == [False]


# Not sure yet


def test_a_passage_of_a_doubtful_track_is_told_with_its_own_time_once_it_is_sure() -> None:
    counter = LineCounter([ACROSS])
    assert [look(counter, index * 10, 1, point, sure=False) for index, point in enumerate(down(240, 260, 280))] == [[], [], []]
    assert look(counter, 30, 1, (300.0, 300.0)) == [(5, 1, 0, True)]
    assert look(counter, 40, 1, (300.0, 320.0)) == []


def test_a_passage_of_a_track_that_never_was_sure_is_dropped() -> None:
    counter = LineCounter([ACROSS])
    for index, point in enumerate(down(240, 260, 280)):
        look(counter, index, 1, point, sure=False)
    assert told(counter.end(ints(1))) == []
    assert look(counter, 9, 1, (300.0, 300.0)) == []


# The last gasp


def test_a_vehicle_lost_right_after_the_line_counts_when_its_track_ends() -> None:
    assert [(time, forward) for time, _, _, forward in walk(down(220, 230, 240, 249, 252))] == [(3 * FRAME_NS + FRAME_NS // 3, True)]


def test_a_vehicle_lost_right_before_the_line_does_not_count() -> None:
    assert walk(down(220, 230, 240, 249)) == []


def test_a_vehicle_that_stood_on_the_line_and_was_lost_there_does_not_count() -> None:
    assert walk(down(220, 240, 245, *[249, 251] * 100)) == []


def test_its_successor_born_on_the_line_does_not_count_again() -> None:
    counter = LineCounter([ACROSS])
    for index, point in enumerate(down(220, 230, 240, 249, 252)):
        look(counter, index * FRAME_NS, 1, point)
    assert directions(told(counter.end(ints(1)))) == [True]
    assert [row for index, point in enumerate(down(249, 253, 260, 280)) for row in look(counter, (9 + index) * FRAME_NS, 2, point)] == []


def test_the_last_gasp_can_be_switched_off() -> None:
    assert walk(down(220, 230, 240, 249, 252), settings=CrossingSettings(carry_on_s=0.0)) == []


# Joins


def test_a_cut_right_on_the_line_is_one_crossing_between_the_halves() -> None:
    counter = LineCounter([ACROSS])
    look(counter, 0, 1, (300.0, 230.0))
    look(counter, 100, 1, (300.0, 240.0))
    look(counter, 300, 2, (300.0, 260.0))
    assert told(counter.join(ints(2), ints(1))) == [(200, 1, 0, True)]
    assert look(counter, 400, 1, (300.0, 270.0)) == []
    assert told(counter.finish()) == []


def test_what_the_absorbed_track_told_its_survivor_does_not_tell_again() -> None:
    counter = LineCounter([ACROSS])
    look(counter, 0, 1, (300.0, 230.0))
    look(counter, 0, 2, (300.0, 235.0))
    assert directions(look(counter, 100, 2, (300.0, 260.0))) == [True]
    assert look(counter, 100, 1, (300.0, 240.0)) == []
    assert told(counter.join(ints(2), ints(1))) == []
    assert [row for index, point in enumerate(down(255, 260, 280)) for row in look(counter, 200 + index, 1, point)] == []


def test_a_held_passage_of_the_absorbed_is_dropped_when_the_survivor_told_the_same() -> None:
    counter = LineCounter([ACROSS])
    for index, point in enumerate(down(240, 260, 280)):
        look(counter, index * 10 + 1, 2, point, sure=False)
        look(counter, index * 10 + 2, 1, point)
    assert told(counter.join(ints(2), ints(1))) == []
    assert told(counter.finish()) == []


def test_a_held_passage_becomes_sure_with_its_survivor() -> None:
    counter = LineCounter([ACROSS])
    look(counter, 0, 1, (300.0, 200.0))
    for index, point in enumerate(down(240, 260, 280)):
        look(counter, 10 + index * 10, 2, point, sure=False)
    assert told(counter.join(ints(2), ints(1))) == [(15, 1, 0, True)]


def test_a_coasting_track_and_its_successor_beyond_the_line_are_one_crossing() -> None:
    counter = LineCounter([ACROSS])
    for index, y in enumerate((220, 230, 240, 241, 242)):
        look(counter, index * 10, 1, (300.0, y))
    for index, y in enumerate((270, 280)):
        look(counter, 30 + index * 10, 2, (300.0, y))
    found = told(counter.join(ints(2), ints(1))) + look(counter, 60, 1, (300.0, 300.0))
    assert directions(found) == [True]


def test_joins_may_form_a_chain_within_one_frame() -> None:
    counter = LineCounter([ACROSS])
    look(counter, 0, 1, (300.0, 230.0))
    look(counter, 100, 2, (300.0, 248.0))
    look(counter, 200, 3, (300.0, 270.0))
    found = told(counter.join(ints(3, 2), ints(2, 1)))
    assert [(track, forward) for _, track, _, forward in found] == [(1, True)]


def test_a_join_with_a_track_never_seen_takes_over_its_name() -> None:
    counter = LineCounter([ACROSS])
    look(counter, 0, 2, (300.0, 230.0))
    assert told(counter.join(ints(2, 8), ints(1, 9))) == []
    assert [(track, forward) for _, track, _, forward in look(counter, 10, 1, (300.0, 270.0))] == [(1, True)]


def test_ending_a_track_twice_or_one_never_seen_is_nothing() -> None:
    counter = LineCounter([ACROSS])
    look(counter, 0, 2, (300.0, 230.0))
    assert told(counter.end(ints(2))) == told(counter.end(ints(2, 77))) == []


# Properties: a smooth way over any line, swinging clearly from side to side


@dataclass(frozen=True)
class Swing:
    """A way that swings `reach_px[i]` to alternating sides; points (n, 2) and times (n,)."""

    line: Line
    points: Doubles
    time_ns: list[int]
    begins_left: bool
    reaches: int

    def across(self) -> Doubles:
        across: Doubles = (self.points - self.line.ends_px[0]) @ self.line.right_hand()
        return across

    def moved(self, by: Doubles) -> "Swing":
        return Swing(Line("moved", self.line.ends_px + by), self.points + by, self.time_ns, self.begins_left, self.reaches)

    def over_the_reversed_line(self) -> "Swing":
        return Swing(Line("reversed", self.line.ends_px[::-1]), self.points, self.time_ns, not self.begins_left, self.reaches)

    def expected(self) -> list[bool]:
        return [(turn % 2 == 0) == self.begins_left for turn in range(self.reaches - 1)]


@st.composite
def swings(draw: st.DrawFn) -> Swing:
    begin = np.array([draw(st.floats(-500, 2000)), draw(st.floats(-500, 2000))])
    angle, length = draw(st.floats(0, 2 * math.pi)), draw(st.floats(40, 800))
    along = np.array([math.cos(angle), math.sin(angle)])
    line = Line("drawn", np.stack([begin, begin + length * along]))
    begins_left = draw(st.booleans())
    reaches = draw(st.lists(st.floats(22, 150), min_size=1, max_size=6))
    signed = [reach * (-1 if (index % 2 == 0) == begins_left else 1) for index, reach in enumerate(reaches)]
    steps = draw(st.integers(2, 15))
    ease = (1 - np.cos(np.linspace(0, math.pi, steps, endpoint=False))) / 2
    across = np.array([a + (b - a) * share for a, b in pairwise(signed) for share in ease] + [signed[-1]])
    drift = np.linspace(draw(st.floats(0.1, 0.9)), draw(st.floats(0.1, 0.9)), len(across)) * length
    points = begin + drift[:, None] * along + across[:, None] * line.right_hand()
    gaps_ms = draw(st.lists(st.integers(1, 400), min_size=len(across), max_size=len(across)))
    return Swing(line, points, [int(ms) * 1_000_000 for ms in np.cumsum(gaps_ms)], begins_left, len(reaches))


def count(swing: Swing) -> list[Told]:
    counter = LineCounter([swing.line])
    found = [row for time_ns, point in zip(swing.time_ns, swing.points, strict=True) for row in look(counter, time_ns, 1, point)]
    return found + told(counter.finish())


def count_cut(swing: Swing, cut: int, join: int, sure_from: tuple[int, int]) -> list[Told]:
    """Frames before `cut` as track 1, from it as track 2, joined before frame `join`; each half sure from its own frame on."""
    counter, found = LineCounter([swing.line]), []
    for index, (time_ns, point) in enumerate(zip(swing.time_ns, swing.points, strict=True)):
        if index == join:
            found += told(counter.join(ints(2), ints(1)))
        is_second = cut <= index < join
        found += look(counter, time_ns, 2 if is_second else 1, point, sure=index >= sure_from[is_second])
    if join >= len(swing.points):
        found += told(counter.join(ints(2), ints(1)))
    return found + told(counter.finish())


@given(swings())
def test_clear_swings_count_one_each_with_alternating_directions(swing: Swing) -> None:
    assert directions(count(swing)) == swing.expected()


@settings(max_examples=300)
@given(swings(), st.data())
def test_a_track_cut_anywhere_and_joined_again_counts_the_same(swing: Swing, data: st.DataObject) -> None:
    last = len(swing.points)
    cut = data.draw(st.integers(1, last), "cut")
    join = data.draw(st.integers(cut, last), "join")
    whole, halves = count(swing), sorted(count_cut(swing, cut, join, (0, 0)))
    assert [(time, forward) for time, _, _, forward in halves] == [(time, forward) for time, _, _, forward in whole]


@settings(max_examples=300)
@given(swings(), st.data())
def test_halves_that_become_sure_late_count_the_same_or_less_and_never_more(swing: Swing, data: st.DataObject) -> None:
    last = len(swing.points)
    cut = data.draw(st.integers(1, last), "cut")
    join = data.draw(st.integers(cut, last), "join")
    sure_from = data.draw(st.tuples(st.integers(0, last), st.integers(0, last)), "sure from")
    whole = [(time, forward) for time, _, _, forward in count(swing)]
    halves = sorted((time, forward) for time, _, _, forward in count_cut(swing, cut, join, sure_from))
    was_sure = any(index >= sure_from[cut <= index < join] for index in range(last))
    assert halves == (whole if was_sure else [])


@given(swings(), st.floats(0, 3.0), st.integers(0, 2**32 - 1))
def test_forward_less_backward_is_the_change_of_side(swing: Swing, jitter_px: float, seed: int) -> None:
    jitter = np.random.default_rng(seed).uniform(-jitter_px, jitter_px, swing.points.shape)
    jitter[[0, -1]] = 0.0
    net = sum(1 if forward else -1 for forward in directions(count(Swing(swing.line, swing.points + jitter, swing.time_ns, True, 0))))
    across = swing.across()
    assert net == (int(across[-1] > 0) - int(across[0] > 0))


@given(swings(), st.floats(0, 60.0), st.integers(0, 2**32 - 1), st.data())
def test_one_road_user_never_counts_twice_the_same_way_in_a_row(swing: Swing, jitter_px: float, seed: int, data: st.DataObject) -> None:
    jitter = np.random.default_rng(seed).normal(0, jitter_px, swing.points.shape)
    found = directions(count(Swing(swing.line, swing.points + jitter, swing.time_ns, True, 0)))
    assert all(one != two for one, two in pairwise(found))


@given(swings())
def test_times_are_in_order_and_within_the_track(swing: Swing) -> None:
    times = [time for time, *_ in count(swing)]
    assert times == sorted(times)
    assert all(swing.time_ns[0] <= time <= swing.time_ns[-1] for time in times)


@given(swings())
def test_the_same_way_over_the_reversed_line_counts_the_other_way_at_the_same_times(swing: Swing) -> None:
    there, back = count(swing), count(swing.over_the_reversed_line())
    assert [not forward for forward in directions(there)] == directions(back)
    assert np.allclose([time for time, *_ in there], [time for time, *_ in back], rtol=0, atol=1e3)


@given(swings(), st.integers(-4000, 4000), st.integers(-4000, 4000))
def test_counts_do_not_depend_on_where_the_origin_is(swing: Swing, x_px: int, y_px: int) -> None:
    here, there = count(swing), count(swing.moved(np.array([x_px, y_px], np.float64)))
    assert directions(here) == directions(there)
    assert np.allclose([time for time, *_ in here], [time for time, *_ in there], rtol=0, atol=1e3)
