"""One moment of the road as rules judge it: every road user, in columns, on the ground or (uncalibrated) in the picture."""

from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Self

import numpy as np

from catseye.core.arrays import Bools, Codes, Doubles, Ints

KMH_PER_MS = 3.6


def _not_given() -> Doubles:
    return np.empty(0)


@dataclass(frozen=True)
class Scene:
    """Road users of one camera at one moment, one row each, `track` ascending; lengths in the unit of the plane: metres or pixels.

    `time_ns` since the source's zero; `track` int64 (m,); `kind` uint8 (m,) codes of RoadUser;
    `place` float64 (m, 2) centre of the footprint, `place_sigma` (m,) its doubt on each axis;
    `velocity` (m, 2) a second, `velocity_sigma` (m,) along the way it goes; `heading` (m, 2) unit vector, kept while standing;
    `length`, `width` (m,) of the footprint. Velocity and heading are NaN until known, sizes are NaN where nobody knows them.
    `trusted`: False while the camera says it should not be believed; whatever is concluded then is marked.
    `accel` (m,) along the heading, a second², below zero when braking, with `accel_sigma` (m,); NaN where unknown, and all of it where not given.
    """

    time_ns: int
    track: Ints
    kind: Codes
    place: Doubles
    place_sigma: Doubles
    velocity: Doubles
    velocity_sigma: Doubles
    heading: Doubles
    length: Doubles
    width: Doubles
    trusted: bool = True
    accel: Doubles = field(default_factory=_not_given, kw_only=True)
    accel_sigma: Doubles = field(default_factory=_not_given, kw_only=True)

    def __post_init__(self) -> None:
        """Refuse columns of unequal length."""
        m = len(self.track)
        for name in ("accel", "accel_sigma"):
            if m and not len(getattr(self, name)):
                object.__setattr__(self, name, np.full(m, np.nan))
        flat = {name: len(getattr(self, name)) for name in ("kind", "place_sigma", "velocity_sigma", "length", "width", "accel", "accel_sigma")}
        pairs = {name: getattr(self, name).shape for name in ("place", "velocity", "heading")}
        if any(n != m for n in flat.values()) or any(shape != (m, 2) for shape in pairs.values()):
            raise ValueError(f"scene at {self.time_ns} ns: {flat} {pairs} for {m} tracks; wanted ({m},) and ({m}, 2)")

    def __len__(self) -> int:
        """How many road users."""
        return len(self.track)

    def keep(self, which: Bools | Ints) -> Self:
        """The chosen rows, by mask or by ascending index."""
        columns = {name: getattr(self, name)[which] for name in _COLUMNS}
        return type(self)(time_ns=self.time_ns, trusted=self.trusted, **columns)

    @cached_property
    def front(self) -> Doubles:
        """Centre of the front edge (m, 2): what crosses a stop line first; the place itself where heading or length is unknown."""
        reach = self.heading * (0.5 * self.length[:, None])
        return np.asarray(self.place + np.where(np.isfinite(reach), reach, 0.0), np.float64)

    @cached_property
    def speed(self) -> Doubles:
        """Length of the velocity (m,), NaN where unknown."""
        return np.hypot(self.velocity[:, 0], self.velocity[:, 1])


_COLUMNS = tuple(column.name for column in fields(Scene) if column.name not in ("time_ns", "trusted"))


@dataclass(frozen=True)
class PictureScene(Scene):
    """In native pixels, y down: a camera without calibration. Enough to cross lines and to go the wrong way, not for km/h."""

    unit = "px"


@dataclass(frozen=True)
class GroundScene(Scene):
    """In metres, x east-like, y north-like."""

    unit = "m"

    @cached_property
    def speed_kmh(self) -> Doubles:
        """Speed over ground (m,), km/h, NaN where unknown."""
        return self.speed * KMH_PER_MS

    @cached_property
    def speed_sigma_kmh(self) -> Doubles:
        """One sigma of `speed_kmh` (m,)."""
        return self.velocity_sigma * KMH_PER_MS


@dataclass(frozen=True, slots=True)
class Passages:
    """Fronts of road users that went over lines since the scene before; times and places interpolated, on real timestamps.

    `time_ns` int64 (k,); `track` int64 (k,); `line` int64 (k,) index into the world's lines; `forward` bool (k,); `place` (k, 2) in the plane's unit.
    """

    time_ns: Ints
    track: Ints
    line: Ints
    forward: Bools
    place: Doubles

    def __len__(self) -> int:
        """How many."""
        return len(self.time_ns)

    @classmethod
    def none(cls) -> "Passages":
        """Nobody crossed anything."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.bool_), np.empty((0, 2)))
