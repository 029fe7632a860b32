"""From what a case holds to its package: checked as a stranger would check it, logged, signed, and written whole or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from catseye import __version__
from catseye.cases.package import layout
from catseye.cases.package.bag import Bag
from catseye.cases.package.canonical_zip import Content, Measured, measure, name_fault, write_zip
from catseye.cases.package.checks import OF_THE_CASE, PASSED, Asked, checked
from catseye.cases.package.errors import CalibrationExpiredError, IncompletePackageError, PackageError
from catseye.cases.package.facts import (
    AppealFacts,
    CalibrationFacts,
    CaseFacts,
    Copy,
    CustodyLine,
    DeviceFacts,
    EventFacts,
    LegalBasis,
    Original,
    ReviewFacts,
    custody_bytes,
)
from catseye.cases.package.manifest import Manifest, Seal, bag_manifest, file_facts
from catseye.core.time import Stamp
from catseye.vault.authority import Certified, certificate_of
from catseye.vault.files import disk_errors
from catseye.vault.packages import Packages
from catseye.vault.signing import key_name

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_BEGIN_BYTES = 32
_CALIBRATION = 12


@dataclass(frozen=True, slots=True)
class PackageContents:
    """All that a case hands over. `files` by their places in the package (layout.PARTS): media, measurement, signal, plate, redaction log.

    The facts are written by the builder, and so are lists and signatures. `media` tells of every sealed original and every copy, by path.
    """

    case: CaseFacts
    review: ReviewFacts
    legal_basis: LegalBasis
    appeal: AppealFacts
    device: DeviceFacts
    custody: tuple[CustodyLine, ...]
    files: Mapping[str, Content]
    media: Mapping[str, Original | Copy]
    calibration: CalibrationFacts | None = None

    def all_files(self) -> dict[str, Content]:
        """Files and facts, by path. PackageError when a file stands where a fact belongs."""
        facts: dict[str, Content] = {
            layout.BAG: layout.BAG_TEXT,
            layout.CASE: bytes(self.case),
            layout.CUSTODY: custody_bytes(self.custody),
            layout.REVIEW: bytes(self.review),
            layout.LEGAL_BASIS: bytes(self.legal_basis),
            layout.APPEAL: bytes(self.appeal),
            layout.DEVICE: bytes(self.device),
        }
        if self.calibration is not None:
            facts[layout.CALIBRATION] = bytes(self.calibration)
        for path in self.files:
            if path in facts or path in layout.UNLISTED or path in (layout.SIGNER, layout.BAG_MANIFEST, layout.CALIBRATION):
                raise PackageError(path, "a file where the builder writes", "another place, or no file there")
            if name_fault(path) or layout.role_of(path) is None:
                raise PackageError(path, "a place no file of a package has", "a place of docs/design/evidence.md")
        return {**facts, **self.files}


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs packages: the private key, and the authority's certificate for it in PEM."""

    key: "Ed25519PrivateKey" = field(repr=False)
    certificate: bytes

    def certified(self, now: Stamp) -> Certified:
        """The certificate, if it is of this key and holds now; PackageError when not: nobody would believe what it signs."""
        found = certificate_of(self.certificate, layout.SIGNER)
        if key_name(found.key) != key_name(self.key.public_key()):
            raise PackageError("signer", "the certificate is of another key", "the certificate the authority issued for this one")
        if not found.holds_at(now):
            raise PackageError("signer", f"certified from {found.since.iso()} to {found.until.iso()}, now is {now.iso()}", "a certificate that holds")
        return found


@dataclass(frozen=True, slots=True)
class BuiltPackage:
    """A package as written: where, the hash of its manifest (its name in the log), and its entry there."""

    path: Path
    manifest_sha256: str
    seq: int
    size_bytes: int


def build_package(contents: PackageContents, to: Path, packages: Packages, signer: Signer, now: Stamp) -> BuiltPackage:
    """Write the package of a case to `to`, replacing what an earlier run wrote there. The same contents are logged once, however often this is run.

    IncompletePackageError names what is missing; CalibrationExpiredError: its numbers do not stand; PackageError: something does not fit together,
    or changed meanwhile; StoreError: the disk said no, or the clock was set back.
    """
    signer.certified(now)
    if now.utc_ns < contents.case.when.utc_ns:
        raise PackageError(f"package of case {contents.case.case}", f"now is {now.iso()}, and it happened {contents.case.when.iso()}", "a clock that is right")
    files = contents.all_files()
    files[layout.SIGNER] = signer.certificate
    _refuse_missing(contents, files)
    measured = {path: _measured(path, content) for path, content in files.items()}
    _refuse_other_seals(contents, measured)
    files[layout.BAG_MANIFEST] = bag_manifest([(path, found.sha256) for path, found in measured.items()])
    measured[layout.BAG_MANIFEST] = measure(files[layout.BAG_MANIFEST])
    listed = tuple(file_facts(path, layout.role_of(path) or "", measured[path], contents.media.get(path)) for path in sorted(files))
    case, key = contents.case, key_name(signer.key.public_key())
    written = bytes(Manifest(case.case, case.event, case.camera, Stamp(case.when.utc_ns), __version__, key, listed))
    files[layout.MANIFEST], measured[layout.MANIFEST] = written, measure(written)
    _refuse_what_nobody_would_believe(files, measured, signer, now)
    digest = measured[layout.MANIFEST].sha256
    sealed = packages.seal(case.case, digest, now, signer.key)
    files |= {layout.SIGNATURE: signer.key.sign(written), layout.SEAL: bytes(Seal(sealed))}
    measured |= {path: measure(files[path]) for path in (layout.SIGNATURE, layout.SEAL)}
    with packages.file(to) as file:
        write_zip(file, [(path, content, measured[path]) for path, content in files.items()])
        size_bytes = file.tell()
    return BuiltPackage(to, digest, sealed.seq, size_bytes)


def _refuse_missing(contents: PackageContents, files: Mapping[str, Content]) -> None:
    paths = [*files, layout.BAG_MANIFEST]
    kind, needs_calibration = "", False
    if isinstance(said := files.get(layout.EVENT), bytes | Path):
        try:
            event = EventFacts.parse(said if isinstance(said, bytes) else said.read_bytes())
        except (ValueError, OSError) as error:
            raise PackageError(layout.EVENT, str(error), "the event's line in events.jsonl") from error
        kind, needs_calibration = event.kind, event.needs_calibration
    if missing := layout.missing_from(paths, kind=kind, needs_calibration=needs_calibration):
        raise IncompletePackageError(contents.case.case, tuple(missing))
    if strange := sorted(set(contents.media) - set(files)):
        raise IncompletePackageError(contents.case.case, tuple(strange))


def _refuse_other_seals(contents: PackageContents, measured: Mapping[str, Measured]) -> None:
    for path, media in contents.media.items():
        if isinstance(media, Original) and media.sealed_sha256 != measured[path].sha256:
            raise PackageError(path, f"SHA-256 {measured[path].sha256}, and {media.sealed_sha256} was sealed", "the file that was sealed")


def _refuse_what_nobody_would_believe(files: Mapping[str, Content], measured: Mapping[str, Measured], signer: Signer, now: Stamp) -> None:
    """The checks a stranger will make of the case itself, made before anything is logged."""
    asked = Asked(signer.certified(now))  # the checks of the case ask no root
    kept = {path: _all(content) for path, content in files.items() if Bag.is_kept(path, measured[path].size_bytes)}
    bag = Bag(measured, kept, lambda path: _begin(files[path]), now)
    for check in OF_THE_CASE:
        made = checked(check, bag, asked)
        if made.state == PASSED:
            continue
        fault = made.faults[0]
        if check.number == _CALIBRATION:
            raise CalibrationExpiredError(fault.file, fault.fact, "a calibration that held when it happened")
        raise PackageError(fault.file, fault.fact, f"what check {check.number} of a package wants: {check.title}")


def _measured(path: str, content: Content) -> Measured:
    with disk_errors(Path(path)):
        return measure(content)


def _all(content: Content) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()


def _begin(content: Content) -> bytes:
    if isinstance(content, bytes):
        return content[:_BEGIN_BYTES]
    with content.open("rb") as file:
        return file.read(_BEGIN_BYTES)
