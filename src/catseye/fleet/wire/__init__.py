"""Declarative layouts: a table of parts says how a message lies on the wire, and that table alone reads, writes, explains and documents it."""

from catseye.fleet.wire.cursor import Cursor, Row, Values
from catseye.fleet.wire.fields import Field, Line, Part, Run, bcd_time, octets, text, u8, u16, u32, u64
from catseye.fleet.wire.layouts import Echo, Entries, Inside, Layout, Maybe, Sized, maybe, read_whole
from catseye.fleet.wire.parts import Check, Count, Derived, Numbers, Prefixed, Remaining

__all__ = [
    "Check", "Count", "Cursor", "Derived", "Echo", "Entries", "Field", "Inside", "Layout", "Line", "Maybe", "Numbers", "Part", "Prefixed",
    "Remaining", "Row", "Run", "Sized", "Values", "bcd_time", "maybe", "octets", "read_whole", "text", "u8", "u16", "u32", "u64",
]  # fmt: skip
