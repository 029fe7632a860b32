"""Frames of JT/T 809, which platforms send to each other: marks, escapes, CRC, header. Bytes in, frame out, and back."""

import re
from binascii import crc_hqx
from dataclasses import dataclass
from struct import Struct
from typing import Self

from catseye.fleet.errors import ChecksumError, EncryptedError, EscapeError, FrameError, LengthError, ValueMismatchError

_HEAD = Struct(">IIHI3sBI")
_TIME = Struct(">Q")
_ESCAPES = {b"\x5a\x01": b"\x5b", b"\x5a\x02": b"\x5a", b"\x5e\x01": b"\x5d", b"\x5e\x02": b"\x5e"}


@dataclass(frozen=True, slots=True)
class Frame809:
    """One frame whose marks, escapes, length and CRC are right. `version`: three bytes as hex; `utc_s` only in frames of 2019, which nothing in them tells."""

    msg_id: int
    serial: int
    centre: int
    version: str
    key: int
    body: bytes
    utc_s: int | None = None

    @classmethod
    def parse(cls, raw: bytes, *, is_2019: bool = False) -> Self:
        """Typed errors, never another."""
        content = unescaped(raw)
        head_bytes = _HEAD.size + (_TIME.size if is_2019 else 0)
        if len(content) < head_bytes + 2:
            raise FrameError("frame 809", f"{len(content)} bytes between the marks", f"a header and a CRC, at least {head_bytes + 2} bytes")
        length, serial, msg_id, centre, version, encryption, key = _HEAD.unpack_from(content)
        found = crc_hqx(content[:-2], 0xFFFF)
        if found != int.from_bytes(content[-2:]):
            raise ChecksumError("frame 809", f"CRC {content[-2:].hex()}", f"{found:04x} (CCITT, from FFFF)")
        if length != len(content) + 2:
            raise LengthError(f"809:0x{msg_id:04X}", f"{len(content) + 2} bytes with both marks", f"{length}, as the header says")
        if encryption:
            raise EncryptedError(f"809:0x{msg_id:04X}", f"an encrypted body (flag {encryption})", "a body in the clear")
        utc_s = _TIME.unpack_from(content, _HEAD.size)[0] if is_2019 else None
        return cls(msg_id, serial, centre, version.hex(), key, content[head_bytes:-2], utc_s)

    def __bytes__(self) -> bytes:
        """Between marks, escaped, with length and CRC."""
        version = bytes.fromhex(self.version)
        if len(version) != 3:
            raise ValueMismatchError("frame 809, version", f"'{self.version}'", "6 hex digits")
        after = (_TIME.pack(self.utc_s) if self.utc_s is not None else b"") + self.body
        head = _HEAD.pack(_HEAD.size + len(after) + 4, self.serial, self.msg_id, self.centre, version, 0, self.key)
        return escaped(head + after + crc_hqx(head + after, 0xFFFF).to_bytes(2))


def escaped(content: bytes) -> bytes:
    """Between marks.

    >>> escaped(bytes.fromhex("005b5a5d5e")).hex()
    '5b005a015a025e015e025d'
    """
    plain = content.replace(b"\x5a", b"\x5a\x02").replace(b"\x5b", b"\x5a\x01").replace(b"\x5e", b"\x5e\x02").replace(b"\x5d", b"\x5e\x01")
    return b"[" + plain + b"]"


def unescaped(raw: bytes) -> bytes:
    """What stands between the marks.

    >>> unescaped(bytes.fromhex("5b005a015a025e015e025d")).hex()
    '005b5a5d5e'
    """
    if len(raw) < 2 or raw[:1] != b"[" or raw[-1:] != b"]":
        raise FrameError("frame 809", f"{len(raw)} bytes from {raw[:1].hex() or 'nothing'} to {raw[-1:].hex() or 'nothing'}", "5b … 5d")
    content = raw[1:-1]
    if b"[" in content or b"]" in content:
        raise FrameError("frame 809", "a mark in the middle", "one frame")
    return _ESCAPE.sub(_plain, content)


def _plain(found: re.Match[bytes]) -> bytes:
    pair = found.group()
    if pair not in _ESCAPES:
        raise EscapeError("frame 809", pair.hex(" "), "5a 01, 5a 02, 5e 01 or 5e 02")
    return _ESCAPES[pair]


_ESCAPE = re.compile(rb"[\x5a\x5e].?", re.DOTALL)
