"""From a container's packets to decoded frames with their raw timestamps: one thread, loop filter kept, damage survived."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from math import inf
from typing import Self

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from catseye.core.errors import SourceError
from catseye.core.time import NS_PER_S
from catseye.vision.ring import PacketRing, StreamParameters

# Elementary streams have no timestamps; what libav then reports is made up from its own default rate.
UNTIMED_FORMATS = frozenset({"h264", "hevc", "m4v", "mjpeg", "h263", "mpegvideo", "obu"})
# AVI knows only the order of decoding: its presentation times are guessed wrongly by libav once there are B-frames.
DECODING_TIME_FORMATS = frozenset({"avi"})
MOST_FAULTS_IN_A_ROW_COUNT = 100
MOST_UNPLACED_COUNT = 64  # a stream of which nothing can be decoded must not fill the memory
SHOTS_UNTIL_PLACED_COUNT = 2  # a file's clock sees each shot together with the one after it


@dataclass(frozen=True, slots=True)
class Shot:
    """One decoded frame in presentation order. `pts_ns` is its raw timestamp; `arrival_ns` (monotonic) and `arrival_utc_ns` say when it came.

    `is_damaged`: something before it could not be decoded, or it is patched up itself.
    """

    frame: av.VideoFrame
    pts_ns: int | None
    arrival_ns: int
    arrival_utc_ns: int
    is_damaged: bool = False


@dataclass(slots=True)
class Counters:
    """What a source has done so far."""

    frames_decoded: int = 0
    frames_dropped: int = 0
    decode_cpu_s: float = 0.0


class Counted(ABC):
    """What every source tells of itself, and its life as a context; `_counters` is set by whoever is one."""

    _counters: Counters

    @property
    def frames_decoded(self) -> int:
        """Frames decoded so far."""
        return self._counters.frames_decoded

    @property
    def frames_dropped(self) -> int:
        """Frames nobody fetched in time; always 0 for a file, which waits."""
        return self._counters.frames_dropped

    @property
    def decode_cpu_s(self) -> float:
        """CPU-seconds spent in reading and decoding so far."""
        return self._counters.decode_cpu_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Give the camera or file back; idempotent, from any thread."""


def open_container(url: str, options: Mapping[str, str], timeout_s: float | None = None) -> tuple[InputContainer, VideoStream]:
    """Open and find the video; raises what libav raises, and SourceError("", …) without video. The decoder gets one thread: one process a core is honest."""
    container = av.open(url, options=dict(options), metadata_errors="replace", timeout=timeout_s)
    try:
        stream = pick_video(container)
    except SourceError:
        container.close()
        raise
    return container, stream


def pick_video(container: InputContainer) -> VideoStream:
    """The first decodable video stream that is no cover picture; SourceError (its `where` left empty) if there is none."""
    for stream in container.streams.video:
        if stream.codec_context is not None and not stream.disposition & av.stream.Disposition.attached_pic:
            stream.codec_context.thread_count = 1
            stream.thread_type = "NONE"
            return stream
    raise SourceError("", "holds no video that can be decoded", "a video stream")


def nominal_interval_ns(stream: VideoStream) -> int | None:
    """One frame by the stream's own rate; None where it says none, or 0."""
    rate = stream.codec_context.framerate if stream.container.format.name in UNTIMED_FORMATS else stream.average_rate or stream.guessed_rate
    return round(NS_PER_S / rate) if rate and 0.01 <= rate <= 1000 else None


class Decoder:
    """Iterates the shots of one container's video stream. A damaged stretch costs its frames, never the rest.

    `place` tells where a raw timestamp lies on the source's axis: packets go into the ring with it. `stall_s` is the timeout the container was opened with.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        counters: Counters,
        ring: PacketRing | None = None,
        place: Callable[[int | None], int] = lambda _: 0,
        stall_s: float = inf,
    ) -> None:
        self._container, self._stream, self._stall_s = container, stream, stall_s
        self._counters, self._ring, self._place = counters, ring, place
        form = container.format.name
        self.is_untimed = form in UNTIMED_FORMATS
        self._uses_dts = form in DECODING_TIME_FORMATS
        # AVI counts frames in its header that hold no picture.
        self.tells_frames = form not in UNTIMED_FORMATS | DECODING_TIME_FORMATS
        self.discarded_count = 0
        self._shots_count = 0
        self._unplaced: list[av.Packet[VideoStream]] = []
        self.is_damaged = False  # something was lost since the last frame

    def shots(self) -> Iterator[Shot]:
        """Decode to the end. Raises FFmpegError only when the container cannot be read on (connection lost, disk unreadable), TimeoutError after `stall_s`."""
        packets = self._container.demux(self._stream)
        faults_count = 0
        while True:
            begin_s, asked_s = time.thread_time(), time.monotonic()
            try:
                packet = next(packets, None)
            except av.error.InvalidDataError:  # a torn stretch of the container: read on behind it
                self.is_damaged = True
                packets = self._container.demux(self._stream)
                faults_count += 1
                if faults_count > MOST_FAULTS_IN_A_ROW_COUNT:
                    return
                continue
            if packet is None:
                self._keep_unplaced()
                return
            if time.monotonic() - asked_s >= self._stall_s:  # libav hands out the torn rest of a picture first, and would wait as long again
                raise TimeoutError
            arrival_ns, arrival_utc_ns = time.monotonic_ns(), time.time_ns()
            frames = self._decode(packet)
            self._counters.decode_cpu_s += time.thread_time() - begin_s
            for frame in frames:
                faults_count = 0
                self._counters.frames_decoded += 1
                self._shots_count += 1
                yield Shot(frame, self._pts_ns(frame), arrival_ns, arrival_utc_ns, self._damage(frame))
            if self._ring is not None and packet.size:
                self._unplaced.append(packet)
            if self._shots_count >= SHOTS_UNTIL_PLACED_COUNT or len(self._unplaced) > MOST_UNPLACED_COUNT:
                self._keep_unplaced()

    def _decode(self, packet: "av.Packet[VideoStream]") -> list[av.VideoFrame]:
        self.discarded_count += packet.is_discard  # outside of what an edit list shows
        if packet.is_corrupt:
            self.is_damaged = True
        try:
            return self._stream.decode(packet)
        except (av.error.EOFError, av.error.MemoryError):
            raise
        except FFmpegError:
            self.is_damaged = True
            return []

    def _damage(self, frame: av.VideoFrame) -> bool:
        damaged, self.is_damaged = self.is_damaged or frame.is_corrupt, False
        return damaged

    def _pts_ns(self, frame: av.VideoFrame) -> int | None:
        if self.is_untimed:
            return None
        return self._ns(frame.dts if self._uses_dts else frame.pts)

    def _ns(self, ticks: int | None) -> int | None:
        base = self._stream.time_base
        if ticks is None or not base:
            return None
        return (ticks * base.numerator * NS_PER_S + base.denominator // 2) // base.denominator

    def _keep_unplaced(self) -> None:
        """Into the ring, once the clock knows where the first frame lies: a decoder that puts B-frames in order gives it several packets later."""
        for packet in self._unplaced:
            self._keep(packet)
        self._unplaced.clear()

    def _keep(self, packet: "av.Packet[VideoStream]") -> None:
        if self._ring is None:
            return
        pts_ns, dts_ns = (None, None) if self.is_untimed else (self._ns(packet.pts), self._ns(packet.dts))
        shown_ns = self._place(dts_ns if self._uses_dts or pts_ns is None else pts_ns)
        decoded_ns = shown_ns if dts_ns is None or pts_ns is None or self._uses_dts else shown_ns + dts_ns - pts_ns
        self._ring.add(bytes(packet), shown_ns, packet.is_keyframe, stream=self._parameters(), dts_ns=decoded_ns)

    def _parameters(self) -> StreamParameters:
        codec = self._stream.codec_context
        return StreamParameters(codec.name, codec.extradata or b"", codec.width, codec.height)


def with_next(shots: Iterator[Shot]) -> Iterator[tuple[Shot, Shot | None]]:
    """Each shot beside the one after it."""
    last: Shot | None = None
    for shot in chain(shots, [None]):
        if last is not None:
            yield last, shot
        last = shot
