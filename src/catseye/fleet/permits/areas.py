"""Where a permit holds: areas and corridors on the globe, in words or as GeoJSON, and how far inside or outside a place is."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, TypeAlias

import numpy as np

from catseye.core.arrays import Doubles
from catseye.core.geo import GeoPoint
from catseye.fleet.permits.errors import PermitFileError

MOST_CORNERS_COUNT = 20_000
MOST_BYTES = 64 << 20
_CORRIDOR = re.compile(r"corridor\s+(\d+(?:\.\d+)?)\s*m\s*:(.*)", re.IGNORECASE | re.DOTALL)
_POLYGON = re.compile(r"polygon\s*:(.*)", re.IGNORECASE | re.DOTALL)

_FEW_COUNT = 100
_Edge: TypeAlias = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Shape:
    """An area (a ring of corners, closed by itself) or, where `width_m` is above 0, a corridor of that width along its corners."""

    corners: tuple[GeoPoint, ...]
    width_m: float = 0.0
    _begin_m: Doubles = field(init=False, repr=False, compare=False)
    _end_m: Doubles = field(init=False, repr=False, compare=False)
    _few: tuple[_Edge, ...] = field(init=False, repr=False, compare=False)
    _a_degree_m: tuple[float, float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what encloses nothing; lay the corners on the plane of the first."""
        least = 2 if self.width_m else 3
        if not least <= len(self.corners) <= MOST_CORNERS_COUNT or not 0 <= self.width_m <= 100_000:
            came = f"{len(self.corners)} corners, {self.width_m:g} m wide"
            raise PermitFileError("area", came, f"{least} to {MOST_CORNERS_COUNT} corners and at most 100 km")
        first = self.corners[0]
        plane_m = first.plane_m(np.array([(corner.lat_deg, corner.lon_deg) for corner in self.corners]))
        east_m, north_m = first.plane_m(np.array([[first.lat_deg + 1, first.lon_deg + 1]]))[0].tolist()
        begin_m, end_m = (plane_m[:-1], plane_m[1:]) if self.width_m else (plane_m, np.roll(plane_m, -1, 0))
        few = np.hstack([begin_m, end_m]).tolist() if len(begin_m) <= _FEW_COUNT else []
        for name, value in (("_begin_m", begin_m), ("_end_m", end_m), ("_few", tuple(map(tuple, few))), ("_a_degree_m", (east_m, north_m))):
            object.__setattr__(self, name, value)

    def beyond_m(self, place: GeoPoint) -> float:
        """How far a place is outside, metres; below zero: how far inside."""
        first, (east_m, north_m) = self.corners[0], self._a_degree_m
        x, y = ((place.lon_deg - first.lon_deg + 180.0) % 360.0 - 180.0) * east_m, (place.lat_deg - first.lat_deg) * north_m
        if self._few:
            away_m, is_within = _beside_few(x, y, self._few)
        else:
            here = np.array([x, y])
            away_m, is_within = _distance_m(here, self._begin_m, self._end_m), _is_within(here, self._begin_m, self._end_m)
        if self.width_m:
            return away_m - self.width_m / 2
        return -away_m if is_within else away_m


@dataclass(frozen=True, slots=True)
class Area:
    """A named place on the map. `closed_to`: scopes that may not enter it, whatever their permit says."""

    name: str
    shapes: tuple[Shape, ...]
    closed_to: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is nowhere."""
        if not self.shapes:
            raise PermitFileError(f"area {self.name}", "no shape", "at least one")

    def beyond_m(self, place: GeoPoint) -> float:
        """How far a place is outside of all its shapes; below zero: how far inside the one it is deepest in."""
        return min(shape.beyond_m(place) for shape in self.shapes)

    def as_facts(self) -> dict[str, Any]:
        """Plain values, for keeping."""
        shapes = [{"corners": [[corner.lat_deg, corner.lon_deg] for corner in shape.corners], "width_m": shape.width_m} for shape in self.shapes]
        return {"name": self.name, "shapes": shapes, "closed_to": list(self.closed_to)}

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> "Area":
        """The area those values were of."""
        shapes = tuple(Shape(tuple(GeoPoint(*corner) for corner in shape["corners"]), shape["width_m"]) for shape in facts["shapes"])
        return cls(facts["name"], shapes, tuple(facts["closed_to"]))


def _beside_few(x: float, y: float, edges: tuple[_Edge, ...]) -> tuple[float, bool]:
    """Distance to the nearest edge, and whether the ring is around: for few edges faster than arrays, by far."""
    nearest2, crossings_count = math.inf, 0
    for x0, y0, x1, y1 in edges:
        east, north = x1 - x0, y1 - y0
        length2 = east * east + north * north
        along = ((x - x0) * east + (y - y0) * north) / length2 if length2 > 0 else 0.0
        along = 0.0 if along < 0 else min(along, 1.0)
        away_x, away_y = x0 + east * along - x, y0 + north * along - y
        nearest2 = min(nearest2, away_x * away_x + away_y * away_y)
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / north * east:
            crossings_count += 1
    return math.sqrt(nearest2), crossings_count % 2 == 1


def _distance_m(here: Doubles, begin: Doubles, end: Doubles) -> float:
    way = end - begin
    length2 = np.einsum("ij,ij->i", way, way)
    along = np.einsum("ij,ij->i", here - begin, way) / np.where(length2 > 0, length2, 1.0)
    nearest = begin + way * np.clip(along, 0.0, 1.0)[:, None]
    return float(np.sqrt(((nearest - here) ** 2).sum(1).min()))


def _is_within(here: Doubles, begin: Doubles, end: Doubles) -> bool:
    """How often a ray to the east leaves the ring."""
    x, y = here
    crosses = (begin[:, 1] > y) != (end[:, 1] > y)
    height = np.where(crosses, end[:, 1] - begin[:, 1], 1.0)
    at = begin[:, 0] + (y - begin[:, 1]) / height * (end[:, 0] - begin[:, 0])
    return bool(np.count_nonzero(crosses & (x < at)) % 2)


def shape_of(text: str) -> Shape | None:
    """A shape in words, None for what is a name; PermitFileError for a shape that cannot be meant.

    >>> shape_of("corridor 500 m: 21.00 105.80; 21.10 105.90").width_m
    500.0
    >>> shape_of("Hà Nội") is None
    True
    """
    if found := _CORRIDOR.fullmatch(text.strip()):
        return Shape(_corners(found[2]), float(found[1]))
    if found := _POLYGON.fullmatch(text.strip()):
        return Shape(_corners(found[1]))
    return None


def _corners(text: str) -> tuple[GeoPoint, ...]:
    try:
        pairs = [tuple(map(float, corner.replace(",", " ").split())) for corner in text.split(";") if corner.strip()]
        return tuple(GeoPoint(lat_deg, lon_deg) for lat_deg, lon_deg in pairs)
    except ValueError as error:
        raise PermitFileError("area", f"{text.strip()[:60]!r}: {error}", "corners as latitude and longitude in degrees, `;` between them") from error


def read_areas(stream: BinaryIO) -> list[Area]:
    """Named areas of a GeoJSON FeatureCollection (RFC 7946: longitude first): `name`, and `width_m` of lines, and `closed_to`, a list of scopes."""
    raw = stream.read(MOST_BYTES + 1)
    try:
        found = json.loads(raw) if len(raw) <= MOST_BYTES else None
        if not isinstance(found, dict) or found.get("type") != "FeatureCollection":
            raise PermitFileError("areas", "no FeatureCollection", f"GeoJSON of at most {MOST_BYTES >> 20} MiB")
        areas = [_area_of(feature, nth) for nth, feature in enumerate(found["features"], 1)]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise PermitFileError("areas", f"{type(error).__name__}: {error}"[:200], "GeoJSON with polygons or lines that have a name") from error
    if len({area.name for area in areas}) < len(areas):
        raise PermitFileError("areas", "a name twice", "each name once; MultiPolygon for an area of several pieces")
    return areas


def _area_of(feature: Any, nth: int) -> Area:
    where, said, geometry = f"areas, feature {nth}", feature["properties"], feature["geometry"]
    name, closed_to, width_m = said.get("name"), said.get("closed_to") or [], said.get("width_m") or 0.0
    if not isinstance(name, str) or not name.strip() or not isinstance(closed_to, list) or not all(isinstance(scope, str) for scope in closed_to):
        raise PermitFileError(where, f"name {name!r}, closed to {closed_to!r}", "a name, and scopes as a list of texts")
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind in ("LineString", "MultiLineString"):
        if not isinstance(width_m, int | float) or not math.isfinite(width_m) or width_m <= 0:
            raise PermitFileError(where, f"a line {width_m!r} m wide", "width_m above 0")
        lines = [coordinates] if kind == "LineString" else coordinates
        return Area(name.strip(), tuple(Shape(_ring(line), float(width_m)) for line in lines), tuple(closed_to))
    if kind in ("Polygon", "MultiPolygon"):
        polygons = [coordinates] if kind == "Polygon" else coordinates
        if any(len(rings) != 1 for rings in polygons):
            raise PermitFileError(where, "a polygon with holes", "the outer ring alone")
        return Area(name.strip(), tuple(Shape(_ring(rings[0])) for rings in polygons), tuple(closed_to))
    raise PermitFileError(where, f"a {kind}", "Polygon, MultiPolygon, LineString or MultiLineString")


def _ring(positions: Sequence[Sequence[float]]) -> tuple[GeoPoint, ...]:
    return tuple(GeoPoint(float(position[1]), float(position[0])) for position in positions)
