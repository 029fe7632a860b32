"""A file is what its bytes are, from the first to the last; two things at once are none."""

from contextlib import suppress
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vision.files import exif, jpeg, loaded_jpeg, png, scene, video, with_chunk, with_segments

from catseye.vision.upload_formats import UploadError, recognised, walked

ZIP = BytesIO()
with ZipFile(ZIP, "w") as archive:
    archive.writestr("evil.html", "<html>")
PHOTO, DRAWING, CLIP, FILM = jpeg(), png(), video(), video(form="matroska")


def kind_of(content: bytes) -> str:
    return walked(BytesIO(content), recognised(content[:64]))


def box(name: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4) + name + content


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PHOTO, "image/jpeg"),
        (loaded_jpeg(), "image/jpeg"),
        (DRAWING, "image/png"),
        (CLIP, "video/mp4"),
        (video(form="mov"), "video/quicktime"),
        (FILM, "video/x-matroska"),
        (video(form="webm"), "video/webm"),
        (CLIP + box(b"free", b"IsoMedia File Produced with a camera"), "video/mp4"),
        (PHOTO + b"\0" * 100, "image/jpeg"),
        (with_segments(PHOTO, (0xE2, b"MPF\0" + b"II*\0")) + jpeg(scene(1)), "image/jpeg"),
    ],
)
def test_what_cameras_write_is_recognised_by_content(content: bytes, media_type: str) -> None:
    assert kind_of(content) == media_type


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (PHOTO + b"trailing", "8 bytes behind the end of a JPEG"),
        (PHOTO + ZIP.getvalue(), "bytes behind the end of a JPEG"),
        (PHOTO + jpeg(scene(1)), "bytes behind the end of a JPEG"),
        (with_segments(PHOTO, (0xE2, b"MPF\0II*\0")) + jpeg(scene(1)) + b"MZ", "2 bytes behind the end of a JPEG"),
        (with_segments(PHOTO, (0xFE, b"<?php system($_GET['c']); ?>")), r"'<\?php' in a segment FFFE of a JPEG"),
        (with_segments(PHOTO, (0xE1, b"Exif\0\0" + exif(marker=b"<script>alert(1)</script>"))), "'<script>' in a segment FFE1"),
        (with_segments(PHOTO, (0xFE, b"%PDF-1.7")), "'%PDF-' in a segment"),
        (PHOTO[:-2], "a JPEG without its end"),
        (PHOTO[: len(PHOTO) // 2], "a JPEG without its end"),
        (DRAWING + ZIP.getvalue(), "bytes behind the end of a PNG"),
        (with_chunk(DRAWING, b"tEXt", b"Comment\0<svg onload=x>"), "'<svg' in a chunk tEXt"),
        (DRAWING[:-12], "a PNG without its end"),
        (DRAWING[:100], "a PNG that was cut"),
        (CLIP + b"<html><body>hello", "a box of .* was cut, or something follows it"),
        (CLIP + box(b"free", b"<HTML><script>x</script>"), "'<HTML>' in a box free"),
        (CLIP + box(b"free", b"x" * 70_000 + b"<script "), "'<script' in a box free"),
        (CLIP + box(b"evil", b"x"), "a box b'evil'"),
        (CLIP + box(b"free", ZIP.getvalue()), "in a box free"),
        (CLIP + box(b"mdat", ZIP.getvalue()), "the end of a zip archive"),
        (CLIP[: len(CLIP) // 2], "was cut"),
        (box(b"ftyp", b"isom\0\0\0\0") + box(b"mdat", b"x" * 50), "without its index"),
        (FILM + b"trailing", "Matroska|segment"),
        (FILM[: len(FILM) // 2], "was cut"),
        (b"<html><body>not a video</body></html>" + b" " * 50, "a file that begins with 3c 68 74 6d"),
        (ZIP.getvalue(), "a file that begins with 50 4b 03 04"),
        (b"", "a file that begins with"),
        (box(b"ftyp", b"heic\0\0\0\0mif1heic"), "a picture of kind heic, which nothing here can decode; wanted JPEG"),
    ],
)
def test_what_is_more_or_less_than_that_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(UploadError, match=said):
        kind_of(content)


def test_attachments_of_a_film_are_refused() -> None:
    segment_at = FILM.index(bytes.fromhex("18538067"))
    length = FILM[segment_at + 4 : segment_at + 12]
    attached = bytes.fromhex("1941A469") + bytes([0x80 | 4]) + b"evil"
    said = int.from_bytes(length) & ((1 << 56) - 1)
    grown = FILM[: segment_at + 4] + ((1 << 56) | (said + len(attached))).to_bytes(8) + FILM[segment_at + 12 :] + attached
    with pytest.raises(UploadError, match="with attachments"):
        kind_of(grown)


@settings(max_examples=300)
@given(st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\0\0\0\x18ftypisom", b"\0\0\0\x18ftypqt  ", b"\x1aE\xdf\xa3", b""]), st.binary(max_size=400))
def test_any_bytes_are_a_type_or_a_refusal(begin: bytes, rest: bytes) -> None:
    with suppress(UploadError):
        assert kind_of(begin + rest) in {"image/jpeg", "image/png", "video/mp4", "video/quicktime", "video/x-matroska", "video/webm"}


@settings(max_examples=300)
@given(st.sampled_from([PHOTO, DRAWING, CLIP, FILM]), st.integers(0, 10**9), st.integers(0, 255))
def test_one_wrong_byte_is_a_type_or_a_refusal(content: bytes, at: int, value: int) -> None:
    spoilt = bytearray(content)
    spoilt[at % len(spoilt)] = value
    with suppress(UploadError):
        kind_of(bytes(spoilt))


def units(*raws: bytes) -> bytes:
    return b"".join(b"\0\0\0\1" + raw for raw in raws)


SPS, PPS, IDR, SEI = b"\x67\x4d\x00\x14\x95", b"\x68\xee\x3c\x80\x01", b"\x65\xb8\x01\x09", b"\x06\x05"


def elementary_kind(content: bytes) -> str:
    return walked(BytesIO(content), recognised(content[:64], is_elementary=True))


def test_a_terminals_real_stream_without_a_container_is_recognised(shared: Path) -> None:
    content = (shared / "jtt" / "terminal-video.h264").read_bytes()
    assert elementary_kind(content) == "video/H264"
    with pytest.raises(UploadError, match="begins with 00 00 00 01"):
        kind_of(content)


def test_a_stream_of_h265_is_recognised() -> None:
    assert elementary_kind(units(b"\x40\x01\x0c\x01", b"\x42\x01\x01\x01", b"\x44\x01\xc1\x72", b"\x26\x01\xaf\x09")) == "video/H265"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (units(SPS, PPS), "parameters or pictures are missing"),
        (units(SPS, IDR), "parameters or pictures are missing"),
        (units(SPS, PPS, IDR, b"\x7fMZ"), "a unit of kind 31"),
        (units(SPS, PPS, IDR, b"\xe5MZ"), "a unit of kind 5"),
        (units(SPS, PPS, IDR) + b"\0\0\2x", "bytes at 22 that no encoder writes"),
        (units(SPS, PPS, SEI + b"<script>alert(1)</script>", IDR), "'<script>' in a unit"),
        (units(SPS, PPS, IDR) + ZIP.getvalue(), "no encoder writes"),
    ],
    ids=["no picture", "no parameters", "kind", "forbidden bit", "bytes", "script", "zip"],
)
def test_a_stream_that_is_something_else_as_well_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(UploadError, match=said):
        elementary_kind(content)


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_after_a_start_are_a_stream_or_refused(tail: bytes) -> None:
    with suppress(UploadError):
        assert elementary_kind(units(SPS, PPS) + b"\0\0\1" + tail) == "video/H264"
