"""A case to pack: small, complete, everything in it made up. `Site` has an authority, a signer with its certificate, a vault with a log that has grown."""

import json
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from catseye.cases.package.build import BuiltPackage, PackageContents, Signer, build_package
from catseye.cases.package.checks import Asked
from catseye.cases.package.facts import (
    CONFIRMED,
    AppealFacts,
    CalibrationFacts,
    CaseFacts,
    Copy,
    CustodyLine,
    Decision,
    DeviceFacts,
    LegalBasis,
    Original,
    ReviewFacts,
)
from catseye.cases.package.verify import Verdict, verify_package
from catseye.core.event import Event, Measure
from catseye.core.packets import Packet, PacketList
from catseye.core.time import NS_PER_S, Stamp
from catseye.vault.authority import Certified, certify, make_root, read_certificate
from catseye.vault.export import event_line
from catseye.vault.signing import load_public_key, load_signing_key, make_signing_key
from catseye.vault.vault import Vault

DAY_NS = 86_400 * NS_PER_S
HAPPENED = Stamp(1_790_000_000 * NS_PER_S, 12.0)
NOW = HAPPENED.plus_ns(DAY_NS)
SEALED = b"age-encryption.org/v1\n-> X25519 made up\n"
ORIGINAL, PACKETS, COPY = "data/media/original/cam-1.mp4.age", "data/media/original/cam-1.packets.json", "data/media/redacted/cam-1.mp4"
STILLS = ("data/media/stills/1.jpg", "data/media/stills/2.jpg")

EVENT = Event(
    "red-light",
    "cam-1",
    12_500_000_000,
    13_000_000_000,
    HAPPENED,
    subjects=("17",),
    road_users=("car",),
    measures=(Measure("red_for", 2.4, "s", 0.1), Measure("speed", 43.0, "km/h", 1.2)),
    ground_m=(3.0, 4.0),
    lineage="made up",
)


def packets_of_nothing(gops_count: int = 2, packets_count: int = 3) -> PacketList:
    """A packet list without a clip."""
    packets = [
        Packet(3600 * number, number % packets_count == 0, 100 + number, sha256(b"packet %d" % number).hexdigest())
        for number in range(gops_count * packets_count)
    ]
    return PacketList.of("h264", packets)


def small_contents(original: bytes = b"the clip in the clear", packets: PacketList | None = None, sealed: bytes = SEALED, **changed: object) -> PackageContents:
    """A whole case of a few kilobytes."""
    inside = sha256(original).hexdigest()
    line = json.dumps(event_line(EVENT), ensure_ascii=False, allow_nan=False).encode() + b"\n"
    files: dict[str, bytes | Path] = {
        ORIGINAL: sealed,
        PACKETS: (packets or packets_of_nothing()).to_json(),
        COPY: b"a redacted clip",
        STILLS[0]: b"a redacted still",
        STILLS[1]: b"another redacted still",
        "data/media/redaction_log.jsonl": b'{"frame":0,"fills":[]}\n',
        "data/plate/readings.json": b'{"readings":[]}',
        "data/measurement/points.parquet": b"PAR1",
        "data/measurement/site.toml": b'[site]\nid = "junction-7"\n',
        "data/measurement/event.json": line,
        "data/measurement/replay.txt": b"catseye judge points.parquet --site site.toml --signals ../signal/signals.csv --out out\n",
        "data/measurement/measures.json": b"{}",
        "data/signal/signals.csv": b"time_s,state\n0,red\n",
    }
    copies = {path: Copy("cam-1", kind, inside) for path, kind in ((COPY, "video/mp4"), *((still, "image/jpeg") for still in STILLS))}
    whole = PackageContents(
        case=CaseFacts("case-1", EVENT.id, "junction-7", "cam-1", HAPPENED, "red-light", "statute 12", "nowhere", "NTP", 3.5, "lane-1"),
        review=ReviewFacts(
            (Decision("An", "officer", CONFIRMED, "the lamp is red", at(3600)), Decision("Binh", "officer", CONFIRMED, "so it is", at(7200))),
            {"by": "rules", "says": "red-light"},
            at(9000),
        ),
        legal_basis=LegalBasis(("licence-1",), "road safety", "case", "2030-01-01", two_people=True),
        appeal=AppealFacts("none"),
        device=DeviceFacts("cam-1", "1.2.3", "no default password", "unsigned"),
        custody=(CustodyLine("An", "officer", "look", "review", "licence-1", at(3000), "to decide"),),
        files=files,
        media={ORIGINAL: Original("cam-1", "video/mp4", inside, len(original), sha256(sealed).hexdigest(), ("age1nobody",), PACKETS), **copies},
        calibration=CalibrationFacts("cam-1", "the survey office", "reference points", at(-DAY_NS // NS_PER_S), at(10 * 86_400), "not moved", {"points": 8}),
    )
    return replace(whole, **changed)  # type: ignore[arg-type]  # a test names the fields


def at(seconds_s: int) -> Stamp:
    """A moment so long after it happened."""
    return Stamp(HAPPENED.utc_ns + seconds_s * NS_PER_S)


@dataclass
class Site:
    """An authority, a signer it certified from a year before to a year after, and a vault with some entries in its log."""

    folder: Path
    vault: Vault
    years: tuple[int, int] = (-1, 1)
    root: Certified = field(init=False)
    signer: Signer = field(init=False)

    def __post_init__(self) -> None:
        year_ns = 365 * DAY_NS
        self.root = read_certificate(make_root(self.folder / "authority", "Road Authority", HAPPENED.plus_ns(-5 * year_ns), HAPPENED.plus_ns(5 * year_ns)))
        self.signer = self.signer_with("signer", HAPPENED.plus_ns(self.years[0] * year_ns), HAPPENED.plus_ns(self.years[1] * year_ns))
        self.vault.keep_events([EVENT, replace(EVENT, time_ns=0)])

    @property
    def root_path(self) -> Path:
        return self.folder / "authority" / "root.pem"

    def signer_with(self, name: str, since: Stamp, until: Stamp) -> Signer:
        """Another key, certified for that time."""
        public = make_signing_key(self.folder / f"{name}.pem")
        certified = self.folder / f"{name}.crt.pem"
        certify(self.folder / "authority", load_public_key(public), "junction-7", since, until, certified)
        return Signer(load_signing_key(self.folder / f"{name}.pem"), certified.read_bytes())

    def with_vault(self, vault: Vault) -> "Site":
        """The same site and keys on another log: what a forger inside would make of it."""
        other = copy(self)
        other.vault = vault
        return other

    def build(self, contents: PackageContents | None = None, name: str = "case-1.zip", now: Stamp = NOW, signer: Signer | None = None) -> BuiltPackage:
        return build_package(contents or small_contents(), self.folder / name, self.vault.packages, signer or self.signer, now)

    def verify(self, path: Path, **asked: object) -> Verdict:
        return verify_package(path, Asked(self.root, **asked))  # type: ignore[arg-type]  # a test names the fields


def failed(verdict: Verdict) -> dict[int, tuple[str, ...]]:
    """Checks that failed, with the files they named."""
    return {check.number: tuple(fault.file for fault in check.faults) for check in verdict.checks if check.state == "failed"}


def states(verdict: Verdict) -> Mapping[int, str]:
    return {check.number: check.state for check in verdict.checks}
