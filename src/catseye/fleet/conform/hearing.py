"""A transcript as the checks see it: every frame with its header, its body read, its fault. Nothing here judges."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from catseye.core.time import NS_PER_S
from catseye.fleet.conform.transcript import CLOSED, MAIN, OPENED, Line, Transcript, joined
from catseye.fleet.errors import WireError
from catseye.fleet.frame808 import Frame, Header, header_of
from catseye.fleet.message import Body
from catseye.fleet.subpackages import MOST_PARTS_COUNT, Joining
from catseye.fleet.wire import Layout, Values

NO_ANSWER_IDS = frozenset((0x8001, 0x8100, 0x8003, 0x8800, 0x9212, 0x9105))
DEDICATED = {0x8104: 0x0104, 0x8106: 0x0104, 0x8107: 0x0107, 0x8201: 0x0201, 0x8801: 0x0805, 0x9003: 0x1003, 0x9205: 0x1205}
ANSWER_IDS = frozenset((0x0001, 0x0005, *DEDICATED.values()))


@dataclass(frozen=True, slots=True)
class Said:
    """One frame, or a message that came together from sub-packages (`is_whole`, at its last part). `header` is there wherever twelve bytes could be read."""

    number: int
    is_up: bool
    link: str
    raw: bytes
    time_ns: int | None
    header: Header | None = None
    fault: WireError | None = None
    body: bytes = b""
    values: Values = field(default_factory=dict)
    layout: Layout | None = None
    body_fault: WireError | None = None
    is_whole: bool = False
    serials: tuple[int, ...] = ()

    @property
    def msg_id(self) -> int:
        """0 where nothing could be read."""
        return self.header.msg_id if self.header is not None and self.fault is None else 0

    @property
    def is_message(self) -> bool:
        """A body to look at: not a part of one, not a damaged one."""
        return self.msg_id != 0 and (self.is_whole or not (self.header is not None and self.header.is_subpackage))

    def seconds_since(self, other: "Said") -> float | None:
        """None where one has no time."""
        return None if self.time_ns is None or other.time_ns is None else (self.time_ns - other.time_ns) / NS_PER_S


@dataclass(frozen=True, slots=True)
class Hearing:
    """All that was said on the main port, and the lines of the other ports as they came."""

    said: tuple[Said, ...]
    lines: tuple[Line, ...]
    by_id: Mapping[int, tuple[Said, ...]]

    @property
    def up(self) -> Iterator[Said]:
        """Every frame of the terminal."""
        return (each for each in self.said if each.is_up)

    def messages(self, *msg_ids: int) -> list[Said]:
        """Whole messages with one of these ids, of either side."""
        found = [each for msg_id in msg_ids for each in self.by_id.get(msg_id, ())]
        return sorted(found, key=lambda each: each.number) if len(msg_ids) > 1 else found

    def after(self, one: Said, *msg_ids: int) -> Iterator[Said]:
        """Whole messages with these ids that came after this one."""
        return (each for each in self.messages(*msg_ids) if each.number > one.number)

    def answer_to(self, order: Said) -> Said | None:
        """The terminal's answer, general or dedicated, by the serial of any of its frames."""
        wanted = (0x0001, DEDICATED.get(order.msg_id, 0))
        for each in self.after(order, *wanted):
            names = each.msg_id == 0x1003 or each.values.get("ack_serial") in order.serials  # 0x1003 has no serial of what it answers
            same = names and each.is_up and each.link == order.link
            if same and (each.msg_id != 0x0001 or each.values.get("ack_id") == f"0x{order.msg_id:04X}"):
                return each
        return None

    def open_s_after(self, one: Said) -> float | None:
        """How long its link stayed open after it, as far as anybody wrote down; None without times."""
        ends = [line.time_ns for line in self.lines if line.port == MAIN and line.link == one.link and line.time_ns is not None]
        return None if one.time_ns is None or not ends else (ends[-1] - one.time_ns) / NS_PER_S

    def is_cut(self, link: str) -> bool:
        """Whether the link was seen to close."""
        return any(line.what == CLOSED and line.link == link and line.port == MAIN for line in self.lines)

    @property
    def links(self) -> list[str]:
        """Connections of the main port on which the terminal said anything, in their order."""
        return list(dict.fromkeys(each.link for each in self.up))

    @property
    def opened(self) -> dict[str, Line]:
        """The beginning of each connection of the main port, where it was seen."""
        return {line.link: line for line in self.lines if line.what == OPENED and line.port == MAIN}


def hearing_of(transcript: Transcript) -> Hearing:
    """Read everything once."""
    said = tuple(_whole(_said(number, line, raw) for number, line, raw in joined(transcript.lines)))
    by_id: dict[int, list[Said]] = {}
    for each in said:
        if each.is_message:
            by_id.setdefault(each.msg_id, []).append(each)
    return Hearing(said, transcript.lines, {msg_id: tuple(found) for msg_id, found in by_id.items()})


def _said(number: int, line: Line, raw: bytes) -> Said:
    said = Said(number, line.is_up, line.link, raw, line.time_ns)
    try:
        frame = Frame.parse(raw)
    except WireError as fault:
        return replace(said, fault=fault, header=_header_of(raw))
    said = replace(said, header=frame.header, body=frame.body, serials=(frame.header.serial,))
    return said if frame.header.is_subpackage else _read(said)


def _header_of(raw: bytes) -> Header | None:
    """Of a damaged frame: who, what and which serial, as far as they can be read, for the order of serials goes on after it."""
    content = raw.strip(b"~").replace(b"}\x02", b"~").replace(b"}\x01", b"}")
    try:
        return header_of(content)[0] if len(content) >= 13 else None
    except WireError:
        return None


def _read(said: Said) -> Said:
    assert said.header is not None
    try:
        body = Body.parse(said.header.msg_id, said.header.version, said.body)
    except WireError as fault:
        return replace(said, body_fault=fault)
    return replace(said, values=body.values, layout=body.layout)


def _whole(frames: Iterable[Said]) -> Iterator[Said]:
    """Every frame; after the last part of a message the message itself."""
    open_joinings: dict[tuple[str, bool, int], Joining] = {}
    for said in frames:
        yield said
        header = said.header
        if header is None or said.fault is not None or not header.is_subpackage or header.total > MOST_PARTS_COUNT:
            continue
        key = (said.link, said.is_up, header.msg_id)
        frame = Frame(header, said.body)
        try:
            before = open_joinings.get(key)
            joining = before.add(frame) if before is not None and before.takes(header) else Joining.begin(frame)
        except WireError:
            open_joinings.pop(key, None)
            continue
        if joining.is_whole:
            open_joinings.pop(key, None)
            yield _read(replace(said, body=joining.body(), is_whole=True, serials=tuple(joining.serials)))
        else:
            open_joinings[key] = joining


def items_in(values: Any) -> list[Any]:
    """Items of a location report, and of those inside a batch or an answer."""
    if not isinstance(values, dict):
        return []
    inner = [item for each in values.get("list", ()) for item in items_in(each)] if isinstance(values.get("list"), list) else []
    return [*values.get("items", ()), *inner, *items_in(values.get("location"))]
