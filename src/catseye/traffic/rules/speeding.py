"""Speeding: over the limit beyond the doubt, for long enough to be no flicker."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from catseye.core.event import Measure
from catseye.core.finding import Finding
from catseye.core.rule import World, key
from catseye.core.scene import GroundScene, Passages, Scene
from catseye.traffic.doubt import is_surely_above
from catseye.traffic.episodes import Episode, EpisodeRule, Held
from catseye.traffic.zones import WorldZones


@dataclass(frozen=True, slots=True)
class SpeedingKeys:
    """`speeding`."""

    limit_kmh: float = key("the limit", least=1, most=300)
    zone: str | None = key("only within this zone (default: everywhere the camera measures)", None, names="zone")
    least_s: float = key("shorter is a flicker, not speeding", 0.4, least=0, most=60)


class Speeding(EpisodeRule):
    """One finding a road user, told when it is gone: `speed_max` is the highest of the whole track."""

    rule_kind: ClassVar[str] = "speeding"
    needs_ground: ClassVar[bool] = True
    is_violation: ClassVar[bool] = True
    Keys = SpeedingKeys

    def __init__(self, keys: SpeedingKeys, world: World) -> None:
        """RuleError when the zone is not there."""
        super().__init__(keys.least_s, gap_s=np.inf)
        self._limit_kmh = keys.limit_kmh
        self._zones, self._zone = WorldZones.of(world), None if keys.zone is None else world.zone_index(keys.zone)

    def holds(self, scene: Scene, passages: Passages) -> Held:
        """Who is over the limit now."""
        del passages
        if not isinstance(scene, GroundScene):
            return Held.nobody()
        over = is_surely_above(scene.speed_kmh, scene.speed_sigma_kmh, self._limit_kmh)
        if self._zone is not None and over.any():
            over &= self._zones.inside(scene)[:, self._zone]
        if not np.count_nonzero(over):
            return Held.nobody()
        rows = over.nonzero()[0]
        return Held(rows, scene.speed_kmh[rows], scene.speed_sigma_kmh[rows])

    def finding(self, episode: Episode) -> Finding:
        """From the first to the last moment over the limit."""
        measures = (Measure("speed_max", episode.peak, "km/h", episode.peak_sigma),)
        who = (episode.track,), (episode.kind,)
        return Finding(episode.begin_ns, episode.end_ns, *who, measures, episode.place, episode.trusted, {"limit_kmh": self._limit_kmh})
