"""Moving foreground of a fixed camera: what differs from a slowly learnt background, on analysed frames only.

A running approximate median (Σ-Δ, Manzanera & Richefeu 2007) per pixel, so that a passing vehicle leaves no trail, with a noise
level of its own for every pixel. Auto-exposure is taken out first by one gain for the whole picture: a naive mask turns white with it.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from catseye.core.arrays import Bools, Doubles, Floats, Ints, Pixels
from catseye.core.picture import RawFrame
from catseye.core.time import NS_PER_S

# One process a core is the house's way to scale: to wake a second thread for some tens of microseconds of work costs more than it saves.
cv2.setNumThreads(1)

# Grey levels a second that the background moves towards the picture: while it warms up, where nothing moves, and, in `absorb_s`, where something does.
_WARM_PER_S, _QUICK_PER_S, _ABSORBED = 40.0, 8.0, 60.0
_NOISE_S = 4.0  # over which the noise of a pixel is averaged
_FIRST_NOISE = 4.0
_MOST_GAIN_RATIO = 3.0
_NEW_LIGHT_RATIO, _NEW_LIGHT_S = 0.2, 5.0  # a gain this far from 1 for so long is no passing lorry
_TOUCH_RATIO = 0.15  # of both together
_MOST_GAP_RATIO = 0.03  # of the picture's smaller side
_DIM_COUNT, _LAMP_COUNT = 80, 200  # grey levels: where lamps are lit half the street is darker; clear streets of our clips have a median of 89 to 145


@dataclass(frozen=True, slots=True)
class ForegroundSettings:
    """`width_px` of the small picture it works on; times are stream time, so a slower camera learns no slower.

    `absorb_s`: how long a thing must stand before it is background; `least_difference` in grey levels, 0..255.
    """

    width_px: int = 320
    absorb_s: float = 40.0
    warm_up_s: float = 2.0
    least_difference_count: int = 22
    noise_factor_ratio: float = 3.0


@dataclass(frozen=True, slots=True)
class Blobs:
    """Connected moving regions: `box_px` float32 (n, 4) in native pixels, `fill_ratio` (n,) share of the box that moves."""

    box_px: Floats
    fill_ratio: Floats


class Foreground:
    """Holds the background of one camera; `see` takes each analysed frame in order."""

    def __init__(self, settings: ForegroundSettings | None = None) -> None:
        """Start with no background: the first frame becomes it."""
        self._settings = settings or ForegroundSettings()
        self._background: Floats = np.empty((0, 0), np.float32)
        self._noise: Floats = np.empty((0, 0), np.float32)  # mean absolute difference where nothing moves
        self.bodies: Pixels = np.empty((0, 0), np.uint8)  # the mask of the last frame, less the light of headlamps where it is dim
        # Room for what is only needed while a frame is seen: pages fresh from the system cost more than all that is done in them.
        self._grey: list[Pixels] = []
        self._float: list[Floats] = []
        self._least: Pixels = np.empty((0, 0), np.uint8)
        self._first_ns = self._last_ns = self._same_light_ns = 0
        self._held: list[tuple[slice, slice]] = []
        self._open = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
        self._close = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))

    def size_px(self, width_px: int, height_px: int) -> tuple[int, int]:
        """Size of the small picture for a native size: (width, height), never larger than native."""
        width = min(self._settings.width_px, width_px)
        return width, max(1, round(height_px * width / width_px))

    def see(self, frame: RawFrame) -> Pixels:
        """Mask of what moves, uint8 (h, w) of 0 or 255, at `size_px`; all zero on the first frame and after a change of size."""
        return self.see_grey(frame.grey(*self.size_px(frame.width_px, frame.height_px)), frame.time_ns)

    def see_grey(self, grey: Pixels, time_ns: int) -> Pixels:
        """The same for a small grey picture, uint8 (h, w)."""
        if self._background.shape != grey.shape:
            self._background = grey.astype(np.float32)
            self._noise = np.full(grey.shape, _FIRST_NOISE, np.float32)
            self._grey = [np.empty_like(grey) for _ in range(2)]
            self._float = [np.empty(grey.shape, np.float32) for _ in range(2)]
            self._least = np.full(grey.shape, self._settings.least_difference_count, np.uint8)
            self._first_ns = self._last_ns = self._same_light_ns = time_ns
            self.bodies = np.zeros_like(grey)
            return self.bodies
        known = cv2.convertScaleAbs(self._background, dst=self._grey[0])
        sample = known[::10, ::10]
        gain = _gain_ratio(grey[::10, ::10], sample)
        level = _exposed(grey, gain)
        is_dim = 2 * np.count_nonzero(sample < _DIM_COUNT) > sample.size
        lit = level > known if is_dim else None
        difference = cv2.absdiff(level, known, dst=known)
        mask = self._threshold(difference)
        self.bodies = mask if lit is None else self._without_light(mask, lit, level)
        elapsed_s = max((time_ns - self._last_ns) / NS_PER_S, 0.0)
        self._last_ns = max(time_ns, self._last_ns)
        self._learn(level, mask, elapsed_s)
        self._learn_noise(difference, mask, elapsed_s)
        self._follow_light(gain)
        return mask

    def hold(self, box_px: Floats, width_px: int, height_px: int) -> None:
        """Where road users are known to be (n, 4) in native pixels nothing is learnt until the next call: a queue at a red light is no background.

        Else it melts into the street while it waits, and leaves holes that move off with it when it goes.
        """
        rows, columns = self._background.shape
        scale, most = _to_small(columns, rows, width_px, height_px)
        corners = np.minimum(np.maximum(np.rint(box_px * scale), 0.0), most).astype(np.int64).tolist()
        self._held = [(slice(top, bottom), slice(left, right)) for left, top, right, bottom in corners]

    def background(self) -> Pixels | None:
        """What the camera sees when nothing moves, grey uint8 (h, w)."""
        return np.asarray(cv2.convertScaleAbs(self._background), np.uint8) if self._background.size else None

    def _threshold(self, difference: Pixels) -> Pixels:
        limit = cv2.convertScaleAbs(self._noise, dst=self._grey[1], alpha=self._settings.noise_factor_ratio)
        cv2.max(limit, self._least, dst=limit)  # two pictures: with a number numpy takes ten times as long, and cv2 takes a picture of one pixel for a number
        mask = cv2.compare(difference, limit, cv2.CMP_GT)
        if not cv2.hasNonZero(mask):
            return np.asarray(mask, np.uint8)
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, self._open, dst=mask)
        return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, self._close, dst=mask), np.uint8)

    def _without_light(self, mask: Pixels, lit: Bools, level: Pixels) -> Pixels:
        """What moves, less what only became brighter and is no lamp itself: the beams that run ahead of vehicles."""
        beam = lit & (level < _LAMP_COUNT)
        bodies = np.where(beam, np.uint8(0), mask)
        bodies = cv2.morphologyEx(bodies, cv2.MORPH_OPEN, self._open, dst=bodies)
        return np.asarray(cv2.morphologyEx(bodies, cv2.MORPH_CLOSE, self._close, dst=bodies), np.uint8)

    def _learn(self, level: Pixels, mask: Pixels, elapsed_s: float) -> None:
        """Move the background towards the picture: slowly where something moves, so that it is absorbed only when it stands."""
        warm = self._last_ns - self._first_ns < self._settings.warm_up_s * NS_PER_S
        most = elapsed_s * (_WARM_PER_S if warm else _QUICK_PER_S)
        towards, step = self._float
        towards = np.asarray(cv2.subtract(level, self._background, dst=towards, dtype=cv2.CV_32F), np.float32)
        _within(towards, most, step)
        if not warm and cv2.hasNonZero(mask):
            slow = elapsed_s * _ABSORBED / self._settings.absorb_s
            cv2.copyTo(_within(towards, slow, towards), mask, step)
        for box in self._held if not warm else ():
            step[box] = 0
        self._background += step

    def _learn_noise(self, difference: Pixels, mask: Pixels, elapsed_s: float) -> None:
        weight = 1 - math.exp(-elapsed_s / _NOISE_S)
        cv2.accumulateWeighted(difference, self._noise, weight, cv2.bitwise_not(mask, dst=self._grey[1]))

    def _follow_light(self, gain: float) -> None:
        """Take on a gain that lasts: dusk must not run out of it, and a lamp that is switched on is no moving thing for long."""
        if abs(gain - 1) < _NEW_LIGHT_RATIO:
            self._same_light_ns = self._last_ns
        elif self._last_ns - self._same_light_ns > _NEW_LIGHT_S * NS_PER_S:
            self._background = np.minimum(self._background / np.float32(gain), np.float32(255))
            self._noise /= np.float32(gain)
            self._same_light_ns = self._last_ns


@lru_cache(maxsize=64)
def _to_small(columns: int, rows: int, width_px: int, height_px: int) -> tuple[Doubles, Doubles]:
    """What corners (4,) in native pixels are multiplied by in the small picture, and the most they may be there."""
    return np.array([columns / width_px, rows / height_px] * 2), np.array([columns, rows] * 2, np.float64)


def _within(values: Floats, most: float, out: Floats) -> Floats:
    """Values kept in -most..most: one pass; np.minimum and np.maximum with a number take six times as long."""
    return np.clip(values, np.float32(-most), np.float32(most), out=out)


def _gain_ratio(grey: Pixels, known: Pixels) -> float:
    """What the picture must be multiplied by to have the background's exposure: the median ratio, of both on one coarse grid."""
    ratio = known.astype(np.float32).ravel()
    ratio += 1
    seen = grey.astype(np.float32).ravel()
    seen += 1
    ratio /= seen
    middle = len(ratio) // 2
    ratio.partition(middle)
    return float(ratio[middle])


def _exposed(grey: Pixels, gain: float) -> Pixels:
    """The picture at the background's exposure; after a larger change nothing can be said until the new light is learnt."""
    if abs(gain - 1) < 0.01 or not 1 / _MOST_GAIN_RATIO < gain < _MOST_GAIN_RATIO:
        return grey
    return np.asarray(cv2.convertScaleAbs(grey, alpha=gain), np.uint8)


def blobs_of(mask: Pixels, width_px: int, height_px: int, least_area_ratio: float = 0.0006) -> Blobs:
    """Moving regions of the mask as boxes in native pixels; smaller ones than `least_area_ratio` of the picture are noise.

    Fragments of one body are one region: a windscreen has the colour of the road, so a bonnet often moves alone.
    """
    left, top, width, height = cv2.boundingRect(mask)
    if not width:
        return Blobs(np.empty((0, 4), np.float32), np.empty(0, np.float32))
    moving = mask[top : top + height, left : left + width]
    # 16-bit labels take 0.1 ms at 320x180, 32-bit ones 0.33; there are at most a quarter as many regions as pixels
    kind = cv2.CV_16U if mask.size < 4 * 65_535 else cv2.CV_32S
    count, _, stats, _ = cv2.connectedComponentsWithStats(moving, connectivity=8, ltype=kind)
    large = (stats[1:count, cv2.CC_STAT_AREA] >= np.float32(least_area_ratio * mask.size)).nonzero()[0]
    stats = stats[1:count].take(large, 0)
    box, area = stats[:, :4].astype(np.float32), stats[:, cv2.CC_STAT_AREA].astype(np.float32)
    box[:, 0] += left
    box[:, 1] += top
    box[:, 2:] += box[:, :2]
    box, area = _gathered(box, area, _MOST_GAP_RATIO * min(mask.shape))
    size = box[:, 2:] - box[:, :2]
    fill = area / np.maximum(size[:, 0] * size[:, 1], 1)
    rows, columns = mask.shape
    return Blobs(box * np.array([width_px / columns, height_px / rows] * 2, np.float32), np.minimum(fill, 1))


def _gathered(box: Floats, area: Floats, most_gap: float) -> tuple[Floats, Floats]:
    """Join boxes that are parts of one body: one lies in the other, or they are as wide (or tall) and nearly touch along the other way."""
    if len(box) < 2:
        return box, area
    low, high = box.T.reshape(2, 2, -1)  # of x and y, a column each box
    size = high - low
    mine, other = size[:, :, None], size[:, None]
    common = np.minimum(high[:, :, None], high[:, None]) - np.maximum(low[:, :, None], low[:, None])  # negative: a gap
    near = common > -most_gap
    if np.count_nonzero(near[0] & near[1]) == len(box):  # each to itself alone
        return box, area
    narrower, wider = np.minimum(mine, other), np.maximum(mine, other)
    aligned = (common > 0.7 * wider) & (narrower > 0.6 * wider)
    touching = common > -np.minimum(_TOUCH_RATIO * (mine + other - common), most_gap)
    shared = np.maximum(common, 0)
    parts = shared[0] * shared[1] > 0.8 * (narrower[0] * narrower[1])
    parts |= aligned[0] & touching[1]
    parts |= aligned[1] & touching[0]
    if np.count_nonzero(parts) == len(box):
        return box, area
    label, count = _groups(parts)
    joined = np.full((count, 4), [np.inf, np.inf, -np.inf, -np.inf], np.float32)
    np.minimum.at(joined[:, :2], label, box[:, :2])
    np.maximum.at(joined[:, 2:], label, box[:, 2:])
    return joined, np.bincount(label, area, count).astype(np.float32)


def _groups(linked: Bools) -> tuple[Ints, int]:
    """Connected groups of a relation (n, n) that is symmetric and holds of each with itself: a number for each member (n,), and how many.

    For a few dozen: scipy's takes 85 µs to begin.
    """
    n = len(linked)
    label = own = np.arange(n)
    while True:
        again = np.minimum.reduce(np.where(linked, label, n), axis=1)
        if np.count_nonzero(again != label) == 0:
            break
        label = again
    first = label == own  # the lowest of each group names it
    return (np.add.accumulate(first, dtype=np.int64) - 1)[label], int(np.count_nonzero(first))
