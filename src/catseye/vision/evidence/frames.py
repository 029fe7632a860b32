"""Frames of a video that lies in memory, or in any file that can be read and sought in: an original never needs a path."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from types import TracebackType
from typing import BinaryIO, Self

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from catseye.core.errors import SourceError
from catseye.core.picture import RawFrame
from catseye.core.time import Stamp
from catseye.vision.evidence.errors import EvidenceError
from catseye.vision.sources.clock import PresentationClock
from catseye.vision.sources.decode import Counters, Decoder, nominal_interval_ns, pick_video, with_next
from catseye.vision.sources.file import OPTIONS
from catseye.vision.sources.scale import Scaler

MOST_PX = 8192 * 8192
_DEFAULT_FPS = Fraction(25)


@dataclass(frozen=True, slots=True)
class Shown:
    """One frame, and whether it is the last one."""

    frame: RawFrame
    is_last: bool


class MemoryVideo:
    """Opens with the `with` statement; EvidenceError when it is no video. Damage costs its own frames, never the rest."""

    def __init__(self, original: bytes | BinaryIO, camera: str, start: Stamp | None = None) -> None:
        """`start` is the wall clock of its first frame."""
        self._where, self.camera, self._start = f"video of {camera}", camera, start
        self._container, self._lane = self._opened(BytesIO(original) if isinstance(original, bytes) else original)
        width_px, height_px = self._lane.codec_context.width, self._lane.codec_context.height
        if not 0 < width_px * height_px <= MOST_PX:
            raise EvidenceError(self._where, f"a picture of {width_px}×{height_px}", f"1 to {MOST_PX} pixels")
        self.size_px = width_px, height_px
        self.nominal_fps = Fraction(self._lane.average_rate or self._lane.guessed_rate or _DEFAULT_FPS).limit_denominator(1001)
        self.is_broken_off = False

    def _opened(self, file: BinaryIO) -> tuple[InputContainer, VideoStream]:
        try:
            container = av.open(file, "r", options=dict(OPTIONS), metadata_errors="replace")
        except FFmpegError as fault:
            raise EvidenceError(self._where, f"cannot be read as video ({(fault.strerror or 'unknown fault').lower()})", "a video file") from fault
        try:
            return container, pick_video(container)
        except SourceError as fault:
            container.close()
            raise EvidenceError(self._where, fault.came, fault.wanted) from fault

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._container.close()

    def shown(self) -> Iterator[Shown]:
        """Every frame that can be decoded, once; the first at 0. EvidenceError when there is none; `is_broken_off` tells of an end before the end."""
        clock, scaler = PresentationClock(nominal_interval_ns(self._lane)), Scaler()
        shots = Decoder(self._container, self._lane, Counters()).shots()
        count = 0
        try:
            for shot, after in with_next(shots):
                time_ns, _ = clock.tick(shot.pts_ns, after.pts_ns if after else None)
                when = self._start.plus_ns(time_ns) if self._start else None
                yield Shown(RawFrame(self.camera, count, time_ns, when, shot.frame.width, shot.frame.height, scaler.of(shot.frame)), after is None)
                count += 1
        except FFmpegError:
            self.is_broken_off = True
        if not count:
            raise EvidenceError(self._where, "not one frame can be decoded", "a video with pictures")
