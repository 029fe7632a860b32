"""Live video of an open alarm, wired: frames of a terminal wait in a short queue for a thread that decodes and redacts them; people get segments."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from queue import Empty, Queue
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from catseye.core.grant import Grant
from catseye.core.terminal import source_of
from catseye.core.time import Stamp
from catseye.fleet.jt1078 import KEY, SOUND, MediaFrame
from catseye.fleet.media_server import StreamRequest
from catseye.vision import models
from catseye.vision.live_segments import LiveSegments
from catseye.vision.sources.terminal import CODECS, TerminalVideo

if TYPE_CHECKING:
    from catseye.vault.vault import Vault

MOST_WAITING_COUNT, MOST_WAITING_BYTES = 250, 32 << 20  # ten seconds of a usual stream, as a link that stood still brings them at once
WHY = "live video of an open alarm"


class LiveVideo:
    """One stream that was asked for. It is the `FrameTaker` of its request; `segments` is what people look at. ModelError where nothing here can redact."""

    def __init__(
        self,
        request: StreamRequest,
        open_vault: "Callable[[], AbstractContextManager[Vault]]",
        *,
        detector: str = models.DEFAULT,
        is_in_cabin: bool = True,
    ) -> None:
        """`open_vault`: where looks are written down, opened in whatever thread looks. `is_in_cabin` False only for a camera that looks at the road."""
        self.request, self._open_vault = request, open_vault
        self.segments = LiveSegments(request.event, request.until, self._noted, detector=detector, is_in_cabin=is_in_cabin)
        self._waiting: Queue[tuple[MediaFrame, int]] = Queue(MOST_WAITING_COUNT)
        self._waiting_bytes, self._counting = 0, Lock()
        self._is_over = Event()
        self.dropped_count = self.skipped_count = 0
        self.fault: Exception | None = None
        self._thread = Thread(target=self._run, name=f"live {request.identity}", daemon=True)
        self._thread.start()

    def __call__(self, request: StreamRequest, frame: MediaFrame, lost_count: int) -> None:
        """A frame from the media server; of those that come faster than they can be looked at some are dropped, and the pictures up to the next key frame."""
        if request != self.request or self._is_over.is_set():
            return
        if frame.data_type >= SOUND or frame.payload_type not in CODECS:
            self.skipped_count += 1
            return
        with self._counting:
            if self._waiting.full() or self._waiting_bytes + len(frame.payload) > MOST_WAITING_BYTES:
                self.dropped_count += 1
                return
            self._waiting.put_nowait((frame, lost_count + self.dropped_count))
            self._waiting_bytes += len(frame.payload)

    def end(self) -> None:
        """The alarm is closed: nothing is held or shown any more; idempotent. Returns when the thread is done."""
        self._is_over.set()
        self.segments.end()
        self._thread.join()

    def _run(self) -> None:
        video: TerminalVideo | None = None
        codec = 0
        try:
            while not self._is_over.is_set():
                try:
                    frame, lost_count = self._waiting.get(timeout=0.2)
                except Empty:
                    continue
                with self._counting:
                    self._waiting_bytes -= len(frame.payload)
                if video is None or codec != frame.payload_type:
                    codec = frame.payload_type
                    video = TerminalVideo(source_of(self.request.identity), CODECS[codec])
                for raw in video.feed(frame.payload, frame.timestamp_ms or 0, is_key=frame.data_type == KEY, lost_count=lost_count):
                    self.segments.see(raw)
        except Exception as fault:  # noqa: BLE001 - a thread's edge: no video is better than one that was not looked at
            self.fault = fault
            self._is_over.set()
            self.segments.end()

    def _noted(self, grant: Grant, now: Stamp) -> None:
        with self._open_vault() as vault:
            vault.look(f"terminal/{self.request.identity}/live/{self.request.event}", grant, now, WHY)
