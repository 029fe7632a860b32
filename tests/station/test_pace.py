"""Which frames are looked at."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catseye.core.detections import Tracked
from catseye.core.time import NS_PER_S
from catseye.station.pace import Pace, PaceSettings, Speedometer
from catseye.vision.tracker import TrackerSettings

STILL, MOVING = np.zeros((90, 160), np.uint8), np.full((90, 160), 255, np.uint8)


def looks_of(pace: Pace, times_s: list[float]) -> list[float]:
    return [time_s for time_s in times_s if pace.is_due(round(time_s * NS_PER_S))]


def seconds(count_s: float, fps: float, from_s: float = 0.0) -> list[float]:
    return [from_s + index / fps for index in range(round(count_s * fps))]


@pytest.mark.parametrize(("fps", "most_fps", "count"), [(25, 8, 80), (60, 8, 80), (6, 8, 60), (25, 25, 250), (30, 0.5, 5), (29.97, 10, 100)])
def test_as_many_looks_a_second_as_asked_for_and_never_more_than_frames(fps: float, most_fps: float, count: int) -> None:
    assert abs(len(looks_of(Pace(PaceSettings(most_fps=most_fps)), seconds(10, fps))) - count) <= 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, NS_PER_S // 2), min_size=1, max_size=200), st.floats(1, 30))
def test_whatever_the_timestamps_no_two_looks_are_nearer_than_half_the_interval_and_a_replay_looks_alike(steps_ns: list[int], most_fps: float) -> None:
    times_ns = np.cumsum([0, *steps_ns]).tolist()
    first, second = (Pace(PaceSettings(most_fps=most_fps)) for _ in range(2))
    looks_ns = [time_ns for time_ns in times_ns if first.is_due(time_ns)]
    assert looks_ns == [time_ns for time_ns in times_ns if second.is_due(time_ns)]
    for second_s in range(times_ns[-1] // NS_PER_S):
        within = [time_ns for time_ns in looks_ns if second_s * NS_PER_S <= time_ns < (second_s + 1) * NS_PER_S]
        assert len(within) <= most_fps + 2


def test_after_a_gap_nothing_is_made_up_for() -> None:
    pace = Pace(PaceSettings(most_fps=8))
    looks_of(pace, seconds(2, 25))
    assert len(looks_of(pace, seconds(1, 25, from_s=3600))) == 8


def test_slow_traffic_is_looked_at_less_often_and_fast_traffic_at_once_more() -> None:
    pace = Pace(PaceSettings(most_fps=10, least_ratio=0.5))
    pace.learn(0.0)
    assert len(looks_of(pace, seconds(4, 50))) == 20
    pace.learn(50.0)
    assert len(looks_of(pace, seconds(4, 50, from_s=4))) >= 39


@pytest.mark.parametrize("idle_fps", [0.5, 1.0, 2.0])
def test_where_nothing_moves_the_network_looks_only_now_and_then(idle_fps: float) -> None:
    pace = Pace(PaceSettings(idle_fps=idle_fps))
    awake_s = [time_s for time_s in seconds(21, 8) if pace.is_awake(round(time_s * NS_PER_S), STILL)]
    assert abs(len([time_s for time_s in awake_s if time_s > 1]) - 20 * idle_fps) <= 1


def test_the_idle_looks_outpace_the_trackers_patience() -> None:
    assert 1 / PaceSettings().idle_fps < TrackerSettings().coast_s


def test_what_moves_wakes_the_network_at_once_and_keeps_it_awake_a_little_longer() -> None:
    pace = Pace()
    for time_s in seconds(5, 8):
        pace.is_awake(round(time_s * NS_PER_S), STILL)
    assert pace.is_awake(5 * NS_PER_S, MOVING)
    assert pace.is_awake(5 * NS_PER_S + NS_PER_S // 8, STILL)
    assert pace.is_awake(5 * NS_PER_S + NS_PER_S // 4, STILL)


@pytest.mark.parametrize("wrong", [{"most_fps": 0}, {"most_fps": -1}, {"least_ratio": 0}, {"least_ratio": 1.1}, {"most_fps": float("nan")}, {"idle_fps": 0}])
def test_what_is_no_pace_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="wanted"):
        PaceSettings(**wrong)


def tracked(time_s: float, track: list[int], left_px: list[float], sure: bool = True) -> Tracked:
    n = len(track)
    box = np.array([[left, 0, left + 20, 20] for left in left_px], np.float32).reshape(n, 4)
    flags = np.full(n, True)
    none = np.empty((0, 2), np.int64)
    kind, score = np.zeros(n, np.uint8), np.ones(n, np.float32)
    return Tracked(round(time_s * NS_PER_S), np.array(track, np.int64), box, kind, flags, flags & sure, score, none, np.empty(0, np.int64))


def test_the_fastest_road_user_counts_in_its_own_sizes_a_second() -> None:
    meter = Speedometer()
    assert meter.fastest_sizes_per_s(tracked(0, [1, 2], [0, 0])) == 0.0
    assert meter.fastest_sizes_per_s(tracked(0.5, [1, 2, 3], [10, 40, 500])) == pytest.approx(4.0)
    assert meter.fastest_sizes_per_s(tracked(0.5, [1, 2, 3], [500, 500, 0])) == 0.0, "no time has passed"


def test_what_may_be_nothing_has_no_speed() -> None:
    meter = Speedometer()
    meter.fastest_sizes_per_s(tracked(0, [1], [0], sure=False))
    assert meter.fastest_sizes_per_s(tracked(1, [1], [90], sure=False)) == 0.0
