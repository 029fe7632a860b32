"""From a case and what the vault keeps of it to its package: every picture is looked at under a grant, and every look stands in the custody."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from catseye.cases.case import Case
from catseye.cases.errors import CaseError
from catseye.cases.handover import HouseFacts, contents_of, refuse_unready
from catseye.cases.opening import MediaReference
from catseye.cases.package.build import BuiltPackage, PackageContents, Signer, build_package
from catseye.cases.package.facts import Copy, Original
from catseye.cases.package.plain import canonical
from catseye.core.grant import Grant
from catseye.core.secrets import is_url
from catseye.core.time import Stamp
from catseye.station.case_media import LOOK_NS, bytes_of, custody_of
from catseye.station.evidence.excerpt import CERTIFICATE
from catseye.station.evidence.securing import EVIDENCE, PACKETS, SECURED
from catseye.vault.vault import Vault

PURPOSE = "enforcement of road traffic law"
REDACTION_LOG, PLATE_FRAMES = "data/media/redaction_log.jsonl", "data/measurement/plate-frames.json"
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
        """Build the package of a case that is ready. CaseError when its evidence was never secured, PackageError when something is missing or does not fit."""
        return build_package(self.contents(case), to, self.vault.packages, signer, self.now)

    def contents(self, case: Case) -> PackageContents:
        """All that goes in."""
        if case.opening.is_by_person:
            came = "a terminal's alarm: nobody measured anything that could be replayed"
            raise CaseError(case.where, came, "what a camera of ours saw; `catseye case export` writes this one as PDF and JSON")
        refuse_unready(case)  # before anything is looked at: a look that leads to nothing is still a look
        kept = self._kept(case)
        told = _media(case, self.vault, kept)
        files = {f"data/{name}": base64.b64decode(content) for name, content in kept["files"].items()}
        pictures = {media: _place(media) for media in case.media if media.role in _FOLDERS}
        files |= {path: bytes_of(self.vault, case, media, self.by, self.why, self.now) for media, path in pictures.items()}
        files[REDACTION_LOG] = self._redaction_log(case)
        if "plate" in kept:
            files[PLATE_FRAMES] = canonical(kept["plate"])
        said = json.loads(files[f"data/{CERTIFICATE}"]) if f"data/{CERTIFICATE}" in files else None
        house = HouseFacts(
            (case.opening.law.statute,),
            PURPOSE,
            "when the case is over and the days of the site's [retention] are",
            "the platform's, when the picture arrived" if is_url(case.opening.event.lineage) else "the start that the site file gives the recording",
            moved=self._moved(case),
            certificate=said,
        )
        return contents_of(case, house, files, told, custody_of(self.vault, case))

    def _kept(self, case: Case) -> Mapping[str, Any]:
        steps = [step for step in self.vault.dossiers.steps(EVIDENCE, case.id) if step.kind == SECURED]
        if not steps:
            raise CaseError(case.where, "its evidence was never secured", "a site with [evidence], watched while it happened")
        return steps[-1].facts

    def _redaction_log(self, case: Case) -> bytes:
        clips = [media for media in case.media if media.role == "clip"]
        grant = Grant(self.by, f"case {case.id}", self.now.plus_ns(LOOK_NS))
        return b"".join(self.vault.media.redaction_log(self.vault.media.ref(media.ref), grant, self.now, self.why) for media in clips)

    def _moved(self, case: Case) -> str:
        event = case.opening.event
        moved_count = sum(found.kind == "camera-moved" and found.time_ns <= event.time_ns for found in self.vault.events(event.camera))
        return f"found moved {moved_count} times before" if moved_count else "watched all the time, and not found moved"


def _place(media: MediaReference) -> str:
    return _FOLDERS[media.role] + PurePosixPath(media.ref).name + (".age" if media.role in _SEALED else "")


def _media(case: Case, vault: Vault, kept: Mapping[str, Any]) -> dict[str, Original | Copy]:
    """What each picture was made of, as the vault knows it: people may have added some that this camera did not send at the time."""
    camera = case.opening.event.camera
    if "original" not in kept:
        raise CaseError(case.where, "no clip of it could be cut", "a case with its clip: without one there is nothing to hand over")
    told: dict[str, Original | Copy] = {}
    for media in case.media:
        if media.role not in ("original", "still", "clip"):
            continue
        ref = vault.media.ref(media.ref)
        if media.role == "original":
            packets = f"{PACKETS.format(name=PurePosixPath(media.ref).name)}"
            listed = f"data/{packets}" if packets in kept["files"] else None
            told[_place(media)] = Original(camera, ref.media_type, ref.original_sha256 or "", ref.original_bytes or 0, ref.sha256, ref.recipients, listed)
        else:
            told[_place(media)] = Copy(camera, ref.media_type, ref.original_sha256 or "")
    return told
