"""Messages of JT/T 808: a header and what its body says, by the table of that message. Unknown ones are whole messages too: their body is hex."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from catseye.fleet.frame808 import Frame, Header
from catseye.fleet.items import Item
from catseye.fleet.tables.messages import MESSAGES, VERSIONS
from catseye.fleet.text import encoded_hex
from catseye.fleet.wire import Cursor, Layout, Row, Values, read_whole


@dataclass(frozen=True, slots=True)
class Body:
    """What a body says, and by which layout; without one, `values` is `{"hex": …}`: the message is not known, or only a part of one came."""

    values: Values
    layout: Layout | None

    @classmethod
    def parse(cls, msg_id: int, version: str, data: bytes, rows: list[Row] | None = None) -> Self:
        """WireError when a known message's body cannot be one."""
        layouts = MESSAGES[version].get(msg_id)
        if layouts is None:
            return cls._unread(data, rows)
        cursor = Cursor(data, 0, len(data), f"0x{msg_id:04X}", rows)
        if len(layouts) == 1 and rows is None:
            layout = layouts[0]
            values = layout.read(cursor)
            if cursor.at < cursor.end:
                values["rest"] = data[cursor.at :].hex()
        else:
            layout, values = read_whole(layouts, cursor)
        return cls(values, layout)

    @classmethod
    def of_frame(cls, frame: Frame, rows: list[Row] | None = None) -> Self:
        """As `parse`; the body of a sub-package stays unread."""
        header = frame.header
        return cls._unread(frame.body, rows) if header.is_subpackage else cls.parse(header.msg_id, header.version, frame.body, rows)

    @classmethod
    def _unread(cls, data: bytes, rows: list[Row] | None) -> Self:
        if rows is not None and data:
            rows.append(Row(0, data.hex(), "hex", data.hex(), ""))
        return cls({"hex": data.hex()}, None)

    @classmethod
    def of(cls, msg_id: int, version: str, values: Values, label: str = "") -> Self:
        """A body to send, by the layout with this label (a dialect or a version), else by the first one."""
        layouts = MESSAGES[version].get(msg_id, ())
        chosen = [layout for layout in layouts if label in ("", layout.label)]
        return cls(values, chosen[0] if chosen else None)

    def __bytes__(self) -> bytes:
        """As on the wire."""
        if self.layout is None:
            return encoded_hex(self.values["hex"])
        out = bytearray()
        self.layout.write(self.values, out)
        return bytes(out + encoded_hex(self.values.get("rest", "")))

    def unknown_items(self) -> list[str]:
        """Ids of items that no table reads, of this body and of the ones inside it: for whoever counts them."""
        return [f"0x{item.id:02X}" for item in _items_in(self.values) if item.layout is None]

    def as_json(self) -> dict[str, Any]:
        """For `fleet decode`: items by id, the dialect where there are several."""
        plain: dict[str, Any] = as_plain(self.values)
        if self.layout is not None and self.layout.label and self.layout.label not in VERSIONS:
            plain["dialect"] = self.layout.label
        return plain


@dataclass(frozen=True, slots=True)
class Message:
    """One frame and what it says."""

    header: Header
    body: Body

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Any bytes: a message, or a WireError. A sub-package stays unread: join its whole body first."""
        return cls.of(Frame.parse(raw))

    @classmethod
    def of(cls, frame: Frame) -> Self:
        """As `parse`, from a frame whose marks are off already."""
        return cls(frame.header, Body.of_frame(frame))

    def __bytes__(self) -> bytes:
        """The frame."""
        return bytes(Frame(self.header, bytes(self.body)))


def _items_in(value: Any) -> Iterator[Item]:
    if isinstance(value, Item):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            if isinstance(each, dict | list | Item):
                yield from _items_in(each)


def as_plain(value: Any) -> Any:
    """Values as JSON has them. Items become an object by id; of those that come twice, the last has the plain name, the others are `0x01#1`, `0x01#2`, …."""
    if isinstance(value, dict):
        return {name: as_plain(each) for name, each in value.items()}
    if not isinstance(value, list):
        return value
    if not value or not isinstance(value[0], Item):
        return [as_plain(each) for each in value]
    items: dict[str, Any] = {}
    times: dict[str, int] = {}
    for item in value:
        name = f"0x{item.id:02X}"
        if name in items:
            times[name] = times.get(name, 0) + 1
            items[f"{name}#{times[name]}"] = items[name]
        items[name] = as_plain(item.as_json())
    return items
