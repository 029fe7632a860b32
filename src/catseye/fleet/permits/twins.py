"""Two terminals under one plate, where they cannot be in one vehicle."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from catseye.core.event import Event, Measure
from catseye.core.terminal import source_of
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.fix_quality import LINEAGE, apart_m
from catseye.fleet.permits.course import Course, Details, WatchLimits
from catseye.fleet.permits.register import Driven, Register

_SURE_COUNT = 3


@dataclass(slots=True)
class _Pair:
    """How often the two could not be in one vehicle."""

    times_count: int = 0
    last_ns: int = 0
    told_until_ns: int = 0


@dataclass(slots=True)
class Twins:
    """All pairs that were ever too far apart: few."""

    limits: WatchLimits
    _pairs: dict[tuple[str, str], _Pair] = field(default_factory=dict)

    def told_until(self, one: str, two: str, until_ns: int) -> None:
        """They were told of already."""
        self._pairs[(one, two)] = _Pair(told_until_ns=until_ns)

    def judge(self, register: Register, identity: str, driven: Driven, courses: Mapping[str, Course], events: list[Event]) -> None:
        """Places that one vehicle cannot both have had, again and again within minutes: by the kinder of the terminals' clocks and ours."""
        course = courses[identity]
        for other in driven.twins:
            theirs = courses.get(other)
            if theirs is None or not theirs.time_ns:
                continue
            away_m = apart_m(course.lat_deg, course.lon_deg, theirs.lat_deg, theirs.lon_deg)
            span_s = max(abs(course.time_ns - theirs.time_ns), abs(course.received_ns - theirs.received_ns)) / NS_PER_S + 10.0
            is_possible = away_m <= self.limits.apart_m + self.limits.possible_kmh / 3.6 * span_s
            if not is_possible and self._is_sure(register, identity, other, course.time_ns):
                events.append(_two(identity, other, driven.plate, course, theirs, away_m, span_s))

    def _is_sure(self, register: Register, identity: str, other: str, time_ns: int) -> bool:
        one, two = sorted((identity, other))
        pair = self._pairs.setdefault((one, two), _Pair())
        if time_ns < pair.told_until_ns:
            return False
        pair.times_count = pair.times_count + 1 if time_ns - pair.last_ns <= self.limits.twin_s * NS_PER_S else 1
        pair.last_ns = time_ns
        if pair.times_count < _SURE_COUNT:
            return False
        pair.times_count, pair.told_until_ns = 0, register.day_end_ns(time_ns)
        return True


def _two(identity: str, other: str, plate: str, course: Course, theirs: Course, away_m: float, span_s: float) -> Event:
    one, two = sorted((identity, other))
    details: Details = {"plate": plate, "lat_deg": course.lat_deg, "lon_deg": course.lon_deg, "other_lat_deg": theirs.lat_deg}
    detail = f"two terminals report for {plate}, {away_m / 1000:.1f} km apart within {span_s:.0f} s: one vehicle cannot be in both places"
    details |= {"other_lon_deg": theirs.lon_deg, "detail": detail}
    return Event(
        "two-vehicles-one-plate",
        source_of(identity),
        course.time_ns,
        course.time_ns,
        when=Stamp(course.time_ns),
        subjects=(one, two),
        measures=(Measure("apart", away_m, "m", 50.0),),
        details=details,
        lineage=LINEAGE,
    )
