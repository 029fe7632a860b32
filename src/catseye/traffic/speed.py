"""Speeds with their doubt: of a whole track, at a line, between two lines, at their highest; and lengths, headways and gaps.

All doubts are one sigma. They hold what points scatter (pixels, boxes, time stamps: seen in the residuals), what the fit assumes, the scale of the calibration
and the rate of the clock (`Trace.doubt_ratio`, the same share of every speed of the track). Where the source measured the speed, that is the measurement.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Doubles
from catseye.core.event import Measure
from catseye.core.scene import KMH_PER_MS
from catseye.core.time import NS_PER_S
from catseye.traffic.path_fit import PathFit, fit_path
from catseye.traffic.sizes import length_sigmas_m, lengths_m
from catseye.traffic.trace import Trace

LINE_WINDOW_S = 2.0  # to either side of a crossing
RIVALS_WINDOW_S = 3.0  # the same for places out of pictures, which tremble more
METER_KMH, METER_RATIO = 3.0, 0.03  # what no speed of a meter in the field may be off (OIML R 91), whichever is more
SURE_SIGMAS = 3.0  # farther off than so many doubts is one in four hundred of those that are at the limit
# What the better of two measurements of one value exceeds it by, in doubts: E[max] of two standard normals, 1/√π.
BEST_OF_TWO = 0.564
_BEYOND_S = 0.35  # how far from the nearest point a speed is still told
_GRID_S = 0.1
_MOST_GRID_COUNT = 4000


@dataclass(frozen=True, slots=True)
class Speed:
    """A speed over ground and its doubt, one sigma."""

    kmh: float
    doubt_kmh: float

    def measure(self, name: str = "speed") -> Measure:
        """As an event carries it."""
        return Measure(name, self.kmh, "km/h", self.doubt_kmh)


@dataclass(frozen=True, slots=True, eq=False)
class Rival:
    """One account of a road user's way, out of several: `trace` as it would be, `share_ratio` how probable it is.

    `shared_m` (n, 2, k): what one sigma of each of k errors that all points share moves them. The trace's own doubts are of what is new in every point.
    `quarrel_m` (n, 2, k): what witnesses that disagree would move them; that is doubt alone, and nothing to be found from the points: no error has that shape.
    """

    share_ratio: float
    trace: Trace
    shared_m: Doubles
    quarrel_m: Doubles


def speed_of_rivals(rivals: Sequence[Rival], time_ns: int, window_s: float = RIVALS_WINDOW_S) -> Speed | None:
    """Speed at a moment as `speed_at`, the mean over rival accounts; what they disagree about, and what their points share in error, is in the doubt."""
    told = [(rival.share_ratio, speed_at(rival.trace, time_ns, window_s, rival.shared_m), _quarrel_kmh(rival, time_ns, window_s)) for rival in rivals]
    known = [(share, speed.kmh, float(np.hypot(speed.doubt_kmh, quarrel_kmh))) for share, speed, quarrel_kmh in told if speed is not None]
    if not known:
        return None
    share, kmh, doubt_kmh = np.array(known).T
    share = share / share.sum()
    mean_kmh = float(share @ kmh)
    return Speed(mean_kmh, float(np.sqrt(share @ (doubt_kmh**2 + np.square(kmh - mean_kmh)))))


def is_measured(speed: Speed) -> bool:
    """Whether a speed is known so well that none of many is off by more than a meter in the field may be.

    >>> is_measured(Speed(50.0, 1.0)), is_measured(Speed(50.0, 1.1)), is_measured(Speed(130.0, 1.2))
    (True, False, True)
    """
    return SURE_SIGMAS * speed.doubt_kmh <= max(METER_KMH, METER_RATIO * speed.kmh)


def _quarrel_kmh(rival: Rival, time_ns: int, window_s: float) -> float:
    """What witnesses that disagree come to in a speed: the slope, along the way, of what they would move the points."""
    near = np.abs(rival.trace.time_ns - time_ns) <= _ns(window_s)
    if np.count_nonzero(near) < 2:
        return 0.0
    trace = rival.trace.keep(near)
    sigma_m = trace.sigma_m if len(trace.sigma_m) else np.ones(len(trace))
    lag_s = (trace.time_ns - time_ns) / NS_PER_S
    weight = sigma_m**-2.0
    lag_s = lag_s - weight @ lag_s / weight.sum()
    slope = weight * lag_s / max(float(weight @ lag_s**2), 1e-12)
    way = slope @ trace.place_m
    along = way / max(float(np.hypot(*way)), 1e-12)
    return float(np.linalg.norm(np.einsum("n,npk,p->k", slope, rival.quarrel_m[near], along))) * KMH_PER_MS


def track_speed(trace: Trace) -> Speed | None:
    """Mean speed over the whole track: the way along its path, over the time; None where two points at two times are missing."""
    if len(told := _told(trace)) > 1:
        span_ns = float(told.time_ns[-1] - told.time_ns[0])
        return _speed(float(np.trapezoid(told.speed_kmh, told.time_ns)) / span_ns / KMH_PER_MS, 0.0, told) if span_ns else None
    fit = fit_path(trace)
    return None if fit is None else _between(fit, trace, fit.begin_ns, fit.end_ns)


def average_speed(trace: Trace, begin_ns: int, end_ns: int) -> Speed | None:
    """Mean speed between two crossings by one track, along its path; None where the track does not reach over both."""
    if end_ns <= begin_ns or not (_reaches(trace, begin_ns) and _reaches(trace, end_ns)):
        return None
    fit = fit_path(trace.between(begin_ns - _ns(LINE_WINDOW_S), end_ns + _ns(LINE_WINDOW_S)))
    return None if fit is None else _between(fit, trace, begin_ns, end_ns)


def section_speed(length_m: float, length_doubt_m: float, taken_s: float, taken_doubt_s: float) -> Speed:
    """Mean speed over a surveyed section between two crossings, also of two cameras: their clocks' doubt belongs into `taken_doubt_s`.

    >>> section_speed(1000.0, 1.0, 40.0, 0.05)
    Speed(kmh=90.0, doubt_kmh=0.14...)
    """
    if not (length_m > 0 and taken_s > 0):
        raise ValueError(f"section of {length_m} m in {taken_s} s; wanted both above 0")
    kmh = length_m / taken_s * KMH_PER_MS
    return Speed(kmh, float(kmh * np.hypot(length_doubt_m / length_m, taken_doubt_s / taken_s)))


def speed_at(trace: Trace, time_ns: int, window_s: float = LINE_WINDOW_S, shared_m: Doubles | None = None) -> Speed | None:
    """Speed at a moment, as of a crossing, from the points around it; None where no point is near, or all are of one time.

    `shared_m` (n, 2, k): as of a `Rival`. With it the doubt presumes no even driving: errors that points share look like braking, and braking like them.
    """
    if not _reaches(trace, time_ns):
        return None
    if len(told := _told(trace)):
        return _speed(float(np.interp(time_ns, told.time_ns, told.speed_kmh)) / KMH_PER_MS, 0.0, told)
    near = np.abs(trace.time_ns - time_ns) <= _ns(window_s)
    around = trace.keep(near)
    fit = fit_path(around, None if shared_m is None else shared_m[near])
    if fit is None:
        return None
    moment = np.array([time_ns])
    value, doubt = fit.speed_ms(moment)
    if shared_m is not None:
        doubt = np.maximum(doubt, fit.uneven_doubt_ms(moment))
    return _speed(float(value[0]), float(doubt[0]), around)


def acceleration_ms2(trace: Trace, time_ns: int, window_s: float = LINE_WINDOW_S) -> tuple[float, float] | None:
    """Along the way, below zero when braking, and its doubt; None where no point is near."""
    fit = fit_path(trace.between(time_ns - _ns(window_s), time_ns + _ns(window_s))) if _reaches(trace, time_ns) else None
    if fit is None:
        return None
    value, doubt = fit.accel_ms2(np.array([time_ns]))
    return float(value[0]), float(doubt[0])


def speed_max(trace: Trace) -> Speed | None:
    """Highest speed of the whole track; None where two points at two times are missing.

    Not the maximum of noise: the moment is the one with the highest speed less its doubt, and since even that moment was picked from several,
    what the better of two exceeds the truth by is taken off: what is left errs for the driver where speed was highest for a moment only.
    """
    if len(told := _told(trace)):
        return _speed(float(told.speed_kmh.max()) / KMH_PER_MS, 0.0, told)
    fit = fit_path(trace)
    if fit is None:
        return None
    count = int(np.clip(fit.span_s / _GRID_S, 2, _MOST_GRID_COUNT))
    value, doubt = fit.speed_ms(np.linspace(fit.begin_ns, fit.end_ns, count + 1).astype(np.int64))
    best = int(np.argmax(value - doubt))
    return _speed(float(value[best] - BEST_OF_TWO * doubt[best]), float(doubt[best]), trace)


def track_length(length_m: Doubles, sigma_m: Doubles, kind: int) -> tuple[float, float]:
    """Length of a road user in metres and its doubt, from what single looks measured (n,), NaN where they did not, and what its kind (a code) is like.

    Looks at one vehicle err alike (the same box from the same side): however many they are, they weigh no more than the best of them. NaN, NaN: nobody knows.
    """
    usual = np.array([kind], np.uint8)
    prior_m, prior_sigma_m = float(lengths_m(usual)[0]), float(length_sigmas_m(usual)[0])
    known = np.isfinite(length_m) & (sigma_m > 0)
    if not known.any():
        return prior_m, prior_sigma_m
    middle_m = float(np.median(length_m[known]))
    scatter_m = float(1.4826 * np.median(np.abs(length_m[known] - middle_m)))
    measured_sigma_m = float(np.hypot(sigma_m[known].min(), scatter_m / np.sqrt(known.sum())))
    if not np.isfinite(prior_m):
        return middle_m, measured_sigma_m
    weight, prior_weight = measured_sigma_m**-2, prior_sigma_m**-2
    return (weight * middle_m + prior_weight * prior_m) / (weight + prior_weight), float((weight + prior_weight) ** -0.5)


def _told(trace: Trace) -> Trace:
    """The points whose speed the source measured."""
    if not len(trace.speed_kmh):
        return trace.between(1, 0)
    which = np.isfinite(trace.speed_kmh)
    return trace if which.all() else trace.keep(which)


def _reaches(trace: Trace, time_ns: int) -> bool:
    if not len(trace):
        return False
    return bool(trace.time_ns[0] - _ns(_BEYOND_S) <= time_ns <= trace.time_ns[-1] + _ns(_BEYOND_S))


def _between(fit: PathFit, trace: Trace, begin_ns: int, end_ns: int) -> Speed:
    length, span_s = fit.length_m(begin_ns, end_ns), (end_ns - begin_ns) / NS_PER_S
    return _speed(length.value / span_s, length.doubt / span_s, trace)


def _speed(value_ms: float, doubt_ms: float, trace: Trace) -> Speed:
    value_ms = max(value_ms, 0.0)
    return Speed(value_ms * KMH_PER_MS, float(np.hypot(doubt_ms, value_ms * trace.doubt_ratio)) * KMH_PER_MS)


def _ns(span_s: float) -> int:
    return round(span_s * NS_PER_S)
