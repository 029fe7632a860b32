"""Who turns, and when those that turn meet."""

import numpy as np
import pytest
from tests.support.ground import Actor, drive, noisy

from catseye.core.scene import GroundScene
from catseye.traffic.approaching import CollisionCourses
from catseye.traffic.bodies import Motion, Trails
from catseye.traffic.turning import Turning, turn_rads


def rates(scenes: list[GroundScene]) -> np.ndarray:
    trails = Trails(2.0)
    for scene in scenes:
        columns = trails.note(scene.track, scene.time_ns, Motion.of(scene))
    return turn_rads(scenes[-1], trails, columns, 2.0)


def motion(*states: tuple[float, float, float, float, float]) -> Motion:
    """Of cars: place x, y, course, speed, turn rate."""
    x, y, course, speed, turn = np.array(states).T
    heading = np.stack([np.cos(course), np.sin(course)])
    return Motion(np.concatenate([[x, y], heading, [np.full(len(x), 5.0), np.full(len(x), 1.8)], heading * speed, [turn]]))


def test_a_turn_within_the_doubt_is_no_turn() -> None:
    scenes = drive(Actor((0, 0), speed_ms=8, turn_degs=6), Actor((60, 0), speed_ms=8), lasts_s=2)
    assert np.degrees(rates(scenes)).tolist() == pytest.approx([6, 0], abs=1e-6)
    assert rates(noisy(scenes, 1, 0.1, 0.4)).tolist() == [0, 0]


def test_who_stands_or_has_just_come_does_not_turn() -> None:
    scenes = drive(Actor((0, 0), speed_ms=0.5, turn_degs=30), Actor((60, 0), speed_ms=8, turn_degs=30, begin_s=1.8), lasts_s=2)
    assert rates(scenes).tolist() == [0, 0]


def test_two_that_go_round_the_same_circle_meet_along_it() -> None:
    radius, behind = 20.0, motion((0, -20, 0, 10, 0.5))
    angle = 14 / radius  # the leader's centre is 14 m ahead along the circle, at half the speed
    leader = motion((radius * np.sin(angle), -radius * np.cos(angle), angle, 5, 0.25))
    ttc = Turning(behind, leader, 4.0).ttc_s(np.zeros(1))[0]
    assert ttc == pytest.approx((14 - 5) / 5, abs=0.1)  # corners of chords touch a little earlier than the along-path gap says
    assert CollisionCourses(behind, leader, 4.0).ttc_s[0] == ttc


def test_going_straight_and_going_round_must_agree_on_a_crossing() -> None:
    turner = motion((0, 0, 0, 6, 0.6))
    ahead = motion((14, 0, np.pi / 2, 0, 0))  # stands across, where straight on would lead
    assert np.isfinite(CollisionCourses(motion((0, 0, 0, 6, 0)), ahead, 4.0).ttc_s[0])
    assert CollisionCourses(turner, ahead, 4.0).ttc_s[0] == np.inf


def test_a_slack_makes_a_turning_meeting_later_or_none() -> None:
    turning = Turning(motion((0, 0, 0, 8, 0.05)), motion((20, 1.0, 0, 2, 0)), 4.0)
    times = [turning.ttc_s(np.array([slack]))[0] for slack in (0.0, 0.2, 2.0)]
    assert times[0] < times[1] < times[2] == np.inf
