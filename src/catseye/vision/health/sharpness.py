"""How sharp the picture is, in pixels of the native picture: as the sigma of a Gaussian that would blur a sharp picture as much.

The strength of the finest detail against that of detail four times as coarse, in the cells that have the most of the latter. Less contrast, less light
and noise (the finest detail of the emptiest cells) leave it alone: over 25 road clips of 320 to 1920 px the measure lies between -1.4 and -3.0
(log2 of the ratio of amplitudes), and Gaussians of 1, 2 and 4 px bring it to -3.5 ± 0.3, -4.8 ± 0.2 and -5.9 ± 0.3.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from catseye.core.arrays import Floats, Pixels
from catseye.core.time import NS_PER_S
from catseye.vision.health.view import at_share

WINDOW_PX = (480, 360)
_CELLS_ACROSS_COUNT = 12
_LEAST_CONTRAST = 2.0  # grey levels of coarse detail a cell must have
_LEAST_CELLS_COUNT = 6
_RATIOS, _SIGMAS_PX = (-6.0, -5.4, -4.8, -3.5, -2.2), (4.0, 3.0, 2.0, 1.0, 0.0)  # measured, falling


@dataclass(frozen=True, slots=True)
class SharpnessSettings:
    """Below `floor_ratio` (log2) any picture is blurred; below `soft_ratio` one that has lost `lost_ratio` against what the camera usually shows."""

    floor_ratio: float = -4.3
    soft_ratio: float = -3.6
    lost_ratio: float = 1.4
    learn_sharper_s: float = 5.0
    learn_softer_s: float = 1200.0


class Sharpness:
    """Watches how sharp one camera is against itself."""

    def __init__(self, settings: SharpnessSettings | None = None) -> None:
        """Nothing known yet."""
        self._settings = settings or SharpnessSettings()
        self._work: Floats = np.empty((2, 0, 0), np.float32)
        self.forget()

    def forget(self) -> None:
        """Another view: learn anew."""
        self._usual_ratio: float | None = None
        self._last_ns = 0
        self.now_ratio: float | None = None

    @property
    def sigma_px(self) -> float:
        """The blur now, as a Gaussian's sigma in native px; about a quarter of it is doubt."""
        return blur_sigma_px(self.now_ratio) if self.now_ratio is not None else 0.0

    def see(self, grey: Pixels, time_ns: int) -> bool | None:
        """Whether the picture, grey in its native size or a window of it, is blurred; None where there is too little to go by."""
        if self._work.shape[1:] != grey.shape:
            self._work = np.empty((2, *grey.shape), np.float32)
        now = self.now_ratio = sharpness_ratio(grey, self._work)
        if now is None:
            return None
        usual, settings = self._usual_ratio if self._usual_ratio is not None else now, self._settings
        is_blurred = now < settings.floor_ratio or (now < settings.soft_ratio and now < usual - settings.lost_ratio)
        elapsed_s, self._last_ns = max((time_ns - self._last_ns) / NS_PER_S, 0.0), time_ns
        if not is_blurred:
            over_s = settings.learn_sharper_s if now > usual else settings.learn_softer_s
            self._usual_ratio = usual + (now - usual) * (1 - math.exp(-elapsed_s / over_s))
        return is_blurred


def sharpness_ratio(grey: Pixels, work: Floats | None = None) -> float | None:
    """log2 of fine against coarse detail in the cells with the most coarse detail, grey uint8 (h, w); None without enough such cells.

    `work` (2, h, w) is written over: memory asked for anew every time costs more than the arithmetic.
    """
    rows_px, columns_px = grey.shape
    if min(rows_px, columns_px) < 64:
        return None
    columns = _CELLS_ACROSS_COUNT
    rows = max(1, round(columns * rows_px / columns_px))
    level, power = work if work is not None else np.empty((2, rows_px, columns_px), np.float32)
    np.copyto(level, grey)
    cv2.GaussianBlur(level, (3, 3), 0.8, dst=power)
    cv2.subtract(level, power, dst=power)
    cv2.multiply(power, power, dst=power)
    quarter = cv2.resize(grey, (columns_px // 4, rows_px // 4), interpolation=cv2.INTER_AREA).astype(np.float32)
    coarse = cv2.subtract(quarter, cv2.blur(quarter, (7, 7)))
    cv2.multiply(coarse, coarse, dst=coarse)
    fine_power, coarse_power = (np.asarray(cv2.resize(each, (columns, rows), interpolation=cv2.INTER_AREA)).ravel() for each in (power, coarse))
    noise_power = at_share(fine_power, 0.1)
    strong = coarse_power >= max(at_share(coarse_power, 0.6), _LEAST_CONTRAST**2)
    if np.count_nonzero(strong) < _LEAST_CELLS_COUNT:
        return None
    power_ratio = np.maximum(fine_power[strong] - noise_power, 1e-6) / coarse_power[strong]
    return 0.5 * math.log2(at_share(power_ratio, 0.5))


def blur_sigma_px(ratio: float) -> float:
    """Sigma of the Gaussian, in px, that takes a sharp picture to this ratio; 4 at most.

    >>> blur_sigma_px(-4.8), blur_sigma_px(-1.5)
    (2.0, 0.0)
    """
    return float(np.interp(ratio, _RATIOS, _SIGMAS_PX))
