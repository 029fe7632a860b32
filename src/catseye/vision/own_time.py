"""When a photograph says it was taken (EXIF, JEITA CP-3451). It is read, compared with what the reporter says, and never copied."""

import re
import struct
from datetime import UTC, datetime, tzinfo

_EXIF_POINTER, _TAKEN, _OFFSET_TAKEN, _CHANGED = 0x8769, 0x9003, 0x9011, 0x0132
_ASCII, _LONG = 2, 4
_MOST_ENTRIES_COUNT = 512
_MOMENT = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")


def taken_at(exif: bytes, local: tzinfo) -> datetime | None:
    """The moment of a TIFF block as EXIF has it, in `local` where it names no offset; None where it says none, or nonsense. Any bytes may come.

    >>> taken_at(b"no tiff", UTC) is None
    True
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None or len(exif) < 8:
        return None
    first = _directory(exif, struct.unpack(order + "I", exif[4:8])[0], order)
    inner_at = first.get(_EXIF_POINTER)
    inner = _directory(exif, inner_at, order) if isinstance(inner_at, int) else {}
    return _moment(inner.get(_TAKEN) or first.get(_CHANGED), inner.get(_OFFSET_TAKEN), local)


def _directory(exif: bytes, at: int, order: str) -> dict[int, int | str]:
    """Its texts and pointers by tag; what lies outside of the block is left out."""
    found: dict[int, int | str] = {}
    if at + 2 > len(exif):
        return found
    (count,) = struct.unpack_from(order + "H", exif, at)
    for number in range(min(count, _MOST_ENTRIES_COUNT)):
        begin = at + 2 + 12 * number
        if begin + 12 > len(exif):
            return found
        tag, kind, length, value = struct.unpack_from(order + "HHII", exif, begin)
        if kind == _LONG and length == 1:
            found[tag] = value
        elif kind == _ASCII and length <= 64:
            place = begin + 8 if length <= 4 else value
            found[tag] = exif[place : place + length].split(b"\0")[0].decode("ascii", "replace")
    return found


def _moment(said: object, offset: object, local: tzinfo) -> datetime | None:
    found = _MOMENT.match(said) if isinstance(said, str) else None
    if found is None:
        return None
    try:
        naive = datetime(*(int(part) for part in found.groups()), tzinfo=local)  # type: ignore[misc, arg-type]  # six numbers: year to second
        apart = _OFFSET.match(offset) if isinstance(offset, str) else None
        if apart is None:
            return naive.astimezone(UTC)
        sign = "+" if apart[1] == "+" else "-"
        return datetime.fromisoformat(f"{naive:%Y-%m-%dT%H:%M:%S}{sign}{apart[2]}:{apart[3]}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
