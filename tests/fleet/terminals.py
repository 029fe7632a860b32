"""Messages of terminals, built for tests the way terminals build them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from catseye.core.terminal import Accepted
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.frame808 import V2013
from catseye.fleet.gateway.keeper import Heard
from catseye.fleet.message import Body
from catseye.fleet.tables.location import ITEMS

IDENTITY = "13800138000"
NOON = Stamp.from_datetime(datetime(2026, 3, 2, 4, 0, tzinfo=UTC))
SU_BYTES, YUE_BYTES = {0x64: 47, 0x65: 47, 0x67: 41}, {0x64: 71, 0x65: 71, 0x67: 65}


def at(second: float) -> Stamp:
    return NOON.plus_ns(round(second * NS_PER_S))


def clock(stamp: Stamp) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=stamp.utc_ns // 1000)
    return (moment + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")


def location(second: float = 0.0, *, alarm: int = 0, status: int = 3, speed_kmh: float = 72.0, items: tuple[Any, ...] = ()) -> dict[str, Any]:
    place = {"lat": 21_028_500, "lon": 105_804_800, "altitude": 12, "direction": 90}
    return {"alarm": alarm, "status": status, **place, "speed_0_1kmh": round(speed_kmh * 10), "time": clock(at(second)), "items": list(items)}


def ident(second: float, seq: int = 0, attach_count: int = 2) -> dict[str, Any]:
    return {"terminal_id": "DEV0001", "time": clock(at(second)), "seq": seq, "attach_count": attach_count}


def driving_alarm(
    item: int, event: int, second: float = 0.0, *, number: int = 1, flag: int = 0, level: int = 1, speed_kmh: int = 72, bytes_count: int = 47, **more: Any
) -> Any:
    lengths = {47: "00", 71: "0000", 41: "00", 65: "0000"}
    values = {
        "alarm_id": number,
        "flag": flag,
        "event": event,
        "level": level,
        "speed": speed_kmh,
        "altitude": 12,
        "lat": 21_028_500,
        "lon": 105_804_800,
        "time": clock(at(second)),
        "vehicle_state": 1,
        "ident": {**ident(second, number & 0xFF), "reserved": lengths[bytes_count]},
    }
    if item == 0x64:
        values |= {"front_speed": 60, "front_distance_100ms": 6, "deviation": 0, "sign_type": 0, "sign_value": 0}
    elif item == 0x65:
        values |= {"fatigue": 3, "reserved4": "00000000"}
    return ITEMS.item(item, {**values, **more}, bytes_count)


def report(values: dict[str, Any], received: Stamp, *, identity: str = IDENTITY, version: str = V2013, msg_id: int = 0x0200, serial: int = 1) -> Heard:
    """A message as the gateway hands it on: through its bytes, so that nothing is in it that a wire could not carry."""
    raw = bytes(Body.of(msg_id, version, values))
    body = Body.parse(msg_id, version, raw)
    return Heard(Accepted(identity, identity.rjust(12, "0"), version, msg_id, serial, received, raw), body)


def too_close(second: float = 0.0, **more: Any) -> Heard:
    """0x64, event 3, half a second after it happened."""
    return report(location(second, items=(driving_alarm(0x64, 3, second, **more),)), at(second + 0.5))
