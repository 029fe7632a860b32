"""Lane misuse: bus lanes, hard shoulders, cycle lanes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.roads import Drive, findings, scenes, straight, through, world

from catseye.core.road_user import RoadUser
from catseye.traffic.rules.lane_misuse import LaneMisuse, LaneMisuseKeys

ROAD = world(zones={"lane": [[50, -1.75], [300, -1.75], [300, 1.75], [50, 1.75]]})
BUSES = LaneMisuseKeys("lane", ("bus",))


def found_of(*drives: Drive, keys: LaneMisuseKeys = BUSES) -> list:
    return findings(LaneMisuse(keys, ROAD), ROAD, scenes(drives))


def test_a_car_in_the_bus_lane_is_found_and_a_bus_is_not() -> None:
    (found,) = found_of(Drive(straight(50)), Drive(straight(50, (30, 0)), kind=RoadUser.BUS), Drive(straight(50, (0, 3.5))))
    assert found.track == (1,)
    assert found.time_ns / 1e9 == pytest.approx(3.6, abs=0.2)


def test_crossing_the_lane_is_not_using_it() -> None:
    assert found_of(Drive(straight(20, (100, -30), 0))) == []


@settings(max_examples=25)
@given(offset_m=st.floats(-4, 4), sigma_m=st.floats(0.01, 1.5))
def test_a_place_that_may_be_beside_the_lane_is_beside_it(offset_m: float, sigma_m: float) -> None:
    found = found_of(Drive(straight(50, (0, offset_m)), sigma_m=sigma_m))
    if abs(abs(offset_m) + 2 * sigma_m - 1.75) > 0.01:
        assert bool(found) == (abs(offset_m) + 2 * sigma_m < 1.75)


def test_on_a_hard_shoulder_nobody_may_drive_but_the_unknown_are_left_alone() -> None:
    keys = LaneMisuseKeys("lane", ())
    found = found_of(Drive(straight(50)), Drive(straight(50, (-20, 0)), kind=RoadUser.BUS), keys=keys)
    assert [each.track for each in found] == [(1,), (2,)]


def test_dipping_into_the_lane_for_a_moment_is_no_use_of_it() -> None:
    assert found_of(Drive(through((0, 0, 5), (6, 90, 5), (7, 105, 0), (8, 120, 0), (9, 135, 5), (20, 300, 5)))) == []
