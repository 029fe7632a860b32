"""Where a camera stands and how it looks, from its view of the ground: square pixels and an axis through the picture's middle are assumed.

Zhang 2000, section 3.1: the two columns of a homography are images of two unit vectors at a right angle. Two equations, one unknown: the focal length.
Where they say little (a camera that looks straight down) the prior says the rest, and `doubt` says so.
"""

from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Doubles
from catseye.core.calibration import Calibration

_LIKELY_FOCAL, _LIKELY_SIGMA = 1.8, 0.6  # of the focal length in half diagonals, and of its logarithm: 100° to 15° of view
_MODEL_SIGMA = 0.01  # what an axis some 2 % off the middle does to the equations
_GRID = np.log(np.geomspace(0.25, 40, 400))
_SURE_RATIO = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class CameraGeometry:
    """One camera over its street. Angles: `tilt_deg` down from level, `roll_deg` clockwise of its picture, `heading_deg` clockwise from north (y).

    `position_m` on the ground below it; `doubt` says why the focal length (and with it the height) is not told by the points, empty where it is.
    `up` (3,): the homography's missing column, what a normalised unit of height adds; `up_by_focal` (3,): its derivative by the focal length's logarithm.
    `skew_sigmas_ratio`: how many sigmas the view is away from that of any camera with square pixels.
    """

    focal_px: float
    focal_sigma_ratio: float
    height_m: float
    height_sigma_m: float
    tilt_deg: float
    tilt_sigma_deg: float
    roll_deg: float
    heading_deg: float
    position_m: tuple[float, float]
    up: Doubles
    up_by_focal: Doubles
    skew_sigmas_ratio: float
    doubt: str = ""


def geometry_of(calibration: Calibration) -> CameraGeometry | None:
    """The most likely camera; None where the picture's size was never told, so that nobody knows its middle."""
    if calibration.size_px is None:
        return None
    homography, spread = calibration.homography, calibration.covariance[:8, :8]
    misfits = _misfits(homography, spread, _GRID)
    costs = misfits + np.square((_GRID - np.log(_LIKELY_FOCAL)) / _LIKELY_SIGMA)
    at = int(np.clip(costs.argmin(), 1, len(_GRID) - 2))
    step = float(_GRID[1] - _GRID[0])
    left, middle, right = costs[at - 1 : at + 2].tolist()
    bend = max(left - 2 * middle + right, 1e-9)
    log_focal = float(_GRID[at]) + step * float(np.clip((left - right) / 2 / bend, -1, 1))
    sigma = step * float(np.sqrt(2 / bend))
    return _camera(calibration, log_focal, sigma, float(np.sqrt(misfits[at])))


def least_skew(homography: Doubles) -> float:
    """How far the view is from that of any camera with square pixels: 0.1 is 10 % between the lengths of two axes, or 6° between them."""
    return float(np.hypot(*np.moveaxis(_skews(homography, _GRID), -1, 0)).min())


def _camera(calibration: Calibration, log_focal: float, sigma: float, skew: float) -> CameraGeometry:
    def stand(log_focal: float, homography: Doubles = calibration.homography) -> Doubles:
        rotation, place, up = _pose(homography, log_focal)
        return np.concatenate([[place[2], np.arcsin(np.clip(-rotation[2, 2], -1, 1))], up])

    rotation, place, up = _pose(calibration.homography, log_focal)
    by_focal = (stand(log_focal + 1e-4) - stand(log_focal - 1e-4)) / 2e-4
    by_view = np.array([(stand(log_focal, _nudged(calibration.homography, nth, 1e-6)) - stand(log_focal))[:2] / 1e-6 for nth in range(8)]).T
    variance = np.diag(by_view @ calibration.covariance[:8, :8] @ by_view.T) + (by_focal[:2] * sigma) ** 2
    middle = calibration.place_of(np.array([calibration.centre_px]))[0]
    doubt = ""
    if sigma > _SURE_RATIO:
        why = "a view so near to straight down" if np.isfinite(middle).all() and rotation[2, 2] < -0.95 else "the reference points"
        doubt = f"{why} cannot tell the focal length (±{100 * sigma:.0f} %)"
    return CameraGeometry(
        focal_px=float(np.exp(log_focal)) * float(np.mean(calibration.radius_px)),
        focal_sigma_ratio=sigma,
        height_m=float(place[2]) * calibration.radius_m,
        height_sigma_m=float(np.sqrt(variance[0])) * calibration.radius_m,
        tilt_deg=float(np.degrees(np.arcsin(np.clip(-rotation[2, 2], -1, 1)))),
        tilt_sigma_deg=float(np.degrees(np.sqrt(variance[1]))),
        roll_deg=float(np.degrees(np.arctan2(rotation[0, 2], -rotation[1, 2]))),
        heading_deg=float(np.degrees(np.arctan2(rotation[2, 0], rotation[2, 1])) % 360),
        position_m=(
            float(place[0]) * calibration.radius_m + calibration.centre_m[0],
            float(place[1]) * calibration.radius_m + calibration.centre_m[1],
        ),
        up=up,
        up_by_focal=by_focal[2:],
        skew_sigmas_ratio=skew,
        doubt=doubt,
    )


def _pose(homography: Doubles, log_focal: float) -> tuple[Doubles, Doubles, Doubles]:
    """Rotation (3, 3) whose rows are right, down, ahead; the camera's place (3,) in normalised ground units; the column of height (3,)."""
    lens = np.array([np.exp(log_focal), np.exp(log_focal), 1.0])
    columns = homography / lens[:, None]
    scale = float(np.sqrt(np.linalg.norm(columns[:, 0]) * np.linalg.norm(columns[:, 1])))
    one, other = columns[:, 0] / scale, columns[:, 1] / scale
    left, _, right = np.linalg.svd(np.column_stack([one, other, np.cross(one, other)]))
    rotation = left @ right
    return rotation, -rotation.T @ (columns[:, 2] / scale), lens * rotation[:, 2] * scale


def _misfits(homography: Doubles, spread: Doubles, log_focals: Doubles) -> Doubles:
    """Squared sigmas (g,) by which the two equations fail at each focal length."""
    off = _skews(homography, log_focals)
    slope = np.stack([(_skews(_nudged(homography, nth, 1e-6), log_focals) - off) / 1e-6 for nth in range(8)], axis=2)
    variance = slope @ spread @ slope.transpose(0, 2, 1) + _MODEL_SIGMA**2 * np.eye(2)
    a, b, c, d = np.moveaxis(variance.reshape(-1, 4), 1, 0)
    determinant = np.maximum(a * d - b * c, 1e-12 * (a + d) ** 2)
    return np.asarray((d * off[:, 0] ** 2 - (b + c) * off[:, 0] * off[:, 1] + a * off[:, 1] ** 2) / determinant, np.float64)


def _skews(homography: Doubles, log_focals: Doubles) -> Doubles:
    """What is 0 for the right focal length, (g, 2): the cosine between the two ground axes, and the logarithm of their ratio."""
    weights = np.stack([np.exp(-2 * log_focals), np.exp(-2 * log_focals), np.ones(len(log_focals))], axis=1)
    one, other = homography[:, 0], homography[:, 1]
    squares = weights @ one**2, weights @ other**2
    return np.stack([weights @ (one * other) / np.sqrt(squares[0] * squares[1]), np.log(squares[0] / squares[1]) / 2], axis=1)


def _nudged(homography: Doubles, nth: int, by: float) -> Doubles:
    nudged = homography.copy()
    nudged[nth // 3, nth % 3] += by
    return nudged
