"""Whether a live camera's clock runs true: its presentation time against the wall clock of the frames' arrival. Arithmetic on stamps, no clock of its own.

Speeds are measured with presentation time, so a clock that runs 1 % fast makes every speed 1 % wrong. A line is fitted through the least delays of
stretches of 20 s (the network only ever adds). `vision.sources.clock.WallClock` lets the delay it remembers grow by 1 ms a second, so a camera that
loses more than that shows a loss of 1 ms a second: from `MOST_SEEN_RATIO` on it is told as "or more".
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from catseye.core.time import NS_PER_S

MOST_SEEN_RATIO = 900e-6


@dataclass(frozen=True, slots=True)
class ClockSettings:
    """`rate_ratio` is what an honest crystal never reaches (they keep to 50e-6); a leap of `step_s` is a clock that was set, no drift."""

    bucket_s: float = 20.0
    buckets_count: int = 45
    least_buckets_count: int = 6
    rate_ratio: float = 300e-6
    step_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Drift:
    """Seconds of wall clock a second of presentation time, less one: above 0 the camera's clock loses. With one sigma."""

    rate_ratio: float
    sigma_ratio: float
    span_s: float


class CameraClock:
    """Compares two clocks over a quarter of an hour."""

    def __init__(self, settings: ClockSettings | None = None) -> None:
        """Nothing heard yet."""
        self._settings = settings or ClockSettings()
        self._buckets: deque[tuple[float, float]] = deque(maxlen=self._settings.buckets_count)
        self._zero_ns: tuple[int, int] | None = None
        self._bucket_end_s = 0.0
        self._least: tuple[float, float] | None = None

    def see(self, time_ns: int, utc_ns: int) -> bool:
        """Take one frame's two times; True when there is something new to ask `drift` about."""
        if self._zero_ns is None:
            self._restart(time_ns, utc_ns)
        assert self._zero_ns is not None
        at_s = (time_ns - self._zero_ns[0]) / NS_PER_S
        offset_s = (utc_ns - self._zero_ns[1]) / NS_PER_S - at_s
        if self._least is not None and abs(offset_s - self._least[1]) > self._settings.step_s:
            self._restart(time_ns, utc_ns)  # somebody set a clock
            return False
        if self._least is None or offset_s < self._least[1]:
            self._least = (at_s, offset_s)
        if at_s < self._bucket_end_s:
            return False
        self._buckets.append(self._least)
        self._least, self._bucket_end_s = (at_s, offset_s), at_s + self._settings.bucket_s
        return True

    def drift(self) -> Drift | None:
        """The rate, by least squares; None before two minutes."""
        if len(self._buckets) < self._settings.least_buckets_count:
            return None
        at_s, offset_s = np.array(self._buckets).T
        x = at_s - at_s.mean()
        rate = float((x * offset_s).sum() / (x * x).sum())
        rest_s = offset_s - offset_s.mean() - rate * x
        sigma = float(np.sqrt((rest_s**2).sum() / (len(x) - 2) / (x * x).sum()))
        return Drift(rate, sigma, float(at_s[-1] - at_s[0]))

    def is_off(self) -> bool | None:
        """Whether the rate is beyond what a crystal may do, and beyond its doubt; None before two minutes."""
        drift = self.drift()
        return None if drift is None else abs(drift.rate_ratio) > self._settings.rate_ratio + 4 * drift.sigma_ratio

    def _restart(self, time_ns: int, utc_ns: int) -> None:
        self._buckets.clear()
        self._zero_ns, self._least, self._bucket_end_s = (time_ns, utc_ns), None, self._settings.bucket_s
