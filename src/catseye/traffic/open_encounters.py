"""Encounters that are going on: one row a pair, the worst of each kept, told once when the two have parted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catseye.core.arrays import Bools, Codes, Doubles, Ints
from catseye.core.columns import places_of, stacked
from catseye.core.event import Measure
from catseye.core.finding import Finding
from catseye.core.scene import GroundScene
from catseye.core.time import NS_PER_S
from catseye.traffic.approaching import Approaching, CollisionCourses
from catseye.traffic.bodies import Motion
from catseye.traffic.encounters import ENCOUNTER_TYPES, angle_sigma_deg, described

ALONE_SIGMAS = 4.0
_OPEN = np.dtype(
    [
        ("track", np.int64, (2,)),
        ("kind", np.uint8, (2,)),
        ("begin_ns", np.int64),
        ("last_ns", np.int64),
        ("trusted", np.bool_),
        ("ttc", np.float64, (2,)),  # value, sigma
        ("ttc_ns", np.int64),
        ("motion", np.float64, (2, 9)),  # of both when the ttc was smallest
        ("place_sigma", np.float64, (2,)),
        ("velocity_sigma", np.float64, (2,)),
        ("looks_count", np.int64),  # at which they were on collision course
        ("axis", np.int64),
        ("drac", np.float64, (2,)),  # value, sigma
        ("pet", np.float64, (6,)),  # value, sigma, place, type, whether the lower track came late
        ("pet_ns", np.int64),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Late:
    """Pairs `index` (k, 2) of rows of the bodies: the second came where the first had been `pet_s` before, with one sigma, at `place` (k, 2).

    `kind` codes of encounter types.
    """

    index: Ints
    pet_s: Doubles
    pet_sigma_s: Doubles
    place: Doubles
    kind: Codes


class OpenEncounters:
    """Held from moment to moment."""

    def __init__(self, within_s: float, part_s: float, pet_s: float) -> None:
        """A time to collision is below `within_s`. They have parted when they were on no collision course for `part_s`; who passes within `pet_s` of
        that still belongs to it.
        """
        self._within_s, self._part_ns, self._over_ns = within_s, int(part_s * NS_PER_S), int((part_s + pet_s) * NS_PER_S)
        self._over: list[Finding] = []
        self._open: NDArray[np.void] = np.empty(0, _OPEN)

    def hold_approaching(self, bodies: GroundScene, motion: Motion, found: Approaching) -> None:
        """They are on collision course now."""
        low, high = _low_first(bodies, found.index)
        self._part(bodies, low, high)
        at = self._rows(bodies, low, high)
        self._open["looks_count"][at] += 1
        closer = found.ttc_s < self._open["ttc"][at, 0]
        if np.count_nonzero(closer):
            worst, axis = self._open[at[closer]], np.where(low == found.index[:, 0], found.axis, found.axis ^ 2)
            worst["ttc"][:, 0], worst["ttc"][:, 1] = found.ttc_s[closer], found.ttc_sigma_s[closer]
            for side, rows in enumerate((low[closer], high[closer])):
                worst["motion"][:, side] = motion.table[:, rows].T
                worst["place_sigma"][:, side], worst["velocity_sigma"][:, side] = bodies.place_sigma[rows], bodies.velocity_sigma[rows]
            worst["ttc_ns"], worst["axis"] = bodies.time_ns, axis[closer]
            self._open[at[closer]] = worst
        drac = self._open["drac"]
        harder = np.isfinite(found.drac_ms2) & (found.drac_ms2 > drac[at, 0])
        if np.count_nonzero(harder):
            drac[at[harder], 0], drac[at[harder], 1] = found.drac_ms2[harder], found.drac_sigma_ms2[harder]

    def hold_late(self, bodies: GroundScene, late: Late) -> None:
        """One came where another had just been."""
        low, high = _low_first(bodies, late.index)
        at = self._rows(bodies, low, high)
        closer = late.pet_s < self._open["pet"][at, 0]
        value = np.stack([late.pet_s, late.pet_sigma_s, *late.place.T, late.kind, low == late.index[:, 1]], 1)
        self._open["pet"][at[closer]] = value[closer]
        self._open["pet_ns"][at[closer]] = bodies.time_ns

    def parted(self, time_ns: int) -> Sequence[Finding]:
        """What is over by now."""
        told, self._over = self._over, []
        if len(self._open):
            told += self._close(time_ns - self._open["last_ns"] > self._over_ns)
        return told

    def end(self, track: Ints) -> Sequence[Finding]:
        """Those of tracks that will not come back."""
        return self._close(places_of(self._open["track"], track)[1].any(1)) if len(self._open) else ()

    def finish(self) -> Sequence[Finding]:
        """All."""
        return self._close(np.ones(len(self._open), np.bool_))

    def _part(self, bodies: GroundScene, low: Ints, high: Ints) -> None:
        """What was over between the same two before they came on collision course again."""
        stale = bodies.time_ns - self._open["last_ns"] > self._part_ns
        if stale.any():
            again = (self._open["track"][:, :1] == bodies.track[low]) & (self._open["track"][:, 1:] == bodies.track[high])
            self._over += self._close(stale & again.any(1))

    def _rows(self, bodies: GroundScene, low: Ints, high: Ints) -> Ints:
        """Where the pairs of rows stand, begun if need be, and seen now."""
        low_track, high_track = bodies.track[low], bodies.track[high]
        same = (self._open["track"][:, 0] == low_track[:, None]) & (self._open["track"][:, 1] == high_track[:, None])
        known = same.any(1)
        at: Ints = same.argmax(1) if len(self._open) else np.zeros(len(low), np.int64)
        new = (~known).nonzero()[0]
        if len(new):
            at[new] = len(self._open) + np.arange(len(new))
            self._begin(bodies, np.stack([low, high], 1)[new])
        self._open["last_ns"][at] = bodies.time_ns
        if not bodies.trusted:
            self._open["trusted"][at] = False
        return at

    def _begin(self, bodies: GroundScene, rows: Ints) -> None:
        fresh = np.zeros(len(rows), _OPEN)
        fresh["track"], fresh["kind"], fresh["begin_ns"], fresh["trusted"] = bodies.track[rows], bodies.kind[rows], bodies.time_ns, True
        fresh["ttc"][:, 0] = fresh["pet"][:, 0] = np.inf
        fresh["drac"][:, 0] = -np.inf
        self._open = stacked(self._open, fresh)

    def _close(self, chosen: Bools | np.bool_) -> list[Finding]:
        over = np.asarray(chosen, np.bool_)
        if not np.count_nonzero(over):
            return []
        told, self._open = self._open[over], self._open[~over]
        told = told[np.lexsort((told["track"][:, 1], told["track"][:, 0], told["begin_ns"]))]
        worth = np.isfinite(told["pet"][:, 0]) | (told["looks_count"] > 1)
        alone = (~worth).nonzero()[0]
        if len(alone):
            worth[alone] = self._are_sure_alone(told[alone])
        return _findings(told[worth])

    def _are_sure_alone(self, rows: NDArray[np.void]) -> Bools:
        """Where a single look was so sure that noise cannot have made it (k,): of many thousand pairs and looks, some are off by more than two sigmas."""
        one, other = _motions(rows)
        place, velocity = np.hypot(*rows["place_sigma"].T), np.hypot(*rows["velocity_sigma"].T)
        doubt = np.hypot(place, rows["ttc"][:, 0] * velocity)
        surely: Bools = CollisionCourses(one, other, self._within_s).surely_s(ALONE_SIGMAS * doubt) < self._within_s
        return surely


def _motions(rows: NDArray[np.void]) -> tuple[Motion, Motion]:
    """Of the lower and the higher track when their time to collision was smallest."""
    return Motion(np.ascontiguousarray(rows["motion"][:, 0].T)), Motion(np.ascontiguousarray(rows["motion"][:, 1].T))


def _low_first(bodies: GroundScene, index: Ints) -> tuple[Ints, Ints]:
    one, other = index.T
    swap = bodies.track[one] > bodies.track[other]
    return np.where(swap, other, one), np.where(swap, one, other)


@dataclass(frozen=True, slots=True)
class _Worst:
    """An encounter at its worst: `kind` is a code, `acts`: the lower track runs into the other, or came late."""

    kind: int
    acts: bool
    place: tuple[float, float]
    time_ns: int


def _findings(rows: NDArray[np.void]) -> list[Finding]:
    """What to say of encounters that are over."""
    return [_finding(row, worst) for row, worst in zip(rows, _worsts(rows), strict=True)]


def _worsts(rows: NDArray[np.void]) -> list[_Worst]:
    """Where there was a time to collision it tells, else how late the later one was."""
    pet = rows["pet"]
    found = [_Worst(int(late[4]), bool(late[5]), (float(late[2]), float(late[3])), int(time_ns)) for late, time_ns in zip(pet, rows["pet_ns"], strict=True)]
    met = np.isfinite(rows["ttc"][:, 0]).nonzero()[0]
    if len(met):
        meeting = rows[met]
        one, other = _motions(meeting)
        doubt = angle_sigma_deg(one, other, meeting["velocity_sigma"].T)
        types, first, place = described(one, other, meeting["ttc"][:, 0], meeting["axis"], doubt)
        for at, kind, acts, (x, y), time_ns in zip(met.tolist(), types.tolist(), first.tolist(), place.tolist(), meeting["ttc_ns"].tolist(), strict=True):
            found[at] = _Worst(kind, acts, (x, y), time_ns)
    return found


def _finding(row: np.void, worst: _Worst) -> Finding:
    values = (("ttc_min", row["ttc"], "s"), ("pet", row["pet"], "s"), ("drac_max", row["drac"], "m/s²"))
    measures = tuple(Measure(name, float(value[0]), unit, float(value[1])) for name, value, unit in values if np.isfinite(value[0]))
    order = slice(None) if worst.acts else slice(None, None, -1)
    return Finding(
        int(row["begin_ns"]),
        int(row["last_ns"]),
        tuple(row["track"][order].tolist()),
        tuple(row["kind"][order].tolist()),
        measures,
        worst.place,
        bool(row["trusted"]),
        {"type": ENCOUNTER_TYPES[worst.kind].value, "worst_s": worst.time_ns / NS_PER_S},
    )
