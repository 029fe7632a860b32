"""Collisions: footprints that meet, or a sudden stop in contact."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from catseye.core.arrays import Doubles, Ints
from catseye.core.event import Measure
from catseye.core.finding import Finding
from catseye.core.road_user import RoadUser
from catseye.core.rule import World, key
from catseye.core.scene import KMH_PER_MS, GroundScene, Passages, Scene
from catseye.core.time import NS_PER_S
from catseye.traffic.approaching import all_pairs
from catseye.traffic.bodies import Motion, Trails, known_bodies
from catseye.traffic.encounters import ENCOUNTER_TYPES, SURE_SIGMAS, angle_sigma_deg, described
from catseye.traffic.footprints import meet, separation_m

TRAIL_S = 2.0
IMPACT_S = 0.6  # a crash is over in a fifth of a second; a filtered speed takes longer to say so
CONTACT_M = 0.3
_PEDESTRIAN = RoadUser.PEDESTRIAN.code


@dataclass(frozen=True, slots=True)
class CollisionKeys:
    """`collision`."""

    least_kmh: float = key("slower, against each other, is parking and queueing", 5.0, least=0, most=50)
    stop_ms2: float = key("no tyre stops a vehicle harder than this", 10.0, least=3, most=100)
    size_doubt_m: float = key("one sigma of lengths and widths that are guessed from the kind", 0.0, least=0, most=5)


class Collision:
    """One finding a pair, ever, told at once."""

    rule_kind: ClassVar[str] = "collision"
    needs_ground: ClassVar[bool] = True
    is_violation: ClassVar[bool] = False
    Keys = CollisionKeys

    def __init__(self, keys: CollisionKeys, world: World) -> None:
        """Nothing of the world is named."""
        del world
        self._keys, self._least_ms = keys, keys.least_kmh / KMH_PER_MS
        self._trails = Trails(TRAIL_S)
        self._told: set[tuple[int, int]] = set()
        self._last_ns: int | None = None

    def see(self, scene: Scene, passages: Passages) -> Sequence[Finding]:
        """Take the next moment; who has just met."""
        del passages
        if not isinstance(scene, GroundScene) or (self._last_ns is not None and scene.time_ns <= self._last_ns):
            return ()
        self._last_ns = scene.time_ns
        bodies, motion = known_bodies(scene)
        columns = self._trails.note(bodies.track, bodies.time_ns, motion)
        i, j = _beside(bodies, motion)
        if not len(i):
            return ()
        apart = separation_m(motion.footprints.take(i), motion.footprints.take(j))
        slack = SURE_SIGMAS * np.sqrt(bodies.place_sigma[i] ** 2 + bodies.place_sigma[j] ** 2 + 0.5 * self._keys.size_doubt_m**2)
        touching = np.flatnonzero(apart < np.maximum(slack, CONTACT_M))
        found = (self._judged(bodies, motion, columns, (int(i[at]), int(j[at])), bool(apart[at] < -slack[at])) for at in touching.tolist())
        return [finding for finding in found if finding is not None]

    def end(self, track: Ints, time_ns: int) -> Sequence[Finding]:
        """These tracks will not come back."""
        del time_ns
        if self._told:
            gone = set(track.tolist())
            self._told = {pair for pair in self._told if not gone & set(pair)}
        return ()

    def finish(self, time_ns: int) -> Sequence[Finding]:
        """Nothing more comes."""
        del time_ns
        return ()

    def _judged(self, bodies: GroundScene, motion: Motion, columns: Ints, rows: tuple[int, int], overlaps: bool) -> Finding | None:
        """Of two that touch, rare enough to be looked at one by one."""
        pair = int(bodies.track[rows[0]]), int(bodies.track[rows[1]])
        if pair in self._told or pair[::-1] in self._told:
            return None
        before = self._before(columns[list(rows)])
        if before is None:
            return None
        one, other, ago_s = before
        doubt_ms = float(np.hypot(*bodies.velocity_sigma[list(rows)]))
        closing_ms = float(np.hypot(*(other.velocity[0] - one.velocity[0])))
        if closing_ms - SURE_SIGMAS * doubt_ms < self._least_ms or not (overlaps or self._stops(bodies, columns, rows)):
            return None
        self._told.add(pair)
        return _finding(bodies, motion, rows, (one, other, ago_s), Measure("closing", closing_ms * KMH_PER_MS, "km/h", doubt_ms * KMH_PER_MS), overlaps)

    def _before(self, columns: Ints) -> tuple[Motion, Motion, float] | None:
        """The two when they were last apart, and how long ago; None where they never were: one road user seen twice."""
        moments = self._trails.moments()
        one, other = (self._trails.motions(moments, np.full(len(moments), column)) for column in columns)
        apart = np.flatnonzero(separation_m(one.footprints, other.footprints) > 0)
        if not len(apart):
            return None
        return one.take(apart[:1]), other.take(apart[:1]), float(self._trails.ago_s(moments[apart[:1]])[0])

    def _stops(self, bodies: GroundScene, columns: Ints, rows: tuple[int, int]) -> bool:
        """Whether either has just lost more speed than tyres can take."""
        moments = self._trails.moments(IMPACT_S)[1:]
        ago_s = self._trails.ago_s(moments)
        for row in rows:
            before = self._trails.motions(moments, np.full(len(moments), columns[row]))
            lost = np.hypot(*before.velocity.T) - bodies.speed[row]
            doubt = SURE_SIGMAS * np.sqrt(2.0) * bodies.velocity_sigma[row]
            if bool((lost - doubt > np.maximum(self._keys.stop_ms2 * ago_s, self._least_ms)).any()):
                return True
        return False


def _beside(bodies: GroundScene, motion: Motion) -> tuple[Ints, Ints]:
    """Pairs whose surrounding circles touch, not two on foot."""
    i, j = all_pairs(len(bodies))
    (x, y), radius = motion.table[:2].take(j, 1) - motion.table[:2].take(i, 1), motion.footprints.radius
    reach = radius.take(i) + radius.take(j) + CONTACT_M
    rows = (x * x + y * y < reach * reach).nonzero()[0]
    i, j = i[rows], j[rows]
    walks = bodies.kind == _PEDESTRIAN
    if walks.any():
        drives = ~(walks[i] & walks[j])
        i, j = i[drives], j[drives]
    return i, j


def _finding(bodies: GroundScene, motion: Motion, rows: tuple[int, int], before: tuple[Motion, Motion, float], closing: Measure, overlaps: bool) -> Finding:
    """From the first contact to now. When they first touched follows from how they came."""
    one, other, ago_s = before
    meeting = meet(one.footprints, other.footprints, other.velocity - one.velocity)
    after_s: Doubles = np.minimum(np.nan_to_num(np.maximum(meeting.enter_s, 0.0), nan=ago_s), ago_s)
    doubt = angle_sigma_deg(one, other, bodies.velocity_sigma[list(rows)][:, None])
    types, first, place = described(one, other, after_s, meeting.axis, doubt)
    order = list(rows if first[0] else rows[::-1])
    return Finding(
        bodies.time_ns - round((ago_s - float(after_s[0])) * NS_PER_S),
        bodies.time_ns,
        tuple(bodies.track[order].tolist()),
        tuple(bodies.kind[order].tolist()),
        (closing,),
        (float(place[0, 0]), float(place[0, 1])),
        bodies.trusted,
        {"type": ENCOUNTER_TYPES[int(types[0])].value, "contact": "overlap" if overlaps else "sudden stop"},
    )
