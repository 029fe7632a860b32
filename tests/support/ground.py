"""Road users on open ground that drive as told, as scenes; and what a rule says of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from catseye.core.finding import Finding
from catseye.core.road_user import RoadUser
from catseye.core.rule import Rule
from catseye.core.scene import GroundScene, Passages
from catseye.core.time import NS_PER_S

SIZES_M = {
    RoadUser.PEDESTRIAN: (0.4, 0.5),
    RoadUser.CYCLIST: (1.8, 0.6),
    RoadUser.MOTORCYCLIST: (2.2, 0.8),
    RoadUser.CAR: (5.0, 1.8),
    RoadUser.BUS: (12.0, 2.5),
    RoadUser.TRUCK: (7.1, 2.4),
}
_FINE_S = 0.001


@dataclass(frozen=True)
class Actor:
    """Its centre is at `from_m` at `begin_s`, on a course in degrees counter-clockwise from east; `speed_ms` and `turn_degs` a second may follow time."""

    from_m: tuple[float, float]
    course_deg: float = 0.0
    speed_ms: float | Callable[[float], float] = 0.0
    turn_degs: float | Callable[[float], float] = 0.0
    kind: RoadUser = RoadUser.CAR
    begin_s: float = 0.0
    end_s: float = np.inf

    def states(self, times_s: Sequence[float]) -> list[tuple[np.ndarray, float, float]]:
        """Place, course in radians and speed at ascending times."""
        place, course, now, found = np.array(self.from_m, float), np.radians(self.course_deg), self.begin_s, []
        for time_s in times_s:
            while now < time_s - 1e-9:
                step = min(_FINE_S, time_s - now)
                course += np.radians(_at(self.turn_degs, now)) * step
                place = place + _at(self.speed_ms, now) * step * np.array([np.cos(course), np.sin(course)])
                now += step
            found.append((place, course, _at(self.speed_ms, time_s)))
        return found


def _at(value: float | Callable[[float], float], time_s: float) -> float:
    return value(time_s) if callable(value) else value


def braking(speed_ms: float, from_s: float, by_ms2: float, to_ms: float = 0.0) -> Callable[[float], float]:
    """Drives on, then brakes evenly."""
    return lambda time_s: max(speed_ms - max(time_s - from_s, 0.0) * by_ms2, to_ms)


def drive(
    *actors: Actor, lasts_s: float = 6.0, step_s: float = 0.1, place_sigma_m: float = 0.0, velocity_sigma_ms: float = 0.0, trusted: bool = True
) -> list[GroundScene]:
    """Tracks are numbered from 0 in the order of the actors."""
    times = np.round(np.arange(0, lasts_s + 1e-9, step_s), 6)
    shown = [[time for time in times if actor.begin_s <= time <= actor.end_s] for actor in actors]
    states = [dict(zip(each, actor.states(each), strict=True)) for actor, each in zip(actors, shown, strict=True)]
    scenes = []
    for time in times:
        rows = [(track, actor, *state[time]) for track, (actor, state) in enumerate(zip(actors, states, strict=True)) if time in state]
        heading = np.array([[np.cos(course), np.sin(course)] for *_, course, _ in rows]).reshape(-1, 2)
        sizes = np.array([SIZES_M[actor.kind] for _, actor, *_ in rows]).reshape(-1, 2)
        scenes.append(
            GroundScene(
                round(time * NS_PER_S),
                np.array([track for track, *_ in rows], np.int64),
                np.array([actor.kind.code for _, actor, *_ in rows], np.uint8),
                np.array([place for *_, place, _, _ in rows]).reshape(-1, 2),
                np.full(len(rows), place_sigma_m),
                heading * np.array([speed for *_, speed in rows]).reshape(-1, 1),
                np.full(len(rows), velocity_sigma_ms),
                heading,
                sizes[:, 0],
                sizes[:, 1],
                trusted,
            )
        )
    return scenes


def noisy(scenes: Iterable[GroundScene], seed: int, place_sigma_m: float, velocity_sigma_ms: float) -> list[GroundScene]:
    """The same scenes as a camera would measure them, and say so."""
    chance = np.random.default_rng(seed)
    return [
        GroundScene(
            scene.time_ns,
            scene.track,
            scene.kind,
            scene.place + chance.normal(0, place_sigma_m, scene.place.shape),
            np.full(len(scene), place_sigma_m),
            scene.velocity + chance.normal(0, velocity_sigma_ms, scene.velocity.shape),
            np.full(len(scene), velocity_sigma_ms),
            scene.heading,
            scene.length,
            scene.width,
            scene.trusted,
        )
        for scene in scenes
    ]


def judged(rule: Rule, scenes: Iterable[GroundScene]) -> list[Finding]:
    """Everything the rule says, to the end; a track that is gone from a scene has ended."""
    found: list[Finding] = []
    before, last_ns = np.empty(0, np.int64), 0
    for scene in scenes:
        gone = np.setdiff1d(before, scene.track)
        if len(gone):
            found += rule.end(gone, scene.time_ns)
        found += rule.see(scene, Passages.none())
        before, last_ns = scene.track, scene.time_ns
    return found + list(rule.finish(last_ns))


def measured(finding: Finding, name: str) -> float:
    """The value of a measure; KeyError when it has none."""
    return {measure.name: measure.value for measure in finding.measures}[name]
