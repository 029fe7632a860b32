"""Radial lens distortion, the division model (Fitzgibbon 2001): straight = bent / (1 + k1 r² + k2 r⁴), r of the bent point.

Coordinates are centred on the picture and normalised: r = 1 in its corners. Barrel distortion, the usual one, has k1 < 0.
This way round the hot path, picture to ground, is closed.
"""

import numpy as np

from catseye.core.arrays import Doubles

_LEAST_DIVISOR = 0.05
_NEWTON_STEPS_COUNT = 8


def straightened(bent: Doubles, lens: Doubles) -> Doubles:
    """Where points (n, 2) would be without distortion (n, 2); NaN where the model ends (a wide lens, far outside its picture)."""
    if not lens.any():
        return bent
    return bent / _divisor(np.einsum("ij,ij->i", bent, bent), lens)[:, None]


def straightening(bent: Doubles, lens: Doubles) -> tuple[Doubles, Doubles]:
    """Derivatives of `straightened` by the point (n, 2, 2) and by k1, k2 (n, 2, 2)."""
    r2 = np.einsum("ij,ij->i", bent, bent)
    share = 1 / _divisor(r2, lens)
    slope = -(share**2) * (2 * lens[0] + 4 * lens[1] * r2)
    by_point = share[:, None, None] * np.eye(2) + slope[:, None, None] * bent[:, :, None] * bent[:, None, :]
    by_lens = -(share**2)[:, None, None] * bent[:, :, None] * np.stack([r2, r2**2], 1)[:, None, :]
    return by_point, by_lens


def bent(straight: Doubles, lens: Doubles) -> Doubles:
    """The inverse of `straightened`: (n, 2) to (n, 2); NaN where no point of the picture shows it."""
    if not lens.any():
        return straight
    wanted = np.hypot(straight[:, 0], straight[:, 1])
    k1, k2 = lens
    inside = 1 - 4 * k1 * wanted**2
    r = 2 * wanted / (1 + np.sqrt(np.where(inside > 0, inside, np.nan)))
    for _ in range(_NEWTON_STEPS_COUNT if k2 else 0):
        slope = 1 - wanted * (2 * k1 * r + 4 * k2 * r**3)
        r = r - (r - wanted * (1 + k1 * r**2 + k2 * r**4)) / np.where(np.abs(slope) > 1e-6, slope, np.nan)
    off = np.abs(r - wanted * _divisor(r**2, lens))
    r = np.where(off <= 1e-9 * (1 + wanted), r, np.nan)
    return straight * np.where(wanted > 0, r / np.where(wanted > 0, wanted, 1), 1.0)[:, None]


def _divisor(r2: Doubles, lens: Doubles) -> Doubles:
    divisor = 1 + r2 * (lens[0] + r2 * lens[1])
    return np.where(divisor > _LEAST_DIVISOR, divisor, np.nan)
