"""Hidden dangers: where near misses and violations gather, ranked by what is surely there, not by what one bad hour showed.

A place is ranked by the lower bound of its rate of near misses (those with a short TTC or a high DRAC) and collisions; violations break ties.
PET alone never ranks: minimum TTC was validated against crashes, PET was not (Johnsson, Laureshyn & De Ceunynck 2021).
Encroachments with a short PET only are counted beside.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from catseye.core.arrays import Doubles, Ints
from catseye.traffic.counts import Change, change_of_rate, poisson_interval

NEAR_MISS, COLLISION = "near-miss", "collision"
CLOSE_TTC_S = 1.5  # Hydén 1987 / van der Horst 1990: under it an encounter is a serious conflict
HARD_DRAC_MS2 = 3.35  # Archer 2005: braking harder than this is needed to avoid the crash


@dataclass(frozen=True, slots=True)
class Danger:
    """One near miss, collision or violation: where (the plane's unit), and what was measured of it, None where it was not."""

    kind: str
    place: tuple[float, float]
    ttc_min_s: float | None = None
    drac_max_ms2: float | None = None
    pet_s: float | None = None

    @property
    def is_conflict(self) -> bool:
        """A near miss that something other than PET speaks for, or a collision."""
        return self.kind == COLLISION or (self.kind == NEAR_MISS and (self.ttc_min_s is not None or self.drac_max_ms2 is not None))

    @property
    def is_serious(self) -> bool:
        """A collision, a TTC under 1.5 s, or a DRAC over 3.35 m/s²."""
        close = self.ttc_min_s is not None and self.ttc_min_s < CLOSE_TTC_S
        return self.is_conflict and (self.kind == COLLISION or close or (self.drac_max_ms2 is not None and self.drac_max_ms2 > HARD_DRAC_MS2))


@dataclass(frozen=True, slots=True)
class HazardPlace:
    """Where dangers gather: `place` their middle, `radius` how far they spread. Rates are an hour, with exact 95 % Poisson intervals."""

    rank: int
    place: tuple[float, float]
    radius: float
    conflicts_count: int
    serious_count: int
    collisions_count: int
    pet_only_count: int
    violations: Mapping[str, int] = field(default_factory=dict)
    hourly: tuple[float, float, float] = (0.0, 0.0, 0.0)
    violations_hourly: tuple[float, float, float] = (0.0, 0.0, 0.0)
    change: Change | None = None

    @property
    def violations_count(self) -> int:
        """All kinds."""
        return sum(self.violations.values())


def rank_places(dangers: Sequence[Danger], hours: float, radius: float, before: Sequence[Danger] = (), before_hours: float = 0.0) -> list[HazardPlace]:
    """Gather `dangers` seen in so many hours into places of at most this radius (the plane's unit), worst first.

    `before` and `before_hours`: an earlier period, for the change at each place. ValueError when nothing was watched.
    """
    if not (hours > 0 and radius > 0):
        raise ValueError(f"{hours} h watched, places of {radius}; wanted both above 0")
    everything = [*dangers, *before]
    groups = gather(np.array([danger.place for danger in everything], np.float64).reshape(-1, 2), radius)
    places = [_place([everything[index] for index in group], [index >= len(dangers) for index in group], hours, radius, before_hours) for group in groups]
    places = [place for place in places if place.conflicts_count or place.violations_count or place.pet_only_count or place.change]
    places.sort(key=lambda place: (-place.hourly[1], -place.serious_count, -place.violations_hourly[1], -place.pet_only_count, place.place))
    return [_ranked(place, rank) for rank, place in enumerate(places, 1)]


def gather(place: Doubles, radius: float) -> list[list[int]]:
    """Groups of points (n, 2) within `radius` of a middle: the fullest first, each point once. Deterministic."""
    left = np.arange(len(place))
    groups: list[list[int]] = []
    while len(left):
        near = _neighbours(place[left], radius)
        fullest = int(np.argmax(near.sum(1)))
        middle = place[left[near[fullest]]].mean(0)
        inside = np.hypot(*(place[left] - middle).T) <= radius
        chosen: Ints = left[inside | near[fullest]]
        groups.append(chosen.tolist())
        left = np.setdiff1d(left, chosen)
    return groups


def _neighbours(place: Doubles, radius: float) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    away = place[:, None, :] - place[None, :, :]
    return np.asarray(np.hypot(away[..., 0], away[..., 1]) <= radius, np.bool_)


def _place(dangers: Sequence[Danger], is_before: Sequence[bool], hours: float, radius: float, before_hours: float) -> HazardPlace:
    now = [danger for danger, earlier in zip(dangers, is_before, strict=True) if not earlier]
    then = [danger for danger, earlier in zip(dangers, is_before, strict=True) if earlier]
    where = np.array([danger.place for danger in dangers], np.float64)
    middle = where.mean(0)
    conflicts = sum(danger.is_conflict for danger in now)
    violations = Counter(danger.kind for danger in now if danger.kind not in (NEAR_MISS, COLLISION))
    change = change_of_rate(sum(danger.is_conflict for danger in then), before_hours, conflicts, hours) if before_hours > 0 else None
    return HazardPlace(
        0,
        (float(middle[0]), float(middle[1])),
        float(max(radius / 4, np.hypot(*(where - middle).T).max())),
        conflicts,
        sum(danger.is_serious for danger in now),
        sum(danger.kind == COLLISION for danger in now),
        sum(danger.kind == NEAR_MISS and not danger.is_conflict for danger in now),
        dict(sorted(violations.items())),
        _hourly(conflicts, hours),
        _hourly(sum(violations.values()), hours),
        change,
    )


def _hourly(count: int, hours: float) -> tuple[float, float, float]:
    least, most = poisson_interval(count)
    return count / hours, least / hours, most / hours


def _ranked(place: HazardPlace, rank: int) -> HazardPlace:
    return replace(place, rank=rank)
