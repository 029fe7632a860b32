"""Cameras with known truth, and reference points seen by them."""

from typing import Any

import numpy as np

from catseye.core.arrays import Doubles
from catseye.core.lens import bent, straightened
from catseye.station.demo.camera import CameraPose
from catseye.vision.reference_points import ReferencePoints

SIZE_PX = (1280, 720)
CENTRE_PX, RADIUS_PX = np.array(SIZE_PX) / 2, float(np.hypot(*SIZE_PX)) / 2


def camera(height_m: float = 9.0, tilt_deg: float = 25.0, focal_px: float = 1000.0, heading_deg: float = 20.0) -> CameraPose:
    return CameraPose((3.0, -12.0, height_m), heading_deg, tilt_deg, focal_px, SIZE_PX)


def place_of(pose: CameraPose, px: Doubles, k1: float = 0.0) -> Doubles:
    """The true ground (n, 2) of pixels (n, 2) behind a lens."""
    return pose.to_ground_m(straightened((px - CENTRE_PX) / RADIUS_PX, np.array([k1, 0.0])) * RADIUS_PX + CENTRE_PX)


def px_of(pose: CameraPose, m: Doubles, k1: float = 0.0) -> Doubles:
    """Where the lens shows ground points (n, 2)."""
    return bent((pose.ground_px(m) - CENTRE_PX) / RADIUS_PX, np.array([k1, 0.0])) * RADIUS_PX + CENTRE_PX


def spread_px(count: int, chance: np.random.Generator, pose: CameraPose) -> Doubles:
    """Pixels over the street, well spread: one in each cell of a grid, the corner cells first; none too near the horizon."""
    horizon = SIZE_PX[1] / 2 - pose.focal_px * np.tan(np.radians(pose.pitch_deg))
    top = max(0.0, float(horizon)) + 0.18 * SIZE_PX[1]
    cells = [(0, 0), (3, 0), (0, 3), (3, 3), (1, 1), (2, 2), (2, 1), (1, 2), (0, 1), (3, 2), (1, 3), (2, 0), (3, 1), (0, 2), (2, 3), (1, 0)]
    at = (np.array(cells[:count]) + chance.uniform(0.15, 0.85, (count, 2))) / 4
    return np.asarray(at * [SIZE_PX[0], SIZE_PX[1] - top] + [0, top])


def points(px: Doubles, m: Doubles, **said: Any) -> ReferencePoints:
    names = tuple(f"site.toml:{10 + nth}" for nth in range(len(px)))
    return ReferencePoints(np.asarray(px, np.float64), np.asarray(m, np.float64), names, "site.toml:9", **({"size_px": SIZE_PX, "may_bend": False} | said))


def measured(
    pose: CameraPose, count: int, chance: np.random.Generator, *, sigma_px: float = 1.0, sigma_m: float = 0.05, k1: float = 0.0, **said: Any
) -> ReferencePoints:
    """Points measured as well as they say."""
    px = spread_px(count, chance, pose)
    m = place_of(pose, px, k1)
    noisy = px + chance.normal(0, sigma_px, px.shape), m + chance.normal(0, sigma_m, m.shape)
    return points(*noisy, sigma_px=sigma_px, sigma_m=sigma_m, **said)


def any_camera(chance: np.random.Generator) -> CameraPose:
    """A road camera: on a pole or a bridge, 40° to 12° of view."""
    return camera(chance.uniform(5, 25), chance.uniform(12, 55), chance.uniform(800, 2600), chance.uniform(-180, 180))
