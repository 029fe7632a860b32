"""Stopped: longer than allowed, where it is not allowed."""

import numpy as np
import pytest
from tests.support.roads import Drive, findings, scenes, straight, through, world

from catseye.core.road_user import RoadUser
from catseye.traffic.rules.stopped import Stopped, StoppedKeys

ROAD = world(zones={"kerb": [[90, -3], [130, -3], [130, 3], [90, 3]]})
KEYS = StoppedKeys(zone="kerb", least_s=10.0)
STOPS = through((0, 0, 0), (10, 100, 0), (30, 100, 0), (40, 200, 0))


def found_of(*drives: Drive, keys: StoppedKeys = KEYS) -> list:
    return findings(Stopped(keys, ROAD), ROAD, scenes(drives))


def test_who_stands_too_long_is_found_once_from_the_stop_to_the_start() -> None:
    (found,) = found_of(Drive(STOPS, end_s=40), Drive(straight(50)))
    assert found.track == (1,)
    assert found.time_ns / 1e9 == pytest.approx(10, abs=0.5)
    assert found.end_time_ns / 1e9 == pytest.approx(30, abs=0.5)
    assert found.measures[0].value == pytest.approx(20, abs=0.5)


def test_a_jittering_place_still_stands() -> None:
    rng = np.random.default_rng(1)
    shake = rng.normal(0, 0.3, (1000, 2))
    trembles = Drive(lambda time_s: (100 + shake[int(time_s * 10), 0], shake[int(time_s * 10), 1]), end_s=30, sigma_m=0.3)
    (found,) = found_of(trembles)
    assert found.measures[0].value == pytest.approx(30, abs=0.5)


def test_a_short_stop_is_allowed_and_so_is_one_elsewhere() -> None:
    assert found_of(Drive(through((0, 80, 0), (2, 100, 0), (11, 100, 0), (13, 120, 0)))) == []
    assert found_of(Drive(through((0, 0, 0), (2, 20, 0), (40, 20, 0)), end_s=40)) == []


def test_a_queue_that_creeps_does_not_stand() -> None:
    assert found_of(Drive(lambda time_s: (92 + 0.4 * time_s, 0.0), end_s=40)) == []


def test_people_on_foot_may_stand() -> None:
    assert found_of(Drive(lambda _: (100.0, 0.0), end_s=40, kind=RoadUser.PEDESTRIAN)) == []


def test_a_vehicle_parked_when_the_camera_was_switched_on_has_stood_since_then() -> None:
    (found,) = found_of(Drive(lambda _: (100.0, 0.0), end_s=30))
    assert (found.time_ns, found.end_time_ns) == (0, 30_000_000_000)
