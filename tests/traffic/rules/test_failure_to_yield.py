"""Failure to yield: who was on the crossing goes first."""

from tests.support.roads import Drive, findings, scenes, straight, through, world

from catseye.core.road_user import RoadUser
from catseye.traffic.rules.failure_to_yield import FailureToYield, FailureToYieldKeys

ROAD = world(zones={"zebra": [[98, -5], [102, -5], [102, 5], [98, 5]]})


def walker(begin_s: float, *, south: bool = True) -> Drive:
    """Steps onto the crossing at `begin_s`, 1.4 m/s, from the north kerb southwards (or back)."""
    places = ((0, 100, 8), (begin_s, 100, 5), (begin_s + 10 / 1.4, 100, -5), (begin_s + 12, 100, -8))
    if not south:
        places = tuple((time_s, x, -y) for time_s, x, y in places)
    return Drive(through(*places), kind=RoadUser.PEDESTRIAN, end_s=min(20, begin_s + 12), sigma_m=0.05)


def found_of(*drives: Drive) -> list:
    return findings(FailureToYield(FailureToYieldKeys("zebra"), ROAD), ROAD, scenes(drives))


def test_driving_on_in_front_of_a_walker_is_found_with_both() -> None:
    car = Drive(straight(40, (0, 0)))  # at the crossing after 8.8 s
    (found,) = found_of(car, walker(6.0))
    assert found.track == (1, 2)
    assert [measure.name for measure in found.measures] == ["speed", "gap"]
    assert 0 <= found.measures[1].value < 1.0


def test_who_waits_has_yielded() -> None:
    waits = through((0, 0, 0), (8, 94, 0), (15, 94, 0), (20, 140, 0))
    assert found_of(Drive(waits), walker(6.0)) == []


def test_a_walker_who_has_passed_needs_no_room() -> None:
    assert found_of(Drive(straight(40, (0, 0))), walker(2.0)) == []


def test_a_walker_still_far_was_given_room() -> None:
    wide = world(zones={"zebra": [[98, -12], [102, -12], [102, 12], [98, 12]]})
    far = Drive(through((0, 100, 14), (6, 100, 11), (14, 100, 0), (20, 100, -8)), kind=RoadUser.PEDESTRIAN)
    rule = FailureToYield(FailureToYieldKeys("zebra"), wide)
    assert findings(rule, wide, scenes([Drive(straight(40, (0, 0))), far])) == []


def test_who_steps_out_at_the_last_moment_could_not_be_seen() -> None:
    assert found_of(Drive(straight(40, (0, 3))), walker(8.6)) == []


def test_an_empty_crossing_holds_nobody_up() -> None:
    assert found_of(Drive(straight(60, (0, 0)))) == []
