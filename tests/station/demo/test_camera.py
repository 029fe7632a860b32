"""The demo's camera: metres to pixels and back."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.core.errors import SiteError
from catseye.station.demo.camera import CameraPose

POSE = CameraPose((2.0, -30.0, 12.0), 0.0, 30.0, 500.0, (640, 360))
METRES = st.floats(-40, 40)


def test_what_the_axis_meets_lies_in_the_middle() -> None:
    ahead_m = 12.0 / np.tan(np.radians(30))
    assert POSE.ground_px(np.array([[2.0, -30.0 + ahead_m]])) == pytest.approx(np.array([[320.0, 180.0]]))


def test_east_is_right_and_north_is_up_for_a_camera_that_looks_north() -> None:
    middle, east, north = POSE.ground_px(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    assert east[0] > middle[0]
    assert north[1] < middle[1]


@given(METRES, METRES, st.floats(-60, 60), st.floats(15, 80))
def test_the_ground_comes_back_from_its_pixels(x_m: float, y_m: float, yaw_deg: float, pitch_deg: float) -> None:
    pose = CameraPose((0.0, -60.0, 15.0), yaw_deg, pitch_deg, 600.0, (640, 360))
    _, depth_m = pose.project(np.array([[x_m, y_m, 0.0]]))
    if depth_m[0] > 0.5:
        assert pose.to_ground_m(pose.ground_px(np.array([[x_m, y_m]]))) == pytest.approx(np.array([[x_m, y_m]]), abs=1e-6)


def test_nothing_above_the_horizon_is_ground() -> None:
    assert np.isnan(CameraPose((0.0, 0.0, 10.0), 0.0, 0.0, 500.0, (640, 360)).to_ground_m(np.array([[320.0, 100.0]]))).all()


def test_what_lies_behind_the_camera_has_no_pixels() -> None:
    assert np.isnan(POSE.ground_px(np.array([[0.0, -90.0]]))).all()


def test_a_camera_under_the_ground_is_refused() -> None:
    with pytest.raises(ValueError, match="height"):
        CameraPose((0.0, 0.0, -1.0), 0.0, 30.0, 500.0, (640, 360))


POSES = st.builds(
    CameraPose.mounted,
    st.floats(3, 30),
    st.floats(5, 80),
    at_m=st.tuples(st.floats(-50, 50), st.floats(-50, 50)),
    pan_deg=st.floats(0, 360),
    roll_deg=st.floats(-15, 15),
    focal_mm=st.floats(5, 16),
    size_px=st.sampled_from([(640, 480), (352, 288), (1280, 720)]),
    k1_ratio=st.floats(-0.2, 0.1),
    k2_ratio=st.floats(0, 0.08),
)


@given(POSES, st.floats(0, 1), st.floats(0, 1))
def test_a_pixel_and_its_ground_are_one_another_whatever_the_pose_and_the_lens(pose: CameraPose, across: float, down: float) -> None:
    px = np.array([[across * pose.size_px[0], down * pose.size_px[1]]])
    ground_m = pose.to_ground_m(px)
    if np.isfinite(ground_m).all() and np.hypot(*(ground_m[0] - pose.position_m[:2])) < 500:
        assert pose.ground_px(ground_m) == pytest.approx(px, abs=1e-4)


@given(POSES)
def test_reference_points_are_exact_inside_the_picture_and_spread(pose: CameraPose) -> None:
    px, ground_m = pose.reference_points(12, most_away_m=200, seed=3)
    assert px.shape == ground_m.shape == (12, 2)
    assert pose.contains(px).all()
    assert pose.ground_px(ground_m) == pytest.approx(px, abs=1e-4)
    assert np.ptp(px, axis=0).min() > 0.08 * min(pose.size_px)


@given(POSES, st.floats(-40, 40), st.floats(5, 90))
def test_a_homography_says_what_a_lens_without_distortion_does(pose: CameraPose, x_m: float, y_m: float) -> None:
    straight = replace(pose, k1_ratio=0.0, k2_ratio=0.0)
    ground_m = np.array([[x_m, y_m]])
    if straight.project(np.array([[x_m, y_m, 0.0]]))[1][0] > 0.5:
        lifted = straight.homography @ np.array([x_m, y_m, 1.0])
        assert straight.ground_px(ground_m)[0] == pytest.approx(lifted[:2] / lifted[2], rel=1e-6, abs=1e-4)


def test_a_lens_bends_what_open_cv_bends() -> None:
    pose = CameraPose.mounted(8, 25, focal_mm=4, k1_ratio=-0.28, k2_ratio=0.07)
    straight = CameraPose.mounted(8, 25, focal_mm=4)
    ground_m = straight.to_ground_m(np.array([[60.0, 440.0], [320.0, 240.0], [600.0, 300.0]]))
    inner = np.array([[pose.focal_px, 0, 320], [0, pose.focal_px, 240], [0, 0, 1]])
    points_m = np.column_stack([ground_m, np.zeros(3)])
    turn, _ = cv2.Rodrigues(pose.axes)
    told, _ = cv2.projectPoints(points_m, turn, -pose.axes @ np.array(pose.position_m), inner, np.array([-0.28, 0.07, 0, 0]))
    assert pose.ground_px(ground_m) == pytest.approx(told.reshape(-1, 2), abs=1e-6)


def test_a_camera_that_rolls_to_the_right_sees_the_right_of_a_level_line_higher() -> None:
    pose = CameraPose.mounted(10, 30, roll_deg=5)
    left, right = pose.ground_px(np.array([[-4.0, 15.0], [4.0, 15.0]]))
    assert right[1] < left[1]


def test_what_the_installer_knows_makes_the_focal_length() -> None:
    assert CameraPose.mounted(6, 20, focal_mm=8, sensor_width_mm=4.8, size_px=(960, 540)).focal_px == pytest.approx(1600)


def test_a_lens_that_folds_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="folds"):
        CameraPose.mounted(6, 20, focal_mm=2.8, k1_ratio=-0.6)


def test_no_reference_points_where_only_sky_is() -> None:
    with pytest.raises(SiteError, match="0 of 4"):
        CameraPose((0.0, 0.0, 5.0), 0.0, -60.0, 800.0, (640, 480)).reference_points(4)
