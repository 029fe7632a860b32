"""Prohibited turns: from line to line, and round where nobody may."""

import numpy as np
import pytest
from tests.support.roads import Drive, findings, scenes, straight, through, world

from catseye.core.road_user import RoadUser
from catseye.traffic.rules.prohibited_turn import ProhibitedTurn, ProhibitedTurnKeys

ROAD = world(
    {"from-west": [[80, 5], [80, -5]], "to-north": [[95, 30], [105, 30]], "to-east": [[120, 5], [120, -5]]},
    {"junction": [[85, -15], [115, -15], [115, 15], [85, 15]]},
)
LEFT = through((0, 40, 0), (6, 100, 0), (12, 100, 60), (20, 100, 140))
NO_LEFT = ProhibitedTurnKeys(from_line="from-west", to_line="to-north")


def u_turn(time_s: float) -> tuple[float, float]:
    if time_s < 6:
        return 40 + 10 * time_s, -3.0
    angle = min((time_s - 6) / 3, 1.0) * np.pi
    east, north = 100 + 6 * np.sin(angle), 3 - 6 * np.cos(angle)
    return (float(east), float(north)) if time_s < 9 else (100 - 10 * (time_s - 9), 9.0)


def found_of(keys: ProhibitedTurnKeys, *drives: Drive) -> list:
    return findings(ProhibitedTurn(keys, ROAD), ROAD, scenes(drives))


def test_the_forbidden_turn_is_found_and_straight_on_is_not() -> None:
    (found,) = found_of(NO_LEFT, Drive(straight(36, (0, 0))), Drive(LEFT))
    assert (found.track, found.details["turn"]) == ((2,), "from-west → to-north")
    assert found.time_ns / 1e9 == pytest.approx(4 - 0.25, abs=0.1)
    assert found.end_time_ns / 1e9 == pytest.approx(9 - 0.25, abs=0.1)


def test_those_who_may_do_all_the_same() -> None:
    keys = ProhibitedTurnKeys(from_line="from-west", to_line="to-north", except_kinds=("bus",))
    assert [each.track for each in found_of(keys, Drive(LEFT, kind=RoadUser.BUS), Drive(LEFT), Drive(LEFT, kind=RoadUser.PEDESTRIAN))] == [(2,)]


def test_turning_round_is_found_and_a_bend_is_not() -> None:
    keys = ProhibitedTurnKeys(u_turn_zone="junction")
    (found,) = found_of(keys, Drive(u_turn, end_s=15), Drive(LEFT))
    assert (found.track, found.details["turn"]) == ((1,), "U-turn in junction")


@pytest.mark.parametrize("said", [{}, {"from_line": "a"}, {"from_line": "a", "to_line": "b", "u_turn_zone": "c"}])
def test_a_turn_that_is_neither_or_both_is_refused(said: dict) -> None:
    with pytest.raises(ValueError, match="a turn"):
        ProhibitedTurnKeys(**said)
