import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from catseye.vision.assignment import assign, pairs_within


@pytest.mark.parametrize("seed", range(40))
def test_the_shortcut_for_clear_pairs_costs_nothing(seed: int) -> None:
    """Taking what nobody can win first gives the same total as the Hungarian method over everything."""
    rng = np.random.default_rng(seed)
    lonely = 18.0
    table = np.where(rng.random((25, 30)) < 0.12, rng.uniform(0, lonely - 1e-6, (25, 30)), lonely)
    rows, cols = np.nonzero(table < lonely)
    chosen = assign(rows, cols, table[rows, cols], lonely)
    assert len(set(rows[chosen])) == len(set(cols[chosen])) == len(chosen)
    best = table[linear_sum_assignment(table)]
    assert table[rows[chosen], cols[chosen]].sum() + lonely * (25 - len(chosen)) == pytest.approx(best.sum())


def test_equal_costs_still_use_each_row_and_column_once() -> None:
    rows, cols = np.divmod(np.arange(9), 3)
    chosen = assign(rows, cols, np.ones(9), 18.0)
    assert sorted(rows[chosen]) == sorted(cols[chosen]) == [0, 1, 2]


def test_nothing_to_pair_off_gives_nothing() -> None:
    empty = np.empty(0, np.int64)
    assert len(assign(empty, empty, np.empty(0), 18.0)) == 0


def test_pairs_are_near_on_both_axes_and_come_row_by_row() -> None:
    here, there = np.array([[0.0, 0.0], [10.0, 0.0]]), np.array([[1.0, 1.0], [9.0, 5.0], [10.5, 0.5]])
    rows, cols = pairs_within(np.array([2.0, 2.0]), here, there)
    assert list(zip(rows.tolist(), cols.tolist(), strict=True)) == [(0, 0), (1, 2)]
