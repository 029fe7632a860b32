"""Stopped: a vehicle that stands where it may not, for longer than it may."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from catseye.core.arrays import Ints
from catseye.core.event import Measure
from catseye.core.finding import Finding
from catseye.core.road_user import IS_DRIVEN
from catseye.core.rule import World, key
from catseye.core.scene import Passages, Scene
from catseye.core.time import NS_PER_S
from catseye.traffic.episodes import Episode, EpisodeRule, Held
from catseye.traffic.standing import Standing
from catseye.traffic.zones import WorldZones


@dataclass(frozen=True, slots=True)
class StoppedKeys:
    """`stopped`."""

    zone: str | None = key("where nobody may stand (default: everywhere in view)", None, names="zone")
    least_s: float = key("standing for a shorter time is allowed", 30.0, least=1, most=86_400)


class Stopped(EpisodeRule):
    """One finding a road user and stop, told when it drives on or is gone."""

    rule_kind: ClassVar[str] = "stopped"
    needs_ground: ClassVar[bool] = False
    is_violation: ClassVar[bool] = True
    Keys = StoppedKeys

    def __init__(self, keys: StoppedKeys, world: World) -> None:
        """RuleError when the zone is not there."""
        super().__init__(0.0, gap_s=2.0)
        self._least_s = keys.least_s
        self._zones, self._zone = WorldZones.of(world), None if keys.zone is None else world.zone_index(keys.zone)
        self._name = keys.zone
        self._standing = Standing(on_ground=world.unit == "m")

    def holds(self, scene: Scene, passages: Passages) -> Held:
        """Who has stood too long by now."""
        del passages
        stood_s = self._standing.update(scene)
        too_long = (stood_s >= self._least_s) & (IS_DRIVEN[scene.kind] == 1)
        if self._zone is not None and too_long.any():
            too_long &= self._zones.inside(scene)[:, self._zone]
        if not np.count_nonzero(too_long):
            return Held.nobody()
        rows = too_long.nonzero()[0]
        return Held(rows, stood_s[rows], np.zeros(len(rows)))

    def end(self, track: Ints, time_ns: int) -> Sequence[Finding]:
        """These tracks will not come back."""
        self._standing.end(track)
        return super().end(track, time_ns)

    def finding(self, episode: Episode) -> Finding:
        """From when it came to a stand."""
        measures = (Measure("dwell", episode.peak, "s", 0.0),)
        begin_ns = episode.peak_ns - round(episode.peak * NS_PER_S)
        return Finding(begin_ns, episode.end_ns, (episode.track,), (episode.kind,), measures, episode.place, episode.trusted, {"zone": self._name})
