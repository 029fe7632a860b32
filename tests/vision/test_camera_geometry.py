"""Where the camera stands, from its view of the ground."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vision.views import SIZE_PX, any_camera, camera, measured, place_of, points, spread_px

from catseye.station.demo.camera import CameraPose
from catseye.vision.calibrate import calibrate
from catseye.vision.camera_geometry import CameraGeometry, geometry_of


def geometry(pose: CameraPose, count: int = 12, seed: int = 0) -> CameraGeometry:
    px = spread_px(count, np.random.default_rng(seed), pose)
    found = geometry_of(calibrate(points(px, place_of(pose, px))).calibration)
    assert found is not None
    return found


def test_the_camera_is_where_it_was_put() -> None:
    found = geometry(camera(9.0, 25.0, 1000.0, 20.0))
    assert (found.height_m, found.tilt_deg, found.roll_deg, found.heading_deg) == pytest.approx((9.0, 25.0, 0.0, 20.0), abs=0.05)
    assert found.position_m == pytest.approx((3.0, -12.0), abs=0.05)
    assert found.focal_px == pytest.approx(1000, rel=0.003)
    assert found.doubt == ""


def test_height_and_focal_length_are_known_as_well_as_they_say() -> None:
    """Doubts are those of the fit made linear, so tails are heavier than a bell's: nearly all truths within two of them, one in some hundred beyond five."""
    off = []
    for seed in range(120):
        chance = np.random.default_rng(seed)
        pose = any_camera(chance)
        found = geometry_of(calibrate(measured(pose, 10, chance)).calibration)
        assert found is not None
        by_focal = np.log(found.focal_px / pose.focal_px) / found.focal_sigma_ratio
        off.append([by_focal, (found.height_m - pose.position_m[2]) / found.height_sigma_m, (found.tilt_deg - pose.pitch_deg) / found.tilt_sigma_deg])
    within = (np.abs(off) < 2).mean(axis=0)
    assert (within > 0.9).all(), within
    assert (np.abs(off) < 5).mean() > 0.99


def test_straight_down_the_focal_length_cannot_be_told_and_it_says_so() -> None:
    pose = CameraPose((0.0, 0.0, 20.0), 0.0, 90.0, 900.0, SIZE_PX)
    px = np.array([[100.0, 100], [1200, 80], [1180, 650], [90, 600], [640, 300], [300, 400]])
    found = geometry_of(calibrate(points(px, pose.to_ground_m(px))).calibration)
    assert found is not None
    assert found.doubt.startswith("a view so near to straight down cannot tell the focal length")
    assert found.height_sigma_m > 0.3 * found.height_m


def test_without_the_size_of_the_picture_nothing_is_said() -> None:
    pose = camera()
    px = spread_px(6, np.random.default_rng(0), pose)
    assert geometry_of(calibrate(points(px, place_of(pose, px), size_px=None)).calibration) is None


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=50)
def test_the_column_of_height_puts_a_post_where_the_camera_sees_it(seed: int) -> None:
    pose = any_camera(np.random.default_rng(seed))
    px = spread_px(12, np.random.default_rng(seed), pose)
    calibration = calibrate(points(px, place_of(pose, px))).calibration
    found = geometry_of(calibration)
    assert found is not None
    foot_m = place_of(pose, np.array([[640.0, 500.0]]))[0]
    ground = (foot_m - calibration.centre_m) / calibration.radius_m
    seen = calibration.homography @ [*ground, 1.0] + found.up * 2.0 / calibration.radius_m
    top_px = seen[:2] / seen[2] * calibration.radius_px + calibration.centre_px
    true_px = pose.project(np.array([[*foot_m, 2.0]]))[0][0]
    assert np.hypot(*(top_px - true_px)) < 0.05 * (500 - true_px[1])
