"""Is this package what it says? Offline, with the authority's root certificate alone. Never an exception for what a file holds: a verdict."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import BinaryIO

from catseye.cases.package import layout
from catseye.cases.package.bag import Bag, FoundFault, NotReached
from catseye.cases.package.canonical_zip import ZipReading, copy_entry, read_zip
from catseye.cases.package.checks import (
    CHECKS,
    CONTAINER_CHECK,
    FAILED,
    NOT_ASKED,
    NOT_REACHED,
    PASSED,
    REPLAY_CHECK,
    Asked,
    Checked,
    checked,
)
from catseye.cases.package.errors import Fault, PackageError
from catseye.vault.authority import AuthorityError, root_faults

_BEGIN_BYTES = 32
_NOT_READ = "the container has to be right first"


@dataclass(frozen=True, slots=True)
class Verdict:
    """All checks in order. `case`, `event`, `camera` and `signed` as the manifest and the head say; empty where they cannot be read."""

    checks: tuple[Checked, ...]
    case: str = ""
    event: str = ""
    camera: str = ""
    signed: str = ""

    @property
    def is_good(self) -> bool:
        """Whether every check that was asked for was made and passed."""
        return all(check.state in (PASSED, NOT_ASKED) for check in self.checks)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All that is wrong."""
        return tuple(fault for check in self.checks for fault in check.faults)


def verify_package(path: Path, asked: Asked) -> Verdict:
    """Make every check. PackageError when the file cannot be read or is no zip at all; AuthorityError when the root is none."""
    if faults := root_faults(asked.root):
        raise AuthorityError("the root certificate", faults[0], "the authority's own certificate")
    with _opened(path) as file:
        reading = _read(path, file)
        first = Checked(CONTAINER_CHECK.number, CONTAINER_CHECK.title, FAILED if reading.faults else PASSED, reading.faults)
        if not reading.is_whole:
            rest = tuple(Checked(check.number, check.title, NOT_REACHED, (), _NOT_READ) for check in (*CHECKS, REPLAY_CHECK))
            return Verdict((first, *rest))
        bag = _bag(file, reading)
        made = [first, *(checked(check, bag, asked) for check in CHECKS)]
        made.append(_replayed(file, reading, bag, asked, made))
        return _verdict(tuple(made), bag)


def _read(path: Path, file: BinaryIO) -> ZipReading:
    try:
        return read_zip(file, Bag.keeper())
    except PackageError as error:
        raise PackageError(str(path), error.came, error.wanted) from None


def _verdict(made: tuple[Checked, ...], bag: Bag) -> Verdict:
    try:
        manifest = bag.manifest
        signed = bag.signed
    except (NotReached, FoundFault):
        return Verdict(made)
    return Verdict(made, manifest.case, manifest.event, manifest.camera, signed.iso() if signed else "")


def _bag(file: BinaryIO, reading: ZipReading) -> Bag:
    def begins(path: str) -> bytes:
        entry = reading.entries.get(path)
        if entry is None:
            return b""
        file.seek(entry.place_bytes)
        return file.read(min(_BEGIN_BYTES, entry.measured.size_bytes))

    entries = reading.entries
    kept = {name: entry.kept for name, entry in entries.items() if entry.kept is not None}
    return Bag({name: entry.measured for name, entry in entries.items()}, kept, begins)


def _replayed(file: BinaryIO, reading: ZipReading, bag: Bag, asked: Asked, made: list[Checked]) -> Checked:
    """Run the judge over what is in the package, once all of it is known to be what was signed."""

    def told(state: str, note: str = "", *faults: Fault) -> Checked:
        return Checked(REPLAY_CHECK.number, REPLAY_CHECK.title, state, faults, note)

    if asked.replay is None:
        return told(NOT_ASKED, "without the house's own judge")
    if any(check.state not in (PASSED, NOT_ASKED) for check in made):
        return told(NOT_REACHED, "nothing is run on what failed a check")
    if bag.manifest.catseye != asked.replay.version:
        return told(NOT_ASKED, f"not replayed: built by catseye {bag.manifest.catseye}, this is {asked.replay.version}")
    with TemporaryDirectory(prefix="catseye-replay-") as made_here:
        folder = Path(made_here)
        for entry in reading.entries.values():
            where = PurePosixPath(entry.name)
            if str(where.parent) in (layout.MEASUREMENT, layout.SIGNAL):
                place = folder / where.relative_to("data")
                place.parent.mkdir(exist_ok=True)
                with place.open("xb") as to:
                    copy_entry(file, entry, to)
        fault = asked.replay.run(folder, bag.event.said)
    return told(FAILED, "", Fault(layout.EVENT, fault)) if fault else told(PASSED)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise PackageError(str(path), (error.strerror or str(error)).lower(), "a package") from error
