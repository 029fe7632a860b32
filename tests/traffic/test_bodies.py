"""Bodies: what is assumed of those not wholly known, and where everybody was."""

import numpy as np
import pytest
from tests.support.ground import Actor, drive

from catseye.core.arrays import Ints
from catseye.core.road_user import RoadUser
from catseye.core.scene import GroundScene
from catseye.core.time import NS_PER_S
from catseye.traffic.bodies import LONGEST_STEP_S, SMALLEST_M, Motion, Trails, known_bodies

NAN = float("nan")


def scene(**changed: object) -> GroundScene:
    columns = {
        "time_ns": 0,
        "track": np.array([3, 7]),
        "kind": np.array([RoadUser.CAR.code, RoadUser.PEDESTRIAN.code], np.uint8),
        "place": np.array([[0.0, 0.0], [10.0, 5.0]]),
        "place_sigma": np.full(2, 0.1),
        "velocity": np.array([[10.0, 0.0], [0.0, 1.0]]),
        "velocity_sigma": np.full(2, 0.5),
        "heading": np.array([[1.0, 0.0], [0.0, 1.0]]),
        "length": np.array([5.0, 0.4]),
        "width": np.array([2.0, 0.5]),
    }
    return GroundScene(**(columns | changed))  # type: ignore[arg-type]


def noted(trails: Trails, scenes: list[GroundScene]) -> Ints:
    for each in scenes:
        columns = trails.note(each.track, each.time_ns, Motion.of(each))
    return columns


def test_whose_place_or_velocity_nobody_knows_can_meet_nobody() -> None:
    for broken in ({"place": np.array([[0.0, NAN], [10.0, 5.0]])}, {"velocity": np.array([[np.inf, 0.0], [0.0, 1.0]])}, {"place_sigma": np.array([NAN, 0.1])}):
        bodies, motion = known_bodies(scene(**broken))
        assert (bodies.track.tolist(), len(motion)) == ([7], 1)


def test_an_unknown_size_is_the_smallest_of_its_kind() -> None:
    bodies, motion = known_bodies(scene(length=np.array([NAN, 0.4]), width=np.array([0.0, NAN])))
    assert (bodies.length[0], bodies.width[0]) == SMALLEST_M[RoadUser.CAR]
    assert motion.footprints.width.tolist() == [SMALLEST_M[RoadUser.CAR][1], SMALLEST_M[RoadUser.PEDESTRIAN][1]]


def test_of_whom_nobody_knows_the_heading_only_the_width_counts() -> None:
    bodies, _ = known_bodies(scene(heading=np.array([[NAN, NAN], [0.0, 1.0]])))
    assert (bodies.length[0], bodies.width[0]) == (2.0, 2.0)


def test_who_keeps_a_turn_drives_a_circle() -> None:
    motion = Motion.of(scene())
    motion.table[8, 0] = np.pi / 2  # a quarter a second at 10 m/s
    quarter = motion.after(np.array([1.0, 1.0]))
    assert quarter.place[0].tolist() == pytest.approx([20 / np.pi, 20 / np.pi])
    assert quarter.heading[0].tolist() == pytest.approx([0, 1])
    assert quarter.place[1].tolist() == pytest.approx([10.0, 6.0])


def test_what_was_swept_reaches_back_along_the_way() -> None:
    swept = Motion.of(scene()).swept(0.2)
    assert swept.place[0].tolist() == [-1.0, 0.0]
    assert swept.length.tolist() == pytest.approx([7.0, 0.6])


def test_a_trail_holds_the_last_seconds_and_no_more() -> None:
    trails = Trails(2.0)
    scenes = drive(Actor((0, 0), speed_ms=10), lasts_s=9, step_s=0.1)
    columns = noted(trails, scenes)
    moments = trails.moments()
    assert trails.ago_s(moments).max() == pytest.approx(2.0)
    assert trails.places(moments, columns)[0, :, 0].tolist() == pytest.approx([90.0 - 10 * ago for ago in trails.ago_s(moments)])


def test_a_fast_camera_does_not_lengthen_a_trail() -> None:
    trails = Trails(1.0)
    noted(trails, drive(Actor((0, 0), speed_ms=10), lasts_s=4, step_s=0.01))
    agos_s = trails.ago_s(trails.moments())
    assert len(agos_s) <= 14
    assert agos_s[0] == 0
    assert np.diff(agos_s)[1:].min() >= 0.08 - 1e-9
    assert trails.step_s(trails.moments()).sum() == pytest.approx(1.0, abs=0.1)


def test_nobody_is_believed_to_have_been_where_nobody_looked() -> None:
    trails = Trails(4.0)
    scenes = drive(Actor((0, 0), speed_ms=10), lasts_s=4, step_s=0.1)
    noted(trails, scenes[:10] + scenes[30:])
    assert trails.longest_step_s() == LONGEST_STEP_S


def test_who_was_not_seen_has_no_trail_there_and_who_left_is_forgotten() -> None:
    trails = Trails(1.0)
    scenes = drive(Actor((0, 0), speed_ms=10, end_s=2), Actor((0, 9), speed_ms=10, begin_s=1.9), lasts_s=4)
    columns = noted(trails, scenes[:21])
    assert np.isnan(trails.places(trails.moments(), columns)[0, :, 1]).sum() == len(trails.moments()) - 2
    noted(trails, scenes[21:])
    newcomer = Motion.of(scene().keep(np.array([0])))
    columns = [int(trails.note(np.array([50 + number]), (5 + 2 * number) * NS_PER_S, newcomer)[0]) for number in range(300)]
    assert max(columns) < 100  # those that left made room
    assert np.isfinite(trails.places(trails.moments(1.0), np.array(columns[-1:]))[0]).sum() == 1


def test_a_turn_is_measured_in_radians_a_second() -> None:
    trails = Trails(2.0)
    columns = noted(trails, drive(Actor((0, 0), speed_ms=8, turn_degs=20), Actor((50, 0), speed_ms=8), lasts_s=2))
    assert np.degrees(trails.turned_rads(0.6, columns)).tolist() == pytest.approx([20, 0], abs=1e-6)
