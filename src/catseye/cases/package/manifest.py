"""The manifest: every file of a package with its size and hash, signed as a whole; and the seal that ties it to the log."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from catseye.cases.package import plain
from catseye.cases.package.canonical_zip import Measured
from catseye.cases.package.facts import Copy, Original
from catseye.core.errors import SourceError
from catseye.core.time import Stamp
from catseye.vault.heads import signed_head_of
from catseye.vault.leaves import HASH_BYTES, SALT_BYTES, Entry, entry_leaf
from catseye.vault.log_proofs import PACKAGE, LogProof, PackageSeal, package_subject

KIND, SEAL_KIND = "catseye-package-1", "catseye-package-seal-1"
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file as the manifest lists it; `media` for sealed originals, and for copies made of them."""

    path: str
    role: str
    size_bytes: int
    sha256: str
    media: Original | Copy | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is signed. `catseye` is the version that built it; `key` names the key that signs, and whose log it is in. Files in order of their paths."""

    case: str
    event: str
    camera: str
    when: Stamp
    catseye: str
    key: str
    files: tuple[FileFacts, ...]

    def __bytes__(self) -> bytes:
        """The one way to write it (RFC 8785)."""
        said = {name: getattr(self, name) for name in ("case", "event", "camera", "catseye")}
        log = {"kind": PACKAGE, "key": self.key}
        return plain.canonical({**said, "kind": KIND, "when": self.when.iso(), "log": log, "files": [_said(file) for file in self.files]})

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read what `bytes` gave; ValueError for anything else, another way to write the same included."""
        said = plain.json_object(data)
        plain.refuse_kind(said, KIND)
        log = plain.optional_object(said, "log") or {}
        if log.get("kind") != PACKAGE:
            raise ValueError("log: not told under which kind of entry it is")
        words = {name: plain.text(said, name) for name in ("case", "event", "camera", "catseye")}
        files = tuple(_file(row) for row in plain.objects(said, "files"))
        if [file.path for file in files] != sorted({file.path for file in files}):
            raise ValueError("files: one twice, or not in order")
        found = cls(**words, when=plain.moment(said, "when"), key=plain.text(log, "key"), files=files)
        if bytes(found) != data:
            raise ValueError("not in the canonical form of RFC 8785, or it says more than a manifest has to")
        return found

    def media_of(self, role: str) -> dict[str, Original | Copy]:
        """Files of a role with what is told of them as media, by path."""
        return {file.path: file.media for file in self.files if file.role == role and file.media is not None}


@dataclass(frozen=True, slots=True)
class Seal:
    """`seal.json`: where in the log the package is, the path from there to a signed head, and proofs that this head continues earlier ones."""

    sealed: PackageSeal

    def __bytes__(self) -> bytes:
        """One way to write it: keys in order, no spaces. Not RFC 8785: nanoseconds are larger than its numbers."""
        sealed = self.sealed
        said = {
            "kind": SEAL_KIND,
            "seq": sealed.seq,
            "salt": sealed.salt.hex(),
            "inclusion": [step.hex() for step in sealed.inclusion],
            "head": json.loads(sealed.head.to_json()),
            "proofs": [json.loads(proof.to_json()) for proof in sealed.proofs],
        }
        return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read what `bytes` gave; ValueError for anything else."""
        said = plain.json_object(data)
        plain.refuse_kind(said, SEAL_KIND)
        try:
            head = signed_head_of(json.dumps(said.get("head")), "head")
            proofs = tuple(LogProof.parse(json.dumps(proof), "proof") for proof in plain.objects(said, "proofs"))
            inclusion = tuple(_hash_bytes(step, HASH_BYTES) for step in said["inclusion"])
            found = cls(PackageSeal(plain.count(said, "seq"), _hash_bytes(said["salt"], SALT_BYTES), inclusion, head, proofs))
        except (SourceError, KeyError, TypeError) as error:
            raise ValueError(f"no seal of a package: {error}") from None
        if bytes(found) != data:
            raise ValueError("not in its one canonical form")
        return found

    def leaf(self, case: str, manifest_sha256: str) -> bytes:
        """The leaf the log must have at `seq`, if it is of this manifest."""
        return entry_leaf(self.sealed.salt, Entry(PACKAGE, package_subject(case, manifest_sha256), manifest_sha256.encode()))


def bag_manifest(files: Sequence[tuple[str, str]]) -> bytes:
    """`manifest-sha256.txt` of (path, hash): what `sha256sum -c` reads, payload files only (RFC 8493)."""
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(files) if path.startswith("data/")).encode()


def file_facts(path: str, role: str, measured: Measured, media: Original | Copy | None) -> FileFacts:
    """A file as the manifest lists it."""
    return FileFacts(path, role, measured.size_bytes, measured.sha256, media)


def _said(file: FileFacts) -> dict[str, Any]:
    said: dict[str, Any] = {"path": file.path, "role": file.role, "size": file.size_bytes, "sha256": file.sha256}
    if isinstance(file.media, Copy):
        said |= {"camera": file.media.camera, "media_type": file.media.media_type, "derived_from": file.media.derived_from}
    elif isinstance(file.media, Original):
        media = file.media
        inside = {"sha256": media.sha256, "size": media.size_bytes, "recipients": list(media.recipients), "packets": media.packets}
        said |= {"camera": media.camera, "media_type": media.media_type, "sealed": inside}
    return said


def _file(row: Mapping[str, Any]) -> FileFacts:
    sha256 = _hash(plain.text(row, "sha256"))
    media: Original | Copy | None = None
    if (inside := plain.optional_object(row, "sealed")) is not None:
        packets = plain.optional_text(inside, "packets")
        facts = (_hash(plain.text(inside, "sha256")), plain.count(inside, "size"), sha256, plain.texts(inside, "recipients"), packets)
        media = Original(plain.text(row, "camera"), plain.text(row, "media_type"), *facts)
    elif "derived_from" in row:
        media = Copy(plain.text(row, "camera"), plain.text(row, "media_type"), _hash(plain.text(row, "derived_from")))
    return FileFacts(plain.text(row, "path"), plain.text(row, "role"), plain.count(row, "size"), sha256, media)


def _hash(value: str) -> str:
    if len(value) != 2 * HASH_BYTES or not _HEX.issuperset(value):
        raise ValueError(f"{value[:80]!r}; wanted a SHA-256 in 64 hex digits")
    return value


def _hash_bytes(value: Any, length_bytes: int) -> bytes:
    if not isinstance(value, str) or len(value) != 2 * length_bytes or not _HEX.issuperset(value):
        raise ValueError(f"a hash that is none; wanted {2 * length_bytes} hex digits")
    return bytes.fromhex(value)
