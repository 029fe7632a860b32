"""Areas and corridors on the globe: how far inside or outside, in words and as GeoJSON; no bytes break the reading."""

import io
import json
import math
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon
from tests.support.properties import examples

from catseye.core.errors import CatseyeError
from catseye.core.geo import GeoPoint
from catseye.fleet.permits.areas import Area, Shape, read_areas, shape_of
from catseye.fleet.permits.errors import PermitFileError

HERE = GeoPoint(21.0, 105.8)


def ring(corners_count: int, radius_m: float = 5_000.0) -> list[tuple[float, float]]:
    """A star of so many corners, metres around HERE."""
    turns = [2 * math.pi * n / corners_count for n in range(corners_count)]
    return [(radius_m * (0.5 + n % 2) * math.cos(turn), radius_m * (0.5 + n % 2) * math.sin(turn)) for n, turn in enumerate(turns)]


def on_globe(plane_m: list[tuple[float, float]]) -> tuple[GeoPoint, ...]:
    return tuple(GeoPoint(*corner) for corner in HERE.degrees_of(plane_m).tolist())  # type: ignore[arg-type]


@pytest.mark.parametrize("corners_count", [6, 300], ids=["few", "many"])
@pytest.mark.parametrize("width_m", [0.0, 800.0], ids=["area", "corridor"])
def test_a_distance_is_what_an_independent_geometry_says(corners_count: int, width_m: float) -> None:
    plane_m = ring(corners_count)
    shape = Shape(on_globe(plane_m), width_m)
    for east_m, north_m in ((0.0, 0.0), (3000.0, 10.0), (-9000.0, 200.0), (100.0, 20_000.0), (2400.0, -2400.0)):
        place, point = on_globe([(east_m, north_m)])[0], Point(east_m, north_m)
        if width_m:
            wanted = LineString(plane_m).distance(point) - width_m / 2
        else:
            area = Polygon(plane_m)
            wanted = area.exterior.distance(point) * (-1 if area.contains(point) else 1)
        assert shape.beyond_m(place) == pytest.approx(wanted, abs=5.0, rel=0.01)


def test_an_area_is_kept_as_plain_facts_and_comes_back() -> None:
    area = Area("ring road", (Shape(on_globe(ring(6))), Shape(on_globe(ring(4)), 300.0)), ("dangerous-goods",))
    assert Area.of_facts(json.loads(json.dumps(area.as_facts()))) == area


@pytest.mark.parametrize(
    "text", ["polygon: 21 105; 22 106", "corridor 500 m: 21 105", "polygon: 91 0; 0 0; 1 1", "polygon: a b; c d; e f", "corridor 1e9 m: 1 1; 2 2"]
)
def test_a_shape_that_encloses_nothing_is_refused_or_is_a_name(text: str) -> None:
    if text.startswith("corridor 1e9"):
        assert shape_of(text) is None
        return
    with pytest.raises(PermitFileError):
        shape_of(text)


def collection(**geometry: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": [{"properties": {"name": "x", "width_m": 5}, "geometry": geometry}]}).encode()


def test_geojson_is_longitude_first() -> None:
    (area,) = read_areas(io.BytesIO(collection(type="LineString", coordinates=[[105.8, 21.0], [105.9, 21.0]])))
    assert area.beyond_m(HERE) == pytest.approx(-2.5, abs=0.1)


JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=4), max_leaves=12)


@settings(max_examples=examples(60), deadline=None)
@given(
    st.binary(max_size=100)
    | st.tuples(st.sampled_from(("Polygon", "LineString", "Point", "MultiPolygon")), JSON).map(lambda g: collection(type=g[0], coordinates=g[1]))
)
def test_any_bytes_are_areas_or_a_typed_error(raw: bytes) -> None:
    with suppress(CatseyeError):
        for area in read_areas(io.BytesIO(raw)):
            assert math.isfinite(area.beyond_m(HERE))
