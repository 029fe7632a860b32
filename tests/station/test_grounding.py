"""Where a box has no place on the ground, nothing is said of its doubt either: files hold no infinity."""

import numpy as np

from catseye.core.calibration import Calibration
from catseye.core.road_user import RoadUser
from catseye.station.grounding import Grounding
from catseye.vault.batches import PointBatch

CAR = RoadUser.CAR.code


def down_the_road() -> Calibration:
    """A camera 6 m up that looks 15 m ahead: the horizon lies in the upper half of its 640×360 picture."""
    tilt, focal_px, height_m = np.arctan2(6.0, 15.0), 500.0, 6.0
    right, down = np.array([1.0, 0.0, 0.0]), np.array([0.0, -np.sin(tilt), -np.cos(tilt)])
    ahead = np.array([0.0, np.cos(tilt), -np.sin(tilt)])
    view = np.stack([right, down, ahead])
    ground = np.column_stack([view[:, 0], view[:, 1], view @ np.array([0.0, 0.0, -height_m])])
    homography = np.diag([focal_px / 320, focal_px / 320, 1.0]) @ ground
    covariance = np.eye(10) * 1e-8
    return Calibration(homography / homography[2, 2], np.zeros(2), covariance, (320.0, 180.0), (320.0, 320.0), (0.0, 0.0), 1.0, (640, 360))


def test_a_box_above_the_horizon_has_no_place_and_no_doubt() -> None:
    box_px = np.array([[280.0, 150.0, 360.0, 210.0], [300.0, -90.0, 330.0, -70.0]], np.float32)
    grounded = Grounding(down_the_road()).of(np.array([1, 2]), box_px, np.array([CAR, CAR], np.uint8))
    known = np.isfinite(grounded.place_m).all(1)
    assert known.tolist() == [True, False]
    for column in (grounded.sigma_m, grounded.noise_m, grounded.speed_doubt_ratio):
        assert np.isfinite(column[0])
        assert np.isnan(column[1])
    sizes = grounded.length_m, grounded.width_m
    PointBatch("cam", np.arange(2), np.full(2, CAR, np.uint8), np.zeros(2, np.int64), np.zeros((2, 2), np.float32), grounded.place_m, grounded.sigma_m, *sizes)
