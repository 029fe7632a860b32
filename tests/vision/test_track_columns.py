import numpy as np
import pytest

from catseye.core.columns import Records, stacked
from catseye.vision.track_columns import TRACK, Motion, as_last_seen, correct, predict

MOTION = Motion()


def cars(rng: np.random.Generator, count: int = 5) -> Records:
    tracks = np.zeros(count, TRACK)
    tracks["place_px"] = np.concatenate([rng.uniform(0, 500, (count, 2)), rng.uniform(20, 90, (count, 2))], axis=1)
    tracks["rate_pxs"][:, :2] = rng.normal(0, 60, (count, 2))
    tracks["spread"] = [0.01, 0.0, 1.0]
    return tracks


def test_two_half_steps_are_one_step() -> None:
    once = cars(np.random.default_rng(1))
    twice = once.copy()
    predict(once, 0.4, MOTION)
    predict(twice, 0.2, MOTION)
    predict(twice, 0.2, MOTION)
    assert np.allclose(once["place_px"], twice["place_px"])
    assert np.allclose(once["spread"], twice["spread"])


def test_a_step_of_no_time_changes_nothing() -> None:
    tracks = cars(np.random.default_rng(2))
    before = tracks.copy()
    predict(tracks, 0.0, MOTION)
    assert tracks.tobytes() == before.tobytes()


@pytest.mark.parametrize("steps_s", [[0.04] * 50, [0.2] * 12, [0.04, 0.3, 0.1, 0.2] * 5])
def test_the_rate_is_found_whatever_the_steps(steps_s: list[float]) -> None:
    rng = np.random.default_rng(3)
    tracks = cars(rng, 1)
    truth_px, rate_pxs = np.array([100.0, 50.0, 40.0, 30.0]), np.array([80.0, -20.0, 0.0, 0.0])
    tracks["place_px"], tracks["rate_pxs"], tracks["spread"] = truth_px, 0.0, [0.01, 0.0, MOTION.first_speed_ratio**2]
    for step_s in steps_s:
        truth_px = truth_px + rate_pxs * step_s
        predict(tracks, step_s, MOTION)
        correct(tracks, truth_px + rng.normal(0, 0.7, (1, 4)), MOTION)
    assert np.abs(tracks["rate_pxs"][0, :2] - rate_pxs[:2]).max() < 9
    assert np.abs(tracks["place_px"][0] - truth_px).max() < 2.5


def test_doubt_shrinks_with_a_look_and_less_with_a_box_that_was_cut() -> None:
    whole, cut = cars(np.random.default_rng(4), 1), cars(np.random.default_rng(4), 1)
    predict(whole, 0.2, MOTION)
    predict(cut, 0.2, MOTION)
    doubt = float(whole["spread"][0, 0])
    correct(whole, whole["place_px"] + 0.0, MOTION)
    correct(cut, cut["place_px"] * [1.0, 1.0, 0.5, 1.0], MOTION)
    assert whole["spread"][0, 0] < cut["spread"][0, 0] < doubt


def test_a_track_can_be_put_back_to_where_it_was_last_seen() -> None:
    tracks = cars(np.random.default_rng(5))
    before = tracks.copy()
    predict(tracks, 0.8, MOTION)
    back = as_last_seen(tracks, 800_000_000, MOTION)
    assert np.allclose(back["place_px"][:, :2], before["place_px"][:, :2])
    assert np.allclose(back["spread"][:, 2], before["spread"][:, 2])


def test_stacked_records_keep_their_order() -> None:
    first, second = cars(np.random.default_rng(6), 2), cars(np.random.default_rng(7), 3)
    assert stacked(first, second).tobytes() == first.tobytes() + second.tobytes()
