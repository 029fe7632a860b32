"""Robust weighted least squares of constant acceleration, for many tracks over one window of moments at once: no object per track, a few products.

The plane is complex, x + iy: a place, a velocity and a residual are one number each. For row i and moment j at `offset_s[j]` from the moment asked for
    place[i, j] ≈ p + v·τ + a·τ²/2,   weight 1/σ², and a prior a ~ N(0, usual acceleration²)
so that two points, or a window that has one side only, give an answer whose doubt says how little it rests on.
Outliers lose their weight by distance in scales of the row (a flat core, then Hampel's taper to zero): Hampel et al., Robust Statistics, 1986.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from catseye.core.arrays import Doubles, Ints

Plane: TypeAlias = NDArray[np.complex128]

NOWHERE = complex(np.nan, np.nan)
CORE, REJECTED = 3.0, 6.0  # robust scales: full weight up to the one, none beyond the other
# Median of squared residuals over σ²: 1.386 for noise that is alike on both axes, 0.455 for noise on one (depth, seen obliquely). In between, so that neither
# an ordinary depth error is taken for an outlier (0.9 % beyond the core) nor much of an outlier for noise.
_MEDIAN_TO_VARIANCE = 0.6
_LEAST_SCALE = 0.5  # of the stated σ: points that lie closer than they claim are no reason to drop those that keep their word
_LEAST_COUNT = 5  # fewer points cannot outvote one another
_PRIOR_COUNT = 4.0  # the stated σ counts as much as so many residuals
_UNBOUNDED = 1e4  # a velocity, in planes' units a second, that is no prior at all
_SETTLED = 0.25  # trust that changes by less changes little
_STIFF = 0.25  # of the usual accelerations, in the look for outliers: what may bend freely bends towards them
_MOST_LEVERAGE = 0.95
_MOST_ROUNDS = 6  # of looking for outliers anew without those found
# Symmetric 3 × 3 matrices as [00 01 02 11 12 22]: factors of their cofactors, and where each lies in the whole matrix.
_PLUS_1, _PLUS_2 = np.array([3, 2, 1, 0, 1, 0]), np.array([5, 4, 4, 5, 2, 3])
_MINUS_1, _MINUS_2 = np.array([4, 1, 2, 2, 0, 1]), np.array([4, 5, 3, 2, 4, 1])
_TWICE = np.array([1.0, 2.0, 2.0, 1.0, 2.0, 1.0])
_WHOLE = np.array([0, 1, 2, 1, 3, 4, 2, 4, 5])


@dataclass(frozen=True, slots=True)
class LocalFit:
    """One row a track (m,): `place`, `velocity`, `accel` complex, each with its doubt on an axis, one sigma.

    `trust` (m, w) of each point, 0 to 1. `scale` (m,): how much larger than their stated σ residuals along the way are.
    """

    place: Plane
    velocity: Plane
    accel: Plane
    place_sigma: Doubles
    velocity_sigma: Doubles
    accel_sigma: Doubles
    trust: Doubles
    scale: Doubles


def fit_rows(
    offset_s: Doubles, place: Plane, weight: Doubles, trust: Doubles, accel_sigma: float, memory_s: float = 0.0, scale: Doubles | None = None
) -> LocalFit:
    """The fit of every row (m, w). `weight`: 1/σ² of each point, 0 where there is none.

    `trust` (m, w) and `scale` (m,) are what to begin with, best of the fit of the moment before: it is then soon settled.
    `memory_s`: how long the error of a point goes on in those after it; 0 for errors that are new in every point.
    """
    basis = _basis(offset_s)
    products = basis[:, [0, 0, 0, 1, 1, 2]] * basis[:, [0, 1, 2, 1, 2, 2]]
    bases = basis, products, (products * _TWICE).T
    inflation = _inflation(offset_s, basis, memory_s) if memory_s else np.ones(3)
    scale = np.ones(len(place)) if scale is None else scale
    over = weight / np.square(scale)[:, None]
    count = np.count_nonzero(weight, axis=1)
    _, spread, residual = _solved(bases, place, over * trust, accel_sigma * _STIFF)
    trust = trusted(residual, weight, over * trust, spread @ bases[2], count)
    answer, spread, residual = _solved(bases, place, over * trust, accel_sigma)
    found, rows = trusted(residual, weight, over * trust, spread @ bases[2], count), np.arange(len(place))
    for _ in range(_MOST_ROUNDS):
        rows = rows[(np.abs(found[rows] - trust[rows]) > _SETTLED).any(1)]
        if not len(rows):
            break
        trust[rows] = found[rows]
        weighted = over[rows] * trust[rows]
        answer[rows], spread[rows], residual[rows] = _solved(bases, place[rows], weighted, accel_sigma)
        found[rows] = trusted(residual[rows], weight[rows], weighted, spread[rows] @ bases[2], count[rows])
    spent = inflation[0] + inflation[1] + inflation[2] * (1.0 - spread[:, 5] / accel_sigma**2)
    along = _scale_along(answer[:, 1], residual, weight * trust, (trust * (weight > 0)).sum(1) - spent)
    sigma = np.sqrt(spread[:, [0, 3, 5]] * inflation) * (along / scale)[:, None]
    return LocalFit(answer[:, 0], answer[:, 1], answer[:, 2], sigma[:, 0], sigma[:, 1], np.minimum(sigma[:, 2], accel_sigma), trust, along)


def _basis(offset_s: Doubles) -> Doubles:
    """1, τ, τ²/2 (w, 3)."""
    basis = np.empty((len(offset_s), 3))
    basis[:, 0], basis[:, 1], basis[:, 2] = 1.0, offset_s, 0.5 * offset_s * offset_s
    return basis


def _inflation(offset_s: Doubles, basis: Doubles, memory_s: float) -> Doubles:
    """How much more the variances of place, velocity and acceleration are (3,) than if errors were new in every point, for errors that fade with `memory_s`."""
    contrast = np.linalg.qr(basis)[0]
    alike = np.exp(-np.abs(offset_s[:, None] - offset_s) / memory_s)
    return np.asarray((contrast * (alike @ contrast)).sum(0), np.float64)


def _solved(bases: tuple[Doubles, Doubles, Doubles], place: Plane, weight: Doubles, accel_sigma: float) -> tuple[Plane, Doubles, Plane]:
    """Place, velocity and acceleration (m, 3), upper half of their covariance (m, 6), residuals (m, w)."""
    basis, products, _ = bases
    matrix = weight @ products
    matrix[:, 3] += _UNBOUNDED**-2
    matrix[:, 5] += accel_sigma**-2
    cofactor = matrix[:, _PLUS_1] * matrix[:, _PLUS_2] - matrix[:, _MINUS_1] * matrix[:, _MINUS_2]
    determinant = (matrix[:, :3] * cofactor[:, :3]).sum(1)
    spread = cofactor / np.maximum(determinant, 1e-300)[:, None]  # a row without points gets zeros for its place
    answer = (spread[:, _WHOLE].reshape(-1, 3, 3) * ((weight * place) @ basis)[:, None]).sum(2)
    return answer, spread, place - answer @ basis.T


def trusted(residual: Plane, weight: Doubles, used: Doubles, share: Doubles, count: Ints) -> Doubles:
    """Trust by studentised residuals: a point at the end of a window pulls the fit towards itself. `used`: weights of the fit, `share`: its variance there."""
    square = (residual.real**2 + residual.imag**2) * weight / (1.0 - np.minimum(used * share, _MOST_LEVERAGE))
    ordered = np.sort(np.where(weight > 0, square, np.inf), axis=1)
    middle = ordered[np.arange(len(count)), np.maximum(count - 1, 0) // 2]
    few = count < _LEAST_COUNT
    scale = np.sqrt(np.maximum(np.where(few, np.inf, middle / _MEDIAN_TO_VARIANCE), _LEAST_SCALE**2))
    distance = np.maximum(np.sqrt(square) / scale[:, None], CORE)
    return np.asarray(np.maximum((REJECTED / distance - 1.0) * (CORE / (REJECTED - CORE)), 0.0), np.float64)


def _scale_along(velocity: Plane, residual: Plane, weight: Doubles, free: Doubles) -> Doubles:
    """Root mean square of residuals along the way, over their σ; the stated σ speaks too, so that few points do not claim to be exact by chance."""
    way = (np.conj(velocity) / np.maximum(np.abs(velocity), 1e-12))[:, None]
    along = (residual * way).real
    square = (weight * along * along).sum(1)
    return np.asarray(np.sqrt((_PRIOR_COUNT + square) / (_PRIOR_COUNT + np.maximum(free, 0.0))), np.float64)
