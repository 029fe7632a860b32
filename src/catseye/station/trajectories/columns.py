"""Trajectories of one camera as columns, in order of time, and the checks that every reader's columns must pass."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from catseye.core.arrays import Bools, Codes, Doubles, Floats, Ints
from catseye.core.errors import SourceError
from catseye.core.time import NS_PER_S

_FARTHEST_M = 10_000_000.0


@dataclass(frozen=True, slots=True)
class Trajectories:
    """`names[track[i]]` is at `place_m[i]` (centre of the footprint) or `px[i]` at `time_ns[i]`; rows in order of (time, track).

    `track` int64 (n,); `kind` uint8 (n,); `time_ns` int64 (n,); `place_m` float64 (n, 2) metres and `px` float32 (n, 2), either may be None;
    `sigma_m` whole doubt of a place on each axis, `noise_m` what of it is new in every point, `speed_doubt_ratio` share of a speed that is in doubt,
    `doubted_ns`: stretches, ends included, in which the camera was not to be trusted;
    `length_m`, `width_m`, `speed_kmh`, `heading_deg` (clockwise from north, y) float64 (n,), None where the source has none of them.
    """

    shown: str
    names: tuple[str, ...]
    track: Ints
    kind: Codes
    time_ns: Ints
    place_m: Doubles | None
    px: Floats | None = None
    sigma_m: Doubles | None = None
    length_m: Doubles | None = None
    width_m: Doubles | None = None
    speed_kmh: Doubles | None = None
    heading_deg: Doubles | None = None
    noise_m: Doubles | None = None
    speed_doubt_ratio: Doubles | None = None
    doubted_ns: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        """SourceError when time runs backwards, a road user stands in one moment twice, or a number is none: nothing may be measured on that."""
        self._refuse_disorder()
        if self.place_m is not None:
            self._refuse_strange("place", self.place_m, _FARTHEST_M, " m")
        if self.speed_kmh is not None:
            self._refuse_strange("speed", self.speed_kmh, 1000.0, " km/h")

    def __len__(self) -> int:
        """How many points."""
        return len(self.time_ns)

    def is_trusted(self, time_ns: int) -> bool:
        """Whether the camera could be believed at this moment."""
        return not any(begin_ns <= time_ns <= end_ns for begin_ns, end_ns in self.doubted_ns)

    def as_stored(self) -> "Trajectories":
        """As points.parquet keeps them: whole centimetres, speeds and headings in single precision. Rules judge no finer numbers than a replay has."""
        return replace(
            self,
            place_m=_whole_cm(self.place_m),
            sigma_m=_whole_cm(self.sigma_m),
            length_m=_whole_cm(self.length_m),
            width_m=_whole_cm(self.width_m),
            speed_kmh=_single(self.speed_kmh),
            heading_deg=_single(self.heading_deg),
            noise_m=_whole_cm(self.noise_m),
            speed_doubt_ratio=_single(self.speed_doubt_ratio),
        )

    def keep(self, which: Bools) -> "Trajectories":
        """The chosen rows (n,)."""
        columns = {name: column[which] for name in _COLUMNS if (column := getattr(self, name)) is not None}
        return replace(self, **columns)

    def moments(self) -> Iterator[slice]:
        """The rows of each moment, in order."""
        begins = np.flatnonzero(np.diff(self.time_ns, prepend=self.time_ns[:1] - 1)).tolist()
        for begin, end in pairwise([*begins, len(self)]):
            yield slice(begin, end)

    def _refuse_disorder(self) -> None:
        step = np.diff(self.time_ns)
        if (step < 0).any():
            at = int(np.flatnonzero(step < 0)[0])
            came = f"time runs backwards, from {self.time_ns[at] / NS_PER_S:.3f} s to {self.time_ns[at + 1] / NS_PER_S:.3f} s"
            raise SourceError(self.shown, came, "moments in ascending order")
        twice = (step == 0) & (np.diff(self.track) <= 0)
        if twice.any():
            at = int(np.flatnonzero(twice)[0]) + 1
            raise SourceError(self.shown, f"{self.names[self.track[at]]} twice at {self.time_ns[at] / NS_PER_S:.3f} s", "each road user once a moment")

    def _refuse_strange(self, what: str, values: Doubles, most: float, unit: str) -> None:
        strange = ~(np.abs(values) <= most)
        if what == "speed":
            strange &= ~np.isnan(values)  # not known is fine
        if strange.any():
            row = int(np.flatnonzero(strange.reshape(len(values), -1).any(1))[0])
            said = ", ".join(f"{value:g}" for value in np.atleast_1d(values[row]).tolist())
            who = f"{self.names[self.track[row]]} at {self.time_ns[row] / NS_PER_S:.3f} s"
            raise SourceError(self.shown, f"{who}: {what} {said}", f"finite numbers within {most:g}{unit}")


def _whole_cm(metres: Doubles | None) -> Doubles | None:
    return None if metres is None else np.rint(metres * 100) / 100


def _single(values: Doubles | None) -> Doubles | None:
    return None if values is None else values.astype(np.float32).astype(np.float64)


_COLUMNS = ("track", "kind", "time_ns", "place_m", "px", "sigma_m", "length_m", "width_m", "speed_kmh", "heading_deg", "noise_m", "speed_doubt_ratio")


_MOST_DIGITS_COUNT = 18


def _natural(name: str) -> tuple[bool, int, str]:
    """Our own numbers as numbers: judged again, rows lie as they lay when the camera was watched, and sums come to the same last bit."""
    return (False, int(name), name) if name.isdecimal() and name.isascii() and len(name) <= _MOST_DIGITS_COUNT else (True, 0, name)


def by_name(names: Sequence[str]) -> tuple[tuple[str, ...], Ints]:
    """Names in order, and for each of the given ones its place (n,) there: whatever the order a file tells them in, tracks get the same numbers."""
    order = sorted(range(len(names)), key=lambda index: _natural(names[index]))
    place = np.empty(len(names), np.int64)
    place[order] = np.arange(len(names))
    return tuple(names[index] for index in order), place


def in_order(time_ns: Ints, track: Ints) -> Ints | None:
    """How to sort the rows of each moment by track; None when they are sorted, or when time itself is in disorder (which is refused elsewhere)."""
    step = np.diff(time_ns)
    if (step < 0).any() or not ((step == 0) & (np.diff(track) < 0)).any():
        return None
    return np.lexsort((track, time_ns))
