"""Which parts of a picture may show a face or a plate. Pure column maths on boxes; no pixels, no state.

All boxes are float32 (n, 4) left, top, right, bottom in one frame of reference (any scale); `kind` uint8 (n,) codes of RoadUser.
The shares are measured: benchmarks/redaction.py, docs/design/privacy.md.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from catseye.core.arrays import Bools, Codes, Floats, Ints, Pixels
from catseye.core.road_user import IS_FOUR_WHEELED, IS_TWO_WHEELED, RoadUser
from catseye.core.time import NS_PER_S
from catseye.vision.detect.boxes import iou_ratio

_NO_BOXES = np.empty((0, 4), np.float32)
HEAD, PLATE_BAND, WINDOWS, NO_CLASS = "head", "plate band", "windows", "no sure class"
_SQUARE = np.ones((3, 3), np.uint8)
_HELD_S = 0.5
_SURE_RATIO = 0.5
_RIDES_FROM_PER_S, _RIDES_LEAST_S = np.array([1.0, 0.45]), 0.3
_WALKS_PER_S, _WALKS_MORE_RATIO, _ALIKE_RATIO = 1.2, 0.5, 0.5
_STANDS_IOU_RATIO = 0.6
_LEGS_RATIO, _LEGS_UPWARDS, _BODY_UPWARDS = 0.006, 2.2, 1.35


@dataclass(frozen=True, slots=True)
class Rows:
    """Boxes with their kind, track and time: `track` -1 belongs to no track. One row a box, all columns of one length."""

    time_ns: Ints
    track: Ints
    box_px: Floats
    kind: Codes


@dataclass(frozen=True, slots=True)
class Boxes:
    """Boxes with their kind, and the score of each; None: of boxes that were worked out, not found."""

    box_px: Floats
    kind: Codes
    score_ratio: Floats | None = None

    @classmethod
    def of(cls, box_px: Floats, kind: Codes, score_ratio: Floats) -> "Boxes":
        """What is hardly a car may be a rider, and a pedestrian may sit on a motorcycle: below a score of 0.5 a box counts as unknown, to be filled whole."""
        return cls(box_px, np.where(score_ratio < _SURE_RATIO, RoadUser.UNKNOWN.code, kind).astype(np.uint8), score_ratio)

    def beyond(self, known_px: Floats, most_iou_ratio: float = 0.6) -> "Boxes":
        """Those that none of the `known_px` boxes explains."""
        if not len(self.box_px) or not len(known_px):
            return self
        new = iou_ratio(self.box_px, known_px).max(axis=1) < most_iou_ratio
        return Boxes(self.box_px[new], self.kind[new], None if self.score_ratio is None else self.score_ratio[new])

    def again(self, known_px: Floats) -> "Boxes":
        """Those that one of the `known_px` boxes of other looks matches: what is found twice in one place stands there."""
        if not len(self.box_px) or not len(known_px):
            return Boxes(_NO_BOXES, self.kind[:0])
        known = iou_ratio(self.box_px, known_px).max(axis=1) >= _STANDS_IOU_RATIO
        return Boxes(self.box_px[known], self.kind[known], None if self.score_ratio is None else self.score_ratio[known])

    def __len__(self) -> int:
        """How many."""
        return len(self.box_px)


def joined_boxes(parts: Sequence[Boxes]) -> Boxes:
    """All of them as one; at least one part. The score of a box that was worked out is not a number."""
    scores = [np.full(len(part), np.nan, np.float32) if part.score_ratio is None else part.score_ratio for part in parts]
    return Boxes(np.concatenate([part.box_px for part in parts]), np.concatenate([part.kind for part in parts]), np.concatenate(scores))


def joined_rows(parts: Sequence[Rows]) -> Rows:
    """All of them as one; at least one part."""
    time_ns, track = np.concatenate([part.time_ns for part in parts]), np.concatenate([part.track for part in parts])
    return Rows(time_ns, track, np.concatenate([part.box_px for part in parts]), np.concatenate([part.kind for part in parts]))


def band(box_px: Floats, top_ratio: float | Floats, bottom_ratio: float | Floats, side_ratio: float) -> Floats:
    """The part of each box between two shares of its height, `side_ratio` of its width added on either side; shares may lie outside 0..1."""
    left, top, right, bottom = box_px.T
    width_px, height_px = right - left, bottom - top
    edges = (left - side_ratio * width_px, top + top_ratio * height_px, right + side_ratio * width_px, top + bottom_ratio * height_px)
    return np.stack(edges, axis=1).astype(np.float32)


def grown(box_px: Floats, ratio: float | Floats) -> Floats:
    """Each box with `ratio` of its own size added on every side."""
    margin_px = (box_px[:, 2:] - box_px[:, :2]) * np.reshape(np.asarray(ratio, np.float32), (-1, 1))
    return np.concatenate([box_px[:, :2] - margin_px, box_px[:, 2:] + margin_px], axis=1).astype(np.float32)


def shadowed(box_px: Floats, ratio: float) -> Floats:
    """Each box with `ratio` of its own size added left, right and below, where shadows fall; not above, where a head may stand out."""
    margin_px = (box_px[:, 2:] - box_px[:, :2]) * np.float32(ratio)
    more_px = np.concatenate([-margin_px, margin_px], axis=1)
    more_px[:, 1] = 0
    return np.asarray(box_px + more_px, np.float32)


def head_regions(box_px: Floats, kind: Codes) -> Floats:
    """Where the head of every pedestrian and rider must be, enlarged.

    A pedestrian's head is 1/7.5 of a whole figure, but half of a box that shows only the shoulders: the region is the upper third,
    or three quarters of the box's width where that is more; all of it in a crowd, where one box may hide another's head.
    A rider's box may hold the two-wheeler alone, so it also reaches above it.
    """
    walks, rides = kind == RoadUser.PEDESTRIAN.code, IS_TWO_WHEELED[kind] == 1
    walker, rider = box_px[walks], box_px[rides]
    shape_ratio = (walker[:, 2] - walker[:, 0]) / np.maximum(walker[:, 3] - walker[:, 1], 1e-6)
    is_crowd = _has_company(walker, np.concatenate([walker, rider]))
    walker_head = band(walker, -0.2, np.where(is_crowd, 1.0, np.clip(0.75 * shape_ratio, 0.33, 1.0)), 0.2)
    return np.concatenate([walker_head, band(rider, -0.35, 0.55, 0.2)])


def _has_company(box_px: Floats, people_px: Floats) -> Bools:
    """Which boxes share 5 to 60 % with another person's (n,): more is the same person found twice."""
    if not len(box_px):
        return np.empty(0, np.bool_)
    shared_ratio = iou_ratio(box_px, people_px)
    return np.asarray(((shared_ratio > 0.05) & (shared_ratio < 0.6)).any(axis=1), np.bool_)


def plate_regions(box_px: Floats, kind: Codes) -> Floats:
    """The lower band of every vehicle, enlarged: on 39 real vehicles plates lie between 0.41 and 0.96 of the box's height.

    A motorcycle's plate may stick out on a bracket of its own.
    """
    four, two = box_px[IS_FOUR_WHEELED[kind] == 1], box_px[kind == RoadUser.MOTORCYCLIST.code]
    return np.concatenate([band(four, 0.33, 1.08, 0.08), band(two, 0.33, 1.1, 0.25)])


def cab_regions(box_px: Floats, kind: Codes, from_height_px: float) -> Floats:
    """The windows of four-wheeled vehicles at least `from_height_px` high: nearer than that a driver may be made out behind the glass."""
    is_near = (IS_FOUR_WHEELED[kind] == 1) & (box_px[:, 3] - box_px[:, 1] >= from_height_px)
    return band(box_px[is_near], -0.08, 0.4, 0.08)


def regions(box_px: Floats, kind: Codes, cab_from_height_px: float) -> Floats:
    """Everything to fill for these boxes. What has no class is filled whole, and above: it may be a two-wheeler whose rider was missed."""
    unknown = band(box_px[kind == RoadUser.UNKNOWN.code], -0.3, 1.1, 0.2)
    return np.concatenate([head_regions(box_px, kind), plate_regions(box_px, kind), cab_regions(box_px, kind, cab_from_height_px), unknown])


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why each region of `regions` is filled, in its order: a word, and the row of the box it was made of."""

    why: tuple[str, ...]
    row: Ints


def reasons(box_px: Floats, kind: Codes, cab_from_height_px: float) -> Reasons:
    """The reasons of the same boxes' `regions`."""
    rides, drives = IS_TWO_WHEELED[kind] == 1, IS_FOUR_WHEELED[kind] == 1
    is_near = drives & (box_px[:, 3] - box_px[:, 1] >= cab_from_height_px)
    chosen = (
        (HEAD, kind == RoadUser.PEDESTRIAN.code),
        (HEAD, rides),
        (PLATE_BAND, drives),
        (PLATE_BAND, kind == RoadUser.MOTORCYCLIST.code),
        (WINDOWS, is_near),
        (NO_CLASS, kind == RoadUser.UNKNOWN.code),
    )
    which = [np.flatnonzero(mask) for _, mask in chosen]
    return Reasons(tuple(word for (word, _), rows in zip(chosen, which, strict=True) for _ in rows), np.concatenate(which))


def carried(rows: Rows, time_ns: int, reach_s: float, walker_reach_s: float, growth_ratio_per_s: float) -> Boxes:
    """Where every track of `rows` may be at `time_ns`: interpolated between two looks, carried on for `reach_s` outside them.

    Boxes grow with the time to the nearest look. Outside its looks a track is moved on with its speed (known from three looks on) and,
    for half a second, held where it was too; one of fewer looks is only held. Where its kind changed between two looks it is given as both.
    """
    order = np.lexsort((rows.time_ns, rows.track))
    track, when_ns, box_px, kind = rows.track[order], rows.time_ns[order], rows.box_px[order], rows.kind[order]
    if not len(track):
        return Boxes(_NO_BOXES, kind)
    first = np.flatnonzero(np.r_[True, track[1:] != track[:-1]])
    last = np.r_[first[1:], len(track)] - 1
    until_count = np.add.reduceat((when_ns <= time_ns).astype(np.int64), first)
    before, after = np.maximum(first + until_count - 1, first), np.minimum(first + until_count, last)
    gap_s = np.minimum(np.abs(when_ns[before] - time_ns), np.abs(when_ns[after] - time_ns)) / NS_PER_S
    growth_ratio = growth_ratio_per_s * gap_s
    inside = (when_ns[first] <= time_ns) & (time_ns <= when_ns[last])
    known = last - first >= 2
    moved = ~inside & known & (gap_s <= np.where(kind[before] == RoadUser.PEDESTRIAN.code, walker_reach_s, reach_s))
    held = inside | (gap_s <= _HELD_S)
    changed = inside & (kind[before] != kind[after])
    here_px = grown(_between(when_ns, box_px, before, after, time_ns), growth_ratio)
    there_px = grown(_moved_on(when_ns, box_px, first, last, time_ns), growth_ratio)
    boxes = (here_px[held], there_px[moved], here_px[changed])
    return Boxes(np.concatenate(boxes), np.concatenate([kind[before][held], kind[before][moved], kind[after][changed]]))


def too_fast_to_walk(rows: Rows) -> Ints:
    """Tracks (k,) called pedestrians that moved further in the time of these `rows` than anybody walks, in heights of their own box.

    Depth is foreshortened, so that less is asked of a way up or down the picture than of one across it.
    """
    walks = rows.kind == RoadUser.PEDESTRIAN.code
    order = np.lexsort((rows.time_ns[walks], rows.track[walks]))
    track, when_ns, box_px = rows.track[walks][order], rows.time_ns[walks][order], rows.box_px[walks][order]
    if not len(track):
        return np.empty(0, np.int64)
    first = np.flatnonzero(np.r_[True, track[1:] != track[:-1]])
    last = np.r_[first[1:], len(track)] - 1
    span_s = (when_ns[last] - when_ns[first]) / NS_PER_S
    way_px = np.abs((box_px[last, :2] + box_px[last, 2:]) - (box_px[first, :2] + box_px[first, 2:])) / 2
    height_px = np.maximum(box_px[first, 3] - box_px[first, 1], box_px[last, 3] - box_px[last, 1])
    limit_px = _RIDES_FROM_PER_S * (height_px * span_s)[:, None]
    rides = (span_s >= _RIDES_LEAST_S) & (np.square(way_px / np.maximum(limit_px, 1e-6)).sum(axis=1) > 1)
    return np.asarray(track[first[rides]], np.int64)


def with_riders(rows: Rows, riding: Collection[int]) -> Rows:
    """The same rows; the pedestrians among the `riding` tracks are of no class, to be filled whole, and reach down to the wheels their box may not hold."""
    rides = (rows.kind == RoadUser.PEDESTRIAN.code) & np.isin(rows.track, list(riding))
    if not rides.any():
        return rows
    box_px = np.where(rides[:, None], band(rows.box_px, 0.0, 1.3, 0.1), rows.box_px)
    return Rows(rows.time_ns, rows.track, np.asarray(box_px, np.float32), np.where(rides, RoadUser.UNKNOWN.code, rows.kind).astype(np.uint8))


@dataclass(frozen=True, slots=True)
class Steps:
    """Boxes of one look that may be boxes of another, later one, a row a pair: somebody walked from `from_px` to `to_px`."""

    from_px: Floats
    to_px: Floats
    kind: Codes

    def at(self, share: float, growth_ratio: float) -> Boxes:
        """Where they are when this share of the time between the two looks has passed."""
        return Boxes(grown(np.asarray(self.from_px * np.float32(1 - share) + self.to_px * np.float32(share), np.float32), growth_ratio), self.kind)


NO_STEPS = Steps(_NO_BOXES, _NO_BOXES, np.empty(0, np.uint8))


def steps(earlier: Boxes, later: Boxes, span_s: float) -> Steps:
    """Each box with the nearest one of about its size in the other look, both ways, as far as anybody walks in `span_s`. Who stood is left out."""
    if not len(earlier) or not len(later):
        return NO_STEPS
    from_px, to_px = earlier.box_px[:, None], later.box_px[None]
    from_size_px, to_size_px = from_px[..., 2:] - from_px[..., :2], to_px[..., 2:] - to_px[..., :2]
    way_px = np.abs((from_px[..., :2] + from_px[..., 2:]) - (to_px[..., :2] + to_px[..., 2:])).max(axis=2) / 2
    height_px = np.maximum(from_size_px[..., 1], to_size_px[..., 1])
    is_alike = (np.minimum(from_size_px, to_size_px) >= _ALIKE_RATIO * np.maximum(from_size_px, to_size_px)).all(axis=2)
    fits = is_alike & (way_px <= (_WALKS_PER_S * span_s + _WALKS_MORE_RATIO) * height_px)
    far_px = np.where(fits, way_px, np.inf)
    chosen = np.zeros_like(fits)
    chosen[np.arange(len(earlier)), far_px.argmin(axis=1)] = True
    chosen[far_px.argmin(axis=0), np.arange(len(later))] = True
    before, after = np.nonzero(chosen & fits & (iou_ratio(earlier.box_px, later.box_px) < _STANDS_IOU_RATIO))
    kind = np.where(earlier.kind[before] == later.kind[after], later.kind[after], RoadUser.UNKNOWN.code).astype(np.uint8)
    return Steps(earlier.box_px[before], later.box_px[after], kind)


def on_the_move(rows: Rows, time_ns: int) -> Floats:
    """Boxes at `time_ns` (k, 4) of the tracks that have moved a quarter of their size since the first of their `rows`."""
    order = np.argsort(rows.time_ns, kind="stable")
    track, box_px, when_ns = rows.track[order], rows.box_px[order], rows.time_ns[order]
    _, first, which = np.unique(track, return_index=True, return_inverse=True)
    start_px = box_px[first][which]
    way_px = np.abs((box_px[:, :2] + box_px[:, 2:]) - (start_px[:, :2] + start_px[:, 2:])).max(axis=1) / 2
    size_px = (box_px[:, 2:] - box_px[:, :2]).min(axis=1)
    return np.asarray(box_px[(when_ns == time_ns) & (way_px > 0.25 * size_px)], np.float32)


def _between(when_ns: Ints, box_px: Floats, before: Ints, after: Ints, time_ns: int) -> Floats:
    """Linear between the two looks around `time_ns`; held at the only one there is."""
    span_ns = (when_ns[after] - when_ns[before]).astype(np.float64)
    share = np.clip((time_ns - when_ns[before]) / np.maximum(span_ns, 1.0), 0.0, 1.0)[:, None]
    return (box_px[before] * (1 - share) + box_px[after] * share).astype(np.float32)


def _moved_on(when_ns: Ints, box_px: Floats, first: Ints, last: Ints, time_ns: int) -> Floats:
    """Each track's end nearest to `time_ns`, moved on (or back) with the centre's speed over its nearest three looks."""
    is_early = time_ns < when_ns[first]
    end = np.where(is_early, first, last)
    inner = np.where(is_early, np.minimum(first + 2, last), np.maximum(last - 2, first))
    centre_px = (box_px[:, :2] + box_px[:, 2:]) / 2
    span_s = (when_ns[end] - when_ns[inner])[:, None] / NS_PER_S
    speed_pxs = np.divide(centre_px[end] - centre_px[inner], span_s, out=np.zeros((len(end), 2)), where=span_s != 0)
    step_px = speed_pxs * ((time_ns - when_ns[end])[:, None] / NS_PER_S)
    return (box_px[end] + np.tile(step_px, 2)).astype(np.float32)


def unexplained(foreground: Bools | Pixels, explained_px: Floats, least_ratio: float) -> Pixels:
    """Moving foreground outside the `explained_px` boxes (mask pixels), whole; uint8 (mh, mw), 0 or 255.

    Each piece is filled as its hull, enlarged, most of all upwards: head and coat may be as grey as the street behind them, and small pieces just legs.
    Pieces under `least_ratio` of the mask, and slivers under three mask pixels, hold nothing readable and are left out.
    """
    rest = (foreground != 0).astype(np.uint8)
    for left, top, right, bottom in np.round(np.maximum(explained_px, 0)).astype(int).tolist():
        rest[top:bottom, left:right] = 0
    rest = cv2.morphologyEx(rest, cv2.MORPH_OPEN, _SQUARE)
    pieces, _ = cv2.findContours(rest, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    whole = np.zeros_like(rest)
    for hull in map(cv2.convexHull, pieces):
        left, top, width, height = cv2.boundingRect(hull)
        if width * height >= least_ratio * rest.size:
            foot = np.array([left + width / 2, top + height], np.float32)
            upwards = _LEGS_UPWARDS if width * height < _LEGS_RATIO * rest.size else _BODY_UPWARDS
            enlarged = foot + (hull[:, 0] - foot) * np.array([1.2, upwards], np.float32)
            cv2.fillConvexPoly(whole, np.round(enlarged).astype(np.int32), 255)
    return np.asarray(cv2.dilate(whole, _SQUARE, iterations=2), np.uint8)
