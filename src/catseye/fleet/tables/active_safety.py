"""Items 0x64–0x67 and 0x70 of a location report: alarms of driver assistance and driver monitoring, one layout a dialect."""

from catseye.core.sockets import TerminalDialect
from catseye.fleet.dialects import DIALECTS, ident_of
from catseye.fleet.wire import Count, Derived, Entries, Field, Inside, Layout, Part, bcd_time, octets, u8, u16, u32

_FLAG = u8("flag", "", "0 has no end, 1 begins, 2 ends")
_PLACE: tuple[Field, ...] = (
    u8("speed", "km/h"),
    u16("altitude", "m"),
    u32("lat", "1e-6 deg"),
    u32("lon", "1e-6 deg"),
    bcd_time("time"),
    u16("vehicle_state", "bits", "0 ACC, 1 left, 2 right, 3 wiper, 4 brake, 5 card, 10 fixed"),
)
_ADAS: tuple[Part | Field, ...] = (
    u32("alarm_id"),
    _FLAG,
    u8(
        "event",
        "",
        "1 forward collision, 2 lane departure, 3 too close, 4 pedestrian, 5 frequent lane change, 6 over a sign's limit, 7 obstacle, "
        "0x10 sign recognised, 0x11 snapshot; Yue: 0x12 solid line crossed, 0x13 pedestrian in the aisle",
    ),
    u8("level", "", "1, 2"),
    u8("front_speed", "km/h"),
    u8("front_distance_100ms", "100 ms"),
    u8("deviation", "", "1 left, 2 right"),
    u8("sign_type", "", "1 speed, 2 height, 3 weight; Yue: 4 no entry, 5 no stopping"),
    u8("sign_value"),
    *_PLACE,
)
_DSM: tuple[Part | Field, ...] = (
    u32("alarm_id"),
    _FLAG,
    u8(
        "event",
        "",
        "Su: 1 fatigue, 2 phone, 3 smoking, 4 distraction, 5 driver abnormal, 0x10 snapshot, 0x11 driver change; Yue: 2 phone in hand, 4 not looking ahead, "
        "6 camera covered, 8 overtime, 0x0A no seat belt, 0x0B sunglasses, 0x0C both hands off, 0x0D playing with the phone",
    ),
    u8("level", "", "1, 2"),
    u8("fatigue", "1–10"),
    octets("reserved4", 4),
    Derived("reserved4_int", lambda values: int(values["reserved4"], 16), "", "some send the degree here"),
    *_PLACE,
)
_TYRE: tuple[Field, ...] = (
    u16("event", "bits", "0 periodic, 1 high, 2 low, 3 hot, 4 sensor, 5 imbalance, 6 slow leak, 7 battery"),
    u16("pressure", "kPa"),
    u16("temp", "°C"),
    u16("battery", "%"),
)
_TYRES = (Layout("", u8("pos"), *_TYRE), Layout("", u16("pos"), *_TYRE))  # the table says BYTE, the offset after it says two

_HARSH: tuple[Field, ...] = (  # as a public server reads it (cuteLittleDevil/go-jt808): its provinces' texts were not at hand
    u32("alarm_id"),
    _FLAG,
    u8("event", "", "1 acceleration, 2 braking, 3 turn, 4 idling, 5 engine stopped while driving, 6 coasting out of gear, 7 engine too fast"),
    u16("time_threshold", "s"),
    u16("threshold_1", "0.01 g or km/h", "of events 1–3 the acceleration, of 4–7 the speed"),
    u16("threshold_2", "rpm", "of events 4–7; else reserved"),
    *_PLACE,
)


def _ident(dialect: TerminalDialect) -> Inside:
    return Inside("ident", ident_of(dialect))


def _tyre_alarm(dialect: TerminalDialect, tyre: Layout) -> Layout:
    return Layout(
        "tyre pressure",
        u32("alarm_id"),
        _FLAG,
        *_PLACE,
        _ident(dialect),
        Count("tires"),
        Entries("tires", tyre),
        Derived("entry_len", lambda _: tyre.fixed_bytes, "bytes"),
        label=dialect.name,
    )


ALARM_ITEMS: dict[int, tuple[Layout, ...]] = {
    0x64: tuple(Layout("driver assistance", *_ADAS, _ident(each), label=each.name) for each in DIALECTS),
    0x65: tuple(Layout("driver monitoring", *_DSM, _ident(each), label=each.name) for each in DIALECTS),
    0x66: tuple(_tyre_alarm(each, tyre) for each in DIALECTS for tyre in _TYRES),
    0x67: tuple(
        Layout("blind spot", u32("alarm_id"), _FLAG, u8("event", "", "1 rear, 2 left rear, 3 right rear"), *_PLACE, _ident(each), label=each.name)
        for each in DIALECTS
    ),
    0x70: tuple(Layout("harsh driving", *_HARSH, _ident(each), label=each.name) for each in DIALECTS),
}
