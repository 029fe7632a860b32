"""One road user's whole way as a smooth function of time, by robust weighted least squares on real timestamps, no more bent than the points ask for.

A road user drives evenly but for its acceleration, on each axis a Gaussian process that fades within `FADING_S` (Singer 1970), of a strength nobody knows:
none at all, 0.1 m/s² … 6.4 m/s². Each strength is weighed by how probable it makes the points (marginal likelihood: Rasmussen & Williams 2006, ch. 5),
every answer is the mean over them, and their disagreement is part of the doubt. So a vehicle that drives evenly is measured with all its points,
and one that brakes is neither taken for an even one nor made to swing about the moment it began.

Errors of points: stated σ times a factor, and a part that is the same for all (time stamps that tremble), both found from what the points scatter;
errors that go on from point to point show in neighbouring residuals, and then count as the fewer points they are worth.
Errors that all points share (a detector that draws too high, a calibration) are unknowns beside the way, each with its own σ: points they move most weigh
least, what of them even driving gives away is taken off, and the rest is in the doubt.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Doubles, Ints
from catseye.core.time import NS_PER_S
from catseye.traffic.local_fit import Plane, trusted
from catseye.traffic.trace import Trace

USUAL_SIGMA_M = 0.25  # of points that bring no doubt
FADING_S = 2.0
_STRENGTHS_MS2 = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
_ORDINARY_MS2 = 3.2  # supple enough for any driving, too stiff to follow an outlier
_UNEVEN_MS2 = 1.6  # of one who brakes for a bend and goes on
_KNOT_S, _MOST_KNOTS_COUNT = 0.25, 240
_ODDS_OF_NONE = 2.0  # even driving against any one of the others
_LEAST_PROBABILITY = 0.01
_MOST_ROUNDS = 12
_PRIOR_COUNT = 2.0
_MOVING_SIGMAS = 3.0
_LEAST_SHARED_M = 0.002  # below it an error that points share moves nothing
_GRID_S, _MOST_GRID_COUNT = 0.1, 4000
_MOST_DENSE_COUNT = 800
_LEAST_NOISE_COUNT = 8
_FACTORS = np.array([0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0])
_SHARES_BESIDES = np.array([0.0, 0.35, 0.7, 1.4, 2.8])
# Stated doubts are meant: a factor of two off is one sigma of surprise, and as much noise besides as stated is another.
_SURPRISES = np.square(np.log2(_FACTORS))[:, None] + np.square(_SHARES_BESIDES / 1.4)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and its doubt (one sigma), in one unit."""

    value: float
    doubt: float


@dataclass(frozen=True, slots=True, eq=False)
class _Basis:
    """Even motion, and what accelerations at knots add to it: place = p + v·t + Σ aₖ·φₖ(t), φₖ the double integral of a hat of width `step_s` about a knot."""

    knot_s: Doubles
    step_s: float

    @classmethod
    def over(cls, span_s: float) -> "_Basis":
        count = int(np.clip(np.ceil(span_s / _KNOT_S), 1, _MOST_KNOTS_COUNT))
        return cls(np.linspace(0.0, span_s, count + 1), span_s / count)

    def at(self, time_s: Doubles, derivative: int = 0) -> Doubles:
        """Columns (n, 2 + knots) at times (n,), or their first or second derivative."""
        outer = np.concatenate([[self.knot_s[0] - self.step_s], self.knot_s, [self.knot_s[-1] + self.step_s]])
        power = 3 - derivative
        ramp = np.maximum(time_s[:, None] - outer, 0.0) ** power / (6.0, 2.0, 1.0)[derivative]
        hats = (ramp[:, :-2] - 2.0 * ramp[:, 1:-1] + ramp[:, 2:]) / self.step_s
        even = np.zeros((len(time_s), 2))
        even[:, 0], even[:, 1] = (1.0, time_s) if derivative == 0 else (0.0, float(derivative == 1))
        return np.concatenate([even, hats], 1)

    def prior(self) -> Doubles:
        """Covariance (knots, knots) of accelerations of strength 1."""
        return np.asarray(np.exp(-np.abs(self.knot_s[:, None] - self.knot_s) / FADING_S), np.float64)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """`coefficient` complex (k,), `spread` (k, k) its covariance on an axis; `share` is how probable it is."""

    coefficient: Plane
    spread: Doubles
    share: float = 1.0

    def of_way(self, count: int, share: float) -> "_Candidate":
        """Its first columns alone, those of the way."""
        return _Candidate(self.coefficient[:count], self.spread[:count, :count], share)


@dataclass(frozen=True, slots=True)
class PathFit:
    """The fit of one trace, from its first point to its last; beyond them nothing is known. Doubts are of what was fitted: calibration and clock come on top.

    `trust` (n,) of each point, 0 to 1. `noise_m`: how much points scatter along the way.
    """

    begin_ns: int
    end_ns: int
    trust: Doubles
    noise_m: float
    basis: _Basis
    candidates: tuple[_Candidate, ...]
    even: _Candidate
    uneven: _Candidate

    @property
    def span_s(self) -> float:
        """From the first point to the last."""
        return (self.end_ns - self.begin_ns) / NS_PER_S

    def speed_ms(self, time_ns: Ints) -> tuple[Doubles, Doubles]:
        """Speed over ground (k,) in metres a second at these times, and its doubt."""
        basis = self.basis.at(self._seconds(time_ns), 1)
        answers = [_speed(basis, candidate) for candidate in self.candidates]
        return self._mean([value for value, _ in answers], [doubt for _, doubt in answers])

    def presumed_ms(self, time_ns: Ints) -> tuple[tuple[Doubles, Doubles], tuple[Doubles, Doubles]]:
        """Speed (k,) and its doubt if it is sure to have driven evenly, and if it is sure to have braked or hurried, whatever the points say of that."""
        basis = self.basis.at(self._seconds(time_ns), 1)
        return _speed(basis, self.even), _speed(basis, self.uneven)

    def accel_ms2(self, time_ns: Ints) -> tuple[Doubles, Doubles]:
        """Acceleration along the way (k,), below zero when braking, and its doubt."""
        time_s = self._seconds(time_ns)
        velocity, bend = self.basis.at(time_s, 1), self.basis.at(time_s, 2)
        values = [((bend @ candidate.coefficient) * np.conj(_way(velocity, candidate))).real for candidate in self.candidates]
        return self._mean(values, [np.sqrt(_quadratic(bend, candidate.spread)) for candidate in self.candidates])

    def length_m(self, begin_ns: int, end_ns: int) -> Estimate:
        """How far it drove from one time to another; what trembles while standing is no way."""
        count = int(np.clip(np.ceil((end_ns - begin_ns) / NS_PER_S / _GRID_S), 8, _MOST_GRID_COUNT))
        edges = np.linspace(begin_ns, end_ns, count + 1).astype(np.int64)
        steps = np.diff(self.basis.at(self._seconds(edges)), axis=0)
        velocity = self.basis.at(self._seconds((edges[1:] + edges[:-1]) // 2), 1)
        values, doubts = [], []
        for candidate in self.candidates:
            slope = np.conj(_way(velocity, candidate)) @ steps
            values.append((slope @ candidate.coefficient).real.reshape(1))
            doubts.append(np.sqrt(_quadratic(np.stack([slope.real, slope.imag]), candidate.spread).sum(keepdims=True)))
        value, doubt = self._mean(values, doubts)
        return Estimate(float(value[0]), float(doubt[0]))

    def _seconds(self, time_ns: Ints) -> Doubles:
        return np.asarray(np.clip((time_ns - self.begin_ns) / NS_PER_S, 0.0, self.span_s), np.float64)

    def _mean(self, values: Sequence[Doubles], doubts: Sequence[Doubles]) -> tuple[Doubles, Doubles]:
        share = np.array([candidate.share for candidate in self.candidates])
        value = share @ np.stack(values)
        return value, np.sqrt(share @ (np.square(np.stack(doubts)) + np.square(np.stack(values) - value)))


def fit_path(trace: Trace, shared_m: Doubles | None = None) -> PathFit | None:
    """The fit of a trace; None where it has not two points at two times.

    `shared_m` (n, 2, k): what one sigma of each of k errors that all points share moves them; what they move across the way is no matter.
    """
    if len(trace) < 2 or trace.time_ns[0] == trace.time_ns[-1]:
        return None
    time_s = (trace.time_ns - trace.time_ns[0]) / NS_PER_S
    place = trace.place_m[:, 0] - trace.place_m[0, 0] + 1j * (trace.place_m[:, 1] - trace.place_m[0, 1])
    knots = _Basis.over(float(time_s[-1]))
    weight = _weights(trace)
    along_way = _shared_along(shared_m, place, time_s, weight)
    points = _Points(np.concatenate([knots.at(time_s), along_way], 1), knots.at(time_s, 1), place, weight)
    stiffness = np.asarray(np.linalg.inv(knots.prior()), np.float64)
    trust = _trust(points, stiffness)
    along, freedom = _along(points, trust, stiffness)
    points = points.weighing(_weights_seen(points.weight, along * np.sqrt(len(trace) / max(len(trace) - freedom, 1.0)), trust))
    trust = _trust(points, stiffness)
    memory = _memory(along * np.sqrt(points.weight * trust), np.diff(time_s), freedom)
    worth = (1.0 - memory) / (1.0 + memory)
    answers = [_candidate(points, trust, stiffness, strength, worth) for strength in _STRENGTHS_MS2]
    score = np.array([each for _, each in answers])
    score[0] += np.log(_ODDS_OF_NONE)
    probability = np.exp(score - score.max())
    probability = np.where(probability >= _LEAST_PROBABILITY * probability.sum(), probability, 0.0)
    probability /= probability.sum()
    own = [each.of_way(points.own_count, float(p)) for (each, _), p in zip(answers, probability, strict=True)]
    kept, (even, uneven) = tuple(each for each in own if each.share > 0), (own[_STRENGTHS_MS2.index(strength)] for strength in (0.0, _UNEVEN_MS2))
    noise_m = float(np.sqrt((trust * along**2).sum() / max(float(trust.sum()), 1e-9)))
    return PathFit(int(trace.time_ns[0]), int(trace.time_ns[-1]), trust, noise_m, knots, kept, even, uneven)


@dataclass(frozen=True, slots=True, eq=False)
class _Points:
    """What is fitted: `basis` (n, k) of the way and then of the errors that points share, `velocity_basis` (n, own) of the way alone.

    `place` complex (n,), `weight` 1/σ² (n,).
    """

    basis: Doubles
    velocity_basis: Doubles
    place: Plane
    weight: Doubles

    @property
    def own_count(self) -> int:
        """How many columns are the way's own."""
        return int(self.velocity_basis.shape[1])

    def weighing(self, weight: Doubles) -> "_Points":
        return _Points(self.basis, self.velocity_basis, self.place, weight)


def _shared_along(shared_m: Doubles | None, place: Plane, time_s: Doubles, weight: Doubles) -> Doubles:
    """What shared errors move points along the way, as few independent ones (n, r) of one sigma each."""
    if shared_m is None or not shared_m.size:
        return np.empty((len(place), 0))
    lag_s = time_s - weight @ time_s / weight.sum()
    way = (weight * lag_s) @ place
    way /= max(abs(way), 1e-12)
    left, size_m, _ = np.linalg.svd(shared_m[:, 0] * way.real + shared_m[:, 1] * way.imag, full_matrices=False)
    return np.asarray((left * size_m)[:, size_m > _LEAST_SHARED_M], np.float64)


def _weights(trace: Trace) -> Doubles:
    sigma_m = trace.sigma_m if len(trace.sigma_m) else np.full(len(trace), np.nan)
    return np.asarray(np.where(sigma_m > 0, sigma_m, USUAL_SIGMA_M) ** -2.0, np.float64)


def _solved(points: _Points, weight: Doubles, stiffness: Doubles, strength_ms2: float) -> tuple[Plane, Doubles, float]:
    """Coefficients (k,), their covariance (k, k), and the logarithm of the normal matrix's determinant; strength 0 goes without accelerations."""
    own, count = points.own_count, points.basis.shape[1]
    used = np.flatnonzero((np.arange(count) < 2) | (np.arange(count) >= (2 if strength_ms2 else own)))
    basis = points.basis[:, used]
    weighted = basis.T * weight
    normal = weighted @ basis
    if strength_ms2:
        normal[2:own, 2:own] += stiffness / strength_ms2**2
    shared = np.arange(len(used) - (count - own), len(used))
    normal[shared, shared] += 1.0  # each is one sigma
    coefficient, spread = np.zeros(count, np.complex128), np.zeros((count,) * 2)
    inverse = np.linalg.inv(normal)
    spread[np.ix_(used, used)] = inverse
    coefficient[used] = inverse @ (weighted @ points.place)
    return coefficient, spread, float(np.linalg.slogdet(normal)[1])


def _trust(points: _Points, stiffness: Doubles) -> Doubles:
    """Of each point (n,), seen from ordinary driving."""
    count = len(points.place)
    trust = np.ones(count)
    for _ in range(_MOST_ROUNDS):
        used = points.weight * trust
        coefficient, spread, _ = _solved(points, used, stiffness, _ORDINARY_MS2)
        residual = points.place - points.basis @ coefficient
        share = _quadratic(points.basis, spread)
        found = trusted(residual[None], points.weight[None], used[None], share[None], np.array([count]))[0]
        if np.abs(found - trust).max() < 0.01:
            break
        trust = found
    return trust if (trust > 0).sum() >= 2 else np.ones(count)


def _along(points: _Points, trust: Doubles, stiffness: Doubles) -> tuple[Doubles, float]:
    """Residuals along the way (n,), seen from ordinary driving, and how many parameters of it the points decide."""
    used = points.weight * trust
    coefficient, spread, _ = _solved(points, used, stiffness, _ORDINARY_MS2)
    velocity = points.velocity_basis @ coefficient[: points.own_count]
    along = ((points.place - points.basis @ coefficient) * np.conj(velocity) / np.maximum(np.abs(velocity), 1e-12)).real
    return np.asarray(along, np.float64), float((used * _quadratic(points.basis, spread)).sum())


def _weights_seen(weight: Doubles, along: Doubles, trust: Doubles) -> Doubles:
    """Weights of the likeliest noise: the stated σ times a factor, and one for all points besides (time stamps that tremble move far and near ones alike)."""
    if len(along) < _LEAST_NOISE_COUNT:
        return weight
    stated = 1.0 / weight
    variance = _FACTORS[:, None, None] ** 2 * stated + _SHARES_BESIDES[:, None] ** 2 * np.median(stated)
    misfit = (trust * (np.log(variance) + along**2 / variance)).sum(2) + _SURPRISES
    factor, besides = np.unravel_index(int(np.argmin(misfit)), misfit.shape)
    return np.asarray(1.0 / variance[factor, besides], np.float64)


def _memory(along: Doubles, step_s: Doubles, freedom: float) -> float:
    """Correlation of the error of a point with that of the next; 0 unless it is beyond chance. `along`: residuals over their σ."""
    near = step_s < 2.5 * np.median(step_s)
    count, total = int(near.sum()), float(np.square(along).sum())
    if count < 8 or total <= 0:
        return 0.0
    found = float((along[1:] * along[:-1])[near].sum()) / total + freedom / len(along)
    return min(found, 0.97) if found > 1.5 / np.sqrt(count) else 0.0


def _candidate(points: _Points, trust: Doubles, stiffness: Doubles, strength_ms2: float, worth: float) -> tuple[_Candidate, float]:
    """The fit under one strength of acceleration, and its log marginal likelihood. `worth`: of how many new errors a point's error is one."""
    used = points.weight * trust * worth
    coefficient, spread, log_normal = _solved(points, used, stiffness, strength_ms2)
    residual = points.place - points.basis @ coefficient
    velocity = points.velocity_basis @ coefficient[: points.own_count]
    along = (residual * np.conj(velocity) / np.maximum(np.abs(velocity), 1e-12)).real
    freedom = float((used * _quadratic(points.basis, spread)).sum())
    free = _PRIOR_COUNT + max(float(trust.sum()) * worth - freedom, 0.0)
    scale = (_PRIOR_COUNT + float((used * along**2).sum())) / free
    # Few points know their own scatter badly (Student's t): widened so that 1.96 doubts hold 95 %. What points share shows in no scatter: small scatter leaves
    # it as stated, larger than stated speaks against all that was stated.
    widened = scale * (1.0 + 1.21 / free + 1.4 / free**2) ** 2
    shared_part = spread[:, points.own_count :] @ spread[points.own_count :]
    spread = (spread - shared_part) * widened + shared_part * max(scale, 1.0)
    bent, shared = np.split(coefficient, [points.own_count])
    bent = bent[2:]
    misfit = float((used * np.abs(residual) ** 2).sum()) + float((np.abs(shared) ** 2).sum())
    log_prior = 0.0
    if strength_ms2:
        misfit += float((np.conj(bent) @ stiffness @ bent).real) / strength_ms2**2
        log_prior = 2.0 * len(bent) * np.log(strength_ms2) - float(np.linalg.slogdet(stiffness)[1])
    return _Candidate(coefficient, spread), -0.5 * (misfit + 2.0 * log_normal + 2.0 * log_prior)


def _speed(velocity: Doubles, candidate: _Candidate) -> tuple[Doubles, Doubles]:
    return np.abs(velocity @ candidate.coefficient), np.sqrt(_quadratic(velocity, candidate.spread))


def _way(velocity: Doubles, candidate: _Candidate) -> Plane:
    """Unit directions (n,) for rows in order of time, kept while standing."""
    speed, doubt = _speed(velocity, candidate)
    moves = speed > _MOVING_SIGMAS * doubt
    if not moves.any():
        moves = speed >= speed.max()
    last = np.maximum.accumulate(np.where(moves, np.arange(len(speed)), -1))
    last[last < 0] = int(np.argmax(moves))
    way = (velocity @ candidate.coefficient)[last]
    return np.asarray(way / np.maximum(np.abs(way), 1e-12), np.complex128)


def _quadratic(basis: Doubles, spread: Doubles) -> Doubles:
    """bᵀ S b of each row (n,)."""
    return np.asarray(np.maximum(((basis @ spread) * basis).sum(1), 0.0), np.float64)
