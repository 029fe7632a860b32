"""The page that an import of permits leaves: which lines to mend, why, and whose they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from catseye import __version__
from catseye.core.time import Stamp
from catseye.fleet.permits.reading import Reading
from catseye.fleet.permits.records import Conflict, Permit
from catseye.fleet.permits.taking import Taken

# Kind → what it is called, and what is to be done about it. In the order in which they are shown.
_WORDS: dict[str, tuple[str, str]] = {
    "cell-missing": ("A cell is empty", "Fill it in: without it nobody can say which vehicle may run, as what, and when."),
    "plate-unreadable": ("No number plate", "Write the plate as it is on the vehicle."),
    "date-unreadable": ("No date", "Write the day as 2026-01-31, or as 31/01/2026: the day before the month."),
    "date-order": ("Day or month?", "Other lines of this table have the month before the day, so this date can be read in two ways. Write it as 2026-01-31."),
    "dates-reversed": ("Ends before it begins", "Put the first day into the first column of the two."),
    "state-unknown": ("Unknown state", "Say in force, suspended or revoked; an empty cell is in force."),
    "area-unreadable": ("An area nobody can draw", "Name it, or draw it: polygon: lat lon; lat lon; lat lon, or corridor 500 m: lat lon; lat lon."),
    "row-unreadable": ("Cannot be a permit", "Look at the line beside the original."),
    "vin-check-digit": ("Chassis number mistyped", "Its check digit does not fit: compare it with the vehicle's papers."),
    "duplicate-plate": ("One plate, two chassis numbers", "Only one can be the vehicle with this plate: find out which, and end the other permit."),
    "vin-two-plates": ("One chassis number, two plates", "One vehicle has one plate: find out which, and end the other permit."),
    "duplicate-row": ("The same permit twice", "Keep one of the lines. Where they say different things, none of them was taken in."),
    "terminal-two-vehicles": ("One terminal in two vehicles", "It was left out of all of them. The permits are not touched."),
    "terminal-unreadable": ("No number of a terminal", "It was left out. The permit is not touched."),
    "overlapping-scopes": ("Two scopes on one day", "A vehicle may hold both. If it may not, end one of the permits."),
    "two-operators": ("Two operators on one day", "A vehicle may run for both. If it was sold, end the old owner's permit."),
    "area-unknown": ("An area nobody has defined", "Until it is on the map that --areas reads, the permit holds anywhere."),
    "scope-unknown": ("Unknown scope", "It was taken as it is written. Areas that are closed to a scope do not know it."),
    "colour-unknown": ("Unknown colour of the plate", "It was taken as not known: it fits any."),
    "vin-unusual": ("Unusual chassis number", "Its maker's region prescribes no check digit, or it is an older number. Compare it with the papers."),
}


@dataclass(frozen=True, slots=True)
class Look:
    """One line and what is wrong with it; whose permit it is, where the line can be read."""

    line: int
    plate: str
    operator: str
    permit: str
    came: str
    wanted: str


@dataclass(frozen=True, slots=True)
class Part:
    """All lines that have one thing wrong. `wanted`: said once, where it is the same for all."""

    name: str
    kind: str
    title: str
    to_do: str
    is_refused: bool
    wanted: str
    looks: tuple[Look, ...]


def parts_of(conflicts: Sequence[Conflict], permits: dict[int, Permit]) -> list[Part]:
    """Those first that keep a line out. `permits`: by line."""
    found: dict[tuple[bool, str], list[Conflict]] = {}
    for each in conflicts:
        found.setdefault((each.is_refused, each.kind), []).append(each)
    order = list(_WORDS)
    ranked = sorted(found.items(), key=lambda item: (not item[0][0], order.index(item[0][1]) if item[0][1] in _WORDS else len(order), item[0][1]))
    return [_part(kind, each, permits, is_refused=is_refused) for (is_refused, kind), each in ranked]


def _part(kind: str, conflicts: Sequence[Conflict], permits: dict[int, Permit], *, is_refused: bool) -> Part:
    title, to_do = _WORDS.get(kind, (kind, "Look at the line."))
    wanted = {each.wanted for each in conflicts}
    common = wanted.pop() if len(wanted) == 1 else ""
    looks = tuple(_look(each, permits.get(each.line), common) for each in sorted(conflicts, key=lambda each: (each.line, each.came)))
    return Part(f"{kind}-{'refused' if is_refused else 'look'}", kind, title, to_do, is_refused, common, looks)


def _look(conflict: Conflict, permit: Permit | None, common: str) -> Look:
    operator, number = (permit.operator.name, permit.number) if permit is not None else ("", "")
    return Look(conflict.line, conflict.plate, operator, number, conflict.came, "" if conflict.wanted == common else conflict.wanted)


def page_of(file: str, by: str, now: Stamp, reading: Reading, taken: Taken, *, is_dry: bool) -> str:
    """The page, whole: it needs nothing from anywhere."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("catseye.station", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    parts = parts_of(taken.conflicts, {row.line: row.permit for row in reading.rows})
    looked_at = {each.line for each in taken.conflicts if not each.is_refused} - {each.line for each in taken.conflicts if each.is_refused}
    facts = {"file": file, "by": by, "now": f"{now.iso()[:16].replace('T', ' ')} UTC", "reading": reading, "taken": taken, "is_dry": is_dry}
    return environment.get_template("permits.html").render(facts, parts=parts, looks_count=len(looked_at), version=__version__)
