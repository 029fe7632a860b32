"""One way to write a zip, and a reader that accepts no other: entries stored, sorted, without times, extras or comments.

So every byte of the file follows from the names and contents, and a changed byte in any header is found as surely as one in a content. Nothing is
compressed: what comes out is never larger than what went in. No zip64: a package is below 4 GiB.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from catseye.cases.package.errors import CONTAINER, Fault, PackageError

Content: TypeAlias = bytes | Path

MOST_BYTES = (1 << 32) - 2
MOST_ENTRIES_COUNT = 4096
MOST_NAME_BYTES = 200
_CHUNK_BYTES = 1 << 20

_LOCAL = struct.Struct("<4s5H3I2H")
_RECORD = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LOCAL_MARK, _RECORD_MARK, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_NEEDED, _MADE_BY = 10, 3 << 8 | 20  # a stored file; made on Unix
_DATE = 1 << 5 | 1  # 1980-01-01, the first day zip knows
_PLAIN_FILE = 0o100644 << 16
_LOCAL_FIELDS = ("signature", "version", "flags", "compression method", "time", "date", "checksum", "stored size", "size", "name length", "extra length")
_RECORD_FIELDS = (
    "signature",
    "version made by",
    *_LOCAL_FIELDS[1:],
    "comment length",
    "disk number",
    "internal attributes",
    "file attributes",
    "place",
)
_END_FIELDS = ("signature", "disk number", "disk of the directory", "entries here", "entries", "directory size", "directory place", "comment length")

# One spelling on every system: no folder above, no drive, nothing that differs only by case or normal form elsewhere.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.%-]*(/[A-Za-z0-9][A-Za-z0-9_.%-]*)*")


@dataclass(frozen=True, slots=True)
class Measured:
    """What a content comes to."""

    size_bytes: int
    crc: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """An entry as found: its content begins at `place_bytes` of the file; `kept` is the content itself where it was wanted."""

    name: str
    measured: Measured
    place_bytes: int
    kept: bytes | None


@dataclass(frozen=True, slots=True)
class ZipReading:
    """What a file holds, as far as it could be read; `is_whole` when all of it was."""

    entries: Mapping[str, ReadEntry]
    faults: tuple[Fault, ...]
    is_whole: bool


class _Stop(Exception):  # noqa: N818 - no error of the caller: it ends the walk at the first byte that cannot be explained
    def __init__(self, file: str, fact: str) -> None:
        super().__init__(fact)
        self.fault = Fault(file, fact)


def name_fault(name: str) -> str | None:
    """Why no entry may be called this; None when it may."""
    if len(name) > MOST_NAME_BYTES or not _NAME.fullmatch(name):
        return "a name that could mean another place, or something else elsewhere; wanted plain letters, digits, . _ - % between slashes"
    if any(part.endswith(".") for part in name.split("/")):
        return "a name with a point at the end of a part, which some systems drop"
    return None


def measure(content: Content) -> Measured:
    """Size, checksum and hash; a file is read in pieces."""
    digest, crc, size = sha256(), 0, 0
    for piece in _pieces(content):
        digest.update(piece)
        crc = zlib.crc32(piece, crc)
        size += len(piece)
    return Measured(size, crc.to_bytes(4, "little"), digest.hexdigest())


def write_zip(file: BinaryIO, entries: Sequence[tuple[str, Content, Measured]]) -> None:
    """Write the one zip of these entries. PackageError when a content is no longer what was measured, a name may not be, or it would be too large."""
    ordered = sorted(entries, key=lambda entry: entry[0].encode())
    if fault := _names_fault([name for name, _, _ in ordered]):
        raise PackageError(fault.file, fault.fact, "names that mean one thing everywhere")
    if _length_bytes(ordered) > MOST_BYTES:
        raise PackageError("package", f"{_length_bytes(ordered)} bytes", f"{MOST_BYTES} at most")
    place, records = 0, []
    for name, content, measured in ordered:
        header = _local(name.encode(), measured)
        file.write(header)
        _copy(file, name, content, measured)
        records.append(_record(name.encode(), measured, place))
        place += len(header) + measured.size_bytes
    directory = b"".join(records)
    file.write(directory + _end(len(records), len(directory), place))


def read_zip(file: BinaryIO, wanted: Callable[[str, int], bool]) -> ZipReading:
    """Read a canonical zip once from begin to end; contents that are `wanted` (name, bytes) are kept. PackageError when it is no zip at all.

    What is wrong is a fault that names the entry; where the bytes cannot be explained any further, reading ends.
    """
    walk = _Walk(file, wanted)
    try:
        walk.walk()
    except _Stop as stop:
        return ZipReading(walk.entries, (*walk.faults, stop.fault), False)
    return ZipReading(walk.entries, tuple(walk.faults), True)


@dataclass(slots=True)
class _Walk:
    """Directory and headers side by side: each must say of the other what the canonical writing would."""

    file: BinaryIO
    wanted: Callable[[str, int], bool]
    entries: dict[str, ReadEntry] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def walk(self) -> None:
        directory, begin_bytes, count = self._directory()
        at_bytes, place_bytes = 0, 0
        for _ in range(count):
            record = directory[at_bytes : at_bytes + _RECORD.size]
            name_bytes = _RECORD.unpack(record)[10] if len(record) == _RECORD.size else 0
            record = directory[at_bytes : at_bytes + _RECORD.size + name_bytes]
            place_bytes = self._entry(record, place_bytes, begin_bytes)
            at_bytes += len(record)
        if at_bytes != len(directory):
            raise _Stop(CONTAINER, f"{len(directory) - at_bytes} bytes too many in the zip's directory")
        if place_bytes != begin_bytes:
            raise _Stop(CONTAINER, f"{begin_bytes - place_bytes} bytes between the last entry and the zip's directory belong to nothing")
        if fault := _names_fault(list(self.entries)):
            self.faults.append(fault)

    def _directory(self) -> tuple[bytes, int, int]:
        size_bytes = self.file.seek(0, 2)
        self.file.seek(0)
        begins_as_zip = self.file.read(4) == _LOCAL_MARK
        self.file.seek(max(0, size_bytes - _END.size))
        end = self.file.read(_END.size)
        if not begins_as_zip and not end.startswith(_END_MARK):
            raise PackageError("package", "a file that is no zip", "a package as `catseye case export` writes it")
        if len(end) < _END.size:
            raise _Stop(CONTAINER, "cut short: the zip's directory is missing")
        *_, count, length_bytes, begin_bytes, _ = _END.unpack(end)
        if size_bytes > MOST_BYTES:
            raise _Stop(CONTAINER, f"{size_bytes} bytes; a package has {MOST_BYTES} at most")
        if difference := _difference(end, _end(count, size_bytes - _END.size - begin_bytes, begin_bytes), _END, _END_FIELDS):
            raise _Stop(CONTAINER, f"the end of the zip's directory: {difference}")
        if count > MOST_ENTRIES_COUNT or length_bytes > MOST_ENTRIES_COUNT * (_RECORD.size + MOST_NAME_BYTES):
            raise _Stop(CONTAINER, f"{count} entries in a directory of {length_bytes} bytes; a package has {MOST_ENTRIES_COUNT} at most")
        self.file.seek(begin_bytes)
        return self.file.read(length_bytes), begin_bytes, count

    def _entry(self, record: bytes, place_bytes: int, end_bytes: int) -> int:
        """One entry; where the next one begins."""
        self.file.seek(place_bytes)
        header = self.file.read(_LOCAL.size)
        named_bytes = _LOCAL.unpack(header)[9] if len(header) == _LOCAL.size else 0
        header += self.file.read(min(named_bytes, MOST_NAME_BYTES + 1))
        listed, there = record[_RECORD.size :], header[_LOCAL.size :]
        shown = _shown(listed, there)
        if len(record) < _RECORD.size or not listed:
            raise _Stop(shown, "its record in the zip's directory is cut short")
        size_bytes, crc = int.from_bytes(record[24:28], "little"), record[16:20]
        claimed = Measured(size_bytes, crc, "")
        if difference := _difference(record, _record(listed, claimed, place_bytes), _RECORD, _RECORD_FIELDS) or _listed_fault(listed):
            raise _Stop(shown, f"its record in the zip's directory: {difference}")
        name = listed.decode("ascii")
        if self.entries and name.encode() <= next(reversed(self.entries)).encode():
            last = next(reversed(self.entries))
            raise _Stop(shown, "twice in the zip" if name == last else f"after {last} in the zip; wanted entries in order")
        if difference := _difference(header, _local(listed, claimed), _LOCAL, _LOCAL_FIELDS):
            raise _Stop(shown, f"its header: {difference}")
        begin_bytes = place_bytes + len(header)
        if begin_bytes + size_bytes > end_bytes:
            raise _Stop(shown, f"its {size_bytes} bytes reach over the zip's directory")
        self._content(name, claimed, begin_bytes)
        return begin_bytes + size_bytes

    def _content(self, name: str, claimed: Measured, begin_bytes: int) -> None:
        digest, crc, left_bytes = sha256(), 0, claimed.size_bytes
        kept: list[bytes] | None = [] if self.wanted(name, claimed.size_bytes) else None
        while left_bytes:
            piece = self.file.read(min(_CHUNK_BYTES, left_bytes))
            if not piece:
                raise _Stop(name, "its content is cut short")
            digest.update(piece)
            crc = zlib.crc32(piece, crc)
            left_bytes -= len(piece)
            if kept is not None:
                kept.append(piece)
        if crc.to_bytes(4, "little") != claimed.crc:
            self.faults.append(Fault(name, "its content does not have the checksum the zip tells"))
        measured = Measured(claimed.size_bytes, claimed.crc, digest.hexdigest())
        self.entries[name] = ReadEntry(name, measured, begin_bytes, None if kept is None else b"".join(kept))


def copy_entry(file: BinaryIO, entry: ReadEntry, to: BinaryIO) -> None:
    """Copy one content out of the file; PackageError when it is no longer what was read before."""
    file.seek(entry.place_bytes)
    digest, left_bytes = sha256(), entry.measured.size_bytes
    while left_bytes and (piece := file.read(min(_CHUNK_BYTES, left_bytes))):
        digest.update(piece)
        to.write(piece)
        left_bytes -= len(piece)
    if left_bytes or digest.hexdigest() != entry.measured.sha256:
        raise PackageError(entry.name, "changed while it was being checked", "a file nobody writes to")


def _pieces(content: Content) -> Iterator[bytes]:
    with closing(BytesIO(content) if isinstance(content, bytes) else content.open("rb")) as file:
        while piece := file.read(_CHUNK_BYTES):
            yield piece


def _copy(file: BinaryIO, name: str, content: Content, measured: Measured) -> None:
    digest, size = sha256(), 0
    for piece in _pieces(content):
        digest.update(piece)
        size += len(piece)
        if size > measured.size_bytes:
            break
        file.write(piece)
    if size != measured.size_bytes or digest.hexdigest() != measured.sha256:
        raise PackageError(name, "changed while the package was being written", "a file nobody writes to")


def _length_bytes(entries: Sequence[tuple[str, Content, Measured]]) -> int:
    return _END.size + sum(_LOCAL.size + _RECORD.size + 2 * len(name) + measured.size_bytes for name, _, measured in entries)


def _names_fault(names: Sequence[str]) -> Fault | None:
    """The first name, of names in order, that may not be, or that may not be beside the others."""
    if len(names) > MOST_ENTRIES_COUNT:
        return Fault(CONTAINER, f"{len(names)} entries; a package has {MOST_ENTRIES_COUNT} at most")
    folded: dict[str, str] = {}
    folders: dict[str, str] = {}
    for name in names:
        if why := name_fault(name):
            return Fault(name, why)
        if name.lower() in folded:
            return Fault(name, f"the same name as {folded[name.lower()]}, at least where case does not count")
        folded[name.lower()] = name
        parts = name.lower().split("/")
        folders |= {"/".join(parts[:depth]): name for depth in range(1, len(parts))}
    for name in names:
        if name.lower() in folders:
            return Fault(name, f"a file where {folders[name.lower()]} needs a folder")
    return None


def _listed_fault(listed: bytes) -> str | None:
    return name_fault(listed.decode("ascii", "replace"))


def _shown(listed: bytes, there: bytes) -> str:
    """How an entry is named to people: as its header and its record name it, both when they differ."""
    names = [name.decode("ascii", "backslashreplace") for name in dict.fromkeys((listed, there)) if name]
    legal = [name for name in names if name_fault(name) is None]
    return " or ".join(legal or names[:1]) or CONTAINER


def _local(name: bytes, measured: Measured) -> bytes:
    crc, size = int.from_bytes(measured.crc, "little"), measured.size_bytes
    return _LOCAL.pack(_LOCAL_MARK, _NEEDED, 0, 0, 0, _DATE, crc, size, size, len(name), 0) + name


def _record(name: bytes, measured: Measured, place_bytes: int) -> bytes:
    crc, size = int.from_bytes(measured.crc, "little"), measured.size_bytes
    return _RECORD.pack(_RECORD_MARK, _MADE_BY, _NEEDED, 0, 0, 0, _DATE, crc, size, size, len(name), 0, 0, 0, 0, _PLAIN_FILE, place_bytes) + name


def _end(count: int, length_bytes: int, begin_bytes: int) -> bytes:
    if not 0 <= length_bytes < 1 << 32:
        return b""
    return _END.pack(_END_MARK, 0, 0, count, count, length_bytes, begin_bytes, 0)


def _difference(found: bytes, wanted: bytes, shape: struct.Struct, names: Sequence[str]) -> str | None:
    """What the first field is that is not as the one canonical writing has it."""
    if found == wanted:
        return None
    if len(found) < shape.size or len(wanted) < shape.size:
        return "sizes that cannot be"
    pairs = zip(names, shape.unpack(found[: shape.size]), shape.unpack(wanted[: shape.size]), strict=True)
    for name, came, canonical in pairs:
        if came != canonical:
            return f"{name} {_said(name, came)}; wanted {_said(name, canonical)}"
    return "another name"


def _said(name: str, value: Any) -> str:
    if name == "file attributes" and value >> 28 == 0o12:
        return "of a symbolic link"
    if name == "compression method" and value:
        return f"{value} (compressed)"
    return f"{value:#o}" if name == "file attributes" else value.hex() if isinstance(value, bytes) else str(value)
