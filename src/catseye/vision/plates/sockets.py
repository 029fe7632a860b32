"""What a finder and a reader of plates must offer. A reader that knows other countries' plates is added as one more of these."""

from dataclasses import dataclass
from typing import Protocol

from catseye.core.arrays import Floats, Pixels
from catseye.core.finding import Violation


@dataclass(frozen=True, slots=True)
class Character:
    """One symbol of a plate, and how sure the network (or, after voting, the frames together) is of it, 0..1."""

    symbol: str
    confidence_ratio: float


class PlateFinder(Protocol):
    """Finds plates, and reads nothing. `name` and `sha256` are of the model manifest."""

    name: str
    sha256: str

    def find(self, rgb: Pixels) -> tuple[Floats, Floats]:
        """uint8 (h, w, 3) RGB -> boxes float32 (k, 4) in its pixels and scores float32 (k,)."""
        ...


class PlateText(Protocol):
    """Reads one plate's picture. `country` is ISO 3166-1 alpha-2; every call takes the violation again, so that no other way leads here."""

    name: str
    sha256: str
    country: str

    def characters(self, violation: Violation, rgb: Pixels) -> tuple[Character, ...]:
        """uint8 (h, w, 3) RGB of the plate alone -> what stands on it, left to right."""
        ...

    def is_well_formed(self, symbols: tuple[str, ...]) -> bool:
        """Whether plates of that country are made so."""
        ...
