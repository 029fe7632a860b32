"""The stream of an attachment (T/JSATL 12): a piece of a named file, unescaped and never acknowledged. Its magic is that of JT/T 1078: another port."""

from dataclasses import dataclass
from struct import Struct
from typing import Self

from catseye.fleet.errors import FrameError, LengthError, ShortError, ValueMismatchError
from catseye.fleet.text import encoded, text_of

MAGIC = b"01cd"
MOST_PIECE_BYTES = 1 << 20  # 64 KiB by the standard; some send more
_HEAD = Struct(">4s50sII")


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of a file from `offset_bytes` on. `name` comes from a device: it is never a path."""

    name: str
    offset_bytes: int
    payload: bytes

    @classmethod
    def parse(cls, raw: bytes) -> tuple[Self, bytes]:
        """The first piece, and the bytes after it. ShortError: it is not whole yet, or never."""
        if raw[:4] != MAGIC[: len(raw[:4])] or not raw:
            raise FrameError("piece of a file", f"{raw[:4].hex() or 'nothing'}", "30316364")
        if len(raw) < _HEAD.size:
            raise ShortError("piece of a file", f"{len(raw)} bytes", f"{_HEAD.size} bytes")
        _, name, offset_bytes, length_bytes = _HEAD.unpack_from(raw)
        if length_bytes > MOST_PIECE_BYTES:
            raise LengthError("piece of a file", f"{length_bytes} bytes announced", f"at most {MOST_PIECE_BYTES}")
        end = _HEAD.size + length_bytes
        if len(raw) < end:
            raise ShortError("piece of a file", f"{len(raw)} bytes", f"{end} bytes")
        return cls(text_of(name), offset_bytes, raw[_HEAD.size : end]), raw[end:]

    def __bytes__(self) -> bytes:
        """As on the wire."""
        name = encoded(self.name, 50)
        if len(name) != 50:
            raise ValueMismatchError("piece of a file, name", f"{len(name)} bytes", "at most 50 bytes of GBK")
        return _HEAD.pack(MAGIC, name, self.offset_bytes, len(self.payload)) + self.payload
