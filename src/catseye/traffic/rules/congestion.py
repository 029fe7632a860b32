"""Congestion: many vehicles, and all of them slow, for longer than a red light lasts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from catseye.core.arrays import Ints
from catseye.core.event import Measure
from catseye.core.finding import Finding
from catseye.core.road_user import IS_DRIVEN
from catseye.core.rule import World, key
from catseye.core.scene import GroundScene, Passages, Scene
from catseye.core.time import NS_PER_S
from catseye.traffic.spell import Spell, Spells
from catseye.traffic.zones import WorldZones

SMOOTHED_S = 20.0  # the space-mean speed of a few vehicles jumps with each that comes or goes


@dataclass(frozen=True, slots=True)
class CongestionKeys:
    """`congestion`."""

    zone: str = key("the stretch of road", names="zone")
    below_kmh: float = key("a mean speed under this is congested", 15.0, least=1, most=120)
    least_count: int = key("fewer vehicles are no traffic", 4, least=1, most=1000)
    least_s: float = key("shorter is a red light", 90.0, least=1, most=7200)


class Congestion:
    """One finding a jam, with its lowest space-mean speed (HCM 2016, chapter 4), smoothed over 20 s."""

    rule_kind: ClassVar[str] = "congestion"
    needs_ground: ClassVar[bool] = True
    is_violation: ClassVar[bool] = False
    Keys = CongestionKeys

    def __init__(self, keys: CongestionKeys, world: World) -> None:
        """RuleError when the zone is not there."""
        zone = world.zone(keys.zone)
        self._keys, self._zones, self._zone = keys, WorldZones.of(world), world.zone_index(keys.zone)
        self._middle = (float(zone.corners[:, 0].mean()), float(zone.corners[:, 1].mean()))
        self._spells = Spells(keys.least_s, gap_s=20.0)
        self._mean_kmh: float | None = None
        self._last_ns = 0

    def see(self, scene: Scene, passages: Passages) -> Sequence[Finding]:
        """Take the next moment."""
        del passages
        if not isinstance(scene, GroundScene):
            return ()
        rows = (self._zones.inside(scene)[:, self._zone] & (IS_DRIVEN[scene.kind] == 1) & np.isfinite(scene.speed)).nonzero()[0]
        jammed, sigma_kmh = False, 0.0
        if len(rows) >= self._keys.least_count:
            self._smooth(scene.time_ns, float(scene.speed_kmh[rows].mean()))
            sigma_kmh = float(np.sqrt((scene.speed_sigma_kmh[rows] ** 2).sum())) / len(rows)
            assert self._mean_kmh is not None
            jammed = self._mean_kmh + 2 * sigma_kmh < self._keys.below_kmh
        else:
            self._mean_kmh = None
        over = self._spells.update(scene.time_ns, jammed, -(self._mean_kmh or 0.0), sigma_kmh, len(rows), trusted=scene.trusted)
        return [self._finding(over)] if over is not None else ()

    def end(self, track: Ints, time_ns: int) -> Sequence[Finding]:
        """A jam outlives those who stand in it."""
        del track, time_ns
        return ()

    def finish(self, time_ns: int) -> Sequence[Finding]:
        """Nothing more comes."""
        del time_ns
        over = self._spells.finish()
        return [self._finding(over)] if over is not None else ()

    def _smooth(self, time_ns: int, mean_kmh: float) -> None:
        share = 1.0 if self._mean_kmh is None else 1 - np.exp(-(time_ns - self._last_ns) / NS_PER_S / SMOOTHED_S)
        self._mean_kmh = mean_kmh if self._mean_kmh is None else self._mean_kmh + share * (mean_kmh - self._mean_kmh)
        self._last_ns = time_ns

    def _finding(self, spell: Spell) -> Finding:
        measures = (
            Measure("speed", -spell.peak, "km/h", spell.peak_sigma),
            Measure("vehicles", float(spell.peak_count), "1", 0.0),
            Measure("dwell", spell.lasted_s, "s", 0.0),
        )
        return Finding(spell.begin_ns, spell.end_ns, (), (), measures, self._middle, spell.trusted, {"zone": self._keys.zone})
