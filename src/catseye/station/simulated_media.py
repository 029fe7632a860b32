"""What simulated terminals show: a road drawn by arithmetic, as one JPEG and as a short H.264 clip. Nobody is in it."""

import io
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from PIL import Image

from catseye.core.arrays import Pixels
from catseye.fleet.simulate.live import EncodedPicture
from catseye.fleet.simulate.network import Media

SIZE_PX = (352, 288)
FPS = 12.5
_FRAMES_COUNT, _KEY_EVERY = 50, 25


def drawn_media() -> Media:
    """A picture, a clip as a file, and the same clip picture by picture."""
    frames = list(_frames())
    picture = io.BytesIO()
    Image.fromarray(frames[0]).save(picture, "JPEG", quality=70)
    pictures = _encoded(frames)
    return Media(picture.getvalue(), b"".join(each.payload for each in pictures), pictures, FPS)


def _frames() -> Iterator[Pixels]:
    """A grey road to the horizon, lane marks that come nearer, and the back of a lorry that does."""
    width, height = SIZE_PX
    rows, columns = np.mgrid[0:height, 0:width]
    horizon = height // 3
    depth = np.maximum(rows - horizon, 1) / (height - horizon)
    is_road = (rows > horizon) & (np.abs(columns - width / 2) < depth * width * 0.55)
    for index in range(_FRAMES_COUNT):
        rgb = np.empty((height, width, 3), np.uint8)
        rgb[...] = np.where((rows <= horizon)[..., None], (150, 180, 210), (90, 120, 80))
        rgb[is_road] = (85, 85, 90)
        is_mark = is_road & (np.abs(columns - width / 2) < 2 + depth * 4) & (((1 / depth) * 3 + index * 0.4) % 2 < 1)
        rgb[is_mark] = (230, 230, 225)
        half = 20 + index // 2
        top, bottom = horizon + 60 - half, horizon + 60 + half // 2
        rgb[top:bottom, width // 2 - half : width // 2 + half] = (60, 70, 130)
        rgb[bottom - 6 : bottom, width // 2 - half : width // 2 + half] = (190, 30, 30) if index % 25 > 12 else (90, 20, 20)
        yield rgb


def _encoded(frames: list[Pixels]) -> list[EncodedPicture]:
    """H.264 as terminals send it: parameter sets before every key picture, no picture that needs a later one."""
    codec = av.CodecContext.create("libx264", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height = SIZE_PX
    codec.pix_fmt, codec.framerate = "yuv420p", Fraction(FPS)
    codec.options = {"preset": "veryfast", "tune": "zerolatency", "g": str(_KEY_EVERY), "threads": "1", "x264-params": "repeat-headers=1:annexb=1"}
    packets = [packet for frame in frames for packet in codec.encode(av.VideoFrame.from_ndarray(frame, format="rgb24"))] + list(codec.encode(None))
    return [EncodedPicture(packet.is_keyframe, bytes(packet)) for packet in packets]
