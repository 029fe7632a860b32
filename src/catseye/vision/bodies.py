"""How large road users are, and what of them makes the edges of a box: a few points of each outline."""

from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Doubles
from catseye.core.road_user import ROAD_USERS, RoadUser


@dataclass(frozen=True, slots=True, eq=False)
class Bodies:
    """Bodies of each kind, rows by code of RoadUser. `size_m`, `sigma_m` (7, 3): length, width, height and their spreads.

    `outline_ratio` (7, k, 3): points of the outline in shares of the size: ahead −½ … ½, to the left −½ … ½, up 0 … 1.
    """

    size_m: Doubles
    sigma_m: Doubles
    outline_ratio: Doubles


def _ring(rear: float, front: float, half: float, up: float) -> list[tuple[float, float, float]]:
    return [(rear, -half, up), (front, -half, up), (front, half, up), (rear, half, up)]


# Kind: length, width, height in metres, then their spreads (one sigma), then the outline. Two-wheelers with their riders.
# Cars: ICCT pocketbook 2023 (EU new cars 2022: 4.34 × 1.81 × 1.56 m); buses: 96/53/EC (2.55 m wide, 12 m common); spreads are of fleets, by our own judgement.
# Bumpers end 0.2 m above the road: at the lower edge of a box stand the wheels, and at its upper edge a roof shorter than the car.
_CUBOID = [*_ring(-0.5, 0.5, 0.5, 0.0), *_ring(-0.5, 0.5, 0.5, 1.0)]
_KINDS: dict[RoadUser, tuple[tuple[float, float, float], tuple[float, float, float], list[tuple[float, float, float]]]] = {
    RoadUser.PEDESTRIAN: (
        (0.5, 0.5, 1.7),
        (0.15, 0.08, 0.1),
        [*_ring(-0.4, 0.4, 0.25, 0.0), (0, -0.5, 0.8), (0, 0.5, 0.8), *_ring(-0.2, 0.2, 0.2, 1.0)],
    ),
    RoadUser.CYCLIST: (
        (1.75, 0.6, 1.75),
        (0.12, 0.08, 0.1),
        [(-0.31, 0, 0), (0.31, 0, 0), (-0.5, 0, 0.19), (0.5, 0, 0.19), (0.2, -0.5, 0.6), (0.2, 0.5, 0.6), *_ring(0.04, 0.16, 0.2, 1.0)],
    ),
    RoadUser.MOTORCYCLIST: (
        (2.05, 0.78, 1.63),
        (0.2, 0.1, 0.1),
        [(-0.32, 0, 0), (0.33, 0, 0), (-0.48, 0, 0.2), (0.48, 0, 0.2), (0.2, -0.5, 0.63), (0.2, 0.5, 0.63), *_ring(-0.07, 0.07, 0.2, 1.0)],
    ),
    RoadUser.CAR: (
        (4.35, 1.8, 1.52),
        (0.4, 0.08, 0.12),
        [
            *_ring(-0.3, 0.31, 0.5, 0.0),
            *_ring(-0.5, 0.5, 0.44, 0.15),
            *_ring(-0.48, 0.46, 0.47, 0.6),
            *_ring(-0.38, 0.12, 0.38, 1.0),
        ],
    ),
    RoadUser.BUS: ((11.7, 2.53, 3.1), (1.5, 0.06, 0.2), [*_ring(-0.25, 0.28, 0.5, 0.0), *_ring(-0.5, 0.5, 0.5, 0.11), *_ring(-0.5, 0.5, 0.48, 1.0)]),
    RoadUser.TRUCK: ((7.6, 2.35, 3.0), (2.5, 0.2, 0.5), [*_ring(-0.27, 0.31, 0.5, 0.0), *_ring(-0.5, 0.5, 0.5, 0.17), *_ring(-0.5, 0.5, 0.5, 1.0)]),
    RoadUser.UNKNOWN: ((3.5, 1.6, 1.6), (2.0, 0.6, 0.5), _CUBOID),
}


def _table(cuboids: bool) -> Bodies:
    rows = [_KINDS[kind] for kind in ROAD_USERS]
    outlines = [_CUBOID if cuboids else outline for _, _, outline in rows]
    most = max(map(len, outlines))
    filled = [outline + outline[:1] * (most - len(outline)) for outline in outlines]
    return Bodies(np.array([size for size, _, _ in rows]), np.array([sigma for _, sigma, _ in rows]), np.array(filled, np.float64))


BODIES = _table(cuboids=False)
CUBOIDS = _table(cuboids=True)
"""Plain boxes of the same sizes: for tests on exact truth, and for whoever draws road users as boxes."""
