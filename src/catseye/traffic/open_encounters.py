"""Encounters that are going on: one row a pair, the worst of each kept, told once when the two have parted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catseye.core.arrays import Bools, Codes, Doubles, Ints
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
        if closer.any():
            worst = at[closer]
            self._open["ttc"][worst] = np.stack([found.ttc_s, found.ttc_sigma_s], 1)[closer]
            self._open["motion"][worst, 0], self._open["motion"][worst, 1] = motion.table[:, low[closer]].T, motion.table[:, high[closer]].T
            both = np.stack([low, high], 1)[closer]
            self._open["place_sigma"][worst], self._open["velocity_sigma"][worst] = bodies.place_sigma[both], bodies.velocity_sigma[both]
            self._open["ttc_ns"][worst], self._open["axis"][worst] = bodies.time_ns, np.where(low == found.index[:, 0], found.axis, found.axis ^ 2)[closer]
        harder = np.isfinite(found.drac_ms2) & (found.drac_ms2 > self._open["drac"][at, 0])
        self._open["drac"][at[harder]] = np.stack([found.drac_ms2, found.drac_sigma_ms2], 1)[harder]

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
        return self._close(np.isin(self._open["track"], track).any(1)) if len(self._open) else ()

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
        same = (self._open["track"][:, 0] == bodies.track[low, None]) & (self._open["track"][:, 1] == bodies.track[high, None])
        known = same.any(1)
        at: Ints = same.argmax(1) if len(self._open) else np.zeros(len(low), np.int64)
        if not known.all():
            new = ~known
            at[new] = len(self._open) + np.arange(int(new.sum()))
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
        self._open = np.concatenate([self._open, fresh])

    def _close(self, chosen: Bools | np.bool_) -> list[Finding]:
        over = np.asarray(chosen, np.bool_)
        if not over.any():
            return []
        told, self._open = self._open[over], self._open[~over]
        order = np.lexsort((told["track"][:, 1], told["track"][:, 0], told["begin_ns"]))
        return [_finding(row) for row in told[order] if np.isfinite(row["pet"][0]) or row["looks_count"] > 1 or self._is_sure_alone(row)]

    def _is_sure_alone(self, row: np.void) -> bool:
        """Whether a single look was so sure that noise cannot have made it: of many thousand pairs and looks, some are off by more than two sigmas."""
        one, other = Motion(row["motion"][:1].T), Motion(row["motion"][1:].T)
        doubt = np.hypot(np.hypot(*row["place_sigma"]), row["ttc"][0] * np.hypot(*row["velocity_sigma"]))
        return bool(CollisionCourses(one, other, self._within_s).surely_s(np.array([ALONE_SIGMAS * doubt]))[0] < self._within_s)


def _low_first(bodies: GroundScene, index: Ints) -> tuple[Ints, Ints]:
    one, other = index.T
    swap = bodies.track[one] > bodies.track[other]
    return np.where(swap, other, one), np.where(swap, one, other)


def _finding(row: np.void) -> Finding:
    ttc, pet, drac = row["ttc"], row["pet"], row["drac"]
    values = (("ttc_min", ttc, "s"), ("pet", pet, "s"), ("drac_max", drac, "m/s²"))
    measures = tuple(Measure(name, float(value[0]), unit, float(value[1])) for name, value, unit in values if np.isfinite(value[0]))
    if np.isfinite(ttc[0]):
        one, other = Motion(row["motion"][:1].T), Motion(row["motion"][1:].T)
        doubt = angle_sigma_deg(one, other, row["velocity_sigma"][:, None])
        types, first, places = described(one, other, ttc[:1], row["axis"][None], doubt)
        kind, place, acts, worst_ns = int(types[0]), places[0], bool(first[0]), int(row["ttc_ns"])
    else:
        kind, place, acts, worst_ns = int(pet[4]), pet[2:4], bool(pet[5]), int(row["pet_ns"])
    order = slice(None) if acts else slice(None, None, -1)
    return Finding(
        int(row["begin_ns"]),
        int(row["last_ns"]),
        tuple(row["track"][order].tolist()),
        tuple(row["kind"][order].tolist()),
        measures,
        (float(place[0]), float(place[1])),
        bool(row["trusted"]),
        {"type": ENCOUNTER_TYPES[kind].value, "worst_s": worst_ns / NS_PER_S},
    )
