"""Near misses: what is one, what is none, and what is said of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.ground import Actor, braking, drive, judged, measured, noisy

from catseye.core.finding import Finding
from catseye.core.road_user import RoadUser
from catseye.core.rule import Rule, World
from catseye.core.scene import GroundScene, Passages, PictureScene
from catseye.traffic.conflicts import NearMiss, NearMissKeys

PEDESTRIAN, CYCLIST, BUS = RoadUser.PEDESTRIAN, RoadUser.CYCLIST, RoadUser.BUS
CAR_LENGTH_M, CAR_WIDTH_M = 5.0, 1.8


def rule(**keys: float) -> NearMiss:
    return NearMiss(NearMissKeys(**keys), World("m"))


def found(scenes: list[GroundScene], **keys: float) -> list[Finding]:
    return judged(rule(**keys), scenes)


def only(scenes: list[GroundScene], **keys: float) -> Finding:
    (finding,) = found(scenes, **keys)
    return finding


def doubt(finding: Finding, name: str) -> float:
    return {measure.name: measure.doubt for measure in finding.measures}[name]


# What it measures


def test_braking_late_behind_a_standing_car_is_a_rear_end_near_miss() -> None:
    """12 m/s, 6 m/s² from 1 s on: v and gap are known at each moment, and so is the smallest quotient."""
    scenes = drive(Actor((-35, 0), speed_ms=braking(12, 1, 6)), Actor((0, 0)))
    times = np.arange(0, 2.8, 0.1)
    speed = 12 - 6 * np.maximum(times - 1, 0)
    gap = 30 - 12 * np.minimum(times, 1) - np.where(times > 1, 12 * (times - 1) - 3 * (times - 1) ** 2, 0)
    fast = speed > 5 / 3.6
    miss = only(scenes)
    assert miss.details["type"] == "rear-end"
    assert miss.track == (0, 1)  # the follower first
    assert measured(miss, "ttc_min") == pytest.approx((gap / speed)[fast].min(), abs=2e-3)
    assert measured(miss, "drac_max") == pytest.approx((speed**2 / (2 * gap))[fast].max(), rel=2e-3)
    assert miss.details["worst_s"] == pytest.approx(times[fast][(gap / speed)[fast].argmin()])
    assert miss.place == pytest.approx((-2.5, 0), abs=0.1)


def test_the_time_between_two_ways_that_cross_is_from_rear_out_to_front_in() -> None:
    """East's front is at x = -20 + 10 t, its rear leaves north's way (0.9) at 2.59 s; north's front enters east's (-0.9) at t."""
    for late_m in (0.0, 3.0, 6.0):
        scenes = drive(Actor((-22.5, 0), speed_ms=10), Actor((0, -32.5 - late_m), 90, speed_ms=10), lasts_s=8)
        rear_out_s, front_in_s = (22.5 + 2.5 + 0.9) / 10, (32.5 + late_m - 2.5 - 0.9) / 10
        miss = only(scenes)
        assert measured(miss, "pet") == pytest.approx(front_in_s - rear_out_s, abs=2e-3)
        assert (miss.details["type"], miss.track) == ("crossing", (1, 0))  # who came late first


def test_the_time_between_two_ways_does_not_hang_on_the_frame_rate() -> None:
    actors = Actor((-22.5, 0), speed_ms=9), Actor((0, -45.3), 80, speed_ms=11)
    values = [measured(only(drive(*actors, lasts_s=8, step_s=step)), "pet") for step in (0.04, 0.125, 0.2)]
    assert values == pytest.approx([values[0]] * 3, abs=5e-3)


def test_on_collision_course_first_and_crossing_close_after_is_one_near_miss_with_both_times() -> None:
    east = Actor((-40, 0), speed_ms=10)
    north = Actor((0, -38), 90, speed_ms=braking(10, 1.5, 4, 4))
    miss = only(drive(east, north, lasts_s=10))
    assert measured(miss, "ttc_min") < 3
    assert 0 < measured(miss, "pet") < 2
    assert miss.time_ns < miss.end_time_ns


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("head-on", Actor((-30, 0), speed_ms=10, end_s=1.5), Actor((30, 0.4), 180, speed_ms=10, end_s=1.5)),
        ("merging", Actor((-30, 0), speed_ms=13, end_s=1.6), Actor((-16, -4.5), 15, speed_ms=9, end_s=1.6)),
        ("diverging", Actor((-30, 0), speed_ms=10, end_s=1.6), Actor((0, 0.4), 9, speed_ms=0, end_s=1.6)),
        ("crossing", Actor((-30, 0), speed_ms=12, end_s=1.5), Actor((0, -3), 90, speed_ms=1.2, kind=PEDESTRIAN, end_s=1.5)),
        ("rear-end", Actor((-30, 0), speed_ms=12, end_s=1.5), Actor((-7, 0.5), speed_ms=4, kind=CYCLIST, end_s=1.5)),
    ],
)
def test_the_types_are_told_apart_whoever_takes_part(kind: str, one: Actor, other: Actor) -> None:
    miss = only(drive(one, other))
    assert miss.details["type"] == kind
    assert miss.kind == tuple(each.kind.code for each in ((one, other) if miss.track == (0, 1) else (other, one)))


def test_a_bicycle_that_passes_just_behind_a_bus_is_a_near_miss() -> None:
    bus, bicycle = Actor((-20, 0), speed_ms=8, kind=BUS), Actor((0, -22), 90, speed_ms=5, kind=CYCLIST)
    miss = only(drive(bus, bicycle, lasts_s=8), pet_s=2.0)
    assert miss.details["type"] == "crossing"
    assert set(miss.kind) == {BUS.code, CYCLIST.code}


# What is none


@pytest.mark.parametrize(
    "actors",
    [
        pytest.param([Actor((x, 0), speed_ms=0) for x in (0, 6.5, 13, 19.5)], id="a queue stands"),
        pytest.param([Actor((x, 0), speed_ms=1.0) for x in (6.5, 13)] + [Actor((0, 0), speed_ms=1.3)], id="a queue creeps"),
        pytest.param([Actor((-30, 0), speed_ms=14), Actor((0, -1.5), 0, speed_ms=1.3, kind=PEDESTRIAN)], id="on the pavement, beside a passing car"),
        pytest.param([Actor((-30, 0), speed_ms=14), Actor((0, -1.3), 90, speed_ms=0, kind=PEDESTRIAN)], id="waiting at the kerb"),
        pytest.param([Actor((0, y), 0, speed_ms=1.3 + y / 10, kind=PEDESTRIAN) for y in (0, 0.6, 1.2)], id="walking together"),
        pytest.param([Actor((0, 0), 0, speed_ms=1.4, kind=PEDESTRIAN), Actor((3, -3), 90, speed_ms=1.4, kind=PEDESTRIAN)], id="people crossing each other"),
        pytest.param([Actor((-30, 0), speed_ms=14), Actor((0, 2.2)), Actor((6, 2.2))], id="parked cars"),
        pytest.param([Actor((0, 0), speed_ms=0), Actor((0, -3), 90, speed_ms=1.4, kind=PEDESTRIAN)], id="walking up to a standing car"),
        pytest.param([Actor((-20, 0), speed_ms=17), Actor((0, 3.2), speed_ms=10)], id="overtaking in the next lane"),
        pytest.param([Actor((-40, 0), speed_ms=14), Actor((40, 3.2), 180, speed_ms=14)], id="meeting in the other lane"),
        pytest.param([Actor((0, 0), speed_ms=14), Actor((12, 0), speed_ms=14)], id="following closely at the same speed"),
        pytest.param([Actor((0, 0), speed_ms=10), Actor((12, 0), speed_ms=14)], id="the leader draws away"),
        pytest.param([Actor((0, -30), 90, speed_ms=10), Actor((-55, 0), 0, speed_ms=10)], id="crossing well after"),
    ],
)
def test_everyday_traffic_makes_no_event(actors: list[Actor]) -> None:
    assert found(drive(*actors, lasts_s=5), pet_s=0.5) == []


def test_who_follows_round_a_corner_or_turns_off_behind_another_is_soon_where_the_other_was_and_that_is_nothing() -> None:
    def corner(time_s: float) -> float:
        return 60.0 if 2 <= time_s < 3.5 else 0.0

    def later(time_s: float) -> float:
        return corner(time_s - 1.5)

    leader, follower = Actor((0, 0), speed_ms=7, turn_degs=corner), Actor((-10.5, 0), speed_ms=7, turn_degs=later)
    straight_on = Actor((-10.5, 0), speed_ms=7)
    assert found(drive(leader, follower, lasts_s=8)) == []
    assert found(drive(leader, straight_on, lasts_s=8)) == []
    assert found(drive(Actor((0, 0), speed_ms=7), follower, lasts_s=8)) == []


def test_a_turning_car_that_points_for_a_moment_at_the_waiting_queue_is_no_near_miss() -> None:
    """Right turn of 9 m radius past a queue that waits in the lane it points at half way round."""
    turner = Actor((0, -20), 90, speed_ms=6, turn_degs=lambda time_s: -38.2 if 2.5 <= time_s < 4.86 else 0.0)
    queue = [Actor((8 + 7 * index, 8.5), 180, speed_ms=0) for index in range(3)]
    assert found(drive(turner, *queue, lasts_s=7)) == []
    straight = Actor((0, -20), 90, speed_ms=6, turn_degs=lambda time_s: -38.2 if 2.5 <= time_s < 3.7 else 0.0)
    assert found(drive(straight, *queue, lasts_s=5)) != []  # this one does drive at it


def test_what_already_overlaps_is_no_miss() -> None:
    """One road user seen twice, as a car and as a truck."""
    assert found(drive(Actor((0, 0), speed_ms=12), Actor((0.5, 0), speed_ms=10))) == []


# Doubt


def test_a_near_miss_within_the_doubt_is_not_told() -> None:
    actors = Actor((-40, 0), speed_ms=braking(12, 1.0, 5.5)), Actor((0, 0))
    assert len(found(drive(*actors))) == 1
    assert found(drive(*actors, place_sigma_m=0.3, velocity_sigma_ms=1.2)) == []


def test_every_measure_has_its_doubt_and_less_is_known_where_less_was_seen() -> None:
    actors = Actor((-35, 0), speed_ms=braking(12, 1, 5)), Actor((0, 0))
    sharp, dull = only(drive(*actors, place_sigma_m=0.05, velocity_sigma_ms=0.05)), only(drive(*actors, place_sigma_m=0.1, velocity_sigma_ms=0.2))
    for name in ("ttc_min", "drac_max"):
        assert 0 < doubt(sharp, name) < doubt(dull, name)
    crossing = Actor((-22.5, 0), speed_ms=10), Actor((0, -35.5), 90, speed_ms=10)
    assert doubt(only(drive(*crossing, lasts_s=8, place_sigma_m=0.2)), "pet") == pytest.approx(np.hypot(0.02, 0.02))


def test_a_guessed_size_adds_to_the_doubt() -> None:
    actors = Actor((-35, 0), speed_ms=braking(12, 1, 5)), Actor((0, 0))
    assert doubt(only(drive(*actors), size_doubt_m=0.4), "ttc_min") > doubt(only(drive(*actors)), "ttc_min")


def test_noise_makes_no_near_miss_of_ordinary_traffic() -> None:
    lanes = [Actor((-80 + 14 * index, 3.2 * (index % 2)), speed_ms=12) for index in range(8)]
    oncoming = [Actor((80 - 14 * index, 6.4), 180, speed_ms=12) for index in range(8)]
    waiting = [Actor((-40 + 7 * index, -3.2)) for index in range(8)]
    scenes = drive(*lanes, *oncoming, *waiting, lasts_s=10)
    assert [found(noisy(scenes, seed, 0.25, 0.25)) for seed in range(3)] == [[], [], []]


def test_what_the_camera_says_not_to_believe_is_marked() -> None:
    actors = Actor((-35, 0), speed_ms=braking(12, 1, 5)), Actor((0, 0))
    assert only(drive(*actors)).trusted
    assert not only(drive(*actors, trusted=False)).trusted


# Encounters


def test_one_near_miss_a_pair_and_encounter() -> None:
    def twice(second_s: float) -> list[GroundScene]:
        """Closes in on its leader at 0 to 1 s and again from `second_s` on."""
        return drive(
            Actor((-17, 0), speed_ms=lambda time_s: 14 if time_s < 1 or second_s <= time_s < second_s + 1 else 8),
            Actor((0, 0), speed_ms=lambda time_s: 8 if time_s < second_s - 1 else 9 if time_s < second_s else 8),
            lasts_s=12,
        )

    assert len(found(twice(2.5))) == 1
    assert len(found(twice(8.0))) == 2
    assert len(found(twice(8.0), part_s=20)) == 1


def test_who_passes_late_but_soon_after_they_parted_still_belongs_to_the_encounter() -> None:
    """North brakes in good time, waits a little and comes through 1.1 s behind the other."""
    north = Actor((0, -32), 90, speed_ms=lambda time_s: 10 if time_s < 0.5 else 6.8)
    east = Actor((-30, 0), speed_ms=lambda time_s: 10 if time_s < 0.5 else 11)
    miss = only(drive(east, north, lasts_s=9))
    assert {measure.name for measure in miss.measures} >= {"ttc_min", "pet"}


def test_a_near_miss_is_told_when_they_have_parted_or_one_has_ended_and_not_before() -> None:
    watch, scenes = rule(), drive(Actor((-35, 0), speed_ms=braking(12, 1, 5)), Actor((0, 0)), lasts_s=9)
    told_s = [scene.time_ns / 1e9 for scene in scenes if watch.see(scene, Passages.none())]
    assert len(told_s) == 1
    assert told_s[0] > 3 + 2
    watch = rule()
    for scene in scenes[:25]:
        assert list(watch.see(scene, Passages.none())) == []
    assert list(watch.end(np.array([7]), 0)) == []
    assert [finding.track for finding in watch.end(np.array([1]), 0)] == [(0, 1)]
    assert list(watch.finish(0)) == []


def test_three_in_a_row_are_three_pairs() -> None:
    scenes = drive(Actor((-35, 0), speed_ms=braking(12, 1, 5)), Actor((0, 0)), Actor((6, 0)))
    assert sorted(finding.track for finding in found(scenes)) == [(0, 1), (0, 2)]


def test_who_is_numbered_first_does_not_matter() -> None:
    actors = [Actor((-40, 0), speed_ms=10), Actor((0, -38), 90, speed_ms=braking(10, 1.5, 4, 4))]
    one, other = only(drive(*actors, lasts_s=10)), only(drive(*actors[::-1], lasts_s=10))
    assert (one.measures, one.details) == (other.measures, other.details)
    assert one.track == tuple(1 - track for track in other.track)


def test_a_replay_gives_the_same_near_misses() -> None:
    scenes = noisy(drive(Actor((-35, 0), speed_ms=braking(12, 1, 6)), Actor((0, 0)), Actor((-9, -30), 90, speed_ms=11), lasts_s=8), 4, 0.05, 0.05)
    assert found(scenes) == found(scenes) != []


# Whatever comes

ODD_NUMBERS = (np.nan, np.inf, -np.inf, 1e150, 0.0, -1.0)


def any_scenes(seed: int, oddness: float) -> list[GroundScene]:
    """Road users all over the place, some numbers as odd as they come, time going either way, numbers given twice."""
    chance, scenes, now = np.random.default_rng(seed), [], 0

    def numbers(*shape: int) -> np.ndarray:
        plain = chance.normal(0, 12, shape)
        return np.where(chance.random(shape) < oddness, chance.choice(ODD_NUMBERS, shape), plain)

    for _ in range(chance.integers(1, 8)):
        count = chance.integers(0, 6)
        now += int(chance.integers(-(10**7), 5 * 10**8))
        tracks, kinds = np.sort(chance.integers(0, 7, count)), chance.integers(0, 7, count).astype(np.uint8)
        course = chance.uniform(0, 7, count)
        heading = np.where(chance.random((count, 1)) < oddness, np.nan, np.stack([np.cos(course), np.sin(course)], 1))
        sigmas = np.abs(numbers(count)), np.abs(numbers(count))
        scenes.append(
            GroundScene(now, tracks, kinds, numbers(count, 2), sigmas[0] / 50, numbers(count, 2), sigmas[1] / 50, heading, *np.abs(numbers(2, count)))
        )
    return scenes


@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.02, 0.3]))
@settings(max_examples=300, deadline=None)
def test_no_scene_makes_the_rule_fail(seed: int, oddness: float) -> None:
    for finding in judged(rule(part_s=0), any_scenes(seed, oddness)):
        assert finding.time_ns <= finding.end_time_ns
        assert all(measure.value >= 0 for measure in finding.measures)


def test_the_picture_is_not_the_ground() -> None:
    scene = drive(Actor((0, 0)))[0]
    columns = (scene.track, scene.kind, scene.place, scene.place_sigma, scene.velocity, scene.velocity_sigma, scene.heading, scene.length, scene.width)
    assert list(rule().see(PictureScene(0, *columns), Passages.none())) == []


def test_the_class_fits_the_socket() -> None:
    assert isinstance(rule(), Rule)
    assert (NearMiss.rule_kind, NearMiss.needs_ground, NearMiss.is_violation) == ("near-miss", True, False)
