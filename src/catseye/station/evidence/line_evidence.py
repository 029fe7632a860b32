"""Beside a camera's line: what a violation's evidence will need is remembered, and taken out in time; making it is somebody else's work.

The clip is cut when its post-roll is over, out of packets that nobody decoded; a thread of its own seals, redacts and reads, one violation after another.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from catseye.core.detections import Tracked
from catseye.core.finding import Violation
from catseye.core.time import NS_PER_S
from catseye.station.evidence.socket import Evidence, Told
from catseye.vault.batches import PointBatch
from catseye.vision.plates import Way
from catseye.vision.ring import PacketRing

REMEMBERED_S = 120.0
LATE_S = 60.0  # between an event's end and its being told: hindsight, waiting points, a rule that closes it late
MOST_BYTES = 192 << 20  # of packets


@dataclass(frozen=True, slots=True)
class Taken:
    """All that is needed of one violation: `ring` holds its packets alone, `ways` the boxes of those who did it, `points` of everybody around."""

    violation: Violation
    ring: PacketRing
    ways: tuple[Way, ...]
    points: tuple[PointBatch, ...]
    told: Told


@dataclass(frozen=True, slots=True)
class Secured:
    """What came of one violation: its case, and sentences about what could not be had."""

    case: str
    notes: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()
    cpu_s: float = 0.0


def ring_for(camera: str, before_s: float, after_s: float) -> PacketRing:
    """A ring that still holds a violation's clip when the violation is told."""
    return PacketRing(before_s + after_s + LATE_S, MOST_BYTES, camera)


@dataclass(frozen=True, slots=True)
class _Look:
    """Where everybody was in one analysed frame."""

    time_ns: int
    tracked: Tracked


@dataclass(slots=True)
class LineEvidence(Evidence):
    """Of one camera. `secure` makes the evidence of one violation, in a thread of its own."""

    ring: PacketRing
    before_s: float
    after_s: float
    secure: Callable[[Taken], Secured]
    cpu_s: dict[str, float] = field(default_factory=lambda: {"evidence": 0.0})
    troubles: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _looks: deque[_Look] = field(default_factory=deque)
    _points: deque[PointBatch] = field(default_factory=deque)
    _size_px: tuple[int, int] = (0, 0)
    _waiting: dict[str, Violation] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)
    _worker: ThreadPoolExecutor | None = None
    _making: list[Future[Secured]] = field(default_factory=list)

    def look(self, time_ns: int, tracked: Tracked, size_px: tuple[int, int]) -> None:
        """Remember where everybody was."""
        self._size_px = size_px
        self._looks.append(_Look(time_ns, tracked))
        while self._looks[0].time_ns < time_ns - REMEMBERED_S * NS_PER_S:
            self._looks.popleft()

    def points(self, points: PointBatch) -> None:
        """Remember settled points as they are stored."""
        if not len(points):
            return
        self._points.append(points)
        newest_ns = int(points.time_ns.max())
        while int(self._points[0].time_ns.max()) < newest_ns - REMEMBERED_S * NS_PER_S:
            self._points.popleft()

    def violated(self, violations: Sequence[Violation], now_ns: int, told: Callable[[], Told]) -> None:
        """An event known by its id only ever gets a later end: while it waits the latest counts, once it is taken it is told."""
        for violation in violations:
            if violation.event.id not in self._taken:
                self._waiting[violation.event.id] = violation
        for name, violation in list(self._waiting.items()):
            if now_ns >= violation.event.end_time_ns + self.after_s * NS_PER_S:
                del self._waiting[name]
                self._take(violation, told())

    def close(self, told: Callable[[], Told]) -> None:
        """Take what is left with the post-roll there is; wait for everything."""
        waiting, self._waiting = list(self._waiting.values()), {}
        for violation in waiting:
            self._take(violation, told())
        if self._worker is not None:
            self._worker.shutdown(wait=True)
        for made in self._making:
            secured = made.result()
            self.cpu_s["evidence"] += secured.cpu_s
            self.notes += secured.notes
            self.troubles += secured.troubles

    def _take(self, violation: Violation, told: Told) -> None:
        event = violation.event
        self._taken.add(event.id)
        begin_ns, end_ns = event.time_ns - round(self.before_s * NS_PER_S), event.end_time_ns + round(self.after_s * NS_PER_S)
        ways = tuple(way for track in event.subjects if (way := self._way(track)) is not None)
        taken = Taken(violation, self.ring.part(begin_ns, end_ns), ways, tuple(self._points), told)
        if self._worker is None:
            self._worker = ThreadPoolExecutor(1, thread_name_prefix="evidence")
        self._making.append(self._worker.submit(self.secure, taken))

    def _way(self, track: str) -> Way | None:
        """The boxes of a track in all looks that are remembered; None where it was never seen in one."""
        if not track.isdecimal():
            return None
        number, time_ns, box_px = int(track), [], []
        for look in self._looks:
            row = np.flatnonzero((look.tracked.track == number) & look.tracked.seen)
            if len(row):
                time_ns.append(look.time_ns)
                box_px.append(look.tracked.box_px[row[0]])
        return Way(track, np.array(time_ns, np.int64), np.array(box_px, np.float32), self._size_px) if time_ns else None
