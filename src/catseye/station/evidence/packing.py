"""From a case and what the vault keeps of it to its package: every picture is looked at under a grant, and every look stands in the custody."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from catseye.cases.case import Case, State
from catseye.cases.errors import CaseError
from catseye.cases.opening import MediaReference
from catseye.cases.package.build import BuiltPackage, PackageContents, Signer, build_package
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
from catseye.cases.package.plain import canonical
from catseye.cases.people import is_machine
from catseye.core.grant import Grant
from catseye.core.time import Stamp
from catseye.station.case_media import LOOK_NS, bytes_of
from catseye.station.evidence.excerpt import CERTIFICATE
from catseye.station.evidence.securing import EVIDENCE, SECURED
from catseye.vault.vault import Vault

PURPOSE = "enforcement of road traffic law"
NOT_TOLD = "not told"
_FOLDERS = {"original": "data/media/original/", "still": "data/media/stills/", "clip": "data/media/redacted/", "plate": "data/plate/"}
_SEALED = ("original", "plate")


@dataclass(frozen=True, slots=True)
class Packer:
    """Who packs, and why: it is written down at every picture."""

    vault: Vault
    by: str
    why: str
    now: Stamp

    def pack(self, case: Case, to: Path, signer: Signer) -> BuiltPackage:
        """Build the package of a case; CaseError when its evidence was never secured, PackageError when something is missing or does not fit."""
        return build_package(self.contents(case), to, self.vault.packages, signer, self.now)

    def contents(self, case: Case) -> PackageContents:
        """All that goes in."""
        kept = self._kept(case)
        event = case.opening.event
        if event.when is None:
            raise CaseError(case.where, "nothing says when it happened", "a site that says when its clip began")
        files = {f"data/{name}": base64.b64decode(content) for name, content in kept["files"].items()}
        pictures = {media: _FOLDERS[media.role] + PurePosixPath(media.ref).name + (".age" if media.role in _SEALED else "") for media in case.media}
        files |= {path: bytes_of(self.vault, case, media, self.by, self.why, self.now) for media, path in pictures.items()}
        files["data/media/redaction_log.jsonl"] = self._redaction_log(case)
        files["data/plate/readings.json"] = canonical({"readings": [kept["plate"]] if "plate" in kept else [], "confirmed": _plate(case)})
        return PackageContents(
            case=self._case(case, event.when),
            review=_review(case),
            legal_basis=self._legal_basis(case),
            appeal=_appeal(case),
            device=DeviceFacts(event.camera, case.opening.device.firmware or NOT_TOLD, NOT_TOLD, kept.get("original", {}).get("signing", "unsigned")),
            custody=self._custody(case),
            files=files,
            media=_media(case, kept, pictures),
            calibration=self._calibration(case, files),
        )

    def _kept(self, case: Case) -> Mapping[str, Any]:
        steps = [step for step in self.vault.dossiers.steps(EVIDENCE, case.id) if step.kind == SECURED]
        if not steps:
            raise CaseError(case.where, "its evidence was never secured", "a site with [evidence], watched while it happened")
        return steps[-1].facts

    def _redaction_log(self, case: Case) -> bytes:
        clips = [media for media in case.media if media.role == "clip"]
        grant = Grant(self.by, f"case {case.id}", self.now.plus_ns(LOOK_NS))
        return b"".join(self.vault.media.redaction_log(self.vault.media.ref(media.ref), grant, self.now, self.why) for media in clips)

    def _case(self, case: Case, when: Stamp) -> CaseFacts:
        opening = case.opening
        clock = "the platform's clock when the picture arrived" if "://" in opening.event.lineage else "the start that the site file gives to the recording"
        law = opening.law
        return CaseFacts(case.id, opening.event.id, opening.site, opening.event.camera, when, law.offence, law.statute, law.name, clock)

    def _legal_basis(self, case: Case) -> LegalBasis:
        law = case.opening.law
        kept = "until the case is over, and for as long as the site's [retention] says after that"
        return LegalBasis((law.statute,), PURPOSE, "case", kept, two_people=law.reviewers_count == 2)

    def _custody(self, case: Case) -> tuple[CustodyLine, ...]:
        """Steps and looks, in order of time."""
        rows = [(step.when, step.by, "machine" if is_machine(step.by) else "officer", step.kind, str(step.facts.get("reason") or "")) for step in case.steps]
        for media in case.media:
            looks = self.vault.looks(subject=f"media/{media.ref}")
            rows += [(look.when, look.who, "officer", f"looked at {media.role} {media.ref}", look.why) for look in looks]
        rows.append((self.now, self.by, "officer", "packed", self.why))
        statute = case.opening.law.statute
        lines = [CustodyLine(who, role, what, PURPOSE, statute, Stamp(when.utc_ns), why) for when, who, role, what, why in rows]
        return tuple(sorted(lines, key=lambda line: line.when.utc_ns))

    def _calibration(self, case: Case, files: Mapping[str, bytes]) -> CalibrationFacts | None:
        reference = case.opening.measurement.calibration
        if reference is None:
            return None
        moved = [
            event for event in self.vault.events(case.opening.event.camera) if event.kind == "camera-moved" and event.time_ns <= case.opening.event.time_ns
        ]
        found = f"found moved {len(moved)} times before" if moved else "looked at all the time: not found moved"
        said = json.loads(files[f"data/{CERTIFICATE}"]) if f"data/{CERTIFICATE}" in files else None
        since, until = Stamp(reference.valid_from.utc_ns), Stamp(reference.valid_to.utc_ns)
        return CalibrationFacts(case.opening.event.camera, reference.issuer, reference.method, since, until, found, said)


def _plate(case: Case) -> dict[str, Any] | None:
    plate = case.decided.plate
    return None if plate is None else {"text": plate.said, "by": plate.by, "when": plate.when.iso(), "reason": plate.reason}


def _review(case: Case) -> ReviewFacts:
    decisions = tuple(Decision(each.by, "reviewer", CONFIRMED, each.reason, each.when) for each in case.decided.confirmations)
    event = case.opening.event
    suggested = [{"by": each.by, "about": each.what.about, "text": each.what.text, "basis": each.what.basis} for each in case.suggested]
    machine = {"by": case.steps[0].by, "says": event.kind, "rule": event.rule, "also": suggested}
    return ReviewFacts(decisions, machine, case.decided.submission.when if case.decided.submission else None)


def _appeal(case: Case) -> AppealFacts:
    d = case.decided
    state = "heard" if d.hearing else "filed" if case.state is State.APPEALED else "none"
    return AppealFacts(state, d.appeal_by, d.hearing.by if d.hearing else None)


def _media(case: Case, kept: Mapping[str, Any], pictures: Mapping[MediaReference, str]) -> dict[str, Original | Copy]:
    camera, original = case.opening.event.camera, kept.get("original")
    if original is None:
        raise CaseError(case.where, "no clip of it could be cut", "a case with its clip")
    told: dict[str, Original | Copy] = {}
    packets = next(name for name in kept["files"] if name.endswith(".packets.json"))
    for media, path in pictures.items():
        if media.role == "original":
            facts = (original["media_type"], original["sha256"], original["size_bytes"], media.sha256, tuple(original["recipients"]))
            told[path] = Original(camera, *facts, f"data/{packets}")
        elif media.role in ("still", "clip"):
            told[path] = Copy(camera, media.media_type, original["sha256"])
    return told
