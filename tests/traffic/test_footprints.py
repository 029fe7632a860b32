"""Footprints: what shapely says of areas, and what stepping through time says of meetings, in closed form."""

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from catseye.traffic.footprints import Footprints, contact_place, distance_m, left_of, meet, separation_m, ttc_doubt_s

COORDINATES_M = st.floats(-40, 40)
SIZES_M = st.floats(0.3, 15)
ANGLES_RAD = st.floats(0, 2 * np.pi)
SPEEDS_MS = st.floats(-30, 30)
ONE = np.zeros((1, 2))


def footprint(x: float, y: float, angle_rad: float, length: float, width: float) -> Footprints:
    heading = np.array([[np.cos(angle_rad), np.sin(angle_rad)]])
    return Footprints.of(np.array([[x, y]]), heading, np.array([length]), np.array([width]))


footprints = st.builds(footprint, COORDINATES_M, COORDINATES_M, ANGLES_RAD, SIZES_M, SIZES_M)
velocities = st.builds(lambda x, y: np.array([[x, y]]), SPEEDS_MS, SPEEDS_MS)


def polygon(area: Footprints) -> shapely.Polygon:
    return shapely.Polygon(area.corners()[0])


def rotated(area: Footprints, by_rad: float, shift: np.ndarray) -> Footprints:
    turn = np.array([[np.cos(by_rad), -np.sin(by_rad)], [np.sin(by_rad), np.cos(by_rad)]])
    return Footprints.of(area.place @ turn.T + shift, area.heading @ turn.T, area.length, area.width)


def turned(vector: np.ndarray, by_rad: float) -> np.ndarray:
    return vector * np.cos(by_rad) + left_of(vector) * np.sin(by_rad)


def ttc(one: Footprints, other: Footprints, velocity: np.ndarray) -> float:
    return float(meet(one, other, velocity).ttc_s()[0])


# Areas


@given(footprints, footprints)
def test_distance_is_what_shapely_measures(one: Footprints, other: Footprints) -> None:
    assert distance_m(one, other)[0] == pytest.approx(polygon(one).distance(polygon(other)), abs=1e-7)


@given(footprints, footprints)
def test_separation_tells_overlap_as_shapely_does_and_never_exceeds_the_distance(one: Footprints, other: Footprints) -> None:
    apart = separation_m(one, other)[0]
    shared_m2 = polygon(one).intersection(polygon(other)).area
    assume(abs(apart) > 1e-6)
    assert (apart < 0) == (shared_m2 > 0)
    assert apart <= distance_m(one, other)[0] + 1e-9


@given(footprints, footprints, st.floats(-0.4, 0.4), st.floats(-0.4, 0.4))
def test_separation_below_zero_is_the_shortest_way_out(one: Footprints, other: Footprints, along: float, across: float) -> None:
    other = other.moved(one.place - other.place + along * one.length[:, None] * one.heading + across * one.width[:, None] * left_of(one.heading))
    apart = separation_m(one, other)[0]
    assume(apart < -1e-3)
    axes = np.concatenate([one.heading, left_of(one.heading), other.heading, left_of(other.heading)])
    out = [polygon(one).distance(polygon(other.moved(sign * (1.001 * -apart) * axis[None]))) for axis in axes for sign in (1, -1)]
    short = [polygon(one).intersection(polygon(other.moved(sign * (0.999 * -apart) * axis[None]))).area for axis in axes for sign in (1, -1)]
    assert max(out) > 0
    assert min(short) > 0


@given(footprints, footprints, ANGLES_RAD, COORDINATES_M, COORDINATES_M)
def test_nobody_minds_where_the_map_begins_or_which_way_is_north(one: Footprints, other: Footprints, by: float, x: float, y: float) -> None:
    shift = np.array([x, y])
    moved = rotated(one, by, shift), rotated(other, by, shift)
    assert separation_m(*moved)[0] == pytest.approx(separation_m(one, other)[0], abs=1e-9)
    assert distance_m(*moved)[0] == pytest.approx(distance_m(one, other)[0], abs=1e-9)


@given(footprints, footprints)
def test_who_is_named_first_does_not_matter(one: Footprints, other: Footprints) -> None:
    assert separation_m(one, other)[0] == pytest.approx(separation_m(other, one)[0])
    assert distance_m(one, other)[0] == pytest.approx(distance_m(other, one)[0])


def test_many_pairs_at_once_are_the_pairs_one_by_one() -> None:
    chance = np.random.default_rng(3)
    heading = np.stack([np.cos(angle := chance.uniform(0, 7, 40)), np.sin(angle)], 1)
    many = Footprints.of(chance.uniform(-10, 10, (40, 2)), heading, chance.uniform(1, 9, 40), chance.uniform(1, 3, 40))
    one, other, velocity = many.take(np.arange(20)), many.take(np.arange(20, 40)), chance.normal(0, 8, (20, 2))
    alone = [meet(one.take(row), other.take(row), velocity[row]).ttc_s()[0] for row in np.arange(20)[:, None]]
    assert meet(one, other, velocity).ttc_s().tolist() == pytest.approx(alone)
    assert separation_m(one, other).tolist() == pytest.approx([separation_m(one.take(row), other.take(row))[0] for row in np.arange(20)[:, None]])


def test_touching_footprints_touch_between_their_centres() -> None:
    behind, ahead = footprint(0, 0, 0, 5, 1.8), footprint(5, 0.5, 0, 5, 1.8)
    assert contact_place(behind, ahead)[0].tolist() == pytest.approx([2.5, 0.25])
    assert contact_place(behind, footprint(20, 0, 0, 5, 2))[0].tolist() == pytest.approx([10, 0])


# Meetings


def test_one_behind_the_other_meets_after_gap_over_closing_speed() -> None:
    follower, leader = footprint(0, 0, 0, 5, 1.8), footprint(25, 0, 0, 5, 1.8)
    meeting = meet(follower, leader, np.array([[-8.0, 0.0]]))
    assert meeting.ttc_s()[0] == pytest.approx(20 / 8)
    assert (int(meeting.axis[0]) % 2, meeting.closing_ms()[0]) == (0, 8.0)
    assert ttc(follower, leader, np.array([[3.0, 0.0]])) == np.inf


def test_crossing_at_a_right_angle_meets_when_the_later_of_both_reaches_the_others_way() -> None:
    east, north = footprint(-20, 0, 0, 5, 2), footprint(0, -31, np.pi / 2, 4, 2)
    meeting = meet(east, north, np.array([[-10.0, 15.0]]))
    side_s, front_s = (20 - 2.5 - 1) / 10, (31 - 2 - 1) / 15  # east's front at the way of north; north's front at the way of east
    assert meeting.enter_s[0] == pytest.approx(max(side_s, front_s))
    assert meeting.leave_s[0] == pytest.approx(min((20 + 2.5 + 1) / 10, (31 + 2 + 1) / 15))


def test_who_passes_beside_never_meets_however_near() -> None:
    car, walker = footprint(0, 0, 0, 5, 1.8), footprint(30, 1.2, np.pi, 0.4, 0.5)
    assert ttc(car, walker, np.array([[-15.0, 0.0]])) == np.inf
    assert np.isfinite(ttc(car, footprint(30, 1.1, np.pi, 0.4, 0.5), np.array([[-15.0, 0.0]])))


def test_who_stands_beside_or_within_for_ever_is_told_apart() -> None:
    assert ttc(footprint(0, 0, 0.3, 5, 2), footprint(9, 0, 1, 5, 2), ONE) == np.inf
    assert ttc(footprint(0, 0, 0.3, 5, 2), footprint(1, 0, 1, 5, 2), ONE) == 0


@given(footprints, footprints, velocities)
@settings(max_examples=300)
def test_the_moment_of_contact_is_the_first_at_which_they_are_not_apart(one: Footprints, other: Footprints, velocity: np.ndarray) -> None:
    assume(np.hypot(*velocity[0]) > 0.1)
    found, times = ttc(one, other, velocity), np.linspace(0, 60, 1201)
    apart = separation_m(one.take(np.zeros(1201, int)), other.take(np.zeros(1201, int)).moved(times[:, None] * velocity))
    if np.isinf(found) or found > 60:
        assert apart.min() > -1e-6
        return
    assert separation_m(one, other.moved(found * velocity))[0] < 1e-6
    assert (apart[times < found - 1e-6] > -1e-6).all()


@given(footprints, footprints, velocities, ANGLES_RAD)
def test_a_meeting_is_the_same_from_either_side_and_in_any_frame(one: Footprints, other: Footprints, velocity: np.ndarray, by: float) -> None:
    assume(np.hypot(*velocity[0]) > 0.1)
    meeting = meet(one, other, velocity)
    assume(np.isnan(meeting.enter_s[0]) or meeting.leave_s[0] - meeting.enter_s[0] > 1e-6)
    there = meeting.enter_s[0], meeting.leave_s[0]
    back = meet(other, one, -velocity)
    shift = np.array([3.0, -7.0])
    elsewhere = meet(rotated(one, by, shift), rotated(other, by, shift), turned(velocity, by))
    for same in (back, elsewhere):
        if np.isnan(there[0]) != np.isnan(same.enter_s[0]):  # a touch of the corners, within rounding
            assert separation_m(one, other.moved(np.nanmax([there[0], same.enter_s[0]]) * velocity))[0] == pytest.approx(0, abs=1e-6)
            continue
        assert (same.enter_s[0], same.leave_s[0]) == pytest.approx(there, rel=1e-6, abs=1e-6, nan_ok=True)


@given(footprints, footprints, velocities, st.floats(0.01, 1.0))
def test_meeting_deeper_is_meeting_as_smaller_footprints(one: Footprints, other: Footprints, velocity: np.ndarray, by_m: float) -> None:
    """Growing one by so much on each side and asking so much deeper changes nothing where edges face each other along an axis of both."""
    assume(np.hypot(*velocity[0]) > 0.1)
    square = footprint(*other.place[0], float(np.arctan2(one.heading[0, 1], one.heading[0, 0])), 3.0, 2.0)
    plain = meet(one, square, velocity).ttc_s()[0]
    assert meet(one.grown(by_m), square, velocity).ttc_deeper_s(np.array([by_m]))[0] == pytest.approx(plain, rel=1e-6, abs=1e-6)
    assert meet(one, other, velocity).ttc_deeper_s(np.array([by_m]))[0] >= meet(one, other, velocity).ttc_s()[0] - 1e-9


# Doubt


def test_the_doubt_of_a_time_to_collision_is_what_repeated_measuring_scatters() -> None:
    chance, count = np.random.default_rng(1), 20_000
    place_sigma, velocity_sigma = 0.2, 0.15
    one = footprint(0, 0, 0, 5, 1.8).take(np.zeros(count, int)).moved(chance.normal(0, place_sigma, (count, 2)))
    other = footprint(25, 0.2, 0, 5, 1.8).take(np.zeros(count, int)).moved(chance.normal(0, place_sigma, (count, 2)))
    velocity = np.array([[-8.0, 0.0]]) + chance.normal(0, velocity_sigma, (count, 2)) + chance.normal(0, velocity_sigma, (count, 2))
    plain = meet(one.take(np.zeros(1, int)), footprint(25, 0.2, 0, 5, 1.8), np.array([[-8.0, 0.0]]))
    doubt = ttc_doubt_s(plain, np.array([2.5]), np.array([np.sqrt(2) * place_sigma]), np.array([np.sqrt(2) * velocity_sigma]))
    found = meet(one, other, velocity).ttc_s()
    assert float(np.std(found[np.isfinite(found)])) == pytest.approx(float(doubt[0]), rel=0.05)
