"""Declarative layouts: a table of parts says how a message lies on the wire, and that table alone reads, writes, explains and documents it."""

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from catseye.fleet.errors import ShortError, ValueMismatchError, WireError
from catseye.fleet.text import encoded, encoded_hex, encoded_time, free_text_of, hex_of, text_of, time_of

Values = dict[str, Any]  # what a layout reads: numbers, texts, lists and values again, by name
_SIZES = {"B": 1, "H": 2, "I": 4, "Q": 8}


@dataclass(frozen=True, slots=True)
class Row:
    """One field as `--explain` shows it; `offset_bytes` from the begin of what was explained."""

    offset_bytes: int
    hex: str
    name: str
    value: object
    unit: str


class Cursor:
    """Where reading is in one body; `rows`, where somebody wants it explained."""

    __slots__ = ("at", "data", "end", "path", "rows", "where")

    def __init__(self, data: bytes, at: int, end: int, where: str, rows: list[Row] | None = None, path: str = "") -> None:
        """From `at` up to and without `end`."""
        self.data, self.at, self.end, self.where, self.rows, self.path = data, at, end, where, rows, path

    def take(self, size_bytes: int, name: str) -> bytes:
        """The next bytes; ShortError when there are fewer."""
        begin = self.at
        if self.end - begin < size_bytes:
            raise ShortError(f"{self.where}, {self.path}{name}", f"{self.end - begin} bytes at byte {begin}", f"{size_bytes} bytes")
        self.at = begin + size_bytes
        return self.data[begin : self.at]

    def tell(self, begin: int, name: str, value: object, unit: str = "") -> None:
        """Explain what was read since `begin`."""
        if self.rows is not None:
            self.rows.append(Row(begin, self.data[begin : self.at].hex(), self.path + name, value, unit))

    def number(self, code: str, name: str, unit: str = "") -> int:
        """A number of its own."""
        begin = self.at
        value = int.from_bytes(self.take(_SIZES[code], name))
        self.tell(begin, name, value, unit)
        return value

    def inner(self, size_bytes: int, path: str) -> "Cursor":
        """A cursor over the next bytes alone; this one is past them."""
        begin = self.at
        self.take(size_bytes, path)
        return Cursor(self.data, begin, self.at, self.where, self.rows, f"{self.path}{path}." if path else self.path)


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
        return Line(self.name, self.type or {"B": "BYTE", "H": "WORD", "I": "DWORD", "Q": "8 bytes"}[self.code], self.unit, self.note)


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
                _pack(each.code, each.name, value)
            raise

    def lines(self) -> Iterable[Line]:
        """A line a field."""
        return [each.line() for each in self.fields]


def _pack(code: str, name: str, value: object) -> bytes:
    try:
        return struct.pack(">" + code, value)
    except struct.error:
        raise ValueMismatchError(name, repr(value), f"a number of {struct.calcsize('>' + code)} bytes") from None


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
        out += _pack(self.code, f"{self.name}_len", len(raw)) + raw

    def lines(self) -> Iterable[Line]:
        """Two lines."""
        kind = "text" if self.is_text else "bytes"
        return [Line(f"{self.name}_len", {"B": "BYTE", "H": "WORD", "I": "DWORD"}[self.code], "bytes", ""), Line(self.name, kind, "", self.note)]


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
        out += _pack(self.code, self.name, len(values[self.of]))

    def lines(self) -> Iterable[Line]:
        """One line."""
        return [Line(self.name, {"B": "BYTE", "H": "WORD", "I": "DWORD"}[self.code], "", f"entries of `{self.of}`")]


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
        into[self.name] = list(struct.unpack(f">{many}{self.code}", cursor.take(many * _SIZES[self.code], self.name)))
        cursor.tell(begin, self.name, into[self.name])

    def write(self, values: Values, out: bytearray) -> None:
        """One after the other."""
        for value in values[self.name]:
            out += _pack(self.code, self.name, value)

    def lines(self) -> Iterable[Line]:
        """One line."""
        return [Line(f"{self.name}[]", {"B": "BYTE", "H": "WORD", "I": "DWORD"}[self.code], "", self.note)]


class Layout:
    """A table of parts under a name. `label` tells layouts of one message apart: a version of the standard, or a dialect."""

    __slots__ = ("fixed_bytes", "label", "least_bytes", "name", "parts", "source")
    fixed_bytes: int | None
    least_bytes: int

    def __init__(self, name: str, *parts: "Part | Field", label: str = "", source: str = "") -> None:
        """Fields side by side become one run."""
        joined: list[Part] = []
        fields: list[Field] = []
        for part in parts:
            if isinstance(part, Field):
                fields.append(part)
                continue
            if fields:
                joined.append(Run(fields))
                fields = []
            joined.append(part)
        if fields:
            joined.append(Run(fields))
        self.name, self.label, self.source, self.parts = name, label, source, tuple(joined)
        plain = all(isinstance(part, Run | Derived | Echo) or (isinstance(part, Inside) and part.layout.fixed_bytes is not None) for part in joined)
        runs_bytes = sum(part.size_bytes for part in joined if isinstance(part, Run))
        self.least_bytes = runs_bytes + sum(part.layout.least_bytes for part in joined if isinstance(part, Inside))
        self.fixed_bytes = self.least_bytes if plain else None

    def read(self, cursor: Cursor, into: Values | None = None) -> Values:
        """Its values; bytes that are left over stay unread."""
        values: Values = {} if into is None else into
        for part in self.parts:
            part.read(cursor, values)
        return values

    def write(self, values: Values, out: bytearray) -> None:
        """ValueMismatchError when a value is missing or does not fit."""
        try:
            for part in self.parts:
                part.write(values, out)
        except KeyError as missing:
            raise ValueMismatchError(self.name, f"no {missing.args[0]}", "a value for every field") from None
        except (TypeError, AttributeError) as wrong:
            raise ValueMismatchError(self.name, str(wrong), "values of the types its table says") from None

    def lines(self) -> list[Line]:
        """Its documentation."""
        return [line for part in self.parts for line in part.lines()]


def _indented(name: str, lines: Iterable[Line]) -> list[Line]:
    return [Line(f"{name}.{line.name}", line.type, line.unit, line.note) for line in lines]


@dataclass(frozen=True, slots=True)
class Entries:
    """As many of `layout` as `count` said."""

    name: str
    layout: Layout
    count: str = "count"

    def read(self, cursor: Cursor, into: Values) -> None:
        """An announced number that the bytes cannot hold is refused before anything is read."""
        many, path = into[self.count], cursor.path
        if many > cursor.end - cursor.at:  # an entry has a byte at least
            raise ShortError(f"{cursor.where}, {path}{self.name}", f"{many} entries in {cursor.end - cursor.at} bytes", "as many entries as are announced")
        entries = into[self.name] = []
        for index in range(many):
            cursor.path = f"{path}{self.name}[{index}]."
            entries.append(self.layout.read(cursor))
        cursor.path = path

    def write(self, values: Values, out: bytearray) -> None:
        """One after the other."""
        for entry in values[self.name]:
            self.layout.write(entry, out)

    def lines(self) -> Iterable[Line]:
        """Those of an entry."""
        return _indented(f"{self.name}[]", self.layout.lines())


@dataclass(frozen=True, slots=True)
class Inside:
    """A layout of its own under one name."""

    name: str
    layout: Layout

    def read(self, cursor: Cursor, into: Values) -> None:
        """In place."""
        path, cursor.path = cursor.path, f"{cursor.path}{self.name}."
        into[self.name] = self.layout.read(cursor)
        cursor.path = path

    def write(self, values: Values, out: bytearray) -> None:
        """In place."""
        self.layout.write(values[self.name], out)

    def lines(self) -> Iterable[Line]:
        """Those of the layout."""
        return _indented(self.name, self.layout.lines())


@dataclass(frozen=True, slots=True)
class Sized:
    """A layout in as many bytes as the number before it says; what does not fit the layout is kept as `hex`, so one bad entry spoils no other."""

    length: str
    code: str
    layout: Layout

    def read(self, cursor: Cursor, into: Values) -> None:
        """Whole or as hex."""
        size_bytes = into[self.length] = cursor.number(self.code, self.length, "bytes")
        inner = cursor.inner(size_bytes, "")
        begin, told = inner.at, len(cursor.rows) if cursor.rows is not None else 0
        values: Values | None = None
        if size_bytes >= self.layout.least_bytes:  # a thousand entries of nothing shall not cost a thousand errors
            try:
                values = self.layout.read(inner)
            except WireError:
                _forget(cursor, told)
        if values is not None:
            into.update(values)
        else:
            cursor.at = inner.end
            into["hex"] = cursor.data[begin : inner.end].hex()
            cursor.tell(begin, "hex", into["hex"])
            return
        if inner.at < inner.end:
            rest_at, inner.at = inner.at, inner.end
            into["rest"] = cursor.data[rest_at : inner.end].hex()
            inner.tell(rest_at, "rest", into["rest"])

    def write(self, values: Values, out: bytearray) -> None:
        """The length is that of what follows."""
        inner = bytearray()
        if "hex" in values:
            inner += encoded_hex(values["hex"])
        else:
            self.layout.write(values, inner)
            inner += encoded_hex(values.get("rest", ""))
        out += _pack(self.code, self.length, len(inner)) + inner

    def lines(self) -> Iterable[Line]:
        """The length, and those of the layout."""
        return [Line(self.length, {"B": "BYTE", "H": "WORD", "I": "DWORD"}[self.code], "bytes", "of what follows"), *self.layout.lines()]


@dataclass(frozen=True, slots=True)
class Maybe:
    """Parts that a sender may leave out at the end."""

    layout: Layout
    first: str

    def read(self, cursor: Cursor, into: Values) -> None:
        """Where anything is left."""
        if cursor.at < cursor.end:
            self.layout.read(cursor, into)

    def write(self, values: Values, out: bytearray) -> None:
        """Where its first value is there."""
        if self.first in values:
            self.layout.write(values, out)

    def lines(self) -> Iterable[Line]:
        """Marked as such."""
        return [Line(line.name, line.type, line.unit, f"{line.note}; may be absent".lstrip("; ")) for line in self.layout.lines()]


def maybe(first: Field | Count | Prefixed, *parts: "Part | Field") -> Maybe:
    """Parts that may be left out together."""
    return Maybe(Layout("", first, *parts), f"{first.name}")


@dataclass(frozen=True, slots=True)
class Echo:
    """What follows, once more as hex."""

    name: str

    def read(self, cursor: Cursor, into: Values) -> None:
        """Look, and take nothing."""
        into[self.name] = cursor.data[cursor.at : cursor.end].hex()

    def write(self, values: Values, out: bytearray) -> None:
        """Nothing: what follows says it."""

    def lines(self) -> Iterable[Line]:
        """One line."""
        return [Line(self.name, "derived", "", "what follows, as hex")]


def read_whole(layouts: Sequence[Layout], cursor: Cursor) -> tuple[Layout, Values]:
    """The first layout that fits to the last byte; else the first that fits at all, with `rest`; else the error of the first."""
    begin, told = cursor.at, len(cursor.rows) if cursor.rows is not None else 0
    loose: Layout | None = None
    fault: WireError | None = None
    for layout in layouts:
        cursor.at = begin
        _forget(cursor, told)
        try:
            values = layout.read(cursor)
        except WireError as error:
            fault = fault or error
            continue
        if cursor.at == cursor.end:
            return layout, values
        loose = loose or layout
    _forget(cursor, told)
    cursor.at = begin
    if loose is None:
        assert fault is not None
        raise fault
    values = loose.read(cursor)
    Remaining("rest").read(cursor, values)
    return loose, values


def _forget(cursor: Cursor, told: int) -> None:
    if cursor.rows is not None:
        del cursor.rows[told:]
