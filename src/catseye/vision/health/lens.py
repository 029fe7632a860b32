"""What hides part of the view: an occluded camera, drops or dirt on the lens. Cells that have lost the texture they always had.

Texture is looked at twice: the finest detail in small cells (a drop, dirt or a blurred picture takes it), and coarse detail in large ones (only what
hides the scene takes that too). What a cell usually has is learnt downwards quickly and upwards slowly, so that a queue that leaves takes nothing with
it; cells under known road users are left out. Large cells lost in one piece are an occlusion; small ones that come and go are rain, ones that stay are dirt.
"""

import math
from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np

from catseye.core.arrays import Bools, Floats, Pixels
from catseye.core.time import NS_PER_S
from catseye.vision.health.view import CELL_PX, at_share, cells_in

_SMALL_PX = CELL_PX // 2
_LEAST_FINE, _LEAST_COARSE = 0.8, 2.0  # grey levels of texture that can be lost at all


@dataclass(frozen=True, slots=True)
class LensSettings:
    """`lost_ratio`: what is left of a blind cell's contrast; `occluded_ratio`: share of textured cells, in one piece, that makes an occlusion.

    `drops_ratio`: share of textured cells, in at least `drops_count` pieces, that makes rain when `turnover_ratio` of it changes in `turnover_s`;
    `dirt_ratio`: share of textured cells that makes dirt when blind for `dirt_s` without a break.
    `learn_down_s`, `learn_up_s`: over which a cell's usual texture is learnt; no spots are told of before `know_s`, no occlusion before `warm_s`.
    """

    lost_ratio: float = 0.35
    occluded_ratio: float = 0.25
    drops_ratio: float = 0.03
    drops_count: int = 3
    dirt_ratio: float = 0.02
    dirt_s: float = 60.0
    turnover_ratio: float = 0.2
    turnover_s: float = 10.0
    learn_down_s: float = 3.0
    learn_up_s: float = 3600.0
    warm_s: float = 3.0
    know_s: float = 60.0
    least_cells_count: int = 12
    least_small_cells_count: int = 100


@dataclass(frozen=True, slots=True)
class LensLook:
    """Shares of the cells that have texture: `hidden_ratio` in the largest piece that hides the scene, `spots_ratio` blind all together, `stuck_ratio`
    blind for a minute.

    None where there is too little texture, too little was seen yet, or nothing fine is left anywhere (that is blur, or night).
    `drops_count`: separate pieces; `turnover_ratio`: how much of the spots is new or gone since ten seconds, None before that.
    """

    hidden_ratio: float | None = None
    cells_count: int = 0
    spots_ratio: float | None = None
    stuck_ratio: float = 0.0
    spot_cells_count: int = 0
    drops_count: int = 0
    turnover_ratio: float | None = None


class Lens:
    """Learns what texture every cell of one camera's view has, and tells what was lost."""

    def __init__(self, settings: LensSettings | None = None) -> None:
        """Nothing learnt."""
        self._settings = settings or LensSettings()
        self.forget()

    def forget(self) -> None:
        """Learn anew: another view."""
        self._fine: Floats = np.empty((0, 0), np.float32)
        self._coarse: Floats = np.empty((0, 0), np.float32)
        self._middle_level = 0.0
        self._blind_s: Floats = np.empty((0, 0), np.float32)
        self._first_ns = self._last_ns = 0
        self._spots: deque[tuple[int, Bools]] = deque(maxlen=64)

    def see(self, still: Pixels, time_ns: int, road_users_px: Floats | None = None) -> LensLook:
        """Look at a still picture, uint8 (h, w); `road_users_px` float32 (n, 4), in px of the small picture."""
        fine, coarse = _fine_texture(still), _coarse_texture(still)
        middle_level = at_share(still[::4, ::4], 0.5) + 1
        if self._fine.shape != fine.shape:
            self._fine, self._coarse, self._middle_level = fine, coarse, middle_level
            self._blind_s = np.zeros_like(fine)
            self._first_ns = self._last_ns = time_ns
            return LensLook()
        elapsed_s, self._last_ns = max((time_ns - self._last_ns) / NS_PER_S, 0.0), time_ns
        by_light = min(1.0, middle_level / self._middle_level)
        free_small, free_large = _cells_free_of(road_users_px, fine.shape, _SMALL_PX), _cells_free_of(road_users_px, coarse.shape, CELL_PX)
        blind, fine_had = self._lost(fine, self._fine, _LEAST_FINE, free_small, by_light)
        hidden, coarse_had = self._lost(coarse, self._coarse, _LEAST_COARSE, free_large, by_light)
        self._blind_s = np.where(blind, self._blind_s + elapsed_s, 0).astype(np.float32)
        look = self._told(blind, hidden, fine_had, coarse_had)
        known = self._age_s > self._settings.know_s
        self._learn(self._fine, fine, ~blind & free_small if known else free_small, elapsed_s)
        self._learn(self._coarse, coarse, ~hidden & free_large, elapsed_s)
        self._middle_level += (middle_level - self._middle_level) * (1 - float(np.exp(-elapsed_s / self._settings.learn_up_s)))
        return look

    @property
    def _age_s(self) -> float:
        return (self._last_ns - self._first_ns) / NS_PER_S

    def _lost(self, now: Floats, usual: Floats, least: float, free: Bools, by_light: float) -> tuple[Bools, Bools]:
        """Which cells lost their contrast, beyond what the whole picture lost by its exposure; and which had any."""
        had = np.asarray((usual > least) & free, np.bool_)
        if not had.any():
            return had, had
        left = now / np.maximum(usual, 1e-3)
        common = float(np.clip(max(at_share(left[had], 0.75), by_light), 0.05, 1.0))
        return np.asarray(had & (left < self._settings.lost_ratio * common), np.bool_), had

    def _told(self, blind: Bools, hidden: Bools, fine_had: Bools, coarse_had: Bools) -> LensLook:
        settings = self._settings
        fine_count, coarse_count = int(np.count_nonzero(fine_had)), int(np.count_nonzero(coarse_had))
        can_hide = self._age_s >= settings.warm_s and coarse_count >= settings.least_cells_count
        hidden_ratio = _largest_piece(hidden, ~coarse_had) / coarse_count if can_hide else None
        blind_ratio = float(np.count_nonzero(blind)) / max(fine_count, 1)
        can_spot = self._age_s >= settings.know_s and fine_count >= settings.least_small_cells_count and blind_ratio < 0.5
        if not can_spot or (hidden_ratio or 0.0) > settings.occluded_ratio:
            return LensLook(hidden_ratio, coarse_count)
        self._spots.append((self._last_ns, blind))
        stuck_ratio = float(np.count_nonzero(self._blind_s >= settings.dirt_s)) / fine_count
        return LensLook(hidden_ratio, coarse_count, blind_ratio, stuck_ratio, fine_count, _pieces(blind), self._turnover(blind, self._last_ns))

    def _turnover(self, blind: Bools, time_ns: int) -> float | None:
        """Share of the spots, then and now together, that are new or gone."""
        old = [spots for when_ns, spots in self._spots if time_ns - when_ns >= self._settings.turnover_s * NS_PER_S]
        if not old:
            return None
        either = np.count_nonzero(blind | old[-1])
        return float(np.count_nonzero(blind ^ old[-1]) / either) if either else 0.0

    def _learn(self, usual: Floats, now: Floats, which: Bools, elapsed_s: float) -> None:
        down, up = (np.float32(1 - math.exp(-elapsed_s / over_s)) for over_s in (self._settings.learn_down_s, self._settings.learn_up_s))
        usual += which * (now - usual) * np.where(now < usual, down, up)


def _fine_texture(still: Pixels) -> Floats:
    """Contrast of the finest detail in cells of 10 px, in grey levels, less the noise of the emptiest cells."""
    rows, columns = (max(1, side // _SMALL_PX) for side in still.shape)
    level = still[: rows * _SMALL_PX, : columns * _SMALL_PX].astype(np.float32)
    fine = cv2.subtract(level, cv2.GaussianBlur(level, (3, 3), 0.8), dst=level)
    power = np.atleast_2d(cv2.resize(cv2.multiply(fine, fine, dst=fine), (columns, rows), interpolation=cv2.INTER_AREA))
    return np.asarray(np.sqrt(np.maximum(power - at_share(power, 0.02), 0)), np.float32)


def _coarse_texture(still: Pixels) -> Floats:
    """Contrast at a quarter of the size in cells of 20 px, in grey levels: blur of the whole picture hardly touches it."""
    rows, columns = cells_in(*still.shape)
    whole = still[: rows * CELL_PX, : columns * CELL_PX]
    size = (max(1, whole.shape[1] // 4), max(1, whole.shape[0] // 4))
    quarter = cv2.resize(whole, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    band = cv2.subtract(cv2.GaussianBlur(quarter, (3, 3), 0.8), cv2.blur(quarter, (15, 15)))
    return np.asarray(np.sqrt(np.atleast_2d(cv2.resize(cv2.multiply(band, band), (columns, rows), interpolation=cv2.INTER_AREA))), np.float32)


def _cells_free_of(box_px: Floats | None, shape: tuple[int, ...], side_px: int) -> Bools:
    free = np.ones(shape, np.bool_)
    for left, top, right, bottom in np.asarray(box_px) / side_px if box_px is not None else ():
        free[max(0, int(top)) : max(0, int(np.ceil(bottom))), max(0, int(left)) : max(0, int(np.ceil(right)))] = False
    return free


def _pieces(cells: Bools) -> int:
    """How many connected pieces."""
    return int(cv2.connectedComponents(cells.astype(np.uint8), connectivity=8)[0]) - 1


def _largest_piece(cells: Bools, between: Bools) -> int:
    """How many of the cells lie in the largest connected piece; cells `between` that nobody can judge connect them."""
    _, label = cv2.connectedComponents((cells | between).astype(np.uint8), connectivity=8)
    return int(np.bincount(label[cells], minlength=1).max())
