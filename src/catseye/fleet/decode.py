"""One line of hex in, one object out: what `catseye fleet decode` prints. Pure; a bad line is an answer like any other."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catseye.fleet.errors import LineError, WireError
from catseye.fleet.file_stream import Piece
from catseye.fleet.frame808 import V2013, V2019, Frame
from catseye.fleet.jt809 import Frame809, unescaped
from catseye.fleet.jt1078 import Packet, sim_bytes_of
from catseye.fleet.message import Body, as_plain
from catseye.fleet.tables.frames import HEADER_808, HEADER_808_2019, HEADER_809, HEADER_809_2019, PART_808, PIECE
from catseye.fleet.tables.frames import packet as packet_layout
from catseye.fleet.tables.location import ITEMS
from catseye.fleet.tables.messages import VERSIONS
from catseye.fleet.tables.messages809 import MESSAGES_809
from catseye.fleet.wire import Cursor, Layout, Remaining, Row, Values, read_whole

MOST_LINE_CHARS_COUNT = 1 << 20
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What one line asks to be decoded."""

    data: bytes
    kind: str = "frame808"
    version: str = V2013
    msg_id: str = ""
    item: str = ""


def asked_of(line: str) -> Asked:
    """A line is hex (blanks between bytes allowed), or a JSON object with `hex` and what it is; LineError for anything else."""
    text = line.strip()
    if not text.startswith("{"):
        return Asked(_hex(text))
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LineError("line", f"JSON that ends badly ({str(error)[:60]})", "an object with `hex` and `kind`") from None
    words = {name: said.get(name) for name in ("hex", "kind", "version", "msg_id", "item")}
    if not isinstance(words["hex"], str):
        raise LineError("line, hex", json.dumps(words["hex"])[:40], "hex digits as text")
    kind = words["kind"] or "frame808"
    if not isinstance(kind, str) or kind not in KINDS:
        raise LineError("line, kind", json.dumps(kind)[:40], "one of " + ", ".join(KINDS))
    version = V2019 if str(words["version"]) == V2019 else V2013
    return Asked(_hex(words["hex"]), kind, version, str(words["msg_id"] or ""), str(words["item"] or ""))


def _hex(text: str) -> bytes:
    if len(text) > MOST_LINE_CHARS_COUNT:
        raise LineError("line", f"{len(text)} characters", f"at most {MOST_LINE_CHARS_COUNT}")
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise LineError("line", f"'{text[:40]}'", "pairs of hex digits, or a JSON object") from None


def decoded(line: str, rows: list[Row] | None = None) -> Answer:
    """The answer to one line; with `rows`, each field's bytes are added to them."""
    try:
        asked = asked_of(line)
        return {"ok": True, **KINDS[asked.kind](asked, rows)}
    except WireError as error:
        return {"ok": False, "error": {"kind": error.kind, "message": str(error)}}


def _frame808(asked: Asked, rows: list[Row] | None) -> Answer:
    frame = Frame.parse(asked.data)
    header = frame.header
    body = Body.of_frame(frame, rows)
    if rows is not None:
        plain = HEADER_808_2019 if header.version == V2019 else HEADER_808
        _with_header(rows, bytes(header), (plain, PART_808) if header.is_subpackage else (plain,))
    told = {
        "msg_id": f"0x{header.msg_id:04X}",
        "attr": header.attr,
        "body_len": len(frame.body),
        "encrypt": 0,
        "subpackage": header.is_subpackage,
        "version_flag": int(header.version == V2019),
        "checksum_ok": True,
        "phone": header.phone,
        "serial": header.serial,
        "length_ok": True,
    }
    if header.version == V2019:
        told["protocol_version"] = header.protocol_version
    if header.is_subpackage:
        told |= {"total": header.total, "index": header.index}
    return {**_named(body, header.version, header.msg_id), "phone": header.phone, "serial": header.serial, "header": told, **_said(body)}


def _said(body: Body) -> Answer:
    """The body, and the items in it that nobody here knows: to be counted, not to be lost."""
    unknown = body.unknown_items()
    return {"body": body.as_json(), **({"unknown_items": unknown} if unknown else {})}


def _named(body: Body, version: str, msg_id: int) -> Answer:
    label = body.layout.label if body.layout is not None else ""
    return {"protocol": "jt808", "version": label if label in VERSIONS and version != V2019 else version, "id": f"0x{msg_id:04X}"}


def _with_header(rows: list[Row], head: bytes, layouts: Sequence[Layout]) -> None:
    """Rows of the header before those of the body, whose offsets then count from the first byte after the mark, escapes undone."""
    before: list[Row] = []
    cursor = Cursor(head, 0, len(head), "header", before)
    for layout in layouts:
        layout.read(cursor)
    rows[:] = before + [replace(row, offset_bytes=row.offset_bytes + len(head)) for row in rows]


def _body808(asked: Asked, rows: list[Row] | None) -> Answer:
    msg_id = _number(asked.msg_id)
    body = Body.parse(msg_id, asked.version, asked.data, rows)
    return {**_named(body, asked.version, msg_id), "phone": None, "serial": None, **_said(body)}


def _number(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        raise LineError("line, msg_id", f"'{text[:40]}'", "a message id such as 0x0200") from None


def _item808(asked: Asked, rows: list[Row] | None) -> Answer:
    """An item of a location report; a kind of peripheral, of 0x0900."""
    msg_id, key = _number(asked.msg_id or "0x0200"), _number(asked.item)
    if key > 0xFF:
        raise LineError("line, item", f"'{asked.item}'", "an id of one byte, such as 0x64")
    if msg_id == 0x0900:
        body = Body.parse(msg_id, asked.version, bytes([key]) + asked.data, rows)
        return {**_named(body, asked.version, msg_id), "phone": None, "serial": None, **_said(body)}
    if len(asked.data) > 0xFF:
        raise LineError("line, hex", f"an item of {len(asked.data)} bytes", "at most 255")
    raw = bytes([key, len(asked.data)]) + asked.data
    values: Values = {}
    ITEMS.read(Cursor(raw, 0, len(raw), f"item 0x{key:02X}", rows), values)
    return {"protocol": "jt808", "version": asked.version, "id": f"0x{msg_id:04X}", "phone": None, "serial": None, "body": as_plain(values)}


def _rtp1078(asked: Asked, rows: list[Row] | None) -> Answer:
    sim_bytes = sim_bytes_of(asked.data)
    packet, extra = Packet.parse(asked.data, sim_bytes)
    layout = packet_layout(sim_bytes, has_time=packet.timestamp_ms is not None, is_video=packet.since_key_ms is not None)
    layout.read(Cursor(asked.data, 0, len(asked.data), "packet", rows))
    label = asked.data[4], asked.data[5], packet.data_type << 4 | packet.fragment
    body: Answer = {"v": packet.flags >> 6, "p": packet.flags >> 5 & 1, "x": packet.flags >> 4 & 1, "cc": packet.flags & 0x0F, "marker": int(packet.is_marked)}
    body |= {"pt": packet.payload_type, "seq": packet.serial, "sim": packet.sim, "channel": packet.channel, "data_type": packet.data_type}
    body |= {"frag": packet.fragment, "label1": label[0], "label2": label[1], "label3": label[2]}
    times = {"timestamp": packet.timestamp_ms, "last_i": packet.since_key_ms, "last_f": packet.since_frame_ms}
    body |= {name: value for name, value in times.items() if value is not None}
    body |= {"len": len(packet.payload), "payload": packet.payload.hex(), "extra": extra.hex()}
    return {"protocol": "jt1078", "version": "2016", "id": "RTP1078", "phone": packet.sim, "serial": packet.serial, "body": body}


def _file_stream(asked: Asked, rows: list[Row] | None) -> Answer:
    piece, extra = Piece.parse(asked.data)
    PIECE.read(Cursor(asked.data, 0, len(asked.data), "piece of a file", rows))
    body = {"name": piece.name, "offset": piece.offset_bytes, "length": len(piece.payload), "data": piece.payload.hex()}
    body |= {"extra": extra.hex()} if extra else {}
    return {"protocol": "jsatl12", "version": "2017", "id": "FILESTREAM", "phone": None, "serial": None, "body": body}


def _frame809(asked: Asked, rows: list[Row] | None) -> Answer:
    frame = Frame809.parse(asked.data, is_2019=asked.version == V2019)
    body: Answer = {"length": len(unescaped(asked.data)) + 2, "sn": frame.serial, "msg_id": f"0x{frame.msg_id:04X}", "gnss_center": frame.centre}
    body |= {"version": frame.version, "encrypt": 0, "key": frame.key, "time_field_2019": frame.utc_s, "body": frame.body.hex()}
    body |= {"crc": int.from_bytes(unescaped(asked.data)[-2:]), "crc_ok": True, "length_ok": True}
    told = _of_809(f"0x{frame.msg_id:04X}", frame.body, rows)
    if rows is not None:
        content = unescaped(asked.data)
        layout = HEADER_809 if frame.utc_s is None else HEADER_809_2019
        _with_header(rows, content[: len(content) - 2 - len(frame.body)], (layout,))
    body |= {"values": told} if set(told) != {"hex"} else {}
    return {**_named809(asked, f"0x{frame.msg_id:04X}"), "serial": frame.serial, "body": body}


def _body809(asked: Asked, rows: list[Row] | None) -> Answer:
    name = asked.msg_id.removeprefix("809:")
    _number(name.partition("/")[0])
    return {**_named809(asked, name), "serial": None, "body": _of_809(name, asked.data, rows)}


def _named809(asked: Asked, name: str) -> Answer:
    return {"protocol": "jt809", "version": "2019" if asked.version == V2019 else "2011", "id": name, "phone": None}


def _of_809(name: str, data: bytes, rows: list[Row] | None) -> Answer:
    layouts = MESSAGES_809.get(name)
    if layouts is None:
        Remaining("hex").read(Cursor(data, 0, len(data), name, rows), {})
        return {"hex": data.hex()}
    return dict(as_plain(read_whole(layouts, Cursor(data, 0, len(data), f"809:{name}", rows))[1]))


KINDS: dict[str, Callable[[Asked, list[Row] | None], Answer]] = {
    "frame808": _frame808,
    "body808": _body808,
    "item808": _item808,
    "rtp1078": _rtp1078,
    "file_stream": _file_stream,
    "frame809": _frame809,
    "body809": _body809,
}
