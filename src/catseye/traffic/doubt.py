"""How sure is sure: a rule fires only beyond the doubt, and doubt favours the driver."""

import numpy as np

from catseye.core.arrays import Bools, Doubles

SURE_SIGMAS = 2.0  # one-sided 97.7 % for a normal error; JCGM 100:2008 calls k = 2 the usual coverage factor


def is_surely_above(value: Doubles, sigma: Doubles, limit: float) -> Bools:
    """Which values (n,) exceed the limit even when the doubt (n,), one sigma, favours the driver; what is unknown (NaN) never does.

    >>> is_surely_above(np.array([52.0, 54.0, np.nan]), np.array([1.5, 1.5, 0.0]), 50.0).tolist()
    [False, True, False]
    """
    with np.errstate(invalid="ignore"):
        return np.asarray(value - SURE_SIGMAS * sigma > limit, np.bool_)


def is_surely_below(value: Doubles, sigma: Doubles, limit: float) -> Bools:
    """Which values (n,) stay under the limit even when the doubt favours the driver; NaN never does."""
    with np.errstate(invalid="ignore"):
        return np.asarray(value + SURE_SIGMAS * sigma < limit, np.bool_)
