"""The register as the judge looks at it: a snapshot, by the identity of a terminal and nothing but lookups."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Self, TypeAlias

from catseye.core.geo import GeoPoint
from catseye.core.terminal import Enrolment
from catseye.core.time import Stamp
from catseye.fleet.permits.areas import Area, Shape, shape_of
from catseye.fleet.permits.plates import is_plate, normal_plate
from catseye.fleet.permits.records import IN_FORCE, Permit

VehicleKey: TypeAlias = tuple[str, int]
"""A plate and its colour."""


@dataclass(frozen=True, slots=True)
class Held:
    """A permit with its days as moments, and its areas as shapes: none means anywhere."""

    number: str
    scope: str
    begin_ns: int
    end_ns: int
    is_in_force: bool
    where: tuple[Area | Shape, ...]

    def beyond_m(self, place: GeoPoint) -> float:
        """How far a place is outside all its areas; below zero inside; far inside where the permit holds anywhere."""
        return min((area.beyond_m(place) for area in self.where), default=-1e9)


@dataclass(frozen=True, slots=True)
class Driven:
    """What is known of the vehicle a terminal reports for. `twins`: other terminals that report for the same plate."""

    plate: str
    permits: tuple[Held, ...]
    twins: tuple[str, ...] = ()


@dataclass(slots=True)
class Holdings:
    """All permits by plate, and the terminals that their table names. It grows while a register is read, a page after the other, and never after that."""

    permits_count: int = 0
    of_plate: dict[str, list[tuple[int, Held]]] = field(default_factory=dict)
    fitted: dict[str, VehicleKey] = field(default_factory=dict)
    fitted_to: dict[str, list[str]] = field(default_factory=dict)

    def add(self, permits: Iterable[Permit], areas: Mapping[str, Area], zone: tzinfo) -> None:
        """Take in a page of them. `areas` by name; `zone`: in which their days begin."""
        for permit in permits:
            plate, colour = permit.vehicle.plate, permit.vehicle.plate_colour
            self.of_plate.setdefault(plate, []).append((colour, _held(permit, areas, zone)))
            self.permits_count += 1
            if permit.terminal:
                self.fitted[permit.terminal] = (plate, colour)
                self.fitted_to.setdefault(plate, []).append(permit.terminal)


@dataclass(frozen=True, slots=True)
class Register:
    """All of it. An empty register judges no permits: nobody has imported any.

    `enrolled`: the vehicle of each terminal that somebody let in with a plate, None where the right to report was taken away; `enrolled_to`: by plate.
    """

    revision: int
    zone: tzinfo
    holdings: Holdings
    closed: tuple[Area, ...] = ()
    enrolled: Mapping[str, VehicleKey | None] = field(default_factory=dict)
    enrolled_to: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, permits: Iterable[Permit], areas: Iterable[Area], enrolments: Iterable[Enrolment], zone: tzinfo, revision: int = 0) -> Self:
        """From what the vault holds. `zone`: in which permits' days begin. A plate the terminal was enrolled with goes before the table's terminal."""
        named = {area.name: area for area in areas}
        holdings = Holdings()
        holdings.add(permits, named, zone)
        return cls(revision, zone, holdings, closed_of(named.values())).among(enrolments)

    def among(self, enrolments: Iterable[Enrolment]) -> Self:
        """The same permits, when these terminals may report."""
        enrolled: dict[str, VehicleKey | None] = {}
        enrolled_to: dict[str, list[str]] = {}
        for each in enrolments:
            if each.revoked is not None:
                enrolled[each.identity] = None
            elif is_plate(plate := normal_plate(each.plate)):
                enrolled[each.identity] = (plate, each.plate_colour)
                enrolled_to.setdefault(plate, []).append(each.identity)
        return replace(self, enrolled=enrolled, enrolled_to=enrolled_to)

    @property
    def permits_count(self) -> int:
        """How many permits, valid or not."""
        return self.holdings.permits_count

    def driven_by(self, identity: str) -> Driven | None:
        """What a terminal reports for. A colour that one side does not say (0) fits any: doubt favours the operator."""
        vehicle = self._vehicle(identity)
        if vehicle is None:
            return None
        plate, colour = vehicle
        permits = tuple([held for other, held in self.holdings.of_plate.get(plate, ()) if other == colour or not colour or not other])
        together = (*self.enrolled_to.get(plate, ()), *self.holdings.fitted_to.get(plate, ()))
        if len(together) < 2:
            return Driven(plate, permits)
        return Driven(plate, permits, tuple(name for name in dict.fromkeys(together) if name != identity and self._is_of(name, plate, colour)))

    def _vehicle(self, identity: str) -> VehicleKey | None:
        return self.enrolled[identity] if identity in self.enrolled else self.holdings.fitted.get(identity)

    def _is_of(self, identity: str, plate: str, colour: int) -> bool:
        vehicle = self._vehicle(identity)
        return vehicle is not None and vehicle[0] == plate and (vehicle[1] == colour or not colour or not vehicle[1])

    def day_end_ns(self, utc_ns: int) -> int:
        """When the local day of a moment is over."""
        day = datetime.fromtimestamp(utc_ns / 1e9, self.zone).date()
        return _begin_ns(day + timedelta(days=1), self.zone)


def _held(permit: Permit, named: Mapping[str, Area], zone: tzinfo) -> Held:
    areas = [named.get(name) or shape_of(name) for name in permit.areas]
    where = tuple(area for area in areas if area is not None) if None not in areas else ()  # an area nobody knows holds nobody back
    begin_ns, end_ns = _begin_ns(permit.valid_from, zone), _begin_ns(permit.valid_until + timedelta(days=1), zone)
    return Held(permit.number, permit.scope, begin_ns, end_ns, permit.state == IN_FORCE, where)


@lru_cache(maxsize=4096)
def _begin_ns(day: date, zone: tzinfo) -> int:
    return Stamp.from_datetime(datetime.combine(day, time(), zone)).utc_ns


def closed_of(areas: Iterable[Area]) -> tuple[Area, ...]:
    """The areas that are closed to somebody."""
    return tuple(area for area in areas if area.closed_to)
