"""Boxes as columns: overlap, suppression, and the rider who becomes one with the two-wheeler."""

from dataclasses import dataclass

import cv2
import numpy as np

from catseye.core.arrays import Bools, Codes, Floats, Ints
from catseye.core.detections import Detections
from catseye.core.road_user import IS_FOUR_WHEELED, IS_TWO_WHEELED, RoadUser

_PEDESTRIAN = RoadUser.PEDESTRIAN.code
_FAMILY: Codes = IS_TWO_WHEELED + 2 * IS_FOUR_WHEELED
_BLOCK_COUNT = 96
_MOST_OTHERS_RATIO = 0.1
_FAR_PX = 1e6
_TIE_RATIO = 1e-6  # OpenCV works overlaps out in single precision: what is at the limit is not beyond it


@dataclass(frozen=True, slots=True)
class Limits:
    """Beyond these two boxes are one road user: overlap within a family, overlap across families, share of the smaller that lies inside the other.

    The last, for networks that box parts of a vehicle too, holds within a family only; 1 switches it off.
    """

    most_iou_ratio: float = 0.5
    across_iou_ratio: float = 0.75
    most_inside_ratio: float = 1.0


def areas_px2(box_px: Floats) -> Floats:
    """Area of each box (n, 4) → (n,)."""
    return np.asarray((box_px[:, 2] - box_px[:, 0]) * (box_px[:, 3] - box_px[:, 1]), np.float32)


def intersections_px2(a_px: Floats, b_px: Floats) -> Floats:
    """Shared area of every box of a (n, 4) with every box of b (m, 4) → (n, m)."""
    width = np.minimum(a_px[:, None, 2], b_px[None, :, 2]) - np.maximum(a_px[:, None, 0], b_px[None, :, 0])
    height = np.minimum(a_px[:, None, 3], b_px[None, :, 3]) - np.maximum(a_px[:, None, 1], b_px[None, :, 1])
    return np.asarray(np.maximum(width, 0) * np.maximum(height, 0), np.float32)


def iou_ratio(a_px: Floats, b_px: Floats) -> Floats:
    """Intersection over union of every pair (n, 4) × (m, 4) → (n, m), 0..1."""
    shared = intersections_px2(a_px, b_px)
    return np.asarray(shared / (areas_px2(a_px)[:, None] + areas_px2(b_px)[None] - shared + 1e-6), np.float32)


def families(kind: Codes) -> Codes:
    """0 on foot or unknown, 1 two-wheeled, 2 four-wheeled: a car and a truck may claim one vehicle, a rider and a car may not."""
    return _FAMILY[kind]


def suppress(found: Detections, limits: Limits = Limits()) -> Detections:
    """Greedy non-maximum suppression: within a family at one overlap, across families at a higher one. Rows come back by falling score.

    A look has up to 300 boxes before it. Nearly all are of one family as a rule: then one call of OpenCV's, each family by itself, takes half the time of
    comparing all pairs, and where no two survivors of unlike families claim one place it is the answer.
    """
    family = families(found.kind)
    count = np.bincount(family, minlength=1).tolist()
    most = max(count)
    if limits.most_inside_ratio == 1 and len(found) - most <= _MOST_OTHERS_RATIO * len(found):
        kept = _survivors_by_family(found, family, limits.most_iou_ratio)
        if most == len(found):
            return found.keep(kept)
        others = (family[kept] != count.index(most)).nonzero()[0]
        if not len(others) or not _clash(found.box_px[kept], family[kept], others, limits):
            return found.keep(kept)
    return _suppress_in_blocks(found, limits)


def _survivors_by_family(found: Detections, family: Codes, most_iou_ratio: float) -> Ints:
    """Rows, by falling score, that are left of each family by itself: the families lie far apart."""
    place_px = found.box_px.astype(np.float64)
    place_px[:, 2:] -= place_px[:, :2]
    place_px[:, 0] += family * _FAR_PX
    return np.asarray(cv2.dnn.NMSBoxes(place_px, found.score_ratio, 0.0, most_iou_ratio + _TIE_RATIO), np.intp)  # type: ignore[arg-type]


def _clash(box_px: Floats, family: Codes, some: Ints, limits: Limits) -> bool:
    """Whether any of `some` overlaps a box of an unlike family by more than it may."""
    boxes = np.ascontiguousarray(box_px.T), family
    unlike = family[some, None] != family
    return bool((unlike & _overlaps(boxes, some, np.arange(len(family)), limits)).any())


def _suppress_in_blocks(found: Detections, limits: Limits) -> Detections:
    """The same for any mixture, without a loop over boxes.

    The pairwise rule iterated to its fixed point is the greedy answer (Zheng et al. 2021, Cluster-NMS); it is done block by block,
    each against the survivors before it, or a crowd of 900 boxes costs 12 ms.
    """
    found = found.keep(np.argsort(-found.score_ratio, kind="stable"))
    boxes = np.ascontiguousarray(found.box_px.T), families(found.kind)
    kept = np.empty(0, np.intp)
    for begin in range(0, len(found), _BLOCK_COUNT):
        block = np.arange(begin, min(begin + _BLOCK_COUNT, len(found)))
        if len(kept):
            block = block[~_overlaps(boxes, kept, block, limits).any(axis=0)]
        kept = np.concatenate([kept, block[_unbeaten(_overlaps(boxes, block, block, limits))]])
    return found.keep(kept)


def _overlaps(boxes: tuple[Floats, Codes], one: Ints, other: Ints, limits: Limits) -> Bools:
    """Whether boxes `one` (n,) and `other` (m,) overlap by more than their families allow (n, m). Sides (4, …): three times faster than rows."""
    sides_px, family = boxes
    (left, top, right, bottom), (left_, top_, right_, bottom_) = sides_px[:, one, None], sides_px[:, other]
    shared = np.maximum(np.minimum(right, right_) - np.maximum(left, left_), 0)
    shared *= np.maximum(np.minimum(bottom, bottom_) - np.maximum(top, top_), 0)
    area, area_ = (right - left) * (bottom - top), (right_ - left_) * (bottom_ - top_)
    alike = family[one, None] == family[other]
    overlaps = shared > np.where(alike, np.float32(limits.most_iou_ratio), np.float32(limits.across_iou_ratio)) * (area + area_ - shared)
    if limits.most_inside_ratio < 1:
        overlaps |= alike & (shared > limits.most_inside_ratio * np.minimum(area, area_))
    return np.asarray(overlaps, np.bool_)


def _unbeaten(overlap: Bools) -> Bools:
    """Who of (n,) ranked rivals no stronger survivor overlaps (n, n): the pairwise rule, iterated to its fixed point, which is the greedy answer."""
    beats = np.triu(overlap, 1)
    keep: Bools = np.ones(len(beats), np.bool_)
    while True:
        again: Bools = np.logical_not(beats[keep].any(axis=0))
        if bool((again == keep).all()):
            return keep
        keep = again


def unite_riders(found: Detections) -> Detections:
    """A person upon a two-wheeler is one road user: the two-wheeler's row, its box grown over the rider.

    A person rides when most of the person's width lies over the wheels and the person's lower part meets the two-wheeler.
    Every two-wheeler takes any number of riders (Hanoi carries four); persons taken leave the list.
    """
    rides, machine = _riding_pairs(found)
    if not len(rides):
        return found
    box_px = found.box_px.copy()
    np.minimum.at(box_px[:, :2], machine, found.box_px[rides, :2])
    np.maximum.at(box_px[:, 2:], machine, found.box_px[rides, 2:])
    score = found.score_ratio.copy()
    np.maximum.at(score, machine, found.score_ratio[rides])
    alone = np.ones(len(found), bool)
    alone[rides] = False
    return Detections(box_px, score, found.kind).keep(alone)


def _riding_pairs(found: Detections) -> tuple[Ints, Ints]:
    person = (found.kind == _PEDESTRIAN).nonzero()[0]
    if not len(person):
        return person, person
    machine = IS_TWO_WHEELED[found.kind].nonzero()[0]
    if not len(machine):
        return machine, machine
    rider_px, wheels_px = found.box_px[person], found.box_px[machine]
    fits = _over_share_ratio(rider_px, wheels_px)
    fits[~_sits_on(rider_px, wheels_px)] = 0
    best = fits.argmax(axis=1)
    rides = fits[np.arange(len(person)), best] > 0.5
    return person[rides], machine[best[rides]]


def _over_share_ratio(rider_px: Floats, wheels_px: Floats) -> Floats:
    """Share of the narrower one's width that both have in common (n, m)."""
    common = np.minimum(rider_px[:, None, 2], wheels_px[None, :, 2]) - np.maximum(rider_px[:, None, 0], wheels_px[None, :, 0])
    narrower = np.minimum((rider_px[:, 2] - rider_px[:, 0])[:, None], (wheels_px[:, 2] - wheels_px[:, 0])[None])
    return np.asarray(np.maximum(common, 0) / np.maximum(narrower, 1e-6), np.float32)


def _sits_on(rider_px: Floats, wheels_px: Floats) -> Bools:
    """The rider's feet hang within the machine's height, and the rider starts above its middle (n, m)."""
    tall = (wheels_px[:, 3] - wheels_px[:, 1])[None]
    feet_inside = (rider_px[:, None, 3] > wheels_px[None, :, 1] + 0.15 * tall) & (rider_px[:, None, 3] < wheels_px[None, :, 3] + 0.35 * tall)
    head_above = rider_px[:, None, 1] < wheels_px[None, :, 1] + 0.5 * tall
    return np.asarray(feet_inside & head_above, bool)
