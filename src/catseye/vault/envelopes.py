"""Envelopes: AES-256-GCM around anything kept, bound to its name and its drawer, in chunks, so that ten gigabytes never lie in memory.

An envelope is `CATSEYE` and a byte of version (1); the class (a byte of length, UTF-8) and the period (two bytes of length, UTF-8) of its drawer; a salt of
32 random bytes; then chunks of 65,536 bytes, each followed by its tag of 16. The envelope has a key of its own, HKDF-SHA-256 of the drawer's key and the salt,
so its nonces may simply count: eleven bytes big-endian, from 0, and one byte that is 1 for the last chunk (the STREAM construction). Each chunk is bound to
header and name: an envelope that was swapped, cut, lengthened or mixed does not open.
"""

import io
import itertools
import os
from typing import TYPE_CHECKING, BinaryIO, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from catseye.core.errors import StoreError
from catseye.vault.keys import KEY_BYTES, Key

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAGIC = b"CATSEYE\x01"
SALT_BYTES, TAG_BYTES, CHUNK_BYTES = 32, 16, 65_536
_SEALED_BYTES = CHUNK_BYTES + TAG_BYTES
_WANTED = "the envelope that was kept under this name"


class EnvelopeError(StoreError):
    """An envelope that was changed, cut, or put in the place of another."""


def seal(key: Key, name: str, plain: BinaryIO, out: BinaryIO) -> None:
    """Put all of `plain` into an envelope for `name`, written to `out`."""
    header = header_of(key, os.urandom(SALT_BYTES))
    box, bound = box_of(key, header), header + name.encode()
    out.write(header)
    chunk = plain.read(CHUNK_BYTES)
    for counter in itertools.count():
        following = plain.read(CHUNK_BYTES) if len(chunk) == CHUNK_BYTES else b""
        out.write(box.encrypt(nonce_of(counter, is_last=not following), chunk, bound))
        if not following:
            return
        chunk = following


def seal_bytes(key: Key, name: str, plain: bytes) -> bytes:
    """`plain` in an envelope for `name`."""
    out = io.BytesIO()
    seal(key, name, io.BytesIO(plain), out)
    return out.getvalue()


def open_bytes(key: Key, name: str, envelope: bytes) -> bytes:
    """What is in the envelope; EnvelopeError when it is not the one of this name and key, as it was made."""
    return open_envelope(key, name, io.BytesIO(envelope), name).read()


def open_envelope(key: Key, name: str, file: BinaryIO, shown: str) -> BinaryIO:
    """What is in the envelope, to be read and sought in; the file closes with it. Its last chunk is opened first: one that was cut is refused at once."""
    return cast("BinaryIO", io.BufferedReader(_Opened(key, name, file, shown), CHUNK_BYTES))


class _Opened(io.RawIOBase):
    """The plain bytes of an envelope, a chunk at a time."""

    def __init__(self, key: Key, name: str, file: BinaryIO, shown: str) -> None:
        self._file, self._shown = file, shown
        self._at_byte, self._held_number, self._held = 0, -1, b""
        size_bytes = file.seek(0, os.SEEK_END)
        file.seek(0)
        blank = header_of(key, b"\0" * SALT_BYTES)
        header = file.read(len(blank))
        if header[:-SALT_BYTES] != blank[:-SALT_BYTES] or len(header) != len(blank):
            raise EnvelopeError(shown, "no envelope, or one of another drawer", f"an envelope of {key.retention} {key.period}")
        self._box, self._bound, self._begin_byte = box_of(key, header), header + name.encode(), len(header)
        whole_count, rest_bytes = divmod(size_bytes - len(header), _SEALED_BYTES)
        if rest_bytes < TAG_BYTES and (rest_bytes or not whole_count):
            raise EnvelopeError(shown, "an envelope that was cut", _WANTED)
        self._last_number = whole_count if rest_bytes else whole_count - 1
        self._size_bytes = size_bytes - len(header) - TAG_BYTES * (self._last_number + 1)
        self._chunk(self._last_number)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at_byte

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        at_byte = {os.SEEK_SET: 0, os.SEEK_CUR: self._at_byte, os.SEEK_END: self._size_bytes}[whence] + offset
        if at_byte < 0:
            raise ValueError(f"{self._shown}: sought byte {at_byte}; wanted 0 or more")
        self._at_byte = at_byte
        return at_byte

    def readinto(self, buffer: "WriteableBuffer") -> int:
        if self._at_byte >= self._size_bytes:
            return 0
        number, skipped_bytes = divmod(self._at_byte, CHUNK_BYTES)
        view = memoryview(buffer).cast("B")
        found = self._chunk(number)[skipped_bytes : skipped_bytes + len(view)]
        view[: len(found)] = found
        self._at_byte += len(found)
        return len(found)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _chunk(self, number: int) -> bytes:
        if number != self._held_number:
            self._file.seek(self._begin_byte + number * _SEALED_BYTES)
            sealed = self._file.read(_SEALED_BYTES)
            try:
                self._held = self._box.decrypt(nonce_of(number, is_last=number == self._last_number), sealed, self._bound)
            except InvalidTag as error:
                raise EnvelopeError(self._shown, "an envelope that was changed, cut, or is another's", _WANTED) from error
            self._held_number = number
        return self._held


def header_of(key: Key, salt: bytes, magic: bytes = MAGIC) -> bytes:
    """What whatever is locked with this drawer's key begins with; the last bytes are the salt."""
    retention, period = key.retention.encode(), key.period.encode()
    return magic + len(retention).to_bytes(1) + retention + len(period).to_bytes(2) + period + salt


def box_of(key: Key, header: bytes, magic: bytes = MAGIC) -> AESGCM:
    """A key of its own for what has this header."""
    return AESGCM(HKDF(SHA256(), KEY_BYTES, header[-SALT_BYTES:], magic).derive(key.secret))


def nonce_of(number: int, *, is_last: bool) -> bytes:
    """Of one chunk or block; never twice under one header."""
    return number.to_bytes(11) + bytes([is_last])
