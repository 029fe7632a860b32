"""What may be wrong with a package, as it is built and as it is read."""

from dataclasses import dataclass

from catseye.core.errors import CatseyeError

CONTAINER = "(container)"  # what is named when no file of the package can be


@dataclass(frozen=True, slots=True)
class Fault:
    """One fact that is not as it has to be: the file of the package it is about, and what is wrong, in one sentence."""

    file: str
    fact: str

    def __str__(self) -> str:
        return f"{self.file}: {self.fact}"


class PackageError(CatseyeError):
    """A package that cannot be built from this, or a file that is no package at all."""


class IncompletePackageError(PackageError):
    """Something a case needs is missing; `missing` names it."""

    def __init__(self, case: str, missing: tuple[str, ...]) -> None:
        """Name what is missing."""
        self.missing = missing
        super().__init__(f"package of case {case}", f"without {', '.join(missing)}", "everything docs/design/evidence.md lists")


class CalibrationExpiredError(PackageError):
    """The camera's calibration did not hold when it happened: such a case cannot be submitted."""
