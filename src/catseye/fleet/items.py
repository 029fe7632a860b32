"""Items of a location report: id, length, content, any number of them. What is unknown or of another length is kept as hex and is never fatal."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from catseye.fleet.errors import ValueMismatchError, WireError
from catseye.fleet.text import encoded_hex
from catseye.fleet.wire import Cursor, Layout, Line, Run, Values


class Item(NamedTuple):
    """One item. Without a layout its values are `{"hex": …}`. `is_cut`: it announced more bytes than came."""

    id: int
    length_bytes: int
    values: Values
    layout: Layout | None = None
    is_cut: bool = False

    def as_json(self) -> dict[str, Any]:
        """Its values, and the length it came with."""
        return {**self.values, "declared_len" if self.is_cut else "_len": self.length_bytes}


class Items:
    """Items to the end of the body."""

    __slots__ = ("_fixed", "_others", "_plain", "known")

    def __init__(self, known: Mapping[int, Sequence[Layout]]) -> None:
        """`known`: the layouts an id may have; those of fixed size are told apart by the length alone."""
        self.known = known
        self._fixed = {(key, layout.fixed_bytes): layout for key, layouts in known.items() for layout in reversed(layouts) if layout.fixed_bytes is not None}
        self._plain = {  # the way of nearly all items there are: one run of numbers
            key: (layout, part.reader_at())
            for key, layout in self._fixed.items()
            if len(layout.parts) == 1 and isinstance(part := layout.parts[0], Run) and part.is_plain
        }
        self._others = {key: tuple(layout for layout in layouts if layout.fixed_bytes is None) for key, layouts in known.items()}

    def read(self, cursor: Cursor, into: Values) -> None:
        """All of them, in their order."""
        data, at, end = cursor.data, cursor.at, cursor.end
        items: list[Item] = []
        into["items"] = items
        plain, make = self._plain if cursor.rows is None else {}, Item._make
        while at + 2 <= end:
            key, length_bytes = data[at], data[at + 1]
            begin, at = at + 2, at + 2 + length_bytes
            if at > end:
                at = end
                into["truncated_item"] = f"0x{key:02X}"
                items.append(Item(key, length_bytes, {"hex": data[begin:end].hex()}, None, True))
                self._explain_hex(cursor, begin, at, items[-1])
                break
            if (quick := plain.get((key, length_bytes))) is not None:
                items.append(make((key, length_bytes, quick[1](data, begin), quick[0], False)))
                continue
            layout = self._fixed.get((key, length_bytes))
            inner = Cursor(data, begin, at, cursor.where)
            if cursor.rows is not None:
                inner.rows, inner.path = cursor.rows, f"{cursor.path}items.0x{key:02X}."
                self._explain_head(cursor, begin, key)
            if layout is not None:
                items.append(Item(key, length_bytes, layout.read(inner), layout))
            else:
                items.append(self._other(key, length_bytes, inner))
        cursor.at = end
        if at < end:
            into["items_rest"] = data[at:end].hex()
            cursor.tell(at, "items_rest", into["items_rest"])

    def _other(self, key: int, length_bytes: int, cursor: Cursor) -> Item:
        begin, told = cursor.at, len(cursor.rows) if cursor.rows is not None else 0
        for layout in self._others.get(key, ()):
            if length_bytes < layout.least_bytes:
                continue
            cursor.at = begin
            try:
                values = layout.read(cursor)
            except WireError:
                values = None
            if values is not None and cursor.at == cursor.end:
                return Item(key, length_bytes, values, layout)
            if cursor.rows is not None:
                del cursor.rows[told:]
        item = Item(key, length_bytes, {"hex": cursor.data[begin : cursor.end].hex()})
        cursor.at = cursor.end
        cursor.tell(begin, "hex", item.values["hex"])
        return item

    @staticmethod
    def _explain_head(cursor: Cursor, begin: int, key: int) -> None:
        cursor.at = begin
        cursor.tell(begin - 2, f"items.0x{key:02X}", "id, length")

    def _explain_hex(self, cursor: Cursor, begin: int, end: int, item: Item) -> None:
        self._explain_head(cursor, begin, item.id)
        cursor.at = end
        cursor.tell(begin, f"items.0x{item.id:02X}.hex", item.values["hex"])

    def write(self, values: Values, out: bytearray) -> None:
        """In their order."""
        for item in values.get("items", ()):
            content = bytearray()
            if item.layout is None:
                content += encoded_hex(item.values["hex"])
            else:
                item.layout.write(item.values, content)
            length_bytes = item.length_bytes if item.is_cut else len(content)
            if length_bytes > 0xFF:
                raise ValueMismatchError(f"item 0x{item.id:02X}", f"{length_bytes} bytes", "at most 255")
            out += bytes((item.id, length_bytes)) + content
        out += encoded_hex(values.get("items_rest", ""))

    def item(self, key: int, values: Values, length_bytes: int | None = None) -> Item:
        """An item to send: of the layout that is meant when there are several, the one of this length, else the first."""
        layouts = self.known.get(key, ())
        layout = self._fixed.get((key, length_bytes)) if length_bytes is not None else layouts[0] if layouts else None
        return Item(key, length_bytes or 0, values, layout)

    def lines(self) -> Iterable[Line]:
        """One line here: items have a section of their own."""
        return [Line("items", "id BYTE, length BYTE, content", "", "see *Items of a location report*")]
