"""Least squares of a plane seen through a lens, on normalised columns: the start, the fit, and which points agree."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from scipy.special import fdtri

from catseye.core.arrays import Bools, Doubles, Ints
from catseye.core.calibration import PARAMETERS_COUNT, homography_slope
from catseye.core.lens import bent, straightening

TRUST_COUNT = 4.0  # the stated doubts weigh as much as so many redundant coordinates
LENS_SIGMA = 0.5  # of k1 and k2 once they are fitted: no more than a fence
_FEW_COUNT = 1.3  # an estimated variance is itself in doubt: what Student's distribution adds to the ellipse of 95 %, nearly
_SUBSETS_MOST_COUNT = 1500
_STEPS_MOST_COUNT = 60
_WHOLE_CHANCE_RATIO, _POINT_CHANCE_RATIO = 0.01, 0.05  # of finding fault where there is none: with all points, with any one of them once there is


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Reference points in normalised coordinates: `picture` (n, 2) as seen, `ground` (n, 2); `sigma_picture`, `sigma_ground` on each axis."""

    picture: Doubles
    ground: Doubles
    sigma_picture: float
    sigma_ground: float

    def __len__(self) -> int:
        """How many."""
        return len(self.picture)

    def keep(self, which: Bools | Ints) -> "Points":
        """The chosen ones."""
        return Points(self.picture[which], self.ground[which], self.sigma_picture, self.sigma_ground)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A fit: `theta` (10,) eight of the homography, k1, k2; `lens_count` of the latter were free; `chi2` the weighted squares left over.

    `unit2`: by how much the stated variances must be multiplied, the stated ones counting as `TRUST_COUNT` observations.
    `normal` (10, 10), `pull` (10,): the weighted normal matrix and its right-hand side, without priors; a lens that was not free still pulls.
    """

    theta: Doubles
    lens_count: int
    chi2: float
    redundancy_count: int
    normal: Doubles
    pull: Doubles

    @property
    def unit2(self) -> float:
        """See the class. Where the residuals alone say more, they are believed: a doubt stated too small is the fault that matters."""
        mixed = (TRUST_COUNT + self.chi2) / (TRUST_COUNT + self.redundancy_count)
        return max(mixed, self.chi2 / self.redundancy_count if self.redundancy_count else 0.0)

    @property
    def homography(self) -> Doubles:
        """(3, 3), last element 1."""
        return np.append(self.theta[:8], 1.0).reshape(3, 3)

    def covariance(self, lens_sigma: float) -> Doubles:
        """Of all ten parameters; a lens that was not fitted is 0 within `lens_sigma` (k1; k2 is then 0 for good).

        It was taken for 0 all the same: how far the points pull it from there is added as a doubt.
        """
        sigmas = [LENS_SIGMA, LENS_SIGMA] if self.lens_count == 2 else [LENS_SIGMA if self.lens_count else lens_sigma, 0.0]
        free = [*range(8), *(8 + nth for nth, sigma in enumerate(sigmas) if sigma > 0)]
        prior = np.diag([0.0] * 8 + [self.unit2 / sigma**2 if sigma else 0.0 for sigma in sigmas])
        covariance = np.zeros((PARAMETERS_COUNT, PARAMETERS_COUNT))
        inverse = np.linalg.inv((self.normal + prior)[np.ix_(free, free)])
        pulled = inverse @ self.pull[free] if not self.lens_count else np.zeros(len(free))
        few = 1 + _FEW_COUNT / (TRUST_COUNT + self.redundancy_count) if self.redundancy_count else 1.0
        covariance[np.ix_(free, free)] = (inverse + inverse.T) / 2 * self.unit2 * few + np.outer(pulled, pulled)
        return covariance


def model(theta: Doubles, ground: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """Where ground points (n, 2) are seen (n, 2), with derivatives by the parameters (n, 2, 10) and by the ground (n, 2, 2). NaN where nothing is seen."""
    homography, lens = np.append(theta[:8], 1.0).reshape(3, 3), theta[8:]
    seen = ground @ homography[:, :2].T + homography[:, 2]
    depth = np.where(seen[:, 2] > 1e-9, seen[:, 2], np.nan)
    straight = seen[:, :2] / depth[:, None]
    picture = bent(straight, lens)
    by_point, by_lens = straightening(picture, lens)
    back = _inverse(by_point)
    by_ground = back @ ((homography[:2, :2] - straight[:, :, None] * homography[2, :2]) / depth[:, None, None])
    return picture, np.concatenate([back @ homography_slope(homography, ground), -back @ by_lens], axis=2), by_ground


def fit(points: Points, lens_count: int, start: Doubles | None = None) -> Fit | None:
    """Levenberg and Marquardt's descent on the picture error, each point weighted by what its doubts (picture, and ground as seen) come to.

    None when no view from above shows all the points.
    """
    theta = start_of(points) if start is None else start.copy()
    if theta is None:
        return None
    free = 8 + lens_count
    fence = np.diag([0.0] * 8 + [LENS_SIGMA**-2] * lens_count)
    damping, state = 1e-3, _weighted(theta, points, None)
    if state is None:
        return None
    for _ in range(_STEPS_MOST_COUNT):
        residual, slope, weight = state
        normal = np.einsum("nip,nij,njq->pq", slope[..., :free], weight, slope[..., :free]) + fence
        pull = np.einsum("nip,nij,nj->p", slope[..., :free], weight, residual) - fence @ theta[:free]
        step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), pull)
        nearer = theta.copy()
        nearer[:free] += step
        before = _cost(residual, weight, theta[:free], fence)
        tried = _weighted(nearer, points, weight)
        if tried is None or _cost(tried[0], weight, nearer[:free], fence) > before * (1 + 1e-12):
            damping *= 10
            if damping > 1e12:
                break
            continue
        theta, damping = nearer, max(damping / 10, 1e-12)
        fresh = _weighted(theta, points, None)
        state = fresh if fresh is not None else tried
        if np.abs(step).max() < 1e-11 * (1 + np.abs(theta[:free]).max()):
            break
    residual, slope, weight = state
    normal = np.einsum("nip,nij,njq->pq", slope, weight, slope)
    chi2 = float(np.einsum("ni,nij,nj->", residual, weight, residual))
    return Fit(theta, lens_count, chi2, 2 * len(points) - free, normal, np.einsum("nip,nij,nj->p", slope, weight, residual))


def start_of(points: Points) -> Doubles | None:
    """The direct linear transform (Hartley and Zisserman 2003, 4.1) without a lens; None when some point would lie behind the camera."""
    theta = np.zeros(PARAMETERS_COUNT)
    homography = _direct(points.picture[None], points.ground[None])[0]
    if homography is None or not np.isfinite(homography).all():
        return None
    theta[:8] = homography.ravel()[:8]
    depth = points.ground @ homography[2, :2] + 1.0
    return theta if bool((depth > 1e-6).all()) else None


def deviations(found: Fit, points: Points) -> Doubles:
    """Squared deviation of each point (n,) from a fit it had no part in, over its expected variance: F(2, ·) distributed; infinite where nothing is seen."""
    picture, slope, by_ground = model(found.theta, points.ground)
    free = 8 + found.lens_count
    spread = np.linalg.pinv(found.normal[:free, :free])
    own = _variance(points, by_ground)
    variance = (own + np.einsum("nip,pq,njq->nij", slope[..., :free], spread, slope[..., :free])) * found.unit2
    residual = points.picture - picture
    squared = np.einsum("ni,nij,nj->n", residual, _inverse(variance), residual) / 2
    return np.asarray(np.where(np.isfinite(squared), squared, np.inf), np.float64)


def subsets_of_four(count: int) -> Ints:
    """All fours of `count` points, or evenly chosen ones of very many, (k, 4)."""
    if math.comb(count, 4) <= _SUBSETS_MOST_COUNT:
        return np.array(list(itertools.combinations(range(count), 4)), np.int64)
    chance = np.random.default_rng(count)
    return np.sort(np.argsort(chance.random((_SUBSETS_MOST_COUNT, count)), axis=1)[:, :4], axis=1).astype(np.int64)


def homographies_of_four(points: Points, subsets: Ints) -> Doubles:
    """The exact view of each four (k, 3, 3), last element 1; NaN where there is none."""
    return _direct(points.picture[subsets], points.ground[subsets])


def agreeing(points: Points, lens_count: int) -> tuple[Fit | None, Bools]:
    """The fit of the points that agree, and which they are (n,): all, where that is no worse than chance.

    Else least trimmed squares over fours give a core that cannot be spoilt by fewer than half of the redundant points (Rousseeuw 1984);
    from there points join in order of agreement until every other one is beyond chance (forward search, Atkinson and Riani 2000).
    """
    count = len(points)
    whole = fit(points, lens_count)
    if whole is not None and whole.chi2 <= 1e-9 + whole.redundancy_count * _quantile(whole.redundancy_count, 1 << 20, _WHOLE_CHANCE_RATIO):
        return whole, np.ones(count, np.bool_)
    inside = _core(points, count - (count - 4) // 2)
    if inside is None:
        return None, np.zeros(count, np.bool_)
    found = fit(points.keep(inside), lens_count)
    while found is not None and not inside.all():
        joined = _joined(found, points, inside)
        if joined is None:
            break
        found, nth = joined
        inside[nth] = True
    return found, inside


def _joined(found: Fit, points: Points, inside: Bools) -> tuple[Fit, int] | None:
    """The fit with one more point that agrees, and which one; None when no other point does."""
    off = np.where(inside, np.inf, deviations(found, points))
    limit = 2 * found.unit2 * _quantile(2, found.redundancy_count + TRUST_COUNT, _POINT_CHANCE_RATIO / len(points))
    for nth in [nth for nth in np.argsort(off, kind="stable").tolist() if not inside[nth]]:
        wider = inside.copy()
        wider[nth] = True
        tried = [one for start in (found.theta, None) if (one := fit(points.keep(wider), found.lens_count, start)) is not None]
        best = min(tried, key=lambda one: one.chi2, default=None)
        if best is not None and best.chi2 - found.chi2 <= limit:
            return best, nth
    return None


def _quantile(freedoms: float, others: float, chance_ratio: float) -> float:
    """What an F-distributed number exceeds by chance so often."""
    return float(fdtri(freedoms, others, 1 - chance_ratio)) if freedoms > 0 else 0.0


def _core(points: Points, size: int) -> Bools | None:
    """The `size` points that agree best; None when no view from above shows so many."""
    homographies = homographies_of_four(points, subsets_of_four(len(points)))
    seen_from_above = np.linalg.det(np.nan_to_num(homographies)) < 0
    squares = np.where(seen_from_above[:, None], _squares(homographies, points), np.inf)
    trimmed = np.sort(squares, axis=1)[:, :size].sum(axis=1)
    best = int(trimmed.argmin())
    if not np.isfinite(trimmed[best]):
        return None
    inside = _smallest(squares[best], size)
    for _ in range(10):
        found = fit(points.keep(inside), 0)
        if found is None:
            break
        again = _smallest(_squares(found.homography[None], points)[0], size)
        if (again == inside).all():
            break
        inside = again
    return inside


def _smallest(squares: Doubles, size: int) -> Bools:
    inside = np.zeros(len(squares), np.bool_)
    inside[np.argsort(squares, kind="stable")[:size]] = True
    return inside


def _squares(homographies: Doubles, points: Points) -> Doubles:
    """Squared picture error over its variance, (k, n); infinite behind the camera."""
    seen = np.einsum("kij,nj->kni", homographies, np.column_stack([points.ground, np.ones(len(points))]))
    depth = np.where(seen[..., 2] > 1e-6, seen[..., 2], np.nan)
    straight = seen[..., :2] / depth[..., None]
    slope = (homographies[:, None, :2, :2] - straight[..., None] * homographies[:, None, 2:, :2]) / depth[..., None, None]
    variance = 2 * points.sigma_picture**2 + points.sigma_ground**2 * np.einsum("knij,knij->kn", slope, slope)
    squares = np.square(points.picture - straight).sum(axis=2) / variance * 2
    return np.asarray(np.where(np.isfinite(squares), squares, np.inf), np.float64)


def _direct(picture: Doubles, ground: Doubles) -> Doubles:
    """Homographies (k, 3, 3) from k sets of n ≥ 4 points; NaN where the last element would be 0."""
    k, n = picture.shape[:2]
    row = np.concatenate([ground, np.ones((k, n, 1))], axis=2)
    equations = np.zeros((k, n, 2, 9))
    equations[:, :, 0, :3] = equations[:, :, 1, 3:6] = row
    equations[..., 6:] = -picture[..., None] * row[:, :, None, :]
    last = np.linalg.svd(equations.reshape(k, 2 * n, 9), full_matrices=True)[2][:, -1].reshape(k, 3, 3)
    scale = np.where(np.abs(last[:, 2, 2]) > 1e-9, last[:, 2, 2], np.nan)
    return np.asarray(last / scale[:, None, None], np.float64)


def _weighted(theta: Doubles, points: Points, weight: Doubles | None) -> tuple[Doubles, Doubles, Doubles] | None:
    """Residuals (n, 2), their slope, their weights (n, 2, 2) (given, or at this place); None when a point is not seen."""
    picture, slope, by_ground = model(theta, points.ground)
    if not np.isfinite(picture).all():
        return None
    return points.picture - picture, slope, _inverse(_variance(points, by_ground)) if weight is None else weight


def _variance(points: Points, by_ground: Doubles) -> Doubles:
    """What a point's own doubts come to in the picture, (n, 2, 2)."""
    return points.sigma_picture**2 * np.eye(2) + points.sigma_ground**2 * by_ground @ by_ground.transpose(0, 2, 1)


def _cost(residual: Doubles, weight: Doubles, theta: Doubles, fence: Doubles) -> float:
    return float(np.einsum("ni,nij,nj->", residual, weight, residual) + theta @ fence @ theta)


def _inverse(matrices: Doubles) -> Doubles:
    """Of 2 × 2 matrices (n, 2, 2)."""
    a, b, c, d = np.moveaxis(matrices.reshape(-1, 4), 1, 0)
    return np.asarray(np.stack([d, -b, -c, a], 1).reshape(-1, 2, 2) / (a * d - b * c)[:, None, None], np.float64)
