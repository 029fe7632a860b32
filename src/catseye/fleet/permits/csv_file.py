"""The bytes of a table of permits: which encoding, which delimiter, which columns, told rather than assumed."""

import csv
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, TypeAlias

from catseye.fleet.permits.columns import COLUMN_OF, IS_LEFT_OUT, plain
from catseye.fleet.permits.errors import PermitFileError

MOST_BYTES = 256 << 20
ENCODINGS = ("utf-8", "gb18030", "cp1258")  # gb18030 holds all of GBK; tried in this order where no mark of order tells
_SHOWN = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8 with BOM", "utf-16": "UTF-16", "gb18030": "GBK", "cp1258": "Windows-1258"}
DELIMITERS = (",", ";", "\t", "|")
NEEDED = ("plate", "permit", "scope", "valid_from", "valid_until")

Line: TypeAlias = tuple[int, tuple[str, ...]]  # its number in the file, its cells


@dataclass(frozen=True, slots=True)
class Table:
    """A table that was read. `columns`: where each known column stands; `ignored` and `left_out` are headings that were not taken in."""

    encoding: str
    delimiter: str
    columns: dict[str, int]
    ignored: tuple[str, ...]
    left_out: tuple[str, ...]
    lines: tuple[Line, ...]


def read_table(stream: BinaryIO) -> Table:
    """Any bytes → a table or PermitFileError."""
    raw = stream.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise PermitFileError("permits", f"more than {MOST_BYTES >> 20} MiB", "a smaller file")
    best: tuple[int, Table] | None = None
    for encoding, text in _readings(raw):
        for delimiter in DELIMITERS:
            heading = _heading(text, delimiter)
            known = len({COLUMN_OF[plain(cell)] for cell in heading if plain(cell) in COLUMN_OF})
            if best is None or known > best[0]:
                best = known, _table(text, encoding, delimiter, heading)
    if best is None:
        raise PermitFileError("permits", "bytes that are no text", "CSV in " + ", ".join(_SHOWN.values()))
    if lacking := [name for name in NEEDED if name not in best[1].columns]:
        found = ", ".join(best[1].columns) or "none that is known"
        raise PermitFileError(f"permits, heading ({best[1].encoding})", f"columns: {found}", "a heading with " + ", ".join(lacking) + " too")
    return best[1]


def _readings(raw: bytes) -> Iterator[tuple[str, str]]:
    marked = "utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else None
    for encoding in (marked,) if marked else ENCODINGS:
        try:
            text = raw.decode(encoding)
        except UnicodeError:
            continue
        yield _SHOWN[encoding], unicodedata.normalize("NFC", text)  # Windows-1258 writes tones as marks of their own
        if encoding == "utf-8":
            return  # what is UTF-8 by chance is rarer than a typing error


def _heading(text: str, delimiter: str) -> list[str]:
    for _, cells in _lines(text[:65_536], delimiter):
        return list(cells)
    return []


def _table(text: str, encoding: str, delimiter: str, heading: list[str]) -> Table:
    columns: dict[str, int] = {}
    ignored, left_out = [], []
    for place, cell in enumerate(heading):
        word = plain(cell)
        if word in IS_LEFT_OUT:
            left_out.append(cell.strip())
        elif word in COLUMN_OF and COLUMN_OF[word] not in columns:
            columns[COLUMN_OF[word]] = place
        elif cell.strip():
            ignored.append(cell.strip())
    lines = tuple(_lines(text, delimiter))[1:] if columns else ()
    return Table(encoding, delimiter, columns, tuple(ignored), tuple(left_out), lines)


def _lines(text: str, delimiter: str) -> Iterator[Line]:
    """Lines with something in them, by the number of their last line in the file."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, tuple(cells)
    except csv.Error as error:
        raise PermitFileError(f"permits, line {reader.line_num}", str(error), "CSV") from error
