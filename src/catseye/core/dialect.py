"""Items that a dialect of vehicle terminals adds to a location report: tables, so that a plug-in of a province is data."""

from dataclasses import dataclass

MOST_ITEM_BYTES = 255


@dataclass(frozen=True, slots=True)
class ItemField:
    """One field. Of 1, 2, 4 or 8 bytes it is a number, big-endian and unsigned; of another size it is kept as hex."""

    name: str
    size_bytes: int
    unit: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or not 1 <= self.size_bytes <= MOST_ITEM_BYTES:
            raise ValueError(f"field {self.name!r} of {self.size_bytes} bytes; wanted a name and 1 to {MOST_ITEM_BYTES} bytes")


@dataclass(frozen=True, slots=True)
class DialectItem:
    """One item. `has_ident`: after its fields comes the alarm's identification, as the dialect has it; an alarm with one can have attachments."""

    id: int
    name: str
    fields: tuple[ItemField, ...]
    has_ident: bool = False

    def __post_init__(self) -> None:
        names = [each.name for each in self.fields]
        size_bytes = sum(each.size_bytes for each in self.fields)
        if not 1 <= self.id <= 0xFF or not names or len(set(names)) < len(names) or size_bytes > MOST_ITEM_BYTES:
            raise ValueError(f"item 0x{self.id:02X} of {size_bytes} bytes with fields {names}; wanted an id of one byte, and fields with names of their own")
