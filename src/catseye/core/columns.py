"""Looking things up in sorted columns of identifiers; numpy's set routines sort again and cost ten times as much."""

import numpy as np

from catseye.core.arrays import Bools, Ints


def places_of(wanted: Ints, known: Ints) -> tuple[Ints, Bools]:
    """Where each of `wanted` (n,) stands in `known` (m,), ascending: places (n,), and which are there at all (n,); places of the others mean nothing.

    >>> place, there = places_of(np.array([5, 7]), np.array([2, 5, 9]))
    >>> place[there].tolist(), there.tolist()
    ([1], [True, False])
    """
    if not len(known):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    place = known.searchsorted(wanted)
    np.minimum(place, len(known) - 1, out=place)
    there: Bools = known[place] == wanted
    return place, there
