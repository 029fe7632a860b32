"""Who stands in front of whom."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from catseye.station.demo.footprint import footprint_m, footprints_touch
from catseye.station.demo.order import far_to_near, is_behind

EYE = np.array([0.0, -40.0])
EVERYWHERE = np.array([[0, 0, 640, 360]] * 2, np.float64)


def test_a_motorcycle_on_the_near_side_of_a_long_bus_is_in_front_even_at_its_end() -> None:
    bus, motorcycle = footprint_m(-25.0, 0.0, 90.0, 11.0, 2.5), footprint_m(-30.0, -2.4, 90.0, 2.0, 0.7)
    assert np.hypot(*(bus.mean(0) - EYE)) < np.hypot(*(motorcycle.mean(0) - EYE)), "the middles mislead"
    assert far_to_near(np.array([bus, motorcycle]), EVERYWHERE, EYE) == [0, 1]


def test_the_far_one_is_painted_first() -> None:
    far, near = footprint_m(0.0, 20.0, 0.0, 4.0, 2.0), footprint_m(0.0, 0.0, 0.0, 4.0, 2.0)
    assert far_to_near(np.array([near, far]), EVERYWHERE, EYE) == [1, 0]


PLACE = st.tuples(st.floats(-30, 30), st.floats(-20, 40), st.floats(0, 360), st.floats(1, 12), st.floats(0.5, 3))


@given(PLACE, PLACE)
def test_of_two_bodies_apart_at_least_one_is_behind_and_overlapping_ones_never(one: tuple[float, ...], other: tuple[float, ...]) -> None:
    first, second = footprint_m(*one), footprint_m(*other)
    if not footprints_touch(first, second):
        assert is_behind(first, second, EYE) or is_behind(second, first, EYE)
    elif np.hypot(*(first.mean(0) - second.mean(0))) < 0.2:
        assert not is_behind(first, second, EYE)
