import numpy as np
import pytest
from tests.vault.factories import points_at

from catseye.vault.batches import CrossingBatch, TrackBatch


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match=r"points: \{'sigma_m': 2\} rows in a batch of 3"):
        points_at(1, 2, 3, sigma_m=np.zeros(2))
    with pytest.raises(ValueError, match="tracks"):
        TrackBatch("cam-1", np.arange(2), np.zeros(1, np.uint8), np.arange(2), np.arange(2), np.arange(2))


def test_ground_farther_than_centimetres_reach_is_refused() -> None:
    with pytest.raises(ValueError, match="wanted at most 21474835 m"):
        points_at(1, ground_m=np.array([[3e7, 0.0]]))
    with pytest.raises(ValueError, match="inf m"):
        points_at(1, ground_m=np.array([[np.inf, 0.0]]))


def test_a_code_that_is_no_road_user_is_refused() -> None:
    with pytest.raises(ValueError, match=r"tracks: kind code 7; wanted a code of RoadUser, 0\.\.6"):
        TrackBatch("cam-1", np.arange(1), np.full(1, 7, np.uint8), np.arange(1), np.arange(1), np.arange(1))


def test_a_direction_is_forward_or_backward() -> None:
    with pytest.raises(ValueError, match=r"direction \['left'\]; wanted forward or backward"):
        CrossingBatch("cam-1", np.arange(1), ("line-1",), ("left",), np.arange(1), np.zeros(1, np.uint8))
