"""The frame of JT/T 808: marks, escapes, checksum, header. Bytes in, frame out, and back."""

from dataclasses import dataclass
from struct import Struct
from typing import Self

from catseye.fleet.errors import ChecksumError, EncryptedError, EscapeError, FrameError, LengthError, ValueMismatchError

MARK = 0x7E
MOST_BODY_BYTES = 1023  # ten bits of the header
V2013, V2019 = "2011/2013", "2019"  # all that a header tells: 2011 and 2013 look alike
_LENGTH, _ENCRYPTION, _SUBPACKAGE, _VERSION = 0x03FF, 0x1C00, 0x2000, 0x4000
_HEAD = Struct(">HH6sH")
_HEAD_2019 = Struct(">HHB10sH")
_PART = Struct(">HH")


@dataclass(frozen=True, slots=True)
class Header:
    """Who sends what. `phone`: all hex digits as they came, since some devices send other than decimal ones; it is the terminal's identity on the wire.

    `attr`: the attribute word, its length bits included; `total`, `index` (from 1): of a sub-package, else 0.
    """

    msg_id: int
    attr: int
    phone: str
    serial: int
    version: str = V2013
    protocol_version: int = 0
    total: int = 0
    index: int = 0

    @property
    def is_subpackage(self) -> bool:
        """Whether the body is but a part of one."""
        return bool(self.attr & _SUBPACKAGE)

    @property
    def body_bytes_count(self) -> int:
        """How long the body says it is."""
        return self.attr & _LENGTH

    @classmethod
    def of(cls, msg_id: int, phone: str, serial: int, *, version: str = V2013, part: tuple[int, int] | None = None) -> Self:
        """A header to send; the length is filled in with the body. `part`: (total, index from 1)."""
        attr = (_VERSION if version == V2019 else 0) | (_SUBPACKAGE if part else 0)
        total, index = part or (0, 0)
        digits = phone.rjust(20 if version == V2019 else 12, "0")
        return cls(msg_id, attr, digits, serial & 0xFFFF, version, int(version == V2019), total, index)

    def __bytes__(self) -> bytes:
        """As on the wire, unescaped."""
        try:
            phone = bytes.fromhex(self.phone)
        except ValueError:
            phone = b""
        if len(phone) != (10 if self.version == V2019 else 6):
            raise ValueMismatchError("header, phone", f"'{self.phone}'", "12 hex digits, or 20 in the version of 2019")
        if self.version == V2019:
            head = _HEAD_2019.pack(self.msg_id, self.attr, self.protocol_version, phone, self.serial)
        else:
            head = _HEAD.pack(self.msg_id, self.attr, phone, self.serial)
        return head + _PART.pack(self.total, self.index) if self.is_subpackage else head


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame whose marks, escapes, checksum and length are right. `body` is unescaped; of a sub-package, only its part."""

    header: Header
    body: bytes

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Typed errors, never another."""
        content = unescaped(raw)
        size_bytes = len(content)
        if size_bytes < 13:
            raise FrameError("frame", f"{size_bytes} bytes between the marks", "a header and a checksum, at least 13 bytes")
        found = checksum(content[:-1])
        if found != content[-1]:
            raise ChecksumError("frame", f"checksum {content[-1]:02x}", f"{found:02x}, the XOR of all bytes before it")
        header, begin = header_of(content)
        if header.attr & _ENCRYPTION:
            how = "RSA" if header.attr & _ENCRYPTION == 0x0400 else f"bits {(header.attr & _ENCRYPTION) >> 10:03b}"
            raise EncryptedError(f"0x{header.msg_id:04X} from {header.phone}", f"a body encrypted with {how}", "a body in the clear")
        body = content[begin:-1]
        if len(body) != header.attr & _LENGTH:
            raise LengthError(f"0x{header.msg_id:04X} from {header.phone}", f"a body of {len(body)} bytes", f"{header.attr & _LENGTH}, as the header says")
        return cls(header, body)

    def __bytes__(self) -> bytes:
        """Between marks, escaped, with its checksum; the header's length is that of the body."""
        if len(self.body) > MOST_BODY_BYTES:
            raise ValueMismatchError(f"0x{self.header.msg_id:04X}", f"a body of {len(self.body)} bytes", f"at most {MOST_BODY_BYTES}: split it")
        head = bytearray(bytes(self.header))
        head[2:4] = (self.header.attr & ~_LENGTH | len(self.body)).to_bytes(2)
        content = bytes(head) + self.body
        return escaped(content + bytes([checksum(content)]))


def header_of(content: bytes) -> tuple[Header, int]:
    """The header of 13 unescaped bytes or more, whatever else is wrong with them, and where the body begins."""
    msg_id, attr, phone, serial = _HEAD.unpack_from(content)
    version, protocol_version, begin = V2013, 0, 12
    if attr & _VERSION:
        if len(content) < 18:
            raise FrameError(f"0x{msg_id:04X}", f"{len(content)} bytes between the marks", "a header of 2019 and a checksum, at least 18 bytes")
        msg_id, attr, protocol_version, phone, serial = _HEAD_2019.unpack_from(content)
        version, begin = V2019, 17
    if not attr & _SUBPACKAGE:
        return Header(msg_id, attr, phone.hex(), serial, version, protocol_version), begin
    if len(content) < begin + 5:
        raise FrameError(f"0x{msg_id:04X} from {phone.hex()}", f"{len(content)} bytes between the marks", "the number of the sub-package")
    total, index = _PART.unpack_from(content, begin)
    return Header(msg_id, attr, phone.hex(), serial, version, protocol_version, total, index), begin + 4


def checksum(data: bytes) -> int:
    """XOR of all bytes; folded in halves, since adding byte by byte is what a frame would cost most in."""
    folded = int.from_bytes(data)
    width = 8 << max(0, len(data) - 1).bit_length()
    while width > 8:
        width >>= 1
        folded ^= folded >> width  # what is above the lowest half counts no more
    return folded & 0xFF


def escaped(content: bytes) -> bytes:
    """Between marks.

    >>> escaped(bytes.fromhex("307e087d")).hex()
    '7e307d02087d017e'
    """
    return b"~" + content.replace(b"}", b"}\x01").replace(b"~", b"}\x02") + b"~"


def unescaped(raw: bytes) -> bytes:
    """What stands between the marks; doubled marks are tolerated.

    >>> unescaped(bytes.fromhex("7e307d02087d017e")).hex()
    '307e087d'
    """
    content = raw.strip(b"~")
    if len(content) == len(raw) or raw[:1] != b"~" or raw[-1:] != b"~":
        raise FrameError("frame", f"{len(raw)} bytes from {raw[:1].hex() or 'nothing'} to {raw[-1:].hex() or 'nothing'}", "7e … 7e")
    if b"~" in content:
        raise FrameError("frame", "a mark 7e in the middle", "one frame")
    if b"}" not in content:
        return content
    first, *others = content.split(b"}")
    plain = [first]
    for other in others:
        if other[:1] not in _ESCAPES:
            raise EscapeError("frame", f"7d {other[:1].hex()}".rstrip(), "7d 01 or 7d 02")
        plain += _ESCAPES[other[:1]], other[1:]
    return b"".join(plain)


_ESCAPES = {b"\x01": b"}", b"\x02": b"~"}


def frames_in(stream: bytes, most_bytes: int = 4096) -> tuple[list[bytes], bytes]:
    """Whole frames of a byte stream, and what begins the next one. What stands before the first mark is nobody's.

    FrameError when the beginning of a frame is longer than any frame may be: an endless one is not waited for.
    """
    pieces = stream.split(b"~")
    frames = [b"~" + piece + b"~" for piece in pieces[1:-1] if piece]
    if len(pieces) == 1:
        return [], b""
    last = pieces[-1]
    if len(last) > most_bytes:
        raise FrameError("stream", f"{len(last)} bytes without an end", f"a frame of at most {most_bytes} bytes")
    return frames, b"~" + last
