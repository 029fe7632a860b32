"""Who is who: pairs of tracks and boxes within reach of each other, and the cheapest way to pair them off."""

from typing import TypeAlias

import numpy as np
from scipy.optimize import linear_sum_assignment

from catseye.core.arrays import Bools, Doubles, Ints

Pairs: TypeAlias = tuple[Ints, Ints]

FEW_PAIRS = 40  # below it the solver is quicker than looking for the pairs that need none


def pairs_within(reach_px: Doubles, from_px: Doubles, to_px: Doubles) -> Pairs:
    """Rows and columns of all pairs closer than `reach_px` (n,) on both axes, rows ascending; centres are (n, 2) and (m, 2)."""
    if not len(from_px) or not len(to_px):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    here, there = from_px.astype(np.float32), to_px.astype(np.float32)
    reach = reach_px.astype(np.float32)[:, None]
    near = np.abs(here[:, 0, None] - there[:, 0]) < reach
    near &= np.abs(here[:, 1, None] - there[:, 1]) < reach
    rows, cols = near.nonzero()
    return rows, cols


def assign(rows: Ints, cols: Ints, cost: Doubles, lonely_cost: float) -> Ints:
    """Indices of the pairs to take: each row and column at most once, least total, where a row left alone costs `lonely_cost`.

    Every cost is under `lonely_cost`. Pairs whose best rivals cannot win go first; only true conflicts reach the solver.
    """
    if len(rows) <= FEW_PAIRS:
        if len(set(rows.tolist())) == len(set(cols.tolist())) == len(rows):  # nobody has a rival
            return np.arange(len(rows))
        return np.sort(_solve(rows, cols, cost, lonely_cost))
    row_best, row_next = _best_and_next(rows, cost, lonely_cost)
    col_best, col_next = _best_and_next(cols, cost, lonely_cost)
    # Any other way to pair this row and this column off costs at least both their second choices; this way costs at most one loner more.
    clear = row_best & col_best & (cost + lonely_cost <= row_next + col_next)
    row_taken, col_taken = np.zeros(rows.max() + 1, np.bool_), np.zeros(cols.max() + 1, np.bool_)
    row_taken[rows[clear]], col_taken[cols[clear]] = True, True
    disputed = np.flatnonzero(~row_taken[rows] & ~col_taken[cols])
    solved = disputed[_solve(rows[disputed], cols[disputed], cost[disputed], lonely_cost)]
    return np.sort(np.concatenate([np.flatnonzero(clear), solved]))


def _best_and_next(names: Ints, cost: Doubles, lonely_cost: float) -> tuple[Bools, Doubles]:
    """For each pair, whether it is its name's cheapest; and if so, what the second cheapest costs (`lonely_cost` if there is none)."""
    order = np.lexsort((cost, names))
    first = np.ones(len(names), np.bool_)
    first[1:] = names[order[1:]] != names[order[:-1]]
    best = np.zeros(len(names), np.bool_)
    best[order[first]] = True
    rival = np.full(len(names), lonely_cost)
    has_rival = first[:-1] & ~first[1:]
    rival[order[:-1][has_rival]] = cost[order[1:][has_rival]]
    return best, rival


def _solve(rows: Ints, cols: Ints, cost: Doubles, lonely_cost: float) -> Ints:
    """The same as `assign`, by the Hungarian method alone."""
    if not len(rows):
        return rows
    row_count, r = _renumber(rows)
    col_count, c = _renumber(cols)
    table = np.full((row_count, col_count), lonely_cost)
    pair = np.full((row_count, col_count), -1)
    table[r, c], pair[r, c] = cost, np.arange(len(rows))
    chosen = pair[linear_sum_assignment(table)]
    return chosen[chosen >= 0]


def _renumber(names: Ints) -> tuple[int, Ints]:
    """How many different names there are, and each one's rank among them."""
    rank = np.cumsum(np.bincount(names) > 0) - 1
    return int(rank[-1]) + 1, rank[names]
