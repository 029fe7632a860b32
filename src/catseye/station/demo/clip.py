"""The yardstick: any trajectories, seen by any camera, as a video file with exact truth, from pixels to km/h."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from catseye.core.arrays import Bools, Doubles, Pixels
from catseye.core.errors import SiteError
from catseye.core.time import NS_PER_S
from catseye.station.demo.camera import CameraPose
from catseye.station.demo.conditions import Conditions
from catseye.station.demo.encode import encode_h264, stored_ns
from catseye.station.demo.render import Renderer, Scenery
from catseye.station.demo.trajectories import Trajectories
from catseye.station.demo.truth import ClipTruth, FrameTruth

MOST_S, MOST_FPS = 7200.0, 240.0


@dataclass(frozen=True, slots=True)
class FrameClock:
    """When frames are taken, and which of them reach the file.

    `real_fps` is how many are taken; `nominal_fps` what the file's headers say (None: the truth); `dropped_ratio` of the frames are missing, each by chance,
    never the first; `jitter_ratio` of a frame's time is the most by which each is early or late.
    """

    real_fps: float = 25.0
    nominal_fps: float | None = None
    dropped_ratio: float = 0.0
    jitter_ratio: float = 0.0

    def __post_init__(self) -> None:
        """Refuse rates no camera has."""
        rates = (self.real_fps, self.real_fps if self.nominal_fps is None else self.nominal_fps)
        if not (all(0 < rate <= MOST_FPS for rate in rates) and 0 <= self.dropped_ratio < 1 and 0 <= self.jitter_ratio < 0.5):
            raise SiteError("frame clock", str(self), f"rates in (0, {MOST_FPS:g}], dropped_ratio in [0, 1), jitter_ratio in [0, 0.5)")

    def times_s(self, seconds_s: float, seed: int) -> tuple[Doubles, Bools]:
        """Times of all frames since the first, (n,), and which of them are kept."""
        count = max(1, round(seconds_s * self.real_fps))
        rng = np.random.default_rng([seed, 4])
        jitter = rng.uniform(-self.jitter_ratio, self.jitter_ratio, count)
        jitter[0] = 0
        kept = rng.random(count) >= self.dropped_ratio
        kept[0] = True
        return (np.arange(count) + jitter) / self.real_fps, np.asarray(kept)


def render_clip(
    path: Path,
    trajectories: Trajectories,
    camera: CameraPose,
    *,
    conditions: Conditions | None = None,
    scenery: Scenery | None = None,
    fps: float = 25.0,
    nominal_fps: float | None = None,
    dropped_ratio: float = 0.0,
    jitter_ratio: float = 0.0,
    begin_s: float | None = None,
    seconds_s: float | None = None,
    size_px: tuple[int, int] | None = None,
    seed: int = 7,
    quality_crf: int = 23,
    lamp_state: Callable[[str, float], str] | None = None,
    progress: Callable[[float], None] | None = None,
) -> ClipTruth:
    """Write an H.264 file (.mp4 or .mkv) of what `camera` sees of `trajectories`, and return what is really in it.

    The clip begins at `begin_s` of the trajectories' clock (default: their first row) and lasts `seconds_s` (to their last row).
    Frames keep their real presentation times: dropped ones leave holes, a wrong `nominal_fps` stands in the headers only.
    `size_px` scales the camera's own picture, and must have its shape.
    SiteError on a clip that cannot be meant, StoreError when the disk refuses.
    """
    clock = FrameClock(fps, nominal_fps, dropped_ratio, jitter_ratio)
    begin_s, seconds_s = _span_s(trajectories, begin_s, seconds_s)
    camera = camera if size_px is None else _resized(camera, size_px)
    times_s, kept = clock.times_s(seconds_s, seed)
    time_ns = stored_ns(path, times_s)
    shown_s = time_ns[kept] / NS_PER_S  # the file's clock has ticks: what is drawn is what was true at the tick
    renderer = Renderer(camera, trajectories, conditions=conditions, scenery=scenery, seed=seed, lamp_state=lamp_state)
    truths: list[FrameTruth] = []

    def pictures() -> Iterator[tuple[float, Pixels]]:
        for index, time_s in enumerate(shown_s.tolist()):
            rgb, truth = renderer.frame(begin_s + time_s)
            truths.append(truth)
            yield time_s, rgb
            if progress:
                progress((index + 1) / len(shown_s))

    encode_h264(path, pictures(), camera.size_px, nominal_fps or fps, quality_crf=quality_crf)
    return ClipTruth.of(time_ns[kept], time_ns[~kept], truths)


def _span_s(trajectories: Trajectories, begin_s: float | None, seconds_s: float | None) -> tuple[float, float]:
    if seconds_s is None and not len(trajectories):
        raise SiteError("clip", "no trajectories and no length", "seconds_s, or trajectories that last a while")
    begin_s = begin_s if begin_s is not None else float(trajectories.time_s.min()) if len(trajectories) else 0.0
    seconds_s = float(trajectories.time_s.max()) - begin_s if seconds_s is None else seconds_s
    if not 0 < seconds_s <= MOST_S:
        raise SiteError("clip", f"{seconds_s} s", f"more than 0 and at most {MOST_S:g} s")
    return begin_s, seconds_s


def _resized(camera: CameraPose, size_px: tuple[int, int]) -> CameraPose:
    scaled = camera.scaled(size_px[0] / camera.size_px[0])
    if scaled.size_px != tuple(size_px):
        raise SiteError("clip", f"a picture of {size_px[0]}×{size_px[1]}", f"the camera's shape, {scaled.size_px[0]}×{scaled.size_px[1]}")
    return scaled
