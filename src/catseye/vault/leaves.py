"""What a leaf and a head of the sealed log are: values alone, so that who checks a proof needs no database."""

from dataclasses import dataclass

from catseye.vault.merkle import leaf_hash

HASH_BYTES, SALT_BYTES = 32, 16


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact to be logged: `body` is what its leaf stands for, byte for byte, and is kept elsewhere."""

    kind: str
    subject: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The log at one size."""

    size_count: int
    root: bytes


def entry_leaf(salt: bytes, entry: Entry) -> bytes:
    """Leaf hash of a salted entry; the parts are told apart by their lengths."""
    parts = (salt, entry.kind.encode(), entry.subject.encode(), entry.body)
    return leaf_hash(b"".join(len(part).to_bytes(8) + part for part in parts))
