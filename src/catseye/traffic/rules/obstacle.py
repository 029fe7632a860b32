"""Obstacle: something that lies, or a vehicle that stands, where traffic flows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from catseye.core.arrays import Ints
from catseye.core.columns import places_of
from catseye.core.event import Measure
from catseye.core.finding import Finding
from catseye.core.road_user import IS_DRIVEN, RoadUser
from catseye.core.rule import World, key
from catseye.core.scene import KMH_PER_MS, GroundScene, Passages, Scene
from catseye.core.time import NS_PER_S
from catseye.traffic.episodes import Episode, EpisodeRule, Held
from catseye.traffic.standing import Standing
from catseye.traffic.zones import WorldZones

_UNKNOWN, _PEDESTRIAN = RoadUser.UNKNOWN.code, RoadUser.PEDESTRIAN.code
FLOWING_MS = 15.0 / KMH_PER_MS
_MOST_PASSERS_COUNT = 500
FLOWING_LENGTHS_RATIO = 1.0  # uncalibrated: lengths a second


@dataclass(frozen=True, slots=True)
class ObstacleKeys:
    """`obstacle`."""

    zone: str = key("the carriageway", names="zone")
    least_s: float = key("standing for a shorter time is traffic", 10.0, least=1, most=3600)
    passing_count: int = key("so many vehicles must have driven past: where all stand, it is a queue", 2, least=0, most=100)


class Obstacle(EpisodeRule):
    """One finding a thing or vehicle, told when it is gone. What no class explains needs no passing traffic to be in the way."""

    rule_kind: ClassVar[str] = "obstacle"
    needs_ground: ClassVar[bool] = False
    is_violation: ClassVar[bool] = False
    Keys = ObstacleKeys

    def __init__(self, keys: ObstacleKeys, world: World) -> None:
        """RuleError when the zone is not there."""
        super().__init__(0.0, gap_s=3.0)
        self._keys, self._zones, self._zone = keys, WorldZones.of(world), world.zone_index(keys.zone)
        self._standing = Standing(on_ground=world.unit == "m")
        self._passers: Ints = np.empty(0, np.int64)
        self._passed_ns: Ints = np.empty(0, np.int64)

    def holds(self, scene: Scene, passages: Passages) -> Held:
        """What stands in the way now."""
        del passages
        stood_s = self._standing.update(scene)
        inside = self._zones.inside(scene)[:, self._zone]
        self._note_passers(scene, inside)
        stands = inside & (stood_s >= self._keys.least_s) & (scene.kind != _PEDESTRIAN)
        if not np.count_nonzero(stands):
            return Held.nobody()
        since_ns = scene.time_ns - stood_s[stands] * NS_PER_S
        enough = (self._passed_ns[None, :] > since_ns[:, None]).sum(1) >= self._keys.passing_count
        rows = np.flatnonzero(stands)
        rows = rows[enough | (scene.kind[rows] == _UNKNOWN)]
        return Held(rows, stood_s[rows], np.zeros(len(rows)))

    def end(self, track: Ints, time_ns: int) -> Sequence[Finding]:
        """These tracks will not come back."""
        self._standing.end(track)
        return super().end(track, time_ns)

    def finding(self, episode: Episode) -> Finding:
        """From when it came to a stand."""
        measures = (Measure("dwell", episode.peak, "s", 0.0),)
        begin_ns = episode.peak_ns - round(episode.peak * NS_PER_S)
        details: dict[str, str | int | float | bool | None] = {"zone": self._keys.zone}
        return Finding(begin_ns, episode.end_ns, (episode.track,), (episode.kind,), measures, episode.place, episode.trusted, details)

    def _note_passers(self, scene: Scene, inside: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
        """Who flows through the zone, and when last."""
        least = FLOWING_MS if isinstance(scene, GroundScene) else FLOWING_LENGTHS_RATIO * np.nan_to_num(scene.length, nan=40.0)
        if not np.count_nonzero(inside):
            return
        with np.errstate(invalid="ignore"):
            flows = inside & (scene.speed > least) & (IS_DRIVEN[scene.kind] == 1)
        if not np.count_nonzero(flows):
            return
        still = ~places_of(self._passers, scene.track[flows])[1]
        self._passers = np.concatenate([self._passers[still], scene.track[flows]])[-_MOST_PASSERS_COUNT:]
        self._passed_ns = np.concatenate([self._passed_ns[still], np.full(int(flows.sum()), scene.time_ns)])[-_MOST_PASSERS_COUNT:]
