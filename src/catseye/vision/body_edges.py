"""Edges of boxes around bodies, as a calibrated camera sees them, and what moves them: what places and sizes are found by."""

from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Doubles, Ints
from catseye.core.calibration import Calibration
from catseye.core.lens import bent, straightened, straightening
from catseye.vision.camera_geometry import CameraGeometry

OUTWARD = np.array([-1.0, -1.0, 1.0, 1.0])
_AXES = np.array([0, 1, 0, 1])


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The camera as columns: x · `east` + y · `north` + z · `up` + `base` is a point's homogeneous place (3,) in the straight, normalised picture."""

    east: Doubles
    north: Doubles
    up: Doubles
    up_by_focal: Doubles
    base: Doubles
    calibration: Calibration

    @classmethod
    def of(cls, calibration: Calibration, geometry: CameraGeometry) -> "View":
        """`up_by_focal` is one sigma of what the focal length may change in `up`."""
        east, north = calibration.homography[:, :2].T / calibration.radius_m
        base = calibration.homography[:, 2] - east * calibration.centre_m[0] - north * calibration.centre_m[1]
        up, by_focal = geometry.up / calibration.radius_m, geometry.up_by_focal / calibration.radius_m * geometry.focal_sigma_ratio
        return cls(east, north, up, by_focal, base, calibration)

    def places_of(self, box: Doubles, height_m: Doubles) -> Doubles:
        """Where the middles of boxes (n, 4) are if they are `height_m` (n,) above the ground, (n, 2); NaN above the horizon."""
        calibration = self.calibration
        normal = ((box[:, :2] + box[:, 2:]) / 2 - calibration.centre_px) / calibration.radius_px
        ray = np.column_stack([straightened(normal, calibration.lens), np.ones(len(box))])
        planes = np.empty((len(box), 3, 3))
        planes[:, :, 0], planes[:, :, 1] = self.east, self.north
        planes[:, :, 2] = self.base + height_m[:, None] * self.up
        found = np.linalg.solve(planes, np.nan_to_num(ray)[:, :, None])[:, :, 0]
        ahead = np.isfinite(ray).all(axis=1) & (found[:, 2] > 1e-12)
        return np.asarray(np.where(ahead[:, None], found[:, :2] / np.where(ahead, found[:, 2], 1.0)[:, None], np.nan), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Turned:
    """Which way each road user faces (n, 2), and its outline (n, k, 3)."""

    ahead: Doubles
    outline_ratio: Doubles


def edges_seen(view: View, body: Turned, sought: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """Edges (n, 4) of the boxes around bodies, pixels; their slopes by x, y, length, width, height (n, 4, 5); what one sigma of focal length moves (n, 4)."""
    calibration, outline = view.calibration, body.outline_ratio
    ahead = body.ahead @ np.stack([view.east, view.north])
    left = np.stack([-body.ahead[:, 1], body.ahead[:, 0]], axis=1) @ np.stack([view.east, view.north])
    middle = view.base + sought[:, :1] * view.east + sought[:, 1:2] * view.north
    reach = outline * sought[:, None, 2:]
    directions = np.stack([ahead, left, np.broadcast_to(view.up, ahead.shape)], axis=1)
    seen = middle[:, None] + reach @ directions
    depth = np.where(seen[..., 2] > 1e-9, seen[..., 2], np.nan)
    straight = seen[..., :2] / depth[..., None]
    picture = bent(straight.reshape(-1, 2), calibration.lens).reshape(straight.shape)
    corner = _outermost(picture)
    rows = np.arange(len(sought))[:, None]
    at, share, away = picture[rows, corner], outline[rows, corner], depth[rows, corner]
    towards = np.concatenate([np.broadcast_to(np.stack([view.east, view.north]), (*corner.shape, 2, 3)), share[..., None] * directions[:, None]], axis=2)
    towards = np.concatenate([towards, (share[..., 2] * sought[:, 4:])[..., None, None] * view.up_by_focal], axis=2)
    slope = (towards[..., :2] - straight[rows, corner][:, :, None] * towards[..., 2:]) / away[..., None, None]
    if calibration.lens.any():
        slope = slope @ np.linalg.inv(_whole(straightening(at.reshape(-1, 2), calibration.lens)[0])).reshape(*corner.shape, 2, 2).transpose(0, 1, 3, 2)
    radius = np.array(calibration.radius_px)[_AXES]
    edges = at[:, np.arange(4), _AXES] * radius + np.array(calibration.centre_px)[_AXES]
    slope = slope[:, np.arange(4), :, _AXES].transpose(1, 0, 2) * radius[:, None]
    return edges, slope[..., :5], slope[..., 5]


def _outermost(picture: Doubles) -> Ints:
    """Which points of each outline (n, k, 2) make the left, top, right and bottom edge, (n, 4)."""
    return np.concatenate([picture.argmin(axis=1), picture.argmax(axis=1)], axis=1)


def _whole(matrices: Doubles) -> Doubles:
    """Unit matrices in place of what is none."""
    return np.where(np.isfinite(matrices).all(axis=(1, 2), keepdims=True), matrices, np.eye(2))
