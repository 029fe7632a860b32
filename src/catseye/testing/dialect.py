"""What every dialect of vehicle terminals must be, whoever wrote it. `check_dialect(dialect)` in a test of the plug-in is all there is to it.

Each fact raises AssertionError in a sentence that names the dialect.
"""

from collections.abc import Callable

from catseye.core.dialect import MOST_ITEM_BYTES, DialectItem
from catseye.core.sockets import TerminalDialect

STANDARD_ITEM_IDS = frozenset((*range(0x01, 0x07), *range(0x11, 0x19), 0x25, 0x2A, 0x2B, 0x30, 0x31, *range(0x64, 0x68)))
_ALARM_BYTES = {0x64: 31, 0x65: 31, 0x66: 24, 0x67: 25, 0x70: 31}  # of T/JSATL 12, without the identification
_TIME_AND_COUNTERS_BYTES = 8


def it_fills_the_socket(dialect: TerminalDialect) -> None:
    """All that the socket names, and a name that may stand in a file."""
    _must(isinstance(dialect, TerminalDialect), dialect, "lacks a part of the socket")
    _must(dialect.name.isascii() and dialect.name.isidentifier() and dialect.name == dialect.name.lower(), dialect, "wants a name of one lower-case word")


def its_lengths_hold_what_they_must(dialect: TerminalDialect) -> None:
    """The identification holds the terminal's id, a time and two counters; the longest alarm of the standard fits an item with it."""
    least_bytes = dialect.terminal_bytes_count + _TIME_AND_COUNTERS_BYTES
    _must(dialect.terminal_bytes_count >= 1 and dialect.sender_bytes_count >= 0, dialect, "has a length below nothing")
    _must(dialect.ident_bytes_count >= least_bytes, dialect, f"has an identification of {dialect.ident_bytes_count} bytes; wanted {least_bytes} at least")
    longest_bytes = max(_ALARM_BYTES.values()) + dialect.ident_bytes_count
    _must(longest_bytes <= MOST_ITEM_BYTES, dialect, f"makes an alarm of {longest_bytes} bytes; an item has {MOST_ITEM_BYTES} at most")


def its_events_have_names(dialect: TerminalDialect) -> None:
    """A number of one byte for each, of an item that is an alarm, and a text."""
    alarms = {*_ALARM_BYTES, *(item.id for item in dialect.items)}
    for (item, event), name in dialect.events.items():
        _must(item in alarms and 0 <= event <= 0xFF, dialect, f"names event 0x{event:02X} of item 0x{item:02X}, which is no alarm")
        _must(bool(name.strip()) and name.isprintable(), dialect, f"has no name for event 0x{event:02X} of item 0x{item:02X}")


def its_items_are_its_own(dialect: TerminalDialect) -> None:
    """No id of the standards', each id and length once, none longer than an item may be."""
    seen: set[tuple[int, int]] = set()
    for item in dialect.items:
        size_bytes = sum(each.size_bytes for each in item.fields) + (dialect.ident_bytes_count if item.has_ident else 0)
        _must(isinstance(item, DialectItem) and item.id not in STANDARD_ITEM_IDS, dialect, f"takes item 0x{item.id:02X}, which a standard has")
        _must(size_bytes <= MOST_ITEM_BYTES, dialect, f"has item 0x{item.id:02X} of {size_bytes} bytes; wanted {MOST_ITEM_BYTES} at most")
        _must((item.id, size_bytes) not in seen, dialect, f"has item 0x{item.id:02X} of {size_bytes} bytes twice")
        seen.add((item.id, size_bytes))


FACTS: tuple[Callable[[TerminalDialect], None], ...] = (
    it_fills_the_socket,
    its_lengths_hold_what_they_must,
    its_events_have_names,
    its_items_are_its_own,
)


def check_dialect(dialect: TerminalDialect) -> None:
    """Every fact in turn; AssertionError at the first that does not hold."""
    for fact in FACTS:
        fact(dialect)


def _must(holds: bool, dialect: object, otherwise: str) -> None:
    if not holds:
        raise AssertionError(f"{getattr(dialect, 'name', dialect)!r} {otherwise}")
