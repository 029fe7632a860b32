"""The records of the register: a vehicle, who runs it, and what it may do from one day to another."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from catseye.core.terminal import identity_of
from catseye.fleet.permits.errors import PermitError
from catseye.fleet.permits.plates import is_plate, normal_plate, normal_vin

IN_FORCE, SUSPENDED, REVOKED = "in-force", "suspended", "revoked"


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A commercial vehicle. `plate_colour` as JT/T 808 counts them, 0 where nobody said; `vin` may be empty."""

    plate: str
    plate_colour: int = 0
    vin: str = ""

    def __post_init__(self) -> None:
        """Refuse a plate that is none, or one not written the one way."""
        if not is_plate(self.plate) or normal_plate(self.plate) != self.plate:
            raise PermitError("vehicle, plate", f"'{self.plate}'", "4 to 12 letters, digits or signs of writing, with a digit")
        if not 0 <= self.plate_colour <= 99:
            raise PermitError(f"vehicle {self.plate}, colour of the plate", str(self.plate_colour), "0 to 99, as JT/T 808 counts them")

    @property
    def key(self) -> str:
        """How the register knows it: plate and colour.

        >>> Vehicle("51B12345", 2).key
        '51B12345.2'
        """
        return f"{self.plate}.{self.plate_colour}"


@dataclass(frozen=True, slots=True)
class Operator:
    """Who runs the vehicle: a name and the number of the licence, both as the authority writes them."""

    name: str
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Permit:
    """What a vehicle may do. From the beginning of `valid_from` to the end of `valid_until`, both local days; `areas` empty: anywhere.

    `areas` are names of areas, or shapes in words as `areas.shape_of` reads them. `terminal`: the identity of the one it reports with, where the table
    says it; never exported.
    """

    vehicle: Vehicle
    operator: Operator
    number: str
    scope: str
    valid_from: date
    valid_until: date
    areas: tuple[str, ...] = ()
    state: str = IN_FORCE
    terminal: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot hold."""
        where = f"permit {self.number or '?'} of {self.vehicle.plate}"
        if not self.number.strip():
            raise PermitError(where, "no number", "the number of the permit")
        if not (self.valid_from.year >= 1950 and self.valid_until.year < 2200):
            raise PermitError(where, f"valid from {self.valid_from} until {self.valid_until}", "years from 1950 to 2199")
        if self.valid_until < self.valid_from:
            raise PermitError(where, f"valid from {self.valid_from} until {self.valid_until}", "a last day that is not before the first")
        if self.state not in (IN_FORCE, SUSPENDED, REVOKED):
            raise PermitError(where, f"state '{self.state}'", f"{IN_FORCE}, {SUSPENDED} or {REVOKED}")

    @property
    def key(self) -> str:
        """How the register knows it: the vehicle and the number."""
        return f"{self.vehicle.key}/{self.number}"

    def overlaps(self, other: "Permit") -> bool:
        """Whether both are valid on some day."""
        return self.valid_from <= other.valid_until and other.valid_from <= self.valid_until

    def as_facts(self) -> dict[str, Any]:
        """Plain values, for keeping."""
        return {
            "plate": self.vehicle.plate,
            "plate_colour": self.vehicle.plate_colour,
            "vin": self.vehicle.vin,
            "operator": self.operator.name,
            "operator_licence": self.operator.licence,
            "permit": self.number,
            "scope": self.scope,
            "valid_from": self.valid_from.isoformat(),
            "valid_until": self.valid_until.isoformat(),
            "areas": list(self.areas),
            "state": self.state,
            "terminal": self.terminal,
        }

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Self:
        """The permit those values were of. PermitError when they cannot be meant."""
        try:
            vehicle = Vehicle(normal_plate(facts["plate"]), int(facts["plate_colour"]), normal_vin(facts["vin"]))
            begin, end = date.fromisoformat(facts["valid_from"]), date.fromisoformat(facts["valid_until"])
            terminal = identity_of(facts["terminal"]) if facts["terminal"] else ""
            operator = Operator(facts["operator"], facts["operator_licence"])
            return cls(vehicle, operator, facts["permit"], facts["scope"], begin, end, tuple(facts["areas"]), facts["state"], terminal)
        except (KeyError, TypeError, ValueError) as error:
            raise PermitError("permit as it was kept", f"{type(error).__name__}: {error}", "the facts of a permit") from error


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something in a table that people must look at. `line` counts from 1, the heading included; 0 is what the register holds already.

    `is_refused`: the row is not taken in; else it is, and somebody should look.
    """

    kind: str
    line: int
    plate: str
    came: str
    wanted: str
    is_refused: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A permit and the line it stands on; 0 for one of the register."""

    line: int
    permit: Permit
