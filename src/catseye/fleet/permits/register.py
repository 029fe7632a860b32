"""The register as the judge looks at it: a snapshot, by the identity of a terminal and nothing but lookups."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Self

from catseye.core.geo import GeoPoint
from catseye.core.terminal import Enrolment
from catseye.core.time import Stamp
from catseye.fleet.permits.areas import Area, Shape, shape_of
from catseye.fleet.permits.plates import is_plate, normal_plate
from catseye.fleet.permits.records import IN_FORCE, Permit


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


@dataclass(frozen=True, slots=True)
class Register:
    """All of it. An empty register (`permits_count` 0) judges no permits: nobody has imported any."""

    revision: int
    zone: tzinfo
    permits_count: int
    driven: Mapping[str, Driven]
    closed: tuple[Area, ...] = ()

    @classmethod
    def of(cls, permits: Iterable[Permit], areas: Iterable[Area], enrolments: Iterable[Enrolment], zone: tzinfo, revision: int = 0) -> Self:
        """From what the vault holds. `zone`: in which permits' days begin. A plate the terminal was enrolled with goes before the table's terminal."""
        named = {area.name: area for area in areas}
        of_vehicle: dict[tuple[str, int], list[Held]] = {}
        terminals: dict[str, tuple[str, int]] = {}
        for permit in permits:
            vehicle = (permit.vehicle.plate, permit.vehicle.plate_colour)
            of_vehicle.setdefault(vehicle, []).append(_held(permit, named, zone))
            if permit.terminal:
                terminals[permit.terminal] = vehicle
        for enrolment in enrolments:
            if enrolment.revoked is None and is_plate(plate := normal_plate(enrolment.plate)):
                terminals[enrolment.identity] = (plate, enrolment.plate_colour)
            elif enrolment.revoked is not None:
                terminals.pop(enrolment.identity, None)
        count = sum(map(len, of_vehicle.values()))
        return cls(revision, zone, count, _driven(terminals, of_vehicle), tuple(area for area in named.values() if area.closed_to))

    def day_end_ns(self, utc_ns: int) -> int:
        """When the local day of a moment is over."""
        day = datetime.fromtimestamp(utc_ns / 1e9, self.zone).date()
        return _begin_ns(day + timedelta(days=1), self.zone)


def _held(permit: Permit, named: Mapping[str, Area], zone: tzinfo) -> Held:
    areas = [named.get(name) or shape_of(name) for name in permit.areas]
    where = tuple(area for area in areas if area is not None) if None not in areas else ()  # an area nobody knows holds nobody back
    begin_ns, end_ns = _begin_ns(permit.valid_from, zone), _begin_ns(permit.valid_until + timedelta(days=1), zone)
    return Held(permit.number, permit.scope, begin_ns, end_ns, permit.state == IN_FORCE, where)


def _begin_ns(day: date, zone: tzinfo) -> int:
    return Stamp.from_datetime(datetime.combine(day, time(), zone)).utc_ns


def _driven(terminals: Mapping[str, tuple[str, int]], of_vehicle: Mapping[tuple[str, int], list[Held]]) -> dict[str, Driven]:
    """A colour that one side does not say (0) fits any: doubt favours the operator."""
    of_plate: dict[str, list[tuple[int, list[Held]]]] = {}
    for (plate, colour), held in of_vehicle.items():
        of_plate.setdefault(plate, []).append((colour, held))
    by_plate: dict[str, list[tuple[str, int]]] = {}
    for identity, (plate, colour) in terminals.items():
        by_plate.setdefault(plate, []).append((identity, colour))
    found = {}
    for identity, (plate, colour) in terminals.items():
        permits = [each for other, held in of_plate.get(plate, ()) if 0 in (colour, other) or colour == other for each in held]
        twins = tuple(other for other, theirs in by_plate[plate] if other != identity and (0 in (colour, theirs) or colour == theirs))
        found[identity] = Driven(plate, tuple(permits), twins)
    return found
