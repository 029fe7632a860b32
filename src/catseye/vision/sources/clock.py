"""Presentation clock: raw timestamps of a container or camera → time that never runs back. Pure: no device, no system clock. See docs/design/time.md."""

from collections import deque

from catseye.core.sockets import SourceNotice
from catseye.core.time import NS_PER_MS, NS_PER_S

DEFAULT_INTERVAL_NS = 40 * NS_PER_MS
LEAST_GAP_NS = 2 * NS_PER_S
GAP_INTERVALS_COUNT = 10
LEAST_BACK_NS = 250 * NS_PER_MS
BACK_INTERVALS_COUNT = 3
MOST_GAP_NS = 24 * 3600 * NS_PER_S
STANDSTILL_COUNT = 4
STEPS_KEPT_COUNT = 9
MOST_SLOW_RATIO = 0.25  # by how much a camera's clock may run too slow before its frames count as late
MOST_DELAY_NS = 60 * NS_PER_S
DELAY_LEAK_RATIO = 1e-3
CALM_NS = NS_PER_S
MOST_DAMAGE_NS = 10 * NS_PER_S


class PresentationClock:
    """Places each frame on one time axis: 0 at the first, strictly increasing, real wherever the timestamps are sane.

    Give `arrival_ns` (any monotonic clock) for live sources: where timestamps fail, time goes on by arrival, else by the usual frame interval.
    """

    def __init__(self, interval_ns: int | None = None) -> None:
        self._steps_ns: deque[int] = deque([interval_ns or DEFAULT_INTERVAL_NS], maxlen=STEPS_KEPT_COUNT)
        self._last_ns: int | None = None
        self._offset_ns: int | None = None
        self._arrival_ns: int | None = None
        self._pts_ns: int | None = None
        self._late_count = 0
        self._broken = ""

    @property
    def interval_ns(self) -> int:
        """The usual step between frames: the median of the last few."""
        return sorted(self._steps_ns)[len(self._steps_ns) // 2]

    @property
    def last_ns(self) -> int:
        """Time of the latest frame; 0 before the first."""
        return self._last_ns or 0

    def time_of(self, pts_ns: int | None) -> int:
        """Where a timestamp lies on the axis as known now (packets are placed before they are decoded); the last time where nothing tells."""
        placed_ns = self._place(pts_ns)
        far = placed_ns is None or abs(placed_ns - self.last_ns) > LEAST_GAP_NS + GAP_INTERVALS_COUNT * self.interval_ns
        return self.last_ns if far or placed_ns is None else placed_ns

    def broke(self, reason: str) -> None:
        """Tell that the connection broke: the next frame is placed by its arrival, after a source-gap."""
        self._broken = reason

    def tick(self, pts_ns: int | None, next_pts_ns: int | None = None, arrival_ns: int | None = None) -> tuple[int, SourceNotice | None]:
        """Time of the next frame in presentation order, and what had to be repaired.

        `next_pts_ns` is the timestamp of the frame after it, where already known: lost and wild timestamps are then interpolated.
        """
        if self._last_ns is None:
            time_ns, notice = 0, None
            self._anchor(0, pts_ns)
        elif self._broken:
            time_ns, notice = self._resume(pts_ns, arrival_ns)
        else:
            time_ns, notice = self._continue(pts_ns, next_pts_ns, arrival_ns)
        self._arrival_ns = self._freed_from_lateness(time_ns - self.last_ns, arrival_ns)
        self._last_ns, self._pts_ns = time_ns, pts_ns
        return time_ns, notice

    def _freed_from_lateness(self, step_ns: int, arrival_ns: int | None) -> int | None:
        """When a frame would have come without delay: what was held back for seconds before a break must not shorten the gap behind it."""
        if arrival_ns is None or self._arrival_ns is None:
            return arrival_ns
        return min(arrival_ns, self._arrival_ns + step_ns + round(step_ns * MOST_SLOW_RATIO))

    def _continue(self, pts_ns: int | None, next_pts_ns: int | None, arrival_ns: int | None) -> tuple[int, SourceNotice | None]:
        last_ns = self.last_ns
        if self._offset_ns is None:  # none of the frames so far had a timestamp
            self._anchor(last_ns + max(self.interval_ns, self._drift_ns(arrival_ns)), pts_ns)
        wanted_ns, after_ns = self._place(pts_ns), self._place(next_pts_ns)
        if after_ns is not None and not 0 < after_ns - last_ns <= self._gap_ns:
            after_ns = None
        if wanted_ns is None:
            return self._between(after_ns, self._drift_ns(arrival_ns)), None
        step_ns = wanted_ns - last_ns
        if -self._back_ns < step_ns <= 0 or pts_ns == self._pts_ns:
            return self._late(after_ns, arrival_ns)
        self._late_count = 0
        if step_ns <= -self._back_ns or step_ns > self._gap_ns:
            return self._leap(wanted_ns, after_ns, arrival_ns)
        self._steps_ns.append(step_ns)
        return wanted_ns, None

    def _between(self, after_ns: int | None, step_ns: int) -> int:
        if after_ns is None or after_ns - self.last_ns < 2:
            return self.last_ns + max(1, step_ns)
        return self.last_ns + (after_ns - self.last_ns) // 2

    def _late(self, after_ns: int | None, arrival_ns: int | None) -> tuple[int, SourceNotice | None]:
        """Repeated or slightly late: a small step, so that time stays near the timestamps; a full one once they stand still."""
        self._late_count += 1
        if self._late_count < STANDSTILL_COUNT:
            return self._between(after_ns, self.interval_ns // 8), None
        time_ns = self.last_ns + self._drift_ns(arrival_ns)
        if self._late_count > STANDSTILL_COUNT:
            return time_ns, None
        return time_ns, SourceNotice("clock-restart", self.last_ns, time_ns, "the timestamps stand still; time goes on without them")

    def _leap(self, wanted_ns: int, after_ns: int | None, arrival_ns: int | None) -> tuple[int, SourceNotice | None]:
        last_ns, step_ns = self.last_ns, wanted_ns - self.last_ns
        drift_ns = self._drift_ns(arrival_ns)
        if after_ns is not None:  # the next frame is sane: one wild timestamp
            return self._between(after_ns, drift_ns), None
        came_ns = MOST_GAP_NS if self._arrival_ns is None or arrival_ns is None else drift_ns + LEAST_GAP_NS
        if 0 < step_ns <= came_ns:
            self._steps_ns.append(step_ns)
            return wanted_ns, SourceNotice("source-gap", last_ns, wanted_ns, f"no pictures for {step_ns / NS_PER_S:.1f} s")
        time_ns = last_ns + drift_ns
        self._offset_ns = (self._offset_ns or 0) + time_ns - wanted_ns
        way = "back" if step_ns < 0 else "ahead"
        return time_ns, SourceNotice("clock-restart", last_ns, time_ns, f"the camera's clock went {way} by {abs(step_ns) / NS_PER_S:.1f} s; time goes on")

    def _resume(self, pts_ns: int | None, arrival_ns: int | None) -> tuple[int, SourceNotice]:
        last_ns, reason = self.last_ns, self._broken
        time_ns = last_ns + self._drift_ns(arrival_ns)
        self._anchor(time_ns, pts_ns)
        self._broken, self._late_count = "", 0
        return time_ns, SourceNotice("source-gap", last_ns, time_ns, f"no pictures for {(time_ns - last_ns) / NS_PER_S:.1f} s: {reason}")

    def _anchor(self, time_ns: int, pts_ns: int | None) -> None:
        self._offset_ns = None if pts_ns is None else time_ns - pts_ns

    def _place(self, pts_ns: int | None) -> int | None:
        return None if pts_ns is None or self._offset_ns is None else pts_ns + self._offset_ns

    def _drift_ns(self, arrival_ns: int | None) -> int:
        """How far time goes on where no timestamp tells."""
        if arrival_ns is None or self._arrival_ns is None:
            return max(1, self.interval_ns)
        return max(1, arrival_ns - self._arrival_ns)

    @property
    def _gap_ns(self) -> int:
        return max(LEAST_GAP_NS, GAP_INTERVALS_COUNT * self.interval_ns)

    @property
    def _back_ns(self) -> int:
        return max(LEAST_BACK_NS, BACK_INTERVALS_COUNT * self.interval_ns)


class WallClock:
    """Wall clock of live frames: arrival, freed from jitter and bursts by taking the least delay seen of late.

    The remembered delay may grow by 1 ms a second, so that it follows a camera whose crystal runs slow, and a stepped system clock at once.
    """

    def __init__(self) -> None:
        self._delay_ns: int | None = None
        self._last_ns = 0

    def utc_ns(self, time_ns: int, arrival_utc_ns: int) -> int:
        """UTC of the frame at `time_ns`: never later than its arrival."""
        seen_ns = arrival_utc_ns - time_ns
        grown_ns = round((time_ns - self._last_ns) * DELAY_LEAK_RATIO)
        if self._delay_ns is None or seen_ns - self._delay_ns > MOST_DELAY_NS:
            self._delay_ns = seen_ns
        else:
            self._delay_ns = min(seen_ns, self._delay_ns + grown_ns)
        self._last_ns = time_ns
        return time_ns + self._delay_ns


class DamageSpan:
    """Gathers damaged frames into one notice a stretch: closed by a second without damage, or after ten with it."""

    def __init__(self) -> None:
        self._begin_ns = self._end_ns = self._frames_count = 0

    def see(self, before_ns: int, time_ns: int, *, is_damaged: bool) -> SourceNotice | None:
        """One frame at `time_ns`, the one before it at `before_ns`; the notice of a stretch that is now over."""
        if is_damaged:
            self._begin_ns = self._begin_ns if self._frames_count else before_ns
            self._end_ns = time_ns
            self._frames_count += 1
        is_over = time_ns - self._end_ns >= CALM_NS or self._end_ns - self._begin_ns >= MOST_DAMAGE_NS
        return self.close() if is_over else None

    def broke(self, last_ns: int) -> SourceNotice | None:
        """The connection broke behind the frame at `last_ns`: the notice of the stretch under way, which cannot go on behind the gap.

        One frame torn by the break itself belongs to the break, which the gap tells: one outage, one notice.
        """
        if self._frames_count == 1 and self._end_ns == last_ns:
            self._frames_count = 0
        return self.close()

    def close(self) -> SourceNotice | None:
        """The notice of the stretch under way, if there is one."""
        if not self._frames_count:
            return None
        count, self._frames_count = self._frames_count, 0
        return SourceNotice("source-damaged", self._begin_ns, self._end_ns, f"could not be decoded whole ({count} times); what can be had is shown")
