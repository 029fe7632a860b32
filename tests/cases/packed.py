"""The package of a case, built as station builds one, of files that are made up; and an authority that certified who signs."""

from dataclasses import dataclass
from pathlib import Path

from tests.cases.package.scenes import small_contents

from catseye.cases.case import Case
from catseye.cases.handover import HouseFacts, contents_of
from catseye.cases.package.build import Signer, build_package
from catseye.core.time import NS_PER_S, Stamp
from catseye.vault.authority import Certified, certify, make_root, read_certificate
from catseye.vault.signing import load_public_key, load_signing_key, make_signing_key
from catseye.vault.vault import Vault

YEAR_NS = 365 * 86_400 * NS_PER_S
HOUSE = HouseFacts(("licence-1",), "road safety", "2030-01-01", "NTP", 3.5)


@dataclass(frozen=True)
class Authority:
    """A root, and a signer it certified around `now`."""

    folder: Path
    root: Certified
    signer: Signer

    @classmethod
    def made(cls, folder: Path, now: Stamp, name: str = "authority") -> "Authority":
        root = make_root(folder / name, "Road Authority", now.plus_ns(-2 * YEAR_NS), now.plus_ns(2 * YEAR_NS))
        key, certificate = folder / f"{name}-signer.pem", folder / f"{name}-signer.crt.pem"
        certify(folder / name, load_public_key(make_signing_key(key)), "junction-7", now.plus_ns(-YEAR_NS), now.plus_ns(YEAR_NS), certificate)
        return cls(folder / name, read_certificate(root), Signer(load_signing_key(key), certificate.read_bytes()))

    def package(self, vault: Vault, case: Case, to: Path, now: Stamp) -> str:
        """Built and logged; the hash of its manifest."""
        small = small_contents()
        own = ("data/measurement/event.json", "data/measurement/replay.txt", "data/measurement/measures.json", "data/plate/readings.json")
        files = {path: content for path, content in small.files.items() if path not in own}
        return build_package(contents_of(case, HOUSE, files, small.media), to, vault.packages, self.signer, now).manifest_sha256
