"""Near misses: who would have met whom within seconds, or came where another had just been."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from catseye.core.arrays import Ints
from catseye.core.finding import Finding
from catseye.core.rule import World, key
from catseye.core.scene import KMH_PER_MS, GroundScene, Passages, Scene
from catseye.traffic.approaching import Threshold, approaching
from catseye.traffic.bodies import Motion, Trails, known_bodies
from catseye.traffic.encounters import CROSSING, MERGING, SAME_WAY_DEG, SURE_SIGMAS, angle_deg
from catseye.traffic.encroachments import Passings, PassingWatch
from catseye.traffic.open_encounters import Late, OpenEncounters
from catseye.traffic.turning import turn_rads

TRAIL_S = 4.0


@dataclass(frozen=True, slots=True)
class NearMissKeys:
    """`near-miss`."""

    ttc_s: float = key("a near miss is a time to collision below this", 3.5, least=0.1, most=10)
    pet_s: float = key("or a post-encroachment time below this", 2.0, least=0.1, most=10)
    part_s: float = key("an encounter is over when they were on no collision course for so long", 2.0, least=0, most=60)
    least_kmh: float = key("slower is manoeuvring: the least closing speed, and the least speed of the faster one", 5.0, least=0, most=50)
    size_doubt_m: float = key("one sigma of lengths and widths that are guessed from the kind", 0.0, least=0, most=5)


class NearMiss:
    """One finding a pair and encounter, told when it is over."""

    rule_kind: ClassVar[str] = "near-miss"
    needs_ground: ClassVar[bool] = True
    is_violation: ClassVar[bool] = False
    Keys = NearMissKeys

    def __init__(self, keys: NearMissKeys, world: World) -> None:
        """Nothing of the world is named."""
        del world
        self._keys, self._least_ms = keys, keys.least_kmh / KMH_PER_MS
        self._threshold = Threshold(keys.ttc_s, self._least_ms, SURE_SIGMAS, keys.size_doubt_m)
        self._trails = Trails(max(keys.pet_s + 1.0, TRAIL_S))
        self._passings = PassingWatch(keys.pet_s, self._least_ms, SURE_SIGMAS)
        self._open = OpenEncounters(keys.ttc_s, keys.part_s, keys.pet_s)
        self._last_ns: int | None = None

    def see(self, scene: Scene, passages: Passages) -> Sequence[Finding]:
        """Take the next moment; encounters that are over by now."""
        del passages
        if not isinstance(scene, GroundScene) or (self._last_ns is not None and scene.time_ns <= self._last_ns):
            return ()
        self._last_ns = scene.time_ns
        bodies, motion = known_bodies(scene)
        columns = self._trails.note(bodies.track, bodies.time_ns, motion)
        if len(bodies) > 1:
            motion.table[8] = turn_rads(bodies, self._trails, columns, SURE_SIGMAS)
            self._hold(bodies, motion, columns)
        return self._open.parted(scene.time_ns)

    def end(self, track: Ints, time_ns: int) -> Sequence[Finding]:
        """Encounters of tracks that will not come back."""
        del time_ns
        return self._open.end(track)

    def finish(self, time_ns: int) -> Sequence[Finding]:
        """Nothing more comes."""
        del time_ns
        return self._open.finish()

    def _hold(self, bodies: GroundScene, motion: Motion, columns: Ints) -> None:
        found = approaching(bodies, motion, self._threshold)
        if found is not None:
            self._open.hold_approaching(bodies, motion, found)
        passings = self._passings.update(bodies, motion, self._trails, columns)
        late = None if passings is None else self._late(bodies, passings)
        if late is not None:
            self._open.hold_late(bodies, late)

    def _late(self, bodies: GroundScene, passings: Passings) -> Late | None:
        """Those that came too soon, beyond the doubt: each passes its edge of the place at a time as doubtful as its own place."""
        pet = passings.pet_s
        edge_sigma = np.hypot(bodies.place_sigma[passings.index], 0.5 * self._keys.size_doubt_m)
        sigma = np.hypot(*(edge_sigma / np.maximum(passings.speed_ms, self._least_ms)).T)
        sure = pet + SURE_SIGMAS * sigma < self._keys.pet_s
        if not sure.any():
            return None
        first, second = bodies.heading[passings.index].swapaxes(0, 1)
        together = np.abs(angle_deg(first, second)) < SAME_WAY_DEG
        kind = np.where(together, MERGING, CROSSING).astype(np.uint8)
        return Late(passings.index[sure], pet[sure], sigma[sure], passings.place[sure], kind[sure])
