"""Signed tree heads: how long the log was and what it came to, at a moment, in words a witness outside can keep and hold against us."""

import base64
import binascii
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from catseye.core.errors import SourceError
from catseye.vault.leaves import HASH_BYTES, Head
from catseye.vault.signing import is_signed, key_name

_KIND = "catseye-log-head-1"
_WANTED = "a signed head as `catseye log head` writes it"


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head with the time it was signed (UTC, nanoseconds), the name of the key, and the signature over all of it (Ed25519)."""

    head: Head
    utc_ns: int
    key: str
    signature: bytes

    def is_by(self, key: Ed25519PublicKey) -> bool:
        """Whether this key signed it, as it stands."""
        return self.key == key_name(key) and is_signed(key, _message(self.head, self.utc_ns, self.key), self.signature)

    def to_json(self) -> str:
        """One line; read back by `signed_head_of`."""
        return json.dumps(_said(self.head, self.utc_ns, self.key) | {"signature": base64.b64encode(self.signature).decode()})


def sign_head(head: Head, utc_ns: int, key: Ed25519PrivateKey) -> SignedHead:
    """`head` as this key vouches for it."""
    name = key_name(key.public_key())
    return SignedHead(head, utc_ns, name, key.sign(_message(head, utc_ns, name)))


def signed_head_of(text: str, shown: str) -> SignedHead:
    """Any text to a signed head; SourceError, naming `shown`, when it is none."""
    try:
        said = json.loads(text)
        root, signature = bytes.fromhex(said["root"]), base64.b64decode(said["signature"], validate=True)
        found = SignedHead(Head(_count(said["size"]), root), _count(said["time_utc_ns"]), str(said["key"]), signature)
        is_head = said["kind"] == _KIND and len(root) == HASH_BYTES
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError) as error:
        raise SourceError(shown, "no signed head of a log", _WANTED) from error
    if not is_head:
        raise SourceError(shown, "no signed head of a log of this kind", _WANTED)
    return found


def read_signed_head(path: Path) -> SignedHead:
    """The signed head of a file; SourceError when it cannot be read or is none."""
    try:
        return signed_head_of(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(str(path), getattr(error, "strerror", None) or "not text", _WANTED) from error


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("no count")
    return value


def _said(head: Head, utc_ns: int, key: str) -> dict[str, Any]:
    return {"kind": _KIND, "size": head.size_count, "root": head.root.hex(), "time_utc_ns": utc_ns, "key": key}


def _message(head: Head, utc_ns: int, key: str) -> bytes:
    """What is signed: one way to write it, keys sorted and no spaces (for such values, RFC 8785)."""
    return json.dumps(_said(head, utc_ns, key), sort_keys=True, separators=(",", ":")).encode()
