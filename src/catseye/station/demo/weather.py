"""Rain in front of the lens, fog over the street."""

import cv2
import numpy as np

from catseye.core.arrays import Doubles, Floats, Pixels

FOG = np.array([196.0, 202.0, 206.0])
DROPS_PER_MPX = 1500.0


def veil_ratio(away_m: Doubles | Floats | float, fog_m: float) -> Doubles:
    """Share of what one sees at this distance that is fog: 95 % at `fog_m` (Koschmieder's law)."""
    return np.asarray(1 - np.exp(-3 * np.asarray(away_m, np.float64) / fog_m)) if fog_m else np.zeros(np.shape(away_m))


def streaks(size_px: tuple[int, int], rain_ratio: float, rng: np.random.Generator) -> Pixels:
    """Drops as they fall through one exposure, uint8 (h, w): a few near ones long and broad, many far ones short and thin."""
    width, height = size_px
    layer = np.zeros((height, width), np.uint8)
    size = width / 352
    count = int(DROPS_PER_MPX * rain_ratio * width * height / 1e6 * 4 / max(1.0, size))
    near = rng.random(count) ** 4
    x, y = rng.uniform(-10, width + 10, count), rng.uniform(-20, height, count)
    long_px, slant = (4 + 26 * near) * size, rng.normal(0.14, 0.03, count)
    for n in range(count):
        begin = round(x[n] * 16), round(y[n] * 16)
        end = round((x[n] + slant[n] * long_px[n]) * 16), round((y[n] + long_px[n]) * 16)
        cv2.line(layer, begin, end, int(40 + 90 * near[n]), 1 + round(1.4 * near[n] * size), cv2.LINE_AA, 4)
    return np.asarray(cv2.blur(layer, (1, 3)), np.uint8)


def rained_on(picture: Floats, rain_ratio: float, rng: np.random.Generator) -> Floats:
    """The picture behind falling rain: paler, and every streak takes its light from what is around it."""
    height, width = picture.shape[:2]
    drops = streaks((width, height), rain_ratio, rng).astype(np.float32)[..., None] / 255
    around = cv2.GaussianBlur(picture, (0, 0), width / 25)
    flat = picture * (1 - 0.18 * rain_ratio) + around * (0.18 * rain_ratio)
    return np.asarray(flat + drops * (0.5 * around + 34), np.float32)
