"""Obstacles: what stands where others flow."""

import pytest
from tests.support.roads import LENGTH_M, WIDTH_M, Drive, findings, scenes, straight, world

from catseye.core.road_user import RoadUser
from catseye.traffic.rules.obstacle import Obstacle, ObstacleKeys

ROAD = world(zones={"road": [[0, -6], [400, -6], [400, 6], [0, 6]]})
STANDS = Drive(lambda _: (100.0, -3.0), end_s=40)


def found_of(*drives: Drive) -> list:
    return findings(Obstacle(ObstacleKeys("road"), ROAD), ROAD, scenes(drives))


def passing(count: int) -> list[Drive]:
    return [Drive(straight(50, (-150.0 * place, 3)), end_s=40) for place in range(count)]


def test_a_vehicle_that_stands_while_others_pass_is_in_the_way() -> None:
    (found,) = found_of(STANDS, *passing(3))
    assert (found.track, found.time_ns) == ((1,), 0)
    assert found.measures[0].value == pytest.approx(40, abs=0.2)


def test_where_all_stand_it_is_a_queue() -> None:
    assert found_of(STANDS, *(Drive(lambda _, x=x: (x, 3.0), end_s=40) for x in (80.0, 90.0, 100.0))) == []


def test_a_lost_load_is_in_the_way_even_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LENGTH_M, RoadUser.UNKNOWN, 1.0)
    monkeypatch.setitem(WIDTH_M, RoadUser.UNKNOWN, 1.0)
    assert len(found_of(Drive(lambda _: (200.0, 0.0), end_s=40, kind=RoadUser.UNKNOWN))) == 1


def test_beside_the_road_nothing_is_in_the_way() -> None:
    assert found_of(Drive(lambda _: (100.0, -9.0), end_s=40), *passing(3)) == []
