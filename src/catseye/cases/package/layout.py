"""Which files a package consists of, what each is, and which of them a case cannot do without."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

MANIFEST, BAG_MANIFEST, SIGNATURE, SIGNER, SEAL, BAG = "manifest.json", "manifest-sha256.txt", "signature", "signer.pem", "seal.json", "bagit.txt"
CASE, CUSTODY, REVIEW = "data/case.json", "data/custody.jsonl", "data/review.json"
LEGAL_BASIS, APPEAL, DEVICE = "data/legal_basis.json", "data/appeal.json", "data/device/device.json"
CALIBRATION, EVENT, REPLAY = "data/calibration/certificate.json", "data/measurement/event.json", "data/measurement/replay.txt"
MEASUREMENT = "data/measurement"
SIGNAL = "data/signal"

UNLISTED = frozenset({MANIFEST, SIGNATURE, SEAL})  # the manifest cannot hold its own hash, nor what is made of it
BAG_TEXT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

NEEDS_SIGNAL = frozenset({"red-light", "stop-line"})


@dataclass(frozen=True, slots=True)
class Part:
    """Files of one role: where they lie, and how many there have to be at least."""

    pattern: str
    role: str
    least_count: int


PARTS = (
    Part(BAG, "bag", 1),
    Part(BAG_MANIFEST, "bag-manifest", 1),
    Part(SIGNER, "signer", 1),
    Part(CASE, "case", 1),
    Part("data/media/original/*.age", "original", 1),
    Part("data/media/original/*.packets.json", "packets", 0),
    Part("data/media/stills/*", "still", 2),
    Part("data/media/redacted/*", "redacted", 1),
    Part("data/media/redaction_log.jsonl", "redaction-log", 1),
    Part("data/plate/readings.json", "plate-readings", 1),
    Part("data/plate/*.age", "plate-crop", 0),
    Part("data/measurement/points.parquet", "points", 1),
    Part("data/measurement/site.toml", "site", 1),
    Part(EVENT, "event", 1),
    Part(REPLAY, "replay", 1),
    Part("data/measurement/measures.json", "measures", 1),
    Part("data/measurement/*", "measurement", 0),
    Part(CALIBRATION, "calibration", 0),
    Part("data/calibration/*", "calibration-more", 0),
    Part("data/signal/*", "signal", 0),
    Part(DEVICE, "device", 1),
    Part("data/device/*", "device-more", 0),
    Part(CUSTODY, "custody", 1),
    Part(REVIEW, "review", 1),
    Part(LEGAL_BASIS, "legal-basis", 1),
    Part(APPEAL, "appeal", 1),
)

_EXACT = {part.pattern: part.role for part in PARTS if "*" not in part.pattern}


def role_of(path: str) -> str | None:
    """What a file at this place is; None where none belongs."""
    if path in _EXACT:
        return _EXACT[path]
    return next((part.role for part in PARTS if part.pattern.count("/") == path.count("/") and fnmatchcase(path, part.pattern)), None)


def missing_from(paths: Iterable[str], *, kind: str = "", needs_calibration: bool = False) -> Sequence[str]:
    """What is not there of what an event of this `kind` needs."""
    roles = [role_of(path) for path in paths]
    wanted = [(part.pattern, part.role, part.least_count) for part in PARTS]
    if needs_calibration:
        wanted.append((CALIBRATION, "calibration", 1))
    if kind in NEEDS_SIGNAL:
        wanted.append((f"{SIGNAL}/*", "signal", 1))
    return [pattern if least == 1 else f"{pattern} ({least} at least)" for pattern, role, least in wanted if roles.count(role) < least]
