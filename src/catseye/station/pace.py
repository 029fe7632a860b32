"""Which frames are worth looking at: a few a second, more when traffic is fast, one a second when nothing moves."""

from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Pixels
from catseye.core.columns import places_of
from catseye.core.detections import Tracked
from catseye.core.time import NS_PER_S


@dataclass(frozen=True, slots=True)
class PaceSettings:
    """`most_fps` is the site file's `analysed_fps`; slow traffic is looked at `least_ratio` of that.

    `step_ratio`: no road user should move more than this share of its own size between two looks.
    `slow_fps`: a camera of no more frames a second is not thinned out further.
    `idle_fps`: looks of the network while nothing moves; it must outpace the tracker's patience with what it does not see.
    """

    most_fps: float = 8.0
    least_ratio: float = 0.57
    step_ratio: float = 1.0
    slow_fps: float = 10.0
    idle_fps: float = 1.5
    idle_after_s: float = 0.6
    moving_ratio: float = 0.00015

    def __post_init__(self) -> None:
        """Refuse what is no pace."""
        if not (self.most_fps > 0 and 0 < self.least_ratio <= 1 and self.step_ratio > 0 and self.idle_fps > 0):
            raise ValueError(f"{self}: wanted rates and step_ratio above 0, least_ratio above 0 and at most 1")


class Pace:
    """Chooses by presentation time alone, so that a replay chooses the same frames."""

    def __init__(self, settings: PaceSettings | None = None) -> None:
        """Due at once."""
        self._settings = settings or PaceSettings()
        self._due_ns: int | None = None
        self._frame_ns = self._last_ns = 0
        self._interval_ns = int(NS_PER_S / self._settings.most_fps)
        self._still_since_ns: int | None = None
        self._looked_ns: int | None = None
        self._speed_per_s = 0.0

    def is_due(self, time_ns: int) -> bool:
        """Whether this frame is to be looked at; asking counts as having looked."""
        since_frame_ns, self._frame_ns = time_ns - self._frame_ns, time_ns
        if self._due_ns is not None and since_frame_ns >= 0.98 * NS_PER_S / self._settings.slow_fps:
            self._due_ns = min(self._due_ns, self._last_ns + int(NS_PER_S / self._settings.most_fps))
        if self._due_ns is not None and time_ns < self._due_ns - NS_PER_S // 200:
            return False
        self._last_ns = time_ns
        behind = self._due_ns is None or time_ns - self._due_ns > self._interval_ns
        self._due_ns = (time_ns if behind or self._due_ns is None else self._due_ns) + self._interval_ns
        return True

    def is_awake(self, time_ns: int, mask: Pixels) -> bool:
        """Whether the network should look too: something moves or just did, or a second has passed."""
        moving = int(np.count_nonzero(mask)) >= self._settings.moving_ratio * mask.size
        if moving or self._still_since_ns is None:
            self._still_since_ns = None if moving else time_ns
        idle = self._still_since_ns is not None and time_ns - self._still_since_ns > self._settings.idle_after_s * NS_PER_S
        rested = self._looked_ns is None or time_ns - self._looked_ns >= NS_PER_S / self._settings.idle_fps * 0.98
        if idle and not rested:
            return False
        self._looked_ns = time_ns
        return True

    def learn(self, speed_sizes_per_s: float) -> None:
        """Take the fastest road user's speed, in its own sizes a second: faster at once, slower little by little."""
        settings = self._settings
        self._speed_per_s = max(speed_sizes_per_s, 0.9 * self._speed_per_s)
        wanted_fps = min(max(self._speed_per_s / settings.step_ratio, settings.least_ratio * settings.most_fps), settings.most_fps)
        self._interval_ns = int(NS_PER_S / wanted_fps)


class Speedometer:
    """The fastest sure road user between two looks, in its own sizes a second."""

    def __init__(self) -> None:
        """Nothing seen yet."""
        self._before: Tracked | None = None

    def fastest_sizes_per_s(self, now: Tracked) -> float:
        """0 when nothing sure was seen in both looks."""
        before, self._before = self._before, now
        if before is None or now.time_ns <= before.time_ns:
            return 0.0
        place, known = places_of(now.track, before.track)
        new = (known & now.sure & now.seen).nonzero()[0]
        if not len(new):
            return 0.0
        (left, top, right, bottom), (left_, top_, right_, bottom_) = now.box_px[new].T, before.box_px[place[new]].T
        moved_px = np.hypot((left + right - left_ - right_) / 2, (top + bottom - top_ - bottom_) / 2)
        size_px = np.sqrt(np.maximum((right - left) * (bottom - top), 1))
        return float((moved_px / size_px).max() * NS_PER_S / (now.time_ns - before.time_ns))
