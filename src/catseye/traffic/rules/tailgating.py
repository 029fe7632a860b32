"""Tailgating: following too close for too long. Headway is front to front, in time (HCM 2016, chapter 4)."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from catseye.core.columns import zero_if_unknown
from catseye.core.event import Measure
from catseye.core.finding import Finding
from catseye.core.rule import World, key
from catseye.core.scene import GroundScene, Passages, Scene
from catseye.traffic.doubt import is_surely_above, is_surely_below
from catseye.traffic.episodes import Episode, EpisodeRule, Held
from catseye.traffic.following import NOBODY, followers
from catseye.traffic.zones import WorldZones


@dataclass(frozen=True, slots=True)
class TailgatingKeys:
    """`tailgating`."""

    headway_s: float = key("the shortest lawful headway", 0.9, least=0.2, most=5)
    least_kmh: float = key("slower traffic may close up", 30.0, least=0, most=200)
    least_s: float = key("shorter is closing up before overtaking", 3.0, least=0, most=60)
    zone: str | None = key("only within this zone (default: everywhere)", None, names="zone")


class Tailgating(EpisodeRule):
    """One finding a follower and stretch; the shortest headway is told."""

    rule_kind: ClassVar[str] = "tailgating"
    needs_ground: ClassVar[bool] = True
    is_violation: ClassVar[bool] = True
    Keys = TailgatingKeys

    def __init__(self, keys: TailgatingKeys, world: World) -> None:
        """RuleError when the zone is not there."""
        super().__init__(keys.least_s, gap_s=0.6)
        self._keys = keys
        self._zones, self._zone = WorldZones.of(world), None if keys.zone is None else world.zone_index(keys.zone)

    def holds(self, scene: Scene, passages: Passages) -> Held:
        """Who follows too close now. The value is the headway, negated: the largest is the shortest."""
        del passages
        if not isinstance(scene, GroundScene) or len(scene) < 2:
            return Held.nobody()
        fast = is_surely_above(scene.speed_kmh, scene.speed_sigma_kmh, self._keys.least_kmh)
        if not fast.any():
            return Held.nobody()
        following = followers(scene)
        with np.errstate(invalid="ignore", divide="ignore"):
            headway_s = following.spacing_m / scene.speed
            leader = np.maximum(following.leader, 0)
            sigma_s = np.hypot(np.hypot(scene.place_sigma, scene.place_sigma[leader]), headway_s * scene.velocity_sigma) / scene.speed
        close = fast & (following.leader != NOBODY) & is_surely_below(headway_s, zero_if_unknown(sigma_s), self._keys.headway_s)
        if self._zone is not None and close.any():
            close &= self._zones.inside(scene)[:, self._zone]
        rows = close.nonzero()[0]
        return Held(rows, -headway_s[rows], sigma_s[rows])

    def finding(self, episode: Episode) -> Finding:
        """From where it was too close to where it kept its distance again."""
        measures = (Measure("headway", -episode.peak, "s", episode.peak_sigma), Measure("dwell", episode.lasted_s, "s", 0.0))
        who = (episode.track,), (episode.kind,)
        return Finding(episode.begin_ns, episode.end_ns, *who, measures, episode.place, episode.trusted, {"headway_s": self._keys.headway_s})
