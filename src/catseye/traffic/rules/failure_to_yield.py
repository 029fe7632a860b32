"""Failure to yield: driving over a crossing in front of somebody who was on it already and was going the driver's way.

Vienna Convention on Road Traffic (1968), article 21: drivers give way to people on foot who are on the crossing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from catseye.core.arrays import Doubles, Ints
from catseye.core.event import Measure
from catseye.core.finding import Finding
from catseye.core.road_user import IS_DRIVEN, RoadUser
from catseye.core.rule import World, key
from catseye.core.scene import KMH_PER_MS, GroundScene, Passages, Scene
from catseye.core.time import NS_PER_S
from catseye.traffic.doubt import SURE_SIGMAS
from catseye.traffic.zones import WorldZones, Zones

_PEDESTRIAN = RoadUser.PEDESTRIAN.code
_ROLLING_MS = 5.0 / KMH_PER_MS


@dataclass(frozen=True, slots=True)
class FailureToYieldKeys:
    """`failure-to-yield`."""

    zone: str = key("the crossing", names="zone")
    least_s: float = key("who has been on the crossing for a shorter time could not be seen yet", 0.7, least=0, most=10)
    ahead_s: float = key("who would reach the driver's path later than this was given room", 2.5, least=0.5, most=10)


@dataclass(slots=True)
class _Entry:
    entered_ns: int
    worst_s: float = float("inf")
    worst_sigma_s: float = 0.0
    walker: int = 0
    walker_kind: int = 0
    begin_ns: int = 0
    last_ns: int = 0
    speed_kmh: float = 0.0
    speed_sigma_kmh: float = 0.0
    place: tuple[float, float] = (0.0, 0.0)
    trusted: bool = True
    kind: int = 0


@dataclass(slots=True)
class FailureToYield:
    """One finding a driver and passage of the crossing, told when the driver has left it; `pet`-like `gap` is the time the walker had left."""

    keys: FailureToYieldKeys
    world: World
    rule_kind: ClassVar[str] = "failure-to-yield"
    needs_ground: ClassVar[bool] = True
    is_violation: ClassVar[bool] = True
    Keys: ClassVar[type] = FailureToYieldKeys
    _zones: Zones = field(init=False)
    _all_zones: WorldZones = field(init=False)
    _index: int = field(init=False)
    _walkers: dict[int, int] = field(default_factory=dict, init=False)
    _drivers: dict[int, _Entry] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """RuleError when the crossing is not there."""
        self._zones = Zones([self.world.zone(self.keys.zone)])
        self._all_zones, self._index = WorldZones.of(self.world), self.world.zone_index(self.keys.zone)

    def see(self, scene: Scene, passages: Passages) -> Sequence[Finding]:
        """Take the next moment."""
        del passages
        if not isinstance(scene, GroundScene) or not len(scene):
            return ()
        walking = ((scene.kind == _PEDESTRIAN) & self._all_zones.inside(scene)[:, self._index]).nonzero()[0]
        driving = ((IS_DRIVEN[scene.kind] == 1) & self._zones.inside(scene.front)[:, 0]).nonzero()[0]
        self._walkers = {track: self._walkers.get(track, scene.time_ns) for track in scene.track[walking].tolist()}
        told = self._leave(set(scene.track[driving].tolist()))
        for row in driving.tolist():
            self._drive(scene, row, walking)
        return told

    def end(self, track: Ints, time_ns: int) -> Sequence[Finding]:
        """These tracks will not come back."""
        del time_ns
        return self._leave(set(self._drivers) - set(track.tolist())) if self._drivers else ()

    def finish(self, time_ns: int) -> Sequence[Finding]:
        """Nothing more comes."""
        del time_ns
        return self._leave(set())

    def _leave(self, still: set[int]) -> list[Finding]:
        gone = [(track, self._drivers.pop(track)) for track in sorted(set(self._drivers) - still)]
        return [self._finding(track, entry) for track, entry in gone if np.isfinite(entry.worst_s)]

    def _drive(self, scene: GroundScene, row: int, walking: Ints) -> None:
        entry = self._drivers.setdefault(int(scene.track[row]), _Entry(scene.time_ns, kind=int(scene.kind[row])))
        speed = float(scene.speed[row])
        if not len(walking) or not speed - SURE_SIGMAS * float(scene.velocity_sigma[row]) > _ROLLING_MS:
            return
        gap_s, sigma_s = self._time_to_path(scene, row, walking)
        seen_s = np.array([(entry.entered_ns - self._walkers[int(track)]) / NS_PER_S for track in scene.track[walking]])
        close = (gap_s + SURE_SIGMAS * sigma_s < self.keys.ahead_s) & (seen_s >= self.keys.least_s)
        if not close.any():
            return
        worst = int(np.argmin(np.where(close, gap_s, np.inf)))
        if not np.isfinite(entry.worst_s):
            entry.begin_ns, entry.place = scene.time_ns, (float(scene.front[row, 0]), float(scene.front[row, 1]))
        if gap_s[worst] < entry.worst_s:
            entry.worst_s, entry.worst_sigma_s = float(gap_s[worst]), float(sigma_s[worst])
            entry.walker, entry.walker_kind = int(scene.track[walking[worst]]), int(scene.kind[walking[worst]])
            entry.speed_kmh, entry.speed_sigma_kmh = speed * KMH_PER_MS, float(scene.speed_sigma_kmh[row])
        entry.last_ns, entry.trusted = scene.time_ns, entry.trusted and scene.trusted

    def _time_to_path(self, scene: GroundScene, row: int, walking: Ints) -> tuple[Doubles, Doubles]:
        """Seconds until each walker (k,) reaches the band the vehicle drives in (0: in it, inf: not coming, or passed already), and one sigma."""
        heading = scene.heading[row] if np.isfinite(scene.heading[row]).all() else scene.velocity[row] / max(float(scene.speed[row]), 1e-9)
        side = np.array([heading[1], -heading[0]])
        away = scene.place[walking] - scene.front[row]
        ahead, aside = away @ heading, away @ side
        room = np.abs(aside) - 0.5 * float(np.nan_to_num(scene.width[row], nan=1.8))
        coming = -np.sign(aside) * (scene.velocity[walking] @ side)
        time_s = np.where(room <= 0, 0.0, np.where(coming > 0.3, room / np.maximum(coming, 1e-9), np.inf))
        behind = -float(np.nan_to_num(scene.length[row], nan=4.0))
        time_s = np.where(ahead > behind, time_s, np.inf)
        sigma_m = np.hypot(scene.place_sigma[walking], scene.place_sigma[row])
        return time_s, np.asarray(np.nan_to_num(sigma_m) / np.maximum(coming, 0.5), np.float64)

    def _finding(self, track: int, entry: _Entry) -> Finding:
        measures = (
            Measure("speed", entry.speed_kmh, "km/h", entry.speed_sigma_kmh),
            Measure("gap", entry.worst_s, "s", entry.worst_sigma_s),
        )
        who = (track, entry.walker), (entry.kind, entry.walker_kind)
        return Finding(entry.begin_ns, entry.last_ns, *who, measures, entry.place, entry.trusted, {"zone": self.keys.zone})
