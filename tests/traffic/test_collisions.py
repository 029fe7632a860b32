"""Collisions: footprints that meet, or a sudden stop in contact; once a pair."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.ground import Actor, braking, drive, judged, measured, noisy
from tests.traffic.test_conflicts import any_scenes

from catseye.core.finding import Finding
from catseye.core.road_user import RoadUser
from catseye.core.rule import Rule, World
from catseye.core.scene import GroundScene
from catseye.traffic.collisions import Collision, CollisionKeys

PEDESTRIAN = RoadUser.PEDESTRIAN


def rule(**keys: float) -> Collision:
    return Collision(CollisionKeys(**keys), World("m"))


def found(scenes: list[GroundScene], **keys: float) -> list[Finding]:
    return judged(rule(**keys), scenes)


def crash(into_m: float, at_s: float, speed_ms: float = 10.0) -> Actor:
    """Drives into what stands at 0 from behind, comes to rest within 0.1 s after `into_m` of crushing."""
    return Actor((-5 - speed_ms * at_s + into_m, 0), speed_ms=braking(speed_ms, at_s, 100))


def test_driving_into_a_standing_car_is_a_collision_told_at_once() -> None:
    scenes = drive(crash(0.0, 2.05), Actor((0, 0)), lasts_s=6)
    (collision,) = found(scenes)
    assert collision.time_ns / 1e9 == pytest.approx(2.05, abs=0.02)
    assert collision.end_time_ns / 1e9 == pytest.approx(2.1, abs=0.01)
    assert collision.track == (0, 1)
    assert measured(collision, "closing") == pytest.approx(36)
    assert collision.details == {"type": "rear-end", "contact": "overlap"}
    assert collision.place == pytest.approx((-2.5, 0), abs=0.2)


def test_a_collision_is_told_once_a_pair_however_long_it_lasts() -> None:
    scenes = drive(Actor((-20, 0), speed_ms=10), Actor((0, -20), 90, speed_ms=10), Actor((0, -32), 90, speed_ms=10), lasts_s=5)
    assert sorted(collision.track for collision in found(scenes)) == [(0, 1)]
    assert found(scenes)[0].details["type"] == "crossing"


def test_a_person_run_over_is_a_collision() -> None:
    (collision,) = found(drive(Actor((-20, 0), speed_ms=8), Actor((0, -2.9), 90, speed_ms=1.3, kind=PEDESTRIAN), lasts_s=4))
    assert set(collision.kind) == {RoadUser.CAR.code, PEDESTRIAN.code}


def test_a_stop_no_brake_can_make_in_contact_is_a_collision_even_where_places_are_doubtful() -> None:
    scenes = noisy(drive(crash(0.0, 2.05), Actor((0, 0)), lasts_s=4), 5, 0.1, 0.1)
    (collision,) = found(scenes)
    assert collision.details["contact"] == "sudden stop"
    assert collision.end_time_ns / 1e9 < 2.7


def test_stopping_hard_just_short_of_another_is_none() -> None:
    """8 m/s² is all that tyres can do; it stands 20 cm behind."""
    assert found(drive(Actor((-5.2 - 20 - 12.5, 0), speed_ms=braking(20 * 0.7071, 1.0, 8)), Actor((0, 0)), lasts_s=5)) == []
    short = Actor((-5.2 - 14 * 1 - 14**2 / 16, 0), speed_ms=braking(14, 1.0, 8))
    assert found(drive(short, Actor((0, 0)), lasts_s=5)) == []


@pytest.mark.parametrize(
    "actors",
    [
        pytest.param([Actor((0, 0)), Actor((0.5, 0.2))], id="seen twice, as a car and a truck"),
        pytest.param([Actor((0, 0), speed_ms=10), Actor((0.5, 0.2), speed_ms=10)], id="seen twice, driving"),
        pytest.param([Actor((0, 0)), Actor((0, 1.85))], id="parked door to door"),
        pytest.param([Actor((-6, 0), speed_ms=braking(1, 1, 0.5)), Actor((0, 0))], id="rolls bumper to bumper in a queue"),
        pytest.param([Actor((0, 0), speed_ms=1.4, kind=PEDESTRIAN), Actor((4, 0.1), 180, speed_ms=1.4, kind=PEDESTRIAN)], id="people brush past"),
        pytest.param([Actor((-30, 0), speed_ms=14), Actor((0, 2.0))], id="passes a parked car within 20 cm"),
    ],
)
def test_what_merely_touches_is_no_collision(actors: list[Actor]) -> None:
    assert found(drive(*actors, lasts_s=5)) == []


def test_an_overlap_within_the_doubt_is_no_collision() -> None:
    beside = drive(Actor((-30, 0), speed_ms=14), Actor((0, 1.6)), lasts_s=5)
    assert len(found(beside)) == 1
    assert found(drive(Actor((-30, 0), speed_ms=14), Actor((0, 1.6)), lasts_s=5, place_sigma_m=0.2)) == []
    assert found(beside, size_doubt_m=0.3) == []


def test_noise_makes_no_collision_of_dense_traffic() -> None:
    lanes = [Actor((-80 + 9 * index, 3.0 * (index % 3)), speed_ms=9 + 2 * (index % 3)) for index in range(18)]
    assert [found(noisy(drive(*lanes, lasts_s=8), seed, 0.2, 0.3)) for seed in range(3)] == [[], [], []]


def test_what_has_ended_is_forgotten() -> None:
    watch = rule()
    scenes = drive(Actor((-20, 0), speed_ms=10, end_s=3), Actor((0, 0)), lasts_s=5)
    assert len(judged(watch, scenes)) == 1
    assert watch._told == set()


@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.02, 0.3]))
@settings(max_examples=200, deadline=None)
def test_no_scene_makes_the_rule_fail(seed: int, oddness: float) -> None:
    for finding in judged(rule(), any_scenes(seed, oddness)):
        assert finding.time_ns <= finding.end_time_ns


def test_the_class_fits_the_socket() -> None:
    assert isinstance(rule(), Rule)
    assert (Collision.rule_kind, Collision.needs_ground, Collision.is_violation) == ("collision", True, False)
    assert list(rule().end(np.array([1]), 0)) == []
