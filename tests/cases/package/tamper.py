"""What somebody does who knows how packages are made: takes one apart, changes it, and packs it again as canonically as we do."""

import zipfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from catseye.cases.package import layout
from catseye.cases.package.build import Signer
from catseye.cases.package.canonical_zip import measure, write_zip
from catseye.cases.package.manifest import FileFacts, Manifest, Seal, bag_manifest
from catseye.core.time import Stamp
from catseye.vault.heads import sign_head


def entries_of(package: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(package) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(entries: dict[str, bytes], to: Path) -> Path:
    with to.open("wb") as file:
        write_zip(file, [(name, content, measure(content)) for name, content in entries.items()])
    return to


def relisted(entries: dict[str, bytes]) -> dict[str, bytes]:
    """With both lists made to fit whatever is there now; the signature no longer does."""
    entries = dict(entries)
    hashes = {name: sha256(content).hexdigest() for name, content in entries.items() if name not in layout.UNLISTED}
    entries[layout.BAG_MANIFEST] = bag_manifest([(name, digest) for name, digest in hashes.items() if name != layout.BAG_MANIFEST])
    hashes[layout.BAG_MANIFEST] = sha256(entries[layout.BAG_MANIFEST]).hexdigest()
    old = Manifest.parse(entries[layout.MANIFEST])
    media = {file.path: file.media for file in old.files}
    files = tuple(FileFacts(name, layout.role_of(name) or "?", len(entries[name]), hashes[name], media.get(name)) for name in sorted(hashes))
    entries[layout.MANIFEST] = bytes(Manifest(old.case, old.event, old.camera, old.when, old.catseye, old.key, files))
    return entries


def signed_by(entries: dict[str, bytes], signer: Signer) -> dict[str, bytes]:
    """The same under another signature, the signer's certificate put in its place."""
    entries = relisted({**entries, layout.SIGNER: signer.certificate})
    return {**entries, layout.SIGNATURE: signer.key.sign(entries[layout.MANIFEST])}


def head_signed_at(package: Path, key: Ed25519PrivateKey, when: Stamp) -> Path:
    """The same package under a head of another time."""
    entries = entries_of(package)
    sealed = Seal.parse(entries[layout.SEAL]).sealed
    entries[layout.SEAL] = bytes(Seal(replace(sealed, head=sign_head(sealed.head.head, when.utc_ns, key))))
    return packed(entries, package.with_name("another-time.zip"))
