"""Bodies on the ground: corners, and whether two touch."""

import numpy as np

from catseye.core.arrays import Doubles


def footprint_m(x_m: float, y_m: float, heading_deg: float, length_m: float, width_m: float) -> Doubles:
    """Corners of a body on the ground, (4, 2): front left, front right, rear right, rear left."""
    angle = np.radians(heading_deg)
    ahead, right = np.array([np.sin(angle), np.cos(angle)]), np.array([np.cos(angle), -np.sin(angle)])
    reach = np.array([[1, -1], [1, 1], [-1, 1], [-1, -1]]) / 2 * [length_m, width_m]
    return np.asarray(np.array([x_m, y_m]) + reach[:, :1] * ahead + reach[:, 1:] * right)


def footprints_touch(one_m: Doubles, two_m: Doubles) -> bool:
    """Whether two rectangles (4, 2) share ground: no edge of either parts them."""
    axes = np.vstack([np.diff(one_m[:3], axis=0), np.diff(two_m[:3], axis=0)])
    first, second = one_m @ axes.T, two_m @ axes.T
    return bool(((first.max(0) > second.min(0)) & (second.max(0) > first.min(0))).all())
