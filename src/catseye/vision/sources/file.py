"""Video files: H.264, H.265, MPEG-4, MJPEG in mp4, mov, mkv, avi, ts or bare. Rotation tags are ignored: lines are drawn on the stored picture."""

import os
from collections.abc import Iterator
from pathlib import Path

from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from catseye.core.errors import SourceError
from catseye.core.picture import RawFrame
from catseye.core.sockets import SourceNotice
from catseye.core.time import NS_PER_S, Stamp
from catseye.vision.ring import PacketRing
from catseye.vision.sources.clock import DEFAULT_INTERVAL_NS, DamageSpan, PresentationClock
from catseye.vision.sources.decode import Counted, Counters, Decoder, Shot, nominal_interval_ns, open_container, with_next
from catseye.vision.sources.scale import Scaler

# No playlist, no picture sequence, no network: a file named clip.mp4 may not make us fetch something else.
OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,h264,hevc,m4v,mjpeg,h263,mpegvideo,mpeg,mpegts,flv,asf,ogg",
}
WANTED = "a video file (mp4, mkv, avi, or raw H.264)"
CUT_SHORT_NS = NS_PER_S // 2
LOST_RATIO = 0.02


class FileSource(Counted):
    """A `Source` over one file; `when` is `start` + presentation time, None without a start."""

    is_live = False

    def __init__(self, path: Path, camera: str, start: Stamp | None, ring: PacketRing | None) -> None:
        self.camera = camera
        self._path, self._start, self._ring = path, start, ring
        self._counters = Counters()
        self._scaler = Scaler()
        self._is_closed = self._is_iterating = False
        self._opened: tuple[InputContainer, VideoStream] | None = self._open()
        self.duration_s = _duration_s(*self._opened)

    def __repr__(self) -> str:
        return f"FileSource({str(self._path)!r}, camera={self.camera!r})"

    def close(self) -> None:
        """End the iteration after the frame under way; idempotent, from any thread."""
        self._is_closed = True
        if not self._is_iterating and self._opened is not None:
            self._opened[0].close()
            self._opened = None

    def __iter__(self) -> Iterator[RawFrame | SourceNotice]:
        """Frames in presentation order and notices between them; iterated again, it starts over."""
        if self._is_closed:
            return
        container, stream = self._opened or self._open()
        self._opened, self._is_iterating = None, True
        try:
            yield from self._play(container, stream)
        finally:
            self._is_iterating = False
            container.close()

    def _open(self) -> tuple[InputContainer, VideoStream]:
        _check_file(self._path)
        try:
            return open_container(f"file:{self._path}", OPTIONS)
        except FFmpegError as fault:
            raise SourceError(str(self._path), f"cannot be read as video ({_said(fault)})", WANTED) from None
        except SourceError as fault:
            raise SourceError(str(self._path), fault.came, fault.wanted) from None

    def _play(self, container: InputContainer, stream: VideoStream) -> Iterator[RawFrame | SourceNotice]:
        interval_ns = nominal_interval_ns(stream)
        clock, damage = PresentationClock(interval_ns), DamageSpan()
        decoder = Decoder(container, stream, self._counters, self._ring, clock.time_of)
        if decoder.is_untimed:
            yield SourceNotice("clock-missing", 0, 0, _untimed(interval_ns))
        already_count = self._counters.frames_decoded
        size_px: tuple[int, int] | None = None
        fault = ""
        try:
            for index, (shot, after) in enumerate(with_next(decoder.shots())):
                if self._is_closed:
                    return
                last_ns = clock.last_ns
                time_ns, notice = clock.tick(shot.pts_ns, after.pts_ns if after else None)
                yield from filter(None, (notice, damage.see(last_ns, time_ns, is_damaged=shot.is_damaged)))
                if size_px not in (None, size_of(shot)):
                    yield resized(size_px, size_of(shot), time_ns)
                size_px = size_of(shot)
                yield self._frame(shot, index, time_ns)
        except FFmpegError as broken:
            fault = _said(broken)
        damage.see(clock.last_ns, clock.last_ns, is_damaged=decoder.is_damaged)
        yield from filter(None, (damage.close(),))
        promised_count = stream.frames - decoder.discarded_count if decoder.tells_frames else 0
        yield from self._epilogue(clock, self._counters.frames_decoded - already_count, promised_count, fault)

    def _frame(self, shot: Shot, index: int, time_ns: int) -> RawFrame:
        when = self._start.plus_ns(time_ns) if self._start else None
        return RawFrame(self.camera, index, time_ns, when, shot.frame.width, shot.frame.height, self._scaler.of(shot.frame))

    def _epilogue(self, clock: PresentationClock, decoded_count: int, promised_count: int, fault: str) -> Iterator[SourceNotice]:
        """What the end tells: fewer frames, or less time, than the header promised."""
        if not decoded_count:
            raise SourceError(str(self._path), fault or "not one frame can be decoded", WANTED)
        end_ns, step_ns = clock.last_ns, clock.interval_ns
        promised_ns = round((self.duration_s or 0.0) * NS_PER_S)
        if fault or promised_ns - end_ns - step_ns > max(CUT_SHORT_NS, 3 * step_ns):
            text = f"ends at {end_ns / NS_PER_S:.1f} s of {promised_ns / NS_PER_S:.1f} s" + (f": {fault}" if fault else "")
            yield SourceNotice("source-damaged", end_ns, max(end_ns, promised_ns), text)
        elif promised_count - decoded_count > max(2, LOST_RATIO * promised_count):
            yield SourceNotice("source-damaged", 0, end_ns, f"{decoded_count} of {promised_count} frames could be decoded")


def size_of(shot: Shot) -> tuple[int, int]:
    """Width and height in px."""
    return shot.frame.width, shot.frame.height


def resized(was_px: tuple[int, int] | None, is_px: tuple[int, int], time_ns: int) -> SourceNotice:
    """The notice that goes before the first frame of another size."""
    was_width_px, was_height_px = was_px or (0, 0)
    return SourceNotice("resolution-change", time_ns, time_ns, f"the picture was {was_width_px}x{was_height_px}, now {is_px[0]}x{is_px[1]}")


def _check_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise SourceError(str(path), "is a directory", WANTED)
        if not path.exists():
            raise SourceError(str(path), "no such file", WANTED)
        if not os.access(path, os.R_OK):
            raise SourceError(str(path), "may not be read", "read permission")
        if path.stat().st_size == 0:
            raise SourceError(str(path), "is empty (0 bytes)", WANTED)
    except (OSError, ValueError) as fault:
        raise SourceError(str(path), str(fault), WANTED) from None


def _said(fault: FFmpegError) -> str:
    return (fault.strerror or "unknown fault").lower()


def _untimed(interval_ns: int | None) -> str:
    rate_fps = NS_PER_S / (interval_ns or DEFAULT_INTERVAL_NS)
    return f"the file has no timestamps; frames are placed at {rate_fps:.3g} a second, " + ("the rate its header gives" if interval_ns else "assumed")


def _duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    """Of the video where it says so, else of the container (libav counts that in µs)."""
    if container.format.name in {"h264", "hevc", "mjpeg", "m4v"}:
        return None  # estimated from a bit rate
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / 1e6 if container.duration else None
