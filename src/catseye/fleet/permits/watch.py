"""Who runs without a valid permit, outside of it, in silence, or under another's plate: a fold over fixes that are believed. Doubt favours the operator."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from catseye.core.event import Event, Measure
from catseye.core.geo import GeoPoint
from catseye.core.terminal import source_of
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.fix import Fix
from catseye.fleet.fix_quality import LINEAGE, apart_m
from catseye.fleet.permits.register import Driven, Register

Details: TypeAlias = dict[str, str | int | float | bool | None]
_Due: TypeAlias = tuple[int, str]  # when a terminal would have been silent for too long, and its identity
ONCE_A_DAY = ("no-valid-permit", "outside-permit-scope", "two-vehicles-one-plate")


@dataclass(frozen=True, slots=True)
class WatchLimits:
    """From where on something is told."""

    running_kmh: float = 10.0  # faster is driving, not shunting in a yard
    running_s: float = 60.0
    gap_s: float = 300.0  # a longer pause between fixes, and nobody knows what was in it
    silent_after_s: float = 300.0
    deaf_after_s: float = 30.0  # we ourselves heard nobody for so long: no terminal's silence
    edge_s: float = 300.0  # around the first and the last moment of a permit
    margin_m: float = 200.0  # around an area
    outside_count: int = 3
    possible_kmh: float = 250.0
    apart_m: float = 2_000.0  # nearer than that two terminals may be in one vehicle, whatever they say
    twin_s: float = 600.0


@dataclass(slots=True)
class _Course:
    """What is remembered of a terminal."""

    heard_ns: int = 0
    time_ns: int = 0
    received_ns: int = 0
    lat_deg: float = 0.0
    lon_deg: float = 0.0
    running_since_ns: int = 0
    permit_until_ns: int = 0
    permit_told_until_ns: int = 0
    scope_until_ns: int = 0
    outside_since_ns: int = 0
    outside_count: int = 0
    outside: Event | None = None
    outside_told_until_ns: int = 0
    silent: Event | None = None
    is_due: bool = False


@dataclass(slots=True)
class _Pair:
    """Two terminals under one plate, and how often they could not be in one vehicle."""

    times_count: int = 0
    last_ns: int = 0
    told_until_ns: int = 0


@dataclass(slots=True)
class PermitWatch:
    """The fold. `register` is replaced by `take`; what is known of who drives where stays."""

    register: Register
    limits: WatchLimits = field(default_factory=WatchLimits)
    _courses: dict[str, _Course] = field(default_factory=dict)
    _pairs: dict[tuple[str, str], _Pair] = field(default_factory=dict)
    _due: list[_Due] = field(default_factory=list)
    _swept_ns: int = 0
    _deaf_until_ns: int = 0

    def take(self, register: Register) -> None:
        """Judge by this register from now on. Who was told of today already is not told of again."""
        self.register = register
        for course in self._courses.values():
            course.scope_until_ns, course.permit_until_ns = 0, course.permit_told_until_ns

    def spoke(self, identity: str, received: Stamp, events: list[Event]) -> None:
        """A terminal said something, whatever it was."""
        course = self._courses.get(identity)
        if course is None:
            course = self._courses[identity] = _Course()
        course.heard_ns = received.utc_ns
        if course.silent is not None:
            events.append(replace(course.silent, end_time_ns=max(received.utc_ns, course.silent.time_ns)))
            course.silent = None

    def left(self, identity: str, received: Stamp, events: list[Event]) -> None:
        """A terminal signed off (0x0003): whatever it does now, it is not silent."""
        self.spoke(identity, received, events)
        self._courses[identity].running_since_ns = 0

    def see(self, identity: str, fix: Fix, received: Stamp, events: list[Event], *, is_clock_trusted: bool) -> None:
        """One fix that is believed; `is_clock_trusted`: so is the time it says. Call `spoke` first."""
        course = self._courses[identity]
        at_ns = fix.when.utc_ns if is_clock_trusted else received.utc_ns
        if at_ns <= course.time_ns < received.utc_ns + self.limits.edge_s * NS_PER_S:
            return  # said twice, or of a backlog that was overtaken
        gap_ns, place = at_ns - course.time_ns, fix.place
        course.time_ns, course.received_ns, course.lat_deg, course.lon_deg = at_ns, received.utc_ns, place.lat_deg, place.lon_deg
        if fix.speed_kmh < self.limits.running_kmh:
            course.running_since_ns = 0
        elif not course.running_since_ns or gap_ns > self.limits.gap_s * NS_PER_S:
            course.running_since_ns = at_ns
        if course.running_since_ns and at_ns - course.running_since_ns >= self.limits.running_s * NS_PER_S:
            if not course.is_due:
                course.is_due = True
                heapq.heappush(self._due, (self._due_ns(course), identity))
            if at_ns >= course.permit_until_ns:
                self._judge_permit(identity, course, at_ns, fix, events)
        driven = self.register.driven.get(identity)
        if driven is None:
            return
        if at_ns >= course.scope_until_ns and driven.permits:
            self._judge_scope(identity, driven, course, at_ns, place, events)
        if driven.twins and is_clock_trusted:
            self._judge_twins(identity, driven, course, events)

    def sweep(self, now: Stamp, events: list[Event]) -> None:
        """Look who has become silent. Call it every second or so: a long pause between calls was our own deafness."""
        if self._swept_ns and now.utc_ns - self._swept_ns > self.limits.deaf_after_s * NS_PER_S:
            self._deaf_until_ns = now.utc_ns
        self._swept_ns = now.utc_ns
        while self._due and self._due[0][0] <= now.utc_ns:
            _, identity = heapq.heappop(self._due)
            course = self._courses[identity]
            if not course.running_since_ns:
                course.is_due = False
            elif (due_ns := self._due_ns(course)) > now.utc_ns:
                heapq.heappush(self._due, (due_ns, identity))
            else:
                course.is_due, course.running_since_ns = False, 0
                course.silent = self._silent(identity, course)
                events.append(replace(course.silent, end_time_ns=max(now.utc_ns, course.silent.time_ns)))

    def resume(self, events: Iterable[Event]) -> None:
        """After a restart: what was told already today is not told again."""
        for event in events:
            if event.kind not in ONCE_A_DAY or event.when is None:
                continue
            until_ns = self.register.day_end_ns(event.when.utc_ns)
            if event.kind == "two-vehicles-one-plate" and len(event.subjects) == 2:
                self._pairs[(event.subjects[0], event.subjects[1])] = _Pair(told_until_ns=until_ns)
                continue
            course = self._courses.setdefault(event.subjects[0], _Course(heard_ns=event.when.utc_ns))
            if event.kind == "no-valid-permit":
                course.permit_until_ns = course.permit_told_until_ns = until_ns
            else:
                course.outside_told_until_ns = until_ns

    def forget_before(self, received_ns: int) -> None:
        """Drop terminals that said nothing since then, and of which nothing is open."""
        for identity, course in list(self._courses.items()):
            if course.heard_ns < received_ns and not course.is_due and course.silent is None:
                del self._courses[identity]

    def _due_ns(self, course: _Course) -> int:
        return max(course.heard_ns, self._deaf_until_ns) + round(self.limits.silent_after_s * NS_PER_S)

    def _judge_permit(self, identity: str, course: _Course, at_ns: int, fix: Fix, events: list[Event]) -> None:
        """Look at the permits; not again before the one that is valid ends, or the day is over."""
        register, edge_ns = self.register, round(self.limits.edge_s * NS_PER_S)
        driven = register.driven.get(identity)
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
        details = _where(fix.place) | {"plate": driven.plate, "reason": reason, "permit": number, "detail": detail}
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

    def _judge_scope(self, identity: str, driven: Driven, course: _Course, at_ns: int, place: GeoPoint, events: list[Event]) -> None:
        """Where the vehicle is against where it may be; not again before it could have come to the edge."""
        valid = [held for held in driven.permits if held.is_in_force and held.begin_ns <= at_ns < held.end_ns]
        beyond_m, reason, area = -1e9, "outside-area", ""
        if valid:
            beyond_m = min(held.beyond_m(place) for held in valid)
            for closed in self.register.closed:
                inside_m = -closed.beyond_m(place) if all(held.scope in closed.closed_to for held in valid) else -1e9
                if inside_m > beyond_m:
                    beyond_m, reason, area = inside_m, "closed-area", closed.name
        if beyond_m <= self.limits.margin_m:
            clear_s = min(max((self.limits.margin_m - beyond_m) / (self.limits.possible_kmh / 3.6), 5.0), 600.0)
            course.scope_until_ns, course.outside_count = at_ns + round(clear_s * NS_PER_S), 0
            if course.outside is not None:
                events.append(replace(course.outside, end_time_ns=max(at_ns, course.outside.time_ns)))
                course.outside = None
            return
        if not course.outside_count:
            course.outside_since_ns = at_ns
        course.outside_count += 1
        long_s = (at_ns - course.outside_since_ns) / NS_PER_S
        is_sure = course.outside_count >= self.limits.outside_count and long_s >= self.limits.running_s and course.running_since_ns
        if course.outside is not None or at_ns < course.outside_told_until_ns or not is_sure:
            return
        course.outside_told_until_ns = self.register.day_end_ns(at_ns)
        detail = f"{driven.plate} is {beyond_m:.0f} m {'outside of where its permit holds' if not area else f'inside {area}, which is closed to its scope'}"
        details = _where(place) | {"plate": driven.plate, "reason": reason, "area": area, "scope": valid[0].scope, "permit": valid[0].number, "detail": detail}
        course.outside = Event(
            "outside-permit-scope",
            source_of(identity),
            course.outside_since_ns,
            at_ns,
            when=Stamp(course.outside_since_ns),
            subjects=(identity,),
            measures=(Measure("beyond", beyond_m, "m", self.limits.margin_m / 2),),
            details=details,
            lineage=LINEAGE,
        )
        events.append(course.outside)

    def _silent(self, identity: str, course: _Course) -> Event:
        driven = self.register.driven.get(identity)
        plate = driven.plate if driven else ""
        detail = f"{plate or 'a vehicle'} was running, and its terminal has said nothing since; whether it drives on nobody knows"
        details: Details = {"lat_deg": course.lat_deg, "lon_deg": course.lon_deg, "plate": plate, "detail": detail}
        begin_ns = course.heard_ns
        return Event("terminal-silent", source_of(identity), begin_ns, begin_ns, when=Stamp(begin_ns), subjects=(identity,), details=details, lineage=LINEAGE)

    def _judge_twins(self, identity: str, driven: Driven, course: _Course, events: list[Event]) -> None:
        """Places that one vehicle cannot both have had, twice within minutes: by the kinder of the terminals' clocks and ours."""
        for other in driven.twins:
            theirs = self._courses.get(other)
            if theirs is None or not theirs.time_ns:
                continue
            away_m = apart_m(course.lat_deg, course.lon_deg, theirs.lat_deg, theirs.lon_deg)
            span_s = max(abs(course.time_ns - theirs.time_ns), abs(course.received_ns - theirs.received_ns)) / NS_PER_S + 10.0
            if away_m <= self.limits.apart_m + self.limits.possible_kmh / 3.6 * span_s:
                continue
            one, two = sorted((identity, other))
            pair = self._pairs.setdefault((one, two), _Pair())
            if course.time_ns < pair.told_until_ns:
                continue
            pair.times_count = pair.times_count + 1 if course.time_ns - pair.last_ns <= self.limits.twin_s * NS_PER_S else 1
            pair.last_ns = course.time_ns
            if pair.times_count < 3:
                continue
            pair.times_count, pair.told_until_ns = 0, self.register.day_end_ns(course.time_ns)
            details: Details = {"plate": driven.plate, "lat_deg": course.lat_deg, "lon_deg": course.lon_deg, "other_lat_deg": theirs.lat_deg}
            detail = f"two terminals report for {driven.plate}, {away_m / 1000:.1f} km apart within {span_s:.0f} s: one vehicle cannot be in both places"
            details |= {"other_lon_deg": theirs.lon_deg, "detail": detail}
            apart = Measure("apart", away_m, "m", 50.0)
            events.append(
                Event(
                    "two-vehicles-one-plate",
                    source_of(identity),
                    course.time_ns,
                    course.time_ns,
                    when=Stamp(course.time_ns),
                    subjects=(one, two),
                    measures=(apart,),
                    details=details,
                    lineage=LINEAGE,
                )
            )


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


def _where(place: GeoPoint) -> Details:
    return {"lat_deg": place.lat_deg, "lon_deg": place.lon_deg}
