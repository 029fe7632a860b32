"""A frozen picture: the same pixels again and again while the timestamps go on.

A quiet night, encoded well, gives identical pictures too, and so does a snapshot camera that is asked more often than it takes pictures. So only
a picture that has never been quiet (`lively`) is called frozen after seconds, and then a clock that goes on in a corner does not save it. Any other
must stand still to the last pixel, and for three times as long as it ever did before.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from catseye.core.arrays import Pixels
from catseye.core.time import NS_PER_S

_REPEATED_S = 1.0  # a frame sent twice is no quiet scene
_FORGET_S = 3600.0  # over which the quietest look and the longest standstill are forgotten


@dataclass(frozen=True, slots=True)
class FrozenSettings:
    """`lively_ratio`: at least this share of pixels changed in every look so far; `clock_ratio`: the share that may go on changing in a frozen picture.

    `lively_s`, `quiet_s`: how long it must stand still; `looks_count`: how many looks a picture needs before it may be called lively.
    """

    lively_ratio: float = 0.04
    clock_ratio: float = 0.015
    lively_s: float = 3.0
    quiet_s: float = 10.0
    usual_factor_ratio: float = 3.0
    looks_count: int = 8
    least_looks_count: int = 5


class Standstill:
    """How long the picture has stood still, and whether that is longer than this camera may."""

    def __init__(self, settings: FrozenSettings | None = None) -> None:
        """Nothing seen yet."""
        self._settings = settings or FrozenSettings()
        self._before: Pixels = np.empty((0, 0), np.uint8)
        self._changed: Pixels | None = None  # where anything changed since the picture stands still
        self._last_ns = self._since_ns = 0
        self._run_count = self._looks_count = 0
        self._quietest_ratio = 1.0
        self._longest_s = 0.0
        self.is_frozen = False

    @property
    def since_ns(self) -> int:
        """When the picture that is still shown was first shown."""
        return self._since_ns

    @property
    def lasted_s(self) -> float:
        """For how long it has been shown."""
        return (self._last_ns - self._since_ns) / NS_PER_S

    @property
    def is_lively(self) -> bool:
        """Whether every look so far was visibly another one."""
        return self._looks_count >= self._settings.looks_count and self._quietest_ratio >= self._settings.lively_ratio

    def see(self, grey: Pixels, time_ns: int) -> bool:
        """Whether the picture is frozen, grey uint8 (h, w)."""
        if self._before.shape != grey.shape:
            self._before, self._changed = grey, None
            self._last_ns = self._since_ns = time_ns
            self._run_count, self.is_frozen = 0, False
            return False
        difference = cv2.absdiff(grey, self._before)
        changed_ratio = cv2.countNonZero(difference) / grey.size
        if changed_ratio and not self._is_clock(difference, changed_ratio):
            self._moved(changed_ratio, time_ns)
        else:
            self._run_count += 1
        self._before, self._last_ns = grey, time_ns
        self.is_frozen = self._run_count >= self._settings.least_looks_count and self.lasted_s >= self._most_s
        return self.is_frozen

    @property
    def _most_s(self) -> float:
        if self.is_lively:
            return self._settings.lively_s
        return max(self._settings.quiet_s, self._settings.usual_factor_ratio * self._longest_s)

    def _is_clock(self, difference: Pixels, changed_ratio: float) -> bool:
        """Whether all that changed since the picture stands still is as small as a clock in a corner."""
        if not self.is_lively or changed_ratio > self._settings.clock_ratio:
            return False
        self._changed = difference if self._changed is None else cv2.bitwise_or(self._changed, difference)
        return bool(cv2.countNonZero(self._changed) <= self._settings.clock_ratio * difference.size)

    def _moved(self, changed_ratio: float, time_ns: int) -> None:
        """The picture changed: a standstill that was none is what this camera does."""
        elapsed_s = (time_ns - self._last_ns) / NS_PER_S
        kept = np.exp(-max(elapsed_s, 0.0) / _FORGET_S)
        if self._run_count and not self.is_frozen and self.lasted_s > _REPEATED_S:
            self._quietest_ratio, self._longest_s = 0.0, max(self._longest_s, self.lasted_s)
        self._quietest_ratio = min(1 - (1 - self._quietest_ratio) * float(kept), changed_ratio)
        self._longest_s *= float(kept)
        self._looks_count += 1
        self._run_count = 0
        self._since_ns = time_ns
        self._changed = None
