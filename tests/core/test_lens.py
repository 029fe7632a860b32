"""The lens: bent and straight."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.core.lens import bent, straightened, straightening

IN_PICTURE = st.tuples(st.floats(-0.9, 0.9), st.floats(-0.5, 0.5))
LENSES = st.tuples(st.floats(-0.3, 0.15), st.floats(-0.08, 0.05))


@given(st.lists(IN_PICTURE, min_size=1, max_size=5), LENSES)
def test_what_was_straightened_bends_back(points: list[tuple[float, float]], lens: tuple[float, float]) -> None:
    seen, k = np.array(points), np.array(lens)
    assert bent(straightened(seen, k), k) == pytest.approx(seen, abs=1e-9)


@given(IN_PICTURE, LENSES)
def test_the_slopes_are_those_of_the_function(point: tuple[float, float], lens: tuple[float, float]) -> None:
    at, k, step = np.array([point]), np.array(lens), 1e-6
    by_point, by_lens = straightening(at, k)
    for axis in range(2):
        nudge = np.eye(2)[axis] * step
        assert by_point[0, :, axis] == pytest.approx((straightened(at + nudge, k) - straightened(at - nudge, k))[0] / (2 * step), abs=1e-6)
        assert by_lens[0, :, axis] == pytest.approx((straightened(at, k + nudge) - straightened(at, k - nudge))[0] / (2 * step), abs=1e-6)


def test_a_barrel_pulls_the_corners_in() -> None:
    assert np.hypot(*bent(np.array([[0.9, 0.5]]), np.array([-0.1, 0.0]))[0]) < np.hypot(0.9, 0.5)


def test_where_the_model_ends_there_is_nothing() -> None:
    assert np.isnan(straightened(np.array([[3.0, 0.0]]), np.array([-0.2, 0.0]))).all()
    assert np.isnan(bent(np.array([[4.0, 0.0]]), np.array([0.1, 0.0]))).all()
