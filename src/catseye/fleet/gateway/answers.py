"""Frames the platform answers with, and what a terminal's answer is an answer to."""

from struct import Struct
from struct import error as StructError  # noqa: N812 - its own name is that of any fault

from catseye.fleet.errors import WireError
from catseye.fleet.frame808 import V2013, V2019, Header, checksum, escaped, unescaped

OK, FAILED, BAD, UNSUPPORTED = range(4)  # JT/T 808: result of 0x8001
_HEAD = Struct(">HH6sH")
_HEAD_2019 = Struct(">HHB10sH")
_ANSWER = Struct(">HHB")
_VERSION_BIT = 0x4000

# Answers of their own kind: to which orders, whether a serial stands first, whether a result comes after it.
ANSWERS: dict[int, tuple[tuple[int, ...], bool, bool]] = {
    0x0104: ((0x8104, 0x8106), True, False),
    0x0107: ((0x8107,), False, False),
    0x0201: ((0x8201,), True, False),
    0x0302: ((0x8302,), True, False),
    0x0500: ((0x8500,), True, False),
    0x0700: ((0x8700,), True, False),
    0x0802: ((0x8802,), True, False),
    0x0805: ((0x8801,), True, True),
    0x0900: ((0x8900,), False, False),
    0x1003: ((0x9003,), False, False),
    0x1205: ((0x9205, 0x9201), True, False),
    0x1206: ((0x9206,), True, True),
}


def framed(header: Header, msg_id: int, serial: int, body: bytes) -> bytes:
    """A whole frame to whoever sent `header`: with its digits, version and protocol version exactly as they came."""
    phone = bytes.fromhex(header.phone)
    if header.version == V2019:
        content = _HEAD_2019.pack(msg_id, _VERSION_BIT | len(body), header.protocol_version, phone, serial) + body
    else:
        content = _HEAD.pack(msg_id, len(body), phone, serial) + body
    return escaped(content + bytes((checksum(content),)))


def general(header: Header, serial: int, result: int) -> bytes:
    """0x8001 to a message."""
    return framed(header, 0x8001, serial, _ANSWER.pack(header.serial, header.msg_id, result))


def readable_header(raw: bytes) -> Header | None:
    """The header of a frame that is no frame, as far as it can be read: to tell its sender that it was not understood."""
    try:
        content = unescaped(raw)
        msg_id, attr, phone, serial = _HEAD.unpack_from(content)
        if not attr & _VERSION_BIT:
            return Header(msg_id, attr, phone.hex(), serial, V2013)
        msg_id, attr, protocol_version, phone, serial = _HEAD_2019.unpack_from(content)
        return Header(msg_id, attr, phone.hex(), serial, V2019, protocol_version)
    except (WireError, StructError):
        return None


def answered(msg_id: int, body: bytes) -> tuple[tuple[int, ...], int | None, int] | None:
    """The orders that a message may answer: (message ids, serial, result); None where it is no answer, or too short for one."""
    if msg_id == 0x0001:
        if len(body) < 5:
            return None
        serial, asked, result = _ANSWER.unpack_from(body)
        return (asked,), serial, result
    rule = ANSWERS.get(msg_id)
    if rule is None or len(body) < 2 + rule[2]:
        return None
    asked_any, has_serial, has_result = rule
    return asked_any, int.from_bytes(body[:2]) if has_serial else None, body[2] if has_result else 0
