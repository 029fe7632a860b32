"""Who stands in front of whom: the painter's order for upright bodies on flat ground."""

from collections.abc import Sequence

import numpy as np

from catseye.core.arrays import Bools, Doubles

TIE_M2 = 1e-9  # bodies that touch a line lie on it, whatever the last bit says


def far_to_near(feet_m: Doubles, box_px: Doubles, eye_m: Doubles) -> list[int]:
    """Rows of footprints (n, 4, 2) in the order in which to paint them; `box_px` (n, 4) says which can cover each other at all.

    Distance of the middles misleads beside a long bus: there the edge that parts the two bodies decides, by the side the eye (2,) is on.
    """
    away_m = np.hypot(*(feet_m.mean(axis=1) - eye_m).T)
    meets = _boxes_meet(box_px)
    placed: list[int] = []
    for row in np.argsort(-away_m, kind="stable").tolist():
        placed.insert(_place(row, placed, meets, feet_m, eye_m), row)
    return placed


def _place(row: int, placed: Sequence[int], meets: Bools, feet_m: Doubles, eye_m: Doubles) -> int:
    """Behind the first one already placed that hides it, else in front of all."""
    for position, other in enumerate(placed):
        if meets[row, other] and is_behind(feet_m[row], feet_m[other], eye_m):
            return position
    return len(placed)


def _boxes_meet(box_px: Doubles) -> Bools:
    low = np.maximum(box_px[:, None, :2], box_px[None, :, :2])
    high = np.minimum(box_px[:, None, 2:], box_px[None, :, 2:])
    return np.asarray((low < high).all(axis=2))


def is_behind(one_m: Doubles, other_m: Doubles, eye_m: Doubles) -> bool:
    """Whether an edge parts the footprints (4, 2) and the eye is on the other one's side."""
    return _parted(other_m, one_m, eye_m, eye_inside=True) or _parted(one_m, other_m, eye_m, eye_inside=False)


def _parted(owner_m: Doubles, guest_m: Doubles, eye_m: Doubles, *, eye_inside: bool) -> bool:
    """Whether all of `guest_m` lies outside an edge of `owner_m` while the eye lies inside (or outside) of it."""
    along = np.roll(owner_m, -1, axis=0) - owner_m
    outward = np.column_stack([along[:, 1], -along[:, 0]])
    outward *= np.sign(np.einsum("ij,ij->i", outward, owner_m - owner_m.mean(axis=0)))[:, None]
    limit = np.einsum("ij,ij->i", outward, owner_m)
    guest_out = (guest_m @ outward.T >= limit - TIE_M2).all(axis=0)
    eye_out = outward @ eye_m > limit + TIE_M2
    return bool((guest_out & (~eye_out if eye_inside else eye_out)).any())
