"""Parts of variable size: texts after their length, lists of numbers, what is left, what follows from other values."""

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from catseye.fleet.errors import ValueMismatchError
from catseye.fleet.text import encoded, encoded_hex, free_text_of
from catseye.fleet.wire.cursor import SIZES, Cursor, Values
from catseye.fleet.wire.fields import NAMES, Line, packed


@dataclass(frozen=True, slots=True)
class Prefixed:
    """Bytes after their own length; `NAME_len` tells it."""

    name: str
    code: str = "B"
    note: str = ""
    is_text: bool = True

    def read(self, cursor: Cursor, into: Values) -> None:
        """Length, then content."""
        size_bytes = into[f"{self.name}_len"] = cursor.number(self.code, f"{self.name}_len", "bytes")
        begin = cursor.at
        raw = cursor.take(size_bytes, self.name)
        into[self.name] = free_text_of(raw) if self.is_text else raw.hex()
        cursor.tell(begin, self.name, into[self.name])

    def write(self, values: Values, out: bytearray) -> None:
        """The length is that of the content."""
        raw = encoded(values[self.name]) if self.is_text else encoded_hex(values[self.name])
        out += packed(self.code, f"{self.name}_len", len(raw)) + raw

    def lines(self) -> Iterable[Line]:
        """Two lines."""
        kind = "text" if self.is_text else "bytes"
        return [Line(f"{self.name}_len", NAMES[self.code], "bytes", ""), Line(self.name, kind, "", self.note)]


@dataclass(frozen=True, slots=True)
class Remaining:
    """All that is left, as text or as hex."""

    name: str
    note: str = ""
    is_text: bool = False

    def read(self, cursor: Cursor, into: Values) -> None:
        """To the end."""
        begin = cursor.at
        raw = cursor.take(cursor.end - begin, self.name)
        into[self.name] = free_text_of(raw) if self.is_text else raw.hex()
        cursor.tell(begin, self.name, into[self.name])

    def write(self, values: Values, out: bytearray) -> None:
        """As it came."""
        value = values.get(self.name, "")
        out += encoded(value) if self.is_text else encoded_hex(value)

    def lines(self) -> Iterable[Line]:
        """One line."""
        return [Line(self.name, "text, to the end" if self.is_text else "bytes, to the end", "", self.note)]


@dataclass(frozen=True, slots=True)
class Derived:
    """A value that follows from others and takes no bytes."""

    name: str
    of: Callable[[Values], Any]
    unit: str = ""
    note: str = ""

    def read(self, cursor: Cursor, into: Values) -> None:
        """Work it out."""
        del cursor
        into[self.name] = self.of(into)

    def write(self, values: Values, out: bytearray) -> None:
        """Nothing: it is not on the wire."""

    def lines(self) -> Iterable[Line]:
        """One line."""
        return [Line(self.name, "derived", self.unit, self.note)]


@dataclass(frozen=True, slots=True)
class Check:
    """What must hold of the values before it for this layout to be meant."""

    holds: Callable[[Values], bool]
    wanted: str

    def read(self, cursor: Cursor, into: Values) -> None:
        """ValueMismatchError where it does not."""
        if not self.holds(into):
            raise ValueMismatchError(cursor.where, "other values", self.wanted)

    def write(self, values: Values, out: bytearray) -> None:
        """Nothing."""

    def lines(self) -> Iterable[Line]:
        """None."""
        return ()


@dataclass(frozen=True, slots=True)
class Count:
    """How many entries `of` has, wherever that stands."""

    of: str
    code: str = "B"
    name: str = "count"

    def read(self, cursor: Cursor, into: Values) -> None:
        """The list comes later."""
        into[self.name] = cursor.number(self.code, self.name)

    def write(self, values: Values, out: bytearray) -> None:
        """As many as there are."""
        out += packed(self.code, self.name, len(values[self.of]))

    def lines(self) -> Iterable[Line]:
        """One line."""
        return [Line(self.name, NAMES[self.code], "", f"entries of `{self.of}`")]


@dataclass(frozen=True, slots=True)
class Numbers:
    """As many numbers as `count` said."""

    name: str
    code: str
    count: str = "count"
    note: str = ""

    def read(self, cursor: Cursor, into: Values) -> None:
        """All of them, or ShortError."""
        begin, many = cursor.at, into[self.count]
        into[self.name] = list(struct.unpack(f">{many}{self.code}", cursor.take(many * SIZES[self.code], self.name)))
        cursor.tell(begin, self.name, into[self.name])

    def write(self, values: Values, out: bytearray) -> None:
        """One after the other."""
        for value in values[self.name]:
            out += packed(self.code, self.name, value)

    def lines(self) -> Iterable[Line]:
        """One line."""
        return [Line(f"{self.name}[]", NAMES[self.code], "", self.note)]
