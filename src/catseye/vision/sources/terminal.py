"""Frames that a vehicle terminal encoded (JT/T 1078), one by one, become `RawFrame`s. What is lost costs the pictures up to the next key frame."""

import av
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext

from catseye.core.errors import SourceError
from catseye.core.picture import RawFrame
from catseye.core.time import NS_PER_MS, NS_PER_S, Stamp
from catseye.vision.sources.scale import Scaler

H264, HEVC = "h264", "hevc"
CODECS = {98: H264, 99: HEVC}  # payload types of JT/T 1078
MOST_PX2 = 4096 * 2304
_MOST_STEP_NS = 10 * NS_PER_S  # a terminal's clock that jumps further than this is not believed
_STEP_NS = NS_PER_S // 25


class TerminalVideo:
    """Decodes one channel of one terminal: frames in Annex B, each whole, in order. Any bytes are taken; one thread."""

    def __init__(self, camera: str, codec: str = H264, start: Stamp | None = None) -> None:
        """`camera` is what its pictures are of; `start` the wall clock of the first one. SourceError for another codec."""
        if codec not in (H264, HEVC):
            raise SourceError(camera, f"video encoded as {codec}", "H.264 or H.265")
        self._camera, self._codec, self._start = camera, codec, start
        self._scaler = Scaler()
        self._decoder: VideoCodecContext | None = None
        self._begin_ms: int | None = None
        self._shown_ns = -1
        self._lost_count = 0
        self.decoded_count = self.damaged_count = self.awaited_count = 0

    def feed(self, payload: bytes, time_ms: int, *, is_key: bool, lost_count: int = 0) -> list[RawFrame]:
        """Pictures that can be shown now. `time_ms`: the terminal's own; `lost_count`: frames lost so far, before which nothing after can be trusted."""
        if lost_count != self._lost_count:
            self._lost_count, self._decoder = lost_count, None
        if self._decoder is None:
            if not is_key:
                self.awaited_count += 1
                return []
            self._decoder = self._opened()
        packet = av.Packet(payload)
        packet.pts = packet.dts = time_ms
        try:
            shown = self._decoder.decode(packet)
        except FFmpegError:
            self.damaged_count += 1
            self._decoder = None
            return []
        return [frame for each in shown if (frame := self._frame(each)) is not None]

    def _opened(self) -> VideoCodecContext:
        decoder = av.CodecContext.create(self._codec, "r")
        assert isinstance(decoder, VideoCodecContext)
        decoder.thread_count, decoder.thread_type = 1, "NONE"
        decoder.options = {"flags": "low_delay"}
        return decoder

    def _frame(self, shown: av.VideoFrame) -> RawFrame | None:
        if shown.is_corrupt or not 0 < shown.width * shown.height <= MOST_PX2:
            self.damaged_count += 1
            return None
        time_ns = self._time_ns(shown.pts)
        when = self._start.plus_ns(time_ns) if self._start is not None else None
        frame = RawFrame(self._camera, self.decoded_count, time_ns, when, shown.width, shown.height, self._scaler.of(shown))
        self.decoded_count += 1
        return frame

    def _time_ns(self, time_ms: int | None) -> int:
        """Since the first picture; it never runs backwards, and a jump of the terminal's clock is one step of a usual rate."""
        if time_ms is None:
            time_ms = 0
        if self._begin_ms is None:
            self._begin_ms = time_ms
        time_ns = (time_ms - self._begin_ms) * NS_PER_MS
        if self._shown_ns >= 0 and not self._shown_ns < time_ns <= self._shown_ns + _MOST_STEP_NS:
            self._begin_ms = time_ms - (self._shown_ns + _STEP_NS) // NS_PER_MS
            time_ns = self._shown_ns + _STEP_NS
        self._shown_ns = time_ns
        return time_ns
