"""What simulated terminals send, as bodies: registration, locations with their items, alarms, parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from catseye.fleet.items import Item
from catseye.fleet.message import Body
from catseye.fleet.simulate.driving import Moment
from catseye.fleet.simulate.kit import Kit
from catseye.fleet.simulate.watch import AlarmItem, Raised
from catseye.fleet.tables.location import ITEMS
from catseye.fleet.wire import Values

_BEIJING = timezone(timedelta(hours=8))
_EPOCH = datetime(1970, 1, 1, tzinfo=_BEIJING) + timedelta(hours=8)
Bits = int  # of a flag word on the wire
OVERSPEED_BIT, FATIGUE_BIT = 1 << 1, 1 << 2
_ACC, _FIXED, _SOUTH, _WEST, _BEIDOU = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 19
_HEIGHT_M = 12
_BRAKE_BIT = 1 << 4
FILE_KINDS = (("jpg", 0), ("h264", 2), ("bin", 4))  # of an alarm: what is sent for it, and the code of 0x1211


def wire_time(time_ns: int) -> str:
    """As the codec takes times: Beijing's, whole seconds.

    >>> wire_time(1_631_878_299_000_000_000)
    '2021-09-17 19:31:39'
    """
    return f"{_EPOCH + timedelta(seconds=time_ns // 1_000_000_000):%Y-%m-%d %H:%M:%S}"


@dataclass(frozen=True, slots=True)
class Fact:
    """What one location report says. `alarm_bits`: those of 0x0200 itself."""

    time_ns: int
    moment: Moment
    alarm_bits: Bits = 0
    raised: tuple[Raised, ...] = ()


def registration(kit: Kit) -> Body:
    """0x0100."""
    values: Values = {"province": 44, "city": 300, "maker": kit.maker, "model": kit.model, "terminal_id": kit.terminal_id}
    return Body.of(0x0100, kit.version, {**values, "plate_color": int(kit.plate_colour), "plate": kit.plate}, label=kit.edition)


def authentication(kit: Kit, token: str) -> Body:
    """0x0102."""
    return Body.of(0x0102, kit.version, {"token": token, "imei": f"86{kit.seed % 10**13:013d}", "software": "catseye simulate"})


def place_values(fact: Fact) -> Values:
    """The 28 bytes that begin every report."""
    moment, point = fact.moment, fact.moment.point
    status = _ACC | _FIXED | _BEIDOU | (_SOUTH if point.lat_deg < 0 else 0) | (_WEST if point.lon_deg < 0 else 0)
    return {
        "alarm": fact.alarm_bits,
        "status": status,
        "lat": round(abs(point.lat_deg) * 1e6),
        "lon": round(abs(point.lon_deg) * 1e6),
        "altitude": _HEIGHT_M,
        "speed_0_1kmh": round(moment.speed_kmh * 10),
        "direction": round(moment.heading_deg) % 360,
        "time": wire_time(fact.time_ns),
    }


def location_values(kit: Kit, fact: Fact, *, has_attachments: bool) -> Values:
    """Place, mileage, radio, satellites, and the alarms."""
    items = [
        ITEMS.item(0x01, {"mileage_0_1km": int(fact.moment.mileage_m / 100) & 0xFFFFFFFF}),
        ITEMS.item(0x30, {"value": 24}),
        ITEMS.item(0x31, {"value": 17}),
        *([ITEMS.item(0x11, {"area_type": 0}, 1)] if fact.alarm_bits & OVERSPEED_BIT else []),
        *(_alarm(kit, each, has_attachments=has_attachments) for each in fact.raised),
    ]
    return {**place_values(fact), "items": items}


def ident_values(kit: Kit, raised: Raised, *, has_attachments: bool) -> Values:
    """What identifies an alarm; the same when it begins and when it ends."""
    values: Values = {"terminal_id": kit.terminal_id, "time": wire_time(raised.begun_ns), "seq": raised.number & 0xFF}
    spare_bytes_count = kit.dialect.ident_bytes_count - kit.dialect.terminal_bytes_count - 8
    return {**values, "attach_count": len(FILE_KINDS) if has_attachments else 0, "reserved": "00" * spare_bytes_count}


def _alarm(kit: Kit, raised: Raised, *, has_attachments: bool) -> Item:
    moment = raised.moment
    values = {
        "alarm_id": raised.number,
        "flag": int(raised.flag),
        "event": raised.kind.event,
        "level": raised.level,
        "speed": min(255, round(moment.speed_kmh)),
        "altitude": _HEIGHT_M,
        "lat": round(abs(moment.point.lat_deg) * 1e6),
        "lon": round(abs(moment.point.lon_deg) * 1e6),
        "time": wire_time(raised.time_ns),
        "vehicle_state": 1 | (_BRAKE_BIT if moment.acceleration_ms2 < -1 else 0),
        "ident": ident_values(kit, raised, has_attachments=has_attachments),
    }
    return ITEMS.item(raised.kind.item, {**values, **_particulars(raised)}, _ITEM_BYTES[raised.kind.item, kit.dialect.name])


_ITEM_BYTES = {(key, layout.label): layout.fixed_bytes for key in AlarmItem for layout in ITEMS.known[key] if layout.fixed_bytes is not None}


def _particulars(raised: Raised) -> Values:
    moment = raised.moment
    if raised.kind.item is AlarmItem.ASSISTANCE:
        ahead = {"front_speed": min(255, round(moment.leader_kmh)), "front_distance_100ms": min(255, round(moment.headway_s * 10))}
        return {**ahead, "deviation": 1 + raised.number % 2 if raised.kind.name == "lane-departure" else 0, "sign_type": 0, "sign_value": 0}
    return {"fatigue": 6 if raised.kind.name == "fatigue" else 0, "reserved4": "00" * 4}


def location(kit: Kit, fact: Fact, *, has_attachments: bool) -> Body:
    """0x0200."""
    return Body.of(0x0200, kit.version, location_values(kit, fact, has_attachments=has_attachments))


def batch(kit: Kit, facts: Sequence[Fact], *, has_attachments: bool) -> Body:
    """0x0704 of what was measured without a network."""
    return Body.of(0x0704, kit.version, {"type": 1, "list": [location_values(kit, fact, has_attachments=has_attachments) for fact in facts]})


def parameters(kit: Kit, ack_serial: int, held: Mapping[str, Values]) -> Body:
    """0x0104."""
    return Body.of(0x0104, kit.version, {"ack_serial": ack_serial, "params": dict(held)})
