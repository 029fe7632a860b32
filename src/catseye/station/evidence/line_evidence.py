"""Beside a camera's line: what a violation's evidence will need is remembered, and taken out in time; making it is somebody else's work.

The clip is cut when its post-roll is over, out of packets that nobody decoded; a thread of its own seals, redacts and reads, one violation after another.
"""

import queue
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event as Flag
from threading import Semaphore, Thread

import numpy as np

from catseye.core.arrays import Floats
from catseye.core.detections import Tracked
from catseye.core.finding import Violation
from catseye.core.time import NS_PER_S
from catseye.station.evidence.socket import Evidence, Told
from catseye.station.ledger import LONGEST_WAIT_S, TRACKS_A_LIFE_COUNT
from catseye.vault.batches import PointBatch
from catseye.vision.plates import Way
from catseye.vision.ring import PacketRing

REMEMBERED_S = 150.0
LATE_S = LONGEST_WAIT_S + 30.0  # between an event's begin and its being told: its points settle first, then hindsight, then a rule may close it late
IDLE_S = 30.0  # nobody came for so long: the road is empty
MOST_BYTES = 128 << 20  # of packets, in the ring, and once more for the last of an empty road
MOST_LOOKS_COUNT = 8000
MOST_WAITING_COUNT = 3  # violations whose packets wait to be made into evidence
MOST_TAKEN_COUNT = 1000  # that may yet get a later end
MOST_SAID_COUNT = 20  # a camera that runs for weeks says it often enough


@dataclass(frozen=True, slots=True)
class Taken:
    """All that is needed of one violation: `ring` holds its packets alone, `ways` the boxes of its subjects that were seen, `points` of everybody around.

    `lost` says why there are no packets, where the house itself gave them up.
    """

    violation: Violation
    ring: PacketRing
    ways: tuple[Way, ...]
    points: tuple[PointBatch, ...]
    told: Told
    lost: str = ""


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


class _Maker:
    """A thread that makes evidence. A daemon: who stops at once need not wait for it, and what it was at is finished when the same is watched again."""

    def __init__(self, secure: Callable[[Taken], Secured], camera: str) -> None:
        self._secure, self._is_over = secure, Flag()
        self._waiting: queue.SimpleQueue[Taken | None] = queue.SimpleQueue()
        self._made: queue.SimpleQueue[Secured] = queue.SimpleQueue()
        self._rooms = Semaphore(MOST_WAITING_COUNT)
        self._thread = Thread(target=self._make, name=f"evidence of {camera}", daemon=True)
        self._thread.start()

    def has_room(self, *, waits: bool) -> bool:
        """Whether one more may wait with its packets: the bound on memory. A file waits for it, a live camera cannot."""
        return self._rooms.acquire(blocking=waits)

    def put(self, taken: Taken) -> None:
        self._waiting.put(taken)

    def made(self) -> list[Secured]:
        """What was finished since this was asked last."""
        return [self._made.get() for _ in range(self._made.qsize())]

    def finish(self) -> None:
        """Wait for all that was put in."""
        self._waiting.put(None)
        self._thread.join()

    def give_up(self) -> None:
        """Begin nothing more."""
        self._is_over.set()

    def _make(self) -> None:
        while (taken := self._waiting.get()) is not None and not self._is_over.is_set():
            try:
                secured = self._secure(taken)
            except Exception as fault:  # noqa: BLE001 - the thread's edge: a bug in one violation's evidence must cost neither the run nor the others; it is told and exits 1
                secured = Secured("", troubles=(_bug(taken, fault),))
            self._made.put(secured)
            if not taken.lost:
                self._rooms.release()


def _bug(taken: Taken, fault: Exception) -> str:
    event, place = taken.violation.event, traceback.extract_tb(fault.__traceback__)[-1]
    what = f"{type(fault).__name__}: {fault} ({Path(place.filename).name}, line {place.lineno})"
    return f"evidence of {event.kind} at {event.time_ns / NS_PER_S:.1f} s: a bug in catseye, {what}; wanted a report of it, and the same watched again"


@dataclass(slots=True)
class LineEvidence(Evidence):
    """Of one camera. `secure` makes the evidence of one violation, in a thread of its own; `waits`: whether the source may be kept waiting for it."""

    ring: PacketRing
    before_s: float
    after_s: float
    secure: Callable[[Taken], Secured]
    waits: bool = True
    cpu_s: dict[str, float] = field(default_factory=lambda: {"evidence": 0.0})
    troubles: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _looks: deque[_Look] = field(default_factory=deque)
    _points: deque[PointBatch] = field(default_factory=deque)
    _newest_ns: int | None = None  # of the settled points
    _last: PacketRing | None = None
    _last_ns: int | None = None
    _size_px: tuple[int, int] = (0, 0)
    _waiting: dict[str, Violation] = field(default_factory=dict)
    _taken: dict[str, int] = field(default_factory=dict)  # → the end that was known then
    _maker: _Maker | None = None
    _is_given_up: bool = False

    def look(self, time_ns: int, tracked: Tracked, size_px: tuple[int, int]) -> None:
        """Remember where everybody was."""
        self._size_px = size_px
        self._looks.append(_Look(time_ns, tracked))
        needed_ns = min(time_ns, time_ns if self._newest_ns is None else self._newest_ns) - REMEMBERED_S * NS_PER_S
        while self._looks[0].time_ns < needed_ns or len(self._looks) > MOST_LOOKS_COUNT:
            self._looks.popleft()

    def points(self, points: PointBatch) -> None:
        """Remember settled points as they are stored."""
        if not len(points):
            return
        self._points.append(points)
        self._newest_ns = max(self._newest_ns or 0, int(points.time_ns.max()))

    def violated(self, violations: Sequence[Violation], now_ns: int, told: Callable[[], Told]) -> None:
        """An event known by its id only ever gets a later end: while it waits the latest counts, once it is taken the rest is told."""
        for violation in violations:
            event = violation.event
            if event.id not in self._taken:
                self._waiting[event.id] = violation
            elif event.end_time_ns > self._taken[event.id]:
                self._taken[event.id] = event.end_time_ns
                self._say(self.notes, f"{event.kind} at {event.time_ns / NS_PER_S:.1f} s went on until {event.end_time_ns / NS_PER_S:.1f} s, after its clip")
        for name, violation in list(self._waiting.items()):
            if now_ns >= violation.event.end_time_ns + self.after_s * NS_PER_S:
                del self._waiting[name]
                self._take(violation, told())
        self._keep_last(now_ns)
        self._forget_points()
        self._hear()

    def close(self, told: Callable[[], Told]) -> None:
        """Take what is left with the post-roll there is; wait for everything, unless it was given up."""
        if self._is_given_up:
            self._hear()
            return
        waiting, self._waiting = list(self._waiting.values()), {}
        for violation in waiting:
            self._take(violation, told())
        if self._maker is not None:
            self._maker.finish()
        self._hear()

    def give_up(self) -> None:
        """Whoever stops at once waits for nothing: what is not made is made when the same file is watched again."""
        self._is_given_up = True
        if self._maker is not None:
            self._maker.give_up()

    def _keep_last(self, now_ns: int) -> None:
        """On an empty road a violation is told when somebody else comes along, minutes later maybe: what was sent when the last one left is kept till then."""
        newest_ns = self._newest_ns
        if newest_ns is None or newest_ns == self._last_ns or now_ns < newest_ns + max(IDLE_S, self.after_s) * NS_PER_S:
            return
        begin_ns = newest_ns - round((self.before_s + LONGEST_WAIT_S) * NS_PER_S)
        self._last, self._last_ns = self.ring.part(begin_ns, newest_ns + round(self.after_s * NS_PER_S)), newest_ns

    def _forget_points(self) -> None:
        """After what was told has been taken: the newest may be much younger."""
        while self._points and int(self._points[0].time_ns.max()) < (self._newest_ns or 0) - REMEMBERED_S * NS_PER_S:
            self._points.popleft()

    def _packets(self, begin_ns: int, end_ns: int) -> PacketRing:
        parts = [ring.part(begin_ns, end_ns) for ring in (self.ring, self._last) if ring is not None]
        return min(parts, key=lambda part: np.inf if part.oldest_ns is None else part.oldest_ns)

    def _hear(self) -> None:
        for secured in self._maker.made() if self._maker is not None else ():
            self.cpu_s["evidence"] += secured.cpu_s
            self._say(self.notes, *secured.notes)
            self._say(self.troubles, *secured.troubles)

    def _say(self, to: list[str], *sentences: str) -> None:
        for sentence in sentences:
            if len(to) <= MOST_SAID_COUNT:
                to.append(sentence if len(to) < MOST_SAID_COUNT else "and more like these: every case says what it lacks")

    def _take(self, violation: Violation, told: Told) -> None:
        event = violation.event
        self._taken[event.id] = event.end_time_ns
        while len(self._taken) > MOST_TAKEN_COUNT:
            del self._taken[next(iter(self._taken))]
        begin_ns, end_ns = event.time_ns - round(self.before_s * NS_PER_S), event.end_time_ns + round(self.after_s * NS_PER_S)
        ways = tuple(way for track in event.subjects if (way := self._way(track)) is not None)
        if self._maker is None:
            self._maker = _Maker(self.secure, self.ring.camera)
        taken = Taken(violation, self._packets(begin_ns, end_ns), ways, tuple(self._points), told)
        if not self._maker.has_room(waits=self.waits):
            lost = f"{MOST_WAITING_COUNT} violations before it were still being secured, and memory for clips is bounded"
            taken = replace(taken, ring=PacketRing(1.0, 1, self.ring.camera), lost=lost)
        self._maker.put(taken)

    def _way(self, track: str) -> Way | None:
        """The boxes of a track, and of those that were found to be the same, in all looks that are remembered; None where it was never seen in one."""
        if not track.isdecimal():
            return None
        numbers = self._numbers_of(int(track) % TRACKS_A_LIFE_COUNT)
        time_ns: list[int] = []
        box_px: list[Floats] = []
        for look in self._looks:
            rows = np.flatnonzero(np.isin(look.tracked.track, numbers) & look.tracked.seen)
            if len(rows) and (not time_ns or look.time_ns > time_ns[-1]):
                time_ns.append(look.time_ns)
                box_px.append(look.tracked.box_px[rows[0]])
        return Way(track, np.array(time_ns, np.int64), np.array(box_px, np.float32), self._size_px) if time_ns else None

    def _numbers_of(self, number: int) -> list[int]:
        """The tracker's own numbers of one road user: joins are told later than what they join, so the newest are followed first."""
        found = {number}
        for look in reversed(self._looks):
            found.update(absorbed for absorbed, survivor in reversed(look.tracked.joined.tolist()) if survivor in found)
        return sorted(found)
