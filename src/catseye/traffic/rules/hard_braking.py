"""Hard braking: slowing down as people do only when they must. A sign of danger, not an offence."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from catseye.core.columns import zero_if_unknown
from catseye.core.event import Measure
from catseye.core.finding import Finding
from catseye.core.road_user import IS_DRIVEN
from catseye.core.rule import World, key
from catseye.core.scene import GroundScene, Passages, Scene
from catseye.traffic.doubt import is_surely_above
from catseye.traffic.episodes import Episode, EpisodeRule, Held
from catseye.traffic.zones import WorldZones


@dataclass(frozen=True, slots=True)
class HardBrakingKeys:
    """`hard-braking`."""

    least_ms2: float = key("slowing down less than this is ordinary braking", 4.0, least=1, most=12)
    least_kmh: float = key("slower than this, nobody brakes hard", 15.0, least=0, most=200)
    least_s: float = key("shorter is noise", 0.3, least=0, most=10)
    zone: str | None = key("only within this zone (default: everywhere)", None, names="zone")


class HardBraking(EpisodeRule):
    """One finding a road user and braking, with the hardest moment."""

    rule_kind: ClassVar[str] = "hard-braking"
    needs_ground: ClassVar[bool] = True
    is_violation: ClassVar[bool] = False
    Keys = HardBrakingKeys

    def __init__(self, keys: HardBrakingKeys, world: World) -> None:
        """RuleError when the zone is not there."""
        super().__init__(keys.least_s, gap_s=0.5)
        self._keys = keys
        self._zones, self._zone = WorldZones.of(world), None if keys.zone is None else world.zone_index(keys.zone)

    def holds(self, scene: Scene, passages: Passages) -> Held:
        """Who brakes hard now."""
        del passages
        if not isinstance(scene, GroundScene):
            return Held.nobody()
        hard = is_surely_above(-scene.accel, zero_if_unknown(scene.accel_sigma), self._keys.least_ms2)
        if not np.count_nonzero(hard):
            return Held.nobody()
        hard &= (scene.speed_kmh > self._keys.least_kmh) & (IS_DRIVEN[scene.kind] == 1)
        if self._zone is not None and hard.any():
            hard &= self._zones.inside(scene)[:, self._zone]
        rows = hard.nonzero()[0]
        return Held(rows, -scene.accel[rows], scene.accel_sigma[rows])

    def finding(self, episode: Episode) -> Finding:
        """From the first to the last moment it braked hard."""
        measures = (Measure("deceleration", episode.peak, "m/s²", float(np.nan_to_num(episode.peak_sigma))),)
        who = (episode.track,), (episode.kind,)
        return Finding(episode.begin_ns, episode.end_ns, *who, measures, episode.place, episode.trusted, {"least_ms2": self._keys.least_ms2})
