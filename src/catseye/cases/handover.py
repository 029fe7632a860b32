"""From a case to what its package says of it, and from a package to the one hash under which a case is submitted."""

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from catseye.cases import account
from catseye.cases.case import Case, State
from catseye.cases.errors import CaseError
from catseye.cases.facts import Suggestion
from catseye.cases.package import layout, plain
from catseye.cases.package.build import PackageContents
from catseye.cases.package.canonical_zip import Content
from catseye.cases.package.checks import Asked
from catseye.cases.package.facts import (
    CONFIRMED,
    DISMISSED,
    MEDIA_SIGNING,
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
from catseye.cases.package.verify import verify_package
from catseye.core.time import Stamp
from catseye.vault.authority import Certified
from catseye.vault.export import event_line

READINGS, MEASURES = "data/plate/readings.json", "data/measurement/measures.json"
_READY = frozenset({State.PLATE_CONFIRMED, State.NEEDS_MORE})


@dataclass(frozen=True, slots=True)
class HouseFacts:
    """What a package tells that a case does not know: under which licences and what for it is kept, who told the time, how the camera was found.

    `clock_offset_ms`: how far the clock was found off; `moved`: what was found when it was looked whether the camera still stood as calibrated;
    `certificate`: the calibration itself.
    """

    licences: tuple[str, ...]
    purpose: str
    delete_after: str
    clock: str
    clock_offset_ms: float = 0.0
    posture: str = "not looked at"
    moved: str = "not looked at"
    certificate: Mapping[str, Any] | None = None


def contents_of(
    case: Case, house: HouseFacts, files: Mapping[str, Content], media: Mapping[str, Original | Copy], custody: tuple[account.CustodyLine, ...] = ()
) -> PackageContents:
    """All that a package holds. `files` are those a case does not hold itself (media, points, site, signals); `media` tells of originals and copies by path.

    CaseError for a case that is not ready to be submitted: a package is made of decisions.
    """
    when = refuse_unready(case)
    o, event, law = case.opening, case.opening.event, case.opening.law
    lane = event.details.get("lane")
    return PackageContents(
        case=CaseFacts(
            case.id,
            event.id,
            o.site,
            event.camera,
            when,
            law.offence,
            law.statute or "none is named",
            law.jurisdiction,
            house.clock,
            house.clock_offset_ms,
            lane if isinstance(lane, str) else None,
        ),
        review=review_of(case),
        legal_basis=LegalBasis(house.licences, house.purpose, "case", house.delete_after, two_people=law.reviewers_count > 1),
        appeal=AppealFacts("none"),  # nobody appeals before there is an answer
        device=DeviceFacts(
            event.camera,
            o.device.firmware or "not known",
            house.posture,
            o.device.media_signing if o.device.media_signing in MEDIA_SIGNING else MEDIA_SIGNING[0],
        ),
        custody=tuple(_custody(case, house, custody)),
        files={**_own_files(case), **files},
        media=media,
        calibration=_calibration(case, house),
    )


def refuse_unready(case: Case) -> Stamp:
    """When it happened; CaseError for a case that nobody decided yet, that is sent already, or that happened nobody knows when."""
    when = case.opening.event.when
    if case.state not in _READY or when is None:
        wanted = f"one that is {' or '.join(sorted(_READY))}, and happened at a known time"
        raise CaseError(case.where, f"a package of it while it is {case.state.value}", wanted)
    return when


def review_of(case: Case) -> ReviewFacts:
    """Every confirmation and dismissal in order; what the machine suggested stands apart."""
    kinds = {"confirmed": CONFIRMED, "dismissed": DISMISSED}
    decisions = tuple(Decision(step.by, "reviewer", kinds[step.kind], step.facts["reason"], step.when) for step in case.steps if step.kind in kinds)
    said = [_suggestion(each.by, each.what) for each in case.suggested if each.what.about == "review"]
    return ReviewFacts(decisions, {"suggested": said} if said else None)


def readings_of(case: Case) -> bytes:
    """`data/plate/readings.json`: what the machine read, and what a person did."""
    plate = case.decided.plate
    read = [_suggestion(each.by, each.what) for each in case.suggested if each.what.about == "plate"]
    said = None if plate is None else {"text": plate.said, "by": plate.by, "when": plate.when.iso(), "reason": plate.reason}
    return plain.canonical({"readings": read, "confirmed": said})


def verified_manifest(case: Case, package: Path, root: Certified) -> str:
    """The SHA-256 of the package's manifest, once every check of it has passed; CaseError when it is of another case, or of other decisions than hold now."""
    verdict = verify_package(package, Asked(root))
    if not verdict.is_good:
        fault = verdict.faults[0] if verdict.faults else None
        raise CaseError(str(package), f"{fault.file}: {fault.fact}" if fault else "checks that could not be made", "a package that passes `catseye verify`")
    if (verdict.case, verdict.event) != (case.id, case.opening.event.id):
        raise CaseError(str(package), f"the package of case {verdict.case}, event {verdict.event}", f"that of case {case.id}")
    with zipfile.ZipFile(package) as archive:
        for path, now in ((layout.REVIEW, bytes(review_of(case))), (READINGS, readings_of(case))):
            if archive.read(path) != now:
                raise CaseError(str(package), f"{path} says otherwise than the case does now", "a package built after the last decision")
        return hashlib.sha256(archive.read(layout.MANIFEST)).hexdigest()


def _own_files(case: Case) -> dict[str, bytes]:
    m = case.opening.measurement
    measures = {
        "measures": [asdict(each) for each in case.opening.event.measures],
        "limit_kmh": m.limit_kmh,
        "tolerance_kmh": m.tolerance_kmh,
        "catseye": m.version,
    }
    return {
        layout.EVENT: plain.canonical(event_line(case.opening.event)),
        layout.REPLAY: m.replay.encode() + b"\n",
        MEASURES: plain.canonical(measures),
        READINGS: readings_of(case),
    }


def _calibration(case: Case, house: HouseFacts) -> CalibrationFacts | None:
    held = case.opening.measurement.calibration
    if held is None:
        return None
    return CalibrationFacts(case.opening.event.camera, held.issuer, held.method, held.valid_from, held.valid_to, house.moved, house.certificate)


def _custody(case: Case, house: HouseFacts, looks: tuple[account.CustodyLine, ...]) -> Iterator[CustodyLine]:
    """Looks and exports in order of time, after the opening by the machine."""
    licence = ", ".join(house.licences) or "none"
    first = case.steps[0]
    who, why = ("person", case.opening.reason) if case.opening.is_by_person else ("machine", "a violation was detected")
    lines = [CustodyLine(first.by, who, "opened", house.purpose, licence, first.when, why)]
    lines += [CustodyLine(each.who, "person", each.what, house.purpose, licence, each.when, each.why) for each in looks]
    exports = [step for step in case.steps if step.kind == "exported"]
    lines += [CustodyLine(step.by, "person", "took a report", house.purpose, licence, step.when, step.facts["reason"]) for step in exports]
    yield from sorted(lines, key=lambda line: (line.when.utc_ns, line.who, line.action))


def _suggestion(by: str, said: Suggestion) -> dict[str, Any]:
    return {"by": by, "text": said.text, "basis": said.basis, "characters": [asdict(each) for each in said.characters]}
