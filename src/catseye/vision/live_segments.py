"""Live video of an alarm for people to look at: redacted pictures as fragmented MP4, in memory, while the alarm is open, for whoever has a grant that names it.

Raw frames come in and never leave; what was not looked at is withheld. Nothing is written, and little is held: who looks late sees the last seconds.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock

from catseye.core.errors import ModelError
from catseye.core.grant import Grant, GrantError
from catseye.core.picture import RawFrame, RedactedPicture
from catseye.core.time import NS_PER_S, Stamp
from catseye.vision import models
from catseye.vision.detect.detector import open_detector
from catseye.vision.evidence.written import LiveFragments
from catseye.vision.foreground import Foreground
from catseye.vision.in_cabin import shows_a_head
from catseye.vision.redact import Fill, blank
from catseye.vision.region_adders import open_redactor
from catseye.vision.tracker import Tracker
from catseye.vision.witness import Witness

ANALYSED_FPS, SHOWN_FPS = 8.0, 12.5
MOST_SIDE_PX = 960
MOST_SEGMENTS_COUNT, MOST_SEGMENTS_BYTES = 30, 32 << 20


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the video that can be played after the beginning of its `era` and the segments before it. `number` counts from 0, over all eras.

    An era is a stretch of one picture size: a new one has a beginning of its own.
    """

    number: int
    era: int
    content: bytes = field(repr=False)


class LiveSegments:
    """The redacted video of one channel, because of one alarm. `see` from one thread, the rest from any.

    ModelError when it is made and nothing here can redact.
    """

    def __init__(
        self,
        event: str,
        until: Stamp,
        noted: Callable[[Grant, Stamp], None],
        *,
        detector: str = models.DEFAULT,
        is_in_cabin: bool = False,
        most_count: int = MOST_SEGMENTS_COUNT,
        most_bytes: int = MOST_SEGMENTS_BYTES,
    ) -> None:
        """`event`: id of the alarm; `until`: when it is closed at the latest; `noted` writes a look down before anything is shown: if it raises, nothing is.

        `is_in_cabin`: pictures in which no head was found are filled whole.
        """
        if detector == models.MOTION:
            raise ModelError("live video", f"the detector {detector}", "a network that knows people: nothing else can redact")
        self.event, self.is_in_cabin = event, is_in_cabin
        self._until, self._noted = until, noted
        self._told: deque[tuple[int, list[Fill]]] = deque()
        self._redactor = open_redactor(detector, log=lambda time_ns, fills: self._told.append((time_ns, [*fills])))
        self._detector, self._foreground, self._tracker, self._witness = open_detector(detector), Foreground(), Tracker(), Witness()
        self._due_ns = self._shown_due_ns = 0
        self._maker: LiveFragments | None = None
        self._size_px = (0, 0)
        self._beginnings: dict[int, bytes] = {}
        self._segments: deque[Segment] = deque()
        self._made_count, self._era, self._is_over = 0, -1, False
        self._most_count, self._most_bytes = most_count, most_bytes
        self._lock, self._making = Lock(), Lock()
        self._lookers: set[Grant] = set()

    @property
    def withheld_count(self) -> int:
        """Pictures that were not shown, since no look was near enough."""
        return self._redactor.withheld_count

    def see(self, frame: RawFrame) -> None:
        """Learn from one frame; what has become safe becomes segments. Nothing once it is over."""
        with self._making:
            if not self._is_over:
                self._see(frame)

    def _see(self, frame: RawFrame) -> None:
        size_px = _even_px(frame.width_px, frame.height_px)
        is_shown = frame.time_ns >= self._shown_due_ns
        if is_shown:
            self._shown_due_ns = frame.time_ns + round(NS_PER_S / SHOWN_FPS * 0.9)
        rgb = frame.rgb(*size_px) if is_shown else None
        if frame.time_ns >= self._due_ns:
            self._due_ns = frame.time_ns + round(NS_PER_S / ANALYSED_FPS)
            mask = self._foreground.see(frame)
            found = self._detector.detect(frame)
            heard = self._witness.hear(frame, self._foreground.bodies, found)
            tracked, detections = self._tracker.update(frame.time_ns, heard), found.with_more(heard)
            safe = self._redactor.see(frame, tracked, detections, foreground=mask, rgb=rgb)
        else:
            safe = self._redactor.see(frame, rgb=rgb)
        for picture in safe:
            self._show(picture)

    def end(self) -> None:
        """The alarm is closed: nothing is shown any more, and nothing is held; idempotent."""
        with self._lock:
            self._is_over = True
            self._segments.clear()
            self._beginnings.clear()
        with self._making:  # a frame is being looked at, perhaps
            if self._maker is not None:
                self._maker.close()
                self._maker = None

    def beginning(self, era: int, grant: Grant, now: Stamp) -> bytes:
        """What a player needs before the segments of an era. GrantError: see `since`; LookupError for an era nothing is held of."""
        self._refuse(grant, now)
        with self._lock:
            return self._beginnings[era]

    def since(self, number: int, grant: Grant, now: Stamp) -> list[Segment]:
        """The segments from this number on that are still held.

        GrantError: the grant is over, or its purpose does not name this alarm, or the alarm is closed. The first look of a grant is noted before.
        """
        self._refuse(grant, now)
        with self._lock:
            return [each for each in self._segments if each.number >= number]

    def _refuse(self, grant: Grant, now: Stamp) -> None:
        grant.refuse_after(now)
        if self.event not in grant.purpose.split():
            raise GrantError(f"grant of {grant.who}", f"for {grant.purpose!r}", f"a purpose that names the alarm {self.event}: live video is for that alone")
        if self._is_over or now.utc_ns >= self._until.utc_ns:
            raise GrantError(f"live video of {self.event}", "the alarm is closed", "an open one")
        with self._lock:
            if grant not in self._lookers:
                self._noted(grant, now)
                self._lookers.add(grant)

    def _show(self, picture: RedactedPicture) -> None:
        fills = self._told.popleft()[1]
        size_px = (picture.rgb.shape[1], picture.rgb.shape[0])
        if self.is_in_cabin and not shows_a_head(fills, None, size_px):
            picture = replace(blank(picture.camera, *size_px), time_ns=picture.time_ns)
        if self._maker is None or self._size_px != size_px:
            self._begin_era(size_px)
        assert self._maker is not None
        self._keep(self._maker.write(picture))

    def _begin_era(self, size_px: tuple[int, int]) -> None:
        if self._maker is not None:
            self._keep(self._maker.close())
        self._maker, self._size_px = LiveFragments(size_px), size_px
        self._era += 1

    def _keep(self, parts: list[bytes]) -> None:
        with self._lock:
            if self._is_over:
                return
            for part in parts:
                if self._era not in self._beginnings:
                    self._beginnings[self._era] = part
                    continue
                self._segments.append(Segment(self._made_count, self._era, part))
                self._made_count += 1
            while len(self._segments) > self._most_count or sum(len(each.content) for each in self._segments) > self._most_bytes:
                self._segments.popleft()
            held = {each.era for each in self._segments} | {self._era}
            self._beginnings = {era: part for era, part in self._beginnings.items() if era in held}


def _even_px(width_px: int, height_px: int) -> tuple[int, int]:
    """(width, height) of the same shape, at most MOST_SIDE_PX, both even."""
    scale_ratio = min(1.0, MOST_SIDE_PX / max(width_px, height_px))
    return max(2, int(width_px * scale_ratio / 2) * 2), max(2, int(height_px * scale_ratio / 2) * 2)
