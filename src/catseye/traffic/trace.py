"""One road user's points, as stored."""

from dataclasses import dataclass, field

import numpy as np

from catseye.core.arrays import Bools, Doubles, Ints
from catseye.core.errors import CatseyeError

CLOCK_DOUBT_RATIO = 50e-6  # of a camera's crystal; see docs/design/time.md


class MotionError(CatseyeError):
    """Points that cannot be a motion: time that does not go on, one road user at two places."""


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Points of one road user as stored: `time_ns` int64 (n,) ascending, `place_m` float64 (n, 2), `sigma_m` (n,) doubt on each axis, NaN where nobody knows.

    `speed_doubt_ratio` (n,): share of the speed that is in doubt all along (scale of the calibration), one sigma. `speed_kmh` (n,): as measured by the source.
    Points without a finite place are left out.
    """

    time_ns: Ints
    place_m: Doubles
    sigma_m: Doubles = field(default_factory=lambda: np.empty(0))
    speed_doubt_ratio: Doubles = field(default_factory=lambda: np.empty(0))
    speed_kmh: Doubles = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        """Refuse columns of unequal length and time that runs backwards."""
        n = len(self.time_ns)
        lengths = {name: len(getattr(self, name)) for name in _OPTIONAL}
        if self.place_m.shape != (n, 2) or any(size not in {0, n} for size in lengths.values()):
            raise ValueError(f"trace: place {self.place_m.shape}, {lengths} for {n} times; wanted ({n}, 2) and ({n},)")
        if len(back := np.flatnonzero(np.diff(self.time_ns) < 0)):
            raise MotionError(f"trace at point {int(back[0]) + 1}", "time runs backwards", "ascending times")
        whole = np.asarray(np.isfinite(self.place_m).all(1), np.bool_)
        for name in ("time_ns", "place_m", *_OPTIONAL):
            if len(column := getattr(self, name)) and not whole.all():
                object.__setattr__(self, name, column[whole])

    def __len__(self) -> int:
        """How many points."""
        return len(self.time_ns)

    def between(self, begin_ns: int, end_ns: int) -> "Trace":
        """Points from one time to another, both included."""
        begin, end = np.searchsorted(self.time_ns, (begin_ns, end_ns + 1)).tolist()
        return self.keep(np.arange(begin, end))

    def keep(self, which: Ints | Bools) -> "Trace":
        """The chosen points, in order of time."""
        return Trace(self.time_ns[which], self.place_m[which], *(column[which] if len(column) else column for column in map(self.__getattribute__, _OPTIONAL)))

    @property
    def doubt_ratio(self) -> float:
        """Share of any speed on it that is in doubt: calibration and clock."""
        told = self.speed_doubt_ratio[np.isfinite(self.speed_doubt_ratio)]
        return float(np.hypot(told.mean() if len(told) else 0.0, CLOCK_DOUBT_RATIO))


_OPTIONAL = ("sigma_m", "speed_doubt_ratio", "speed_kmh")
