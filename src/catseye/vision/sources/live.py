"""Cameras on the network: read in a thread of their own, lost and found again, in bounded memory."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from catseye.core.errors import SourceError
from catseye.core.picture import RawFrame
from catseye.core.sockets import SourceNotice
from catseye.core.time import Stamp
from catseye.vision.sources.buffer import FreshFrames
from catseye.vision.sources.clock import DamageSpan, PresentationClock, WallClock
from catseye.vision.sources.decode import Counted, Counters, Shot
from catseye.vision.sources.file import resized, size_of
from catseye.vision.sources.scale import Scaler

FRAMES_HELD_COUNT = 16
GOODBYE_S = 0.2


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How a lost camera is called again: after `first_s`, then `factor_ratio` times longer each time, at most every `most_s`.

    `stall_s` without a picture counts as lost. After `give_up_s` without one the source raises; None never gives up.
    """

    first_s: float = 0.5
    factor_ratio: float = 2.0
    most_s: float = 30.0
    give_up_s: float | None = None
    stall_s: float = 10.0

    def __post_init__(self) -> None:
        """Refuse a policy that would call without pause, or ever faster."""
        if not (0 < self.first_s <= self.most_s and self.factor_ratio >= 1 and self.stall_s > 0):
            raise ValueError(f"{self}: wanted 0 < first_s <= most_s, factor_ratio >= 1, stall_s > 0")

    def pause_s(self, failures_count: int) -> float:
        """Pause before the next call, after so many failures in a row (1 and up); no chance in it, so tests and logs repeat.

        >>> [RetryPolicy().pause_s(n) for n in (1, 2, 3, 99)]
        [0.5, 1.0, 2.0, 30.0]
        """
        return min(self.most_s, self.first_s * self.factor_ratio ** min(failures_count - 1, 64))


class Link(Protocol):
    """One way to a camera. Knows nothing of retries."""

    shown: str
    doubt_ms: float

    def shots(self, clock: PresentationClock, counters: Counters) -> Iterator[Shot]:
        """Connect, then decode until the camera ends; SourceError when it cannot be reached, or is lost."""
        ...

    def interrupt(self) -> None:
        """Make a running `shots` end soon; from any thread."""
        ...


class LiveSource(Counted):
    """A `Source` over one camera. The first call must succeed (else SourceError); after that it is called again whenever it is lost."""

    is_live = True
    duration_s: float | None = None

    def __init__(self, link: Link, camera: str, retry: RetryPolicy, held_count: int = FRAMES_HELD_COUNT) -> None:
        self.camera = camera
        self._link, self._retry = link, retry
        self._counters = Counters()
        self._clock, self._wall, self._damage = PresentationClock(), WallClock(), DamageSpan()
        self._scaler = Scaler()
        self._fresh = FreshFrames(held_count, self._counters)
        self._closed = threading.Event()
        self._reader: threading.Thread | None = None
        self._size_px: tuple[int, int] | None = None
        self._index = 0

    def __repr__(self) -> str:
        return f"LiveSource({self._link.shown!r}, camera={self.camera!r})"

    def close(self) -> None:
        """End the iteration at once, from any thread; idempotent. A reader that waits for the network ends by itself, at latest after `stall_s`."""
        self._closed.set()
        self._link.interrupt()
        self._fresh.close()
        if self._reader is not None and self._reader is not threading.current_thread():
            self._reader.join(GOODBYE_S)

    def __iter__(self) -> Iterator[RawFrame | SourceNotice]:
        """Frames and notices as they come, until closed; SourceError if the first call fails or the retry policy gives up."""
        if self._reader is None and not self._closed.is_set():
            self._reader = threading.Thread(target=self._read, name=f"source {self.camera}", daemon=True)
            self._reader.start()
        while (item := self._fresh.get()) is not None:
            yield item

    def _read(self) -> None:
        try:
            self._keep_reading()
        except Exception as fault:  # noqa: BLE001 - the edge of this thread: whatever it was, the consumer gets it
            self._fresh.fail(fault)

    def _keep_reading(self) -> None:
        failures_count = 0
        seen_s = time.monotonic()
        while not self._closed.is_set():
            before_count = self._index
            reason = self._read_once()
            if self._index > before_count:
                failures_count, seen_s = 0, time.monotonic()
            if not self._index:
                raise reason
            if self._retry.give_up_s is not None and time.monotonic() - seen_s > self._retry.give_up_s:
                raise SourceError(self._link.shown, f"gone for {time.monotonic() - seen_s:.0f} s: {reason.came}", reason.wanted)
            failures_count += 1
            if torn := self._damage.broke(self._clock.last_ns):
                self._fresh.put(torn)
            self._clock.broke(reason.came)
            self._closed.wait(self._retry.pause_s(failures_count))

    def _read_once(self) -> SourceError:
        """Read until the camera is lost; why it was."""
        try:
            for shot in self._link.shots(self._clock, self._counters):
                if self._closed.is_set():
                    break
                self._take(shot)
        except SourceError as fault:
            return fault
        return SourceError(self._link.shown, "the camera ended the stream", "a stream that goes on" if self._index else "at least one picture")

    def _take(self, shot: Shot) -> None:
        last_ns = self._clock.last_ns
        time_ns, notice = self._clock.tick(shot.pts_ns, arrival_ns=shot.arrival_ns)
        if notice and notice.kind == "source-gap":
            last_ns = notice.end_time_ns  # what the gap tells is not damaged as well
        for told in filter(None, (notice, self._damage.see(last_ns, time_ns, is_damaged=shot.is_damaged))):
            self._fresh.put(told)
        if self._size_px not in (None, size_of(shot)):
            self._fresh.put(resized(self._size_px, size_of(shot), time_ns))
        self._size_px = size_of(shot)
        when = Stamp(self._wall.utc_ns(time_ns, shot.arrival_utc_ns), self._link.doubt_ms)
        self._fresh.put(RawFrame(self.camera, self._index, time_ns, when, *self._size_px, self._scaler.of(shot.frame)))
        self._index += 1
