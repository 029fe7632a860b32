import numpy as np
import pytest

from catseye.traffic.lines import GroundLine, Line


def test_walking_right_in_the_picture_the_right_hand_points_down_the_picture() -> None:
    assert Line("a", np.array([[100.0, 250.0], [640.0, 250.0]])).right_hand().tolist() == [0.0, 1.0]


def test_walking_up_the_picture_the_right_hand_points_right() -> None:
    assert Line("a", np.array([[5.0, 250.0], [5.0, 10.0]])).right_hand().tolist() == [1.0, 0.0]


def test_walking_east_on_the_ground_the_right_hand_points_south() -> None:
    assert GroundLine("a", np.array([[0.0, 0.0], [10.0, 0.0]])).right_hand().tolist() == [0.0, -1.0]


def test_walking_north_on_the_ground_the_right_hand_points_east() -> None:
    assert GroundLine("a", np.array([[0.0, 0.0], [0.0, 10.0]])).right_hand().tolist() == [1.0, 0.0]


@pytest.mark.parametrize("ends", [[[1.0, 1.0], [1.0, 1.0]], [[0.0, 0.0]], [[0.0, np.nan], [1.0, 1.0]], [[0.0, 0.0, 1.0], [1.0, 1.0, 1.0]]])
@pytest.mark.parametrize("made", [Line, GroundLine])
def test_a_line_without_two_different_points_is_refused(made: type[Line] | type[GroundLine], ends: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="two different points"):
        made("a", np.array(ends))


def test_the_ends_of_a_line_cannot_be_changed_afterwards() -> None:
    ends_px = np.array([[0.0, 0.0], [10.0, 0.0]])
    line = Line("a", ends_px)
    ends_px[0] = 99.0
    assert line.ends_px.tolist() == [[0.0, 0.0], [10.0, 0.0]]
    with pytest.raises(ValueError, match="read-only"):
        line.ends_px[0] = 5.0
