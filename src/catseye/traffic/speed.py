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
from catseye.traffic.trace import CLOCK_DOUBT_RATIO, Trace

LINE_WINDOW_S = 2.0  # to either side of a crossing
RIVALS_WINDOW_S = 3.0  # the same for places out of pictures, which tremble more
METER_KMH, METER_RATIO = 3.0, 0.03  # what no speed of a meter in the field may be off (OIML R 91), whichever is more
SURE_SIGMAS = 3.0  # farther off than so many doubts is one in four hundred of those that are at the limit
PRESUMED_SIGMAS = 1.96  # of what a speed would be if one knew how it drove
# What the better of two measurements of one value exceeds it by, in doubts: E[max] of two standard normals, 1/√π.
BEST_OF_TWO = 0.564
_LEAST_QUARREL_COUNT, _MOST_MEMORY = 4, 0.9
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


@dataclass(frozen=True, slots=True)
class RivalSpeed:
    """What rival accounts come to: `speed` as the points tell how it drove; `presumed` if it is sure to have driven evenly, and if it is sure not to have."""

    speed: Speed
    presumed: tuple[Speed, Speed]

    @property
    def is_measured(self) -> bool:
        """Whether the speed is known well enough, and would be in 19 of 20 cases however it drove: errors that points share look like braking, and braking
        like them, so what points say of that is not believed alone.
        """
        most_kmh = _most_off_kmh(self.speed.kmh)
        return is_measured(self.speed) and all(abs(each.kmh - self.speed.kmh) + PRESUMED_SIGMAS * each.doubt_kmh <= most_kmh for each in self.presumed)


def speed_of_rivals(rivals: Sequence[Rival], time_ns: int, window_s: float = RIVALS_WINDOW_S) -> RivalSpeed | None:
    """Speed at a moment as `speed_at`, the mean over rival accounts; what they disagree about, and what their points share in error, is in the doubt."""
    moment, known = np.array([time_ns]), []
    for rival in rivals:
        near = np.abs(rival.trace.time_ns - time_ns) <= _ns(window_s)
        fit = fit_path(rival.trace.keep(near), rival.shared_m[near]) if _reaches(rival.trace, time_ns) else None
        if fit is not None:
            speeds = np.array([fit.speed_ms(moment), *fit.presumed_ms(moment)])[:, :, 0] * KMH_PER_MS
            known.append((rival.share_ratio, speeds, _quarrel_kmh(rival, time_ns, window_s)))
    if not known:
        return None
    share = np.array([each for each, _, _ in known])
    kmh = np.stack([speeds[:, 0] for _, speeds, _ in known])
    doubt_kmh = np.stack([np.hypot(speeds[:, 1], quarrel_kmh) for _, speeds, quarrel_kmh in known])
    mean_kmh = share @ kmh / share.sum()
    whole_kmh = np.sqrt(share @ (doubt_kmh**2 + np.square(kmh - mean_kmh)) / share.sum())
    whole_kmh = np.hypot(whole_kmh, CLOCK_DOUBT_RATIO * mean_kmh)
    told, even, uneven = (Speed(*each) for each in zip(mean_kmh.tolist(), whole_kmh.tolist(), strict=True))
    return RivalSpeed(told, (even, uneven))


def is_measured(speed: Speed) -> bool:
    """Whether a speed is known so well that none of many is off by more than a meter in the field may be.

    >>> is_measured(Speed(50.0, 1.0)), is_measured(Speed(50.0, 1.1)), is_measured(Speed(130.0, 1.2))
    (True, False, True)
    """
    return SURE_SIGMAS * speed.doubt_kmh <= _most_off_kmh(speed.kmh)


def _most_off_kmh(kmh: float) -> float:
    return max(METER_KMH, METER_RATIO * kmh)


def _quarrel_kmh(rival: Rival, time_ns: int, window_s: float) -> float:
    """What witnesses that disagree come to in a speed: the slope, along the way, of what they would move the points.

    Less what such a slope has from mere trembling: that is in the scatter of the points, and counted there.
    """
    near = np.abs(rival.trace.time_ns - time_ns) <= _ns(window_s)
    count = int(np.count_nonzero(near))
    if count < _LEAST_QUARREL_COUNT:
        return 0.0
    trace = rival.trace.keep(near)
    sigma_m = trace.sigma_m if len(trace.sigma_m) else np.ones(count)
    weight = sigma_m**-2.0 / (sigma_m**-2.0).sum()
    lag_s = (trace.time_ns - time_ns) / NS_PER_S
    lag_s = lag_s - weight @ lag_s
    slope = weight * lag_s / max(float(weight @ lag_s**2), 1e-12)
    way = slope @ trace.place_m
    moves_m = np.einsum("npk,p->nk", rival.quarrel_m[near], way / max(float(np.hypot(*way)), 1e-12))
    drift_ms = slope @ moves_m
    left_m = moves_m - weight @ moves_m - lag_s[:, None] * drift_ms
    seen = left_m * np.sqrt(weight)[:, None]
    memory = np.clip((seen[1:] * seen[:-1]).sum(0) / np.maximum(np.square(seen).sum(0), 1e-12), 0.0, _MOST_MEMORY)
    trembling_m2s2 = np.square(slope[:, None] * left_m).sum(0) * count / (count - 2) * (1.0 + memory) / (1.0 - memory)
    return float(np.sqrt(max(float(np.square(drift_ms).sum() - trembling_m2s2.sum()), 0.0))) * KMH_PER_MS


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


def speed_at(trace: Trace, time_ns: int, window_s: float = LINE_WINDOW_S) -> Speed | None:
    """Speed at a moment, as of a crossing, from the points around it; None where no point is near, or all are of one time."""
    if not _reaches(trace, time_ns):
        return None
    if len(told := _told(trace)):
        return _speed(float(np.interp(time_ns, told.time_ns, told.speed_kmh)) / KMH_PER_MS, 0.0, told)
    around = trace.keep(np.abs(trace.time_ns - time_ns) <= _ns(window_s))
    fit = fit_path(around)
    if fit is None:
        return None
    value, doubt = fit.speed_ms(np.array([time_ns]))
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
