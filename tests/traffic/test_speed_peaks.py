"""The highest speed of a track from scenes: not the highest of noise."""

import numpy as np
import pytest

from catseye.core.scene import GroundScene
from catseye.core.time import NS_PER_S
from catseye.traffic.speed_peaks import SpeedPeaks


def scene(time_s: float, speed_kmh: list[float], sigma_kmh: float, track: list[int] | None = None) -> GroundScene:
    m = len(speed_kmh)
    velocity = np.stack([np.array(speed_kmh) / 3.6, np.zeros(m)], 1)
    columns = {"place_sigma": np.zeros(m), "length": np.ones(m), "width": np.ones(m)}
    who = np.arange(m) if track is None else np.array(track, np.int64)
    sigma = np.full(m, sigma_kmh / 3.6)
    return GroundScene(
        round(time_s * NS_PER_S), who, np.zeros(m, np.uint8), np.zeros((m, 2)), velocity=velocity, velocity_sigma=sigma, heading=np.ones((m, 2)), **columns
    )


def test_the_best_of_many_equal_measurements_is_brought_back_to_the_truth() -> None:
    chance, peaks, m = np.random.default_rng(1), SpeedPeaks(window_s=1.0), 400
    for k in range(8):
        peaks.see(scene(float(k), (50 + chance.normal(0, 1.0, m)).tolist(), 1.0))
    speed_kmh, doubt_kmh = peaks.speeds(np.arange(m))
    assert abs(speed_kmh.mean() - 50) < 0.35
    assert np.mean(np.abs(speed_kmh - 50) < 1.96 * doubt_kmh) >= 0.92


def test_exact_speeds_stay_exact() -> None:
    peaks = SpeedPeaks()
    for k in range(40):
        peaks.see(scene(0.2 * k, [61.25 if k == 17 else 60.0], 0.0))
    assert peaks.speeds(np.array([0]))[0].tolist() == pytest.approx([61.25])


def test_a_peak_beyond_all_doubt_pays_nothing_for_those_below_it() -> None:
    peaks = SpeedPeaks()
    for k in range(100):
        peaks.see(scene(0.2 * k, [90.0 if k == 50 else 50.0], 1.0))
    assert peaks.speeds(np.array([0]))[0].tolist() == pytest.approx([90.0])


def test_who_has_ended_is_told_once_and_forgotten() -> None:
    peaks = SpeedPeaks()
    peaks.see(scene(0.0, [40.0, 50.0], 0.5, [3, 8]))
    speed = peaks.take(8)
    assert speed is not None
    assert (speed.kmh, speed.doubt_kmh) == pytest.approx((50.0, 0.5))
    assert peaks.take(8) is None
    assert peaks.speeds(np.array([3, 8]))[0][0] == pytest.approx(40.0)


def test_who_never_had_a_speed_has_no_highest() -> None:
    peaks = SpeedPeaks()
    assert np.isnan(peaks.speeds(np.array([1]))[0]).all()
    peaks.see(scene(0.0, [float("nan")], 0.5))
    assert peaks.take(0) is None
