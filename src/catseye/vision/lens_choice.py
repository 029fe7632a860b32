"""Whether the reference points tell of a lens that bends, and which of the points agree under the better answer."""

import math

import numpy as np
from scipy.special import fdtri

from catseye.core.arrays import Bools
from catseye.vision.plane_fit import TRUST_COUNT, Fit, Points, agreeing, deviations, fit

LENS_FROM_COUNT = 8
_LENS_CHANCE_RATIO = 0.01
_OUTLIER_COST = 21.0  # −2 log of the share of a picture of 640×360 that one pixel's doubt takes: what calling a point wrong must earn
_MOST_BENT_RATIO = 0.8
_RIVAL_CHANCE_RATIO = 0.01


def chosen(points: Points, *, may_bend: bool) -> tuple[Fit | None, Bools]:
    """The fit, with a lens only where it is significant (F test at 1 %), and which points (n,) agree with it."""
    plain, inside = agreeing(points, 0)
    if not may_bend or len(points) < LENS_FROM_COUNT:
        return plain, inside
    best, kept = plain, inside
    for lens_count in (1, 2):
        found, agree = agreeing(points, lens_count)
        if found is None or agree.sum() < LENS_FROM_COUNT - 1 or not _is_a_lens(found):
            continue
        straighter = best if best is not None and (kept == agree).all() else fit(points.keep(agree), best.lens_count if best else 0)
        if not _is_significant(found, straighter):
            continue
        if best is None or (kept == agree).all() or _evidence(found, agree) < _evidence(best, kept):
            best, kept = found, agree
    return best, kept


def rivals_of(point: int, found: Fit, points: Points, inside: Bools) -> list[int]:
    """Which points (indices), left out instead of this one, would make it fit as well: then nobody can tell which of them is wrong."""
    rivals = []
    for other in np.flatnonzero(inside).tolist():
        rest = inside.copy()
        rest[other] = False
        least = 4 + (found.lens_count + 1) // 2
        without = fit(points.keep(rest), found.lens_count) if rest.sum() >= least else None
        if without is None:
            continue
        off = float(deviations(without, points)[point])
        if off <= fdtri(2, TRUST_COUNT + without.redundancy_count, 1 - _RIVAL_CHANCE_RATIO):
            rivals.append(other)
    return rivals


def _is_a_lens(found: Fit) -> bool:
    """Not so bent that the model folds within the picture."""
    k1, k2 = found.theta[8:].tolist()
    return bool(abs(k1) + abs(k2) <= _MOST_BENT_RATIO and 1 - k1 - 3 * k2 > 0.1 and 1 + k1 + k2 > 0.1)


def _is_significant(found: Fit, straighter: Fit | None) -> bool:
    if straighter is None:
        return True
    freed = found.lens_count - straighter.lens_count
    gain = (straighter.chi2 - found.chi2) / freed / found.unit2
    return bool(gain > fdtri(freed, TRUST_COUNT + found.redundancy_count, 1 - _LENS_CHANCE_RATIO))


def _evidence(found: Fit, inside: Bools) -> float:
    """−2 log likelihood, but for a constant: lower is better."""
    outside_count = int((~inside).sum())
    return (TRUST_COUNT + 2 * int(inside.sum())) * math.log(found.unit2) + _OUTLIER_COST * outside_count
