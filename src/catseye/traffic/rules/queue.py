"""Queues before a stop line, and spill-back: a queue that reaches back to where it blocks others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from catseye.core.arrays import Ints
from catseye.core.event import Measure
from catseye.core.finding import Finding
from catseye.core.road_user import IS_DRIVEN
from catseye.core.rule import RuleError, World, key
from catseye.core.scene import GroundScene, Passages, Scene
from catseye.traffic.spell import Spell, Spells
from catseye.traffic.zones import WorldZones


@dataclass(frozen=True, slots=True)
class QueueKeys:
    """`queue`."""

    zone: str = key("the approach, with the heading towards the stop line", names="zone")
    least_count: int = key("fewer vehicles are no queue", 3, least=1, most=1000)
    below_kmh: float = key("in a queue nobody is faster", 7.0, least=1, most=60)
    most_gap_m: float = key("a longer gap ends the queue", 15.0, least=2, most=100)
    spill_back_m: float | None = key("a queue of this length blocks others (default: it reaches the zone's end)", None, least=1, most=5000)
    least_s: float = key("shorter is stop and go", 5.0, least=0, most=3600)


class Queue:
    """One finding a queue, with its greatest length (first front to last rear); `details.spill_back` says whether it reached back too far."""

    rule_kind: ClassVar[str] = "queue"
    needs_ground: ClassVar[bool] = True
    is_violation: ClassVar[bool] = False
    Keys = QueueKeys

    def __init__(self, keys: QueueKeys, world: World) -> None:
        """RuleError when the zone is not there, or has no heading."""
        zone = world.zone(keys.zone)
        if zone.heading is None:
            raise RuleError(f"zone {keys.zone}", "no lawful direction is known", "a zone with a heading, towards the stop line")
        self._keys, self._zones, self._zone, self._along = keys, WorldZones.of(world), world.zone_index(keys.zone), zone.heading
        reach = zone.corners @ zone.heading
        self._spill_m = keys.spill_back_m if keys.spill_back_m is not None else 0.9 * float(np.ptp(reach))
        self._middle = (float(zone.corners[:, 0].mean()), float(zone.corners[:, 1].mean()))
        self._spells = Spells(keys.least_s, gap_s=4.0)

    def see(self, scene: Scene, passages: Passages) -> Sequence[Finding]:
        """Take the next moment."""
        del passages
        if not isinstance(scene, GroundScene):
            return ()
        length_m, count, sigma_m = self._length(scene)
        over = self._spells.update(scene.time_ns, count >= self._keys.least_count, length_m, sigma_m, count, trusted=scene.trusted)
        return [self._finding(over)] if over is not None else ()

    def end(self, track: Ints, time_ns: int) -> Sequence[Finding]:
        """A queue outlives those who stand in it."""
        del track, time_ns
        return ()

    def finish(self, time_ns: int) -> Sequence[Finding]:
        """Nothing more comes."""
        del time_ns
        over = self._spells.finish()
        return [self._finding(over)] if over is not None else ()

    def _length(self, scene: GroundScene) -> tuple[float, int, float]:
        """Length, vehicles and length's sigma of the longest chain of slow vehicles."""
        slow = (scene.speed_kmh < self._keys.below_kmh) & (IS_DRIVEN[scene.kind] == 1)
        if np.count_nonzero(slow) < self._keys.least_count:
            return 0.0, 0, 0.0
        rows = np.flatnonzero(slow & self._zones.inside(scene)[:, self._zone])
        if len(rows) < self._keys.least_count:
            return 0.0, 0, 0.0
        half = 0.5 * np.nan_to_num(scene.length[rows], nan=4.5)
        at = scene.place[rows] @ self._along
        order = np.argsort(-at, kind="stable")
        front, rear = (at + half)[order], (at - half)[order]
        tail = np.minimum.accumulate(rear)
        breaks = np.flatnonzero(tail[:-1] - front[1:] > self._keys.most_gap_m) + 1
        begins, ends = np.concatenate([[0], breaks]), np.concatenate([breaks, [len(rows)]])
        longest = int(np.argmax(ends - begins))
        begin, end = int(begins[longest]), int(ends[longest])
        return float(front[begin] - tail[end - 1]), end - begin, float(np.hypot(*scene.place_sigma[rows[order[[begin, end - 1]]]]))

    def _finding(self, spell: Spell) -> Finding:
        measures = (
            Measure("queue_length", spell.peak, "m", float(np.nan_to_num(spell.peak_sigma))),
            Measure("vehicles", float(spell.peak_count), "1", 0.0),
            Measure("dwell", spell.lasted_s, "s", 0.0),
        )
        details: dict[str, str | int | float | bool | None] = {"zone": self._keys.zone, "spill_back": spell.peak >= self._spill_m}
        return Finding(spell.begin_ns, spell.end_ns, (), (), measures, self._middle, spell.trusted, details)
