"""Congestion: many, slow, for long."""

import pytest
from tests.support.roads import Drive, findings, scenes, straight, through, world

from catseye.traffic.rules.congestion import Congestion, CongestionKeys

ROAD = world(zones={"road": [[0, -4], [400, -4], [400, 4], [0, 4]]})
KEYS = CongestionKeys("road", least_s=60.0)


def found_of(*drives: Drive) -> list:
    return findings(Congestion(KEYS, ROAD), ROAD, scenes(drives, fps=2))


def test_a_jam_is_found_once_with_its_lowest_mean_speed() -> None:
    (found,) = found_of(*(Drive(straight(8, (10.0 * place, 0)), end_s=120) for place in range(6)))
    assert found.measures[0].value == pytest.approx(8, abs=0.1)
    assert found.measures[2].value == pytest.approx(120, abs=1)


def test_a_red_light_is_no_jam() -> None:
    waits = [Drive(through((0, 200 - 8 * place, 0), (40, 200 - 8 * place, 0), (70, 700, 0)), end_s=70) for place in range(6)]
    assert found_of(*waits) == []


def test_free_flow_and_a_few_slow_ones_are_no_jam() -> None:
    assert found_of(*(Drive(straight(50, (20.0 * place, 0)), end_s=120) for place in range(6))) == []
    assert found_of(*(Drive(straight(8, (10.0 * place, 0)), end_s=120) for place in range(3))) == []
