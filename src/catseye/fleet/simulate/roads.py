"""Roads that simulated vehicles drive: straight pieces between junctions, with a speed limit. Made from a seed, or read from GeoJSON."""

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any, Self

import numpy as np

from catseye.core.geo import GeoPoint
from catseye.fleet.errors import ValueMismatchError

CENTRE = GeoPoint(21.0285, 105.8542)
_LIMITS_KMH = (50.0, 60.0, 80.0, 90.0)
Junction = int  # a place in `Roads.junctions`
_SPACING_M = 900.0
_LIMIT_UNKNOWN_KMH = 50.0


@dataclass(frozen=True, slots=True)
class Road:
    """One piece in one direction. `end`: the junction it leads to; `heading_deg` from north, clockwise."""

    begin: Junction
    end: Junction
    length_m: float
    heading_deg: float
    limit_kmh: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a vehicle is: on which road, and how far along it."""

    road: Road
    along_m: float


@dataclass(frozen=True, slots=True)
class Roads:
    """Junctions, and for each the roads that leave it. Every junction has one at least."""

    junctions: tuple[GeoPoint, ...]
    leaving: tuple[tuple[Road, ...], ...]

    @classmethod
    def grid(cls, seed: int, side_count: int = 8, centre: GeoPoint = CENTRE) -> Self:
        """A town of `side_count` by `side_count` junctions that no ruler drew; whole streets have one limit."""
        chance = Random(f"roads {seed}")
        half_m = _SPACING_M * (side_count - 1) / 2
        wobble_m = _SPACING_M / 5
        plane_m = [
            (column * _SPACING_M - half_m + chance.uniform(-wobble_m, wobble_m), row * _SPACING_M - half_m + chance.uniform(-wobble_m, wobble_m))
            for row in range(side_count)
            for column in range(side_count)
        ]
        along, across = ([chance.choice(_LIMITS_KMH) for _ in range(side_count)] for _ in range(2))
        ways = [(row * side_count + column, row * side_count + column + 1, along[row]) for row in range(side_count) for column in range(side_count - 1)]
        ways += [(row * side_count + column, (row + 1) * side_count + column, across[column]) for row in range(side_count - 1) for column in range(side_count)]
        points = [GeoPoint(float(lat), float(lon)) for lat, lon in centre.degrees_of(np.array(plane_m))]
        return cls._of(points, [*ways, *((end, begin, limit) for begin, end, limit in ways)])

    @classmethod
    def of_geojson(cls, text: str) -> Self:
        """Roads of the LineStrings of a file; `oneway` and `maxspeed` as OpenStreetMap writes them."""
        try:
            lines = [each for each in json.loads(text)["features"] if each["geometry"]["type"] == "LineString"]
            ids: dict[tuple[float, float], int] = {}
            ways = [way for line in lines for way in _ways_of(line["geometry"]["coordinates"], line.get("properties") or {}, ids)]
            points = [GeoPoint(lat, lon) for lon, lat in ids]
        except (ValueError, KeyError, TypeError) as fault:
            raise ValueMismatchError("roads", f"{type(fault).__name__} {fault}", "GeoJSON with LineStrings in degrees") from None
        if not ways:
            raise ValueMismatchError("roads", "no LineString", "one at least")
        return cls._of(points, ways)

    @classmethod
    def _of(cls, points: list[GeoPoint], ways: Iterable[tuple[int, int, float]]) -> Self:
        leaving: list[list[Road]] = [[] for _ in points]
        for begin, end, limit_kmh in ways:
            (east_m, north_m), *_ = points[begin].plane_m(np.array([(points[end].lat_deg, points[end].lon_deg)]))
            heading_deg = math.degrees(math.atan2(east_m, north_m)) % 360
            leaving[begin].append(Road(begin, end, max(1.0, math.hypot(east_m, north_m)), heading_deg, limit_kmh))
        for node in range(len(points)):
            if not leaving[node]:  # a one-way street that ends: turn round there
                came = next(road for roads in leaving for road in roads if road.end == node)
                leaving[node].append(Road(node, came.begin, came.length_m, (came.heading_deg + 180) % 360, came.limit_kmh))
        return cls(tuple(points), tuple(tuple(roads) for roads in leaving))

    def somewhere(self, chance: Random) -> Place:
        """A place to begin at."""
        road = chance.choice(self.leaving[chance.randrange(len(self.junctions))])
        return Place(road, chance.uniform(0, road.length_m))

    def onward(self, place: Place, moved_m: float, chance: Random) -> Place:
        """After so many metres: straight on where a junction comes by, or into another road; back only out of a dead end."""
        road, along_m = place.road, place.along_m + moved_m
        while along_m >= road.length_m:
            along_m -= road.length_m
            others = [each for each in self.leaving[road.end] if each.end != road.begin]
            road = chance.choice(others or self.leaving[road.end])
        return Place(road, along_m)

    def point(self, place: Place) -> GeoPoint:
        """On the globe."""
        begin, end = self.junctions[place.road.begin], self.junctions[place.road.end]
        share = place.along_m / place.road.length_m
        return GeoPoint(begin.lat_deg + (end.lat_deg - begin.lat_deg) * share, begin.lon_deg + (end.lon_deg - begin.lon_deg) * share)


def _ways_of(line: list[tuple[float, float]], said: dict[str, Any], ids: dict[tuple[float, float], int]) -> Iterator[tuple[int, int, float]]:
    try:
        limit_kmh = float(said["maxspeed"])
    except (KeyError, ValueError):
        limit_kmh = _LIMIT_UNKNOWN_KMH
    nodes = [ids.setdefault((lon, lat), len(ids)) for lon, lat in line]
    for begin, end in pairwise(nodes):
        if begin != end:
            yield begin, end, limit_kmh
            if said.get("oneway") != "yes":
                yield end, begin, limit_kmh
