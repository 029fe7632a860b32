"""Average speed: the way driven over the time it took."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.roads import Drive, findings, scenes, straight, through, world

from catseye.core.errors import CatseyeError
from catseye.traffic.rules.average_speed import AverageSpeed, AverageSpeedKeys

ROAD = world({"begin": [[50, 10], [50, -10]], "end": [[150, 10], [150, -10]]})
KEYS = AverageSpeedKeys("begin", "end", 50.0)


def found_of(*drives: Drive, fps: float = 10.0) -> list:
    return findings(AverageSpeed(KEYS, ROAD), ROAD, scenes(drives, fps))


@settings(max_examples=25)
@given(speed_kmh=st.floats(52, 130), fps=st.sampled_from([5.0, 6.0, 12.5, 25.0]))
def test_a_constant_speed_is_its_own_average(speed_kmh: float, fps: float) -> None:
    (found,) = found_of(Drive(straight(speed_kmh), end_s=13), fps=fps)
    speed, way = found.measures
    assert speed.value == pytest.approx(speed_kmh, rel=1e-3)
    assert way.value == pytest.approx(100, rel=1e-3)


def test_braking_for_the_second_line_does_not_help() -> None:
    fast_then_slow = through((0, 0, 0), (5, 130, 0), (7, 155, 0), (12, 190, 0))
    (found,) = found_of(Drive(fast_then_slow))
    assert found.measures[0].value > 60


def test_within_the_limit_and_its_doubt_nothing_is_said() -> None:
    assert found_of(Drive(straight(50.5), speed_sigma_ms=0.5), Drive(straight(45, (0, 3)))) == []


def test_against_the_section_there_is_none() -> None:
    assert found_of(Drive(straight(90, (200, 0), 270))) == []


def test_a_detour_counts_as_driven() -> None:
    (found,) = found_of(Drive(through((0, 40, 0), (3, 100, 8), (6, 160, 0))))
    assert found.measures[1].value == pytest.approx(2 * (50**2 + (8 * 50 / 60) ** 2) ** 0.5, rel=0.02)


def test_a_section_of_one_line_is_refused() -> None:
    with pytest.raises(CatseyeError, match="the section begins where it ends"):
        AverageSpeed(AverageSpeedKeys("begin", "begin", 50.0), ROAD)
