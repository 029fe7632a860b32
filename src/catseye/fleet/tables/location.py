"""0x0200 and what carries it: 0x0201, 0x0704. Items of JT/T 808 and JT/T 1078; those of active safety are in a table of their own."""

from catseye.fleet.dialects import DIALECTS, items_of
from catseye.fleet.items import Items
from catseye.fleet.tables.active_safety import ALARM_ITEMS
from catseye.fleet.wire import Count, Derived, Echo, Entries, Field, Inside, Layout, Sized, Values, bcd_time, octets, u8, u16, u32

POSITION: tuple[Field, ...] = (
    u32("alarm", "bits"),
    u32("status", "bits", "0 ACC, 1 fixed, 2 south, 3 west, 4 out of service, 5 coordinates encrypted, 18 GPS, 19 BeiDou, 20 GLONASS, 21 Galileo"),
    u32("lat", "1e-6 deg", "unsigned: south is a bit of `status`"),
    u32("lon", "1e-6 deg", "unsigned: west is a bit of `status`"),
    u16("altitude", "m"),
    u16("speed_0_1kmh", "0.1 km/h"),
    u16("direction", "deg", "from north, clockwise"),
    bcd_time("time"),
)


def _magnitude(values: Values) -> int:
    raw: int = values["raw"]
    return -(raw & 0x7FFF) if raw & 0x8000 else raw


def _halves() -> tuple[Derived, Derived]:
    return Derived("hi", lambda values: values["bits"] >> 16), Derived("lo", lambda values: values["bits"] & 0xFFFF)


def _bits(name: str) -> Layout:
    return Layout(name, u32("bits", "bits"), *_halves())


AREA_TYPES = "0 none, 1 circle, 2 rectangle, 3 polygon, 4 section"
STANDARD_ITEMS: dict[int, tuple[Layout, ...]] = {
    0x01: (Layout("mileage", u32("mileage_0_1km", "0.1 km")),),
    0x02: (Layout("fuel", u16("fuel_0_1l", "0.1 L")),),
    0x03: (Layout("speed of the recorder", u16("speed_0_1kmh", "0.1 km/h")),),
    0x04: (Layout("alarm that a person must confirm", u16("manual_alarm_id")),),
    0x05: (Layout("tyre pressures (2019)", octets("tire_pressure", 30)),),
    0x06: (Layout("compartment temperature (2019)", u16("raw", "°C", "bit 15: below zero"), Derived("carriage_temp", _magnitude, "°C")),),
    0x11: (
        Layout("speeding", u8("area_type", "", AREA_TYPES)),
        Layout("speeding in an area", u8("area_type", "", AREA_TYPES), u32("area_id")),
    ),
    0x12: (Layout("area or route entered or left", u8("area_type", "", AREA_TYPES), u32("area_id"), u8("direction", "", "0 in, 1 out")),),
    0x13: (Layout("driving time on a section", u32("route_id"), u16("drive_time_s", "s"), u8("result", "", "0 too short, 1 too long")),),
    0x14: (_bits("video alarms (1078)"),),
    0x15: (_bits("channels without a signal (1078)"),),
    0x16: (_bits("channels that are covered (1078)"),),
    0x17: (Layout("storage faults (1078)", u16("bits", "bits", "0–11 main, 12–15 backup")),),
    0x18: (
        Layout("abnormal driving (1078)", u16("bits", "bits", "0 fatigue, 1 phone, 2 smoking"), u8("fatigue", "0–100")),
        Layout("abnormal driving (1078), without degree", u16("bits", "bits", "0 fatigue, 1 phone, 2 smoking")),
    ),
    0x25: (_bits("extended vehicle signals"),),
    0x2A: (Layout("IO state", u16("bits", "bits")),),
    0x2B: (_bits("analog inputs: AD0 low, AD1 high half"),),
    0x30: (Layout("radio strength", u8("value")),),
    0x31: (Layout("satellites", u8("value")),),
    0xF1: (Layout("faults of installation (Yue); others put their own there", Echo("hex"), u32("bits", "bits")),),
    0xF2: (Layout("faults of the algorithm (Yue); others put their own there", Echo("hex"), u32("bits", "bits")),),
}
_HOUSE_ITEMS = {**STANDARD_ITEMS, **ALARM_ITEMS}
ITEMS = Items({**_HOUSE_ITEMS, **{key: (*_HOUSE_ITEMS.get(key, ()), *layouts) for key, layouts in items_of(DIALECTS).items()}})
BASE = Layout("position", *POSITION)
LOCATION = Layout("location report", *POSITION, ITEMS, source="JT/T 808, 8.12; JT/T 1078; T/JSATL 12; T/GDRTA 002")
LOCATION_REPLY = Layout("answer to a location query", u16("ack_serial"), Inside("location", LOCATION))
LOCATION_BATCH = Layout(
    "batch of location reports",
    Count("list", "H"),
    u8("type", "", "0 normal, 1 sent after a blind zone"),
    Entries("list", Layout("", Sized("_len", "H", LOCATION))),
)
