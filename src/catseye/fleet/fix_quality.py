"""Whether a position can be believed: a fold over the fixes of each terminal. No satellite system is better than another: only what it says counts.

A wrong position costs the terminal belief, never its operator a case: what is not trusted is judged by nobody.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from catseye.core.event import Event, Measure
from catseye.core.terminal import source_of
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.errors import EncryptedError, WireError
from catseye.fleet.fix import Fix

LINEAGE = "terminal"
M_PER_DEG = 111_320.0
_HOUR_S, _DAY_S = 3600.0, 86_400.0
_EVENTFUL = frozenset({"null-island", "jump", "speed-disagrees", "frozen", "drift", "encrypted", "no-place"})


@dataclass(frozen=True, slots=True)
class Quality:
    """`reasons` not to believe a fix; none: it is trusted. `is_clock_trusted`: its own time may be taken."""

    is_trusted: bool
    is_clock_trusted: bool
    reasons: tuple[str, ...] = ()


_GOOD, _GOOD_BUT_LATE = Quality(True, True), Quality(True, False)
_BAD = {(reason, clock): Quality(False, clock, (reason,)) for reason in (*_EVENTFUL, "not-fixed") for clock in (True, False)}


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """From where on something is implausible."""

    possible_kmh: float = 250.0  # faster no vehicle on a road gets from one fix to the next
    jump_m: float = 500.0  # and no doubt of a satellite fix is as wide
    disagrees_kmh: float = 60.0  # between the speed a terminal says and the one its places tell, a minute long
    drift_m: float = 100.0  # so far a standing vehicle does not wander
    standing_kmh: float = 1.0
    moving_kmh: float = 10.0
    frozen_s: float = 60.0
    clock_off_s: float = 300.0
    steady_s: float = 30.0  # a clock that is off is off by the same all the time; a backlog is not
    clock_watched_s: float = 60.0
    confirmed_count: int = 3  # so many in a row begin an event, and so many end it


class _Place(NamedTuple):
    time_ns: int
    lat_deg: float
    lon_deg: float


@dataclass(slots=True)
class _Seen:
    """What is remembered of a terminal: a dozen numbers, however long it reports."""

    time_ns: int = 0
    lat_deg: float = 0.0
    lon_deg: float = 0.0
    speed_kmh: float = 0.0
    has_place: bool = False
    anchor_deg: tuple[float, float] | None = None
    same_since_ns: int = 0
    same_count: int = 0
    candidate: _Place | None = None
    candidate_count: int = 0
    bad_count: int = 0
    bad_since_ns: int = 0
    bad_reason: str = ""
    good_count: int = 0
    implausible: Event | None = None
    offset_s: float = 0.0
    offset_count: int = 0
    offset_since_ns: int = 0
    clock_good_count: int = 0
    clock: Event | None = None
    received_ns: int = 0


@dataclass(slots=True)
class FixQuality:
    """The fold over all terminals. Time comes with the fixes: the same ones give the same events."""

    limits: QualityLimits = field(default_factory=QualityLimits)
    _seen: dict[str, _Seen] = field(default_factory=dict)

    def judge(self, identity: str, fix: Fix | WireError, received: Stamp, events: list[Event]) -> Quality:
        """Whether this fix can be believed; what begins or ends with it is added to `events`. A WireError is what `Fix.of` raised."""
        seen = self._seen.get(identity)
        if seen is None:
            seen = self._seen[identity] = _Seen()
        seen.received_ns = received.utc_ns
        if not isinstance(fix, Fix):
            reason, when_ns, clock = "encrypted" if isinstance(fix, EncryptedError) else "no-place", received.utc_ns, False
        else:
            clock = self._clock(identity, seen, fix.when.utc_ns, received.utc_ns, events)
            when_ns = fix.when.utc_ns if clock else received.utc_ns
            reason = self._place(seen, fix, received.utc_ns)
        if reason:
            if reason in _EVENTFUL:
                self._bad(identity, seen, reason, when_ns, events)
            return _BAD[reason, clock]
        if seen.bad_count or seen.implausible is not None:
            self._good(seen, when_ns, events)
        return _GOOD if clock else _GOOD_BUT_LATE

    def forget_before(self, received_ns: int) -> None:
        """Drop terminals that said nothing since then."""
        for identity in [identity for identity, seen in self._seen.items() if seen.received_ns < received_ns]:
            del self._seen[identity]

    def _place(self, seen: _Seen, fix: Fix, received_ns: int) -> str:
        """Why the place is not to be believed, or nothing; what is believed becomes the last known."""
        if not fix.is_fixed:
            return "not-fixed"
        lat_deg, lon_deg, said_kmh = fix.place.lat_deg, fix.place.lon_deg, fix.speed_kmh
        if abs(lat_deg) < 0.1 and abs(lon_deg) < 0.1:
            return "null-island"
        time_ns = fix.when.utc_ns
        if not seen.has_place:
            self._believe(seen, time_ns, lat_deg, lon_deg, said_kmh)
            return ""
        span_s = (time_ns - seen.time_ns) / NS_PER_S
        if span_s <= 0:
            return self._out_of_order(seen, fix, received_ns)
        if lat_deg == seen.lat_deg and lon_deg == seen.lon_deg:
            return self._same_place(seen, time_ns, said_kmh)
        away_m = apart_m(lat_deg, lon_deg, seen.lat_deg, seen.lon_deg)
        implied_kmh = away_m / span_s * 3.6
        if away_m > self.limits.jump_m:
            if implied_kmh > self.limits.possible_kmh:
                return self._jumped(seen, fix)
            faster_said_kmh = said_kmh if said_kmh > seen.speed_kmh else seen.speed_kmh
            if span_s <= 60 and implied_kmh > faster_said_kmh + self.limits.disagrees_kmh:
                self._believe(seen, time_ns, lat_deg, lon_deg, said_kmh)
                return "speed-disagrees"
        drifts = self._drifts(seen, lat_deg, lon_deg, said_kmh)
        self._believe(seen, time_ns, lat_deg, lon_deg, said_kmh)
        return "drift" if drifts else ""

    def _out_of_order(self, seen: _Seen, fix: Fix, received_ns: int) -> str:
        """A fix from before the last one: said twice, or of a backlog. Where the last one was of the future, its clock was wrong, and it begins anew."""
        if seen.time_ns > received_ns + self.limits.clock_off_s * NS_PER_S:
            self._believe(seen, fix.when.utc_ns, fix.place.lat_deg, fix.place.lon_deg, fix.speed_kmh)
        return ""

    def _same_place(self, seen: _Seen, time_ns: int, said_kmh: float) -> str:
        """To the microdegree the same place: fine for who stands."""
        was_moving = seen.same_count > 0
        seen.time_ns, seen.speed_kmh = time_ns, said_kmh
        if said_kmh < self.limits.moving_kmh:
            seen.same_count = 0
            return ""
        if not was_moving:
            seen.same_since_ns = time_ns
        seen.same_count += 1
        is_long = time_ns - seen.same_since_ns >= self.limits.frozen_s * NS_PER_S
        return "frozen" if is_long and seen.same_count >= self.limits.confirmed_count else ""

    def _jumped(self, seen: _Seen, fix: Fix) -> str:
        """Too far to be true. When it goes on from there as a vehicle does, it was the old place that was wrong, and the new one is believed."""
        time_ns, lat_deg, lon_deg = fix.when.utc_ns, fix.place.lat_deg, fix.place.lon_deg
        before = seen.candidate
        goes_on = before is not None and time_ns > before.time_ns and self._is_possible(before, time_ns, lat_deg, lon_deg)
        seen.candidate_count = seen.candidate_count + 1 if goes_on else 1
        seen.candidate = _Place(time_ns, lat_deg, lon_deg)
        if seen.candidate_count > self.limits.confirmed_count:
            self._believe(seen, time_ns, lat_deg, lon_deg, fix.speed_kmh)
            return ""
        return "jump"

    def _is_possible(self, before: _Place, time_ns: int, lat_deg: float, lon_deg: float) -> bool:
        away_m = apart_m(lat_deg, lon_deg, before.lat_deg, before.lon_deg)
        return away_m <= self.limits.jump_m + self.limits.possible_kmh / 3.6 * (time_ns - before.time_ns) / NS_PER_S

    def _drifts(self, seen: _Seen, lat_deg: float, lon_deg: float, said_kmh: float) -> bool:
        """Whether a vehicle that says it stands has wandered from where it stopped."""
        if said_kmh >= self.limits.standing_kmh:
            seen.anchor_deg = None
            return False
        if seen.anchor_deg is None:
            seen.anchor_deg = (lat_deg, lon_deg)
            return False
        return apart_m(lat_deg, lon_deg, *seen.anchor_deg) > self.limits.drift_m

    def _believe(self, seen: _Seen, time_ns: int, lat_deg: float, lon_deg: float, said_kmh: float) -> None:
        seen.time_ns, seen.lat_deg, seen.lon_deg, seen.speed_kmh, seen.has_place = time_ns, lat_deg, lon_deg, said_kmh, True
        seen.same_count, seen.candidate, seen.candidate_count = 0, None, 0

    def _clock(self, identity: str, seen: _Seen, device_ns: int, received_ns: int, events: list[Event]) -> bool:
        """Whether the terminal's clock may be taken. A backlog is late by less and less, a wrong clock by the same for ever."""
        offset_s = (received_ns - device_ns) / NS_PER_S
        limit_s = self.limits.clock_off_s
        if -limit_s <= offset_s <= limit_s:
            if seen.clock is not None:
                seen.clock_good_count += 1
                if seen.clock_good_count >= self.limits.confirmed_count:
                    events.append(replace(seen.clock, end_time_ns=max(received_ns, seen.clock.time_ns)))
                    seen.clock = None
            seen.offset_count = 0
            return seen.clock is None
        seen.clock_good_count = 0
        if seen.offset_count and abs(offset_s - seen.offset_s) <= self.limits.steady_s:
            seen.offset_count += 1
        else:
            seen.offset_s, seen.offset_count, seen.offset_since_ns = offset_s, 1, received_ns
        watched_s = (received_ns - seen.offset_since_ns) / NS_PER_S
        if seen.clock is None and seen.offset_count >= self.limits.confirmed_count and watched_s >= self.limits.clock_watched_s:
            seen.clock = _clock_off(identity, seen.offset_s, seen.offset_since_ns)
            events.append(seen.clock)
        return seen.clock is None and 0 < offset_s < 30 * _DAY_S  # late it may be, from tomorrow it is not

    def _bad(self, identity: str, seen: _Seen, reason: str, when_ns: int, events: list[Event]) -> None:
        seen.good_count = 0
        if not seen.bad_count:
            seen.bad_since_ns, seen.bad_reason = when_ns, reason
        seen.bad_count += 1
        if seen.implausible is None and seen.bad_count >= self.limits.confirmed_count:
            begin_ns, first = seen.bad_since_ns, seen.bad_reason
            seen.implausible = Event(
                "position-implausible",
                source_of(identity),
                begin_ns,
                begin_ns,
                when=Stamp(begin_ns),
                subjects=(identity,),
                trusted=False,
                details={"reason": first, "detail": _WORDS[first]},
                lineage=LINEAGE,
            )
            events.append(seen.implausible)

    def _good(self, seen: _Seen, when_ns: int, events: list[Event]) -> None:
        seen.good_count += 1
        if seen.implausible is None:
            seen.bad_count = 0
        elif seen.good_count >= self.limits.confirmed_count:
            events.append(replace(seen.implausible, end_time_ns=max(when_ns, seen.implausible.time_ns)))
            seen.implausible, seen.bad_count = None, 0


_WORDS: Mapping[str, str] = {
    "null-island": "the terminal reports a place in the Gulf of Guinea, where the degrees are zero",
    "jump": "the terminal's places are further apart than any vehicle gets in that time",
    "speed-disagrees": "the terminal's places tell a far higher speed than the terminal says",
    "frozen": "the terminal reports one place to the microdegree while it says it moves",
    "drift": "the terminal says it stands while its place wanders",
    "encrypted": "the terminal's coordinates are encrypted, and nobody here holds a key",
    "no-place": "the terminal reports a place or a time that is none",
}


def _clock_off(identity: str, offset_s: float, begin_ns: int) -> Event:
    hours = round(offset_s / _HOUR_S)
    is_zone = hours != 0 and abs(hours) <= 14 and abs(offset_s - hours * _HOUR_S) <= 120
    reason = "whole-hours" if is_zone else "years" if abs(offset_s) > 300 * _DAY_S else "off"
    words = {"whole-hours": "as if it kept another time zone's time", "years": "by years", "off": "or what it says comes late"}[reason]
    return Event(
        "terminal-clock-off",
        source_of(identity),
        begin_ns,
        begin_ns,
        when=Stamp(begin_ns),
        subjects=(identity,),
        measures=(Measure("offset", offset_s, "s", 30.0),),
        trusted=False,
        details={"reason": reason, "detail": f"the terminal's clock is {abs(offset_s):.0f} s {'slow' if offset_s > 0 else 'fast'}, {words}"},
        lineage=LINEAGE,
    )


def apart_m(lat_deg: float, lon_deg: float, other_lat_deg: float, other_lon_deg: float) -> float:
    """How far two places are apart on a ball, to a percent up to some hundred kilometres; without arrays, since every fix asks.

    >>> round(apart_m(21.0, 105.8, 21.0, 105.9) / 1000, 1)
    10.4
    """
    east_deg = (lon_deg - other_lon_deg + 180.0) % 360.0 - 180.0
    north_deg = lat_deg - other_lat_deg
    return M_PER_DEG * math.hypot(north_deg, east_deg * math.cos(math.radians((lat_deg + other_lat_deg) / 2)))
