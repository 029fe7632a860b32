"""What an uploaded file is, by its content: JPEG, PNG, MP4/MOV or Matroska, walked from its first byte to its last. A file that is two things at once is none.

Nothing is decoded here. Whatever stands behind the end of a picture, in boxes that players skip or in attachments could be read by somebody as something else:
a zip, a page, a script. Such files are refused, though the copies would be clean.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from catseye.core.errors import CatseyeError
from catseye.vision.elementary import H264, H265, elementary_type, told_by_people, units_fault
from catseye.vision.sources.jpeg import START, JpegSplitter

JPEG, PNG, MP4, MOV, MATROSKA, WEBM = "image/jpeg", "image/png", "video/mp4", "video/quicktime", "video/x-matroska", "video/webm"
_WANTED = "a photograph (JPEG, PNG) or a video (MP4, MOV, MKV) as the camera wrote it"
_PNG_SIGNATURE, _EBML = b"\x89PNG\r\n\x1a\n", b"\x1aE\xdf\xa3"
_MOST_PICTURE_BYTES = _MOST_ELEMENTARY_BYTES = 64 << 20
_MOST_CHUNKS_COUNT = 100_000
_LOOKED_AT_BYTES = 1 << 16
_EDGE_BYTES = 4096
# Words that make a browser, a server or a reader take a file for something else; in what a camera writes they do not stand.
_FOREIGN = re.compile(rb"<(?:html|!doctype|script|svg|iframe|body)[\s/>]|<\?php|%pdf-|pk\x03\x04|rar!\x1a\x07|7z\xbc\xaf\x27\x1c", re.IGNORECASE)
_ZIP_END = b"PK\x05\x06"
# ISO/IEC 14496-12, and what cameras and QuickTime add at the top level
_BOXES = frozenset(b"ftyp moov mdat free skip wide uuid meta moof mfra sidx ssix styp pdin udta emsg prft pnot beam sefd inst".split())
# Matroska (RFC 9559): level 1 of a segment
_CLUSTER, _TRACKS, _ATTACHMENTS, _VOID, _TAGS, _CRC = 0x1F43B675, 0x1654AE6B, 0x1941A469, 0xEC, 0x1254C367, 0xBF
_LEVEL_1 = frozenset({0x114D9B74, 0x1549A966, _TRACKS, _CLUSTER, 0x1C53BB6B, _ATTACHMENTS, 0x1043A770, _TAGS, _VOID, _CRC})
_IN_CLUSTER = frozenset({0xE7, 0x5854, 0xA7, 0xAB, 0xA3, 0xA0, 0xAF, _VOID, _CRC})
_SEGMENT, _DOC_TYPE = 0x18538067, 0x4282


class UploadError(CatseyeError):
    """A file that is not taken; nothing of it is kept."""


@dataclass(frozen=True, slots=True)
class _Span:
    """A part of a file that has a name: where its content begins and how long it is."""

    name: bytes
    begin_bytes: int
    size_bytes: int


def recognised(head: bytes, *, is_elementary: bool = False) -> str:
    """The media type that the first 64 bytes claim; UploadError when it is none of ours. What the file is called does not matter.

    `is_elementary`: a stream of H.264 or H.265 without a container is one of ours too.
    """
    if is_elementary and (found := elementary_type(head)):
        return found
    if head.startswith(START):
        return JPEG
    if head.startswith(_PNG_SIGNATURE):
        return PNG
    if head.startswith(_EBML):
        return MATROSKA
    if len(head) >= 12 and head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"hevc"):
            raise UploadError(
                "upload", f"a picture of kind {brand.decode()}, which nothing here can decode", "JPEG: `Most compatible` in the camera's settings"
            )
        return MOV if brand == b"qt  " else MP4
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):
        return MOV
    raise UploadError("upload", f"a file that begins with {head[:8].hex(' ')}", _WANTED)


def walked(file: BinaryIO, media_type: str) -> str:
    """The media type of a whole file, once every byte of it has its place in that format. UploadError for one that is more than that, or cut."""
    size_bytes = file.seek(0, 2)
    walkers = {JPEG: _walk_jpeg, PNG: _walk_png, MP4: _walk_boxes, MOV: _walk_boxes, MATROSKA: _walk_matroska, H264: _walk_h264, H265: _walk_h265}
    found = walkers[media_type](file, size_bytes) or media_type
    _refuse_foreign(_at(file, 0, _EDGE_BYTES), "its beginning")
    _refuse_zip(_at(file, max(0, size_bytes - _LOOKED_AT_BYTES - 22), _LOOKED_AT_BYTES + 22))
    return found


# --- JPEG, ITU-T T.81 ---


def _walk_jpeg(file: BinaryIO, size_bytes: int) -> None:
    if size_bytes > _MOST_PICTURE_BYTES:
        raise UploadError("upload", f"a JPEG of {size_bytes >> 20} MiB", f"at most {_MOST_PICTURE_BYTES >> 20} MiB")
    data = _at(file, 0, size_bytes)
    ends = list(_pictures(data))
    if not ends:
        raise UploadError("upload", "a JPEG without its end", _WANTED)
    is_multi = b"MPF\0" in data[: ends[0]]  # CIPA DC-007: further pictures of the same shot, each a whole JPEG
    end = ends[-1] if is_multi else ends[0]
    if data[end:].strip(b"\0"):
        raise UploadError("upload", f"{len(data) - end} bytes behind the end of a JPEG", "a picture and nothing else")
    for marker, segment in _segments(data[: ends[0]]):
        _refuse_foreign(segment, f"a segment FF{marker:02X} of a JPEG")


def _pictures(data: bytes) -> Iterator[int]:
    """Where each of the JPEGs that follow each other without a gap ends."""
    begin = 0
    while data[begin:].startswith(START):
        whole = JpegSplitter().feed(data[begin:])
        if not whole or data[begin : begin + len(whole[0])] != whole[0]:
            return
        begin += len(whole[0])
        yield begin


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker segments before the first scan."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0xDA:
            return
        yield marker, data[at + 4 : at + 2 + length]
        at += 2 + length


def segment(data: bytes, marker: int, prefix: bytes) -> bytes | None:
    """The content, behind the prefix, of the first segment of a JPEG that has this marker and begins so."""
    return next((found[len(prefix) :] for number, found in _segments(data) if number == marker and found.startswith(prefix)), None)


# --- PNG, ISO/IEC 15948 ---


def _walk_png(file: BinaryIO, size_bytes: int) -> None:
    at_bytes, count = len(_PNG_SIGNATURE), 0
    while at_bytes < size_bytes:
        head = _at(file, at_bytes, 8)
        count += 1
        if len(head) < 8 or not head[4:].isalpha() or count > _MOST_CHUNKS_COUNT:
            raise UploadError("upload", f"no chunk at byte {at_bytes} of a PNG", _WANTED)
        length_bytes, name = int.from_bytes(head[:4]), head[4:]
        if at_bytes + 12 + length_bytes > size_bytes:
            raise UploadError("upload", "a PNG that was cut", _WANTED)
        if name not in (b"IDAT", b"fdAT"):
            _refuse_foreign(_at(file, at_bytes + 8, min(length_bytes, _LOOKED_AT_BYTES)), f"a chunk {name.decode()} of a PNG")
        at_bytes += 12 + length_bytes
        if name == b"IEND":
            if at_bytes != size_bytes or length_bytes:
                raise UploadError("upload", f"{size_bytes - at_bytes} bytes behind the end of a PNG", "a picture and nothing else")
            return
    raise UploadError("upload", "a PNG without its end", _WANTED)


# --- MP4 and QuickTime ---


def _walk_boxes(file: BinaryIO, size_bytes: int) -> None:
    names: set[bytes] = set()
    for box in _boxes(file, 0, size_bytes):
        name = box.name
        if name not in _BOXES:
            raise UploadError("upload", f"a box {name!r} at byte {box.begin_bytes - 8} of a video", _WANTED)
        names.add(name)
        if name != b"mdat":
            _refuse_foreign_in(file, box, f"a box {name.decode()} of a video")
    if not {b"moov", b"mdat"} <= names and not {b"moof", b"moov"} <= names:
        raise UploadError("upload", "a video without its index or its pictures: it was cut", _WANTED)


def _boxes(file: BinaryIO, begin_bytes: int, end_bytes: int) -> Iterator[_Span]:
    count = 0
    while begin_bytes < end_bytes:
        head = _at(file, begin_bytes, 16)
        count += 1
        if len(head) < 8 or count > _MOST_CHUNKS_COUNT:
            raise UploadError("upload", f"no box at byte {begin_bytes} of a video", _WANTED)
        length_bytes, header_bytes = int.from_bytes(head[:4]), 8
        if length_bytes == 1 and len(head) == 16:
            length_bytes, header_bytes = struct.unpack(">Q", head[8:])[0], 16
        elif length_bytes == 0:
            length_bytes = end_bytes - begin_bytes
        if length_bytes < header_bytes or begin_bytes + length_bytes > end_bytes:
            raise UploadError(
                "upload", f"a box of {length_bytes} bytes at byte {begin_bytes} of a video of {end_bytes}: it was cut, or something follows it", _WANTED
            )
        yield _Span(head[4:8], begin_bytes + header_bytes, length_bytes - header_bytes)
        begin_bytes += length_bytes


# --- Matroska, RFC 8794 and 9559 ---


def _walk_matroska(file: BinaryIO, size_bytes: int) -> str:
    header, segment_span, *more = [*_elements(file, 0, size_bytes, 3), None, None]
    if header is None or segment_span is None or _number(segment_span) != _SEGMENT or more[0] is not None:
        raise UploadError("upload", "an EBML file without exactly one segment", _WANTED)
    kind = next((_at(file, each.begin_bytes, each.size_bytes) for each in _inside(file, header) if _number(each) == _DOC_TYPE), b"").rstrip(b"\0")
    if kind not in (b"matroska", b"webm"):
        raise UploadError("upload", f"an EBML file of kind {kind[:20]!r}", _WANTED)
    found: set[int] = set()
    for each in _elements(file, segment_span.begin_bytes, segment_span.begin_bytes + segment_span.size_bytes, _MOST_CHUNKS_COUNT):
        name = _number(each)
        if name not in _LEVEL_1 | _IN_CLUSTER or name == _ATTACHMENTS:
            came = "with attachments" if name == _ATTACHMENTS else f"with an element {name:X} at byte {each.begin_bytes}"
            raise UploadError("upload", f"a Matroska file {came}", "a video and nothing else")
        if name in (_VOID, _TAGS):
            _refuse_foreign_in(file, each, "an element of a Matroska file that players skip")
        found.add(name)
    if not {_TRACKS, _CLUSTER} <= found:
        raise UploadError("upload", "a Matroska file without tracks or pictures: it was cut", _WANTED)
    return WEBM if kind == b"webm" else MATROSKA


def _inside(file: BinaryIO, span: _Span) -> Iterator[_Span]:
    return _elements(file, span.begin_bytes, span.begin_bytes + span.size_bytes, 100)


def _elements(file: BinaryIO, begin_bytes: int, end_bytes: int, most_count: int) -> Iterator[_Span]:
    """Elements one after another; of a cluster of unknown length (a live recording) what is inside follows."""
    count = 0
    while begin_bytes < end_bytes:
        head = _at(file, begin_bytes, 12)
        count += 1
        name_bytes = _length_of_number(head[:1])
        size_length_bytes = _length_of_number(head[name_bytes : name_bytes + 1])
        if name_bytes > 4 or size_length_bytes > 8 or len(head) < name_bytes + size_length_bytes or count > most_count:
            raise UploadError("upload", f"no element at byte {begin_bytes} of a Matroska file", _WANTED)
        name = head[:name_bytes]
        said_bytes = int.from_bytes(head[name_bytes : name_bytes + size_length_bytes]) & ((1 << 7 * size_length_bytes) - 1)
        begin_bytes += name_bytes + size_length_bytes
        is_unknown = said_bytes == (1 << 7 * size_length_bytes) - 1
        number = int.from_bytes(name)
        if is_unknown and number == _CLUSTER:
            yield _Span(name, begin_bytes, 0)
            continue
        length_bytes = end_bytes - begin_bytes if is_unknown and number == _SEGMENT else said_bytes
        if begin_bytes + length_bytes > end_bytes:
            raise UploadError("upload", f"an element of {length_bytes} bytes at byte {begin_bytes} of a Matroska file of {end_bytes}: it was cut", _WANTED)
        yield _Span(name, begin_bytes, length_bytes)
        begin_bytes += length_bytes


def _number(element: _Span) -> int:
    return int.from_bytes(element.name)


def _length_of_number(first: bytes) -> int:
    """How many bytes a variable number has; 9 where it is none."""
    return 9 - first[0].bit_length() if first and first[0] else 9


# --- H.264 and H.265 without a container ---


def _walk_h264(file: BinaryIO, size_bytes: int) -> None:
    _walk_units(file, size_bytes, H264)


def _walk_h265(file: BinaryIO, size_bytes: int) -> None:
    _walk_units(file, size_bytes, H265)


def _walk_units(file: BinaryIO, size_bytes: int, media_type: str) -> None:
    if size_bytes > _MOST_ELEMENTARY_BYTES:
        raise UploadError("upload", f"a stream of {size_bytes >> 20} MiB", f"at most {_MOST_ELEMENTARY_BYTES >> 20} MiB")
    data = _at(file, 0, size_bytes)
    if wrong := units_fault(data, media_type):
        raise UploadError("upload", f"{wrong} in a stream without a container", "H.264 or H.265 as the camera wrote it")
    for unit in told_by_people(data, media_type):
        _refuse_foreign(unit, "a unit that players skip")


# --- what does not belong ---


def _refuse_foreign_in(file: BinaryIO, span: _Span, where: str) -> None:
    at_bytes, end_bytes = span.begin_bytes, span.begin_bytes + span.size_bytes
    while at_bytes < end_bytes:
        _refuse_foreign(_at(file, at_bytes, min(_LOOKED_AT_BYTES, end_bytes - at_bytes)), where)
        at_bytes += _LOOKED_AT_BYTES - 16  # a word may lie across


def _refuse_foreign(content: bytes, where: str) -> None:
    if found := _FOREIGN.search(content):
        shown = found[0].decode("ascii", "replace").strip()
        raise UploadError("upload", f"{shown!r} in {where}: the file is something else as well", "a picture or a video and nothing else")


def _refuse_zip(tail: bytes) -> None:
    """A zip is read from its end, and may stand behind anything (APPNOTE 4.3.16): its last record says how long its comment is."""
    at = tail.rfind(_ZIP_END)
    while at >= 0:
        record = tail[at : at + 22]
        if len(record) == 22 and at + 22 + int.from_bytes(record[20:22], "little") <= len(tail) and record[4:6] == record[6:8]:
            raise UploadError("upload", "the end of a zip archive in it: the file is something else as well", "a picture or a video and nothing else")
        at = tail.rfind(_ZIP_END, 0, at)


def _at(file: BinaryIO, at_bytes: int, size_bytes: int) -> bytes:
    file.seek(at_bytes)
    return file.read(size_bytes)
