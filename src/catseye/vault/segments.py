"""Segments: files that only grow, block by sealed block; what was written half when a process or the power went is found and cut.

A segment is `CATSEYJ` and a byte of version (1), class and period of its drawer and a salt as an envelope has them, then blocks. A block is a head of 28 bytes
(a mark of 4; little-endian: bytes that follow, number from 0, moment of its newest record in ns; CRC-32 of these) and AES-256-GCM under the segment's own key,
HKDF-SHA-256 of drawer key and salt. The nonce is the block's number in 11 bytes and one byte that is 1 for the end, an empty block. A block is bound to the
segment's header and name and to its own head. Whoever writes begins a new segment after any fault, so no nonce comes twice.
"""

import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from catseye.core.errors import StoreError
from catseye.vault.envelopes import SALT_BYTES, TAG_BYTES, box_of, header_of, nonce_of
from catseye.vault.files import disk_errors, sync_folder
from catseye.vault.keys import Key

MAGIC = b"CATSEYJ\x01"
SUFFIX = ".journal"
_MARK = b"\xcaBL\xac"
_SAID = struct.Struct("<4sIQq")
_CRC_BYTES = 4
HEAD_BYTES = _SAID.size + _CRC_BYTES
_END_BYTES = HEAD_BYTES + TAG_BYTES


class SegmentDamagedError(StoreError):
    """Blocks in the middle of a segment that do not open: what a kill or a power cut never does."""


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands before a block's sealed bytes."""

    number: int
    sealed_bytes: int
    newest_utc_ns: int

    @classmethod
    def read(cls, raw: bytes) -> "_Head | None":
        """None for bytes that are no head."""
        if len(raw) < HEAD_BYTES or not raw.startswith(_MARK) or crc32(raw[: _SAID.size]).to_bytes(_CRC_BYTES, "little") != raw[_SAID.size : HEAD_BYTES]:
            return None
        _, sealed_bytes, number, newest_utc_ns = _SAID.unpack_from(raw)
        return cls(number, sealed_bytes, newest_utc_ns)

    def __bytes__(self) -> bytes:
        said = _SAID.pack(_MARK, self.sealed_bytes, self.number, self.newest_utc_ns)
        return said + crc32(said).to_bytes(_CRC_BYTES, "little")

    @property
    def is_end(self) -> bool:
        """An empty block is the end of a segment that was closed."""
        return self.sealed_bytes == TAG_BYTES


class SegmentWriter:
    """One new segment."""

    def __init__(self, path: Path, key: Key) -> None:
        """Made with its header, durable in its folder. StoreError when the disk says no."""
        self.path, self.size_bytes, self._number = path, 0, 0
        self._header = header_of(key, os.urandom(SALT_BYTES), MAGIC)
        self._box = box_of(key, self._header, MAGIC)
        with disk_errors(path):
            self._file = path.open("xb", buffering=0)
            try:
                self._write(self._header)
                os.fsync(self._file.fileno())
                sync_folder(path.parent)
            except BaseException:  # whatever it was: nothing was kept in it
                self._file.close()
                path.unlink(missing_ok=True)
                raise

    def append(self, plain: bytes, newest_utc_ns: int) -> int:
        """The number of the block, durable on return. After a StoreError the segment is of no more use: `abandon` it."""
        if not plain:
            raise ValueError("an empty block; wanted something to keep")
        number = self._number
        with disk_errors(self.path):
            self._write(_sealed(self._box, self._header, self.path, _Head(number, len(plain) + TAG_BYTES, newest_utc_ns), plain))
            os.fdatasync(self._file.fileno())
        self._number += 1
        return number

    def is_there(self) -> bool:
        """Whether the file is still where it was made: forgetting may have removed it."""
        with disk_errors(self.path):
            try:
                found, mine = self.path.stat(), os.fstat(self._file.fileno())
            except FileNotFoundError:
                return False
        return (found.st_ino, found.st_dev) == (mine.st_ino, mine.st_dev)

    def end(self) -> None:
        """Close it for good, and say so in it."""
        with disk_errors(self.path), self._file:
            self._write(_sealed(self._box, self._header, self.path, _Head(self._number, TAG_BYTES, 0), b""))
            os.fdatasync(self._file.fileno())

    def abandon(self, whole_bytes: int) -> None:
        """Let it go after a fault, without what came after `whole_bytes`."""
        with suppress(OSError), self._file:
            self._file.truncate(whole_bytes)

    def _write(self, content: bytes) -> None:
        view = memoryview(content)
        while view:
            written = self._file.write(view)
            self.size_bytes += written or 0
            view = view[written or 0 :]


class SegmentReader:
    """What is whole in one segment at the moment it is opened; `faults` tells what should be and is not."""

    def __init__(self, path: Path, key: Key) -> None:
        """FileNotFoundError when it is gone; SegmentDamagedError when it is of another drawer."""
        self.path = path
        self.faults: list[str] = []
        self._file: BinaryIO = path.open("rb")
        self._size_bytes = os.fstat(self._file.fileno()).st_size
        blank = header_of(key, b"\0" * SALT_BYTES, MAGIC)
        self._header = self._file.read(len(blank))
        self._begin_byte = len(blank)
        if len(self._header) == len(blank) and self._header[:-SALT_BYTES] != blank[:-SALT_BYTES]:
            self._file.close()
            raise SegmentDamagedError(str(path), "no segment, or one of another drawer", f"a segment of {key.retention} {key.period}")
        self._box = box_of(key, self._header, MAGIC) if len(self._header) == len(blank) else None

    def __enter__(self) -> "SegmentReader":
        """Itself; it closes at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self._file.close()

    @property
    def is_ended(self) -> bool:
        """Whether it was closed by its writer."""
        self._file.seek(max(0, self._size_bytes - _END_BYTES))
        head = _Head.read(self._file.read(HEAD_BYTES))
        return head is not None and head.is_end and self._opened(self._size_bytes - _END_BYTES, head) == b""

    def blocks(self, begin: int = 0, since_utc_ns: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Number and content of each whole block from `begin` on whose newest record is not older. A half one at the tail is none."""
        if self._box is None:
            return
        for at, head, is_followed in self._heads():
            if head.is_end or head.number < begin or (since_utc_ns is not None and head.newest_utc_ns < since_utc_ns):
                continue
            plain = self._opened(at, head)
            if plain is not None:
                yield head.number, plain
            elif is_followed:
                self.faults.append(f"block {head.number} at byte {at} does not open, and others follow")

    def whole_bytes(self) -> int:
        """Where the last whole block ends; -1 when the header is not whole."""
        if self._box is None:
            return -1
        whole_bytes = self._begin_byte
        for at, head, is_followed in self._heads():
            if is_followed or self._opened(at, head) is not None:
                whole_bytes = at + HEAD_BYTES + head.sealed_bytes
        return whole_bytes

    def mend(self) -> int:
        """Cut what a dead writer left half, and end the segment; how many bytes went. One damaged in the middle stays as it is, and `faults` tells."""
        if self._box is not None and self.is_ended:
            return 0
        whole_bytes = self.whole_bytes()
        if self.faults:
            return 0
        with disk_errors(self.path):
            if self._box is None or whole_bytes == self._begin_byte:
                self.path.unlink(missing_ok=True)
                sync_folder(self.path.parent)
                return self._size_bytes
            count = 1 + max(head.number for at, head, _ in self._heads() if at < whole_bytes)
            with self.path.open("r+b") as file:
                file.truncate(whole_bytes)
                file.seek(whole_bytes)
                file.write(_sealed(self._box, self._header, self.path, _Head(count, TAG_BYTES, 0), b""))
                file.flush()
                os.fsync(file.fileno())
        return self._size_bytes - whole_bytes

    def _heads(self) -> Iterator[tuple[int, _Head, bool]]:
        """Heads of blocks that lie whole in the file: where, which, and whether another follows. What lies between two that do not meet is a fault."""
        at, number, held = self._begin_byte, 0, None
        while True:
            head = self._head_at(at)
            if head is None or head.number != number:
                found = self._next_head(at, number)
                if held is not None:
                    yield (*held, found is not None)
                if found is None:
                    return
                self.faults.append(f"{found[0] - at} bytes from byte {at} on are no block, and others follow")
                held = found
            else:
                if held is not None:
                    yield (*held, True)
                held = (at, head)
            at, number = held[0] + HEAD_BYTES + held[1].sealed_bytes, held[1].number + 1

    def _head_at(self, at: int) -> _Head | None:
        """The head there, where its block is whole."""
        self._file.seek(at)
        head = _Head.read(self._file.read(HEAD_BYTES)) if at + HEAD_BYTES <= self._size_bytes else None
        return head if head is not None and at + HEAD_BYTES + head.sealed_bytes <= self._size_bytes else None

    def _next_head(self, begin_byte: int, number: int) -> tuple[int, _Head] | None:
        """The next block that is one, at least as far on as `number`."""
        self._file.seek(begin_byte)
        rest = self._file.read(max(0, self._size_bytes - begin_byte))
        at = rest.find(_MARK)
        while at >= 0:
            head = self._head_at(begin_byte + at)
            if head is not None and head.number >= number:
                return begin_byte + at, head
            at = rest.find(_MARK, at + 1)
        return None

    def _opened(self, at: int, head: _Head) -> bytes | None:
        if self._box is None:
            return None
        self._file.seek(at + HEAD_BYTES)
        sealed = self._file.read(head.sealed_bytes)
        try:
            return self._box.decrypt(nonce_of(head.number, is_last=head.is_end), sealed, _bound_to(self._header, self.path, head))
        except InvalidTag:
            return None


def _sealed(box: AESGCM, header: bytes, path: Path, head: _Head, plain: bytes) -> bytes:
    return bytes(head) + box.encrypt(nonce_of(head.number, is_last=head.is_end), plain, _bound_to(header, path, head))


def _bound_to(header: bytes, path: Path, head: _Head) -> bytes:
    return header + path.name.encode() + bytes(head)
