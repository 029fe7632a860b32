"""A speed at a line: of the whole track, with the calibration's doubt, or none at all."""

from dataclasses import replace

import numpy as np
import pytest
from tests.vision.test_body_fit import COUNT, drive, fitter

from catseye.core.road_user import RoadUser
from catseye.core.time import NS_PER_S
from catseye.station.crossing_speeds import crossing_speed

TRUE_KMH = 16 / (COUNT - 1) * 7 * 3.6
RATIO = np.full(COUNT, 0.01)


def test_a_crossing_is_measured_with_the_calibrations_doubt_on_top() -> None:
    looks, _ = drive(RoadUser.CAR)
    one, other = (crossing_speed(fitter(), looks, RoadUser.CAR, ratio, NS_PER_S) for ratio in (0 * RATIO, RATIO))
    assert one is not None
    assert other is not None
    assert one.kmh == pytest.approx(TRUE_KMH, abs=0.3)
    assert other.doubt_kmh == pytest.approx(np.hypot(one.doubt_kmh, 0.01 * one.kmh), abs=1e-3)


def test_a_bus_called_a_car_is_as_fast_as_it_is() -> None:
    looks, _ = drive(RoadUser.BUS)
    speed = crossing_speed(fitter(), looks, RoadUser.CAR, RATIO, NS_PER_S)
    assert speed is not None
    assert abs(speed.kmh - TRUE_KMH) < min(1.0, 2 * speed.doubt_kmh)


def test_boxes_that_tell_no_speed_give_none() -> None:
    looks, _ = drive(RoadUser.CAR)
    chance = np.random.default_rng(3)
    wild = looks.box_px + chance.normal(0, 25, looks.box_px.shape)
    assert crossing_speed(fitter(), replace(looks, box_px=wild), RoadUser.CAR, RATIO, NS_PER_S) is None


def test_a_moment_far_from_every_look_has_no_speed() -> None:
    looks, _ = drive(RoadUser.CAR)
    assert crossing_speed(fitter(), looks, RoadUser.CAR, RATIO, 20 * NS_PER_S) is None
    assert crossing_speed(fitter(), looks, RoadUser.CAR, RATIO, 4 * NS_PER_S) is None
