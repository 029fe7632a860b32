"""Where reading is in a body, and what it tells to whoever wants it explained."""

from dataclasses import dataclass
from typing import Any

from catseye.fleet.errors import ShortError

Values = dict[str, Any]  # what a layout reads: numbers, texts, lists and values again, by name
SIZES = {"B": 1, "H": 2, "I": 4, "Q": 8}


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
        value = int.from_bytes(self.take(SIZES[code], name))
        self.tell(begin, name, value, unit)
        return value

    def inner(self, size_bytes: int, path: str) -> "Cursor":
        """A cursor over the next bytes alone; this one is past them."""
        begin = self.at
        self.take(size_bytes, path)
        return Cursor(self.data, begin, self.at, self.where, self.rows, f"{self.path}{path}." if path else self.path)
