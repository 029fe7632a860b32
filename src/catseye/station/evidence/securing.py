"""One violation's evidence, made: the clip cut and sealed to the authority, its redacted copy and stills, the plate, the measurement, and the case opened.

Each thing that is kept has a name of its own and is kept once: killed half-way, the same call finishes. What cannot be had is said in the case; a violation
without a clip is still a violation somebody may look at.
"""

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from catseye.cases import transitions
from catseye.cases.case import Case, case_id
from catseye.cases.desk import CaseDesk
from catseye.cases.facts import Character
from catseye.cases.opening import Device, MediaReference, MediaRole
from catseye.core.errors import CatseyeError, ModelError, SiteError
from catseye.core.sealed import SealedMedia
from catseye.core.time import Stamp
from catseye.station.case_openings import LAMPS_SEEN, TIMELINE, Openings, certified_by, states_of
from catseye.station.evidence.excerpt import excerpt_of
from catseye.station.evidence.line_evidence import Secured, Taken
from catseye.station.site import Camera, Site
from catseye.station.site_tables import Evidence as EvidenceTable
from catseye.vault.dossiers import Step
from catseye.vault.media import MediaRef
from catseye.vault.vault import Vault
from catseye.vision import models, plates
from catseye.vision.clip_packets import packet_list_of
from catseye.vision.evidence import Clip, EvidenceError, clip_copy, cut_clip, seal

EVIDENCE = "evidence"  # the vault's kind of the dossier beside a case: what its package needs and nobody reads in between
SECURED = "secured"
OPENED_BY = "machine:catseye watch"
PACKETS = "media/original/{name}.packets.json"


@dataclass(slots=True)
class Securing:
    """Makes evidence for one camera of a site. `open_vault` opens one for the thread that calls; `now` is the clock."""

    site: Site
    camera: Camera
    run: str
    openings: Openings
    open_vault: Callable[[], Vault]
    now: Callable[[], Stamp]

    def __call__(self, taken: Taken) -> Secured:
        """The case of this violation, opened with all that could be had."""
        begun_s, case = time.thread_time(), case_id(taken.violation.event.id)
        made = _Making(case)
        try:
            with self.open_vault() as vault:
                if not vault.dossiers.steps(EVIDENCE, case):
                    self._secure(vault, taken, made)
        except CatseyeError as fault:
            made.troubles.append(f"case {case}: {fault}")
        return Secured(case, tuple(made.notes), tuple(made.troubles), time.thread_time() - begun_s)

    def _secure(self, vault: Vault, taken: Taken, made: "_Making") -> None:
        violation, clip = taken.violation, self._clip(taken, made)
        reading = None
        if clip is not None:
            self._keep_original(vault, clip, made)
            self._keep_copy(vault, taken, clip, made)
            reading = self._read_plate(vault, taken, made)
        try:
            excerpt = excerpt_of(self.site, self.camera, violation, taken.points, taken.told)
            made.files |= excerpt.files
            made.facts["replay_fault"] = excerpt.fault
            if excerpt.fault:
                made.notes.append(f"case {made.case}: {excerpt.fault}")
        except ValueError as fault:
            made.troubles.append(f"case {made.case}: {fault}")
        case = self._open(vault, taken, clip, made)
        if reading is not None and not any(each.what.about == "plate" for each in case.suggested):
            self._suggest(vault, case, reading)
        facts = made.facts | {"files": {name: base64.b64encode(content).decode() for name, content in made.files.items()}}
        vault.dossiers.add(EVIDENCE, made.case, [Step(0, SECURED, self.now(), OPENED_BY, facts)])

    def _clip(self, taken: Taken, made: "_Making") -> Clip | None:
        try:
            clip = cut_clip(taken.violation, taken.ring, before_s=self._table.before_s, after_s=self._table.after_s)
        except EvidenceError as fault:
            made.troubles.append(f"case {made.case}: no clip: {fault}")
            return None
        made.say(*clip.notes)
        if not clip.is_pre_roll_whole or not clip.is_post_roll_whole:
            made.say("the clip is shorter than was asked for: " + ("it begins late" if not clip.is_pre_roll_whole else "it ends early"))
        return clip

    def _keep_original(self, vault: Vault, clip: Clip, made: "_Making") -> None:
        name = f"{made.case}/original{_SUFFIXES[clip.media_type]}"
        made.facts["original"] = {
            "sha256": clip.sha256,
            "size_bytes": len(clip.data),
            "media_type": clip.media_type,
            "recipients": list(self._table.recipients),
            "begin_ns": clip.begin_ns,
            "end_ns": clip.end_ns,
            "signing": clip.signing.status,
            "signing_messages": clip.signing.messages,
            "elementary_sha256": clip.elementary_sha256,
        }
        made.files[PACKETS.format(name=Path(name).name)] = packet_list_of(clip.data).to_json()
        made.keep("original", self._kept_sealed(vault, name, clip.sha256, partial(self._sealed, clip.data, clip.media_type)))

    def _keep_copy(self, vault: Vault, taken: Taken, clip: Clip, made: "_Making") -> None:
        if self.camera.detector == models.MOTION:
            made.say("no redacted copy and no stills: without a network nobody knows where faces are")
            return
        name = f"{made.case}/redacted.mp4"
        known = {ref.name: ref for ref in vault.media.refs(f"{made.case}/") if ref.original_sha256 == clip.sha256}
        wanted = [name, *(f"{made.case}/still-{number}.jpg" for number in (1, 2, 3))]
        if not all(each in known for each in wanted):
            try:
                copy = clip_copy(taken.violation, clip, vault.media.staging() / f"{made.case}.mp4", detector=self.camera.detector)
            except (ModelError, EvidenceError) as fault:
                made.troubles.append(f"case {made.case}: no redacted copy: {fault}")
                return
            made.say(*copy.notes)
            for each, media in zip(wanted, (copy.media, *copy.stills), strict=True):
                known[each] = known.get(each) or vault.media.keep_redacted(media, each, self.now())
        for each in wanted:
            made.keep("clip" if each == name else "still", known[each])

    def _read_plate(self, vault: Vault, taken: Taken, made: "_Making") -> plates.PlateReading | None:
        if self._table.country is None or not taken.ways:
            return None
        try:
            reading = plates.read(taken.violation, taken.ring, taken.ways[0], country=self._table.country)
        except (ModelError, EvidenceError, plates.PlateError) as fault:
            made.notes.append(f"case {made.case}: the plate was not read: {fault}")
            return None
        made.facts["plate"] = _reading_facts(reading)
        for number, frame in enumerate(reading.frames, 1):
            name = f"{made.case}/plate-{number}.png"
            made.keep("plate", self._kept_sealed(vault, name, frame.crop_sha256, partial(self._sealed, frame.crop, "image/png")))
        return reading

    def _sealed(self, original: bytes, media_type: str, to: Path) -> SealedMedia:
        return seal(original, to, self._table.recipients, media_type)

    def _kept_sealed(self, vault: Vault, name: str, sha256: str, sealing: Callable[[Path], SealedMedia]) -> MediaRef:
        """Sealing is never twice the same: what an earlier, killed run kept of the same original is taken."""
        for ref in vault.media.refs(name):
            if ref.name == name and ref.original_sha256 == sha256:
                return ref
        return vault.media.keep_sealed(sealing(vault.media.staging() / f"{Path(name).name}.age"), name, self.now())

    def _open(self, vault: Vault, taken: Taken, clip: Clip | None, made: "_Making") -> Case:
        opening = self.openings.of_event(self.run, taken.violation.event, media=tuple(made.media))
        measurement = opening.measurement
        if taken.told.certificate is not None:
            measurement = replace(measurement, calibration=certified_by(self.openings.jurisdiction, taken.told.certificate))
        signal = taken.told.signals.get(str(opening.event.details.get("signal")))
        opening = replace(
            opening,
            measurement=measurement,
            signals=tuple(states_of(signal, opening.event, self._told_by(signal.id))) if signal is not None else opening.signals,
            device=Device(self.camera.id, media_signing=clip.signing.status if clip else "", notes=tuple(made.said)),
        )
        return CaseDesk(vault).open(opening, OPENED_BY, self.now())

    def _told_by(self, signal: str) -> str:
        is_read = any(table.id == signal and table.timeline is None for table in self.camera.signals)
        return LAMPS_SEEN if is_read else TIMELINE

    def _suggest(self, vault: Vault, case: Case, reading: plates.PlateReading) -> None:
        if reading.text is None:
            return
        characters = tuple(Character(each.symbol, each.confidence_ratio) for each in reading.characters)
        basis = ", ".join(f"{name} {sha256[:12]}" for name, sha256 in reading.read_by.items())
        CaseDesk(vault).take(case, transitions.suggest_plate(case, "machine:catseye plates", reading.text, basis, self.now(), characters))

    @property
    def _table(self) -> EvidenceTable:
        if self.site.evidence is None:
            raise SiteError(self.site.name, "no [evidence]", "a table that says who may open the originals")
        return self.site.evidence


_SUFFIXES: Mapping[str, str] = {"video/mp4": ".mp4", "video/quicktime": ".mov"}


@dataclass(slots=True)
class _Making:
    """What came together so far: `said` stands in the case, `notes` and `troubles` in the run."""

    case: str
    media: list[MediaReference] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def keep(self, role: MediaRole, ref: MediaRef) -> None:
        self.media.append(MediaReference(role, ref.name, ref.media_type, ref.sha256, ref.size_bytes))

    def say(self, *sentences: str) -> None:
        self.said += sentences


def _reading_facts(reading: plates.PlateReading) -> dict[str, Any]:
    """As `data/plate/readings.json` tells it: every frame that was used, with its own reading; no picture."""
    return {
        "track": reading.track,
        "country": reading.country,
        "text": reading.text,
        "characters": [[each.symbol, each.confidence_ratio] for each in reading.characters],
        "needs_operator": reading.needs_operator,
        "why": reading.why,
        "read_by": dict(reading.read_by),
        "frames": [
            {
                "time_ns": frame.time_ns,
                "vehicle_px": list(frame.vehicle_px),
                "plate_px": None if frame.plate_px is None else list(frame.plate_px),
                "found_score": frame.found_score_ratio,
                "characters": [[each.symbol, each.confidence_ratio] for each in frame.characters],
                "said": frame.said,
                "crop_sha256": frame.crop_sha256,
            }
            for frame in reading.frames
        ],
    }
