"""The only maker of redacted pictures: solid fill over every head region, plate band and unexplained movement. It cannot be switched off.

A picture waits `delay_s` of stream time, so that what is found later redacts it too. Without looks on both sides of it, it is withheld.
Why solid, and what happens when detectors fail: docs/design/privacy.md.
"""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

import cv2
import numpy as np

from catseye.core.arrays import Bools, Codes, Floats, Ints, Pixels
from catseye.core.detections import Detections, Tracked
from catseye.core.errors import ModelError
from catseye.core.picture import RawFrame, RedactedPicture
from catseye.core.road_user import ROAD_USERS, RoadUser
from catseye.core.time import NS_PER_S
from catseye.vision.redact_regions import (
    NO_STEPS,
    Boxes,
    Rows,
    Steps,
    carried,
    joined_boxes,
    joined_rows,
    on_the_move,
    reasons,
    regions,
    shadowed,
    steps,
    too_fast_to_walk,
    unexplained,
    with_riders,
)

FILL_RGB = (58, 62, 70)
_NOWHERE: Floats = np.empty((0, 4), np.float32)
_FAST_WITHIN_NS = round(0.7 * NS_PER_S)
_SAME_IOU_RATIO = 0.8
_NOT_YET_NS = 1 << 62

RegionAdder: TypeAlias = Callable[[Pixels], Floats]
"""More to fill, found in the picture itself: uint8 (h, w, 3) RGB -> float32 (k, 4) left, top, right, bottom in its pixels."""


Finder: TypeAlias = Callable[[Pixels], Detections]
"""A closer look for road users: uint8 (h, w, 3) RGB -> boxes in its pixels."""


MOVEMENT, CLOSE_LOOK = "movement", "closer look at the still"
SEEN, FOLLOWED, BESIDE, SWEPT = "seen", "followed", "seen beside", "closer look"
"""How a box came to be where it is: found in this frame; a track between two looks, or carried past them; found in a look beside; found by the sweeper."""


@dataclass(frozen=True, slots=True)
class Fill:
    """One region of a released picture: `box_px` left, top, right, bottom in its pixels (not yet rounded), why it is filled, and who was found there.

    `user` is a kind of road user, empty for movement; `score_ratio` of the box it was made of, None where none was found in a frame.
    """

    box_px: tuple[float, float, float, float]
    why: str
    user: str = ""
    how: str = ""
    score_ratio: float | None = None


FillLog: TypeAlias = Callable[[int, Sequence[Fill]], None]
"""Told of each picture before it is released: its time, and all that was filled."""


@dataclass(frozen=True, slots=True)
class RedactionSettings:
    """How wide the net is cast; every value has a floor, and none switches redaction off.

    `delay_s` of stream time a picture waits; `carry_s`: how far a track is carried before its first look and after its last
    (`walker_carry_s`: walkers, who are slow, further);
    `look_gap_s`: a picture further than this from the looks around it is withheld; `growth_ratio_per_s`: how fast a carried box grows;
    `cab_from_height_px`: vehicles this high in the picture have their windows filled; `movement_ratio`: least share of the picture that
    unexplained movement must cover; `sweep_every_s`: how often the sweeper looks, at most `sweep_width_px` wide.
    """

    delay_s: float = 1.5
    carry_s: float = 1.0
    walker_carry_s: float = 1.5
    look_gap_s: float = 1.0
    growth_ratio_per_s: float = 0.25
    cab_from_height_px: float = 50.0
    movement_ratio: float = 0.0003
    sweep_every_s: float = 1.5
    sweep_width_px: int = 640
    waiting_max_count: int = 64

    def __post_init__(self) -> None:
        """Refuse a net with holes."""
        if not 0.5 <= self.carry_s <= self.walker_carry_s <= self.delay_s or not 0 < self.look_gap_s <= self.delay_s or self.growth_ratio_per_s < 0.1:
            raise ValueError(f"{self}; wanted 0.5 <= carry_s <= walker_carry_s <= delay_s, look_gap_s in 0..delay_s, growth_ratio_per_s >= 0.1")
        if not 0 <= self.cab_from_height_px <= 60 or not 0 <= self.movement_ratio <= 0.002 or self.waiting_max_count < 1:
            raise ValueError(f"{self}; wanted cab_from_height_px in 0..60, movement_ratio in 0..0.002, waiting_max_count >= 1")
        if not 0 < self.sweep_every_s <= self.delay_s or self.sweep_width_px < 480:
            raise ValueError(f"{self}; wanted sweep_every_s in 0..delay_s, sweep_width_px >= 480")


@dataclass(frozen=True, slots=True)
class _Look:
    """What one analysed frame told, in native pixels: tracks seen; every box found or guessed; which no track explains, and which
    of these were found before in the same place; the rest that moves.
    """

    time_ns: int
    tracks: Rows
    found: Boxes
    loose: Boxes
    standing: Boxes
    moving: Pixels | None


@dataclass(frozen=True, slots=True)
class _Sweep:
    """What a closer look found, less what drives and is carried by its track anyway, native pixels; and who may have walked here since the one before."""

    time_ns: int
    overlooked: Boxes
    walked: Steps


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A picture that may still show a face."""

    time_ns: int
    rgb: Pixels
    is_still: bool


class Redactor:
    """Takes the frames of one camera in order, gives back pictures that are safe, `delay_s` of stream time later.

    `names`: the kinds of road user its detector can tell apart. A detector that cannot name people and vehicles (`motion`)
    is refused with `ModelError`: with it alone, only a `BackgroundRedactor` may show anything.
    `adders` run on stills, `sweeper` on one analysed frame every `sweep_every_s`, for all pictures around it; both only add regions.
    `log` hears what was filled, for evidence.
    """

    def __init__(
        self,
        names: Collection[RoadUser],
        settings: RedactionSettings | None = None,
        *,
        adders: Sequence[RegionAdder] = (),
        sweeper: Finder | None = None,
        log: FillLog | None = None,
    ) -> None:
        if not {RoadUser.PEDESTRIAN, RoadUser.CAR} <= set(names):
            came = f"a detector that names {', '.join(sorted(names)) or 'nothing'}"
            raise ModelError("redaction", came, "one that names pedestrians and cars; without it only the background may be shown")
        self.settings = settings or RedactionSettings()
        self.withheld_count = 0
        self._adders = tuple(adders)
        self._sweeper, self._log = sweeper, log
        self._camera = ""
        self._native_px = (0, 0)
        self._looks: deque[_Look] = deque()
        self._sweeps: deque[_Sweep] = deque()
        self._riding: dict[int, int] = {}  # tracks, and when they ended
        self._waiting: deque[_Waiting] = deque()

    def see(
        self,
        frame: RawFrame,
        tracked: Tracked | None = None,
        detections: Detections | None = None,
        *,
        foreground: Bools | Pixels | None = None,
        rgb: Pixels | None = None,
        is_still: bool = False,
    ) -> list[RedactedPicture]:
        """Learn from one frame, and give what has become safe.

        Pass `tracked` and `detections` (every raw box, weak ones too, native pixels) on analysed frames, both or neither;
        `foreground` (mh, mw) of what moves, bool or not 0, any size; `rgb` uint8 (h, w, 3) when a picture of this frame is wanted, any size.
        """
        safe = self._new_picture_size(frame)
        if tracked is not None and detections is not None:
            self._looks.append(self._look(frame, tracked, detections, foreground))
        if rgb is not None:
            self._waiting.append(_Waiting(frame.time_ns, rgb, is_still))
        if self._waiting and tracked is not None and detections is not None:
            self._sweep(frame)
        newest_ns = self._looks[-1].time_ns if self._looks else -1
        delay_ns = int(self.settings.delay_s * NS_PER_S)
        while self._waiting and self._waiting[0].time_ns + delay_ns <= newest_ns:
            safe += self._release()
        while len(self._waiting) > self.settings.waiting_max_count:
            self._waiting.popleft()
            self.withheld_count += 1
        self._forget(newest_ns - 2 * delay_ns)
        return safe

    def close(self) -> list[RedactedPicture]:
        """The stream is over: give the last pictures that are safe."""
        safe: list[RedactedPicture] = []
        while self._waiting:
            safe += self._release(is_over=True)
        self._looks.clear()
        self._sweeps.clear()
        return safe

    def _new_picture_size(self, frame: RawFrame) -> list[RedactedPicture]:
        """Boxes of one size say nothing about pictures of another: settle the old ones first."""
        native_px = (frame.width_px, frame.height_px)
        safe = self.close() if self._native_px not in {(0, 0), native_px} else []
        self._native_px, self._camera = native_px, frame.camera
        return safe

    def _look(self, frame: RawFrame, tracked: Tracked, detections: Detections, foreground: Bools | Pixels | None) -> _Look:
        """Tracks seen now are what is carried; where one coasts is only guessed, so that guess is filled like any box found."""
        self._join(tracked)
        seen = tracked.seen
        when_ns = np.full(int(seen.sum()), frame.time_ns, np.int64)
        found, followed = Boxes.of(detections.box_px, detections.kind, detections.score_ratio), Boxes.of(tracked.box_px, tracked.kind, tracked.score_ratio)
        tracks = Rows(when_ns, tracked.track[seen], followed.box_px[seen], followed.kind[seen])
        self._notice_riders(tracks, frame.time_ns, tracked.ended)
        loose, found = found.beyond(tracks.box_px), joined_boxes([found, followed])
        moving = None if foreground is None else self._moving(foreground, found.box_px)
        return _Look(frame.time_ns, tracks, found, loose, self._standing(loose, frame.time_ns), moving)

    def _standing(self, loose: Boxes, time_ns: int) -> Boxes:
        """Those of `loose` found before in the same place. Each is held for `carry_s` either way, so that it need not be told at every look."""
        carry_ns = int(self.settings.carry_s * NS_PER_S)
        before = [look.loose.box_px for look in self._looks if time_ns - look.time_ns <= carry_ns]
        told = [look.standing.box_px for look in self._looks if 2 * (time_ns - look.time_ns) < carry_ns]
        return loose.again(np.concatenate([_NOWHERE, *before])).beyond(np.concatenate([_NOWHERE, *told]), _SAME_IOU_RATIO)

    def _notice_riders(self, tracks: Rows, time_ns: int, ended: Ints) -> None:
        """Who is called a pedestrian and is too fast for one sits on something that may have a plate, and still does when it stops."""
        recent = [look.tracks for look in self._looks if time_ns - look.time_ns <= _FAST_WITHIN_NS]
        for track in too_fast_to_walk(joined_rows([*recent, tracks])).tolist():
            self._riding[track] = _NOT_YET_NS
        for track in self._riding.keys() & set(ended.tolist()):
            self._riding[track] = time_ns

    def _moving(self, foreground: Bools | Pixels, explained_px: Floats) -> Pixels:
        """Movement outside the boxes and their shadows, in the mask's own size."""
        scale = _scale((foreground.shape[1], foreground.shape[0]), self._native_px)
        return unexplained(foreground, shadowed(explained_px, 0.15) * scale, self.settings.movement_ratio)

    def _sweep(self, frame: RawFrame) -> None:
        """Look closely now and then: who stands still and is overlooked time and again is found here."""
        every_ns = int(self.settings.sweep_every_s * NS_PER_S)
        if self._sweeper is None or (self._sweeps and frame.time_ns - self._sweeps[-1].time_ns < every_ns):
            return
        width_px = min(frame.width_px, self.settings.sweep_width_px)
        size_px = (width_px, max(1, round(frame.height_px * width_px / frame.width_px)))
        close = self._sweeper(frame.rgb(*size_px))
        box_px = np.asarray(close.box_px * _scale(self._native_px, size_px), np.float32)
        found = Boxes.of(box_px, close.kind, close.score_ratio)
        driving_px = on_the_move(joined_rows([look.tracks for look in self._looks]), frame.time_ns)
        overlooked = found.beyond(driving_px)
        before = self._sweeps[-1] if self._sweeps else _Sweep(frame.time_ns, overlooked, NO_STEPS)
        walked = steps(before.overlooked, overlooked, (frame.time_ns - before.time_ns) / NS_PER_S)
        self._sweeps.append(_Sweep(frame.time_ns, overlooked, walked))

    def _join(self, tracked: Tracked) -> None:
        """Two tracks found to be one road user are one in the past too, so that the gap between them is filled."""
        for absorbed, survivor in tracked.joined.tolist():
            for look in self._looks:
                look.tracks.track[look.tracks.track == absorbed] = survivor
            if absorbed in self._riding:
                self._riding[survivor] = self._riding.pop(absorbed)

    def _forget(self, before_ns: int) -> None:
        oldest_ns = self._waiting[0].time_ns - 2 * int(self.settings.delay_s * NS_PER_S) if self._waiting else before_ns
        while self._looks and self._looks[0].time_ns < min(before_ns, oldest_ns):
            self._looks.popleft()
        while self._sweeps and self._sweeps[0].time_ns < min(before_ns, oldest_ns):
            self._sweeps.popleft()
        self._riding = {track: ended_ns for track, ended_ns in self._riding.items() if ended_ns >= min(before_ns, oldest_ns)}

    def _release(self, is_over: bool = False) -> list[RedactedPicture]:
        """The oldest waiting picture, redacted; nothing where the looks around it are too far away."""
        picture = self._waiting.popleft()
        if not self._is_looked_at(picture.time_ns, is_over):
            self.withheld_count += 1
            return []
        size_px = (picture.rgb.shape[1], picture.rgb.shape[0])
        parts = self._road_users_at(picture.time_ns)
        users = joined_boxes([part for _, part in parts])
        users_px = users.box_px * _scale(size_px, self._native_px)
        fill_px = regions(users_px, users.kind, self.settings.cab_from_height_px)
        added_px = [adder(picture.rgb) for adder in self._adders] if picture.is_still else []
        moving = _moving_in(self._beside(picture.time_ns))
        hidden = _hidden(moving, size_px)
        if self._log is not None:
            told = self._told(parts, users_px, fill_px) + [Fill(_corners(box), CLOSE_LOOK) for added in added_px for box in added]
            self._log(picture.time_ns, told + [Fill(_corners(box), MOVEMENT) for box in _pieces_px(moving, size_px)])
        return [_filled(self._camera, picture.time_ns, picture.rgb, np.concatenate([fill_px, *added_px]), hidden)]

    def _told(self, parts: Sequence[tuple[str, Boxes]], users_px: Floats, fill_px: Floats) -> list[Fill]:
        """What each region of `fill_px` is there for."""
        users, how = joined_boxes([part for _, part in parts]), [word for word, part in parts for _ in range(len(part))]
        why = reasons(users_px, users.kind, self.settings.cab_from_height_px)
        rows = zip(fill_px, why.why, why.row.tolist(), strict=True)
        return [Fill(_corners(box), word, ROAD_USERS[users.kind[row]], how[row], _known(users, row)) for box, word, row in rows]

    def _is_looked_at(self, time_ns: int, is_over: bool) -> bool:
        """A look no further than `look_gap_s` before the picture (or at it), and one after it unless the stream is over."""
        gap_ns = int(self.settings.look_gap_s * NS_PER_S)
        since_ns = [look.time_ns - time_ns for look in self._looks]
        return any(-gap_ns <= since <= 0 for since in since_ns) and (is_over or any(0 <= since <= gap_ns for since in since_ns))

    def _road_users_at(self, time_ns: int) -> list[tuple[str, Boxes]]:
        """Every box that may be in the picture of this moment, native pixels: carried, found, found beside it, found by a closer look; with how it came."""
        settings = self.settings
        reach_ns = int(settings.delay_s * NS_PER_S)
        tracks = [look.tracks for look in self._looks if abs(look.time_ns - time_ns) <= reach_ns]
        rows = with_riders(joined_rows(tracks), self._riding)
        followed = carried(rows, time_ns, settings.carry_s, settings.walker_carry_s, settings.growth_ratio_per_s)
        beside = [(SEEN, look.found) if look.time_ns == time_ns else (BESIDE, look.loose) for look in self._beside(time_ns)]
        swept_ns = int((settings.sweep_every_s + settings.look_gap_s) * NS_PER_S)
        swept = [(SWEPT, sweep.overlooked) for sweep in self._sweeps if abs(sweep.time_ns - time_ns) <= swept_ns]
        carry_ns = int(settings.carry_s * NS_PER_S)
        standing = [(BESIDE, look.standing) for look in self._looks if 0 < abs(look.time_ns - time_ns) <= carry_ns]
        return [(FOLLOWED, followed), *beside, *standing, *swept, *self._walked_at(time_ns)]

    def _walked_at(self, time_ns: int) -> list[tuple[str, Boxes]]:
        """Who only the closer looks see, on the way between the two around this moment."""
        around = [(before, after) for before, after in pairwise(self._sweeps) if before.time_ns < time_ns < after.time_ns]
        return [(FOLLOWED, after.walked.at(*self._share(before.time_ns, after.time_ns, time_ns))) for before, after in around]

    def _share(self, before_ns: int, after_ns: int, time_ns: int) -> tuple[float, float]:
        """How much of the time between two looks has passed, and how much larger a box is by then."""
        gap_s = min(time_ns - before_ns, after_ns - time_ns) / NS_PER_S
        return (time_ns - before_ns) / (after_ns - before_ns), self.settings.growth_ratio_per_s * gap_s

    def _beside(self, time_ns: int) -> list[_Look]:
        """The looks around this moment: two on either side of it, none further than `look_gap_s`."""
        gap_ns = int(self.settings.look_gap_s * NS_PER_S)
        near = [look for look in self._looks if abs(look.time_ns - time_ns) <= gap_ns]
        return [look for look in near if look.time_ns < time_ns][-2:] + [look for look in near if look.time_ns >= time_ns][:3]


def _scale(wanted_px: tuple[int, int], given_px: tuple[int, int]) -> Floats:
    """What to multiply boxes with to bring them from one picture size (width, height) to another."""
    across, down = wanted_px[0] / given_px[0], wanted_px[1] / given_px[1]
    return np.array([across, down, across, down], np.float32)


def _moving_in(looks: Sequence[_Look]) -> Pixels | None:
    """What moved unexplained in any of these looks, in a mask's own size, 0 or 255; None: nothing."""
    moving = [look.moving for look in looks if look.moving is not None]
    if not any(mask.any() for mask in moving):
        return None
    union = moving[0]
    for mask in moving[1:]:
        union = np.asarray(
            cv2.max(union, mask if mask.shape == union.shape else cv2.resize(mask, union.shape[::-1], interpolation=cv2.INTER_NEAREST)), np.uint8
        )
    return union


def _hidden(moving: Pixels | None, size_px: tuple[int, int]) -> Pixels:
    """A fresh mask of the picture's (width, height), 0 or 255."""
    if moving is None:
        return np.zeros(size_px[::-1], np.uint8)
    return np.array(cv2.resize(moving, size_px, interpolation=cv2.INTER_NEAREST), np.uint8)


def _pieces_px(moving: Pixels | None, size_px: tuple[int, int]) -> Floats:
    """Around each connected piece of it (n, 4), in pixels of the picture."""
    if moving is None:
        return np.empty((0, 4), np.float32)
    pieces, _ = cv2.findContours(moving, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    edges = [(left, top, left + width, top + height) for left, top, width, height in map(cv2.boundingRect, pieces)]
    return np.array(edges, np.float32).reshape(-1, 4) * _scale(size_px, (moving.shape[1], moving.shape[0]))


def _corners(box_px: Floats) -> tuple[float, float, float, float]:
    left, top, right, bottom = box_px.tolist()
    return left, top, right, bottom


def _known(users: Boxes, row: int) -> float | None:
    score = np.nan if users.score_ratio is None else float(users.score_ratio[row])
    return None if np.isnan(score) else score


@lru_cache(maxsize=4)
def _solid(height_px: int, width_px: int) -> Pixels:
    """A picture of nothing but the fill colour; never written to."""
    return np.full((height_px, width_px, 3), FILL_RGB, np.uint8)


def _filled(camera: str, time_ns: int, rgb: Pixels, fill_px: Floats, hidden: Pixels) -> RedactedPicture:
    """A copy with every box of `fill_px` (picture pixels, rounded outwards) and every pixel set in `hidden` (which is used up) in one solid colour."""
    height, width = rgb.shape[:2]
    edges = np.concatenate([np.floor(fill_px[:, :2]), np.ceil(fill_px[:, 2:])], axis=1)
    edges = np.where(np.isnan(edges), (0, 0, width, height), edges)  # a box that is nowhere may be anywhere
    for left, top, right, bottom in np.clip(edges, 0, (width, height, width, height)).astype(int).tolist():
        hidden[top:bottom, left:right] = 255
    out = cv2.copyTo(_solid(height, width), hidden, rgb.copy())
    return RedactedPicture(camera, time_ns, np.asarray(out, np.uint8), cv2.countNonZero(hidden) / hidden.size)


def blank(camera: str, width_px: int, height_px: int) -> RedactedPicture:
    """A picture of nothing, for drawings that have no photograph under them."""
    return RedactedPicture(camera, 0, _solid(height_px, width_px).copy(), 1.0)


@dataclass(frozen=True, slots=True)
class BackgroundSettings:
    """When a background is old enough to show, and what of it is filled.

    `least_span_s` of samples, at least `least_count` of them, at most `most_count` (memory); what stood or moved for more than
    `occupied_ratio` of the samples is filled; `spread_levels_count`: grey levels a sample may differ from the background.
    """

    least_span_s: float = 10.0
    least_count: int = 9
    most_count: int = 25
    occupied_ratio: float = 0.2
    spread_levels_count: int = 24

    def __post_init__(self) -> None:
        """Refuse a background that one person standing still could become."""
        if self.least_span_s < 5 or not 5 <= self.least_count <= self.most_count or not 0 < self.occupied_ratio <= 0.34:
            raise ValueError(f"background: {self}; wanted least_span_s >= 5, least_count in 5..most_count, occupied_ratio in 0..0.34")


class BackgroundRedactor:
    """The street without its users: the median of samples spread over the whole time, for cameras that have no detector but `motion`.

    Filled solid: where something moved, or the samples disagree, for more than a fifth of them. Who stands still for the whole time is
    indistinguishable from the street: the median of a longer time is the only cure, and `adders` (faces, plates) look over the result.
    """

    def __init__(self, camera: str, settings: BackgroundSettings | None = None, adders: Sequence[RegionAdder] = ()) -> None:
        self.settings = settings or BackgroundSettings()
        self._camera = camera
        self._adders = tuple(adders)
        self._samples: list[tuple[int, Pixels, Codes]] = []
        self._step_ns = 0

    def see(self, time_ns: int, rgb: Pixels, foreground: Bools | Pixels) -> None:
        """Offer one picture and its moving foreground (any size); most are passed over. A new picture size begins anew."""
        if self._samples and self._samples[-1][1].shape != rgb.shape:
            self._samples, self._step_ns = [], 0
        first_step_ns = int(self.settings.least_span_s * NS_PER_S) // self.settings.least_count
        self._step_ns = self._step_ns or first_step_ns
        if self._samples and time_ns - self._samples[-1][0] < self._step_ns:
            return
        moving = cv2.resize((foreground != 0).astype(np.uint8), rgb.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        self._samples.append((time_ns, rgb, moving))
        if len(self._samples) > self.settings.most_count:
            self._samples, self._step_ns = self._samples[::2], 2 * self._step_ns

    def picture(self) -> RedactedPicture | None:
        """The background so far; None until it has been looked at long enough."""
        count = len(self._samples)
        if count < self.settings.least_count or self._samples[-1][0] - self._samples[0][0] < self.settings.least_span_s * NS_PER_S * 0.8:
            return None
        stack = np.stack([rgb for _, rgb, _ in self._samples])
        median = np.median(stack, axis=0).astype(np.uint8)
        differs = (np.abs(stack.astype(np.int16) - median).max(axis=3) > self.settings.spread_levels_count).mean(axis=0)
        moves = np.mean([moving for _, _, moving in self._samples], axis=0)
        occupied = ((differs > self.settings.occupied_ratio) | (moves > self.settings.occupied_ratio)).astype(np.uint8)
        hidden = np.asarray(cv2.dilate(occupied, np.ones((5, 5), np.uint8)) * 255, np.uint8)
        added = [adder(median) for adder in self._adders]
        return _filled(self._camera, self._samples[-1][0], median, np.concatenate([np.empty((0, 4), np.float32), *added]), hidden)
