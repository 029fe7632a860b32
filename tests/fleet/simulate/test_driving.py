"""The little world of the simulator: roads without gaps, vehicles that neither jump nor crash through their leader."""

import json
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from catseye.core.geo import GeoPoint
from catseye.fleet.errors import ValueMismatchError
from catseye.fleet.simulate.driver import CLOSE_HEADWAY_S, USUAL_HEADWAY_S
from catseye.fleet.simulate.driving import Moment, Vehicle
from catseye.fleet.simulate.roads import Roads

STEP_S = 0.5


def driven(seed: int, seconds_s: float, headway_s: float, roads: Roads | None = None) -> list[Moment]:
    vehicle = Vehicle(roads or Roads.grid(1), Random(seed))
    return [vehicle.step(STEP_S, headway_s=headway_s, haste_ratio=0.95) for _ in range(int(seconds_s / STEP_S))]


def metres(first: GeoPoint, second: GeoPoint) -> float:
    return float(np.hypot(*first.plane_m(np.array([(second.lat_deg, second.lon_deg)]))[0]))


@pytest.mark.parametrize("seed", range(3))
def test_a_vehicle_goes_no_farther_than_its_speed_carries_it(seed: int) -> None:
    moments = driven(seed, 300, USUAL_HEADWAY_S)
    for before, after in pairwise(moments):
        assert metres(before.point, after.point) <= max(before.speed_kmh, after.speed_kmh) / 3.6 * STEP_S * 1.02 + 0.1
        assert after.acceleration_ms2 >= -7.0
        assert after.gap_m > 0


def test_who_wants_a_short_headway_gets_one_and_who_does_not_keeps_away() -> None:
    short, usual = (
        [m.headway_s for seed in range(3) for m in driven(seed, 300, wanted_s) if m.speed_kmh > 30] for wanted_s in (CLOSE_HEADWAY_S, USUAL_HEADWAY_S)
    )
    assert np.median(short) < 1.3
    assert np.median(usual) > 1.8


def test_every_junction_can_be_left() -> None:
    for seed in range(3):
        assert all(Roads.grid(seed, side_count=3).leaving)


def test_roads_of_a_file_keep_one_way_streets_and_limits() -> None:
    lines = [
        {
            "type": "Feature",
            "properties": {"oneway": "yes", "maxspeed": "30"},
            "geometry": {"type": "LineString", "coordinates": [[105.8, 21.0], [105.81, 21.0]]},
        },
        {"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": [[105.81, 21.0], [105.81, 21.01]]}},
    ]
    roads = Roads.of_geojson(json.dumps({"features": lines}))
    assert [[(road.end, road.limit_kmh) for road in leaving] for leaving in roads.leaving] == [[(1, 30.0)], [(2, 50.0)], [(1, 50.0)]]
    assert roads.leaving[0][0].heading_deg == pytest.approx(90, abs=0.1)
    assert roads.leaving[0][0].length_m == pytest.approx(1039.7, abs=1)
    assert driven(1, 60, USUAL_HEADWAY_S, roads)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"features": []}', '{"features": [{"geometry": {"type": "LineString", "coordinates": [["a", 1]]}}]}'])
def test_a_file_without_roads_is_refused(text: str) -> None:
    with pytest.raises(ValueMismatchError):
        Roads.of_geojson(text)
