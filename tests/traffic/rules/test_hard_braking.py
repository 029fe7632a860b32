"""Hard braking."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.roads import Drive, findings, scenes, straight, world

from catseye.core.finding import Finding
from catseye.traffic.rules.hard_braking import HardBraking, HardBrakingKeys


def braking(decel_ms2: float, sigma_ms2: float = 0.2, for_s: float = 2.0) -> list[Finding]:
    drive = Drive(straight(60))
    moments = (
        replace(scene, accel=np.array([-decel_ms2 if 5 <= scene.time_ns / 1e9 <= 5 + for_s else 0.0]), accel_sigma=np.array([sigma_ms2]))
        for scene in scenes([drive])
    )
    return findings(HardBraking(HardBrakingKeys(), world()), world(), moments)


@settings(max_examples=25)
@given(decel_ms2=st.floats(0, 9), sigma_ms2=st.floats(0, 2))
def test_only_beyond_the_doubt(decel_ms2: float, sigma_ms2: float) -> None:
    assert bool(braking(decel_ms2, sigma_ms2)) == (decel_ms2 - 2 * sigma_ms2 > 4)


def test_the_hardest_moment_is_told() -> None:
    (found,) = braking(6.5)
    assert (found.measures[0].name, found.measures[0].value, found.measures[0].unit) == ("deceleration", 6.5, "m/s²")
    assert (found.time_ns / 1e9, found.end_time_ns / 1e9) == pytest.approx((5, 7), abs=0.11)


def test_a_spike_is_noise() -> None:
    assert braking(8, for_s=0.1) == []


def test_an_acceleration_nobody_knows_is_none() -> None:
    assert findings(HardBraking(HardBrakingKeys(), world()), world(), scenes([Drive(straight(60))])) == []
