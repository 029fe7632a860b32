"""On the carriageway: somebody on foot where only vehicles belong. A danger to be told, not an offence to be punished."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from catseye.core.columns import zero_if_unknown
from catseye.core.event import Measure
from catseye.core.finding import Finding
from catseye.core.road_user import RoadUser
from catseye.core.rule import World, key
from catseye.core.scene import Passages, Scene
from catseye.traffic.doubt import SURE_SIGMAS
from catseye.traffic.episodes import Episode, EpisodeRule, Held
from catseye.traffic.zones import WorldZones, Zones

_PEDESTRIAN = RoadUser.PEDESTRIAN.code
_SIDES = np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])


@dataclass(frozen=True, slots=True)
class OnCarriagewayKeys:
    """`on-carriageway`."""

    zone: str = key("the carriageway", names="zone")
    except_zones: tuple[str, ...] = key("crossings within it, where walking is right", (), names="zone")
    least_s: float = key("shorter is a step off the kerb", 2.0, least=0, most=600)


class OnCarriageway(EpisodeRule):
    """One finding a person and stretch; nobody is named, no plate is read."""

    rule_kind: ClassVar[str] = "on-carriageway"
    needs_ground: ClassVar[bool] = False
    is_violation: ClassVar[bool] = False
    Keys = OnCarriagewayKeys

    def __init__(self, keys: OnCarriagewayKeys, world: World) -> None:
        """RuleError when a zone is not there."""
        super().__init__(keys.least_s, gap_s=1.0)
        self._zone = keys.zone
        self._all_zones, self._index = WorldZones.of(world), world.zone_index(keys.zone)
        self._road, self._crossings = Zones([world.zone(keys.zone)]), Zones([world.zone(zone) for zone in keys.except_zones])

    def holds(self, scene: Scene, passages: Passages) -> Held:
        """Who walks there now, with all of the doubt about the place."""
        del passages
        rows = ((scene.kind == _PEDESTRIAN) & self._all_zones.inside(scene)[:, self._index]).nonzero()[0]
        if len(rows):
            doubt = SURE_SIGMAS * zero_if_unknown(scene.place_sigma[rows])
            around = (scene.place[rows, None] + _SIDES * doubt[:, None, None]).reshape(-1, 2)
            on_road = self._road.inside(around)[:, 0].reshape(-1, len(_SIDES)).all(1)
            rows = rows[on_road & ~self._crossings.inside(around).any(1).reshape(-1, len(_SIDES)).any(1)]
        return Held(rows, scene.speed[rows], scene.velocity_sigma[rows])

    def finding(self, episode: Episode) -> Finding:
        """From the first to the last moment on it."""
        measures = (Measure("dwell", episode.lasted_s, "s", 0.0),)
        return Finding(episode.begin_ns, episode.end_ns, (episode.track,), (episode.kind,), measures, episode.place, episode.trusted, {"zone": self._zone})
