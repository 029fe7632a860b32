"""Tailgating: headway is front to front, in time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.roads import Drive, findings, scenes, straight, through, world

from catseye.traffic.rules.tailgating import Tailgating, TailgatingKeys


def found_of(*drives: Drive) -> list:
    return findings(Tailgating(TailgatingKeys(), world()), world(), scenes(drives))


@settings(max_examples=25)
@given(headway_s=st.floats(0.4, 2.0), speed_kmh=st.floats(40, 120))
def test_only_a_headway_under_the_limit_beyond_its_doubt_is_too_short(headway_s: float, speed_kmh: float) -> None:
    follower, leader = Drive(straight(speed_kmh)), Drive(straight(speed_kmh, (headway_s * speed_kmh / 3.6, 0)))
    found = found_of(follower, leader)
    if headway_s * speed_kmh / 3.6 > 5.5 and abs(headway_s - 0.9) > 0.06:
        assert [each.track for each in found] == ([(1,)] if headway_s < 0.9 else [])
    if found:
        assert found[0].measures[0].value == pytest.approx(headway_s, abs=0.01)


def test_the_next_lane_and_the_other_way_are_not_followed() -> None:
    assert found_of(Drive(straight(80)), Drive(straight(80, (12, 3.2)))) == []
    assert found_of(Drive(straight(80)), Drive(straight(80, (12, 0), 270), end_s=0.3)) == []


def test_closing_up_before_overtaking_is_short() -> None:
    overtakes = through((0, 0, 0), (4, 100, 0), (6, 158, 3.5), (20, 570, 3.5))
    assert found_of(Drive(overtakes), Drive(straight(72, (40, 0)))) == []


def test_slow_traffic_may_close_up() -> None:
    assert found_of(Drive(straight(20)), Drive(straight(20, (4, 0)))) == []


def test_in_a_platoon_each_follower_is_told_of_its_own_leader() -> None:
    found = found_of(*(Drive(straight(90, (-15.0 * place, 0))) for place in range(4)))
    assert [each.track for each in found] == [(2,), (3,), (4,)]
