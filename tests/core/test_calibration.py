"""A view of the ground: there and back, with its doubt."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vision.views import SIZE_PX, any_camera, camera, measured, place_of, points, px_of

from catseye.core.calibration import Calibration, CalibrationError
from catseye.core.geo import GeoPoint
from catseye.vision.calibrate import calibrate

SEEDS = st.integers(0, 10_000)
LOW_PX = np.array([[200.0, 600.0], [640.0, 500.0], [1100.0, 700.0]])


def view(seed: int = 1, *, k1: float = 0.0, tilt_deg: float = 25.0) -> Calibration:
    may_bend = k1 != 0
    return calibrate(measured(camera(tilt_deg=tilt_deg), 12, np.random.default_rng(seed), k1=k1, sigma_px=0.3, sigma_m=0.01, may_bend=may_bend)).calibration


@given(SEEDS, st.sampled_from([0.0, -0.08]))
@settings(deadline=None, max_examples=50)
def test_the_ground_comes_back_from_its_pixels(seed: int, k1: float) -> None:
    chance = np.random.default_rng(seed)
    calibration = calibrate(measured(any_camera(chance), 12, chance, k1=k1, may_bend=k1 != 0)).calibration
    px = chance.uniform([0, 0], SIZE_PX, (20, 2))
    seen = px[calibration.is_ground(px)]
    assert calibration.px_of(calibration.place_of(seen)) == pytest.approx(seen, abs=1e-5)


def test_above_the_horizon_nothing_is_known_and_nobody_is_warned() -> None:
    calibration = view(tilt_deg=10.0)
    sky = np.array([[640.0, 5.0], [0.0, 0.0]])
    place_m, sigma_m = calibration.ground_of(sky)
    assert np.isnan(place_m).all()
    assert np.isinf(sigma_m).all()
    assert np.isinf(calibration.speed_doubt_ratio(sky)).all()
    assert not calibration.is_ground(sky).any()
    assert np.isnan(calibration.metres_per_px(sky)).all()


def test_the_horizon_parts_ground_from_sky() -> None:
    for k1 in (0.0, -0.08):
        calibration = view(tilt_deg=14.0, k1=k1)
        line = calibration.horizon_px()
        line = line[(line[:, 0] > 0) & (line[:, 0] < SIZE_PX[0])]
        assert len(line) > 20
        assert calibration.is_ground(line + np.array([0, 2])).all()
        assert not calibration.is_ground(line - np.array([0, 2])).any()


def test_behind_the_camera_there_are_no_pixels() -> None:
    assert np.isnan(view().px_of(np.array([[0.0, -500.0]]))).all()


def test_a_stream_of_another_size_sees_the_same_street() -> None:
    calibration = view(k1=-0.08)
    half = calibration.scaled_to(640, 360)
    assert half.place_of(LOW_PX / 2) == pytest.approx(calibration.place_of(LOW_PX), abs=1e-9)
    assert half.metres_per_px(LOW_PX / 2) == pytest.approx(2 * calibration.metres_per_px(LOW_PX))
    assert half.speed_doubt_ratio(LOW_PX / 2) == pytest.approx(calibration.speed_doubt_ratio(LOW_PX))
    assert calibration.scaled_to(854, 480).place_of(LOW_PX / 1.5) == pytest.approx(calibration.place_of(LOW_PX), abs=0.03)


def test_a_stream_of_another_shape_is_refused() -> None:
    with pytest.raises(CalibrationError, match="calibration: made for 1280×720 pixels, used on 640×480; wanted a picture of the same shape"):
        view().scaled_to(640, 480)
    with pytest.raises(CalibrationError, match="made without the size of its picture; wanted size_px"):
        replace(view(), size_px=None).scaled_to(640, 360)


@given(SEEDS)
@settings(deadline=None, max_examples=50)
def test_a_calibration_comes_back_from_json_bit_for_bit(seed: int) -> None:
    chance = np.random.default_rng(seed)
    calibration = calibrate(measured(any_camera(chance), 6, chance, origin=GeoPoint(21.0, 105.8) if seed % 2 else None)).calibration
    assert Calibration.from_json(json.loads(json.dumps(calibration.as_json()))) == calibration
    assert calibration != replace(calibration, radius_m=calibration.radius_m * (1 + 1e-15) + 1e-12)


def test_the_slopes_are_those_of_the_function() -> None:
    for k1 in (0.0, -0.08):
        calibration = view(k1=k1)
        jacobian, by_parameter = calibration.ground_jacobian(LOW_PX), calibration.parameter_jacobian(LOW_PX)
        for axis in range(2):
            nudge = np.eye(2)[axis] * 1e-4
            slope = (calibration.place_of(LOW_PX + nudge) - calibration.place_of(LOW_PX - nudge)) / 2e-4
            assert jacobian[:, :, axis] == pytest.approx(slope, rel=1e-4, abs=1e-7)
        for nth in range(10):
            homography, lens, step = calibration.homography.ravel().copy(), calibration.lens.copy(), 1e-7
            (homography if nth < 8 else lens)[nth % 8] += step
            nudged = replace(calibration, homography=homography.reshape(3, 3), lens=lens)
            assert by_parameter[:, :, nth] == pytest.approx((nudged.place_of(LOW_PX) - calibration.place_of(LOW_PX)) / step, rel=1e-3, abs=1e-3)


def test_metres_a_pixel_are_those_between_neighbouring_pixels() -> None:
    calibration, middle = view(), np.array([[640.0, 500.0]])
    around = middle + np.stack([np.cos(angle := np.linspace(0, np.pi, 90)), np.sin(angle)], axis=1)
    apart_m = np.hypot(*(calibration.place_of(around) - calibration.place_of(middle)).T)
    assert calibration.metres_per_px(middle)[0] == pytest.approx([apart_m.min(), apart_m.max()], rel=0.01)


def test_the_error_of_a_calibration_cancels_in_a_difference() -> None:
    calibration = calibrate(measured(camera(), 4, np.random.default_rng(3))).calibration
    near = calibration.px_of(calibration.place_of(np.array([[640.0, 500.0]])) + np.array([[0.0, 0.0], [1.0, 0.0]]))
    alone = calibration.combined_covariance_m2(near[:1], np.ones(1))
    assert alone == pytest.approx(calibration.covariance_m2(near[:1])[0])
    stretch = np.sqrt(calibration.combined_covariance_m2(near, np.array([-1.0, 1.0]))[0, 0])
    assert stretch < 0.5 * np.sqrt(alone[0, 0])
    middle = calibration.px_of(calibration.place_of(near).mean(axis=0, keepdims=True))
    assert stretch == pytest.approx(calibration.speed_doubt_ratio(middle, np.array([[1.0, 0.0]]))[0], rel=0.01)


def test_the_shifts_of_its_errors_make_up_the_doubt_of_a_place() -> None:
    calibration, px = view(k1=-0.08), LOW_PX
    shifts_m = calibration.shared_shifts_m(px)
    np.testing.assert_allclose(shifts_m @ shifts_m.transpose(0, 2, 1), calibration.covariance_m2(px), rtol=1e-6, atol=1e-12)


def test_the_worst_direction_is_worse_than_any() -> None:
    calibration = calibrate(measured(camera(), 5, np.random.default_rng(3))).calibration
    worst = calibration.speed_doubt_ratio(LOW_PX)
    for angle in np.linspace(0, np.pi, 16, endpoint=False):
        ahead = np.tile([np.cos(angle), np.sin(angle)], (3, 1))
        assert (calibration.speed_doubt_ratio(LOW_PX, ahead) <= worst + 1e-12).all()


def test_pixel_noise_grows_with_distance() -> None:
    variance = view().pixel_covariance_m2(np.array([[640.0, 700.0], [640.0, 300.0]]), np.array([1.0, 1.0]))
    assert np.trace(variance[1]) > 10 * np.trace(variance[0])
    assert view().pixel_covariance_m2(LOW_PX, 2.0) == pytest.approx(4 * view().pixel_covariance_m2(LOW_PX, 1.0))


def test_points_in_degrees_tell_where_on_the_globe() -> None:
    pose, origin = camera(), GeoPoint(21.0, 105.8)
    m = place_of(pose, LOW_PX)
    corners = np.vstack([LOW_PX, [[640.0, 300.0], [300.0, 350.0]]])
    calibration = calibrate(points(corners, place_of(pose, corners), origin=origin)).calibration
    degrees = calibration.degrees_of(m)
    assert degrees is not None
    assert origin.plane_m(degrees) == pytest.approx(m, abs=1e-6)
    assert view().degrees_of(m) is None


def test_the_ground_is_never_seen_from_below() -> None:
    mirrored = view().homography * [[-1, 1, 1]]
    with pytest.raises(ValueError, match="mirrored"):
        replace(view(), homography=mirrored)


def test_no_number_that_is_none_gets_in() -> None:
    with pytest.raises(ValueError, match="a number that is none"):
        replace(view(), lens=np.array([np.nan, 0.0]))
    with pytest.raises(ValueError, match="wanted \\(3, 3\\)"):
        replace(view(), lens=np.zeros(3))


def test_the_true_lens_puts_the_ground_where_it_is() -> None:
    pose, px = camera(), np.array([[60.0, 690.0], [1250.0, 690.0], [640.0, 400.0]])
    calibration = view(k1=-0.08)
    assert calibration.px_of(place_of(pose, px, -0.08)) == pytest.approx(px, abs=1.0)
    assert px_of(pose, place_of(pose, px, -0.08), -0.08) == pytest.approx(px, abs=1e-6)
