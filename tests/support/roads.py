"""Plain roads and drives for tests of rules: a scene a moment, exact truth, as sure as asked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from catseye.core.finding import Finding
from catseye.core.road_user import RoadUser
from catseye.core.rule import Rule, World, WorldLine, WorldZone
from catseye.core.scene import GroundScene, Scene
from catseye.core.signal import Signal
from catseye.core.time import NS_PER_S
from catseye.traffic.hysteresis import CrossingSettings
from catseye.traffic.judge import WorldCounter
from catseye.traffic.lines import GroundLine

LENGTH_M = {RoadUser.CAR: 5.0, RoadUser.BUS: 12.0, RoadUser.TRUCK: 7.1, RoadUser.MOTORCYCLIST: 2.2, RoadUser.CYCLIST: 1.8, RoadUser.PEDESTRIAN: 0.5}
WIDTH_M = {RoadUser.CAR: 1.8, RoadUser.BUS: 2.5, RoadUser.TRUCK: 2.4, RoadUser.MOTORCYCLIST: 0.9, RoadUser.CYCLIST: 0.65, RoadUser.PEDESTRIAN: 0.5}


@dataclass(frozen=True)
class Drive:
    """One road user: where its centre is `at(time_s)` (x, y) metres, from `begin_s` to `end_s`."""

    at: Callable[[float], tuple[float, float]]
    begin_s: float = 0.0
    end_s: float = 20.0
    kind: RoadUser = RoadUser.CAR
    sigma_m: float = 0.05
    speed_sigma_ms: float = 0.1


def straight(speed_kmh: float, begin_m: tuple[float, float] = (0.0, 0.0), towards_deg: float = 90.0) -> Callable[[float], tuple[float, float]]:
    """Constant speed; `towards_deg` clockwise from north."""
    east, north = np.sin(np.radians(towards_deg)), np.cos(np.radians(towards_deg))
    return lambda time_s: (begin_m[0] + east * speed_kmh / 3.6 * time_s, begin_m[1] + north * speed_kmh / 3.6 * time_s)


def through(*places: tuple[float, float, float]) -> Callable[[float], tuple[float, float]]:
    """Straight between (time_s, x_m, y_m)."""
    t, x, y = np.array(places).T
    return lambda time_s: (float(np.interp(time_s, t, x)), float(np.interp(time_s, t, y)))


def scenes(drives: Sequence[Drive], fps: float = 10.0, *, trusted: bool = True) -> Iterator[GroundScene]:
    """A scene a moment in which anybody is there; tracks are 1, 2, … in the order of the drives."""
    heading = dict.fromkeys(range(1, len(drives) + 1), (np.nan, np.nan))
    times_s = np.arange(min(drive.begin_s for drive in drives), max(drive.end_s for drive in drives) + 1e-9, 1 / fps)
    for time_s in times_s.tolist():
        there = [(track, drive) for track, drive in enumerate(drives, 1) if drive.begin_s - 1e-9 <= time_s <= drive.end_s + 1e-9]
        place = np.array([drive.at(time_s) for _, drive in there], np.float64).reshape(-1, 2)
        ahead = np.array([drive.at(time_s + 1e-4) for _, drive in there], np.float64).reshape(-1, 2)
        velocity = (ahead - place) / 1e-4
        for (track, _), (vx, vy) in zip(there, velocity.tolist(), strict=True):
            speed = float(np.hypot(vx, vy))
            heading[track] = (vx / speed, vy / speed) if speed > 0.01 else heading[track]
        yield GroundScene(
            round(time_s * NS_PER_S),
            np.array([track for track, _ in there], np.int64),
            np.array([drive.kind.code for _, drive in there], np.uint8),
            place,
            np.array([drive.sigma_m for _, drive in there]),
            velocity,
            np.array([drive.speed_sigma_ms for _, drive in there]),
            np.array([heading[track] for track, _ in there], np.float64).reshape(-1, 2),
            np.array([LENGTH_M[drive.kind] for _, drive in there]),
            np.array([WIDTH_M[drive.kind] for _, drive in there]),
            trusted=trusted,
        )


def world(
    lines: Mapping[str, Sequence[Sequence[float]]] | None = None,
    zones: Mapping[str, Sequence[Sequence[float]]] | None = None,
    headings_deg: Mapping[str, float] | None = None,
    signals: Sequence[Signal] = (),
) -> World:
    """On the ground, metres. Headings are clockwise from north."""
    ground = [GroundLine(name, np.array(ends, np.float64)) for name, ends in (lines or {}).items()]
    turned = {name: np.radians(deg) for name, deg in (headings_deg or {}).items()}
    return World(
        "m",
        tuple(WorldLine(line.id, line.ends_m, line.right_hand()) for line in ground),
        tuple(
            WorldZone(name, np.array(corners, np.float64), np.array([np.sin(turned[name]), np.cos(turned[name])]) if name in turned else None)
            for name, corners in (zones or {}).items()
        ),
        {signal.id: signal for signal in signals},
    )


def findings(rule: Rule, road: World, moments: Iterator[GroundScene]) -> list[Finding]:
    """What the rule says of all that happened, tracks ended where they are not seen any more."""
    counter = WorldCounter(road, CrossingSettings())
    found: list[Finding] = []
    last: Scene | None = None
    for scene in moments:
        if last is not None and len(gone := np.setdiff1d(last.track, scene.track)):
            counter.end(gone)
            found += rule.end(gone, scene.time_ns)
        found += rule.see(scene, counter.update(scene))
        last = scene
    return found + list(rule.finish(last.time_ns if last else 0))
