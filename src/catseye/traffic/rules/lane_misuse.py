"""Lane misuse: travelling where only others may: a bus lane, a hard shoulder, a contraflow cycle lane."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from catseye.core.columns import zero_if_unknown
from catseye.core.event import Measure
from catseye.core.finding import Finding
from catseye.core.road_user import ROAD_USERS, RoadUser
from catseye.core.rule import World, key
from catseye.core.scene import Passages, Scene
from catseye.traffic.doubt import SURE_SIGMAS
from catseye.traffic.episodes import Episode, EpisodeRule, Held
from catseye.traffic.zones import WorldZones, Zones

_SIDES = np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])


@dataclass(frozen=True, slots=True)
class LaneMisuseKeys:
    """`lane-misuse`."""

    zone: str = key("the lane", names="zone")
    allowed: tuple[str, ...] = key("who may use it; an empty list for a hard shoulder", choices=tuple(kind.value for kind in RoadUser))
    least_s: float = key("shorter is crossing it, not using it", 3.0, least=0, most=600)


class LaneMisuse(EpisodeRule):
    """One finding a road user and stretch. Whose kind nobody knows is left alone."""

    rule_kind: ClassVar[str] = "lane-misuse"
    needs_ground: ClassVar[bool] = False
    is_violation: ClassVar[bool] = True
    Keys = LaneMisuseKeys

    def __init__(self, keys: LaneMisuseKeys, world: World) -> None:
        """RuleError when the zone is not there."""
        super().__init__(keys.least_s, gap_s=1.5)
        self._zone, self._zones = keys.zone, Zones([world.zone(keys.zone)])
        self._all_zones, self._index = WorldZones.of(world), world.zone_index(keys.zone)
        free = {RoadUser.UNKNOWN.value, *keys.allowed}
        self._may_not = np.array([kind.value not in free for kind in ROAD_USERS])

    def holds(self, scene: Scene, passages: Passages) -> Held:
        """Who is in the lane now, with all of the doubt about its place."""
        del passages
        rows = (self._may_not[scene.kind] & self._all_zones.inside(scene)[:, self._index]).nonzero()[0]
        if len(rows):
            doubt = SURE_SIGMAS * zero_if_unknown(scene.place_sigma[rows])
            around = scene.place[rows, None] + _SIDES * doubt[:, None, None]
            rows = rows[self._zones.inside(around.reshape(-1, 2))[:, 0].reshape(-1, len(_SIDES)).all(1)]
        return Held(rows, scene.speed[rows], scene.velocity_sigma[rows])

    def finding(self, episode: Episode) -> Finding:
        """From where it was in the lane to where it left it."""
        measures = (Measure("dwell", episode.lasted_s, "s", 0.0),)
        return Finding(episode.begin_ns, episode.end_ns, (episode.track,), (episode.kind,), measures, episode.place, episode.trusted, {"zone": self._zone})
