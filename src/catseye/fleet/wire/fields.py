"""Values of fixed size, the documentation of each, and runs of them: one precompiled format takes a whole run at once."""

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from catseye.fleet.errors import ShortError, ValueMismatchError
from catseye.fleet.text import encoded, encoded_hex, encoded_time, hex_of, text_of, time_of
from catseye.fleet.wire.cursor import Cursor, Values

NAMES = {"B": "BYTE", "H": "WORD", "I": "DWORD", "Q": "8 bytes"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the documentation of a layout."""

    name: str
    type: str
    unit: str
    note: str


class Part(Protocol):
    """A piece of a layout."""

    def read(self, cursor: Cursor, into: Values) -> None:
        """Take its bytes, put its values."""

    def write(self, values: Values, out: bytearray) -> None:
        """Put its bytes."""

    def lines(self) -> Iterable[Line]:
        """What the documentation says of it."""


@dataclass(frozen=True, slots=True)
class Field:
    """One value of fixed size. `only`: the values with which this layout is meant at all."""

    name: str
    code: str
    unit: str = ""
    note: str = ""
    type: str = ""
    decode: Callable[[Any], Any] | None = None
    encode: Callable[[Any], Any] | None = None
    only: tuple[int, ...] = ()

    @property
    def size_bytes(self) -> int:
        """How long it is on the wire."""
        return struct.calcsize(">" + self.code)

    def line(self) -> Line:
        """Its line of the documentation."""
        return Line(self.name, self.type or NAMES[self.code], self.unit, self.note)


def u8(name: str, unit: str = "", note: str = "", only: tuple[int, ...] = ()) -> Field:
    """BYTE."""
    return Field(name, "B", unit, note, only=only)


def u16(name: str, unit: str = "", note: str = "") -> Field:
    """WORD."""
    return Field(name, "H", unit, note)


def u32(name: str, unit: str = "", note: str = "") -> Field:
    """DWORD."""
    return Field(name, "I", unit, note)


def u64(name: str, unit: str = "", note: str = "") -> Field:
    """Eight bytes."""
    return Field(name, "Q", unit, note)


def text(name: str, size_bytes: int, note: str = "") -> Field:
    """GBK in a fixed number of bytes, padded with zeros."""

    def encode(value: str) -> bytes:
        raw = encoded(value, size_bytes)
        if len(raw) != size_bytes:
            raise ValueMismatchError(name, f"{len(raw)} bytes of text", f"at most {size_bytes} bytes of GBK")
        return raw

    return Field(name, f"{size_bytes}s", "", note, f"text[{size_bytes}]", text_of, encode)


def octets(name: str, size_bytes: int, note: str = "") -> Field:
    """Bytes kept as hex."""

    def encode(value: str) -> bytes:
        raw = encoded_hex(value)
        if len(raw) != size_bytes:
            raise ValueMismatchError(name, f"{len(raw)} bytes", f"{size_bytes} bytes of hex")
        return raw

    return Field(name, f"{size_bytes}s", "", note, f"BYTE[{size_bytes}]", hex_of, encode)


def bcd_time(name: str, note: str = "") -> Field:
    """BCD[6]."""
    return Field(name, "6s", "UTC+8", note, "BCD[6]", time_of, encoded_time)


class Run:
    """Fixed fields side by side: one precompiled format takes them all at once."""

    __slots__ = ("_decoders", "_encoders", "_only", "_struct", "fields", "names", "size_bytes")

    def __init__(self, fields: Sequence[Field]) -> None:
        """Compile."""
        self.fields = tuple(fields)
        self.names = tuple(each.name for each in fields)
        self._struct = struct.Struct(">" + "".join(each.code for each in fields))
        self.size_bytes = self._struct.size
        self._decoders = tuple((each.name, each.decode) for each in fields if each.decode is not None)
        self._encoders = tuple((each.name, each.encode) for each in fields)
        self._only = tuple(each for each in fields if each.only)

    @property
    def is_plain(self) -> bool:
        """Whether every value is the number itself: then `values_at` reads them."""
        return not self._decoders and not self._only

    def reader_at(self) -> Callable[[bytes, int], Values]:
        """`values_at`; for a run of one number a way that is shorter."""
        if len(self.names) > 1:
            return self.values_at
        name, unpack_from = self.names[0], self._struct.unpack_from
        return lambda data, begin: {name: unpack_from(data, begin)[0]}

    def values_at(self, data: bytes, begin: int) -> Values:
        """As `read`, where nothing has to be looked at: the bytes are there, and nobody wants them explained."""
        return dict(zip(self.names, self._struct.unpack_from(data, begin), strict=True))

    def read(self, cursor: Cursor, into: Values) -> None:
        """All of them, or ShortError."""
        begin = cursor.at
        if cursor.end - begin < self.size_bytes:
            raise ShortError(cursor.where, f"{cursor.end - begin} bytes from {cursor.path}{self.names[0]} on", f"{self.size_bytes} bytes")
        into.update(zip(self.names, self._struct.unpack_from(cursor.data, begin), strict=True))
        for name, decode in self._decoders:
            into[name] = decode(into[name])
        cursor.at = begin + self.size_bytes
        for each in self._only:
            if into[each.name] not in each.only:
                raise ValueMismatchError(f"{cursor.where}, {cursor.path}{each.name}", f"{into[each.name]}", f"one of {each.only}")
        if cursor.rows is not None:
            self._explain(cursor, begin, into)

    def _explain(self, cursor: Cursor, begin: int, into: Values) -> None:
        end = cursor.at
        for each in self.fields:
            cursor.at = begin + each.size_bytes
            cursor.tell(begin, each.name, into[each.name], each.unit)
            begin = cursor.at
        cursor.at = end

    def write(self, values: Values, out: bytearray) -> None:
        """ValueMismatchError names the field that does not fit."""
        plain = [values[name] if encode is None else encode(values[name]) for name, encode in self._encoders]
        try:
            out += self._struct.pack(*plain)
        except struct.error:
            for each, value in zip(self.fields, plain, strict=True):
                packed(each.code, each.name, value)
            raise

    def lines(self) -> Iterable[Line]:
        """A line a field."""
        return [each.line() for each in self.fields]


def packed(code: str, name: str, value: object) -> bytes:
    """A number on the wire; ValueMismatchError names it where it does not fit."""
    try:
        return struct.pack(">" + code, value)
    except struct.error:
        raise ValueMismatchError(name, repr(value), f"a number of {struct.calcsize('>' + code)} bytes") from None
