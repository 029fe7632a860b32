"""Parameters of a terminal: 0x8103 sets, 0x8104 and 0x8106 ask, 0x0104 answers. Which they are is a table; unknown ones stay hex."""

from collections.abc import Iterable
from struct import Struct

from catseye.fleet.errors import ShortError, ValueMismatchError, WireError
from catseye.fleet.tables.video_parameters import VIDEO_PARAMETERS
from catseye.fleet.text import encoded, encoded_hex
from catseye.fleet.wire import Count, Cursor, Field, Layout, Line, Numbers, Row, Values, octets, u8, u16, u32

_MOST_LISTED_BYTES = 60  # longer ones are hex alone


def _pictures(prefix: str) -> tuple[Field, ...]:
    return u8(f"{prefix}_video", "s"), u8(f"{prefix}_photos"), u8(f"{prefix}_photo_interval", "100 ms")


_CAMERA: tuple[Field, ...] = (
    u8("speed_gate", "km/h", "no alarm below; 30 by default"),
    u8("volume", "", "0–8"),
    u8("photo_policy", "", "0 none, 1 by time, 2 by distance, 3 reserved"),
    u16("photo_every", "s"),
    u16("photo_every_distance", "100 m"),
    u8("photos"),
    u8("photo_interval", "100 ms"),
    u8("photo_resolution"),
    u8("video_resolution"),
    u32("alarms_enabled", "bits"),
    u32("events_enabled", "bits"),
)
ADAS = Layout(
    "driver assistance (56 bytes)",
    *_CAMERA,
    octets("reserved_1", 1),
    u8("obstacle_time", "100 ms"),
    u8("obstacle_level_speed", "km/h"),
    *_pictures("obstacle"),
    u8("lane_change_window", "s"),
    u8("lane_change_times"),
    u8("lane_change_level_speed", "km/h"),
    *_pictures("lane_change"),
    u8("departure_level_speed", "km/h"),
    *_pictures("departure"),
    u8("collision_time", "100 ms"),
    u8("collision_level_speed", "km/h"),
    *_pictures("collision"),
    u8("pedestrian_time", "100 ms"),
    u8("pedestrian_speed", "km/h"),
    *_pictures("pedestrian"),
    u8("headway_time", "100 ms"),
    u8("headway_level_speed", "km/h"),
    *_pictures("headway"),
    u8("sign_photos"),
    u8("sign_photo_interval", "100 ms"),
    octets("reserved_2", 4),
)
_DSM: tuple[Field, ...] = (*_CAMERA, u16("smoking_window", "s"), u16("phone_window", "s"), octets("reserved_1", 3))
_FACE: tuple[Field, ...] = tuple(field for kind in ("fatigue", "phone", "smoking") for field in (u8(f"{kind}_level_speed", "km/h"), *_pictures(kind)))
_TRIGGER = u8("driver_check", "", "0 off, 1 by time, 2 by card, 3 both")
_LEVEL_AND_PICTURES = {
    kind: (u8(f"{kind}_level_speed", "km/h"), *_pictures(kind)) for kind in ("distraction", "abnormal", "belt", "sunglasses", "hands_off", "play")
}
_END = octets("reserved_2", 2)
DSM = Layout("driver monitoring (Su, 49 bytes)", *_DSM, *_FACE, *_LEVEL_AND_PICTURES["distraction"], *_LEVEL_AND_PICTURES["abnormal"], _TRIGGER, _END)
DSM_SHORT = Layout(  # as one public test suite writes it: two fields of the text are left out
    "driver monitoring (47 bytes)",
    *_DSM,
    *_FACE,
    u8("distraction_level_speed", "km/h"),
    u8("distraction_photos"),
    u8("distraction_photo_interval", "100 ms"),
    *_pictures("abnormal"),
    _TRIGGER,
    _END,
)
DSM_YUE = Layout(
    "driver monitoring (Yue, 66 bytes)",
    *_DSM,
    *_FACE,
    *_LEVEL_AND_PICTURES["distraction"],
    *_LEVEL_AND_PICTURES["abnormal"],
    _TRIGGER,
    u8("covered_level_speed", "km/h"),
    *_LEVEL_AND_PICTURES["belt"],
    *_LEVEL_AND_PICTURES["sunglasses"],
    *_LEVEL_AND_PICTURES["hands_off"],
    *_LEVEL_AND_PICTURES["play"],
    _END,
)
TYRES = Layout(
    "tyre pressure (36 bytes)",
    octets("tyre_type", 12, "text"),
    u16("pressure_unit", "", "0 kg/cm², 1 bar, 2 kPa, 3 psi"),
    u16("normal_pressure"),
    u16("imbalance", "%"),
    u16("slow_leak", "%"),
    u16("low_pressure"),
    u16("high_pressure"),
    u16("high_temperature", "°C"),
    u16("low_battery", "%"),
    u16("report_every", "s"),
    octets("reserved", 6),
)
BLIND_SPOT = Layout("blind spot (2 bytes)", u8("rear_time", "s"), u8("side_time", "s"))


def _dword(name: str, unit: str = "", note: str = "") -> Layout:
    return Layout(name, u32("value", unit, note))


# id → what it is: JT/T 808-2013, 8.8, and what 2019 adds; names and sizes agree with public servers that read them (cuteLittleDevil/go-jt808)
_ALONE: dict[int, Layout] = {
    0x0001: _dword("heartbeat", "s"),
    0x0002: _dword("TCP: wait for an answer", "s"),
    0x0003: _dword("TCP: sendings"),
    0x0004: _dword("UDP: wait for an answer", "s"),
    0x0005: _dword("UDP: sendings"),
    0x0006: _dword("SMS: wait for an answer", "s"),
    0x0007: _dword("SMS: sendings"),
    0x0018: _dword("server's TCP port"),
    0x0019: _dword("server's UDP port"),
    0x001B: _dword("card server's TCP port"),
    0x001C: _dword("card server's UDP port"),
    0x0020: _dword("report by", "", "0 time, 1 distance, 2 both"),
    0x0021: _dword("report as", "", "0 ACC says, 1 the driver's login says, then ACC"),
    0x0022: _dword("report without a driver every", "s"),
    0x0027: _dword("report asleep every", "s"),
    0x0028: _dword("report in an emergency every", "s"),
    0x0029: _dword("report every", "s"),
    0x002C: _dword("report every", "m"),
    0x002D: _dword("report without a driver every", "m"),
    0x002E: _dword("report asleep every", "m"),
    0x002F: _dword("report in an emergency every", "m"),
    0x0030: _dword("report at a turn of", "deg"),
    0x0031: Layout("fence against being moved", u16("value", "m")),
    0x0032: Layout("driving not allowed (2019)", u8("from_hour", "h"), u8("from_minute", "min"), u8("to_hour", "h"), u8("to_minute", "min")),
    0x0045: _dword("answer calls", "", "0 by itself, 1 by itself while ACC is on"),
    0x0046: _dword("longest call", "s", "0 none, all ones: no end"),
    0x0047: _dword("longest calls of a month", "s", "0 none, all ones: no end"),
    0x0050: _dword("alarms that are masked", "bits", "as `alarm` of 0x0200"),
    0x0051: _dword("alarms that send an SMS", "bits"),
    0x0052: _dword("alarms that take a picture", "bits"),
    0x0053: _dword("alarms whose picture is kept", "bits", "else it is sent at once"),
    0x0054: _dword("alarms that are key", "bits"),
    0x0055: _dword("speed limit", "km/h"),
    0x0056: _dword("speeding longer than", "s"),
    0x0057: _dword("driving at one go", "s"),
    0x0058: _dword("driving in a day", "s"),
    0x0059: _dword("least rest", "s"),
    0x005A: _dword("longest stop", "s"),
    0x005B: Layout("warning before the speed limit", u16("value", "0.1 km/h")),
    0x005C: Layout("warning before fatigue", u16("value", "s")),
    0x005D: Layout("collision", u16("value", "bits", "0–7 time in ms, 8–15 acceleration in 0.1 g")),
    0x005E: Layout("roll-over", u16("value", "deg")),
    0x0064: _dword("pictures by time", "bits"),
    0x0065: _dword("pictures by distance", "bits"),
    0x0070: _dword("picture quality", "", "1–10, 1 is best"),
    0x0071: _dword("brightness", "0–255"),
    0x0072: _dword("contrast", "0–127"),
    0x0073: _dword("saturation", "0–127"),
    0x0074: _dword("chroma", "0–255"),
    0x0080: _dword("odometer", "0.1 km"),
    0x0081: Layout("province", u16("value")),
    0x0082: Layout("city", u16("value")),
    0x0084: Layout("plate colour", u8("value")),
    0x0090: Layout("satellite systems", u8("value", "bits", "0 GPS, 1 BeiDou, 2 GLONASS, 3 Galileo")),
    0x0091: Layout("speed of the satellite module's line", u8("value", "", "0 4800, 1 9600, 2 19200, 3 38400, 4 57600, 5 115200")),
    0x0092: Layout("detailed positions: put out", u8("value", "", "0 500 ms, 1 1 s, 2 2 s, 3 3 s, 4 4 s")),
    0x0093: _dword("detailed positions: taken every", "s"),
    0x0094: Layout("detailed positions: sent", u8("value", "", "0 not, 1 by time, 2 by distance, 0x0B after a time, 0x0C after a way, 0x0D after a number")),
    0x0095: _dword("detailed positions: sent every", "s, m or a number", "as 0x0094 says"),
    0x0100: _dword("CAN 1: taken every", "ms", "0 not"),
    0x0101: Layout("CAN 1: sent every", u16("value", "s", "0 not")),
    0x0102: _dword("CAN 2: taken every", "ms", "0 not"),
    0x0103: Layout("CAN 2: sent every", u16("value", "s", "0 not")),
    **VIDEO_PARAMETERS,
    0xF364: ADAS,
    0xF366: TYRES,
    0xF367: BLIND_SPOT,
}
PARAMETERS: dict[int, tuple[Layout, ...]] = {**{key: (layout,) for key, layout in _ALONE.items()}, 0xF365: (DSM, DSM_SHORT, DSM_YUE)}
_BY_LENGTH = {(key, layout.fixed_bytes): layout for key, layouts in PARAMETERS.items() for layout in layouts if layout.fixed_bytes is not None}
_LISTS = {key: layout for key, layouts in PARAMETERS.items() for layout in layouts if layout.fixed_bytes is None}
_HEAD = Struct(">IB")
TEXTS = {
    0x0010: "APN",
    0x0011: "APN user",
    0x0012: "APN password",
    0x0013: "main server",
    0x0014: "second server's APN",
    0x0015: "second server's APN user",
    0x0016: "second server's APN password",
    0x0017: "second server",
    0x001A: "card server",
    0x001D: "second card server",
    0x0023: "third server's APN (2019)",
    0x0024: "third server's APN user (2019)",
    0x0025: "third server's APN password (2019)",
    0x0026: "third server (2019)",
    0x0040: "phone of the platform",
    0x0041: "phone that resets",
    0x0042: "phone that restores the factory's settings",
    0x0043: "SMS of the platform",
    0x0044: "SMS of alarms",
    0x0048: "phone that listens",
    0x0049: "SMS of the authority",
    0x0083: "plate",
}


class Parameters:
    """As many as `count` said: id, length, value. Each is shown as it came, and by its table where that fits."""

    __slots__ = ()

    def read(self, cursor: Cursor, into: Values) -> None:
        """The last one may have announced more than came; it is kept, with the length it said."""
        into["params"] = {}
        path = cursor.path
        for number in range(into["count"]):
            if cursor.at >= cursor.end:
                raise ShortError(f"{cursor.where}, params", f"{number} of {into['count']}", "as many as are announced")
            head_at = cursor.at
            key, length_bytes = _HEAD.unpack(cursor.take(_HEAD.size, "params"))
            name = f"0x{key:04X}"
            if cursor.rows is not None:
                cursor.path = f"{path}params."
                cursor.tell(head_at, name, "id, length")
                cursor.path = f"{path}params.{name}."
            shown = name if name not in into["params"] else f"{name}#{number}"
            into["params"][shown] = self._value(cursor, key, length_bytes)
        cursor.path = path

    @staticmethod
    def _value(cursor: Cursor, key: int, length_bytes: int) -> Values:
        begin = cursor.at
        raw = cursor.take(min(length_bytes, cursor.end - begin), "value")
        value: Values = {"len": length_bytes, "hex": raw.hex()}
        if len(raw) in (1, 2, 4, 8) and len(raw) == length_bytes:
            value["int"] = int.from_bytes(raw)
        if len(raw) <= _MOST_LISTED_BYTES:
            value["bytes"] = list(raw)
        if raw:
            value["str"] = raw.partition(b"\0")[0].decode("gbk", "replace")
        layout = _BY_LENGTH.get((key, len(raw))) or _LISTS.get(key)
        values = _values_of(layout, cursor, begin) if layout is not None and len(raw) == length_bytes else None
        if layout is not None and values is not None:
            value |= {"values": values, "name": layout.name}
        else:
            value |= {"name": TEXTS[key]} if key in TEXTS else {}
            cursor.tell(begin, "value", value.get("str", "") if key in TEXTS else raw.hex())
        return value

    def write(self, values: Values, out: bytearray) -> None:
        """Each from its `hex`."""
        for name, value in values["params"].items():
            raw = encoded_hex(value["hex"])
            out += int(name.partition("#")[0], 16).to_bytes(4) + bytes([value.get("len", len(raw))]) + raw

    def lines(self) -> Iterable[Line]:
        """One line: parameters have a section of their own."""
        return [Line("params", "id DWORD, length BYTE, value", "", "see *Parameters*")]


def _values_of(layout: Layout, cursor: Cursor, begin: int) -> Values | None:
    """The fields of one value; None where they do not fit it to its last byte."""
    rows: list[Row] | None = None if cursor.rows is None else []
    inner = Cursor(cursor.data, begin, cursor.at, cursor.where, rows, cursor.path)
    try:
        values = layout.read(inner)
    except WireError:
        return None
    if inner.at != cursor.at:
        return None
    if cursor.rows is not None and rows is not None:
        cursor.rows += rows
    return values


def parameter(key: int, value: int | str | Values) -> tuple[str, Values]:
    """A parameter to set, as `params` holds it: a number or a text by what the table says it is, or the values of its (first) layout."""
    layouts, out = PARAMETERS.get(key, ()), bytearray()
    if isinstance(value, str):
        if key not in TEXTS:
            raise ValueMismatchError(f"parameter 0x{key:04X}", "a text", "one of the parameters that are texts")
        out += encoded(value)
    elif not layouts:
        raise ValueMismatchError(f"parameter 0x{key:04X}", "unknown", "a parameter of the table")
    else:
        layouts[0].write({"value": value} if isinstance(value, int) else value, out)
    if len(out) > 0xFF:
        raise ValueMismatchError(f"parameter 0x{key:04X}", f"{len(out)} bytes", "at most 255")
    return f"0x{key:04X}", {"hex": bytes(out).hex()}


SET_PARAMETERS = Layout("set parameters", Count("params"), Parameters())
QUERY_PARAMETERS = Layout("ask for all parameters")
QUERY_SOME_PARAMETERS = Layout("ask for these parameters", Count("ids"), Numbers("ids", "I"))
PARAMETERS_ANSWER = Layout("parameters", u16("ack_serial"), Count("params"), Parameters())
