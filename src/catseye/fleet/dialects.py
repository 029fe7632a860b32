"""Dialects of the active-safety extensions are data: how long an alarm's identification is, and what each adds. Ours register as a plug-in's do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from types import MappingProxyType

from catseye.core.dialect import DialectItem, ItemField
from catseye.core.errors import CatseyeError
from catseye.core.sockets import TerminalDialect
from catseye.fleet.wire import Field, Inside, Layout, Part, bcd_time, octets, text, u8, u16, u32, u64

GROUP = "catseye.dialects"
_TIME_AND_COUNTERS_BYTES = 8
_NUMBERS = {1: u8, 2: u16, 4: u32, 8: u64}
_NOTHING: Mapping[tuple[int, int], str] = MappingProxyType({})

# T/JSATL 12-2017, tables 17, 20 and 23; item 0x70 as public servers of several provinces read it
_COMMON: dict[tuple[int, int], str] = {
    (0x64, 0x01): "forward collision",
    (0x64, 0x02): "lane departure",
    (0x64, 0x03): "too close",
    (0x64, 0x04): "pedestrian",
    (0x64, 0x05): "frequent lane change",
    (0x64, 0x06): "over a sign's limit",
    (0x64, 0x07): "obstacle",
    (0x64, 0x10): "sign recognised",
    (0x64, 0x11): "snapshot",
    (0x65, 0x01): "fatigue",
    (0x65, 0x02): "phone",
    (0x65, 0x03): "smoking",
    (0x65, 0x04): "distraction",
    (0x65, 0x05): "driver abnormal",
    (0x65, 0x10): "snapshot",
    (0x65, 0x11): "driver change",
    (0x67, 0x01): "rear approach",
    (0x67, 0x02): "left rear approach",
    (0x67, 0x03): "right rear approach",
    (0x70, 0x01): "harsh acceleration",
    (0x70, 0x02): "harsh braking",
    (0x70, 0x03): "harsh turn",
    (0x70, 0x04): "idling",
    (0x70, 0x05): "engine stopped while driving",
    (0x70, 0x06): "coasting out of gear",
    (0x70, 0x07): "engine too fast",
}
# T/GDRTA 002-2020
_OF_YUE: dict[tuple[int, int], str] = {
    (0x64, 0x12): "solid line crossed",
    (0x64, 0x13): "pedestrian in the aisle",
    (0x65, 0x02): "phone in hand",
    (0x65, 0x04): "not looking ahead",
    (0x65, 0x06): "camera covered",
    (0x65, 0x08): "overtime",
    (0x65, 0x0A): "no seat belt",
    (0x65, 0x0B): "sunglasses that block infrared",
    (0x65, 0x0C): "both hands off",
    (0x65, 0x0D): "playing with the phone",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """Lengths in bytes. `sender_bytes_count`: the terminal's id before the identification in 0x1210; 0 where that is left out."""

    name: str
    terminal_bytes_count: int
    ident_bytes_count: int
    sender_bytes_count: int
    events: Mapping[tuple[int, int], str] = field(default_factory=lambda: _NOTHING, hash=False)
    items: tuple[DialectItem, ...] = ()


# T/JSATL 12-2017, T/GDRTA 002-2020; of the others only the lengths are known (fact sheet, section 4)
SU = Dialect("su", 7, 16, 7)
YUE = Dialect("yue", 30, 40, 30, MappingProxyType(_OF_YUE))
HEILONGJIANG = Dialect("heilongjiang", 30, 38, 0)
HUNAN = Dialect("hunan", 7, 32, 7)
SICHUAN = Dialect("sichuan", 30, 39, 30)
HOUSE = (SU, YUE, HEILONGJIANG, HUNAN, SICHUAN)


def united(offers: Iterable[tuple[str, object]]) -> tuple[TerminalDialect, ...]:
    """Dialects in the order they are tried. `offers`: plug-ins by name, each a dialect or a tuple of them. CatseyeError where two cannot be told apart."""
    found: list[TerminalDialect] = list(HOUSE)  # first, and there even where the package's entry points are older than its source
    for plugin, offer in offers:
        for each in offer if isinstance(offer, tuple) else (offer,):
            if not isinstance(each, TerminalDialect):
                raise CatseyeError(f"plug-in {plugin}", f"{type(each).__name__}", "a TerminalDialect, or a tuple of them")
            if any(each is known for known in found):
                continue
            if each.ident_bytes_count < each.terminal_bytes_count + _TIME_AND_COUNTERS_BYTES:
                wanted = f"{each.terminal_bytes_count + _TIME_AND_COUNTERS_BYTES} at least"
                raise CatseyeError(f"plug-in {plugin}, dialect {each.name!r}", f"an identification of {each.ident_bytes_count} bytes", wanted)
            twin = next((known for known in found if each.name == known.name or each.ident_bytes_count == known.ident_bytes_count), None)
            if twin is not None:
                wanted = "a name and a length of the identification that no other dialect has"
                raise CatseyeError(f"plug-in {plugin}, dialect {each.name!r}", f"the name or the length of {twin.name!r}", wanted)
            found.append(each)
    return tuple(found)


def installed() -> tuple[TerminalDialect, ...]:
    """Ours and those of plug-ins, found by entry point."""
    return united((entry.name, entry.load()) for entry in sorted(entry_points(group=GROUP)))


def ident_of(dialect: TerminalDialect) -> Layout:
    """Alarm identification: terminal, time, number, attachments; the rest is reserved."""
    reserved_bytes_count = dialect.ident_bytes_count - dialect.terminal_bytes_count - _TIME_AND_COUNTERS_BYTES
    fields = (text("terminal_id", dialect.terminal_bytes_count), bcd_time("time"), u8("seq"), u8("attach_count"))
    return Layout("alarm identification", *fields, *([octets("reserved", reserved_bytes_count)] if reserved_bytes_count else []), label=dialect.name)


def items_of(dialects: Sequence[TerminalDialect]) -> dict[int, tuple[Layout, ...]]:
    """Layouts of the items that dialects bring with them."""
    found: dict[int, tuple[Layout, ...]] = {}
    for dialect in dialects:
        for item in dialect.items:
            parts: list[Part | Field] = [_field(each) for each in item.fields]
            parts += [Inside("ident", ident_of(dialect))] if item.has_ident else []
            found[item.id] = (*found.get(item.id, ()), Layout(item.name, *parts, label=dialect.name))
    return found


def _field(said: ItemField) -> Field:
    number = _NUMBERS.get(said.size_bytes)
    return number(said.name, said.unit, said.note) if number is not None else octets(said.name, said.size_bytes, said.note)


def event_name(item: int, event: int, dialect: str = "") -> str:
    """What an alarm is called, "" where nobody says: a dialect's own word before the common one.

    >>> event_name(0x65, 0x02), event_name(0x65, 0x02, "yue"), event_name(0x65, 0x7F)
    ('phone', 'phone in hand', '')
    """
    own = next((each.events for each in DIALECTS if each.name == dialect), _NOTHING)
    return own.get((item, event)) or _COMMON.get((item, event), "")


DIALECTS = installed()
