"""Does a rule fill its socket? `check_rule(keys)` asks for what the judge relies on."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from catseye.core.arrays import Doubles
from catseye.core.finding import Finding
from catseye.core.road_user import ROAD_USERS
from catseye.core.rule import Rule, World, WorldLine, WorldZone
from catseye.core.scene import GroundScene, Passages, PictureScene, Scene
from catseye.core.signal import LAMP_GREEN, LAMP_RED, Signal
from catseye.core.time import NS_PER_S

SCENES_COUNT, FPS = 240, 8.0


def check_rule(rule: type, keys: Mapping[str, Any], seeds: int = 3) -> None:
    """AssertionError says what is missing. `keys` may name the lines `west`, `east`, the zones `road`, `square`, and the signal `lamp`.

    Asked for: no exception on any scene (empty, unknown speeds and sizes, road users that come, go and leap); findings that are closed, in known kinds,
    with finite measures; whoever is named was seen; what an untrusted camera saw is marked; and the same again from the same scenes.
    """
    assert isinstance(rule.rule_kind, str) and rule.rule_kind, "rule_kind: a text"  # type: ignore[attr-defined]
    for unit in ("m",) if rule.needs_ground else ("m", "px"):  # type: ignore[attr-defined]
        road = world(unit)

        def made(road: World = road) -> Rule:
            fresh = rule(rule.Keys(**keys), road)  # type: ignore[attr-defined]
            assert isinstance(fresh, Rule), f"{rule.__name__} lacks a part of the socket"
            return fresh

        for seed in range(seeds):
            _check_findings(made, road, seed)
        _check_nothing(made())


def world(unit: str) -> World:
    """Two lines, two zones with a heading, and a lamp that is red every second half minute."""
    size = 1.0 if unit == "m" else 8.0
    right = np.array([1.0, 0.0])
    lines = tuple(WorldLine(name, size * np.array([[x, 10.0], [x, -10.0]]), right) for name, x in (("west", -20.0), ("east", 20.0)))
    road = WorldZone("road", size * np.array([[-60.0, -4.0], [60.0, -4.0], [60.0, 4.0], [-60.0, 4.0]]), right)
    square = WorldZone("square", size * np.array([[-8.0, -8.0], [8.0, -8.0], [8.0, 8.0], [-8.0, 8.0]]), right)
    times = np.arange(0, 120, 15) * NS_PER_S
    return World(unit, lines, (road, square), {"lamp": Signal("lamp", times, np.where(np.arange(8) % 2, LAMP_RED, LAMP_GREEN).astype(np.uint8))})


def scenes(unit: str, seed: int) -> list[Scene]:
    """Road users of every kind on random ways; some speeds, headings and sizes unknown, some looks empty, some road users leap."""
    rng = np.random.default_rng(seed)
    size, plane = (1.0, GroundScene) if unit == "m" else (8.0, PictureScene)
    begin, speed, turn = rng.uniform(-60, 60, (16, 2)) * [1, 0.2], rng.uniform(0, 18, 16), rng.choice([0.0, np.pi, np.pi / 2], 16)
    heading = np.stack([np.cos(turn), np.sin(turn)], 1)
    kind = np.arange(16) % len(ROAD_USERS)
    there = rng.uniform(0, 30, (16, 2))
    made: list[Scene] = []
    for index in range(SCENES_COUNT):
        time_s = index / FPS
        here = np.flatnonzero((there.min(1) <= time_s) & (time_s <= there.max(1) + 5) & (rng.random(16) > 0.02) & (index % 97 != 0))
        n = len(here)
        place = begin[here] + heading[here] * (speed[here] * time_s - 60)[:, None] + rng.normal(0, 0.1, (n, 2))
        velocity = np.where(rng.random((n, 1)) < 0.05, np.nan, heading[here] * speed[here, None])
        made.append(
            plane(
                round(time_s * NS_PER_S),
                here.astype(np.int64),
                kind[here].astype(np.uint8),
                size * place,
                np.where(rng.random(n) < 0.05, np.nan, 0.1 * size),
                size * velocity,
                np.full(n, 0.2 * size),
                np.where(rng.random((n, 1)) < 0.05, np.nan, heading[here]),
                np.where(rng.random(n) < 0.1, np.nan, 4.5 * size),
                np.where(rng.random(n) < 0.1, np.nan, 1.8 * size),
                accel=rng.normal(0, 3, n),
                accel_sigma=np.full(n, 0.5),
            )
        )
    return made


def _passages(road: World, before: Scene | None, scene: Scene) -> Passages:
    """Who went over a line since the scene before, plainly."""
    if before is None:
        return Passages.none()
    both, old, new = np.intersect1d(before.track, scene.track, return_indices=True)
    rows = []
    for line, each in enumerate(road.lines):
        one, other = ((_side(where, each)) for where in (before.place[old], scene.place[new]))
        rows += [(track, line, bool(side > 0)) for track, side, was in zip(both, other, one, strict=True) if (side > 0) != (was > 0)]
    if not rows:
        return Passages.none()
    track, line_of, forward = (np.array(column) for column in zip(*rows, strict=True))
    place = scene.place[np.searchsorted(scene.track, track)]
    return Passages(np.full(len(rows), scene.time_ns), track.astype(np.int64), line_of.astype(np.int64), forward.astype(np.bool_), place)


def _side(place: Doubles, line: WorldLine) -> Doubles:
    return np.asarray((place - line.ends[0]) @ line.right, np.float64)


def _told(rule: Rule, road: World, moments: list[Scene]) -> list[Finding]:
    found: list[Finding] = []
    last: dict[int, int] = {}
    before: Scene | None = None
    for scene in moments:
        gone = np.array(sorted(track for track, seen_ns in last.items() if scene.time_ns - seen_ns > 2 * NS_PER_S), np.int64)
        if len(gone):
            found += rule.end(gone, scene.time_ns)
            last = {track: seen_ns for track, seen_ns in last.items() if track not in gone}
        found += rule.see(scene, _passages(road, before, scene))
        last |= dict.fromkeys(scene.track.tolist(), scene.time_ns)
        before = scene
    return found + list(rule.finish(moments[-1].time_ns))


def _check_findings(made: Callable[[], Rule], road: World, seed: int) -> None:
    moments = scenes(road.unit, seed)
    found = _told(made(), road, moments)
    assert _told(made(), road, moments) == found, "the same scenes must give the same findings, bit for bit"
    last_ns = moments[-1].time_ns
    for finding in found:
        assert 0 <= finding.time_ns <= finding.end_time_ns <= last_ns, f"{finding}: a finding is closed, and within what was seen"
        assert len(finding.track) == len(finding.kind) and set(finding.track) <= set(range(16)), f"{finding}: whoever is named was seen"
        assert all(0 <= kind < len(ROAD_USERS) for kind in finding.kind), f"{finding}: kinds are codes of RoadUser"
        assert finding.trusted, f"{finding}: the camera was to be trusted all the time"
        assert finding.place is None or np.isfinite(finding.place).all(), f"{finding}: a place is finite"
    doubted = _told(made(), road, [replace(scene, trusted=False) for scene in moments])
    assert not any(finding.trusted for finding in doubted), "what an untrusted camera saw is marked"


def _check_nothing(rule: Rule) -> None:
    empty = scenes("m", 0)[0].keep(np.empty(0, np.int64))
    assert list(rule.see(empty, Passages.none())) == [], "nobody does nothing"
    assert list(rule.end(np.array([3]), 0)) == [], "who was never seen did nothing"
    assert list(rule.finish(0)) == [], "nothing happened"
