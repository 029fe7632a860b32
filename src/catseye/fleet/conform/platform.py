"""The platform's side of a test: one terminal is led through the flows of the standards. No socket and no clock: bytes and times in, bytes out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from catseye.core.time import NS_PER_S
from catseye.fleet.conform.hearing import ANSWER_IDS, items_in
from catseye.fleet.conform.transcript import ATTACHMENTS, MAIN
from catseye.fleet.errors import WireError
from catseye.fleet.frame808 import V2013, Frame, frames_in
from catseye.fleet.message import Body
from catseye.fleet.subpackages import Joining, split
from catseye.fleet.tables.parameters import parameter
from catseye.fleet.wire import Values

UNKNOWN_ID = 0x8F0F  # no standard has it
HEARTBEAT_S, WAIT_S, SENDINGS_COUNT, REPORT_S, IDLE_S = 5, 3, 2, 2, 30
_KEYS = ("0x0001", "0x0002", "0x0003", "0x0029")
_PATIENCE_S = 11.0
_ALARM_ITEM_IDS = frozenset((0x64, 0x65, 0x66, 0x67, 0x70))
_TOKEN, _ALARM_NO = "catseye-conform", "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a terminal shall send attachments or media to."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Action:
    """What to do now: send these bytes on a link, or cut it (no bytes)."""

    link: str
    data: bytes = b""


@dataclass(slots=True)
class _Link:
    port: str
    rest: bytes = b""
    is_authenticated: bool = False
    joinings: dict[int, Joining] = field(default_factory=dict)


class Platform:
    """One test of one terminal. `opened`, `received`, `closed` and `tick` take the time; each answers with what to do. `step` says what is being tried."""

    def __init__(self, attachments: Address | None = None, media: Address | None = None) -> None:
        """Without an address its flow is left out."""
        self.attachments, self.media = attachments, media
        self.step, self.is_over = "waiting for a terminal", False
        self._links: dict[str, _Link] = {}
        self._main, self._phone, self._version, self._serial = "", "", V2013, 0
        self._now_ns, self._actions = 0, list[Action]()
        self._answered: set[int] = set()
        self._open_serials: set[int] = set()
        self._told: Values = {}
        self._heard_ids: list[int] = []
        self._alarm: tuple[Values, str] | None = None
        self._is_withholding = False
        self._refused_until_ns = 0
        self._asked_parts, self._asked_pieces, self._done_files = False, False, 0
        self._withheld: tuple[int, bytes] | None = None
        self._running = self._plan()

    def opened(self, link: str, port: str, now_ns: int) -> list[Action]:
        """A connection came."""
        self._now_ns = now_ns
        if port == MAIN and now_ns < self._refused_until_ns:
            return [Action(link)]
        self._links[link] = _Link(port)
        return []

    def closed(self, link: str) -> None:
        """It went."""
        self._links.pop(link, None)
        self._main = "" if self._main == link else self._main

    def received(self, link: str, data: bytes, now_ns: int) -> list[Action]:
        """Bytes of the terminal."""
        self._now_ns = now_ns
        state = self._links.get(link)
        if state is not None and state.port == MAIN:
            frames, state.rest = _frames(state.rest + data)
            for raw in frames:
                self._hear(link, state, raw)
        elif state is not None and state.port == ATTACHMENTS:
            self._attachments(link, state, data)
        return self._taken()

    def tick(self, now_ns: int) -> list[Action]:
        """Time went on; several times a second."""
        self._now_ns = now_ns
        if next(self._running, "over") == "over":
            self.is_over, self.step = True, "over"
        return self._taken()

    def _taken(self) -> list[Action]:
        actions, self._actions = self._actions, []
        return actions

    def _hear(self, link: str, state: _Link, raw: bytes) -> None:
        try:
            frame = Frame.parse(raw)
        except WireError:
            return
        header = frame.header
        self._phone, self._version = header.phone, header.version
        if header.is_subpackage:
            self._reply(link, 0x8001, {"ack_serial": header.serial, "ack_id": f"0x{header.msg_id:04X}", "result": 0})
            body = _joined(state, frame)
            if body is None:
                return
        else:
            body = frame.body
        try:
            values = Body.parse(header.msg_id, header.version, body).values
        except WireError:
            values = {}
        self._act(link, state, frame, body, values)

    def _act(self, link: str, state: _Link, frame: Frame, body: bytes, values: Values) -> None:
        msg_id, serial = frame.header.msg_id, frame.header.serial
        self._heard_ids.append(msg_id)
        if isinstance(values.get("ack_serial"), int):
            self._answered.add(values["ack_serial"])
        if msg_id == 0x1003:  # it names no order
            self._answered |= self._open_serials
        if msg_id == 0x0104:
            self._told = {**values.get("params", {}), **self._told}
        if msg_id == 0x0100:
            self._reply(link, 0x8100, {"ack_serial": serial, "result": 0, "token": _TOKEN})
            return
        if msg_id == 0x0801:
            self._picture(link, frame, values)
            return
        if msg_id in ANSWER_IDS:
            return
        if msg_id == 0x0102:
            state.is_authenticated, self._main = True, link
        for item in items_in(values):
            if item.id in _ALARM_ITEM_IDS and item.layout is not None and "ident" in item.values:
                self._alarm = self._alarm or (item.values["ident"], item.layout.label)
        if self._is_withholding and msg_id == 0x0200 and self._withheld is None:
            self._withheld = (msg_id, body)
        if self._withheld != (msg_id, body) and not frame.header.is_subpackage:
            self._reply(link, 0x8001, {"ack_serial": serial, "ack_id": f"0x{msg_id:04X}", "result": 0})

    def _picture(self, link: str, frame: Frame, values: Values) -> None:
        """Ask once for a sub-package that came: a terminal must be able to send it again."""
        wants_part = frame.header.total > 1 and not self._asked_parts
        self._asked_parts = self._asked_parts or wants_part
        ids: Values = {"count": 1, "ids": [2]} if wants_part else {}
        self._reply(link, 0x8800, {"media_id": values.get("media_id", 0), **ids})

    def _attachments(self, link: str, state: _Link, data: bytes) -> None:
        """Frames are answered; pieces are neither answered nor kept."""
        state.rest += data
        while state.rest:
            end = _end_of(state.rest)
            if not end:
                return
            raw, state.rest = state.rest[:end], state.rest[end:]
            try:
                frame = Frame.parse(raw)
                values = Body.of_frame(frame).values
            except WireError:
                continue
            if frame.header.msg_id == 0x1212:
                wants_more = not self._asked_pieces and values["size"] > 0
                self._asked_pieces = True
                missing = [{"offset": 0, "length": min(1024, values["size"])}] if wants_more else []
                self._reply(link, 0x9212, {"name": values["name"], "type": values["type"], "result": int(wants_more), "missing": missing})
                self._done_files += not wants_more
            else:
                named = {"ack_serial": frame.header.serial, "ack_id": f"0x{frame.header.msg_id:04X}", "result": 0}
                self._reply(link, 0x8001, named)

    def _reply(self, link: str, msg_id: int, values: Values, label: str = "", part_bytes: int = 1023) -> set[int]:
        body = bytes(Body.of(msg_id, self._version, values, label)) if msg_id != UNKNOWN_ID else b"\x00"
        frames = split(msg_id, self._phone, self._serial, body, version=self._version, part_bytes=part_bytes)
        serials = {frame.header.serial for frame in frames}
        self._serial = self._serial + len(frames) & 0xFFFF
        self._actions += [Action(link, bytes(frame)) for frame in frames]
        return serials

    def _order(self, msg_id: int, values: Values, step: str, label: str = "", part_bytes: int = 1023) -> Iterator[str]:
        """Send it, and wait for its answer or until patience ends."""
        self.step = step
        if self._main:
            serials = self._reply(self._main, msg_id, values, label, part_bytes)
            self._answered -= serials
            self._open_serials = serials
            yield from self._until(lambda: bool(self._answered & serials), _PATIENCE_S)

    def _until(self, is_done: Callable[[], bool], most_s: float) -> Iterator[str]:
        end_ns = self._now_ns + round(most_s * NS_PER_S)
        while not is_done() and self._now_ns < end_ns:
            yield self.step

    def _for(self, seconds_s: float) -> Iterator[str]:
        return self._until(lambda: False, seconds_s)

    def _set(self, step: str, part_bytes: int = 1023, **values: int) -> Iterator[str]:
        params = dict(parameter(int(key[1:], 16), value) for key, value in values.items())
        return self._order(0x8103, {"params": params}, step, part_bytes=part_bytes)

    def _plan(self) -> Iterator[str]:
        yield from self._until(lambda: bool(self._main), 1e6)
        yield from self._order(0x8104, {}, "all parameters, asked")
        own = {key: value for key in _KEYS if isinstance(value := self._told.get(key, {}).get("int"), int)}
        yield from self._set("parameters, set", x0001=HEARTBEAT_S, x0002=WAIT_S, x0003=SENDINGS_COUNT, x0029=REPORT_S)
        yield from self._order(0x8106, {"ids": [int(key, 16) for key in _KEYS]}, "parameters, asked")
        self.step = "location reports"
        yield from self._for(9 * REPORT_S + 1)
        yield from self._set("heartbeats", x0029=IDLE_S)
        yield from self._for(3 * HEARTBEAT_S + 1)
        yield from self._order(0x8202, {"interval": 1, "validity": 6}, "following for a while")
        yield from self._for(8)
        yield from self._order(0x8201, {}, "a location, asked")
        yield from self._order(0x8300, {"flags": 0x0D, "text_type": 1, "text": "测试"}, "a text to the driver")
        yield from self._order(UNKNOWN_ID, {}, "a message that no standard has")
        yield from self._set("an order in sub-packages", 12, x0001=HEARTBEAT_S, x0029=REPORT_S)
        yield from self._order(0x9003, {}, "abilities, asked")
        yield from self._snap()
        self.step, self._is_withholding = "a report that is not answered", True
        yield from self._until(lambda: self._withheld is not None, IDLE_S + 5)
        yield from self._for(WAIT_S * 3 + 8)
        self._is_withholding, self._withheld = False, None
        yield from self._live()
        yield from self._files()
        yield from self._cut()
        if own:
            yield from self._set("parameters, as they were", **{f"x{key[2:]}": value for key, value in own.items()})

    def _snap(self) -> Iterator[str]:
        order = {"channel": 1, "command": 1, "interval": 0, "save": 0, "resolution": 1, "quality": 5}
        yield from self._order(0x8801, {**order, "brightness": 128, "contrast": 64, "saturation": 64, "chroma": 128}, "a picture")
        yield from self._until(lambda: 0x0801 in self._heard_ids, 30)
        yield from self._for(12)

    def _live(self) -> Iterator[str]:
        if self.media is None:
            return
        where = {"ip": self.media.host, "tcp": self.media.port, "udp": 0, "channel": 1}
        yield from self._order(0x9101, {**where, "data_type": 1, "stream": 1}, "live video")
        yield from self._for(6)
        yield from self._order(0x9102, {"channel": 1, "command": 0, "close_av": 0, "stream": 0}, "live video, closed")
        yield from self._for(7)

    def _files(self) -> Iterator[str]:
        if self.attachments is None:
            return
        self.step = "waiting for an alarm"
        yield from self._until(lambda: self._alarm is not None, 30)
        if self._alarm is None:
            return
        ident, dialect = self._alarm
        where = {"ip": self.attachments.host, "tcp": self.attachments.port, "udp": 0, "ident": ident, "alarm_no": _ALARM_NO, "reserved": "00" * 16}
        yield from self._order(0x9208, where, "attachments of an alarm", dialect)
        yield from self._until(lambda: self._done_files >= max(1, ident["attach_count"]), 65)
        yield from self._for(2)

    def _cut(self) -> Iterator[str]:
        if not self._main:
            return
        self.step = "a connection that breaks"
        self._refused_until_ns = self._now_ns + (4 * REPORT_S + 1) * NS_PER_S
        self._actions.append(Action(self._main))
        self.closed(self._main)
        yield from self._until(lambda: bool(self._main), 60)
        yield from self._for(18)


def _frames(data: bytes) -> tuple[list[bytes], bytes]:
    try:
        return frames_in(data)
    except WireError:
        return [], b""


def _end_of(data: bytes) -> int:
    """Where the first frame or piece ends; 0 while it is not whole."""
    if data[:1] == b"~":
        return data.find(b"~", 1) + 1
    if b"01cd".startswith(data[:4]):
        end = 62 + int.from_bytes(data[58:62])
        return end if len(data) >= max(62, end) else 0
    return max(1, data.find(b"~"))


def _joined(state: _Link, frame: Frame) -> bytes | None:
    header = frame.header
    try:
        before = state.joinings.get(header.msg_id)
        joining = before.add(frame) if before is not None and before.takes(header) else Joining.begin(frame)
    except WireError:
        state.joinings.pop(header.msg_id, None)
        return None
    state.joinings[header.msg_id] = joining
    if not joining.is_whole:
        return None
    del state.joinings[header.msg_id]
    return joining.body()
