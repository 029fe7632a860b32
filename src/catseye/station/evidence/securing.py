"""One violation's evidence, made: the clip cut and sealed to the authority, its redacted copy and stills, the plate, the measurement, and the case opened.

Each thing that is kept has a name of its own and is kept once: killed half-way, the same call finishes. What cannot be had is said in the case; a violation
without a clip is still a violation somebody may look at.
"""

import base64
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from catseye.cases import transitions
from catseye.cases.case import Case, case_id
from catseye.cases.desk import CaseDesk
from catseye.cases.errors import CaseError
from catseye.cases.facts import Character
from catseye.cases.opening import Device, MediaReference, MediaRole
from catseye.core.errors import CatseyeError, ModelError, SiteError
from catseye.core.sealed import SealedMedia
from catseye.core.time import Stamp
from catseye.station.case_openings import LAMPS_SEEN, TIMELINE, Openings, certified_by, states_of
from catseye.station.evidence.excerpt import ExcerptError, excerpt_of
from catseye.station.evidence.line_evidence import Secured, Taken
from catseye.station.site import Camera, Site
from catseye.station.site_tables import Evidence as EvidenceTable
from catseye.vault.dossiers import DossierMovedError, Step
from catseye.vault.drawers import ForgottenError
from catseye.vault.media import MediaRef, MediaTakenError
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
        except ForgottenError:  # the same file watched again: its time was over, and its key is destroyed
            made.notes.append(f"case {case} was forgotten: nobody opens it again")
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
            excerpt = excerpt_of(self.site, self.camera, violation, taken.points, taken.told, vault.media.staging())
            made.files |= excerpt.files
            made.facts["replay_fault"] = excerpt.fault
            if excerpt.fault:  # check 17 of its package will say the same
                made.troubles.append(f"case {made.case}: its measurement cannot be repeated: {excerpt.fault}")
        except ExcerptError as fault:
            made.troubles.append(f"case {made.case}: {fault}")
        case = self._open(vault, taken, clip, made)
        if reading is not None and not any(each.what.about == "plate" for each in case.suggested):
            self._suggest(vault, case, reading, made)
        facts = made.facts | {"files": {name: base64.b64encode(content).decode() for name, content in made.files.items()}}
        with suppress(DossierMovedError):  # somebody watches the same file beside us, and was faster
            vault.dossiers.add(EVIDENCE, made.case, [Step(0, SECURED, self.now(), OPENED_BY, facts)])

    def _clip(self, taken: Taken, made: "_Making") -> Clip | None:
        if taken.lost:
            made.troubles.append(f"case {made.case}: no clip: {taken.lost}")
            made.say(f"no clip: {taken.lost}")
            return None
        try:
            clip = cut_clip(taken.violation, taken.ring, before_s=self._table.before_s, after_s=self._table.after_s)
        except EvidenceError as fault:
            made.troubles.append(f"case {made.case}: no clip: {fault}")
            made.say(f"no clip: {fault.came}")
            return None
        made.say(*clip.notes)
        if not clip.is_pre_roll_whole or not clip.is_post_roll_whole:
            made.say("the clip is shorter than was asked for: " + ("it begins late" if not clip.is_pre_roll_whole else "it ends early"))
        return clip

    def _keep_original(self, vault: Vault, clip: Clip, made: "_Making") -> None:
        ref = self._kept_sealed(vault, f"{made.case}/original{_SUFFIXES[clip.media_type]}", clip.sha256, partial(self._sealed, clip.data, clip.media_type))
        made.facts["original"] = {
            "sha256": clip.sha256,
            "size_bytes": len(clip.data),
            "media_type": clip.media_type,
            "recipients": list(ref.recipients),
            "begin_ns": clip.begin_ns,
            "end_ns": clip.end_ns,
            "signing": clip.signing.status,
            "signing_messages": clip.signing.messages,
            "elementary_sha256": clip.elementary_sha256,
        }
        made.files[PACKETS.format(name=PurePosixPath(ref.name).name)] = packet_list_of(clip.data).to_json()
        made.keep("original", ref)

    def _keep_copy(self, vault: Vault, taken: Taken, clip: Clip, made: "_Making") -> None:
        if self.camera.detector == models.MOTION:
            made.say("no redacted copy and no stills: without a network nobody knows where faces are")
            return
        known = {ref.name: ref for ref in vault.media.refs(f"{made.case}/")}
        wanted = [_free_name(known, f"{made.case}/{name}", clip.sha256) for name in ("redacted.mp4", "still-1.jpg", "still-2.jpg", "still-3.jpg")]
        if not all(each in known for each in wanted):
            try:
                copy = clip_copy(taken.violation, clip, vault.media.staging() / f"{made.case}.mp4", detector=self.camera.detector, ways=taken.ways)
            except (ModelError, EvidenceError) as fault:
                made.troubles.append(f"case {made.case}: no redacted copy: {fault}")
                return
            made.say(*copy.notes)
            for each, media in zip(wanted, (copy.media, *copy.stills), strict=True):
                known[each] = known.get(each) or vault.media.keep_redacted(media, each, self.now())
        for number, each in enumerate(wanted):
            made.keep("still" if number else "clip", known[each])

    def _read_plate(self, vault: Vault, taken: Taken, made: "_Making") -> plates.PlateReading | None:
        if self._table.country is None:
            return None
        violator = taken.violation.event.subjects[0]  # whoever did it first; the others may be those it was done to
        way = next((each for each in taken.ways if each.track == violator), None)
        if way is None:
            made.notes.append(f"case {made.case}: the plate was not read: nobody knows where track {violator} was in the picture")
            return None
        try:
            reading = plates.read(taken.violation, taken.ring, way, country=self._table.country)
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
        """Sealing is never twice the same: what an earlier, killed run kept of the same original is taken, and what it kept of another one stays."""
        known = {ref.name: ref for ref in vault.media.refs(f"{PurePosixPath(name).parent}/")}
        free = _free_name(known, name, sha256)
        if free in known:
            return known[free]
        try:
            return vault.media.keep_sealed(sealing(vault.media.staging() / f"{PurePosixPath(free).name}.age"), free, self.now())
        except MediaTakenError:  # somebody watches the same file beside us, and was faster
            ref = vault.media.ref(free)
            if ref.original_sha256 != sha256:
                raise
            return ref

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
        desk = CaseDesk(vault)
        case = desk.open(opening, OPENED_BY, self.now())
        missing = tuple(each for each in made.media if each not in case.media)
        if not missing:
            return case
        try:  # it was opened without them, by `catseye case open` or with another cut
            return desk.take(case, transitions.attach(case, OPENED_BY, missing, self.now()))
        except CaseError as fault:
            made.notes.append(f"what was secured now is not added: {fault}")
            return case

    def _told_by(self, signal: str) -> str:
        is_read = any(table.id == signal and table.timeline is None for table in self.camera.signals)
        return LAMPS_SEEN if is_read else TIMELINE

    def _suggest(self, vault: Vault, case: Case, reading: plates.PlateReading, made: "_Making") -> None:
        if reading.text is None:
            return
        characters = tuple(Character(each.symbol, each.confidence_ratio) for each in reading.characters)
        basis = ", ".join(f"{name} {sha256[:12]}" for name, sha256 in reading.read_by.items())
        try:
            CaseDesk(vault).take(case, transitions.suggest_plate(case, "machine:catseye plates", reading.text, basis, self.now(), characters))
        except CaseError as fault:  # people went on meanwhile: they need no suggestion any more
            made.notes.append(f"the machine's plate is not told: {fault}")

    @property
    def _table(self) -> EvidenceTable:
        if self.site.evidence is None:
            raise SiteError(self.site.name, "no [evidence]", "a table that says who may open the originals")
        return self.site.evidence


def _free_name(known: Mapping[str, MediaRef], name: str, sha256: str) -> str:
    """The name, unless something made of another original has it already: evidence is never replaced."""
    if name not in known or known[name].original_sha256 == sha256:
        return name
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}-{sha256[:12]}{path.suffix}"))


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
