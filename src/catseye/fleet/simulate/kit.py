"""What a simulated terminal is: its number, plate, version and dialect; and the crowd of them that a seed gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from random import Random
from typing import TypeVar

from catseye.core.terminal import identity_of
from catseye.fleet.dialects import SU, YUE, Dialect
from catseye.fleet.errors import ValueMismatchError
from catseye.fleet.frame808 import V2013, V2019

EDITIONS = ("2011", "2013", "2019")
EDITION_CHOICES = {"2011": ("2011",), "2013": ("2013",), "2019": ("2019",), "mixed": ("2013", "2019", "2013", "2019", "2013", "2011")}
DIALECT_CHOICES = {"su": (SU,), "yue": (YUE,), "mixed": (SU, YUE)}
_T = TypeVar("_T")
_PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂"
_PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


class PlateColour(IntEnum):
    """As 0x0100 says it."""

    BLUE = 1
    YELLOW = 2  # coaches and lorries


@dataclass(frozen=True, slots=True)
class Kit:
    """One terminal. `edition` of JT/T 808: 2011, 2013 or 2019; the wire tells only the last from the others. All of it is invented."""

    phone: str
    plate: str
    plate_colour: PlateColour
    terminal_id: str
    edition: str
    dialect: Dialect
    seed: int
    maker: str = "CATSY"
    model: str = "SIM-1"

    @property
    def identity(self) -> str:
        """As the house calls it."""
        return identity_of(self.phone)

    @property
    def version(self) -> str:
        """As the codec calls it."""
        return V2019 if self.edition == "2019" else V2013


def crowd(count: int, seed: int, *, editions: str = "mixed", dialects: str = "mixed", first_phone: int = 13_000_000_000) -> list[Kit]:
    """So many terminals, each with a number, plate and seed of its own. Every fourth has all the 20 digits of 2019, if it is of 2019."""
    chance = Random(f"crowd {seed}")
    plates: set[str] = set()
    return [
        _kit(index, chance, _choice("version", EDITION_CHOICES, editions), _choice("dialect", DIALECT_CHOICES, dialects), first_phone, plates)
        for index in range(count)
    ]


def _choice(option: str, choices: Mapping[str, tuple[_T, ...]], name: str) -> tuple[_T, ...]:
    try:
        return choices[name]
    except KeyError:
        raise ValueMismatchError(option, f"'{name}'", f"one of {', '.join(choices)}") from None


def _kit(index: int, chance: Random, editions: Sequence[str], dialects: Sequence[Dialect], first_phone: int, plates: set[str]) -> Kit:
    edition = editions[index % len(editions)]
    phone = str(first_phone + index)
    if edition == "2019":
        phone = f"{'8' * 9 if index % 4 == 3 else ''}{phone}".rjust(20, "0")
    while (plate := chance.choice(_PROVINCES) + chance.choice("ABCDEFGH") + "".join(chance.choices(_PLATE_LETTERS, k=5))) in plates:
        pass
    plates.add(plate)
    dialect = dialects[(index // len(editions) + index) % len(dialects)]
    return Kit(phone.rjust(12, "0"), plate, PlateColour.YELLOW, f"S{index:06d}"[-7:], edition, dialect, chance.getrandbits(48))
