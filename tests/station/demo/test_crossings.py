"""The truth about lines."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from catseye.core.road_user import RoadUser
from catseye.station.demo import CameraPose, DemoLine, Trajectories, count_crossings, true_crossings
from catseye.station.demo.trajectories import Timeline

Drive = Callable[..., Trajectories]
POSE = CameraPose((0.0, -40.0, 20.0), 10.0, 30.0, 500.0, (640, 360))


def line_at(*ends_m: tuple[float, float]) -> DemoLine:
    begin, end = POSE.ground_px(np.array(ends_m)).tolist()
    return DemoLine("line", (begin[0], begin[1]), (end[0], end[1]))


def test_forward_is_from_the_left_hand_to_the_right_hand_in_the_picture(drive: Drive) -> None:
    towards_us = drive(1, RoadUser.CAR, [(0, 5), (0, -5)], [0.0, 2.0], 180.0)
    found = true_crossings(towards_us, [line_at((-5, 0), (5, 0))], POSE)
    assert [(one.time_s, one.direction, one.kind, one.track, one.speed_kmh) for one in found] == [
        (pytest.approx(1.0), "forward", "car", 1, pytest.approx(18.0))
    ]
    assert [one.direction for one in true_crossings(towards_us, [line_at((5, 0), (-5, 0))], POSE)] == ["backward"]


def test_who_passes_beside_the_end_does_not_cross(drive: Drive) -> None:
    beside = drive(1, RoadUser.CAR, [(6, 5), (6, -5)], [0.0, 2.0], 180.0)
    assert true_crossings(beside, [line_at((-5, 0), (5, 0))], POSE) == []


def test_two_road_users_are_never_joined_into_one_crossing(drive: Drive, together: Drive) -> None:
    here_and_there = together(drive(1, RoadUser.CAR, [(0, 5), (0, 4)], [0.0, 1.0]), drive(2, RoadUser.CAR, [(0, -5), (0, -6)], [0.0, 1.0]))
    assert true_crossings(here_and_there, [line_at((-5, 0), (5, 0))], POSE) == []


def test_a_way_there_and_back_is_two_crossings(drive: Drive) -> None:
    found = true_crossings(drive(1, RoadUser.BUS, [(0, 5), (0, -5), (0, 5)], [0.0, 2.0, 4.0]), [line_at((-5, 0), (5, 0))], POSE)
    assert count_crossings(found) == {("line", "backward", "bus"): 1, ("line", "forward", "bus"): 1}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(-12, 12), st.floats(-12, 12)), min_size=2, max_size=6), st.floats(-8, 8), st.floats(-8, 8))
def test_the_truth_is_what_a_thousand_small_steps_in_the_picture_show(places_m: list[tuple[float, float]], left_m: float, right_m: float) -> None:
    n, at = len(places_m), np.array(places_m)
    rows = Trajectories(np.arange(n, dtype=float), np.ones(n, np.int64), at[:, 0], at[:, 1], np.zeros(n), np.full(n, 3, np.uint8), *np.ones((3, n)))
    line = line_at((-9, left_m), (9, right_m))
    begin, end = np.array(line.begin_px), np.array(line.end_px)
    ends_px = POSE.ground_px(at) - begin
    assume(np.abs(ends_px[:, 1] * (end - begin)[0] - ends_px[:, 0] * (end - begin)[1]).min() > 0.2 * np.hypot(*(end - begin)))  # nobody walks along the line
    timeline, times_s = Timeline(rows), np.linspace(0, n - 1, 1000 * (n - 1) + 1)
    px = POSE.ground_px(np.array([[one.x_m[0], one.y_m[0]] for one in map(timeline.at, times_s)]))
    along = end - begin
    hand = along[0] * (px[:, 1] - begin[1]) - along[1] * (px[:, 0] - begin[0])
    share = (px - begin) @ along / (along @ along)
    steps = np.flatnonzero((hand[:-1] > 0) != (hand[1:] > 0))
    clear = steps[(np.abs(share[steps]) > 0.01) & (np.abs(share[steps] - 1) > 0.01) & (share[steps] > 0) & (share[steps] < 1)]
    unsure = len(steps[(np.abs(share[steps]) <= 0.01) | (np.abs(share[steps] - 1) <= 0.01)])
    found = true_crossings(rows, [line], POSE)
    assert abs(len(found) - len(clear)) <= unsure
    if not unsure and len(found) == len(clear):
        assert [one.time_s for one in found] == pytest.approx(times_s[clear].tolist(), abs=0.0011)
        assert [one.direction for one in found] == ["forward" if hand[step + 1] > hand[step] else "backward" for step in clear]
