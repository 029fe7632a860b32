"""Sub-packages: a body too long for one frame goes out in several, and comes together again in whatever order they arrive. Pure values both ways."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Self

from catseye.fleet.errors import SubpackageError
from catseye.fleet.frame808 import MOST_BODY_BYTES, V2013, Frame, Header

MOST_PARTS_COUNT = 1 << 13  # of one message: 8 MB in full parts, more than a picture or a short clip
_ROW_COUNT = 128  # parts lie in rows: one more part copies a row and the list of rows, never all
MOST_TOTAL_BYTES = MOST_PARTS_COUNT * MOST_BODY_BYTES


def split(msg_id: int, phone: str, first_serial: int, body: bytes, *, version: str = V2013, part_bytes: int = MOST_BODY_BYTES) -> list[Frame]:
    """Frames of one body: one without a number where it fits, else as many as it takes, with serials one after the other."""
    if not 0 < part_bytes <= MOST_BODY_BYTES:
        raise SubpackageError("split", f"parts of {part_bytes} bytes", f"1 to {MOST_BODY_BYTES}")
    if len(body) <= part_bytes:
        return [_whole(msg_id, phone, first_serial, body, version, None)]
    parts = [body[begin : begin + part_bytes] for begin in range(0, len(body), part_bytes)]
    if len(parts) > 0xFFFF:
        raise SubpackageError("split", f"{len(parts)} sub-packages", f"at most {0xFFFF}")
    return [_whole(msg_id, phone, first_serial + index, part, version, (len(parts), index + 1)) for index, part in enumerate(parts)]


def _whole(msg_id: int, phone: str, serial: int, body: bytes, version: str, part: tuple[int, int] | None) -> Frame:
    header = Header.of(msg_id, phone, serial, version=version, part=part)
    return Frame(replace(header, attr=header.attr | len(body)), body)


@dataclass(frozen=True, slots=True)
class Joining:
    """What has come of one sub-packaged message. `first_serial` is that of its first part, whichever came first: 0x8003 asks by it."""

    msg_id: int
    phone: str
    version: str
    total: int
    first_serial: int
    rows: tuple[tuple[bytes | None, ...], ...]
    held_count: int = 0
    held_bytes: int = 0

    @classmethod
    def begin(cls, frame: Frame) -> Self:
        """From whichever part comes first."""
        header = frame.header
        _must_be_a_part(header)
        rows = tuple((None,) * min(_ROW_COUNT, header.total - begin) for begin in range(0, header.total, _ROW_COUNT))
        empty = cls(header.msg_id, header.phone, header.version, header.total, header.serial - header.index + 1 & 0xFFFF, rows)
        return empty.add(frame)

    def takes(self, header: Header) -> bool:
        """Whether a part is of this message; another message of the same id has other serials."""
        serial = self.first_serial + header.index - 1 & 0xFFFF
        return header.is_subpackage and (header.msg_id, header.phone, header.version, header.serial) == (self.msg_id, self.phone, self.version, serial)

    def add(self, frame: Frame, most_bytes: int = MOST_TOTAL_BYTES) -> Self:
        """With this part in it. The same part once more changes nothing; SubpackageError when it says something else, or when all is too much."""
        header = frame.header
        _must_be_a_part(header)
        where = f"0x{self.msg_id:04X} from {self.phone}, sub-package {header.index}"
        if not self.takes(header) or header.total != self.total:
            raise SubpackageError(where, f"serial {header.serial}, {header.total} in all", f"the serial after those before it, {self.total} in all")
        row, column = divmod(header.index - 1, _ROW_COUNT)
        before = self.rows[row][column]
        if before is not None:
            if before != frame.body:
                raise SubpackageError(where, "other bytes than the first time", "the same part again, or none")
            return self
        held_bytes = self.held_bytes + len(frame.body)
        if held_bytes > most_bytes:
            raise SubpackageError(where, f"{held_bytes} bytes in all", f"at most {most_bytes}")
        cells = self.rows[row]
        rows = (*self.rows[:row], (*cells[:column], frame.body, *cells[column + 1 :]), *self.rows[row + 1 :])
        return replace(self, rows=rows, held_count=self.held_count + 1, held_bytes=held_bytes)

    @property
    def missing(self) -> list[int]:
        """Numbers of the parts that did not come."""
        return [index for index, part in enumerate(self._parts(), start=1) if part is None]

    @property
    def is_whole(self) -> bool:
        """Whether all came."""
        return self.held_count == self.total

    @property
    def serials(self) -> Iterable[int]:
        """Of all its parts: a peer may acknowledge any of them for the whole."""
        return ((self.first_serial + index) & 0xFFFF for index in range(self.total))

    def body(self) -> bytes:
        """The whole body; SubpackageError while parts are missing."""
        if not self.is_whole:
            raise SubpackageError(f"0x{self.msg_id:04X} from {self.phone}", f"{self.held_count} of {self.total} sub-packages", "all of them")
        return b"".join(part for part in self._parts() if part is not None)

    def _parts(self) -> Iterator[bytes | None]:
        return (part for row in self.rows for part in row)


def _must_be_a_part(header: Header) -> None:
    where = f"0x{header.msg_id:04X} from {header.phone}"
    if header.total > MOST_PARTS_COUNT:
        raise SubpackageError(where, f"{header.total} sub-packages", f"at most {MOST_PARTS_COUNT}")
    if not header.is_subpackage or not 1 <= header.index <= header.total:
        raise SubpackageError(where, f"sub-package {header.index} of {header.total}", "one of 1 to the total")
