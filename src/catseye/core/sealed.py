"""Media that may be stored: originals encrypted to the authority, which the platform cannot open, and redacted copies.

`vision` makes both; tests/laws say so. The files lie in the vault's staging folder until the vault keeps them.
"""

import re
from dataclasses import dataclass
from pathlib import Path

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class SealedMedia:
    """An original, encrypted (age, X25519) to the `recipients`, public keys of the authority: `path` is the ciphertext.

    `sha256`, `size_bytes` and `media_type` (as in `video/mp4`) are of the original; `sealed_sha256`, `sealed_bytes` of the ciphertext.
    """

    path: Path
    media_type: str
    sha256: str
    size_bytes: int
    sealed_sha256: str
    sealed_bytes: int
    recipients: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what nobody could open or hold against its hash."""
        _refuse_hash("sealed media", self.sha256, self.sealed_sha256)
        if not self.recipients:
            raise ValueError("sealed media: no recipient; wanted the authority's public key")


@dataclass(frozen=True, slots=True)
class RedactedMedia:
    """A copy in which heads and plates are filled solid, or of which metadata and thumbnails are gone, or that is numbers alone: who has a grant may see it.

    `path` is the file; `sha256`, `size_bytes` are its own, `derived_from` the SHA-256 of the original; `log` is the redaction log, JSON lines:
    what was filled, in which frame, who found it.
    """

    path: Path
    media_type: str
    sha256: str
    size_bytes: int
    derived_from: str
    log: bytes

    def __post_init__(self) -> None:
        """Refuse what cannot be traced to its original."""
        _refuse_hash("redacted media", self.sha256, self.derived_from)


def _refuse_hash(where: str, *hashes: str) -> None:
    for value in hashes:
        if not _SHA256.fullmatch(value):
            raise ValueError(f"{where}: {value!r}; wanted a SHA-256 in 64 hex digits")
