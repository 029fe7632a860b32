"""Cells of 100 m, whatever the order the alarms come in, and a drawing that holds them all."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.properties import examples

from catseye.station.fleet.report.places import M_PER_DEG, Places

POINTS = st.lists(st.tuples(st.floats(-85, 85), st.floats(-180, 180), st.sampled_from(["overspeed", "driver-phone"])), min_size=1, max_size=40)


@given(POINTS)
@settings(max_examples=examples(60))
def test_every_alarm_is_counted_once_and_drawn_within_the_plot(points: list[tuple[float, float, str]]) -> None:
    places, reversed_places = Places(), Places()
    for point in points:
        places.add(*point)
    for point in reversed(points):
        reversed_places.add(*point)
    drawing = places.drawing()
    assert drawing is not None and drawing == reversed_places.drawing()
    assert sum(spot.alarms_count for spot in drawing.spots) == len(points)
    assert all(0 <= spot.x_px <= drawing.wide_px and 0 <= spot.y_px <= drawing.high_px for spot in drawing.spots)


def test_no_place_is_finer_than_its_cell() -> None:
    places = Places()
    for metre in range(0, 90, 10):
        places.add(21.0 + (metre + 3) / M_PER_DEG, 105.8, "overspeed")
    drawing = places.drawing()
    assert drawing is not None
    assert len({(each.lat_deg, each.lon_deg) for each in drawing.gatherings}) == len(drawing.gatherings) <= 2
    assert all(abs(each.lat_deg - 21.0) * M_PER_DEG < 200 for each in drawing.gatherings)


def test_the_bar_is_as_long_as_it_says() -> None:
    places = Places()
    places.add(21.0, 105.8, "overspeed")
    places.add(21.0, 105.9, "overspeed")
    drawing = places.drawing()
    assert drawing is not None
    apart_m = 0.1 * M_PER_DEG * math.cos(math.radians(21.0))
    apart_px = abs(drawing.spots[0].x_px - drawing.spots[1].x_px)
    assert abs(apart_px / drawing.bar_px * drawing.bar_m - apart_m) < 100


def test_without_places_nothing_is_drawn() -> None:
    assert Places().drawing() is None
