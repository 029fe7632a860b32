"""Scenes: columns of road users at one moment."""

import numpy as np
import pytest

from catseye.core.scene import GroundScene


def scene(**changed: object) -> GroundScene:
    columns = {
        "time_ns": 0,
        "track": np.array([3, 7]),
        "kind": np.zeros(2, np.uint8),
        "place": np.array([[0.0, 0.0], [10.0, 5.0]]),
        "place_sigma": np.full(2, 0.1),
        "velocity": np.array([[10.0, 0.0], [0.0, 0.0]]),
        "velocity_sigma": np.full(2, 0.5),
        "heading": np.array([[1.0, 0.0], [np.nan, np.nan]]),
        "length": np.array([5.0, 5.0]),
        "width": np.array([2.0, 2.0]),
    }
    return GroundScene(**(columns | changed))  # type: ignore[arg-type]


def test_the_front_is_half_a_length_ahead_and_the_place_where_nobody_knows_the_heading() -> None:
    assert scene().front.tolist() == [[2.5, 0.0], [10.0, 5.0]]


def test_speed_over_ground_comes_in_kmh_with_its_doubt() -> None:
    assert scene().speed_kmh.tolist() == [36.0, 0.0]
    assert scene().speed_sigma_kmh.tolist() == [1.8, 1.8]


def test_kept_rows_stay_in_their_plane() -> None:
    kept = scene().keep(np.array([False, True]))
    assert isinstance(kept, GroundScene)
    assert kept.track.tolist() == [7]


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="for 2 tracks"):
        scene(length=np.ones(3))


def test_an_acceleration_nobody_gave_is_unknown_and_goes_with_its_row() -> None:
    assert np.isnan(scene().accel).all()
    braking = scene(accel=np.array([-4.0, 1.0]), accel_sigma=np.array([0.5, 0.2])).keep(np.array([0]))
    assert (braking.accel.tolist(), braking.accel_sigma.tolist()) == ([-4.0], [0.5])


def test_an_acceleration_for_somebody_else_is_refused() -> None:
    with pytest.raises(ValueError, match="for 2 tracks"):
        scene(accel=np.zeros(3))
