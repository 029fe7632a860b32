"""Alarms of terminals, read out of location reports: one value an alarm, in the same words whatever dialect it came in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from catseye.core.event import Event, Measure
from catseye.core.geo import GeoPoint
from catseye.core.terminal import Accepted, source_of
from catseye.core.time import NS_PER_MS, NS_PER_S, Stamp
from catseye.fleet.alarm_kinds import ABNORMAL_BITS, ALARM_BITS, SINCE_2019, TYRE_BITS, VIDEO_BITS, AlarmKind, kind_of
from catseye.fleet.fix import BEIJING
from catseye.fleet.frame808 import V2019
from catseye.fleet.items import Item
from catseye.fleet.message import Body

LINEAGE = "terminal"
LOCATION, LOCATION_REPLY, LOCATION_BATCH = 0x0200, 0x0201, 0x0704
_SOUTH, _WEST, _ENCRYPTED, _FIXED = 1 << 2, 1 << 3, 1 << 5, 1 << 1
_AHEAD_S, _BEHIND_S = 60.0, 30 * 86_400.0  # a clock that is further off than that tells nothing about when
_LATE_S = 30.0
_CLOCK_DOUBT_MS = 500.0  # whole seconds, of a clock that satellites set
_MOST_GAP_100MS = 100  # T/JSATL 12-2017 table 15
_TYRE_FIELDS = (("pressure", "tyre-pressure", "kPa", 1.0), ("temp", "tyre-temperature", "°C", 1.0), ("battery", "tyre-battery", "%", 1.0))
_OF_ALARMS = frozenset((0x11, 0x12, 0x13, 0x14, 0x18, 0x64, 0x65, 0x66, 0x67))


class Stage(StrEnum):
    """How an alarm is told. `lasts`: a bit that stays set as long as its reason does; the terminal never says when that began."""

    INSTANT = "instant"
    BEGINS = "begins"
    ENDS = "ends"
    LASTS = "lasts"


_STAGES = {1: Stage.BEGINS, 2: Stage.ENDS}


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm as a terminal said it. `said`: what on the wire said it, as `0x64/3` or `alarm bit 2`; `number`: the terminal's own, where it counts them.

    `when` is the terminal's clock, or `received` where that cannot be right (`is_clock_off`). `is_late`: it was kept back and is news no more.
    `ident`: the identification as on the wire, by which its attachments are asked for, in the lengths of `dialect`.
    """

    identity: str
    kind: AlarmKind
    stage: Stage
    level: int
    when: Stamp
    received: Stamp
    said: str
    speed_kmh: float
    number: int | None = None
    place: GeoPoint | None = None
    measures: tuple[Measure, ...] = ()
    details: Mapping[str, str | int] = field(default_factory=dict)
    is_clock_off: bool = False
    is_late: bool = False
    ident: Mapping[str, Any] | None = None
    dialect: str = ""
    attach_count: int = 0

    @property
    def key(self) -> tuple[str, int | None]:
        """By which its end is found."""
        return self.said, self.number


def alarms_of(accepted: Accepted, body: Body) -> list[Alarm]:
    """All alarms of a message, in its order; none for messages that carry none. Never raises: what a terminal sends is no reason to stop."""
    if body.layout is None:
        return []
    if accepted.msg_id == LOCATION:
        return of_report(accepted, body.values)
    if accepted.msg_id == LOCATION_REPLY:
        return of_report(accepted, body.values["location"])
    if accepted.msg_id == LOCATION_BATCH:
        is_blind = body.values["type"] == 1
        return [alarm for each in body.values["list"] if "alarm" in each for alarm in of_report(accepted, each, is_kept_back=is_blind)]
    return []


def of_report(accepted: Accepted, values: Mapping[str, Any], *, is_kept_back: bool = False) -> list[Alarm]:
    """The alarms of one location."""
    bits: int = values["alarm"]
    items = [item for item in values.get("items", ()) if item.id in _OF_ALARMS and item.layout is not None]
    if not bits and not items:
        return []
    report = _Report(accepted, values, is_kept_back)
    if accepted.version != V2019:
        bits &= ~SINCE_2019
    return [*report.of_bits(bits, items), *(alarm for item in items for alarm in report.of_item(item))]


def carries_alarms(values: Mapping[str, Any]) -> bool:
    """Whether a location has any item that is one."""
    return any(item.id in _OF_ALARMS and item.layout is not None for item in values.get("items", ()))


def when_of(accepted: Accepted, values: Mapping[str, Any]) -> Stamp:
    """When a location was: by the terminal's clock, or when it came where that cannot be right."""
    return _Report(accepted, values, False).moment(values["time"])[0]


def event_of(alarm: Alarm, driver: str = "") -> Event:
    """The alarm as an event: from the same message always the same. `driver`: the pseudonym of who drives; never a name."""
    details: dict[str, str | int | float | bool | None] = {
        "detail": f"the terminal reports {alarm.kind.value}" + (f", level {alarm.level}" if alarm.level else ""),
        "said": alarm.said,
        "stage": alarm.stage.value,
        "level": alarm.level,
        **({"number": alarm.number} if alarm.number is not None else {}),
        **({"lat_deg": alarm.place.lat_deg, "lon_deg": alarm.place.lon_deg} if alarm.place else {}),
        **({"dialect": alarm.dialect} if alarm.dialect else {}),
        **({"late": True} if alarm.is_late else {}),
        **({"clock_off": True} if alarm.is_clock_off else {}),
        **({"driver": driver} if driver else {}),
        **alarm.details,
    }
    at_ns = alarm.when.utc_ns
    return Event(
        alarm.kind.value,
        source_of(alarm.identity),
        at_ns,
        at_ns,
        alarm.when,
        subjects=(alarm.identity,),
        measures=(Measure("speed", alarm.speed_kmh, "km/h", 1.0), *alarm.measures),
        trusted=not alarm.is_clock_off,
        lineage=LINEAGE,
        details=details,
    )


class _Report:
    """One location, and what is the same for all of its alarms."""

    def __init__(self, accepted: Accepted, values: Mapping[str, Any], is_kept_back: bool) -> None:
        self.accepted, self.values, self.is_kept_back = accepted, values, is_kept_back

    def of_bits(self, bits: int, items: list[Item]) -> Iterator[Alarm]:
        about: dict[int, dict[str, int]] = {}
        for item in items:
            if item.id == 0x11:
                # the item explains the bit, and stands for it where a terminal forgets that
                about[1] = {name: item.values[name] for name in ("area_type", "area_id") if name in item.values}
                bits |= 0 if bits & (1 << 1 | 1 << 13) else 1 << 1
            elif item.id == 0x12:
                at = 21 if item.values["area_type"] == 4 else 20
                about[at] = {name: item.values[name] for name in ("area_type", "area_id", "direction")}
                bits |= 0 if bits & (1 << 20 | 1 << 21) else 1 << at
            elif item.id == 0x13:
                about[22] = {name: item.values[name] for name in ("route_id", "drive_time_s", "result")}
                bits |= 1 << 22
        for bit, (kind, level, fault) in ALARM_BITS.items() if bits else ():
            if bits >> bit & 1:
                yield self._lasting(kind, f"alarm bit {bit}", level, {**({"fault": fault} if fault else {}), **about.get(bit, {})})

    def of_item(self, item: Item) -> Iterator[Alarm]:
        if item.id in (0x64, 0x65, 0x67):
            yield self._of_driving(item)
        elif item.id == 0x66:
            yield from self._of_tyres(item)
        elif item.id == 0x14:
            for bit, (kind, fault) in VIDEO_BITS.items():
                if item.values["bits"] >> bit & 1:
                    yield self._lasting(kind, f"0x14 bit {bit}", 0, {"fault": fault} if fault else {})
        elif item.id == 0x18:
            degree = item.values.get("fatigue")
            for bit, kind in ABNORMAL_BITS.items():
                if item.values["bits"] >> bit & 1:
                    tired = (Measure("fatigue-degree", float(degree), "of 100", 1.0),) if kind is AlarmKind.FATIGUE and degree is not None else ()
                    yield self._lasting(kind, f"0x18 bit {bit}", 0, {}, tired)

    def _lasting(self, kind: AlarmKind, said: str, level: int, details: Mapping[str, str | int], measures: tuple[Measure, ...] = ()) -> Alarm:
        when, is_off, is_late = self.moment(self.values["time"])
        values = self.values
        speed_kmh = values["speed_0_1kmh"] / 10
        place = self._place(values["lat"], values["lon"])
        return Alarm(
            self.accepted.identity,
            kind,
            Stage.LASTS,
            level,
            when,
            self.accepted.received,
            said,
            speed_kmh,
            place=place,
            measures=measures,
            details=details,
            is_clock_off=is_off,
            is_late=is_late,
        )

    def _of_driving(self, item: Item) -> Alarm:
        values = item.values
        event: int = values["event"]
        dialect = item.layout.label if item.layout else ""
        kind = kind_of(item.id, event, dialect)
        details: dict[str, str | int] = {"item": f"0x{item.id:02X}", "event": event} if kind is AlarmKind.TERMINAL_ALARM else {}
        if kind is AlarmKind.LANE_DEPARTURE:
            details |= _named("side", {1: "left", 2: "right"}, values["deviation"])
        elif item.id == 0x67:
            details |= _named("side", {1: "rear", 2: "left rear", 3: "right rear"}, event)
        elif kind in (AlarmKind.SIGN_OVERRUN, AlarmKind.SIGN_SEEN):
            details |= {"sign_type": values["sign_type"], "sign_value": values["sign_value"]}
        return self._counted(item, kind, f"0x{item.id:02X}/{event}", _measures_of(kind, item), details)

    def _of_tyres(self, item: Item) -> Iterator[Alarm]:
        for tyre in item.values["tires"]:
            for bit in range(1, 16):
                if tyre["event"] >> bit & 1:
                    kind = TYRE_BITS.get(bit, AlarmKind.TERMINAL_ALARM)
                    measures = tuple(Measure(name, float(tyre[key]), unit, doubt) for key, name, unit, doubt in _TYRE_FIELDS)
                    yield self._counted(item, kind, f"0x66/{tyre['pos']}/{bit}", measures, {"tyre": tyre["pos"]})

    def _counted(self, item: Item, kind: AlarmKind, said: str, measures: tuple[Measure, ...], details: Mapping[str, str | int]) -> Alarm:
        values, ident = item.values, item.values["ident"]
        when, is_off, is_late = self.moment(values["time"])
        return Alarm(
            self.accepted.identity,
            kind,
            _STAGES.get(values["flag"], Stage.INSTANT),
            values.get("level", 0),
            when,
            self.accepted.received,
            said,
            float(values["speed"]),
            number=values["alarm_id"],
            place=self._place(values["lat"], values["lon"]),
            measures=measures,
            details=details,
            is_clock_off=is_off,
            is_late=is_late,
            ident=ident,
            dialect=item.layout.label if item.layout else "",
            attach_count=ident["attach_count"],
        )

    def moment(self, said: str) -> tuple[Stamp, bool, bool]:
        """When it was, whether the terminal's clock cannot be right, and whether it is news no more. An alarm without a time has that of its report."""
        received = self.accepted.received
        for text in (said, self.values["time"]):
            utc_ns = _utc_ns(text)
            if utc_ns is None:
                continue
            lag_s = (received.utc_ns - utc_ns) / NS_PER_S
            if -_AHEAD_S <= lag_s <= _BEHIND_S:
                doubt_ms = _CLOCK_DOUBT_MS if self.values["status"] & _FIXED else max(_CLOCK_DOUBT_MS, abs(lag_s) * 1000)
                return Stamp(utc_ns, doubt_ms), False, self.is_kept_back or lag_s > _LATE_S
        return Stamp(received.utc_ns, max(received.doubt_ms, _AHEAD_S * 1000)), True, self.is_kept_back

    def _place(self, lat: int, lon: int) -> GeoPoint | None:
        status = self.values["status"]
        if status & _ENCRYPTED or not (lat or lon):
            return None
        lat_deg, lon_deg = lat / 1e6, lon / 1e6
        try:
            return GeoPoint(-lat_deg if status & _SOUTH else lat_deg, -lon_deg if status & _WEST else lon_deg)
        except ValueError:
            return None


def _named(name: str, words: Mapping[int, str], code: int) -> dict[str, str | int]:
    return {name: words[code]} if code in words else {}


def _measures_of(kind: AlarmKind, item: Item) -> tuple[Measure, ...]:
    """What the item says in numbers that belong to this kind; the resolution of the wire is the least doubt there is."""
    values = item.values
    if item.id == 0x65:
        return (Measure("fatigue-degree", float(values["fatigue"]), "of 10", 1.0),) if kind is AlarmKind.FATIGUE else ()
    if item.id != 0x64 or kind not in (AlarmKind.FORWARD_COLLISION, AlarmKind.HEADWAY, AlarmKind.PEDESTRIAN, AlarmKind.OBSTACLE):
        return ()
    gap_100ms: int = values["front_distance_100ms"]
    found = [Measure("front-speed", float(values["front_speed"]), "km/h", 1.0)] if kind in (AlarmKind.FORWARD_COLLISION, AlarmKind.HEADWAY) else []
    if 0 < gap_100ms <= _MOST_GAP_100MS:
        found.append(Measure("time-gap", gap_100ms / 10, "s", 0.1))
    return tuple(found)


def _utc_ns(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=BEIJING)
    except ValueError:
        return None
    return round(moment.timestamp()) * 1000 * NS_PER_MS
