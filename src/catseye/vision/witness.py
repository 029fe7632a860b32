"""The second witness: moving foreground, heard only where the network is blind.

A network trained on street-level photographs does not know a car seen from straight above. What moves there still moves.
A moving body of a size the network should have seen, with nothing the network knows inside it, may start a track of unknown
kind; the track counts only once it has travelled. While such a track lives, its moving body speaks for it, and the odd box the
network throws into that body only tells the kind. Where the network sees, moving foreground is worse than it (shadows, queues
that melt into one, headlight beams), so all it explains is left out.
"""

from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Bools, Doubles, Floats, Ints, Pixels
from catseye.core.columns import places_of
from catseye.core.detections import Detections, Tracked
from catseye.core.picture import RawFrame
from catseye.core.road_user import RoadUser
from catseye.vision.detect.boxes import iou_ratio
from catseye.vision.foreground import blobs_of

_UNKNOWN = RoadUser.UNKNOWN.code
_NO_BOXES: Floats = np.empty((0, 4), np.float32)


@dataclass(frozen=True, slots=True)
class WitnessSettings:
    """When a moving body is believed.

    `least_side_ratio`: its smaller side against the picture's smaller side (smaller bodies a network may well miss);
    `sees_score_ratio`: a weaker box inside a body does not explain it, `names_score_ratio` and up it tells the body's kind;
    `least_fill_ratio`: share of its box that moves; `least_travel_ratio`: how far a track of unknown kind must have moved, in its own sizes.
    """

    least_side_ratio: float = 0.022
    least_fill_ratio: float = 0.35
    least_travel_ratio: float = 0.7
    same_body_iou_ratio: float = 0.35
    body_score_ratio: float = 0.5
    sees_score_ratio: float = 0.25
    names_score_ratio: float = 0.12
    agrees_iou_ratio: float = 0.5


class Witness:
    """Hears moving bodies beside the detector of one camera, and holds tracks of unknown kind back until they have moved."""

    def __init__(self, settings: WitnessSettings | None = None) -> None:
        """Nothing seen yet."""
        self._settings = settings or WitnessSettings()
        self._newest = 0
        self._track: Ints = np.empty(0, np.int64)  # those that motion began, ascending
        self._first_px: Doubles = np.empty((0, 2))
        self._moved: Bools = np.empty(0, np.bool_)
        self._blind_px = _NO_BOXES  # where those that moved were last

    def hear(self, frame: RawFrame, mask: Pixels, found: Detections) -> Detections:
        """What the tracker should see: the detector's boxes, and the moving bodies they do not explain, in native pixels."""
        body_px = self._sizeable_px(frame, mask)
        if not len(body_px):
            return found
        centre_px = (found.box_px[:, :2] + found.box_px[:, 2:]) / 2
        x, y = centre_px[:, 0], centre_px[:, 1]
        left, top, right, bottom = body_px.T[:, :, None]
        inside = (x > left) & (y > top) & (x < right) & (y < bottom)
        sees = found.score_ratio >= self._settings.sees_score_ratio
        seen_count = np.add.reduce(inside[:, sees], axis=1, dtype=np.int64)
        heard: Bools = seen_count == 0
        if len(self._blind_px):
            heard |= (seen_count == 1) & self._goes_on(body_px)
        if not np.count_nonzero(heard):
            return found
        inside = inside[heard]
        bodies = self._named(body_px[heard], inside, found)
        if np.count_nonzero(inside):
            found = found.keep(~inside.any(axis=0))
        return found.with_more(bodies)

    def _named(self, body_px: Floats, inside: Bools, found: Detections) -> Detections:
        """Moving bodies with what the best box inside each may add: its kind, and its outline where the two agree (a body has its shadow with it)."""
        kind = np.full(len(body_px), _UNKNOWN, np.uint8)
        box_px, moved = body_px.copy(), np.ones(len(body_px), np.bool_)
        if np.count_nonzero(inside):
            best = np.where(inside, found.score_ratio, 0).argmax(axis=1)
            has = inside[np.arange(len(body_px)), best]
            tells = has & (found.score_ratio[best] >= self._settings.names_score_ratio)
            kind[tells] = found.kind[best[tells]]
            agrees = has & (iou_ratio(body_px, found.box_px)[np.arange(len(body_px)), best] >= self._settings.agrees_iou_ratio)
            box_px[agrees], moved[agrees] = found.box_px[best[agrees]], False
        return Detections(box_px, np.full(len(body_px), self._settings.body_score_ratio, np.float32), kind, moved)

    def vet(self, tracked: Tracked) -> Bools:
        """`tracked.sure` (m,), less the tracks of unknown kind that have not travelled: ghosts, flicker, trees in the wind."""
        unknown = tracked.kind == _UNKNOWN
        begun = (unknown & (tracked.track > self._newest)).nonzero()[0]  # ids ascend, and only a track's first look can make it one of motion's
        if len(tracked.track):
            self._newest = max(self._newest, int(tracked.track[-1]))
        if not len(self._track) and not len(begun):
            self._blind_px = _NO_BOXES
            return np.asarray(tracked.sure & ~unknown, np.bool_)
        centre_px = ((tracked.box_px[:, :2] + tracked.box_px[:, 2:]) / 2).astype(np.float64)
        if len(begun):
            self._track = np.concatenate([self._track, tracked.track[begun]])
            self._first_px = np.concatenate([self._first_px, centre_px[begun]])
            self._moved = np.concatenate([self._moved, np.zeros(len(begun), np.bool_)])
        if len(tracked.ended) or len(tracked.joined):
            self._forget(np.concatenate([tracked.ended, tracked.joined[:, 0]]))
        place, known = places_of(tracked.track, self._track)
        rows, place = known.nonzero()[0], place[known]
        box_px = tracked.box_px[rows]
        size_px = np.sqrt(np.maximum((box_px[:, 2] - box_px[:, 0]) * (box_px[:, 3] - box_px[:, 1]), 1))
        travelled_px = centre_px[rows] - self._first_px[place]
        has_moved = self._moved[place] | (np.hypot(travelled_px[:, 0], travelled_px[:, 1]) >= self._settings.least_travel_ratio * size_px)
        self._moved[place] = has_moved
        self._blind_px = box_px[has_moved]
        moved = np.zeros(len(unknown), np.bool_)
        moved[rows] = has_moved
        return np.asarray(tracked.sure & (moved | ~unknown), np.bool_)

    def _forget(self, tracks: Ints) -> None:
        place, there = places_of(tracks, self._track)
        if there.any():
            keep = np.ones(len(self._track), np.bool_)
            keep[place[there]] = False
            self._track, self._first_px, self._moved = self._track[keep], self._first_px[keep], self._moved[keep]

    def _sizeable_px(self, frame: RawFrame, mask: Pixels) -> Floats:
        blobs = blobs_of(mask, frame.width_px, frame.height_px)
        size_px = blobs.box_px[:, 2:] - blobs.box_px[:, :2]
        least_px = self._settings.least_side_ratio * min(frame.width_px, frame.height_px)
        is_sizeable = (size_px[:, 0] >= least_px) & (size_px[:, 1] >= least_px) & (blobs.fill_ratio >= self._settings.least_fill_ratio)
        return blobs.box_px[is_sizeable]

    def _goes_on(self, body_px: Floats) -> Bools:
        """Whether a track that motion began, and that has moved, was last where this body is (n,)."""
        return np.asarray((iou_ratio(body_px, self._blind_px) > self._settings.same_body_iou_ratio).any(axis=1), np.bool_)
