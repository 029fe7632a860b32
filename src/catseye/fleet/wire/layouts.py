"""Layouts: tables of parts under a name, layouts inside layouts, and which of several is meant."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from catseye.fleet.errors import ShortError, ValueMismatchError, WireError
from catseye.fleet.text import encoded_hex
from catseye.fleet.wire.cursor import Cursor, Values
from catseye.fleet.wire.fields import NAMES, Field, Line, Part, Run, packed
from catseye.fleet.wire.parts import Count, Derived, Prefixed, Remaining


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
        out += packed(self.code, self.length, len(inner)) + inner

    def lines(self) -> Iterable[Line]:
        """The length, and those of the layout."""
        return [Line(self.length, NAMES[self.code], "bytes", "of what follows"), *self.layout.lines()]


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
