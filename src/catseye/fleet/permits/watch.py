"""Who runs without a valid permit, outside of it, in silence, or under another's plate: a fold over fixes that are believed. Doubt favours the operator."""

from collections.abc import Iterable
from dataclasses import replace

from catseye.core.event import Event, Measure
from catseye.core.terminal import source_of
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.fix import Fix
from catseye.fleet.fix_quality import LINEAGE
from catseye.fleet.permits.course import Course, WatchLimits, is_open, where
from catseye.fleet.permits.register import Driven, Register
from catseye.fleet.permits.scope import judge_scope
from catseye.fleet.permits.silence import Silence
from catseye.fleet.permits.twins import Twins

__all__ = ["PermitWatch", "WatchLimits", "is_open"]


class PermitWatch:
    """The fold. `register` is replaced by `take`; what is known of who drives where stays."""

    def __init__(self, register: Register, limits: WatchLimits) -> None:
        """Nothing is known yet of anybody."""
        self.register, self._limits = register, limits
        self._silence, self._twins = Silence(limits), Twins(limits)
        self._courses: dict[str, Course] = {}

    def take(self, register: Register) -> None:
        """Judge by this register from now on. Who was told of today already is not told of again."""
        self.register = register
        for course in self._courses.values():
            course.scope_until_ns, course.permit_until_ns = 0, course.permit_told_until_ns

    def spoke(self, identity: str, received: Stamp, events: list[Event]) -> None:
        """A terminal said something, whatever it was."""
        course = self._courses.get(identity)
        if course is None:
            course = self._courses[identity] = Course()
        course.heard_ns = received.utc_ns
        if course.silent is not None:
            events.append(replace(course.silent, end_time_ns=max(received.utc_ns, course.silent.time_ns)))
            course.silent = None

    def powered(self, identity: str, fix: Fix, received: Stamp) -> None:
        """Whether its ignition is on, by any fix, for that needs no satellite. Call `spoke` first."""
        self._silence.power(self._courses[identity], fix, received)

    def left(self, identity: str, received: Stamp, events: list[Event]) -> None:
        """A terminal signed off (0x0003): whatever it does now, it is not silent."""
        self.spoke(identity, received, events)
        self._courses[identity].running_since_ns = 0

    def see(self, identity: str, fix: Fix, received: Stamp, events: list[Event], *, is_clock_trusted: bool) -> None:
        """One fix that is believed; `is_clock_trusted`: so is the time it says. Call `spoke` first."""
        course = self._courses[identity]
        at_ns = fix.when.utc_ns if is_clock_trusted else received.utc_ns
        if at_ns <= course.time_ns < received.utc_ns + self._limits.edge_s * NS_PER_S:
            return  # said twice, or of a backlog that was overtaken
        gap_ns, place = at_ns - course.time_ns, fix.place
        course.time_ns, course.received_ns, course.lat_deg, course.lon_deg = at_ns, received.utc_ns, place.lat_deg, place.lon_deg
        if fix.speed_kmh < self._limits.running_kmh:
            course.running_since_ns = 0
        elif not course.running_since_ns or gap_ns > self._limits.gap_s * NS_PER_S:
            course.running_since_ns = at_ns
        if course.running_since_ns and at_ns - course.running_since_ns >= self._limits.running_s * NS_PER_S:
            self._silence.expect(identity, course)
            if at_ns >= course.permit_until_ns:
                self._judge_permit(identity, course, at_ns, fix, events)
        driven = self.register.driven_by(identity)
        if driven is None:
            return
        if at_ns >= course.scope_until_ns and driven.permits:
            event = judge_scope(self._limits, self.register, identity, driven, course, at_ns, place)
            events += () if event is None else (event,)
        if driven.twins and is_clock_trusted:
            self._twins.judge(self.register, identity, driven, self._courses, events)

    def sweep(self, now: Stamp, events: list[Event]) -> None:
        """Look who has become silent. Call it every second or so: a long pause between calls was our own deafness."""
        self._silence.sweep(self._courses, self.register, now, events)

    def resume(self, events: Iterable[Event]) -> None:
        """After a restart: what was told already today is not told again, and what is not over yet will get its end."""
        for event in events:
            if event.kind not in _TOLD or event.when is None or not event.subjects:
                continue
            until_ns = self.register.day_end_ns(event.when.utc_ns)
            if event.kind == "two-vehicles-one-plate":
                self._twins.told_until(event.subjects[0], event.subjects[-1], until_ns)
                continue
            course = self._courses.setdefault(event.subjects[0], Course())
            course.heard_ns = max(course.heard_ns, event.when.utc_ns)
            if event.kind == "no-valid-permit":
                course.permit_until_ns = course.permit_told_until_ns = until_ns
            elif event.kind == "outside-permit-scope":
                course.outside_told_until_ns = until_ns
                course.outside = event if is_open(event) else course.outside
            elif is_open(event):
                course.silent = event

    def forget_before(self, received_ns: int) -> None:
        """Drop terminals that said nothing since then, and of which nothing is open."""
        for identity, course in list(self._courses.items()):
            if course.heard_ns < received_ns and not course.is_due and course.silent is None and course.outside is None:
                del self._courses[identity]

    def _judge_permit(self, identity: str, course: Course, at_ns: int, fix: Fix, events: list[Event]) -> None:
        """Look at the permits; not again before the one that is valid ends, or the day is over."""
        register, edge_ns = self.register, round(self._limits.edge_s * NS_PER_S)
        driven = register.driven_by(identity)
        if driven is None or not register.permits_count:
            course.permit_until_ns = at_ns + 60 * NS_PER_S
            return
        ends = [held.end_ns + edge_ns for held in driven.permits if held.is_in_force and held.begin_ns - edge_ns <= at_ns < held.end_ns + edge_ns]
        if ends:
            course.permit_until_ns = max(ends)
            return
        course.permit_until_ns = course.permit_told_until_ns = register.day_end_ns(at_ns)
        reason, number = _lacking(driven, at_ns)
        detail = f"{driven.plate} runs at {fix.speed_kmh:.0f} km/h, and {_WORDS[reason].format(number)}"
        details = where(fix.place) | {"plate": driven.plate, "reason": reason, "permit": number, "detail": detail}
        speed = Measure("speed", fix.speed_kmh, "km/h", 1.0)
        events.append(
            Event(
                "no-valid-permit",
                source_of(identity),
                course.running_since_ns,
                at_ns,
                when=Stamp(course.running_since_ns),
                subjects=(identity,),
                measures=(speed,),
                details=details,
                lineage=LINEAGE,
            )
        )


_TOLD = ("no-valid-permit", "outside-permit-scope", "two-vehicles-one-plate", "terminal-silent")
_WORDS = {
    "missing": "the register has no permit for it",
    "expired": "its last permit, {}, is over",
    "not-yet": "its permit, {}, is not valid yet",
    "suspended": "its permit, {}, is suspended or revoked",
}


def _lacking(driven: Driven, at_ns: int) -> tuple[str, str]:
    """Why no permit holds now, and the number of the one that comes nearest to it."""
    if not driven.permits:
        return "missing", ""
    now = [held for held in driven.permits if held.begin_ns <= at_ns < held.end_ns]
    if now:
        return "suspended", now[0].number
    past = [held for held in driven.permits if held.end_ns <= at_ns]
    if past:
        return "expired", max(past, key=lambda held: held.end_ns).number
    return "not-yet", min(driven.permits, key=lambda held: held.begin_ns).number
