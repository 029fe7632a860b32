"""Who was where and when, as columns: any source of trajectories (ours, a traffic simulator's) can be drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from catseye.core.arrays import Bools, Codes, Doubles, Ints


@dataclass(frozen=True, slots=True)
class Trajectories:
    """Rows sorted by track, then time; between two rows of a track everybody moves straight and evenly.

    `x_m`, `y_m` the ground-plane centre of the road user; `heading_deg` clockwise from north; `kind` codes of RoadUser;
    `length_m`, `width_m`, `height_m` of the body, rider included.
    """

    time_s: Doubles
    track: Ints
    x_m: Doubles
    y_m: Doubles
    heading_deg: Doubles
    kind: Codes
    length_m: Doubles
    width_m: Doubles
    height_m: Doubles

    def __post_init__(self) -> None:
        """Refuse columns of unequal length and rows out of order."""
        n = len(self.time_s)
        if any(len(column) != n for column in (self.track, self.x_m, self.y_m, self.heading_deg, self.kind, self.length_m, self.width_m, self.height_m)):
            raise ValueError(f"trajectories: columns of unequal length; wanted {n} rows in each")
        step, change = np.diff(self.time_s), np.diff(self.track)
        if bool(((change < 0) | ((change == 0) & (step <= 0))).any()):
            raise ValueError("trajectories: rows out of order; wanted sorted by track, then strictly ascending time_s")

    def __len__(self) -> int:
        """How many rows."""
        return len(self.time_s)

    @property
    def odometer_m(self) -> Doubles:
        """Ground covered since the track's first row, (n,): legs and wheels turn by it."""
        step = np.hypot(np.diff(self.x_m, prepend=0), np.diff(self.y_m, prepend=0))
        first = np.diff(self.track, prepend=-1) != 0
        total = np.cumsum(np.where(first, 0, step))
        return np.asarray(total - np.repeat(total[first], np.diff(np.flatnonzero(np.append(first, True)))))

    @property
    def speed_kmh(self) -> Doubles:
        """Speed from each row to the next of its track, (n,): exactly what is drawn; a track's last row repeats the one before, alone it is 0."""
        if len(self) < 2:
            return np.zeros(len(self))
        goes_on = np.diff(self.track) == 0
        step_kmh = np.where(goes_on, np.hypot(np.diff(self.x_m), np.diff(self.y_m)) / np.where(goes_on, np.diff(self.time_s), 1) * 3.6, 0.0)
        return np.where(np.append(goes_on, False), np.append(step_kmh, 0.0), np.append(0.0, step_kmh))

    def keep(self, which: Bools) -> "Trajectories":
        """The chosen rows."""
        return Trajectories(*(getattr(self, name)[which] for name in self.__dataclass_fields__))

    @classmethod
    def together(cls, parts: Sequence["Trajectories"]) -> "Trajectories":
        """Several parts as one, tracks numbered anew from 1 in the order in which they come."""
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__}
        first_count = 0
        tracks = []
        for part in parts:
            _, place = np.unique(part.track, return_inverse=True)
            tracks.append(place + 1 + first_count)
            first_count += int(place.max(initial=-1)) + 1
        return cls(**columns | {"track": np.concatenate(tracks)})

    def moved(self, x_m: float = 0.0, y_m: float = 0.0, turn_deg: float = 0.0, later_s: float = 0.0) -> "Trajectories":
        """Turned clockwise about the origin, then moved, and all of it later."""
        sine, cosine = np.sin(np.radians(turn_deg)), np.cos(np.radians(turn_deg))
        return replace(
            self,
            time_s=self.time_s + later_s,
            x_m=self.x_m * cosine + self.y_m * sine + x_m,
            y_m=self.y_m * cosine - self.x_m * sine + y_m,
            heading_deg=(self.heading_deg + turn_deg) % 360,
        )


@dataclass(frozen=True, slots=True)
class Moment:
    """Everybody present at one time, ids ascending: the columns of `Trajectories`, with speed and distance walked."""

    track: Ints
    x_m: Doubles
    y_m: Doubles
    heading_deg: Doubles
    kind: Codes
    length_m: Doubles
    width_m: Doubles
    height_m: Doubles
    odometer_m: Doubles
    speed_kmh: Doubles

    def __len__(self) -> int:
        """How many road users."""
        return len(self.track)


class Timeline:
    """Trajectories made ready to be asked at any time: one binary search for all tracks at once."""

    def __init__(self, trajectories: Trajectories) -> None:
        self.trajectories = trajectories
        self._odometer_m = trajectories.odometer_m
        self._speed_kmh = trajectories.speed_kmh
        self._first = np.flatnonzero(np.diff(trajectories.track, prepend=-1) != 0)
        self._last = np.append(self._first[1:], len(trajectories)) - 1 if len(trajectories) else self._first
        self._rank = np.repeat(np.arange(len(self._first)), self._last - self._first + 1)
        self._span_s = float(np.ptp(trajectories.time_s)) + 1.0 if len(trajectories) else 1.0
        self._begin_s = float(trajectories.time_s.min()) if len(trajectories) else 0.0
        self._key = self._rank * self._span_s + (trajectories.time_s - self._begin_s)

    def at(self, time_s: float) -> Moment:
        """Who is there at `time_s`, from the first row of a track to its last, both included."""
        t = self.trajectories
        present = (t.time_s[self._first] <= time_s) & (t.time_s[self._last] >= time_s)
        first, last = self._first[present], self._last[present]
        left = np.searchsorted(self._key, np.flatnonzero(present) * self._span_s + (time_s - self._begin_s), side="right") - 1
        left = np.clip(left, first, np.maximum(first, last - 1))
        right = np.minimum(left + 1, last)
        gap_s = t.time_s[right] - t.time_s[left]
        share = np.where(gap_s > 0, (time_s - t.time_s[left]) / np.where(gap_s > 0, gap_s, 1), 0.0)

        def between(column: Doubles) -> Doubles:
            return np.asarray(column[left] + (column[right] - column[left]) * share)

        turn_deg = (t.heading_deg[right] - t.heading_deg[left] + 180) % 360 - 180
        heading_deg = (t.heading_deg[left] + turn_deg * share) % 360
        fixed = (t.length_m[left], t.width_m[left], t.height_m[left])
        moving = between(self._odometer_m), self._speed_kmh[left]
        return Moment(t.track[left], between(t.x_m), between(t.y_m), heading_deg, t.kind[left], *fixed, *moving)
