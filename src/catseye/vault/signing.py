"""Signing keys: Ed25519 (RFC 8032) in files of their own, outside every database. A key others may read signs nothing."""

import os
import stat
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from catseye.core.errors import KeyFileError
from catseye.vault.files import disk_errors

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WANTED = "an Ed25519 key in PEM, as `catseye log key` makes it"


def make_signing_key(path: Path) -> Path:
    """Write a new private key, readable by this user alone, and its public half beside it (`.pub`), which is returned. KeyFileError where one is already."""
    public_path = path.with_name(f"{path.name}.pub")
    for taken in (path, public_path):
        if taken.exists():
            raise KeyFileError(str(taken), "there is a file already", "a name that is free: a key is never replaced")
    key = Ed25519PrivateKey.generate()
    _write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    _write(public_path, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), 0o644)
    return public_path


def load_signing_key(path: Path) -> Ed25519PrivateKey:
    """The private key of a file. KeyFileError when it is missing, may be read by others, or is no such key."""
    content = _content(path)
    if path.stat().st_mode & _OTHERS:
        raise KeyFileError(str(path), f"a private key with mode {stat.S_IMODE(path.stat().st_mode):04o}, that others may use", "mode 0600: chmod 600")
    try:
        key = load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFileError(str(path), "no private key, or one with a password", _WANTED) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(str(path), f"a key of another kind ({type(key).__name__})", _WANTED)
    return key


def load_public_key(path: Path) -> Ed25519PublicKey:
    """The public key of a file. KeyFileError when it is missing or no such key."""
    try:
        key = load_pem_public_key(_content(path))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFileError(str(path), "no public key", "the .pub file beside the private key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFileError(str(path), f"a key of another kind ({type(key).__name__})", _WANTED)
    return key


def key_name(key: Ed25519PublicKey) -> str:
    """What tells one key from another: the first half of the SHA-256 of its raw bytes, hex."""
    return sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:32]


def is_signed(key: Ed25519PublicKey, message: bytes, signature: bytes) -> bool:
    """Whether this key signed this message."""
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _write(path: Path, content: bytes, mode: int) -> None:
    with disk_errors(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)  # never readable by others, not even for a moment
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyFileError(str(path), (error.strerror or str(error)).lower(), "a key file") from error
