"""Speeding: beyond the doubt, once a road user."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.roads import Drive, findings, scenes, straight, through, world

from catseye.core.errors import CatseyeError
from catseye.traffic.rules.speeding import Speeding, SpeedingKeys

LIMIT_50 = SpeedingKeys(limit_kmh=50.0)


def test_one_who_drives_too_fast_is_found_once_with_the_highest_speed() -> None:
    (found,) = findings(Speeding(LIMIT_50, world()), world(), scenes([Drive(straight(72)), Drive(straight(48))]))
    assert found.track == (1,)
    assert found.measures[0].name == "speed_max"
    assert found.measures[0].value == pytest.approx(72, abs=0.1)
    assert (found.time_ns, found.end_time_ns) == (0, 20_000_000_000)


@settings(max_examples=25)
@given(speed_kmh=st.floats(30, 90), sigma_ms=st.floats(0.01, 5))
def test_doubt_favours_the_driver(speed_kmh: float, sigma_ms: float) -> None:
    drive = Drive(straight(speed_kmh), end_s=3, speed_sigma_ms=sigma_ms)
    found = findings(Speeding(LIMIT_50, world()), world(), scenes([drive]))
    assert bool(found) == (speed_kmh - 2 * 3.6 * sigma_ms > 50) or abs(speed_kmh - 7.2 * sigma_ms - 50) < 0.01


def test_a_flicker_is_no_speeding() -> None:
    jump = through((0, 0, 0), (5, 50, 0), (5.2, 56, 0), (10, 104, 0))
    assert findings(Speeding(LIMIT_50, world()), world(), scenes([Drive(jump, end_s=9)])) == []


def test_within_a_zone_only_what_is_driven_there_counts() -> None:
    road = world(zones={"school": [[100, -5], [150, -5], [150, 5], [100, 5]]})
    keys = SpeedingKeys(limit_kmh=30.0, zone="school")
    slows_down = through((0, 0, 0), (5, 95, 0), (15, 155, 0), (20, 255, 0))
    (found,) = findings(Speeding(keys, road), road, scenes([Drive(slows_down), Drive(straight(40, (0, 20)))])) or [None]
    assert found is None or found.measures[0].value < 30


def test_what_an_untrusted_camera_saw_is_marked() -> None:
    (found,) = findings(Speeding(LIMIT_50, world()), world(), scenes([Drive(straight(72))], trusted=False))
    assert not found.trusted


def test_a_speed_nobody_knows_is_none() -> None:
    scene = next(scenes([Drive(straight(72))]))
    unknown = type(scene)(**{**{name: getattr(scene, name) for name in scene.__dataclass_fields__}, "velocity": np.full((1, 2), np.nan)})
    rule = Speeding(LIMIT_50, world())
    assert findings(rule, world(), iter([unknown])) == []


def test_a_zone_that_is_not_there_is_told() -> None:
    with pytest.raises(CatseyeError, match="zone school: is not there"):
        Speeding(SpeedingKeys(limit_kmh=30.0, zone="school"), world())
