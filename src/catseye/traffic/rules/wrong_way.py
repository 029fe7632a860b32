"""Wrong way: travelling against the lawful direction of a zone."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from catseye.core.event import Measure
from catseye.core.finding import Finding
from catseye.core.road_user import RoadUser
from catseye.core.rule import RuleError, World, key
from catseye.core.scene import KMH_PER_MS, GroundScene, Passages, Scene
from catseye.traffic.doubt import SURE_SIGMAS
from catseye.traffic.episodes import Episode, EpisodeRule, Held
from catseye.traffic.zones import WorldZones

_PEDESTRIAN = RoadUser.PEDESTRIAN.code
LEAST_SPEED_MS = 5.0 / KMH_PER_MS  # slower is manoeuvring, pushing a bicycle, or jitter
LEAST_LENGTHS_RATIO = 0.5  # uncalibrated: this many of its own lengths a second
LEAST_SPEED_PXS = 4.0


@dataclass(frozen=True, slots=True)
class WrongWayKeys:
    """`wrong-way`."""

    zone: str | None = key("the zone whose heading is the lawful direction (default: every zone with a heading)", None, names="zone")
    least_deg: float = key("how far from the lawful direction is against it", 120.0, least=90, most=180)
    least_s: float = key("shorter is a manoeuvre", 1.0, least=0, most=60)


class WrongWay(EpisodeRule):
    """One finding a road user and stretch; people on foot may walk either way."""

    rule_kind: ClassVar[str] = "wrong-way"
    needs_ground: ClassVar[bool] = False
    is_violation: ClassVar[bool] = True
    Keys = WrongWayKeys

    def __init__(self, keys: WrongWayKeys, world: World) -> None:
        """RuleError when the zone is not there, or nothing tells a lawful direction."""
        super().__init__(keys.least_s, gap_s=2.0)
        zones = [world.zone(keys.zone)] if keys.zone is not None else [zone for zone in world.zones if zone.heading is not None]
        if not zones or any(zone.heading is None for zone in zones):
            raise RuleError(f"zone {keys.zone}" if keys.zone else "wrong-way", "no lawful direction is known", "a zone with a heading")
        self._zones, self._which = WorldZones.of(world), np.array([world.zone_index(zone.id) for zone in zones])
        self._headings = np.array([zone.heading for zone in zones], np.float64).T
        self._ids = [zone.id for zone in zones]
        self._most_cosine = float(np.cos(np.radians(keys.least_deg)))
        self._is_on_ground = world.unit == "m"

    def holds(self, scene: Scene, passages: Passages) -> Held:
        """Who travels against a zone's direction now."""
        del passages
        along = scene.velocity @ self._headings
        with np.errstate(invalid="ignore"):
            against = along < self._most_cosine * scene.speed[:, None]
            against &= along + SURE_SIGMAS * scene.velocity_sigma[:, None] < -_least_speed(scene)[:, None]
        against &= (scene.kind != _PEDESTRIAN)[:, None]
        if not np.count_nonzero(against):
            return Held.nobody()
        against &= self._zones.inside(scene)[:, self._which]
        if not np.count_nonzero(against):
            return Held.nobody()
        rows = np.flatnonzero(against.any(1))
        return Held(rows, scene.speed[rows], scene.velocity_sigma[rows], against[rows].argmax(1))

    def finding(self, episode: Episode) -> Finding:
        """From where it began to where it ended; the speed is the highest of the stretch."""
        measures = [Measure("dwell", episode.lasted_s, "s", 0.0)]
        if self._is_on_ground:
            measures.insert(0, Measure("speed", episode.peak * KMH_PER_MS, "km/h", episode.peak_sigma * KMH_PER_MS))
        who = (episode.track,), (episode.kind,)
        return Finding(episode.begin_ns, episode.end_ns, *who, tuple(measures), episode.place, episode.trusted, {"zone": self._ids[episode.label]})


def _least_speed(scene: Scene) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if isinstance(scene, GroundScene):
        return np.full(len(scene), LEAST_SPEED_MS)
    return np.fmax(LEAST_LENGTHS_RATIO * scene.length, LEAST_SPEED_PXS)
