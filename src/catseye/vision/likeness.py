"""How a picture looks, in 64 bits: two of one scene, whatever was done to the file, differ in few of them. It tells pictures apart, never people.

pHash (Zauner 2010): luma, shrunk to 32×32, the 8×8 lowest cosines but the mean, each above or below their median. Besides the whole, four corners that
leave out a little: a picture that was cropped is nearer to one of those. Figures: tests/vision/test_likeness.py, docs/reference/schemes.md.
"""

import cv2
import numpy as np

from catseye.core.arrays import Pixels

LOOKS_OF_A_PICTURE_COUNT = 6
_SIDE, _KEPT = 32, 8
_CROP_RATIO = 0.05


def looks_of(luma: Pixels) -> tuple[str, ...]:
    """Hashes of a picture, uint8 (h, w): 16 hex digits each, of the whole first, then of what is left when it is cropped in the middle or at two sides."""
    height, width = luma.shape
    dx, dy = round(width * _CROP_RATIO), round(height * _CROP_RATIO)
    parts = [luma]
    if min(height, width) >= 2 * _SIDE:
        half_x, half_y = dx // 2, dy // 2
        parts.append(luma[half_y : height - half_y, half_x : width - half_x])
        parts += [luma[top : height - dy + top, left : width - dx + left] for top in (0, dy) for left in (0, dx)]
    return tuple(dict.fromkeys(look_of(part) for part in parts))


def look_of(luma: Pixels) -> str:
    """The hash of one picture as it is."""
    small = cv2.resize(np.ascontiguousarray(luma), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = np.asarray(cv2.dct(small))[:_KEPT, :_KEPT].ravel()
    bits = low > np.median(low[1:])
    bits[0] = False  # the mean says how bright it is, and nothing of what it shows
    return np.packbits(bits).tobytes().hex()
