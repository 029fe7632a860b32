"""Worse copies of a clip, made in memory: what a poor camera, a dark street or a starved link would have left of it. Nothing is kept.

Each is a function of one picture, uint8 (h, w, 3), and a generator of chance; `DegradedSource` plays a clip through one of them.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np

from catseye.core.arrays import Pixels
from catseye.core.picture import RawFrame
from catseye.core.sockets import Source, SourceNotice
from catseye.core.time import NS_PER_S
from catseye.station.demo.encode import encode_h264
from catseye.vision.sources import open_source

Damage: TypeAlias = Callable[[Pixels, np.random.Generator], Pixels]


def as_it_is(rgb: Pixels, chance: np.random.Generator) -> Pixels:
    """The clip itself."""
    del chance
    return rgb


def smaller(rgb: Pixels, chance: np.random.Generator) -> Pixels:
    """352×288, whatever the shape was."""
    del chance
    return np.asarray(cv2.resize(rgb, (352, 288), interpolation=cv2.INTER_AREA), np.uint8)


def noisy(rgb: Pixels, chance: np.random.Generator) -> Pixels:
    """Noise of 40 grey levels, one sigma, new in every pixel and channel."""
    return np.clip(rgb + chance.normal(0, 40, rgb.shape), 0, 255).astype(np.uint8)


def dark(rgb: Pixels, chance: np.random.Generator) -> Pixels:
    """0.35 of the light, and the noise of a camera that struggles."""
    return np.clip(rgb * 0.35 + chance.normal(0, 6, rgb.shape), 0, 255).astype(np.uint8)


def blurred(rgb: Pixels, chance: np.random.Generator) -> Pixels:
    """Out of focus: one sigma is 0.4 % of the width."""
    del chance
    return np.asarray(cv2.GaussianBlur(rgb, (0, 0), rgb.shape[1] / 256), np.uint8)


def at_night(rgb: Pixels, chance: np.random.Generator) -> Pixels:
    """Shadows crushed (gamma 2.2), noise."""
    lookup = (255 * (np.arange(256) / 255) ** 2.2).astype(np.float32)
    return np.clip(lookup[rgb] + chance.normal(0, 6, rgb.shape), 0, 255).astype(np.uint8)


def faint_and_small(rgb: Pixels, chance: np.random.Generator) -> Pixels:
    """352×288, half the light, noise of 12 grey levels."""
    return np.clip(smaller(rgb, chance) * 0.5 + chance.normal(0, 12, (288, 352, 3)), 0, 255).astype(np.uint8)


class DegradedSource:
    """A source whose every picture went through `damage`; the same each time it is played."""

    is_live = False

    def __init__(self, source: Source, damage: Damage, seed: int = 7) -> None:
        self.camera, self.duration_s = source.camera, source.duration_s
        self._source, self._damage, self._seed = source, damage, seed

    def __iter__(self) -> Iterator[RawFrame | SourceNotice]:
        """Notices as they are."""
        for item in self._source:
            yield item if isinstance(item, SourceNotice) else self._worse(item)

    def close(self) -> None:
        """Close what it reads."""
        self._source.close()

    def _worse(self, frame: RawFrame) -> RawFrame:
        rgb = self._damage(frame.rgb(frame.width_px, frame.height_px), np.random.default_rng([self._seed, frame.index]))
        return frame_of(rgb, frame)


def frame_of(rgb: Pixels, frame: RawFrame) -> RawFrame:
    """`frame` with other pixels, perhaps of another size."""

    def convert(width_px: int, height_px: int, form: str) -> Pixels:
        same = (width_px, height_px) == (rgb.shape[1], rgb.shape[0])
        sized = rgb if same else np.asarray(cv2.resize(rgb, (width_px, height_px), interpolation=cv2.INTER_AREA), np.uint8)
        return sized if form == "rgb24" else np.asarray(cv2.cvtColor(sized, cv2.COLOR_RGB2GRAY), np.uint8)

    return replace(frame, width_px=rgb.shape[1], height_px=rgb.shape[0], convert=convert, _made={})


@contextmanager
def starved(source: Source, damage: Damage = as_it_is, quality_crf: int = 38) -> Iterator[Source]:
    """The clip through H.264 at `quality_crf` (38: a link of a few hundred kbit/s), in a folder that is gone afterwards."""
    worse = DegradedSource(source, damage)
    frames = [item for item in worse if isinstance(item, RawFrame)]
    size_px = (frames[0].width_px, frames[0].height_px)
    fps = (len(frames) - 1) / max((frames[-1].time_ns - frames[0].time_ns) / NS_PER_S, 1e-9)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "starved.mp4"
        encode_h264(path, ((frame.time_ns / NS_PER_S, frame.rgb(*size_px)) for frame in frames), size_px, fps, quality_crf=quality_crf)
        again = open_source(str(path))
        try:
            yield again
        finally:
            again.close()


DAMAGES: Mapping[str, Damage] = {
    "as it is": as_it_is,
    "352×288": smaller,
    "noise of 40": noisy,
    "0.35 of the light": dark,
    "blurred": blurred,
    "gamma 2.2, noise": at_night,
    "352×288, half the light, noise": faint_and_small,
}
STARVED: Sequence[tuple[str, Damage]] = (("H.264 at crf 38", as_it_is), ("352×288, H.264 at crf 38", smaller))
