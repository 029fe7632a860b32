"""Pictures from inside a cab: the driver fills much of them, so a picture in which no head of that size was found is not believed to show none."""

from collections.abc import Sequence

from catseye.core.arrays import Floats
from catseye.vision.redact import Fill
from catseye.vision.redact_regions import HEAD

LEAST_HEAD_RATIO = 0.015  # of the picture's area: a head a ninth as high as the picture, as far off as a driver ever sits
DRIVER_CHANNEL = 65  # T/JSATL 12: the camera that watches the driver (DSM)


def shows_a_head(fills: Sequence[Fill], faces_px: Floats | None, size_px: tuple[int, int]) -> bool:
    """Whether a head as large as a driver's was found and is filled: a person's by the road users' network, or a face.

    `fills` of the picture of this size (width, height); `faces_px` (k, 4) what a face detector found in it, None where none looked.
    """
    heads = [fill.box_px for fill in fills if fill.why == HEAD]
    heads += [] if faces_px is None else [(left, top, right, bottom) for left, top, right, bottom in faces_px.tolist()]
    return any(_area_ratio(box_px, size_px) >= LEAST_HEAD_RATIO for box_px in heads)


def _area_ratio(box_px: tuple[float, float, float, float], size_px: tuple[int, int]) -> float:
    """What a box covers of the picture."""
    width_px, height_px = size_px
    left, top, right, bottom = max(box_px[0], 0.0), max(box_px[1], 0.0), min(box_px[2], width_px), min(box_px[3], height_px)
    return max(right - left, 0.0) * max(bottom - top, 0.0) / (width_px * height_px)
