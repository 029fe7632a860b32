"""A small buffer between the thread that reads a camera and whoever looks at its frames: full, it lets the oldest frame go."""

import time
from collections import deque
from threading import Condition

from catseye.core.picture import RawFrame
from catseye.core.sockets import SourceNotice
from catseye.core.time import NS_PER_S
from catseye.vision.sources.decode import Counters

NOTICE_EVERY_S = 10.0
NOTICES_KEPT_COUNT = 64


class FreshFrames:
    """Holds at most `most_count` frames (and 64 notices), newest kept; drops are counted and told, at most once in 10 s."""

    def __init__(self, most_count: int, counters: Counters) -> None:
        self._most_count, self._counters = most_count, counters
        self._items: deque[RawFrame | SourceNotice] = deque()
        self._frames_count = 0
        self._dropped_count = 0
        self._dropped_span_ns = (0, 0)
        self._told_s = -NOTICE_EVERY_S
        self._fault: BaseException | None = None
        self._is_closed = False
        self._changed = Condition()

    def put(self, item: RawFrame | SourceNotice) -> None:
        """Add one; never waits."""
        with self._changed:
            self._items.append(item)
            if isinstance(item, RawFrame):
                self._frames_count += 1
                if self._frames_count > self._most_count:
                    self._drop_oldest_frame()
            elif len(self._items) - self._frames_count > NOTICES_KEPT_COUNT:
                self._items.remove(next(old for old in self._items if isinstance(old, SourceNotice)))
            self._changed.notify()

    def get(self) -> RawFrame | SourceNotice | None:
        """The oldest item, waiting for one; None once closed. Raises the fault that ended the reading, after the last item."""
        with self._changed:
            while not self._items and self._fault is None and not self._is_closed:
                self._changed.wait()
            if self._is_closed:
                return None
            if self._dropped_count and (time.monotonic() - self._told_s >= NOTICE_EVERY_S or not self._items):
                return self._tell_drops()
            if not self._items:
                assert self._fault is not None
                raise self._fault
            item = self._items.popleft()
            self._frames_count -= isinstance(item, RawFrame)
            return item

    def fail(self, fault: BaseException) -> None:
        """Nothing will come any more, and why."""
        with self._changed:
            self._fault = fault
            self._changed.notify_all()

    def close(self) -> None:
        """Let everybody go; what is held is forgotten."""
        with self._changed:
            self._is_closed = True
            self._items.clear()
            self._changed.notify_all()

    def _drop_oldest_frame(self) -> None:
        place = next(index for index, item in enumerate(self._items) if isinstance(item, RawFrame))
        time_ns = self._items[place].time_ns
        del self._items[place]
        self._frames_count -= 1
        self._counters.frames_dropped += 1
        self._dropped_span_ns = (self._dropped_span_ns[0] if self._dropped_count else time_ns, time_ns)
        self._dropped_count += 1

    def _tell_drops(self) -> SourceNotice:
        (begin_ns, end_ns), count = self._dropped_span_ns, self._dropped_count
        self._dropped_count, self._told_s = 0, time.monotonic()
        return SourceNotice("frames-dropped", begin_ns, end_ns, f"{count} frames came faster than they were looked at ({(end_ns - begin_ns) / NS_PER_S:.1f} s)")
