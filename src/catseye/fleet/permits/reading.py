"""From the CSV of an authority to permits, and to what people must look at first."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import BinaryIO, Protocol

from catseye.core.terminal import identity_of
from catseye.fleet.permits.areas import shape_of
from catseye.fleet.permits.columns import COLOUR_OF, SCOPE_OF, STATE_OF, plain
from catseye.fleet.permits.csv_file import NEEDED, Table, read_table
from catseye.fleet.permits.errors import PermitError, PermitFileError
from catseye.fleet.permits.plates import fault_of_vin, has_check_digit, is_plate, normal_plate, normal_vin
from catseye.fleet.permits.records import Conflict, Operator, Permit, Row, Vehicle

_DATES = (
    re.compile(r"(?P<y>\d{4})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?(?:[ T]0?0:00(?::00)?)?"),
    re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})"),
    re.compile(r"(?P<d>\d{1,2})[-/.](?P<m>\d{1,2})[-/.](?P<y>\d{4})"),
)
_MONTH_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file says. `rows` are the permits that can be meant, in its order; `conflicts` of its own lines, refused ones among them."""

    encoding: str
    delimiter: str
    columns: frozenset[str]
    ignored: tuple[str, ...]
    left_out: tuple[str, ...]
    rows: tuple[Row, ...]
    conflicts: tuple[Conflict, ...]


class _Tell(Protocol):
    def __call__(self, kind: str, came: str, wanted: str, *, is_refused: bool) -> None: ...


def read_permits(stream: BinaryIO) -> Reading:
    """Any bytes → what they say, or PermitFileError: a bad row is a conflict and never stops the others."""
    table = read_table(stream)
    conflicts: list[Conflict] = []
    rows = [row for number, cells in table.lines if (row := _row(number, _named(table, cells), conflicts)) is not None]
    rows = _without_twins(rows, conflicts)
    turned = _month_first(table, rows)
    conflicts += turned
    rows = [row for row in rows if row.line not in {each.line for each in turned}]
    columns = frozenset(table.columns)
    return Reading(table.encoding, table.delimiter, columns, table.ignored, table.left_out, tuple(rows), tuple(sorted(conflicts, key=lambda each: each.line)))


def date_of(text: str) -> date:
    """A day as people write it: 2026-01-31, 2026/1/31, 20260131, 2026年1月31日, 31/01/2026 (the day first). ValueError for any other.

    >>> date_of("31/1/2026") == date_of("2026年1月31日") == date(2026, 1, 31)
    True
    """
    for form in _DATES:
        if found := form.fullmatch(text.strip()):
            return date(int(found["y"]), int(found["m"]), int(found["d"]))
    raise ValueError(f"'{text.strip()}' is no date")


def _named(table: Table, cells: tuple[str, ...]) -> dict[str, str]:
    return {name: " ".join(cells[place].split()) if place < len(cells) else "" for name, place in table.columns.items()}


def _row(line: int, said: Mapping[str, str], conflicts: list[Conflict]) -> Row | None:
    plate = normal_plate(said["plate"])

    def tell(kind: str, came: str, wanted: str, *, is_refused: bool) -> None:
        conflicts.append(Conflict(kind, line, plate, came, wanted, is_refused))

    lacking = [name for name in NEEDED if not said[name]]
    if lacking:
        tell("cell-missing", "no " + ", ".join(lacking), "a value in every one of " + ", ".join(NEEDED), is_refused=True)
        return None
    if not is_plate(plate):
        tell("plate-unreadable", f"'{said['plate']}'", "4 to 12 letters, digits or signs of writing, with a digit", is_refused=True)
        return None
    days = [_day(said[name], name, tell) for name in ("valid_from", "valid_until")]
    areas = _areas(said.get("areas", ""), tell)
    state = STATE_OF.get(plain(said.get("state", "")))
    if state is None:
        tell("state-unknown", f"'{said['state']}'", "in force, suspended or revoked", is_refused=True)
    if days[0] is None or days[1] is None or areas is None or state is None:
        return None
    vin = normal_vin(said.get("vin", ""))
    if (fault := fault_of_vin(vin) if vin else "") and _is_vin_refused(vin, fault, tell):
        return None
    try:
        vehicle = Vehicle(plate, _colour(said.get("plate_colour", ""), tell), vin)
        operator = Operator(said.get("operator", ""), said.get("operator_licence", ""))
        terminal = _terminal(said.get("terminal", ""), tell)
        return Row(line, Permit(vehicle, operator, said["permit"], _scope(said["scope"], tell), days[0], days[1], areas, state, terminal))
    except PermitError as error:
        tell("dates-reversed" if days[1] < days[0] else "row-unreadable", error.came, error.wanted, is_refused=True)
        return None


def _day(text: str, column: str, tell: _Tell) -> date | None:
    try:
        return date_of(text)
    except ValueError:
        tell("date-unreadable", f"{column} '{text}'", "a date such as 2026-01-31, or 31/01/2026: the day before the month", is_refused=True)
        return None


def _areas(text: str, tell: _Tell) -> tuple[str, ...] | None:
    named = tuple(part.strip() for part in text.split("|") if part.strip())
    try:
        for part in named:
            shape_of(part)
    except (PermitFileError, ValueError) as error:
        tell("area-unreadable", str(error), "a name, `polygon: lat lon; lat lon; …` or `corridor 500 m: lat lon; …`", is_refused=True)
        return None
    return named


def _is_vin_refused(vin: str, fault: str, tell: _Tell) -> bool:
    is_refused = has_check_digit(vin)
    wanted = "17 signs with a right check digit (ISO 3779)" if is_refused else "a look: the maker's region prescribes no check digit, or it is an older number"
    tell("vin-check-digit" if fault.startswith("check") else "vin-unusual", f"{vin}: {fault}", wanted, is_refused=is_refused)
    return is_refused


def _colour(text: str, tell: _Tell) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 99:
        return int(text)
    if (known := COLOUR_OF.get(plain(text))) is None:
        tell("colour-unknown", f"'{text}'", "a colour of plates, or its number in JT/T 808; taken as unknown", is_refused=False)
    return known or 0


def _scope(text: str, tell: _Tell) -> str:
    if (known := SCOPE_OF.get(plain(text))) is None:
        tell("scope-unknown", f"'{text}'", "a scope that is known; taken as it is written", is_refused=False)
    return known or text


def _terminal(text: str, tell: _Tell) -> str:
    digits = "".join(text.split())
    if digits and not (digits.isascii() and digits.isalnum() and len(digits) <= 20):
        tell("terminal-unreadable", f"'{text}'", "the number the terminal reports with; left out", is_refused=False)
        return ""
    return identity_of(digits) if digits else ""


def _without_twins(rows: list[Row], conflicts: list[Conflict]) -> list[Row]:
    """The same permit twice: once if it says the same, else not at all. Which terminal it is fitted with is no part of what it says."""
    by_key: dict[str, list[Row]] = {}
    for row in rows:
        by_key.setdefault(row.permit.key, []).append(row)
    kept = []
    for twins in by_key.values():
        first = twins[0]
        said = {_without_terminal(row.permit) for row in twins}
        for row in twins[1:]:
            came = f"permit {row.permit.number} on line {first.line} too, {'the same' if len(said) == 1 else 'otherwise'}"
            conflicts.append(Conflict("duplicate-row", row.line, row.permit.vehicle.plate, came, "each permit once", len(said) > 1))
        if len(said) > 1:
            came = f"permit {first.permit.number} on line {twins[1].line} too, otherwise"
            conflicts.append(Conflict("duplicate-row", first.line, first.permit.vehicle.plate, came, "each permit once", is_refused=True))
            continue
        fitted = {row.permit.terminal for row in twins}
        kept.append(first if len(fitted) == 1 else Row(first.line, _without_terminal(first.permit)))
    return kept


def _without_terminal(permit: Permit) -> Permit:
    return replace(permit, terminal="")


def _month_first(table: Table, rows: list[Row]) -> list[Conflict]:
    """Where some date of a file can only have the month first, others that could be either are refused: nobody can say which they mean."""
    places = [table.columns[name] for name in ("valid_from", "valid_until")]
    said = {
        number: [found for place in places if place < len(cells) and (found := _MONTH_FIRST.fullmatch(cells[place].strip()))] for number, cells in table.lines
    }
    if not any(int(found[2]) > 12 >= int(found[1]) for dates in said.values() for found in dates):
        return []
    wanted = "2026-01-31: other lines of this file have the month before the day"
    return [
        Conflict("date-order", row.line, row.permit.vehicle.plate, ", ".join(found[0] for found in said[row.line]), wanted, is_refused=True)
        for row in rows
        if any(int(found[1]) <= 12 and found[1] != found[2] for found in said[row.line])
    ]


def _slashed(cells: tuple[str, ...], places: list[int]) -> list[re.Match[str]]:
    return [found for place in places if place < len(cells) and (found := _MONTH_FIRST.fullmatch(cells[place].strip()))]
