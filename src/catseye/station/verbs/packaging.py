"""`catseye case package`: the evidence of a case in one file that anybody can check."""

import time
from pathlib import Path

from catseye.cases.desk import CaseDesk
from catseye.cases.package.build import Signer
from catseye.cases.people import person
from catseye.core.errors import SourceError
from catseye.core.time import Stamp
from catseye.station.evidence.packing import Packer
from catseye.station.outcome import RunOutcome
from catseye.station.vaults import vault_of
from catseye.vault.signing import load_signing_key

_MOST_BYTES = 64 << 10


def package_case(out: Path, name: str, to: Path, by: str, reason: str, key: Path, certificate: Path, site: Path | None = None) -> RunOutcome:
    """Built whole or not at all; the same contents again are the same package."""
    signer = signer_of(key, certificate)
    with vault_of(out, site) as vault:
        case = CaseDesk(vault).find(name)
        built = Packer(vault, person(by, case.where), reason, Stamp(time.time_ns())).pack(case, to, signer)
    summary = {"case": case.id, "package": str(built.path), "manifest_sha256": built.manifest_sha256, "entry": built.seq, "bytes": built.size_bytes}
    lines = [f"written: {built.path} ({built.size_bytes / 1e6:.1f} MB)", f"manifest {built.manifest_sha256}, entry {built.seq} of the log"]
    return RunOutcome(0, summary, [*lines, f"check it: catseye verify {built.path} --root ROOT.pem"])


def signer_of(key: Path, certificate: Path) -> Signer:
    """Key and certificate from their files; KeyFileError, SourceError."""
    private = load_signing_key(key)
    try:
        with certificate.open("rb") as file:
            return Signer(private, file.read(_MOST_BYTES))
    except OSError as fault:
        raise SourceError(str(certificate), (fault.strerror or str(fault)).lower(), "the certificate that the authority issued for this key") from None
