"""Drawn signal heads: small, by day or in the dark, with glare, noise, or something before them."""

import cv2
import numpy as np

from catseye.core.arrays import Pixels
from catseye.core.signal import Lamp

LIT = {Lamp.RED: (255, 48, 40), Lamp.AMBER: (255, 176, 40), Lamp.GREEN: (40, 230, 160)}
PLACE = {Lamp.RED: 0, Lamp.AMBER: 1, Lamp.GREEN: 2}
DAY, NIGHT = (132, 130, 124), (18, 16, 12)
FINE = 8


def draw_head(
    rgb: Pixels,
    box_px: tuple[int, int, int, int],
    lamp: Lamp,
    *,
    glare_px: float = 0.0,
    light_ratio: float = 1.0,
    noise: float = 0.0,
    seed: int = 7,
    mono: bool = False,
) -> Pixels:
    """The picture with a black head in `box_px` (lying, if wider than high) whose one lens burns.

    `glare_px` is one sigma of a halo that burns the core white.
    """
    left, top, right, bottom = box_px
    wide, high = right - left, bottom - top
    fine = cv2.resize(rgb, None, fx=FINE, fy=FINE, interpolation=cv2.INTER_NEAREST).astype(np.float32)
    cv2.rectangle(fine, (left * FINE, top * FINE), (right * FINE - 1, bottom * FINE - 1), (26, 29, 28), -1)
    lies = wide > high
    for place in range(3):
        along = (place + 0.5) / 3
        at = (left + wide * along, (top + bottom) / 2) if lies else ((left + right) / 2, top + high * along)
        centre, radius = (round(at[0] * FINE), round(at[1] * FINE)), round(0.4 * FINE * min(wide, high, max(wide, high) / 3))
        is_lit = lamp is not Lamp.UNKNOWN and PLACE[lamp] == place
        cv2.circle(fine, centre, radius, LIT[lamp] if is_lit else (40, 36, 34), -1)
        if is_lit and glare_px:
            halo = np.zeros(fine.shape[:2], np.float32)
            cv2.circle(halo, centre, radius, 1.0, -1)
            halo = cv2.GaussianBlur(halo, (0, 0), glare_px * FINE) * 2.5
            fine += halo[..., None] * (np.array(LIT[lamp], np.float32) + 30)
    small = cv2.resize(fine, (rgb.shape[1], rgb.shape[0]), interpolation=cv2.INTER_AREA) * light_ratio
    small = small + np.random.default_rng(seed).normal(0, noise, small.shape if not mono else (*small.shape[:2], 1))
    if mono:
        small = np.repeat(small.mean(2, keepdims=True), 3, axis=2)
    return np.clip(small, 0, 255).astype(np.uint8)


def scene(surround: tuple[int, int, int] = DAY, size_px: tuple[int, int] = (64, 64)) -> Pixels:
    """An even street, uint8 (h, w, 3)."""
    return np.full((size_px[1], size_px[0], 3), surround, np.uint8)
