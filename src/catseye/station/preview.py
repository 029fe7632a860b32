"""The preview video, and stills for a page: pictures leave for the disk here and in the vault only, and every one was redacted."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import cv2
import numpy as np

from catseye.core.arrays import Pixels
from catseye.core.errors import StoreError
from catseye.core.picture import RedactedPicture
from catseye.core.time import NS_PER_MS
from catseye.station.drawing import Pen, Scene
from catseye.vault.files import whole_file

_TICK = Fraction(1, 1000)
_QUALITY_CRF = 30
_KEYFRAME_EVERY_COUNT = 25
_JPEG_PERCENT = 84


class PreviewFile:
    """An H.264 video (mp4) with real timestamps. It appears under its name when closed; what a killed process leaves beside it can still be played.

    StoreError when the disk says no. One thread only.
    """

    def __init__(self, path: Path, size_px: tuple[int, int]) -> None:
        """The size is (width, height), both even."""
        self._size_px = size_px
        self._pen = Pen(size_px)
        self._shown_ms = -1
        self._is_open = True
        self._stack = ExitStack()
        self._file = self._stack.enter_context(whole_file(path, str(os.getpid())))
        options = {"movflags": "hybrid_fragmented", "use_editlist": "1", "video_track_timescale": "1000"}
        self._video = av.open(self._file, "w", format="mp4", options=options)
        self._stream: Any = self._video.add_stream("libx264", rate=5)
        self._stream.width, self._stream.height = size_px
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = _TICK
        self._stream.options = {"preset": "ultrafast", "crf": str(_QUALITY_CRF), "g": str(_KEYFRAME_EVERY_COUNT), "bf": "0", "threads": "1"}

    def __enter__(self) -> Self:
        """The file itself; it closes at the end of the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Whole if the block went well, else nothing at all."""
        self._end(error)

    def write(self, picture: RedactedPicture, scene: Scene) -> None:
        """Show the picture with the scene drawn over it at `scene.time_ns`; times that do not ascend by a millisecond are passed over."""
        if type(picture) is not RedactedPicture:
            raise TypeError(f"preview: a {type(picture).__name__} came; wanted a RedactedPicture: nothing else may be shown")
        shown_ms = scene.time_ns // NS_PER_MS
        if shown_ms <= self._shown_ms:
            return
        self._shown_ms = shown_ms
        rgb = on_canvas(picture.rgb, self._size_px)
        self._pen.draw(rgb, scene)
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
        frame.pts, frame.time_base = shown_ms, _TICK
        self._mux(frame)

    def close(self) -> None:
        """Make the file whole and give it its name; idempotent."""
        self._end(None)

    def _mux(self, frame: av.VideoFrame | None) -> None:
        try:
            self._video.mux(self._stream.encode(frame))
        except OSError as fault:
            self._end(fault)

    def _end(self, error: BaseException | None) -> None:
        if not self._is_open:
            return
        self._is_open = False
        if error is None:
            try:
                self._video.mux(self._stream.encode(None))
                self._video.close()
            except OSError as fault:
                error = fault
        self._stack.__exit__(type(error) if error else None, error, error.__traceback__ if error else None)


def write_drawn(path: Path, picture: RedactedPicture, draw: Callable[[Pixels], Pixels]) -> None:
    """PNG of what `draw` makes of a copy of the picture's pixels; TypeError for anything but a RedactedPicture, StoreError when the disk says no."""
    if type(picture) is not RedactedPicture:
        raise TypeError(f"drawing: a {type(picture).__name__} came; wanted a RedactedPicture: nothing else may be shown")
    drawn = cv2.cvtColor(draw(picture.rgb.copy()), cv2.COLOR_RGB2BGR)
    with whole_file(path, str(os.getpid())) as file:
        file.write(bytes(cv2.imencode(".png", drawn)[1]))


def on_canvas(rgb: Pixels, size_px: tuple[int, int]) -> Pixels:
    """A copy of the picture in the middle of a dark canvas (width, height) that is at least as large; larger pictures are cut."""
    height, width = min(rgb.shape[0], size_px[1]), min(rgb.shape[1], size_px[0])
    if (width, height) == size_px:
        return rgb[:height, :width].copy()
    canvas = np.full((size_px[1], size_px[0], 3), 16, np.uint8)
    top, left = (size_px[1] - height) // 2, (size_px[0] - width) // 2
    canvas[top : top + height, left : left + width] = rgb[:height, :width]
    return canvas


def fitted_px(width_px: int, height_px: int, most_px: int) -> tuple[int, int]:
    """(width, height) of the same shape, the longer side at most `most_px`, both even, never enlarged.

    >>> fitted_px(1920, 1080, 640), fitted_px(353, 289, 640), fitted_px(1, 4000, 640)
    ((640, 360), (352, 288), (2, 640))
    """
    scale = min(1.0, most_px / max(width_px, height_px))
    return max(2, int(width_px * scale + 0.5) // 2 * 2), max(2, int(height_px * scale + 0.5) // 2 * 2)


def jpeg_of_kept(still: Path) -> bytes:
    """JPEG of a picture that the vault has kept (it keeps redacted ones only); StoreError when it cannot be read."""
    pixels = cv2.imread(str(still))
    if pixels is None:
        raise StoreError(str(still), "not a picture", "a still that the vault has kept")
    return bytes(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_PERCENT])[1])
