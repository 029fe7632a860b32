"""Checks of active-safety alarms and of the files that belong to them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from catseye.fleet.conform.checks import BREAKS, GDRTA002, JSATL12, SHOULD, UNUSUAL, Check, Fault, Judgement, fault_of
from catseye.fleet.conform.hearing import Hearing, Said, items_in
from catseye.fleet.conform.transcript import ATTACHMENTS, BYTES
from catseye.fleet.dialects import event_name
from catseye.fleet.errors import WireError
from catseye.fleet.file_stream import MAGIC, MOST_PIECE_BYTES, Piece
from catseye.fleet.frame808 import Frame
from catseye.fleet.message import Body
from catseye.fleet.wire import Values

_ALARM_ITEM_IDS = frozenset((0x64, 0x65, 0x66, 0x67, 0x70))
_PIECE_HEAD_BYTES, _STANDARD_PIECE_BYTES = 62, 1 << 16
_OPEN_S = 60.0
_SAME = ("terminal_id", "time", "seq")


@dataclass(frozen=True, slots=True)
class Part:
    """What one attachment connection says, in its order: a message (`msg_id`), a piece of a file (`piece`), or bytes that are neither (`data`)."""

    number: int
    is_up: bool
    data: bytes
    msg_id: int = 0
    values: Values = field(default_factory=dict)
    piece: Piece | None = None
    fault: str = ""


def parts_of(heard: Hearing) -> dict[str, list[Part]]:
    """By connection. Each way is put together by itself; the order is that of the line in which a part ends."""
    streams: dict[tuple[str, bool], tuple[bytearray, list[tuple[int, int]]]] = {}
    for number, line in enumerate(heard.lines, start=1):
        if line.port == ATTACHMENTS and line.what == BYTES:
            data, ends = streams.setdefault((line.link, line.is_up), (bytearray(), []))
            data += line.data
            ends.append((len(data), number))
    found: dict[str, list[Part]] = {}
    for (link, is_up), (data, ends) in streams.items():
        found.setdefault(link, []).extend(_parts(bytes(data), ends, is_up))
    return {link: sorted(parts, key=lambda part: part.number) for link, parts in found.items()}


def _parts(data: bytes, ends: list[tuple[int, int]], is_up: bool) -> Iterator[Part]:
    at, place = 0, 0
    while at < len(data):
        begin, at = at, _end_of(data, at)
        while ends[place][0] < at:
            place += 1
        yield _part(data[begin:at], ends[place][1], is_up)


def _end_of(data: bytes, at: int) -> int:
    if data[at : at + 4] == MAGIC:
        length_bytes = int.from_bytes(data[at + _PIECE_HEAD_BYTES - 4 : at + _PIECE_HEAD_BYTES])
        return min(len(data), at + _PIECE_HEAD_BYTES + length_bytes) if length_bytes <= MOST_PIECE_BYTES else at + 4
    if data[at : at + 1] == b"~":
        end = data.find(b"~", at + 1)
        return end + 1 if end > at else len(data)
    found = [each for each in (data.find(b"~", at), data.find(MAGIC, at)) if each > at]
    return min(found) if found else len(data)


def _part(data: bytes, number: int, is_up: bool) -> Part:
    try:
        if data[:4] == MAGIC:
            return Part(number, is_up, data[:_PIECE_HEAD_BYTES], piece=Piece.parse(data)[0])
        frame = Frame.parse(data)
        body = Body.of_frame(frame)
    except WireError as fault:
        return Part(number, is_up, data[:_PIECE_HEAD_BYTES], fault=str(fault))
    return Part(number, is_up, data, frame.header.msg_id, body.values)


def _alarms(heard: Hearing) -> list[tuple[Said, Any]]:
    found = [(said, item) for said in heard.messages(0x0200, 0x0704) if said.is_up for item in items_in(said.values)]
    return [(said, item) for said, item in found if item.id in _ALARM_ITEM_IDS and item.layout is not None and "ident" in item.values]


def _idents(heard: Hearing) -> Judgement:
    """The terminal named in an alarm is the one that registered; the time of the identification is one."""
    ids = {said.values["terminal_id"] for said in heard.messages(0x0100) if said.body_fault is None and said.is_up}
    faults: list[Fault] = []
    alarms = _alarms(heard)
    for said, item in alarms:
        ident = item.values["ident"]
        if ids and not any(ident["terminal_id"] in each or each in ident["terminal_id"] for each in ids if ident["terminal_id"]):
            faults.append(fault_of(said, f"alarm of {ident['terminal_id']!r}; registered as {', '.join(sorted(ids))}"))
        elif not ident["time"].translate(_MARKS).isdecimal():
            faults.append(fault_of(said, f"alarm identification with time {ident['time']}"))
    return len(alarms), faults


_MARKS = str.maketrans("", "", "-: ")


def _numbers(heard: Hearing) -> Judgement:
    """An alarm's end has the number of its beginning; two beginnings have two numbers."""
    alarms = [(said, item) for said, item in _alarms(heard) if item.values["flag"] in (1, 2)]
    begun: set[tuple[int, int]] = set()
    faults: list[Fault] = []
    seen: set[bytes] = set()
    for said, item in alarms:
        if said.body in seen:
            continue
        seen.add(said.body)
        key = (item.id, item.values["alarm_id"])
        if item.values["flag"] == 2 and key not in begun and begun:
            faults.append(fault_of(said, f"alarm {key[1]} ends, which never began"))
        begun.add(key)
    return len(alarms), faults


def _flags(heard: Hearing) -> Judgement:
    alarms = _alarms(heard)
    wrong = [(said, item) for said, item in alarms if item.values["flag"] > 2 or item.values.get("level", 1) not in (0, 1, 2)]
    return len(alarms), [fault_of(said, f"item 0x{item.id:02X}: flag {item.values['flag']}, level {item.values.get('level')}") for said, item in wrong]


def _events(heard: Hearing) -> Judgement:
    alarms = [(said, item) for said, item in _alarms(heard) if "event" in item.values]
    unnamed = [(said, item) for said, item in alarms if not event_name(item.id, item.values["event"], item.layout.label)]
    return len(alarms), [fault_of(said, f"item 0x{item.id:02X}, event 0x{item.values['event']:02X}: the maker's own") for said, item in unnamed]


def _asked(heard: Hearing) -> list[Said]:
    return [said for said in heard.messages(0x9208) if not said.is_up and said.body_fault is None]


def _taken(heard: Hearing) -> Judgement:
    judged = [(order, heard.answer_to(order), heard.open_s_after(order)) for order in _asked(heard)]
    known = [(order, answer) for order, answer, open_s in judged if answer is not None or (open_s is not None and open_s > 10.0)]
    return len(known), [
        fault_of(order, "0x9208 was not answered" if answer is None else f"result {answer.values.get('result')} to 0x9208")
        for order, answer in known
        if answer is None or 0 < answer.values.get("result", 0) <= 3
    ]


def _announced(heard: Hearing) -> Judgement:
    """0x1210 on the attachment port, with the identification and the number of 0x9208."""
    told = [part for parts in parts_of(heard).values() for part in parts if part.msg_id == 0x1210 and part.is_up]
    seen_count, faults = 0, []
    for order in _asked(heard):
        mine = [part for part in told if part.values.get("alarm_no") == order.values["alarm_no"]]
        open_s = heard.open_s_after(order)
        if mine:
            seen_count += 1
            ident, wanted = mine[0].values["ident"], order.values["ident"]
            other = [name for name in _SAME if ident[name] != wanted[name]]
            if other:
                faults.append(Fault(mine[0].number, f"another {', '.join(other)} than in 0x9208", mine[0].data))
        elif open_s is not None and open_s > _OPEN_S:
            seen_count += 1
            faults.append(fault_of(order, f"no 0x1210 of this alarm within {_OPEN_S:.0f} s"))
    return seen_count, faults


def _links(heard: Hearing) -> list[list[Part]]:
    return [parts for parts in parts_of(heard).values() if any(part.msg_id == 0x1210 and part.is_up for part in parts)]


def _stream(heard: Hearing) -> Judgement:
    """Nothing on the port but frames and pieces."""
    parts = [part for each in parts_of(heard).values() for part in each if part.is_up]
    return len(parts), [Fault(part.number, part.fault, part.data) for part in parts if part.fault]


def _files(heard: Hearing) -> Judgement:
    """Each file begins with 0x1211 and ends with 0x1212, with the name and the size of 0x1210."""
    seen_count, faults = 0, []
    for parts in _links(heard):
        sizes = {each["name"]: each["size"] for part in parts if part.msg_id == 0x1210 for each in part.values["files"]}
        for part in parts:
            if part.msg_id not in (0x1211, 0x1212) or not part.is_up:
                continue
            seen_count += 1
            name, size_bytes = part.values["name"], part.values["size"]
            if sizes.get(name) != size_bytes:
                wanted = f"{sizes[name]} bytes in 0x1210" if name in sizes else "no such file in 0x1210"
                faults.append(Fault(part.number, f"0x{part.msg_id:04X}: {name!r} of {size_bytes} bytes; {wanted}", part.data))
    return seen_count, faults


def _counts(heard: Hearing) -> Judgement:
    lists = [part for parts in _links(heard) for part in parts if part.msg_id == 0x1210 and part.values["info_type"] == 0]
    wrong = [part for part in lists if part.values["ident"]["attach_count"] != len(part.values["files"])]
    return len(lists), [
        Fault(part.number, f"{len(part.values['files'])} files, where the identification says {part.values['ident']['attach_count']}", part.data)
        for part in wrong
    ]


def _whole(heard: Hearing) -> Judgement:
    """Between 0x1211 and 0x1212 every byte of the file comes; what 0x9212 asks for comes again."""
    seen_count, faults = 0, []
    for parts in _links(heard):
        held: dict[str, list[tuple[int, int]]] = {}
        for part in parts:
            if part.piece is not None:
                held.setdefault(part.piece.name, []).append((part.piece.offset_bytes, part.piece.offset_bytes + len(part.piece.payload)))
            elif part.msg_id == 0x1212 and part.is_up:
                seen_count += 1
                name, size_bytes = part.values["name"], part.values["size"]
                came_bytes = _covered(held.get(name, []))
                if came_bytes < size_bytes:
                    faults.append(Fault(part.number, f"{name!r} ends after {came_bytes} of {size_bytes} bytes", part.data))
    return seen_count, faults


def _covered(spans: list[tuple[int, int]]) -> int:
    """How far it reaches without a gap."""
    reach = 0
    for begin, end in sorted(spans):
        if begin > reach:
            break
        reach = max(reach, end)
    return reach


def _pieces(heard: Hearing) -> Judgement:
    pieces = [part for parts in parts_of(heard).values() for part in parts if part.piece is not None]
    wrong = [part for part in pieces if part.piece is not None and len(part.piece.payload) > _STANDARD_PIECE_BYTES]
    return len(pieces), [Fault(part.number, f"a piece of {len(part.piece.payload)} bytes", part.data) for part in wrong if part.piece is not None]


def _names(heard: Hearing) -> Judgement:
    """`<type>_<channel>_<alarm>_<number>_<alarm number>.<ending>`."""
    names = [(part, each["name"]) for parts in _links(heard) for part in parts if part.msg_id == 0x1210 for each in part.values["files"]]
    wrong = [(part, name) for part, name in names if len(name.rpartition(".")[0].split("_")) != 5 or not name.isprintable() or "/" in name or "\\" in name]
    return len(names), [Fault(part.number, f"a file named {name[:60]!r}", part.data) for part, name in wrong]


_ITEMS, _FILES = "alarm items 0x64 to 0x67 of a location report", "upload of alarm attachments"
ALARMS = (
    Check("alarm-ident", JSATL12, f"{_ITEMS}, alarm identification", "the id the terminal registered with, and a time", BREAKS, _idents),
    Check("alarm-number", JSATL12, _ITEMS, "the end of an alarm with the number of its beginning", BREAKS, _numbers),
    Check("alarm-fields", JSATL12, _ITEMS, "a flag of 0, 1 or 2, a level of 1 or 2", BREAKS, _flags),
    Check("alarm-events", f"{JSATL12}, {GDRTA002}", _ITEMS, "events that a standard names", UNUSUAL, _events),
    Check("files-asked", JSATL12, f"{_FILES} (0x9208)", "0x9208 answered with result 0", BREAKS, _taken),
    Check("files-announced", JSATL12, f"{_FILES} (0x1210)", "the identification and the alarm number of 0x9208, within a minute", BREAKS, _announced),
    Check("files-count", JSATL12, f"{_FILES} (0x1210)", "as many files as the identification says", BREAKS, _counts),
    Check("files-stream", JSATL12, f"{_FILES}, file stream", "nothing but frames, and pieces after 30316364", BREAKS, _stream),
    Check("files-named", JSATL12, f"{_FILES}, file names", "type_channel_alarm_number_alarm number.ending", SHOULD, _names),
    Check("files-same", JSATL12, f"{_FILES} (0x1211, 0x1212)", "the names and sizes of 0x1210", BREAKS, _files),
    Check("files-whole", JSATL12, f"{_FILES} (0x1212, 0x9212)", "all bytes before 0x1212", BREAKS, _whole),
    Check("files-pieces", JSATL12, f"{_FILES}, file stream", "pieces of 64 KiB at most", SHOULD, _pieces),
)
