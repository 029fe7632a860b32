"""Where a vehicle is against where its permits hold."""

from dataclasses import dataclass, replace

from catseye.core.event import Event, Measure
from catseye.core.geo import GeoPoint
from catseye.core.terminal import source_of
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.fix_quality import LINEAGE
from catseye.fleet.permits.areas import Area
from catseye.fleet.permits.course import Course, WatchLimits, where
from catseye.fleet.permits.register import Driven, Held, Register

_FAR_INSIDE_M = -1e9


@dataclass(frozen=True, slots=True)
class Beyond:
    """How far a place is beyond where permits hold; below zero: how far from the edge. `closed`: the area it must not be in."""

    away_m: float
    closed: Area | None = None

    @classmethod
    def of(cls, register: Register, valid: list[Held], place: GeoPoint) -> "Beyond":
        """Of permits that are valid now; without one nothing is beyond."""
        if not valid:
            return cls(_FAR_INSIDE_M)
        found = cls(min(held.beyond_m(place) for held in valid))
        for closed in register.closed:
            inside_m = -closed.beyond_m(place) if all(held.scope in closed.closed_to for held in valid) else _FAR_INSIDE_M
            if inside_m > found.away_m:
                found = cls(inside_m, closed)
        return found


def judge_scope(limits: WatchLimits, register: Register, identity: str, driven: Driven, course: Course, at_ns: int, place: GeoPoint) -> Event | None:
    """What begins or ends with the vehicle being here now; not looked at again before it could have come to the edge."""
    valid = [held for held in driven.permits if held.is_in_force and held.begin_ns <= at_ns < held.end_ns]
    beyond = Beyond.of(register, valid, place)
    if beyond.away_m <= limits.margin_m:
        clear_s = min(max((limits.margin_m - beyond.away_m) / (limits.possible_kmh / 3.6), 5.0), 600.0)
        course.scope_until_ns, course.outside_count = at_ns + round(clear_s * NS_PER_S), 0
        return _back(course, at_ns)
    if not course.outside_count:
        course.outside_since_ns = at_ns
    course.outside_count += 1
    long_s = (at_ns - course.outside_since_ns) / NS_PER_S
    is_sure = course.outside_count >= limits.outside_count and long_s >= limits.running_s and course.running_since_ns
    if course.outside is not None or at_ns < course.outside_told_until_ns or not is_sure:
        return None
    course.outside_told_until_ns = register.day_end_ns(at_ns)
    course.outside = _outside(identity, driven, valid[0], beyond, course.outside_since_ns, place, limits.margin_m / 2)
    return course.outside


def _back(course: Course, at_ns: int) -> Event | None:
    """It is where it may be; what was told of it is over."""
    if course.outside is None:
        return None
    over, course.outside = replace(course.outside, end_time_ns=max(at_ns, course.outside.time_ns)), None
    return over


def _outside(identity: str, driven: Driven, held: Held, beyond: Beyond, since_ns: int, place: GeoPoint, doubt_m: float) -> Event:
    area = beyond.closed.name if beyond.closed is not None else ""
    detail = f"{driven.plate} is {beyond.away_m:.0f} m {f'inside {area}, which is closed to its scope' if area else 'outside of where its permit holds'}"
    reason = "closed-area" if area else "outside-area"
    details = where(place) | {"plate": driven.plate, "reason": reason, "area": area, "scope": held.scope, "permit": held.number, "detail": detail}
    return Event(
        "outside-permit-scope",
        source_of(identity),
        since_ns,
        since_ns,
        when=Stamp(since_ns),
        subjects=(identity,),
        measures=(Measure("beyond", beyond.away_m, "m", doubt_m),),
        details=details,
        lineage=LINEAGE,
    )
