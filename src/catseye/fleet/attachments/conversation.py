"""One attachment connection as a state machine without sockets: bytes in; what to send, whom to ask and which file is whole out.

0x1210 says who comes with which files; 0x1211 begins a file, pieces fill it, 0x1212 ends it: 0x9212 tells what is missing, or, once the keeper has it
safe, that it is done. What an unknown, late or foreign number of an alarm sends is never looked at.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

from catseye.core.terminal import identity_of
from catseye.core.time import Stamp
from catseye.fleet.attachments.demux import Damaged, Demux, Lost
from catseye.fleet.attachments.shelf import AlarmShelf, Coming, Fate, Shelf
from catseye.fleet.errors import SubpackageError, WireError
from catseye.fleet.file_stream import Piece
from catseye.fleet.frame808 import Frame, Header
from catseye.fleet.media_keeper import DONE, FAILED, UNSUPPORTED, Attachment, Expected, MediaRefusedError, key_of
from catseye.fleet.message import Body
from catseye.fleet.subpackages import Joining
from catseye.fleet.text import encoded

ANNOUNCED, BEGINS, ENDS, FILE_ANSWER, ANSWER = 0x1210, 0x1211, 0x1212, 0x9212, 0x8001
BAD = 2
_MOST_MISSING_COUNT = 64  # of one answer: with the longest name it still fits one frame; the rest is asked for in the next
_MOST_DAMAGED_COUNT = 64
_NAME_BYTES = 50  # as much of a name as a piece has room for


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes for the terminal."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Ask:
    """Is this expected? Go on with `known`."""

    alarm_no: str
    identity: str


@dataclass(frozen=True, slots=True)
class Take:
    """A file is whole: hand it to the keeper, and go on with `taken`."""

    expected: Expected
    coming: Coming


@dataclass(frozen=True, slots=True)
class Close:
    """The connection is over, and why."""

    why: str


Step: TypeAlias = Send | Ask | Take | Close


class Conversation:
    """Feed bytes, then ask for `step` until it is None. After `Ask` and `Take` the answer comes first."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf, self._demux = shelf, Demux()
        self._alarm: AlarmShelf | None = None
        self._pending: Header | None = None  # of the frame that waits for the keeper
        self._announced: dict[str, Any] = {}
        self._joining: Joining | None = None
        self._serial = 0
        self._names: dict[bytes, str] = {}  # what a piece calls a file -> its key
        self.fed_bytes = self.stray_bytes = self.damaged_count = self.refused_count = 0

    @property
    def alarm(self) -> AlarmShelf | None:
        """Whose files come; None before that is known."""
        return self._alarm

    def feed(self, chunk: bytes) -> None:
        """Bytes as they came."""
        self.fed_bytes += len(chunk)
        self._demux.feed(chunk)

    def step(self, now: Stamp) -> Step | None:
        """What to do next; None: nothing before more bytes come. Any bytes: never an exception."""
        if self.fed_bytes > self._shelf.limits.connection_bytes:
            return Close(f"more than {self._shelf.limits.connection_bytes} bytes on one connection")
        while (item := self._demux.take()) is not None:
            if self._alarm is not None and self._alarm.holder is not self:
                return Close("another connection of the same alarm took over")
            try:
                step = self._heard(item, now)
            except WireError as fault:
                return Close(str(fault))
            if step is not None:
                return step
        return None

    def known(self, expected: Expected | None, now: Stamp) -> Step:
        """The answer to `Ask`."""
        header, self._pending = self._pending, None
        assert header is not None
        who = identity_of(header.phone)
        if expected is None or expected.identity != who or now.utc_ns >= expected.until.utc_ns:
            return Close(f"attachments from {who} that nobody asked it for")
        if self._alarm is not None and self._alarm.expected.alarm_no != expected.alarm_no:
            self.leave(now)
        self._alarm = self._shelf.of(expected, now, self)
        for each in self._announced["files"]:
            self._names[_in_pieces(each["name"])] = key_of(each["name"])
        return self._general(header, DONE)

    def taken(self, coming: Coming, fault: MediaRefusedError | None = None) -> Send:
        """The answer to `Take`: it is safe, or refused for good."""
        header, self._pending = self._pending, None
        assert header is not None
        if coming.fate is Fate.BEING_TAKEN:  # in the server it is settled already, for everybody who waits
            self._shelf.finish(coming, Fate.REFUSED if fault else Fate.SAFE, str(fault or ""))
        return self._ended(header, coming)

    def leave(self, now: Stamp) -> None:
        """The link is gone: what came is held for the terminal to come back."""
        if self._alarm is not None and self._alarm.holder is self:
            self._alarm.holder, self._alarm.heard = None, now

    def _heard(self, item: Frame | Piece | Damaged | Lost, now: Stamp) -> Step | None:
        match item:
            case Lost():
                return Close(str(item.fault))
            case Damaged():
                self.damaged_count += 1
                return Close(f"{self.damaged_count} damaged frames") if self.damaged_count > _MOST_DAMAGED_COUNT else None
            case Piece():
                return self._piece(item, now)
            case Frame():
                return self._frame(item, now)

    def _piece(self, piece: Piece, now: Stamp) -> Close | None:
        if self._alarm is None:
            return Close("a piece of a file before anybody said whose it is")
        self._alarm.heard = now
        coming = self._alarm.files.get(self._names.get(_in_pieces(piece.name), ""))
        if coming is None or coming.fate is not Fate.COMING:  # of a file that is refused, safe already, or was never begun
            self.stray_bytes += len(piece.payload)
            return None
        try:
            self._shelf.add(coming, piece.offset_bytes, piece.payload)
        except MediaRefusedError as fault:
            self.refused_count += 1
            self._shelf.finish(coming, Fate.REFUSED, str(fault))
        return None

    def _frame(self, frame: Frame, now: Stamp) -> Step | None:
        header = frame.header
        if self._alarm is not None and identity_of(header.phone) != self._alarm.expected.identity:
            return Close(f"a frame of {identity_of(header.phone)} on the connection of {self._alarm.expected.identity}")
        if header.is_subpackage:
            return self._part(frame, now)
        return self._message(header, frame.body, now)

    def _part(self, frame: Frame, now: Stamp) -> Step | None:
        """A long list of files comes in parts; each is acknowledged, the last one by the answer to all."""
        header = frame.header
        if header.msg_id != ANNOUNCED:
            return self._general(header, UNSUPPORTED)
        try:
            same = self._joining is not None and self._joining.takes(header)
            joining = self._joining.add(frame, 1 << 16) if self._joining is not None and same else Joining.begin(frame)
        except SubpackageError:
            return self._general(header, BAD)
        if joining.total > 64:
            return self._general(header, BAD)
        self._joining = None if joining.is_whole else joining
        return self._message(header, joining.body(), now) if joining.is_whole else self._general(header, DONE)

    def _message(self, header: Header, body: bytes, now: Stamp) -> Step | None:
        if header.msg_id not in (ANNOUNCED, BEGINS, ENDS):
            return Close(f"0x{header.msg_id:04X} before anybody said whose files come") if self._alarm is None else self._general(header, UNSUPPORTED)
        try:
            said = Body.parse(header.msg_id, header.version, body).values
        except WireError:
            return self._general(header, BAD)
        if header.msg_id == ANNOUNCED:
            self._pending, self._announced = header, said
            return Ask(str(said["alarm_no"]), identity_of(header.phone))
        if self._alarm is None:
            return Close(f"0x{header.msg_id:04X} before anybody said whose files come")
        self._alarm.heard = now
        return self._begin(self._alarm, header, said) if header.msg_id == BEGINS else self._end(self._alarm, header, said)

    def _begin(self, alarm: AlarmShelf, header: Header, said: dict[str, Any]) -> Send:
        attachment = Attachment(key_of(said["name"]), said["name"], said["type"], said["size"])
        try:
            coming = self._shelf.begin(alarm, attachment)
        except MediaRefusedError:
            self.refused_count += 1
            return self._general(header, FAILED)
        self._names[_in_pieces(said["name"])] = attachment.key
        return self._general(header, FAILED if coming.fate is Fate.REFUSED else DONE)

    def _end(self, alarm: AlarmShelf, header: Header, said: dict[str, Any]) -> Step:
        coming = alarm.files.get(key_of(said["name"]))
        if coming is None:
            return self._general(header, FAILED)
        if coming.fate in (Fate.COMING, Fate.BEING_TAKEN) and not coming.missing():
            coming.fate, self._pending = Fate.BEING_TAKEN, header
            return Take(alarm.expected, coming)
        return self._ended(header, coming)

    def _ended(self, header: Header, coming: Coming) -> Send:
        if coming.fate is Fate.REFUSED:  # "done" would be a lie, and "more" would bring it again for ever
            return self._general(header, FAILED)
        what = coming.attachment
        missing = [] if coming.fate is Fate.SAFE else coming.missing()[:_MOST_MISSING_COUNT]
        ranges = [{"offset": offset_bytes, "length": length_bytes} for offset_bytes, length_bytes in missing]
        return self._send(header, FILE_ANSWER, {"name": what.name, "type": what.kind, "result": int(bool(missing)), "missing": ranges})

    def _general(self, header: Header, result: int) -> Send:
        return self._send(header, ANSWER, {"ack_serial": header.serial, "ack_id": f"0x{header.msg_id:04X}", "result": result})

    def _send(self, heard: Header, msg_id: int, values: dict[str, Any]) -> Send:
        header = Header.of(msg_id, heard.phone, self._serial, version=heard.version)
        self._serial = self._serial + 1 & 0xFFFF
        return Send(bytes(Frame(header, bytes(Body.of(msg_id, heard.version, values)))))


def _in_pieces(name: str) -> bytes:
    return encoded(name).strip(b"\0")[:_NAME_BYTES].strip(b"\0")
