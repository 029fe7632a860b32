"""Solid lines: crossed is crossed, touched is not."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.roads import Drive, findings, scenes, straight, through, world

from catseye.core.road_user import RoadUser
from catseye.traffic.rules.solid_line import SolidLine, SolidLineKeys

ROAD = world({"marking": [[50, 0], [250, 0]]})  # driving east: its right hand, forward, is south


def found_of(*drives: Drive, direction: str = "both") -> list:
    return findings(SolidLine(SolidLineKeys("marking", direction), ROAD), ROAD, scenes(drives))


def changes_lane(begin_y: float, end_y: float) -> Drive:
    return Drive(through((0, 0, begin_y), (6, 90, begin_y), (8, 120, end_y), (20, 300, end_y)))


def test_a_change_of_lanes_over_it_is_found_with_its_way() -> None:
    found = found_of(changes_lane(-1.8, 1.8), changes_lane(1.8, -1.8))
    assert [(each.track, each.details["direction"]) for each in found] == [((1,), "backward"), ((2,), "forward")]


def test_only_the_forbidden_way_counts() -> None:
    assert [each.track for each in found_of(changes_lane(-1.8, 1.8), changes_lane(1.8, -1.8), direction="forward")] == [(2,)]


def test_beyond_its_end_it_is_no_line() -> None:
    assert found_of(Drive(straight(40, (20, -20), 0)), Drive(straight(40, (280, -20), 0))) == []


def test_people_on_foot_may_cross_it() -> None:
    assert found_of(Drive(straight(5, (100, -10), 0), kind=RoadUser.PEDESTRIAN)) == []


@settings(max_examples=25)
@given(y_m=st.floats(0.2, 3), sigma_m=st.floats(0.01, 2))
def test_past_it_only_beyond_the_doubt(y_m: float, sigma_m: float) -> None:
    drive = changes_lane(-1.8, y_m)
    found = found_of(Drive(drive.at, sigma_m=sigma_m))
    if y_m < 2 * sigma_m:
        assert found == []
    if y_m > 2 * sigma_m + 0.6:
        assert len(found) == 1
