"""A terminal that sends attachments, as bytes; and a keeper that holds what it was given."""

from dataclasses import dataclass, field
from threading import Event
from typing import Any, BinaryIO

from catseye.core.terminal import Accepted
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.file_stream import Piece
from catseye.fleet.frame808 import V2013, Frame, Header, frames_in
from catseye.fleet.media_keeper import Attachment, Expected, MediaRefusedError
from catseye.fleet.message import Body, Message

NOON = Stamp(1_790_000_000 * NS_PER_S)
PHONE, STRANGER = "013800138000", "013900000001"
ALARM = "0123456789abcdef0123456789abcdef"
EXPECTED = Expected(ALARM, "13800138000", "event-1", NOON.plus_ns(3600 * NS_PER_S))
PHOTO = "00_64_6401_0_" + ALARM + ".jpg"


def frame(msg_id: int, values: dict[str, Any], phone: str = PHONE, serial: int = 7, label: str = "") -> bytes:
    body = bytes(Body.of(msg_id, V2013, values, label))
    return bytes(Frame(Header.of(msg_id, phone, serial), body))


def announced(*files: tuple[str, int], alarm_no: str = ALARM, phone: str = PHONE, again: bool = False, dialect: str = "su") -> bytes:
    body = bytes(Body.of(0x1210, V2013, announcement(*files, alarm_no=alarm_no, again=again, dialect=dialect), dialect))
    return bytes(Frame(Header.of(0x1210, phone, 7), body))


def announcement(*files: tuple[str, int], alarm_no: str = ALARM, again: bool = False, dialect: str = "su") -> dict[str, Any]:
    from catseye.fleet.dialects import DIALECTS

    reserved_bytes_count = next(each.ident_bytes_count - each.terminal_bytes_count - 8 for each in DIALECTS if each.name == dialect)
    ident = {"terminal_id": "T1", "time": "2026-09-22 12:00:00", "seq": 1, "attach_count": len(files), "reserved": "00" * reserved_bytes_count}
    listed = [{"name": name, "size": size} for name, size in files]
    return {"terminal_id": "T1", "ident": ident, "alarm_no": alarm_no, "info_type": int(again), "files": listed}


def begins(name: str, size_bytes: int, kind: int = 0, phone: str = PHONE) -> bytes:
    return frame(0x1211, {"name": name, "type": kind, "size": size_bytes}, phone)


def ends(name: str, size_bytes: int, kind: int = 0, phone: str = PHONE) -> bytes:
    return frame(0x1212, {"name": name, "type": kind, "size": size_bytes}, phone)


def pieces(name: str, content: bytes, piece_bytes: int = 700, *, begin: int = 0, end: int | None = None) -> list[bytes]:
    stop = len(content) if end is None else end
    return [bytes(Piece(name[:50], at, content[at : min(at + piece_bytes, stop)])) for at in range(begin, stop, piece_bytes)]


def sent(name: str, content: bytes, kind: int = 0) -> bytes:
    return begins(name, len(content), kind) + b"".join(pieces(name, content)) + ends(name, len(content), kind)


def said(raw: bytes) -> list[tuple[int, dict[str, Any]]]:
    """What the platform answered: message and values."""
    return [(message.header.msg_id, message.body.values) for message in (Message.parse(each) for each in frames_in(raw)[0])]


@dataclass(slots=True)
class Held:
    """A keeper in memory. `gate`: what is taken waits for it; `refuses` kinds for good; `faults`: how often it fails before it takes."""

    asked_for: dict[str, Expected] = field(default_factory=lambda: {ALARM: EXPECTED})
    kept: dict[tuple[str, str], bytes] = field(default_factory=dict)
    gate: Event | None = None
    refuses: frozenset[int] = frozenset()
    faults: list[Exception] = field(default_factory=list)
    calls_count: int = 0

    def expected(self, alarm_no: str, now: Stamp) -> Expected | None:
        found = self.asked_for.get(alarm_no)
        return found if found is not None and now.utc_ns < found.until.utc_ns else None

    def take(self, expected: Expected, attachment: Attachment, file: BinaryIO, now: Stamp) -> None:
        self.calls_count += 1
        if self.gate is not None:
            assert self.gate.wait(20)
        if attachment.kind in self.refuses:
            raise MediaRefusedError(attachment.name, "a sound", "a picture")
        if self.faults:
            raise self.faults.pop()
        self.kept[expected.alarm_no, attachment.name] = file.read()

    def take_picture(self, accepted: Accepted, body: Body) -> None:
        if self.refuses:
            raise MediaRefusedError("0x0801", "a sound", "a picture")
        if self.faults:
            raise self.faults.pop()
        self.kept[accepted.identity, str(body.values["media_id"])] = bytes.fromhex(body.values["data"])
