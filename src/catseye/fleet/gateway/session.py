"""One link of one terminal, without the link: bytes and the time in; answers, what is to be kept, and when to part out."""

from collections.abc import Callable
from dataclasses import replace

from catseye.core.terminal import Accepted, Order, identity_of
from catseye.core.time import Stamp
from catseye.fleet.errors import EncryptedError, SubpackageError, WireError
from catseye.fleet.frame808 import Frame, Header
from catseye.fleet.gateway.answers import BAD, FAILED, OK, UNSUPPORTED, answered, framed, general, readable_header
from catseye.fleet.gateway.asks import Confirming, Deregistering, Registering, Waiting
from catseye.fleet.gateway.counters import Counters
from catseye.fleet.gateway.doors import Limits
from catseye.fleet.gateway.joinings import Joinings, TooMuchError
from catseye.fleet.gateway.keeper import Heard, Registration
from catseye.fleet.gateway.outbox import parts_count
from catseye.fleet.gateway.roll import Roll, Terminal
from catseye.fleet.gateway.turn import Turn, Way
from catseye.fleet.message import Body
from catseye.fleet.subpackages import split

MOST_FRAME_BYTES = 2_200  # a full body, a header of 2019 and a checksum, every byte of them escaped
_REGISTER, _AUTHENTICATE, _DEREGISTER, _HEARTBEAT, _MEDIA = 0x0100, 0x0102, 0x0003, 0x0002, 0x0801
_NO_SUCH_TERMINAL = 4
_ATTACHMENTS = frozenset((0x1210, 0x1211, 0x1212))  # their port is another
_REPORTS = frozenset((0x0200, 0x0201, 0x0704))
_ALARMS = frozenset((0x64, 0x65, 0x66, 0x67))


class Session:
    """What is known of one link. It has no clock and no socket."""

    __slots__ = (
        "_counters",
        "_faults_count",
        "_joinings",
        "_limits",
        "_link_phone",
        "_own_serial",
        "_refusals_count",
        "_registrations_count",
        "_rest",
        "_roll",
        "began_s",
        "displaced",
        "frames_count",
        "header",
        "heard_s",
        "link",
        "terminal",
        "unfinished_s",
    )

    def __init__(self, roll: Roll, limits: Limits, counters: Counters, now_s: float, link: Way) -> None:
        """`link`: whatever carries it; the session itself never uses it."""
        self._roll, self._limits, self._counters = roll, limits, counters
        self._rest = b""
        self._refusals_count = self._faults_count = self._registrations_count = self._own_serial = 0
        self._link_phone = ""
        self._joinings: Joinings | None = None
        self.began_s = self.heard_s = now_s
        self.unfinished_s: float | None = None
        self.terminal: Terminal | None = None
        self.header: Header | None = None
        self.frames_count = 0
        self.displaced: Session | None = None
        self.link = link

    def receive(self, data: bytes, now: Stamp, now_s: float) -> Turn:
        """Whatever bytes come: never an exception, and nothing but this session suffers."""
        turn = Turn()
        if self._rest:
            data = self._rest + data
        pieces = data.split(b"~")
        last = pieces[-1]
        if len(pieces) == 1 or pieces[0]:
            self._fault(turn, "noise between frames")
        if len(pieces) == 1:
            self._rest = b""
            return turn
        for piece in pieces[1:-1]:
            if piece:
                self._frame(b"~" + piece + b"~", turn, now, now_s)
                if turn.closing:
                    return turn
        self._rest = b"~" + last
        if not last:
            self.unfinished_s = None
        elif len(last) > MOST_FRAME_BYTES:
            self._rest, turn.closing = b"", "endless frame"
        elif self.unfinished_s is None or len(pieces) > 2:
            self.unfinished_s = now_s
        return turn

    def _frame(self, raw: bytes, turn: Turn, now: Stamp, now_s: float) -> None:
        self.frames_count += 1
        try:
            frame = Frame.parse(raw)
        except WireError as fault:
            self._fault(turn, fault.kind)
            header = readable_header(raw)
            if header is not None and self._speaks_for(header):
                turn.answers.append(general(header, self.serial(), UNSUPPORTED if isinstance(fault, EncryptedError) else BAD))
            return
        header = frame.header
        if self.terminal is None:
            self._stranger(frame, turn, now_s)
        elif not self._speaks_for(header):
            self._refuse(header, turn, "another's number")
        else:
            self.heard_s, self.header = now_s, header
            if header.is_subpackage:
                self._part(frame, turn, now, now_s)
            else:
                self._whole(header, header.serial, frame.body, turn, now)

    def _speaks_for(self, header: Header) -> bool:
        if self.terminal is None:
            return False
        if header.phone == self._link_phone:
            return True
        return identity_of(header.phone) == self.terminal.identity

    # --- before it is known who speaks

    def _stranger(self, frame: Frame, turn: Turn, now_s: float) -> None:
        header = frame.header
        if header.msg_id not in (_REGISTER, _AUTHENTICATE) or header.is_subpackage:
            self._refuse(header, turn, "not authenticated")
            return
        if (body := self._read(header, frame.body, turn)) is None:
            return
        if header.msg_id == _REGISTER:
            self._register(header, body, turn)
        else:
            self._authenticate(header, body, turn, now_s)

    def _register(self, header: Header, body: Body, turn: Turn) -> None:
        self._registrations_count += 1
        if self._registrations_count > self._limits.refusals_before_closing_count:
            self._refuse(header, turn, "registers again and again")
            return
        said, version = body.values, body.layout.label if body.layout else ""
        registration = Registration(said["plate"], said["plate_color"], said["maker"], said["model"], said["terminal_id"], version)
        identity = identity_of(header.phone)
        if identity not in self._roll.enrolments:
            turn.answers.append(self.registered(header, identity, _NO_SUCH_TERMINAL, ""))
        else:
            turn.asks.append(Registering(self, header, identity, registration))

    def registered(self, header: Header, identity: str, result: int, token: str) -> bytes:
        """The keeper decided: 0x8100."""
        values: dict[str, object] = {"ack_serial": header.serial, "result": result, "token": token if result == 0 else ""}
        if result == 0:
            self._roll.registered(identity, token)
        else:
            self._counters.refused[f"registration, result {result}"] += 1
        return framed(header, 0x8100, self.serial(), bytes(Body.of(0x8100, header.version, values)))

    def _authenticate(self, header: Header, body: Body, turn: Turn, now_s: float) -> None:
        identity = identity_of(header.phone)
        enrolment = self._roll.may_report(identity)
        if enrolment is None or not self._roll.has_token(identity, body.values.get("token", "")):
            self._refuse(header, turn, "revoked" if self._roll.is_revoked(identity) else "token" if enrolment else "not enrolled")
            return
        self.terminal = terminal = self._roll.terminal(identity)
        if terminal.session is not self:
            self.displaced, terminal.session = terminal.session, self
            terminal.outbox.link_is_new()
        self._link_phone, self.header, self.heard_s = header.phone, header, now_s
        if enrolment.is_confirmed and enrolment.version == header.version:
            turn.answers.append(general(header, self.serial(), OK))
        else:
            turn.asks.append(Confirming(self, header, identity, header.version, enrolment.dialect))

    def confirmed(self, header: Header | None, identity: str, version: str, dialect: str) -> bytes:
        """The keeper knows that the token was used."""
        self._roll.change(identity, is_confirmed=True, version=version, dialect=dialect)
        return general(header, self.serial(), OK) if header is not None else b""

    def deregistered(self, header: Header, identity: str) -> bytes:
        """The keeper knows that it gave its token back; the link is a stranger's again."""
        self._roll.change(identity, is_confirmed=False, token_sha256="")
        frame = general(header, self.serial(), OK)
        self.leave()
        self.began_s = self.heard_s
        return frame

    def leave(self) -> None:
        """It speaks for nobody any more."""
        if self.terminal is not None and self.terminal.session is self:
            self.terminal.session = None
        if self._joinings is not None:
            self._joinings.clear()
        self.terminal = self._joinings = None

    # --- of a terminal that is known

    def _whole(self, header: Header, first_serial: int, body: bytes, turn: Turn, now: Stamp) -> None:
        terminal, msg_id = self.terminal, header.msg_id
        assert terminal is not None
        if (special := _SPECIAL.get(msg_id)) is not None:
            special(self, header, body, turn, now)
            return
        if msg_id & 0x8000 or msg_id in _ATTACHMENTS:
            self._counters.refused["message of another port"] += 1
            turn.answers.append(general(header, self.serial(), UNSUPPORTED))
            return
        if terminal.seen.has(msg_id, first_serial, body):
            self._counters.duplicates_count += 1
            turn.asks.append(Waiting(self, header, OK))
            return
        if (read := self._read(header, body, turn)) is None:
            return
        self._ends_an_order(msg_id, body, turn, now)
        if msg_id in _REPORTS:
            self._look_at_items(read, turn)
        terminal.seen.add(msg_id, first_serial, body)
        result = OK
        if read.layout is None:
            result = UNSUPPORTED
            self._counters.unknown_messages[f"0x{msg_id:04X}"] += 1
        accepted = Accepted(terminal.identity, header.phone, header.version, msg_id, first_serial, now, body)
        turn.asks.append(Waiting(self, header, result, Heard(accepted, read)))

    def _read(self, header: Header, body: bytes, turn: Turn) -> Body | None:
        try:
            return Body.parse(header.msg_id, header.version, body)
        except WireError as fault:
            self._fault(turn, f"body: {fault.kind}")
            turn.answers.append(general(header, self.serial(), BAD))
            return None

    def _answer(self, header: Header, body: bytes, turn: Turn, now: Stamp) -> None:
        self._ends_an_order(header.msg_id, body, turn, now)

    def _authenticate_again(self, header: Header, body: bytes, turn: Turn, now: Stamp) -> None:
        read = self._read(header, body, turn)
        if read is not None:
            self._authenticate(header, read, turn, self.heard_s)

    def _register_again(self, header: Header, body: bytes, turn: Turn, now: Stamp) -> None:
        read = self._read(header, body, turn)
        if read is not None:
            self._register(header, read, turn)

    def _deregister(self, header: Header, body: bytes, turn: Turn, now: Stamp) -> None:
        assert self.terminal is not None
        turn.asks.append(Deregistering(self, header, self.terminal.identity))

    def _media(self, header: Header, body: bytes, turn: Turn, now: Stamp) -> None:
        assert self.terminal is not None
        turn.media.append((header, Accepted(self.terminal.identity, header.phone, header.version, header.msg_id, header.serial, now, body)))

    def _resend(self, header: Header, body: bytes, turn: Turn, now: Stamp) -> None:
        """0x0005: parts of an order did not come."""
        assert self.terminal is not None
        if (read := self._read(header, body, turn)) is None:
            return
        turn.answers.append(general(header, self.serial(), OK))
        if "hex" in read.values:
            return
        for sent in self.terminal.outbox.sent:
            if sent.first_serial == read.values["orig_serial"] and sent.parts_count > 1:
                parts = self._order_parts(sent.order, sent.first_serial)
                turn.answers += [bytes(parts[index - 1]) for index in sorted(set(read.values["ids"])) if 1 <= index <= len(parts)]

    def _ends_an_order(self, msg_id: int, body: bytes, turn: Turn, now: Stamp) -> None:
        assert self.terminal is not None
        if self.terminal.outbox.sent and (found := answered(msg_id, body)) is not None:
            told = self.terminal.outbox.answered(found[1], found[0], found[2], now)
            if told is not None:
                turn.told.append(told)

    def _look_at_items(self, read: Body, turn: Turn) -> None:
        """What no table reads is counted; the layout of an alarm tells the dialect."""
        values, dialect = read.values, ""
        for report in values["list"] if "list" in values else (values.get("location", values),):
            for item in report.get("items", ()):
                if item.layout is None:
                    self._counters.unknown_items[f"0x{item.id:02X}"] += 1
                elif item.id in _ALARMS:
                    dialect = item.layout.label
        if dialect:
            self._learn(dialect, turn)

    def _learn(self, dialect: str, turn: Turn) -> None:
        assert self.terminal is not None
        identity = self.terminal.identity
        enrolment = self._roll.enrolments.get(identity)
        if enrolment is not None and enrolment.dialect != dialect:
            self._roll.change(identity, dialect=dialect)
            turn.asks.append(Confirming(self, None, identity, enrolment.version, dialect))

    def _part(self, frame: Frame, turn: Turn, now: Stamp, now_s: float) -> None:
        """A part is answered at once, since the next may wait for it; the one that makes the message whole only when that is kept."""
        header = frame.header
        if self._joinings is None:
            self._joinings = Joinings(self._limits, self._roll.joining)
        try:
            joined = self._joinings.add(frame, now_s)
        except TooMuchError as fault:
            self._fault(turn, fault.kind)
            turn.answers.append(general(header, self.serial(), FAILED))
            return
        except SubpackageError as fault:
            self._fault(turn, fault.kind)
            turn.answers.append(general(header, self.serial(), BAD))
            return
        if joined is not None:
            self._whole(header, joined.first_serial, joined.body(), turn, now)
        elif not self._joinings.is_done(header):
            turn.answers.append(general(header, self.serial(), OK))
        elif self._joinings.is_safe(header):
            turn.asks.append(Waiting(self, header, OK))

    def media_taken(self, header: Header, *, is_safe: bool) -> None:
        """What became of media: where they are not safe, they may come again."""
        if self._joinings is not None and header.is_subpackage:
            self._joinings.taken(header, is_safe=is_safe)

    def not_kept(self, header: Header) -> None:
        """The keeper fell over a message: it may come again, in parts too."""
        self.media_taken(header, is_safe=False)

    def sweep(self, now_s: float) -> list[bytes]:
        """Sub-packages to ask for again."""
        if self._joinings is None or self.header is None:
            return []
        return [framed(self.header, msg_id, self.serial(), body) for msg_id, body in self._joinings.sweep(self.header.version, now_s)]

    def overdue(self, now_s: float) -> str:
        """Why to part by time alone; "" where there is no reason."""
        limits = self._limits
        if self.unfinished_s is not None and now_s - self.unfinished_s > limits.frame_within_s:
            return "unfinished frame"
        if self.terminal is None:
            return "never authenticated" if now_s - self.began_s > limits.authenticate_within_s else ""
        return "silence" if now_s - self.heard_s > limits.silence_s else ""

    # --- to the terminal

    def serial(self, count: int = 1) -> int:
        """The first of `count` serials of the platform."""
        if self.terminal is not None:
            return self.terminal.serials(count)
        first, self._own_serial = self._own_serial, self._own_serial + count & 0xFFFF
        return first

    def order_frames(self, order: Order, first_serial: int) -> bytes:
        """All frames of an order, with the digits and the version the terminal speaks."""
        header = self.header
        assert header is not None
        if parts_count(order) == 1:
            return framed(header, order.msg_id, first_serial, order.body)
        return b"".join(bytes(frame) for frame in self._order_parts(order, first_serial))

    def _order_parts(self, order: Order, first_serial: int) -> list[Frame]:
        header = self.header
        assert header is not None
        frames = split(order.msg_id, header.phone, first_serial, order.body, version=header.version)
        return [replace(frame, header=replace(frame.header, protocol_version=header.protocol_version)) for frame in frames]

    def _refuse(self, header: Header, turn: Turn, why: str) -> None:
        self._counters.refused[why] += 1
        self._refusals_count += 1
        turn.answers.append(general(header, self.serial(), FAILED))
        if self._refusals_count >= self._limits.refusals_before_closing_count:
            turn.closing = why

    def _fault(self, turn: Turn, kind: str) -> None:
        self._counters.refused[kind] += 1
        self._faults_count += 1
        if self.terminal is None:
            self._refusals_count += 1
        if self._faults_count >= self._limits.faults_before_closing_count or self._refusals_count >= self._limits.refusals_before_closing_count:
            turn.closing = kind


_SPECIAL: dict[int, Callable[[Session, Header, bytes, Turn, Stamp], None]] = {
    0x0005: Session._resend,
    0x0001: Session._answer,
    _REGISTER: Session._register_again,
    _AUTHENTICATE: Session._authenticate_again,
    _DEREGISTER: Session._deregister,
    _MEDIA: Session._media,
}
