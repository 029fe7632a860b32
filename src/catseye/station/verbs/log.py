"""`catseye log`: a key that signs heads, a head for the witness, and the check of all of it."""

import time
from collections.abc import Sequence
from pathlib import Path

from catseye.core.errors import SiteError
from catseye.station.outcome import RunOutcome
from catseye.station.vaults import vault_of
from catseye.vault.files import disk_errors
from catseye.vault.heads import read_signed_head
from catseye.vault.signing import key_name, load_public_key, load_signing_key, make_signing_key


def make_key(file: Path) -> RunOutcome:
    """A new key pair; KeyFileError where a file is already."""
    public_path = make_signing_key(file)
    name = key_name(load_public_key(public_path))
    lines = [f"key {name}", f"written: {file} (keep it off this machine's backups, and secret)", f"written: {public_path} (give it to whoever shall check)"]
    return RunOutcome(0, {"key": name, "private": str(file), "public": str(public_path)}, lines)


def sign_log(out: Path, key_file: Path, to: Path | None, site: Path | None = None) -> RunOutcome:
    """Sign the log as it stands."""
    key = load_signing_key(key_file)
    with vault_of(out, site) as vault:
        signed = vault.sign_head(time.time_ns(), key)
    if to is not None:
        with disk_errors(to):
            to.write_text(signed.to_json() + "\n", "utf-8")
    summary = {"size": signed.head.size_count, "root": signed.head.root.hex(), "key": signed.key, "head": signed.to_json()}
    lines = [f"{signed.head.size_count} entries, root {signed.head.root.hex()}, signed by key {signed.key}"]
    return RunOutcome(0, summary, [*lines, f"written: {to}" if to is not None else signed.to_json()])


def prove_log(out: Path, old_count: int, new_count: int, to: Path | None, site: Path | None = None) -> RunOutcome:
    """The proof that the log only grew between two sizes."""
    with vault_of(out, site) as vault:
        try:
            proof = vault.log_proof(old_count, new_count)
        except ValueError as error:
            raise SiteError("--old, --new", str(error).partition(";")[0], "sizes of heads of this log, the older one first") from error
    if to is not None:
        with disk_errors(to):
            to.write_text(proof.to_json() + "\n", "utf-8")
    lines = [f"from {old_count} to {new_count} entries: {len(proof.path)} hashes", f"written: {to}" if to is not None else proof.to_json()]
    return RunOutcome(0, {"old": old_count, "new": new_count, "proof": proof.to_json()}, lines)


def check_log(out: Path, heads: Sequence[Path], public_key: Path | None, site: Path | None = None) -> RunOutcome:
    """Exit 1 with a line for everything that is not as it was logged."""
    if heads and public_key is None:
        raise SiteError("--head", "a head, and no key to hold its signature against", "--public-key FILE")
    key = load_public_key(public_key) if public_key is not None else None
    kept = [(path, read_signed_head(path)) for path in heads]
    faults: list[str] = []
    with vault_of(out, site) as vault:
        size_count = vault.log_size_count()
        faults += vault.log_faults()
        for path, signed in kept:
            if key is None or not signed.is_by(key):
                faults.append(f"{path}: not signed by this key, or changed since")
            elif fault := vault.log_fault_against(signed.head):
                faults.append(f"{path}: {fault}")
    good = f"{size_count} entries: whole, and every event is what was logged" + (f"; it continues {len(kept)} kept heads" if kept else "")
    return RunOutcome(1 if faults else 0, {"entries": size_count, "faults": faults}, faults or [good])
