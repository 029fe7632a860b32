"""What an import comes to: the rows of a file beside what the register holds, the conflicts between them, and what is to be kept."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from catseye.fleet.permits.areas import shape_of
from catseye.fleet.permits.reading import Reading
from catseye.fleet.permits.records import REVOKED, Conflict, Permit, Row

_MOST_COUNT = 200  # so many of one number are looked at: a table with "unknown" in every row must not take for ever


@dataclass(frozen=True, slots=True)
class Taken:
    """`permits` are to be kept, by their keys; those that are `new` or `changed` against the register, and how many say the same."""

    permits: tuple[Permit, ...]
    new: tuple[str, ...]
    changed: tuple[str, ...]
    same_count: int
    conflicts: tuple[Conflict, ...]

    @property
    def refused_count(self) -> int:
        """How many lines were not taken in."""
        return len({conflict.line for conflict in self.conflicts if conflict.is_refused and conflict.line})


def take(reading: Reading, known: Mapping[str, Permit], areas: AbstractSet[str]) -> Taken:
    """Hold a file against the register. A column that the file has not keeps what is known; nothing in the register is taken out."""
    rows = [Row(row.line, _kept(row.permit, known.get(row.permit.key), reading.columns)) for row in reading.rows]
    keys = {row.permit.key for row in rows}
    held = [Row(0, permit) for key, permit in known.items() if key not in keys]
    conflicts = [*reading.conflicts, *_between([*rows, *held]), *_unknown_areas(rows, areas)]
    refused = {conflict.line for conflict in conflicts if conflict.is_refused}
    doubly_fitted = {terminal for terminal, rows_of in _by([*rows, *held], lambda permit: permit.terminal).items() if _fitted_to(rows_of) > 1}
    taken = [replace(row.permit, terminal="") if row.permit.terminal in doubly_fitted else row.permit for row in rows if row.line not in refused]
    new = tuple(permit.key for permit in taken if permit.key not in known)
    changed = tuple(permit.key for permit in taken if permit.key in known and permit != known[permit.key])
    told = tuple(sorted(conflicts, key=lambda each: (each.line, each.kind, each.came)))
    return Taken(tuple(taken), new, changed, len(taken) - len(new) - len(changed), told)


def _kept(permit: Permit, known: Permit | None, columns: AbstractSet[str]) -> Permit:
    if known is None:
        return permit
    return replace(
        permit,
        vehicle=permit.vehicle if "vin" in columns else replace(permit.vehicle, vin=known.vehicle.vin),
        operator=replace(
            permit.operator,
            name=permit.operator.name if "operator" in columns else known.operator.name,
            licence=permit.operator.licence if "operator_licence" in columns else known.operator.licence,
        ),
        areas=permit.areas if "areas" in columns else known.areas,
        state=permit.state if "state" in columns else known.state,
        terminal=permit.terminal if "terminal" in columns else known.terminal,
    )


def _by(rows: Iterable[Row], what: Callable[[Permit], str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        if (name := what(row.permit)) and row.permit.state != REVOKED:
            found.setdefault(name, []).append(row)
    return found


def _between(rows: Sequence[Row]) -> Iterable[Conflict]:
    """Whatever two permits that are valid on one day cannot both say. Told on the lines of the file; the register keeps what it has."""
    for same in _by(rows, lambda permit: permit.vehicle.key).values():
        yield from _told("duplicate-plate", same, lambda permit: permit.vehicle.vin, "one VIN a plate", is_refused=True)
        yield from _told("overlapping-scopes", same, lambda permit: permit.scope, "one scope a vehicle and day, or a look", is_refused=False)
        yield from _told("two-operators", same, lambda permit: permit.operator.name, "one operator a vehicle and day, or a look", is_refused=False)
    for vin, same in _by(rows, lambda permit: permit.vehicle.vin).items():
        yield from _told("vin-two-plates", same, lambda permit: permit.vehicle.key, f"one plate for VIN {vin}", is_refused=True)
    for terminal, same in _by(rows, lambda permit: permit.terminal).items():
        if _fitted_to(same) > 1:
            wanted = f"terminal {terminal} in one vehicle; left out of all, and the permits stay as they are"
            yield from _told("terminal-two-vehicles", same, lambda permit: permit.vehicle.key, wanted, is_refused=False)


def _told(kind: str, rows: Sequence[Row], what: Callable[[Permit], str], wanted: str, *, is_refused: bool) -> Iterable[Conflict]:
    if len({what(row.permit) for row in rows} - {""}) < 2:
        return
    for row in rows:
        if not row.line or not what(row.permit):
            continue
        others = [
            other for other in rows[:_MOST_COUNT] if other is not row and what(other.permit) not in ("", what(row.permit)) and row.permit.overlaps(other.permit)
        ]
        if others:
            shown = "; ".join(f"'{what(other.permit)}' {f'on line {other.line}' if other.line else 'in the register'}" for other in others[:3])
            yield Conflict(kind, row.line, row.permit.vehicle.plate, f"'{what(row.permit)}' here, {shown}", wanted, is_refused)


def _fitted_to(rows: Sequence[Row]) -> int:
    """How many vehicles one terminal would be in at once."""
    vehicles = {row.permit.vehicle.key for row in rows}
    if len(vehicles) < 2:
        return len(vehicles)
    pairs = ((one, other) for nth, one in enumerate(rows[:_MOST_COUNT]) for other in rows[nth + 1 : _MOST_COUNT])
    return 2 if any(one.permit.vehicle != other.permit.vehicle and one.permit.overlaps(other.permit) for one, other in pairs) else 1


def _unknown_areas(rows: Sequence[Row], areas: AbstractSet[str]) -> Iterable[Conflict]:
    for row in rows:
        if unknown := [name for name in row.permit.areas if name not in areas and shape_of(name) is None]:
            came, wanted = ", ".join(unknown), "an area of --areas; the permit is taken as holding anywhere until it is there"
            yield Conflict("area-unknown", row.line, row.permit.vehicle.plate, came, wanted, is_refused=False)
