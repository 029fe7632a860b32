"""Degrees and metres."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.core.geo import GeoPoint

METRES = st.floats(-2000, 2000)


def test_a_degree_is_as_long_as_geodesy_says() -> None:
    """Rapp 1991, Geometric Geodesy I: at the equator 110.574 km of latitude, 111.320 km of longitude; at 60°: 111.412 and 55.800."""
    for lat_deg, north_km, east_km in ((0.0, 110.574, 111.320), (60.0, 111.412, 55.800)):
        metres = GeoPoint(lat_deg, 10.0).plane_m(np.array([[lat_deg + 1e-3, 10.0], [lat_deg, 10.001]]))
        assert metres == pytest.approx(np.array([[0, north_km], [east_km, 0]]), abs=0.002)


@given(st.floats(-85, 85), st.floats(-180, 180), METRES, METRES)
def test_metres_come_back_from_their_degrees(lat_deg: float, lon_deg: float, x_m: float, y_m: float) -> None:
    origin = GeoPoint(lat_deg, lon_deg)
    assert origin.plane_m(origin.degrees_of(np.array([[x_m, y_m]]))) == pytest.approx(np.array([[x_m, y_m]]), abs=1e-4)


def test_the_street_goes_on_across_the_date_line() -> None:
    assert GeoPoint(-17.0, 179.9995).plane_m(np.array([[-17.0, -179.9995]]))[0, 0] == pytest.approx(106.5, abs=0.1)


@pytest.mark.parametrize(("lat_deg", "lon_deg"), [(90.0, 0.0), (-90.0, 0.0), (float("nan"), 0.0), (0.0, 181.0), (105.8, 21.0)])
def test_what_is_on_no_map_is_refused(lat_deg: float, lon_deg: float) -> None:
    with pytest.raises(ValueError, match="wanted a latitude"):
        GeoPoint(lat_deg, lon_deg)
