"""Post-encroachment time, place by place: the closed form against stepping through time."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.support.ground import Actor, drive

from catseye.core.road_user import RoadUser
from catseye.core.scene import GroundScene
from catseye.traffic.bodies import Motion, Trails
from catseye.traffic.encroachments import PassingWatch
from catseye.traffic.footprints import Footprints, separation_m
from catseye.traffic.turning import turn_rads


def closest_s(scenes: list[GroundScene], within_s: float = 3.0) -> dict[tuple[int, int], float]:
    """The smallest time between the first's leaving and the second's coming, by (first, second)."""
    trails, watch, best = Trails(5.0), PassingWatch(within_s, 1.0, 2.0), {}
    for scene in scenes:
        motion = Motion.of(scene)
        columns = trails.note(scene.track, scene.time_ns, motion)
        motion.table[8] = turn_rads(scene, trails, columns, 2.0)
        passings = watch.update(scene, motion, trails, columns)
        if passings is None:
            continue
        for index, pet_s in zip(passings.index.tolist(), passings.pet_s.tolist(), strict=True):
            pair = int(scene.track[index[0]]), int(scene.track[index[1]])
            assert pet_s < best.get(pair, np.inf), "told again only if closer"
            best[pair] = pet_s
    return best


def stepped_s(one: Actor, other: Actor, lasts_s: float) -> tuple[float, float]:
    """By brute force, every 10 ms: the smallest time from one's leaving to the other's coming, and the reverse."""
    scenes = drive(one, other, lasts_s=lasts_s, step_s=0.01)
    first, second = ([Motion.of(scene.keep(np.array([row]))).footprints for scene in scenes] for row in (0, 1))
    count = len(scenes)
    rows = np.arange(count)
    table_one, table_other = (np.concatenate([each.table for each in side], 1) for side in (first, second))
    touches = np.zeros((count, count), bool)
    for row in rows:
        touches[row] = separation_m(Footprints(np.repeat(table_one[:, row : row + 1], count, 1)), Footprints(table_other)) <= 0
    at_one, at_other = np.nonzero(touches)
    gaps = (at_other - at_one) * 0.01
    late, early = gaps[gaps > 0], -gaps[gaps < 0]
    return (late.min() if len(late) else np.inf, early.min() if len(early) else np.inf)


@given(st.floats(40, 140), st.floats(6, 14), st.floats(6, 14), st.floats(0.3, 2.0), st.sampled_from([0.1, 0.2]))
@settings(max_examples=12, deadline=None)
def test_any_two_straight_ways_that_cross(angle_deg: float, speed: float, other_speed: float, late_s: float, step_s: float) -> None:
    course = np.radians(angle_deg)
    arrives_s = 2.5
    one = Actor((-speed * arrives_s, 0), speed_ms=speed)
    away_m = other_speed * (arrives_s + late_s + 5.0 / speed)
    other = Actor((-away_m * np.cos(course), -away_m * np.sin(course)), angle_deg, speed_ms=other_speed)
    wanted, _ = stepped_s(one, other, 7.0)
    assume(0.1 < wanted < 2.5)
    assert closest_s(drive(one, other, lasts_s=7, step_s=step_s)) == {(0, 1): pytest.approx(wanted, abs=0.025)}


def test_a_left_turn_behind_one_that_comes_straight_on() -> None:
    turner = Actor((-25, 0), speed_ms=7, turn_degs=lambda time_s: 45.0 if 3 <= time_s < 5 else 0.0)
    ahead = Actor((42, 3.4), 180, speed_ms=13)
    wanted, _ = stepped_s(ahead, turner, 8.0)
    assert closest_s(drive(ahead, turner, lasts_s=8, step_s=0.1)) == {(0, 1): pytest.approx(wanted, abs=0.06)}


def test_who_overtakes_follows_or_walks_beside_another_passes_nobody() -> None:
    walk = RoadUser.PEDESTRIAN
    assert closest_s(drive(Actor((0, 0), speed_ms=10), Actor((-12, 0), speed_ms=12))) == {}
    assert closest_s(drive(Actor((0, 0), speed_ms=1.4, kind=walk), Actor((3, -4), 90, speed_ms=1.4, kind=walk))) == {}


def test_who_stands_where_another_comes_by_is_not_coming_itself() -> None:
    assert closest_s(drive(Actor((-20, 0), speed_ms=10), Actor((0, -1.2), 90, speed_ms=0.0))) == {}


def test_who_met_has_not_passed() -> None:
    """They drive through each other, as only simulated cars can."""
    assert closest_s(drive(Actor((-20, 0), speed_ms=10), Actor((0, -20), 90, speed_ms=10), lasts_s=5)) == {}


def test_a_sideways_leap_is_no_way() -> None:
    """A car changes lanes in one step, as in SUMO, over the lane of one that comes the other way: nobody drove there."""
    scenes = drive(Actor((-20, -3.2), speed_ms=10), Actor((30, 0), 180, speed_ms=10), lasts_s=4.5, step_s=0.2)
    leapt = [scene if scene.time_ns < 2e9 else _moved(scene, 0, (0, 6.4)) for scene in scenes]
    assert closest_s(leapt) == {}


def _moved(scene: GroundScene, row: int, by: tuple[float, float]) -> GroundScene:
    place = scene.place.copy()
    place[row] += by
    columns = (scene.track, scene.kind, place, scene.place_sigma, scene.velocity, scene.velocity_sigma, scene.heading, scene.length, scene.width)
    return GroundScene(scene.time_ns, *columns)
