"""The link on which a terminal sends the files of an alarm: 0x1210, 0x1211, pieces, 0x1212, until 0x9212 says that nothing is missing. No socket, no clock."""

from dataclasses import dataclass
from random import Random

from catseye.fleet.errors import WireError
from catseye.fleet.file_stream import Piece
from catseye.fleet.frame808 import Frame, Header, frames_in
from catseye.fleet.message import Body
from catseye.fleet.simulate.errands import SendAttachments
from catseye.fleet.simulate.reports import FILE_KINDS
from catseye.fleet.wire import Values

_PIECE_BYTES = 64 << 10
_BLOCK_BYTES = 64  # of a file of vehicle states


@dataclass(frozen=True, slots=True)
class AlarmFile:
    """One file. `type_code` as 0x1211 has it."""

    name: str
    type_code: str
    content: bytes


def files_of(errand: SendAttachments, picture: bytes, clip: bytes) -> list[AlarmFile]:
    """A picture, a clip and the states of the vehicle, named as T/JSATL 12 says; what is empty is left out."""
    channel = "65" if errand.raised.kind.item == 0x65 else "64"
    contents = {"jpg": picture, "h264": clip, "bin": states_file(errand)}
    name = f"{channel}_{errand.raised.kind.item:02X}{errand.raised.kind.event:02X}"
    found = [(ext, code, contents[ext]) for ext, code in FILE_KINDS if contents[ext]]
    return [AlarmFile(f"{code:02d}_{name}_{seq}_{errand.alarm_no}.{ext}", str(code), content) for seq, (ext, code, content) in enumerate(found)]


def states_file(errand: SendAttachments, blocks_count: int = 10) -> bytes:
    """Blocks of 64 bytes: speed, brake and the rest at ten moments around the alarm; the last byte is the low byte of the sum of the others."""
    chance = Random(f"{errand.kit.seed} {errand.raised.number}")
    blocks: list[bytes] = []
    for index in range(blocks_count):
        speed = round(errand.raised.moment.speed_kmh * 10)
        content = index.to_bytes(4) + speed.to_bytes(2) + bytes(chance.randrange(4) for _ in range(_BLOCK_BYTES - 7))
        blocks.append(content + bytes([sum(content) & 0xFF]))
    return b"".join(blocks)


class AttachmentLink:
    """Bytes in, bytes out. `unfinished`: what the next link has to send, were this one to break."""

    def __init__(self, errand: SendAttachments, files: list[AlarmFile], *, is_again: bool = False) -> None:
        """Of files that are not finished yet."""
        self.errand, self.unfinished = errand, list(files)
        self.is_done = not files
        self._kit, self._serial, self._buffer = errand.kit, 0, b""
        self._is_again = is_again

    def opened(self) -> bytes:
        """What is said first: which files there are."""
        values: Values = {"terminal_id": self._kit.terminal_id, "ident": self.errand.ident, "alarm_no": self.errand.alarm_no}
        listed = [{"name": each.name, "size": len(each.content)} for each in self.unfinished]
        return self._frame(0x1210, {**values, "info_type": int(self._is_again), "files": listed}, self._kit.dialect.name)

    def received(self, data: bytes) -> bytes:
        """What is to be sent now; WireError when the server speaks something else."""
        frames, self._buffer = frames_in(self._buffer + data)
        return b"".join(self._heard(Frame.parse(raw)) for raw in frames)

    def _heard(self, frame: Frame) -> bytes:
        values = Body.of_frame(frame).values
        if frame.header.msg_id == 0x8001:
            if values["result"] not in (0, 4):
                raise WireError("attachments", f"result {values['result']} to {values['ack_id']}", "0")
            if values["ack_id"] == "0x1210":
                return self._begin()
            if values["ack_id"] == "0x1211" and self.unfinished:
                current = self.unfinished[0]
                return self._pieces(current, [(0, len(current.content))]) + self._end(current)
        elif frame.header.msg_id == 0x9212 and self.unfinished:
            current = self.unfinished[0]
            if values["result"] == 1:
                return self._pieces(current, [(each["offset"], each["length"]) for each in values["missing"]]) + self._end(current)
            self.unfinished.pop(0)
            self.is_done = not self.unfinished
            return self._begin()
        return b""

    def _begin(self) -> bytes:
        return self._about(0x1211, self.unfinished[0]) if self.unfinished else b""

    def _end(self, current: AlarmFile) -> bytes:
        return self._about(0x1212, current)

    def _about(self, msg_id: int, current: AlarmFile) -> bytes:
        return self._frame(msg_id, {"name": current.name, "type": int(current.type_code), "size": len(current.content)})

    def _pieces(self, current: AlarmFile, spans: list[tuple[int, int]]) -> bytes:
        places = [(at, min(at + _PIECE_BYTES, begin + length)) for begin, length in spans for at in range(begin, begin + length, _PIECE_BYTES)]
        return b"".join(bytes(Piece(current.name, begin, current.content[begin:end])) for begin, end in places)

    def _frame(self, msg_id: int, values: Values, label: str = "") -> bytes:
        body = Body.of(msg_id, self._kit.version, values, label)
        header = Header.of(msg_id, self._kit.phone, self._serial, version=self._kit.version)
        self._serial = self._serial + 1 & 0xFFFF
        return bytes(Frame(header, bytes(body)))
