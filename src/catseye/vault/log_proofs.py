"""Proofs of the sealed log as values: that it only grew, and that a package is in it. Who checks them needs no database."""

import json
from dataclasses import dataclass
from typing import Self

from catseye.core.errors import SourceError
from catseye.vault.heads import SignedHead
from catseye.vault.leaves import HASH_BYTES, Head
from catseye.vault.merkle import is_continued

PACKAGE = "package"  # the log's kind of an entry that tells a package
_PROOF = "catseye-log-proof-1"
_WANTED = "a proof as `catseye log prove` writes it"


@dataclass(frozen=True, slots=True)
class LogProof:
    """Shows that the log of `new_count` entries begins with the log of `old_count`, whole and unchanged (RFC 6962, 2.1.2)."""

    old_count: int
    new_count: int
    path: tuple[bytes, ...]

    def shows(self, old: Head, new: Head) -> bool:
        """Whether these two heads are of one log that only grew."""
        sizes = (old.size_count, new.size_count) == (self.old_count, self.new_count)
        return sizes and is_continued(self.old_count, self.new_count, old.root, new.root, self.path)

    def to_json(self) -> str:
        """One line; read back by `parse`."""
        return json.dumps({"kind": _PROOF, "old": self.old_count, "new": self.new_count, "path": [step.hex() for step in self.path]})

    @classmethod
    def parse(cls, text: str, shown: str) -> Self:
        """Any text to a proof; SourceError, naming `shown`, when it is none."""
        try:
            said = json.loads(text)
            path = tuple(bytes.fromhex(step) for step in said["path"])
            counts = (said["old"], said["new"])
            is_proof = said["kind"] == _PROOF and all(len(step) == HASH_BYTES for step in path) and all(type(n) is int and n >= 0 for n in counts)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise SourceError(shown, "no proof of a log", _WANTED) from error
        if not is_proof:
            raise SourceError(shown, "no proof of a log of this kind", _WANTED)
        return cls(*counts, path)


@dataclass(frozen=True, slots=True)
class PackageSeal:
    """That a package is in the log: its entry `seq` with the `salt`, the path from there to `head`; and that this head continues heads signed before."""

    seq: int
    salt: bytes
    inclusion: tuple[bytes, ...]
    head: SignedHead
    proofs: tuple[LogProof, ...]


def package_subject(case: str, manifest_sha256: str) -> str:
    """How the log names a package."""
    return f"{case}/{manifest_sha256}"
