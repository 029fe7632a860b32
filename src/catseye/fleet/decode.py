"""One line of hex in, one object out: what `catseye fleet decode` prints. Pure; a bad line is an answer like any other."""

import json
from dataclasses import dataclass
from typing import Any

from catseye.fleet.errors import LineError, WireError
from catseye.fleet.frame808 import V2013, V2019, Frame
from catseye.fleet.message import Body
from catseye.fleet.wire import Row

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
        _with_header(rows, bytes(header), frame)
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
    return {**_named(body, header.version, header.msg_id), "phone": header.phone, "serial": header.serial, "header": told, "body": body.as_json()}


def _named(body: Body, version: str, msg_id: int) -> Answer:
    label = body.layout.label if body.layout is not None else ""
    return {"protocol": "jt808", "version": label if label in ("2011", "2013") else version, "id": f"0x{msg_id:04X}"}


def _with_header(rows: list[Row], head: bytes, frame: Frame) -> None:
    """Rows of the header before those of the body, whose offsets then count from the first byte after the mark, escapes undone."""
    header = frame.header
    wide = header.version == V2019
    fields = [("msg_id", 2, f"0x{header.msg_id:04X}"), ("attr", 2, header.attr), *([("protocol_version", 1, header.protocol_version)] if wide else [])]
    fields += [("phone", 10 if wide else 6, header.phone), ("serial", 2, header.serial)]
    fields += [("total", 2, header.total), ("index", 2, header.index)] if header.is_subpackage else []
    before, at = [], 0
    for name, size_bytes, value in fields:
        before.append(Row(at, head[at : at + size_bytes].hex(), f"header.{name}", value, "bits" if name == "attr" else ""))
        at += size_bytes
    rows[:] = before + [Row(row.offset_bytes + at, row.hex, row.name, row.value, row.unit) for row in rows]


def _body808(asked: Asked, rows: list[Row] | None) -> Answer:
    msg_id = _number(asked.msg_id)
    body = Body.parse(msg_id, asked.version, asked.data, rows)
    return {**_named(body, asked.version, msg_id), "phone": None, "serial": None, "body": body.as_json()}


def _number(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        raise LineError("line, msg_id", f"'{text[:40]}'", "a message id such as 0x0200") from None


KINDS = {"frame808": _frame808, "body808": _body808}
