"""`catseye verify`: is a package what it says? Every check is told by its number, every failure with the file and the fact."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from catseye.cases.package.checks import FAILED, NOT_ASKED, PASSED, Asked, Checked, OpenedClip, Replay
from catseye.cases.package.verify import Verdict, verify_package
from catseye.core.errors import SourceError
from catseye.station.outcome import RunOutcome
from catseye.station.verbs.tables import plain_line
from catseye.vault.authority import read_certificate
from catseye.vault.heads import read_signed_head
from catseye.vault.log_proofs import LogProof

_MARKS = {PASSED: "✓", FAILED: "✗"}
_MOST_PROOF_BYTES = 1 << 20


def verify(package: Path, root: Path, *, witness: Sequence[Path], log_proof: Sequence[Path], opened: Path | None, replay: bool) -> RunOutcome:
    """Exit 1 when any check fails or could not be reached."""
    asked = Asked(
        read_certificate(root),
        {str(path): read_signed_head(path) for path in witness},
        [_proof(path) for path in log_proof],
        _opened(opened) if opened is not None else None,
        _house_replay() if replay else None,
    )
    verdict = verify_package(package, asked)
    return RunOutcome(0 if verdict.is_good else 1, _summary(package, verdict), _lines(package, verdict))


def _house_replay() -> Replay:
    from catseye.station.replaying import house_replay  # the judge is loaded only when something is judged

    return house_replay()


def _proof(path: Path) -> LogProof:
    try:
        with path.open(encoding="utf-8") as file:
            return LogProof.parse(file.read(_MOST_PROOF_BYTES), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(str(path), getattr(error, "strerror", None) or "not text", "a proof as `catseye log prove` writes it") from error


def _opened(path: Path) -> OpenedClip:
    """A clip nothing can be read of has no packets: that is for the check to tell."""
    from catseye.vision.clip_packets import packet_list_of

    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SourceError(str(path), (error.strerror or str(error)).lower(), "the original as the authority opened it") from error
    try:
        packets = packet_list_of(path).packets
    except SourceError:
        packets = []
    return OpenedClip(path.name, digest, packets)


def _summary(package: Path, verdict: Verdict) -> dict[str, object]:
    checks = [
        {
            "number": check.number,
            "title": check.title,
            "state": check.state,
            "note": check.note,
            "faults": [{"file": fault.file, "fact": fault.fact} for fault in check.faults],
        }
        for check in verdict.checks
    ]
    return {
        "package": str(package),
        "is_good": verdict.is_good,
        "case": verdict.case,
        "event": verdict.event,
        "camera": verdict.camera,
        "signed": verdict.signed,
        "checks": checks,
    }


def _lines(package: Path, verdict: Verdict) -> list[str]:
    lines = [line for check in verdict.checks for line in _check_lines(check)]
    wrong = "".join(f"({check.number})" for check in verdict.checks if check.state not in (PASSED, NOT_ASKED))
    told = f"{package}: case {verdict.case}, signed {verdict.signed}" if verdict.signed else str(package)
    return [plain_line(line) for line in (*lines, f"{told}: {'all that was asked holds' if verdict.is_good else f'not to be relied on, see {wrong}'}")]


def _check_lines(check: Checked) -> list[str]:
    head = f"({check.number}) {_MARKS.get(check.state, '–')} {check.title}"
    return [head if not check.note else f"{head}: {check.state}: {check.note}", *(f"      {fault}" for fault in check.faults)]
