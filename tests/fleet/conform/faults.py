"""One fault each, put into a transcript that conforms: what a check must find, and no other check may."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.fleet.conform.terminal import PHONE

from catseye.fleet.conform.transcript import ATTACHMENTS, BYTES, MAIN, MEDIA, Line
from catseye.fleet.file_stream import Piece
from catseye.fleet.frame808 import V2013, Frame, Header, checksum
from catseye.fleet.jt1078 import Packet
from catseye.fleet.message import Body
from catseye.fleet.wire import Values

Lines = list[Line]
Change = Callable[[Lines], Lines]


def msg_id_of(line: Line) -> int:
    return int.from_bytes(line.data[1:3]) if line.data[:1] == b"~" else 0


def places(lines: Lines, msg_id: int, *, is_up: bool = True, port: str = MAIN) -> list[int]:
    return [index for index, line in enumerate(lines) if msg_id_of(line) == msg_id and line.is_up == is_up and line.port == port]


def swap(lines: Lines, index: int, data: bytes) -> Lines:
    return [*lines[:index], replace(lines[index], data=data), *lines[index + 1 :]]


def without(lines: Lines, indices: list[int]) -> Lines:
    return [line for index, line in enumerate(lines) if index not in indices]


def renumbered(lines: Lines) -> Lines:
    """Serials of the terminal's frames close up again, and so do those in the platform's answers."""
    serials: dict[tuple[str, int], int] = {}
    last: dict[str, int] = {}
    seen: dict[tuple[str, bytes], bytes] = {}
    out = []
    for line in lines:
        if not line.is_up and line.port == MAIN and msg_id_of(line) == 0x8001:
            answer = Frame.parse(line.data)
            new = serials.get((line.link, int.from_bytes(answer.body[:2])), 0xFFFF)
            out.append(replace(line, data=bytes(replace(answer, body=new.to_bytes(2) + answer.body[2:]))))
            continue
        if not line.is_up or line.port != MAIN or line.what != BYTES:
            out.append(line)
            continue
        key = (line.link, line.data)
        if key not in seen:
            frame = Frame.parse(line.data)
            serial = last.get(line.link, -1) + 1
            last[line.link] = serial
            serials[line.link, frame.header.serial] = serial
            seen[key] = bytes(replace(frame, header=replace(frame.header, serial=serial)))
        out.append(replace(line, data=seen[key]))
    return out


def edit(msg_id: int, change: Callable[[Values], Any], nth: int = 0, port: str = MAIN, everywhere: bool = False) -> Change:
    """Other values in one message, or in each; sendings of the same one change alike."""

    def apply(lines: Lines) -> Lines:
        found = places(lines, msg_id, port=port)
        wanted = {lines[index].data for index in (found if everywhere else found[nth : nth + 1 or None])}
        for index in found:
            if lines[index].data in wanted:
                frame = Frame.parse(lines[index].data)
                body = Body.of_frame(frame)
                change(body.values)
                lines = swap(lines, index, bytes(Frame(frame.header, bytes(body))))
        return lines

    return apply


def header(msg_id: int, nth: int = 0, **values: Any) -> Change:
    def apply(lines: Lines) -> Lines:
        index = places(lines, msg_id)[nth]
        frame = Frame.parse(lines[index].data)
        return swap(lines, index, bytes(Frame(replace(frame.header, **values), frame.body)))

    return apply


def body(msg_id: int, change: Callable[[bytes], bytes], nth: int = 0) -> Change:
    def apply(lines: Lines) -> Lines:
        index = places(lines, msg_id)[nth]
        frame = Frame.parse(lines[index].data)
        return swap(lines, index, bytes(Frame(frame.header, change(frame.body))))

    return apply


def raw(msg_id: int, change: Callable[[bytes], bytes], nth: int = 0) -> Change:
    def apply(lines: Lines) -> Lines:
        index = places(lines, msg_id)[nth]
        return swap(lines, index, change(lines[index].data))

    return apply


def packets(change: Callable[[int, Packet], Packet | bytes]) -> Change:
    def apply(lines: Lines) -> Lines:
        found = [index for index, line in enumerate(lines) if line.port == MEDIA and line.what == BYTES]
        for count, index in enumerate(found):
            lines = swap(lines, index, bytes(change(count, Packet.parse(lines[index].data)[0])))
        return lines

    return apply


def pieces(change: Callable[[int, Piece], Piece | bytes | None]) -> Change:
    def apply(lines: Lines) -> Lines:
        found = [index for index, line in enumerate(lines) if line.data[:4] == b"01cd" and line.port == ATTACHMENTS]
        changed = [(index, change(count, Piece.parse(lines[index].data)[0])) for count, index in enumerate(found)]
        gone = [index for index, piece in changed if piece is None]
        for index, piece in changed:
            lines = swap(lines, index, bytes(piece) if piece is not None else b"")
        return without(lines, gone)

    return apply


def dropped(*msg_ids: int, port: str = MAIN) -> Change:
    return lambda lines: renumbered(without(lines, [index for msg_id in msg_ids for index in places(lines, msg_id, port=port)]))


def drop_answer(order: int, nth: int = 0) -> Change:
    """The terminal's general answer to an order is not there."""

    def apply(lines: Lines) -> Lines:
        found = [index for index in places(lines, 0x0001) if Body.of_frame(Frame.parse(lines[index].data)).values["ack_id"] == f"0x{order:04X}"]
        return renumbered(without(lines, [found[nth]]))

    return apply


def edit_answer(order: int, change: Callable[[Values], Any]) -> Change:
    def apply(lines: Lines) -> Lines:
        for nth, index in enumerate(places(lines, 0x0001)):
            if Body.of_frame(Frame.parse(lines[index].data)).values["ack_id"] == f"0x{order:04X}":
                return edit(0x0001, change, nth)(lines)
        raise AssertionError(order)

    return apply


def added(is_up: bool, msg_id: int, values: Values, where: Callable[[Lines], int]) -> Change:
    """One more message, before the line that `where` finds, at its time."""

    def apply(lines: Lines) -> Lines:
        index = where(lines)
        beside = lines[index]
        content = bytes(Body.of(msg_id, V2013, values))
        frame = bytes(Frame(Header.of(msg_id, PHONE, 0x7000), content))
        more = [*lines[:index], Line(is_up, frame, beside.time_ns, MAIN, beside.link), *lines[index:]]
        return renumbered(more) if is_up else more

    return apply


def wrong_checksum(frame: bytes) -> bytes:
    return frame[:-2] + bytes([frame[-2] ^ 1]) + frame[-1:]


def longer(frame: bytes) -> bytes:
    content = frame[1:-2] + b"\x01"
    return b"~" + content + bytes([checksum(content)]) + b"~"


def escape_wrong(frame: bytes) -> bytes:
    return frame[:-2] + b"}\x05" + frame[-2:]


def reserved(frame: bytes) -> bytes:
    content = bytearray(frame[1:-2])
    content[2] |= 0x80
    return b"~" + content + bytes([checksum(bytes(content))]) + b"~"


def encrypted(frame: bytes) -> bytes:
    content = bytearray(frame[1:-2])
    content[2] |= 0x04
    return b"~" + content + bytes([checksum(bytes(content))]) + b"~"


def first_of(msg_id: int, nth: int = 0, is_up: bool = True) -> Callable[[Lines], int]:
    return lambda lines: places(lines, msg_id, is_up=is_up)[nth]
