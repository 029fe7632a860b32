"""Types of encounters, and the braking that avoids them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.traffic.bodies import Motion
from catseye.traffic.encounters import ENCOUNTER_TYPES, described, drac_ms2
from catseye.traffic.footprints import meet, separation_m

CAR_M = (5.0, 1.8)


def car(x: float, y: float, course_deg: float, speed_ms: float, turn_degs: float = 0.0) -> Motion:
    course = np.radians(course_deg)
    heading = np.array([np.cos(course), np.sin(course)])
    return Motion(np.array([x, y, *heading, *CAR_M, *(heading * speed_ms), np.radians(turn_degs)])[:, None])


def type_of(one: Motion, other: Motion, angle_sigma_deg: float = 0.0) -> tuple[str, bool]:
    """The type, and whether the first runs into the second."""
    meeting = meet(one.footprints, other.footprints, other.velocity - one.velocity)
    ttc = meeting.ttc_s()
    assert np.isfinite(ttc[0])
    kinds, first, _ = described(one, other, ttc, meeting.axis, np.array([angle_sigma_deg]))
    return ENCOUNTER_TYPES[int(kinds[0])].value, bool(first[0])


def drac(one: Motion, other: Motion) -> float:
    meeting = meet(one.footprints, other.footprints, other.velocity - one.velocity)
    return float(drac_ms2(meeting, np.stack([one.along_ms(), other.along_ms()]))[0][0])


def test_the_types_are_told_apart() -> None:
    assert type_of(car(0, 0, 0, 12), car(20, 0.3, 0, 4)) == ("rear-end", True)
    assert type_of(car(0, 0, 0, 10), car(30, -20, 90, 8)) == ("crossing", True)  # its front, the other's side
    assert type_of(car(0, 0, 0, 10), car(60, 0.5, 178, 12)) == ("head-on", False)  # the faster
    assert type_of(car(0, 0, 0, 15), car(20, -2.8, 12, 8)) == ("merging", True)  # comes in from the right
    assert type_of(car(0, 0, 0, 8), car(20, 0.4, 9, 0)) == ("diverging", True)  # waits to turn left, its rear still in the lane
    assert type_of(car(0, 0, 0, 15), car(-2, 3, -5, 15)) == ("merging", False)  # drifts into its neighbour


def test_who_runs_into_whom_does_not_depend_on_who_is_named_first() -> None:
    pairs = [(car(0, 0, 0, 12), car(20, 0.3, 0, 4)), (car(0, 0, 0, 10), car(30, -20, 90, 8)), (car(0, 0, 0, 15), car(20, -2.8, 12, 8))]
    for one, other in pairs:
        kind, first = type_of(one, other)
        assert type_of(other, one) == (kind, not first)


def test_who_follows_through_the_same_turn_is_behind_it() -> None:
    leader = car(9, 1.5, 20, 2)
    assert type_of(car(0, 0, 0, 10), leader)[0] == "diverging"
    assert type_of(car(0, 0, 0, 10, turn_degs=15), leader)[0] == "rear-end"


def test_who_turns_left_across_another_does_not_drive_at_it() -> None:
    assert type_of(car(0, 0, 8, 5), car(30, 2, 180, 10))[0] == "head-on"
    assert type_of(car(0, 0, 8, 5, turn_degs=4), car(30, 2, 180, 10))[0] == "crossing"


def test_a_slant_within_the_doubt_is_no_slant() -> None:
    assert type_of(car(0, 0, 0, 8), car(20, 0.4, 9, 1), angle_sigma_deg=5.0)[0] == "rear-end"


def test_braking_behind_another_is_half_the_closing_speed_over_the_time_left() -> None:
    assert drac(car(0, 0, 0, 14), car(25, 0, 0, 6)) == pytest.approx(8**2 / (2 * 20))


def test_braking_before_one_that_crosses_may_let_it_pass() -> None:
    """North's tail is out of the way at (10.9 + 2.5 + 0.9) / 10 s; east must not have come 14.6 - 2.5 - 0.9 m by then."""
    clear_s, gap_m = (10.9 + 2.5 + 0.9) / 10, 14.6 - 2.5 - 0.9
    assert drac(car(-14.6, 0, 0, 9), car(0, -10.9, 90, 10)) == pytest.approx(2 * (9 * clear_s - gap_m) / clear_s**2)


@given(st.floats(-60, -8), st.floats(-60, -8), st.floats(2, 20), st.floats(2, 20), st.floats(40, 140))
def test_whoever_brakes_as_hard_as_told_does_not_crash(x: float, y: float, speed: float, other_speed: float, angle_deg: float) -> None:
    course = np.radians(angle_deg)
    one, other = car(x, 0, 0, speed), car(y * np.cos(course), y * np.sin(course), angle_deg, other_speed)
    meeting = meet(one.footprints, other.footprints, other.velocity - one.velocity)
    if not meeting.ttc_s()[0] > 0.01 or not np.isfinite(meeting.ttc_s()[0]):
        return
    braking = drac(one, other)
    if not np.isfinite(braking):
        return
    times = np.linspace(0, meeting.leave_s[0] + 5, 2000)
    rows = np.zeros(len(times), int)

    def least_apart(of: Motion, against: Motion, by_ms2: float) -> float:
        stop_s = np.minimum(times, of.along_ms()[0] / by_ms2)
        way = of.along_ms()[0] * stop_s - 0.5 * by_ms2 * stop_s**2
        braked = of.footprints.take(rows).moved(way[:, None] * of.footprints.heading)
        return float(separation_m(braked, against.take(rows).after(times)).min())

    assert max(least_apart(one, other, braking * 1.001), least_apart(other, one, braking * 1.001)) > -0.02
