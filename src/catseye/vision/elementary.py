"""Streams of H.264 and H.265 without a container (Annex B), as vehicle terminals write them: told by their content, and gone through unit by unit."""

import re
from collections.abc import Iterator

H264, H265 = "video/H264", "video/H265"
_STARTS = re.compile(rb"\x00\x00\x01")
# Rec. H.264 table 7-1, Rec. H.265 table 7-1: what a camera's own stream consists of; the rest is reserved, or anybody's
_H264_UNITS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 19, 20})
_H265_UNITS = frozenset({*range(10), *range(16, 22), *range(32, 41)})
_H264_FIRST, _H265_FIRST = frozenset({6, 7, 9}), frozenset({32, 33, 35, 39})
_LOOKED_AT_BYTES = 1 << 16


def elementary_type(head: bytes) -> str | None:
    r"""The media type of a stream that begins so; None for anything else.

    >>> elementary_type(bytes.fromhex("00000001674d0014")), elementary_type(bytes.fromhex("0000000140010c01")), elementary_type(b"\xff\xd8")
    ('video/H264', 'video/H265', None)
    """
    start = 3 if head.startswith(b"\x00\x00\x01") else 4 if head.startswith(b"\x00\x00\x00\x01") else 0
    if not start or len(head) < start + 2 or head[start] & 0x80:
        return None
    first, second = head[start], head[start + 1]
    if first & 1 == 0 and second == 1 and first >> 1 in _H265_FIRST:
        return H265
    return H264 if first & 0x1F in _H264_FIRST else None


def units_fault(data: bytes, media_type: str) -> str | None:
    """What is wrong with a whole stream; None where every byte of it has its place and it begins with what a decoder needs."""
    kinds = _H264_UNITS if media_type == H264 else _H265_UNITS
    seen: set[int] = set()
    for at, unit in _units(data):
        kind = unit[0] & 0x1F if media_type == H264 else unit[0] >> 1
        if unit[0] & 0x80 or kind not in kinds:
            return f"a unit of kind {kind} at byte {at}"
        if b"\x00\x00\x02" in unit or b"\x00\x00\x00" in unit.rstrip(b"\x00"):
            return f"bytes at {at} that no encoder writes"
        seen.add(kind)
    pictures = {1, 5} if media_type == H264 else {*range(10), *range(16, 22)}
    needed = {7, 8} if media_type == H264 else {33, 34}
    return None if needed <= seen and seen & pictures else "parameters or pictures are missing: it was cut"


def told_by_people(data: bytes, media_type: str) -> Iterator[bytes]:
    """The units that players skip (SEI, filler): they may hold anything."""
    skipped = {6, 12} if media_type == H264 else {38, 39, 40}
    for _, unit in _units(data):
        if (unit[0] & 0x1F if media_type == H264 else unit[0] >> 1) in skipped:
            yield unit[:_LOOKED_AT_BYTES]


def _units(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Where each unit begins, and its bytes without the zeros after it; an empty one counts as one of kind 31, which is nobody's."""
    starts = [found.end() for found in _STARTS.finditer(data)]
    for begin, end in zip(starts, [*(start - 3 for start in starts[1:]), len(data)], strict=True):
        yield begin, data[begin:end].rstrip(b"\x00") or b"\x1f"
