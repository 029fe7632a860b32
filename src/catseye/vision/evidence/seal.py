"""Sealing: an original becomes ciphertext that only the authority can open (age, X25519). The platform holds public keys, never an identity."""

import hashlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pyrage

from catseye.core.errors import KeyFileError
from catseye.core.sealed import SealedMedia
from catseye.vision.evidence.errors import EvidenceError
from catseye.vision.evidence.whole import new_file


class _Hashed:
    """Counts and hashes what passes through, and remembers the fault that ended it: age tells all faults as one."""

    def __init__(self, file: BinaryIO) -> None:
        self.digest, self.size_bytes = hashlib.sha256(), 0
        self.fault: OSError | None = None
        self._file = file

    def read(self, size_bytes: int = -1) -> bytes:
        try:
            chunk = self._file.read(size_bytes)
        except OSError as fault:
            self.fault = fault
            raise
        self._note(chunk)
        return chunk

    def write(self, chunk: bytes) -> int:
        try:
            self._file.write(chunk)
        except OSError as fault:
            self.fault = fault
            raise
        self._note(chunk)
        return len(chunk)

    def flush(self) -> None:
        self._file.flush()

    def _note(self, chunk: bytes) -> None:
        self.digest.update(chunk)
        self.size_bytes += len(chunk)


def seal(source: BinaryIO | bytes, to: Path, recipients: Sequence[str], media_type: str) -> SealedMedia:
    """Encrypt all that `source` still holds to the `recipients` (`age1…`), as a stream; the file appears at `to` whole or not at all.

    KeyFileError for a recipient that is no public key, StoreError when the disk says no, EvidenceError when the source cannot be read.
    """
    keys = _public_keys(recipients)
    plain = _Hashed(BytesIO(source) if isinstance(source, bytes) else source)
    with new_file(to) as file:
        sealed = _Hashed(file)
        try:
            pyrage.encrypt_io(plain, sealed, keys)
        except (OSError, pyrage.EncryptError) as fault:
            if sealed.fault is not None:
                raise sealed.fault from fault
            came = f"cannot be read ({plain.fault.strerror or plain.fault})" if plain.fault else f"age refuses it ({fault})"
            raise EvidenceError(f"sealing {to.name}", came, "a source that can be read to its end") from fault
        if not plain.size_bytes:
            raise EvidenceError(f"sealing {to.name}", "nothing to seal: 0 bytes came", "an original")
    return SealedMedia(
        to, media_type, plain.digest.hexdigest(), plain.size_bytes, sealed.digest.hexdigest(), sealed.size_bytes, tuple(dict.fromkeys(recipients))
    )


def _public_keys(recipients: Sequence[str]) -> list[pyrage.x25519.Recipient]:
    if not recipients:
        raise KeyFileError("sealing", "no recipient", "the authority's public key, age1…")
    keys = []
    for number, text in enumerate(dict.fromkeys(recipients), 1):
        try:
            keys.append(pyrage.x25519.Recipient.from_str(text))
        except pyrage.RecipientError as fault:  # a secret key put here by mistake must not be repeated in a message
            shown = "a secret key: the platform may never hold one" if text.upper().startswith("AGE-SECRET-KEY") else repr(text[:12] + "…")
            raise KeyFileError(f"recipient {number}", shown, "a public key of age, X25519: age1…") from fault
    return keys
