"""Trajectories asked at any time."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.core.road_user import RoadUser
from catseye.station.demo.trajectories import Timeline, Trajectories

Drive = Callable[..., Trajectories]


def test_between_two_rows_everybody_moves_evenly(drive: Drive, together: Drive) -> None:
    car = drive(1, RoadUser.CAR, [(0, 0), (10, 0)], [0.0, 2.0])
    walker = drive(4, RoadUser.PEDESTRIAN, [(0, 5), (0, 6), (0, 9)], [1.0, 2.0, 3.0], 0.0)
    moment = Timeline(together(car, walker)).at(1.5)
    assert moment.track.tolist() == [1, 4]
    assert moment.x_m == pytest.approx([7.5, 0.0])
    assert moment.y_m == pytest.approx([0.0, 5.5])
    assert moment.odometer_m == pytest.approx([7.5, 0.5])


def test_nobody_is_there_before_the_first_row_or_after_the_last(drive: Drive) -> None:
    timeline = Timeline(drive(1, RoadUser.CAR, [(0, 0), (10, 0)], [1.0, 2.0]))
    assert [len(timeline.at(time_s)) for time_s in (0.999, 1.0, 2.0, 2.001)] == [0, 1, 1, 0]


def test_a_heading_turns_the_short_way_round(drive: Drive) -> None:
    rows = drive(1, RoadUser.CAR, [(0, 0), (1, 0)], [0.0, 1.0])
    turning = Trajectories(*(np.array([350.0, 20.0]) if name == "heading_deg" else getattr(rows, name) for name in Trajectories.__dataclass_fields__))
    assert Timeline(turning).at(0.5).heading_deg == pytest.approx([5.0])


def test_rows_out_of_order_are_refused(drive: Drive) -> None:
    with pytest.raises(ValueError, match="out of order"):
        drive(1, RoadUser.CAR, [(0, 0), (1, 0)], [1.0, 1.0])


@given(st.lists(st.floats(0.01, 3), min_size=2, max_size=12), st.floats(0, 1))
def test_any_time_gives_what_plain_interpolation_gives(gaps_s: list[float], share: float) -> None:
    times_s = np.cumsum(gaps_s)
    n = len(times_s)
    x_m = np.sin(np.arange(n))
    rows = Trajectories(times_s, np.ones(n, np.int64), x_m, x_m * 2, np.zeros(n), np.full(n, 3, np.uint8), np.ones(n), np.ones(n), np.ones(n))
    time_s = float(times_s[0] + share * (times_s[-1] - times_s[0]))
    if times_s[0] <= time_s <= times_s[-1]:
        assert Timeline(rows).at(time_s).x_m == pytest.approx([np.interp(time_s, times_s, x_m)], abs=1e-6)
