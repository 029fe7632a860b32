"""Frames convert once a size; a redacted picture is a colour picture."""

import numpy as np
import pytest

from catseye.core.arrays import Pixels
from catseye.core.picture import RawFrame, RedactedPicture


def test_pixels_are_made_once_a_size_and_form() -> None:
    asked: list[tuple[int, int, str]] = []

    def convert(width_px: int, height_px: int, form: str) -> Pixels:
        asked.append((width_px, height_px, form))
        return np.zeros((height_px, width_px, 3)[: 3 if form == "rgb24" else 2], np.uint8)

    frame = RawFrame("cam-1", 0, 0, None, 64, 48, convert)
    assert asked == []
    assert frame.rgb(32, 24) is frame.rgb(32, 24)
    assert frame.grey(32, 24).shape == (24, 32)
    frame.rgb(16, 12)
    assert asked == [(32, 24, "rgb24"), (32, 24, "gray8"), (16, 12, "rgb24")]


@pytest.mark.parametrize("rgb", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)])
def test_what_is_no_colour_picture_is_refused(rgb: Pixels) -> None:
    with pytest.raises(ValueError, match="wanted uint8"):
        RedactedPicture("cam-1", 0, rgb, 0.0)
