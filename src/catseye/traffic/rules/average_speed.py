"""Average speed between two lines: the way driven over the time it took. Section control within one camera's view."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from catseye.core.arrays import Ints
from catseye.core.columns import places_of
from catseye.core.event import Measure
from catseye.core.finding import Finding
from catseye.core.rule import RuleError, World, key
from catseye.core.scene import KMH_PER_MS, GroundScene, Passages, Scene
from catseye.core.time import NS_PER_S
from catseye.traffic.doubt import SURE_SIGMAS

LONGEST_S = 600.0


@dataclass(frozen=True, slots=True)
class AverageSpeedKeys:
    """`average-speed`."""

    from_line: str = key("where the section begins", names="line")
    to_line: str = key("where it ends", names="line")
    limit_kmh: float = key("the limit", least=1, most=300)


@dataclass(slots=True)
class _UnderWay:
    begin_ns: int
    way_m: float
    sigma_m: float
    place: tuple[float, float]
    last_ns: int
    last_ms: float
    speed_sigma_ms: float
    trusted: bool


class AverageSpeed:
    """One finding a road user and passage of the section. The way is what it drove, not the straight line."""

    rule_kind: ClassVar[str] = "average-speed"
    needs_ground: ClassVar[bool] = True
    is_violation: ClassVar[bool] = True
    Keys = AverageSpeedKeys

    def __init__(self, keys: AverageSpeedKeys, world: World) -> None:
        """RuleError when a line is not there, or both are one."""
        self._begin, self._end, self._limit_kmh = world.line_index(keys.from_line), world.line_index(keys.to_line), keys.limit_kmh
        if self._begin == self._end:
            raise RuleError(f"line {keys.from_line}", "the section begins where it ends", "two lines")
        self._section = f"{keys.from_line} → {keys.to_line}"
        self._open: dict[int, _UnderWay] = {}

    def see(self, scene: Scene, passages: Passages) -> Sequence[Finding]:
        """Take the next moment."""
        if not isinstance(scene, GroundScene):
            return ()
        if self._open:
            self._drive(scene)
        return self._cross(scene, passages) if len(passages) else ()

    def end(self, track: Ints, time_ns: int) -> Sequence[Finding]:
        """Who is gone has not reached the second line."""
        del time_ns
        for number in track.tolist():
            self._open.pop(number, None)
        return ()

    def finish(self, time_ns: int) -> Sequence[Finding]:
        """Nothing more comes."""
        del time_ns
        self._open.clear()
        return ()

    def _drive(self, scene: GroundScene) -> None:
        tracks = np.fromiter(self._open, np.int64, len(self._open))
        row, there = places_of(tracks, scene.track)
        for track, at in zip(tracks[there].tolist(), row[there].tolist(), strict=True):
            way = self._open[track]
            speed = float(scene.speed[at])
            way.way_m += 0.5 * (way.last_ms + speed) * (scene.time_ns - way.last_ns) / NS_PER_S
            way.last_ns, way.last_ms, way.trusted = scene.time_ns, speed, way.trusted and scene.trusted
            way.speed_sigma_ms = max(way.speed_sigma_ms, float(scene.velocity_sigma[at]))
        for track in [track for track, way in self._open.items() if scene.time_ns - way.begin_ns > LONGEST_S * NS_PER_S]:
            del self._open[track]

    def _cross(self, scene: GroundScene, passages: Passages) -> list[Finding]:
        told: list[Finding] = []
        row, there = places_of(passages.track, scene.track)
        for index in np.flatnonzero(there & ((passages.line == self._begin) | (passages.line == self._end))).tolist():
            track, at, time_ns = int(passages.track[index]), int(row[index]), int(passages.time_ns[index])
            speed, since_s = float(scene.speed[at]), (scene.time_ns - time_ns) / NS_PER_S
            place = (float(passages.place[index, 0]), float(passages.place[index, 1]))
            sigma_m = float(scene.place_sigma[at])
            if passages.line[index] == self._begin and np.isfinite(speed):
                self._open[track] = _UnderWay(time_ns, speed * since_s, sigma_m, place, scene.time_ns, speed, float(scene.velocity_sigma[at]), scene.trusted)
            elif track in self._open:
                way = self._open.pop(track)
                told += self._judged(track, int(scene.kind[at]), way, time_ns, way.way_m - speed * since_s, float(np.hypot(way.sigma_m, sigma_m)))
        return told

    def _judged(self, track: int, kind: int, way: _UnderWay, end_ns: int, way_m: float, sigma_m: float) -> list[Finding]:
        time_s = (end_ns - way.begin_ns) / NS_PER_S
        if not (time_s > 0 and np.isfinite(way_m)):
            return []
        speed_kmh = way_m / time_s * KMH_PER_MS
        # The places of both crossings are doubtful, and so is the scale of the way between, as much as any single speed at most.
        doubt_kmh = float(np.hypot(sigma_m / time_s, way.speed_sigma_ms / np.sqrt(max(time_s, 1.0)))) * KMH_PER_MS
        if not speed_kmh - SURE_SIGMAS * doubt_kmh > self._limit_kmh:
            return []
        measures = (Measure("speed", speed_kmh, "km/h", doubt_kmh), Measure("distance", way_m, "m", sigma_m))
        details: dict[str, str | int | float | bool | None] = {"section": self._section, "limit_kmh": self._limit_kmh}
        return [Finding(way.begin_ns, end_ns, (track,), (kind,), measures, way.place, way.trusted, details)]
