"""How long and wide road users of a kind are, where nobody measured the one in question: the sizes `vision` puts into boxes (a test says so).

Means and spreads (one sigma) of what drives on public roads. car: new in Europe 4.34 × 1.81 m (ICCT pocketbook 2023), 4.31 m in 2003, in the United States
5.24 × 1.96 m in 2023 (JATO Dynamics). bus: rigid ones 8 to 13.5 m, body at most 2.55 m wide (Directive 96/53/EC). truck: vans of 5 m to articulated ones
of 16.5 m (the same). two-wheelers: nuScenes 2.11 × 0.77 m and 1.70 × 0.60 m. pedestrian: the Highway Capacity Manual's body ellipse is 0.5 × 0.6 m.
"""

import numpy as np

from catseye.core.arrays import Codes, Doubles
from catseye.core.road_user import ROAD_USERS, RoadUser

# kind: length, its spread, width, its spread; metres
_SIZES_M = {
    RoadUser.PEDESTRIAN: (0.5, 0.15, 0.5, 0.08),
    RoadUser.CYCLIST: (1.75, 0.12, 0.6, 0.08),
    RoadUser.MOTORCYCLIST: (2.05, 0.2, 0.78, 0.1),
    RoadUser.CAR: (4.35, 0.4, 1.8, 0.08),
    RoadUser.BUS: (11.7, 1.5, 2.53, 0.06),
    RoadUser.TRUCK: (7.6, 2.5, 2.35, 0.2),
    RoadUser.UNKNOWN: (np.nan, np.nan, np.nan, np.nan),
}
_TABLE_M = np.array([_SIZES_M[kind] for kind in ROAD_USERS])
_TABLE_M.flags.writeable = False


def lengths_m(kind: Codes) -> Doubles:
    """Usual length (n,) of each kind code (n,); NaN for unknown."""
    return np.asarray(_TABLE_M[kind, 0], np.float64)


def length_sigmas_m(kind: Codes) -> Doubles:
    """How much lengths within the kind differ (n,), one sigma; NaN for unknown."""
    return np.asarray(_TABLE_M[kind, 1], np.float64)


def widths_m(kind: Codes) -> Doubles:
    """Usual width (n,), without mirrors; NaN for unknown."""
    return np.asarray(_TABLE_M[kind, 2], np.float64)


def width_sigmas_m(kind: Codes) -> Doubles:
    """How much widths within the kind differ (n,), one sigma; NaN for unknown."""
    return np.asarray(_TABLE_M[kind, 3], np.float64)
