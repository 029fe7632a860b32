"""Redacted copies leave for the disk here: a video and stills, made of `RedactedPicture`s and of nothing else."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, BinaryIO

import av
import cv2
import numpy as np
from av.video.frame import PictureType

from catseye.core.arrays import Floats, Pixels
from catseye.core.picture import RedactedPicture
from catseye.core.time import NS_PER_S

CLOCK_HZ = 90_000
VIDEO_TYPE, STILL_TYPE = "video/mp4", "image/jpeg"
# As in the demo: fast, and good enough to see what happened. What may be looked at more closely is the original.
ENCODER_OPTIONS = {"preset": "veryfast", "crf": "23", "threads": "1"}
_COLOURS = {"x264-params": "colormatrix=smpte170m:colorprim=smpte170m:transfer=smpte170m:fullrange=off"}  # what OpenCV's conversion makes
_KEYFRAME_EVERY_S = 2
_JPEG_PERCENT = 90
_BAR_RATIO, _LEAST_BAR_PX = 0.05, 22
_INK_RGB, _BAR_RGB = (235, 235, 235), (0, 0, 0)
_MARK_RGB, _OTHER_RGB, _EDGE_RGB = (255, 193, 77), (235, 235, 235), (16, 16, 16)  # a light line in a dark one is seen on any street
_ARM_RATIO, _LEAST_ARM_PX, _LEAST_LINE_PX, _PX_A_LINE = 0.25, 6, 2, 360


class CopyVideo:
    """An H.264 video (mp4) in an open file, every picture at its own time. Close it, or leave it: what is half done has no name yet."""

    def __init__(self, file: BinaryIO, size_px: tuple[int, int], nominal_fps: Fraction) -> None:
        """The size is (width, height), both even; `nominal_fps` is only what the header says."""
        self._video = av.open(file, "w", format="mp4", options={"video_track_timescale": str(CLOCK_HZ)})
        self._lane: Any = self._video.add_stream("libx264", rate=nominal_fps)
        self._lane.width, self._lane.height = size_px
        self._lane.pix_fmt = "yuv420p"
        self._lane.codec_context.time_base = Fraction(1, CLOCK_HZ)
        self._lane.options = {**ENCODER_OPTIONS, **_COLOURS, "g": str(max(1, round(nominal_fps * _KEYFRAME_EVERY_S)))}
        self._shown = -1

    def write(self, picture: RedactedPicture) -> None:
        """The next picture, at its time; a tick later where two come at one."""
        refuse_raw(picture)
        # OpenCV's conversion costs 1 ms at 1920×1080, libav's by way of an RGB frame 10, and so the whole copy half as much again.
        frame = av.VideoFrame.from_ndarray(np.asarray(cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2YUV_I420), np.uint8), format="yuv420p")
        self._shown = max(self._shown + 1, (picture.time_ns * CLOCK_HZ + NS_PER_S // 2) // NS_PER_S)
        frame.pts, frame.time_base = self._shown, Fraction(1, CLOCK_HZ)
        self._video.mux(self._lane.encode(frame))

    def close(self) -> None:
        """Make it whole."""
        self._video.mux(self._lane.encode(None))
        self._video.close()


class LiveFragments:
    """Fragmented MP4 in memory: what begins the stream, and parts of it that can be played one after the other. Nothing of it has a path."""

    def __init__(self, size_px: tuple[int, int], fragment_s: float = 2.0) -> None:
        """The size is (width, height), both even; a fragment begins with a key frame, and is `fragment_s` long or a picture more."""
        self._sink = _Sink()
        options = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "video_track_timescale": str(CLOCK_HZ)}
        self._video = av.open(self._sink, "w", format="mp4", options=options)
        self._lane: Any = self._video.add_stream("libx264", rate=25)
        self._lane.width, self._lane.height = size_px
        self._lane.pix_fmt = "yuv420p"
        self._lane.codec_context.time_base = Fraction(1, CLOCK_HZ)
        self._lane.options = {**ENCODER_OPTIONS, **_COLOURS, "preset": "ultrafast", "tune": "zerolatency", "g": "250"}
        self._size_px, self._fragment_ns, self._key_ns, self._shown = size_px, round(fragment_s * NS_PER_S), -1, -1

    def write(self, picture: RedactedPicture) -> list[bytes]:
        """The next picture; what became whole by it: the beginning (`ftyp`, `moov`) first of all, then fragments. ValueError for another size."""
        refuse_raw(picture)
        if picture.rgb.shape[1::-1] != self._size_px:
            raise ValueError(f"live video: a picture of {picture.rgb.shape[1::-1]}; wanted {self._size_px}")
        frame = av.VideoFrame.from_ndarray(np.asarray(cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2YUV_I420), np.uint8), format="yuv420p")
        self._shown = max(self._shown + 1, (picture.time_ns * CLOCK_HZ + NS_PER_S // 2) // NS_PER_S)
        frame.pts, frame.time_base = self._shown, Fraction(1, CLOCK_HZ)
        if self._key_ns < 0 or picture.time_ns - self._key_ns >= self._fragment_ns:
            frame.pict_type, self._key_ns = PictureType.I, picture.time_ns
        self._video.mux(self._lane.encode(frame))
        return self._sink.whole()

    def close(self) -> list[bytes]:
        """The rest."""
        self._video.mux(self._lane.encode(None))
        self._video.close()
        return self._sink.whole()


class _Sink:
    """What a muxer writes, cut where it can be: behind `moov`, and behind each `mdat`. The index that ends a file is left out."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._part = bytearray()

    def write(self, content: bytes) -> int:
        self._held += content
        return len(content)

    def whole(self) -> list[bytes]:
        parts: list[bytes] = []
        while len(self._held) >= 8 and len(self._held) >= (size_bytes := int.from_bytes(self._held[:4])) >= 8:
            box, name = bytes(self._held[:size_bytes]), bytes(self._held[4:8])
            del self._held[:size_bytes]
            self._part += b"" if name == b"mfra" else box
            if name in (b"moov", b"mdat"):
                parts.append(bytes(self._part))
                self._part.clear()
        return parts


def still_jpeg(picture: RedactedPicture, words: str, marked_px: Sequence[Floats] = ()) -> bytes:
    """The picture as JPEG with a line of words in a black bar below it, and corner brackets around the boxes that are pointed out, the first in colour.

    Brackets stand outside their box, on top of what is filled: they show nothing, and cover next to nothing.
    """
    refuse_raw(picture)
    height, width = picture.rgb.shape[:2]
    bar_px = max(_LEAST_BAR_PX, round(height * _BAR_RATIO))
    canvas = np.full((height + bar_px, width, 3), _BAR_RGB, np.uint8)
    canvas[:height] = picture.rgb
    for box_px, colour in reversed([*zip(marked_px, (_MARK_RGB, *[_OTHER_RGB] * len(marked_px)), strict=False)]):
        _bracket(canvas[:height], box_px, colour)
    size = bar_px / 40
    (text_px, _), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    size *= min(1.0, (width - 12) / max(text_px, 1))
    cv2.putText(canvas, words, (6, height + round(bar_px * 0.7)), cv2.FONT_HERSHEY_SIMPLEX, size, _INK_RGB, max(1, round(size * 1.5)), cv2.LINE_AA)
    return bytes(cv2.imencode(".jpg", cv2.cvtColor(canvas, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_PERCENT])[1])


def _bracket(rgb: Pixels, box_px: Floats, colour: tuple[int, int, int]) -> None:
    line_px = max(_LEAST_LINE_PX, rgb.shape[0] // _PX_A_LINE)
    limits = np.array([rgb.shape[1], rgb.shape[0]] * 2) - 1 - line_px
    left, top, right, bottom = np.clip(np.rint(box_px + line_px * np.array([-2, -2, 2, 2])), line_px, limits).astype(int).tolist()
    arm = max(_LEAST_ARM_PX, round(min(right - left, bottom - top) * _ARM_RATIO))
    corners = [(left, top, arm, arm), (right, top, -arm, arm), (right, bottom, -arm, -arm), (left, bottom, arm, -arm)]
    ways = [np.array([(x + along, y), (x, y), (x, y + down)], np.int32) for x, y, along, down in corners]
    for tone, thickness_px in ((_EDGE_RGB, line_px + 2), (colour, line_px)):
        cv2.polylines(rgb, ways, False, tone, thickness_px, cv2.LINE_8)


def refuse_raw(picture: object) -> None:
    """TypeError for anything but a RedactedPicture."""
    if type(picture) is not RedactedPicture:
        raise TypeError(f"redacted copy: a {type(picture).__name__} came; wanted a RedactedPicture: nothing else may be shown")
