"""Who was running and says nothing any more: judged by our clock, and never where we ourselves were deaf."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from catseye.core.event import Event
from catseye.core.terminal import source_of
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.fix import Fix
from catseye.fleet.fix_quality import LINEAGE
from catseye.fleet.permits.course import Course, Details, WatchLimits
from catseye.fleet.permits.register import Driven, Register

_Due: TypeAlias = tuple[int, str]  # when a terminal would have been silent for too long, and its identity


@dataclass(slots=True)
class Silence:
    """Those that must speak again, the first to do so on top: a sweep looks at nobody else."""

    limits: WatchLimits
    _due: list[_Due] = field(default_factory=list)
    _swept_ns: int = 0
    _deaf_until_ns: int = 0

    def power(self, course: Course, fix: Fix, received: Stamp) -> None:
        """Take in whether the ignition is on: who switched it off has parked, and may sleep. Where the wire is not connected nobody ever says it is on."""
        said_ns = fix.when.utc_ns
        if said_ns < course.power_ns <= received.utc_ns + self.limits.edge_s * NS_PER_S:
            return  # of a backlog
        course.power_ns = said_ns
        course.was_on = course.was_on or fix.is_powered
        course.is_off = course.was_on and not fix.is_powered

    def expect(self, identity: str, course: Course) -> None:
        """It runs: it shall go on to speak."""
        if not course.is_due and not course.is_off:
            course.is_due = True
            heapq.heappush(self._due, (self._due_ns(course), identity))

    def sweep(self, courses: Mapping[str, Course], register: Register, now: Stamp, events: list[Event]) -> None:
        """Look who has become silent. Call it every second or so: a long pause between calls was our own deafness."""
        if self._swept_ns and now.utc_ns - self._swept_ns > self.limits.deaf_after_s * NS_PER_S:
            self._deaf_until_ns = now.utc_ns
        self._swept_ns = now.utc_ns
        while self._due and self._due[0][0] <= now.utc_ns:
            _, identity = heapq.heappop(self._due)
            course = courses[identity]
            if not self._was_running(course):
                course.is_due = False
            elif (due_ns := self._due_ns(course)) > now.utc_ns:
                heapq.heappush(self._due, (due_ns, identity))
            else:
                course.is_due, course.running_since_ns = False, 0
                course.silent = _silent(identity, course, register.driven_by(identity))
                events.append(course.silent)

    def _was_running(self, course: Course) -> bool:
        """By its last words. Who only sent beats of the heart for minutes had no place to tell: nobody knows whether it ran."""
        is_known = course.heard_ns - course.received_ns <= self.limits.gap_s * NS_PER_S
        return course.running_since_ns > 0 and not course.is_off and is_known

    def _due_ns(self, course: Course) -> int:
        return max(course.heard_ns, self._deaf_until_ns) + round(self.limits.silent_after_s * NS_PER_S)


def _silent(identity: str, course: Course, driven: Driven | None) -> Event:
    plate = driven.plate if driven else ""
    detail = f"{plate or 'a vehicle'} was running, and its terminal has said nothing since; whether it drives on nobody knows"
    details: Details = {"lat_deg": course.lat_deg, "lon_deg": course.lon_deg, "plate": plate, "detail": detail}
    begin_ns = course.heard_ns
    return Event("terminal-silent", source_of(identity), begin_ns, begin_ns, when=Stamp(begin_ns), subjects=(identity,), details=details, lineage=LINEAGE)
