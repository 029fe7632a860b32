"""Wrong way: against the lawful direction of a zone, not on foot, not while manoeuvring."""

import pytest
from tests.support.roads import Drive, findings, scenes, straight, through, world

from catseye.core.errors import CatseyeError
from catseye.core.road_user import RoadUser
from catseye.traffic.rules.wrong_way import WrongWay, WrongWayKeys

ROAD = world(zones={"lane": [[0, -2], [300, -2], [300, 2], [0, 2]]}, headings_deg={"lane": 90.0})


def found_of(*drives: Drive, keys: WrongWayKeys | None = None) -> list:
    return findings(WrongWay(keys or WrongWayKeys(), ROAD), ROAD, scenes(drives))


def test_one_against_the_traffic_is_found_from_its_entry_to_its_exit() -> None:
    against = Drive(straight(36, (320, 0), 270), end_s=40)
    (found,) = found_of(against, Drive(straight(50, (0, 0), 90)))
    assert (found.track, found.details["zone"]) == ((1,), "lane")
    assert found.time_ns / 1e9 == pytest.approx(2.0, abs=0.15)
    assert found.end_time_ns / 1e9 == pytest.approx(32.0, abs=0.15)
    assert found.measures[0].value == pytest.approx(36, abs=0.1)


def test_crossing_the_lane_is_not_against_it() -> None:
    assert found_of(Drive(straight(30, (100, -40), 0))) == []


def test_a_pedestrian_may_walk_either_way_and_a_cyclist_may_not() -> None:
    walk = Drive(straight(6, (100, 0), 270), kind=RoadUser.PEDESTRIAN)
    ride = Drive(straight(15, (200, 0), 270), kind=RoadUser.CYCLIST)
    assert [each.track for each in found_of(walk, ride)] == [(2,)]


def test_backing_into_a_gap_is_a_manoeuvre() -> None:
    assert found_of(Drive(through((0, 100, 0), (2, 98, 0), (20, 98, 0)))) == []


def test_a_standing_vehicle_whose_place_is_doubtful_goes_nowhere() -> None:
    trembles = Drive(lambda time_s: (100 - 0.3 * (int(time_s * 10) % 2), 0), sigma_m=0.5, speed_sigma_ms=3.0)
    assert found_of(trembles) == []


def test_a_rule_without_any_lawful_direction_says_so() -> None:
    with pytest.raises(CatseyeError, match="no lawful direction is known"):
        WrongWay(WrongWayKeys(), world(zones={"square": [[0, 0], [1, 0], [1, 1]]}))
