"""From a case and what the vault keeps of it to its package: every picture is looked at under a grant, and every look stands in the custody."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from catseye.cases.case import Case
from catseye.cases.errors import CaseError
from catseye.cases.handover import HouseFacts, contents_of
from catseye.cases.opening import MediaReference
from catseye.cases.package.build import BuiltPackage, PackageContents, Signer, build_package
from catseye.cases.package.facts import Copy, Original
from catseye.cases.package.plain import canonical
from catseye.core.grant import Grant
from catseye.core.time import Stamp
from catseye.station.case_media import LOOK_NS, bytes_of, custody_of
from catseye.station.evidence.excerpt import CERTIFICATE
from catseye.station.evidence.securing import EVIDENCE, SECURED
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
        kept = self._kept(case)
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
            "the platform's, when the picture arrived" if "://" in case.opening.event.lineage else "the start that the site file gives the recording",
            moved=self._moved(case),
            certificate=said,
        )
        return contents_of(case, house, files, _media(case, kept, pictures), custody_of(self.vault, case))

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
