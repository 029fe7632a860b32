"""What motion remembers: points of the last moments in one matrix, a row a road user, a column a moment, and what else is known of each."""

from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Bools, Doubles, Ints
from catseye.core.columns import places_of
from catseye.core.time import NS_PER_S
from catseye.traffic.local_fit import NOWHERE, Plane

_ROWS_COUNT, _COLUMNS_COUNT = 64, 128  # at first; both double when they do not do
NEW_TRUST = 0.2
_LONG_AGO = np.iinfo(np.int64).min // 2


@dataclass(frozen=True, slots=True)
class Window:
    """Points around a moment: `offset_s` (w,) from it, `place` complex, `weight` (1/σ², 0: no point) and `trust` (m, w); `begin` is the first column."""

    offset_s: Doubles
    place: Plane
    weight: Doubles
    trust: Doubles
    begin: int


class MotionMemory:
    """Rows stay where they are while a road user is remembered; columns are named by their number since the beginning.

    Of each row: `scale` of its points' errors over their σ, `heading` complex (NaN: not known yet), `told_speed` metres a second that the source
    told last and `told_ns` when, `ended` True: no more points.
    """

    def __init__(self, memory_s: float) -> None:
        """Nobody yet; whoever is unseen for `memory_s` is forgotten."""
        self._memory_ns = round(memory_s * NS_PER_S)
        self._track: Ints = np.empty(0, np.int64)
        self._row: Ints = np.empty(0, np.int64)
        self._free: Ints = np.arange(_ROWS_COUNT)[::-1]
        self._time_ns: Ints = np.zeros(_COLUMNS_COUNT, np.int64)
        self._base, self._count = 0, 0
        self._place: Plane = np.zeros((_ROWS_COUNT, _COLUMNS_COUNT), np.complex128)
        self._weight: Doubles = np.zeros((_ROWS_COUNT, _COLUMNS_COUNT))
        self._trust: Doubles = np.ones((_ROWS_COUNT, _COLUMNS_COUNT))
        self._last_ns: Ints = np.full(_ROWS_COUNT, _LONG_AGO)
        self.scale: Doubles = np.ones(_ROWS_COUNT)
        self.heading: Plane = np.full(_ROWS_COUNT, NOWHERE)
        self.told_speed: Doubles = np.full(_ROWS_COUNT, np.nan)
        self.told_ns: Ints = np.zeros(_ROWS_COUNT, np.int64)
        self.ended: Bools = np.zeros(_ROWS_COUNT, np.bool_)

    @property
    def last_ns(self) -> int | None:
        """Time of the newest column; None before the first."""
        return int(self._time_ns[self._count - 1]) if self._count else None

    def begin_column(self, time_ns: int, needed_ns: int) -> int:
        """A new column, its number; those before `needed_ns` may go."""
        if self._count == len(self._time_ns):
            self._make_room(needed_ns)
        self._time_ns[self._count] = time_ns
        self._count += 1
        return self._base + self._count - 1

    def rows(self, time_ns: int, track: Ints) -> Ints:
        """Rows (m,) of tracks (m,) ascending, who are seen now; new ones are begun."""
        place, there = places_of(track, self._track)
        if not there.all():
            self._begin_rows(track[~there])
            place, _ = places_of(track, self._track)
        row = self._row[place]
        self._last_ns[row], self.ended[row] = time_ns, False
        return row

    def end(self, track: Ints) -> None:
        """These tracks get no more points."""
        place, there = places_of(track, self._track)
        self.ended[self._row[place[there]]] = True

    def note(self, row: Ints, column: int, place: Plane, weight: Doubles) -> None:
        """Points of a moment; until a fit has looked at them, those before are believed more."""
        at = column - self._base
        self._place[row, at], self._weight[row, at], self._trust[row, at] = place, weight, NEW_TRUST

    def window(self, row: Ints, time_ns: int, half_ns: int) -> Window:
        """Points of these rows (m,) no farther from the moment than `half_ns`."""
        begin, end = np.searchsorted(self._time_ns[: self._count], (time_ns - half_ns, time_ns + half_ns + 1)).tolist()
        offset_s = (self._time_ns[begin:end] - time_ns) / NS_PER_S
        return Window(offset_s, self._place[row, begin:end], self._weight[row, begin:end], self._trust[row, begin:end], begin)

    def keep(self, row: Ints, window: Window, trust: Doubles, scale: Doubles) -> None:
        """How far points are trusted from now on, and how large their errors are in their stated σ."""
        self._trust[row, window.begin : window.begin + trust.shape[1]] = trust
        self.scale[row] = scale

    def _make_room(self, needed_ns: int) -> None:
        gone = int(np.searchsorted(self._time_ns[: self._count], needed_ns))
        self._forget(needed_ns)
        kept = self._count - gone
        size = len(self._time_ns) * (2 if kept > len(self._time_ns) // 2 else 1)
        self._time_ns = _moved(self._time_ns, gone, self._count, size, 0)
        self._place = _moved(self._place, gone, self._count, size, 0)
        self._weight = _moved(self._weight, gone, self._count, size, 0)
        self._trust = _moved(self._trust, gone, self._count, size, 1)
        self._base, self._count = self._base + gone, kept

    def _forget(self, needed_ns: int) -> None:
        last_ns, now_ns = self._last_ns[self._row], int(self._time_ns[self._count - 1])
        gone = (last_ns < needed_ns) & (self.ended[self._row] | (last_ns < now_ns - self._memory_ns))
        row = self._row[gone]
        self._free = np.concatenate([self._free, row])
        self._track, self._row = self._track[~gone], self._row[~gone]

    def _begin_rows(self, track: Ints) -> None:
        while len(self._free) < len(track):
            self._double_rows()
        row, self._free = self._free[::-1][: len(track)], self._free[: len(self._free) - len(track)]
        self._weight[row], self._trust[row], self.scale[row] = 0, 1, 1
        self.heading[row], self.told_speed[row], self.ended[row] = NOWHERE, np.nan, False
        known, row = np.concatenate([self._track, track]), np.concatenate([self._row, row])
        order = np.argsort(known)
        self._track, self._row = known[order], row[order]

    def _double_rows(self) -> None:
        count = len(self._place)
        self._free = np.concatenate([np.arange(count, 2 * count)[::-1], self._free])
        for name in ("_place", "_weight", "_trust", "_last_ns", "scale", "heading", "told_speed", "told_ns", "ended"):
            column = getattr(self, name)
            setattr(self, name, np.concatenate([column, column]))  # whoever begins a row clears it


def _moved(column: np.ndarray, begin: int, end: int, size: int, blank: float) -> np.ndarray:
    """Columns [begin, end) moved to the front of `size`, the rest blank."""
    moved = np.full((*column.shape[:-1], size), blank, column.dtype)
    moved[..., : end - begin] = column[..., begin:end]
    return moved
