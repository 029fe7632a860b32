"""Columns of one look."""

import numpy as np
import pytest

from catseye.core.detections import Detections


def look(count: int) -> Detections:
    return Detections(np.arange(count * 4, dtype=np.float32).reshape(count, 4), np.linspace(0, 1, count, dtype=np.float32), np.arange(count, dtype=np.uint8))


def test_rows_are_kept_by_mask_or_index() -> None:
    by_mask, by_index = look(3).keep(np.array([True, False, True])), look(3).keep(np.array([0, 2]))
    assert by_mask.kind.tolist() == by_index.kind.tolist() == [0, 2]
    assert len(by_mask) == 2
    assert by_index.box_px.tolist() == [[0, 1, 2, 3], [8, 9, 10, 11]]


def test_an_empty_look_is_a_valid_answer() -> None:
    assert len(Detections.none()) == len(look(0)) == 0


@pytest.mark.parametrize("columns", [(3, 2, 2), (2, 3, 2), (2, 2, 3)])
def test_columns_of_unequal_length_are_refused(columns: tuple[int, int, int]) -> None:
    boxes, scores, kinds = columns
    with pytest.raises(ValueError, match="wanted \\(n, 4\\)"):
        Detections(look(boxes).box_px, look(scores).score_ratio, look(kinds).kind)
