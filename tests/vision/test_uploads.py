"""An upload is safe when both are: the original sealed, the copy made of pixels. Otherwise nothing of it is anywhere."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC
from io import BytesIO, RawIOBase
from pathlib import Path
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pyrage
import pytest
from tests.vision.files import MARKER, exif, jpeg, loaded_jpeg, png, scene, video, with_chunk, with_segments

from catseye.core.errors import KeyFileError, ModelError, StoreError
from catseye.core.time import Stamp
from catseye.vision.redact import FILL_RGB
from catseye.vision.region_adders import drawn_face
from catseye.vision.upload_copies import StillCopy
from catseye.vision.uploads import Upload, UploadError, take_in

IDENTITY = pyrage.x25519.Identity.generate()
KEYS = [str(IDENTITY.to_public())]
NOON_NS = 1_790_049_600_000_000_000  # 2026-09-22T04:00:00Z
JINAN = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def stills(models: Path) -> StillCopy:
    del models
    return StillCopy()


@pytest.fixture
def take(stills: StillCopy, tmp_path: Path) -> Callable[..., Upload]:
    """Take bytes in; the staging folder is tmp_path."""
    return lambda content, name="u-1", **wishes: take_in(BytesIO(content), tmp_path, name, KEYS, stills, **wishes)


def is_clean(upload: Upload) -> bool:
    copy = upload.copy.path.read_bytes()
    return MARKER not in copy and MARKER not in upload.copy.log and MARKER.decode().encode("utf-16-le") not in copy and b"Exif" not in copy


def test_the_original_is_sealed_as_it_came_and_the_copy_is_another_file(take: Callable[..., Upload]) -> None:
    content = loaded_jpeg()
    upload = take(content)
    assert pyrage.decrypt(upload.sealed.path.read_bytes(), [IDENTITY]) == content
    assert upload.sealed.sha256 == upload.copy.derived_from == hashlib.sha256(content).hexdigest()
    assert upload.copy.sha256 == hashlib.sha256(upload.copy.path.read_bytes()).hexdigest()
    assert (upload.sealed.media_type, upload.copy.media_type) == ("image/jpeg", "image/jpeg")
    assert (upload.width_px, upload.height_px, upload.duration_s) == (640, 480, 0.0)


@pytest.mark.parametrize(
    "content",
    [
        with_segments(jpeg(), (0xE1, b"Exif\0\0" + exif("2026:09:22 12:00:00"))),
        with_segments(jpeg(), (0xE1, b"Exif\0\0" + exif(marker=b"x", thumbnail=with_segments(jpeg(scene(0, 160, 120)), (0xFE, MARKER))))),
        with_segments(jpeg(), (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + MARKER)),
        with_segments(jpeg(), (0xE1, b"http://ns.adobe.com/xmp/extension/\0" + MARKER)),
        with_segments(jpeg(), (0xE2, b"ICC_PROFILE\0\x01\x01" + MARKER)),
        with_segments(jpeg(), (0xE2, b"MPF\0" + MARKER)) + with_segments(jpeg(scene(1)), (0xFE, MARKER)),
        with_segments(jpeg(), (0xED, b"Photoshop 3.0\0" + MARKER)),
        with_segments(jpeg(), (0xEF, MARKER)),
        with_segments(jpeg(), (0xFE, MARKER)),
        with_chunk(png(), b"tEXt", b"Location\0" + MARKER),
        with_chunk(png(), b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + MARKER),
        with_chunk(png(), b"eXIf", exif("2026:09:22 12:00:00")),
        with_chunk(png(), b"zzZz", MARKER),
        video(metadata={"comment": MARKER.decode(), "location": MARKER.decode(), "title": MARKER.decode(), "artist": MARKER.decode()}),
        video(more="subtitles"),
        video(more="data"),
        video(form="matroska", metadata={"title": MARKER.decode()}, more="subtitles"),
        video(form="mov", metadata={"comment": MARKER.decode()}, more="subtitles"),
        video() + (8 + len(MARKER)).to_bytes(4) + b"free" + MARKER,
        video() + (24 + len(MARKER)).to_bytes(4) + b"uuid" + b"0123456789abcdef" + MARKER,
    ],
)
def test_whatever_a_file_carries_besides_its_pixels_is_not_in_the_copy(take: Callable[..., Upload], content: bytes) -> None:
    assert MARKER in content
    upload = take(content)
    assert is_clean(upload)
    assert MARKER in pyrage.decrypt(upload.sealed.path.read_bytes(), [IDENTITY])


def test_a_copy_stands_upright_whichever_way_the_camera_was_held(take: Callable[..., Upload]) -> None:
    upload = take(with_segments(jpeg(), (0xE1, b"Exif\0\0" + exif(orientation=6))))
    assert (upload.width_px, upload.height_px) == (480, 640)


def test_faces_are_filled_and_what_was_filled_is_told(take: Callable[..., Upload]) -> None:
    street = scene(1, 960, 720)
    street[100:420, 300:620] = drawn_face()
    upload = take(jpeg(street))
    shown = cv2.cvtColor(cv2.imdecode(np.frombuffer(upload.copy.path.read_bytes(), np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    eyes = shown[235:265, 420:500].reshape(-1, 3).astype(int)
    assert np.abs(eyes - FILL_RGB).max() < 12
    assert b'"filled_ratio": 0.' in upload.copy.log
    assert b'"detector": "yolox-nano"' in upload.copy.log


def test_large_pictures_are_shown_small(take: Callable[..., Upload]) -> None:
    upload = take(jpeg(scene(1, 2600, 1400)))
    shown = cv2.imdecode(np.frombuffer(upload.copy.path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape[:2] == (1034, 1920)


@pytest.mark.parametrize(
    ("content", "local", "wanted_ns"),
    [
        (with_segments(jpeg(), (0xE1, b"Exif\0\0" + exif("2026:09:22 12:00:00"))), JINAN, NOON_NS),
        (with_segments(jpeg(), (0xE1, b"Exif\0\0" + exif("2026:09:22 12:00:00", "+02:00"))), JINAN, NOON_NS + 6 * 3600 * 10**9),
        (with_chunk(png(), b"eXIf", exif("2026:09:22 04:00:00")), UTC, NOON_NS),
        (jpeg(), UTC, None),
        (video(metadata={"creation_time": "2026-09-22T04:00:00Z"}), JINAN, NOON_NS),
        (video(metadata={"creation_time": "2026-09-22T12:00:00Z"}), JINAN, NOON_NS),  # a dash camera that writes its local time as UTC
        (video(metadata={"creation_time": "1904-01-01T00:00:00Z"}), UTC, None),
    ],
)
def test_what_a_file_says_of_its_own_time_is_read_before_it_is_gone(
    take: Callable[..., Upload], content: bytes, local: ZoneInfo, wanted_ns: int | None
) -> None:
    assert take(content, local=local).own_time_ns(Stamp(NOON_NS)) == wanted_ns


def test_the_length_of_a_video_is_that_of_its_pictures(take: Callable[..., Upload]) -> None:
    for form in ("mp4", "mov", "matroska"):
        upload = take(video(12.0, form), f"u-{form}")
        assert upload.duration_s == pytest.approx(12.0, abs=0.11)
        assert len(upload.looks) >= 6
    claimed = bytearray(video(2.0))
    at = claimed.index(b"mvhd") + 4 + 16
    claimed[at : at + 4] = (10**6).to_bytes(4)  # a header that says a quarter of an hour
    assert take(bytes(claimed), "u-claimed").duration_s == pytest.approx(2.0, abs=0.11)


class Endless(RawIOBase):
    """A JPEG that goes on for ever, and counts what was asked of it."""

    def __init__(self) -> None:
        self.read_bytes = 0

    def read(self, size: int = -1) -> bytes:
        content = b"\xff\xd8\xff\xe0" if not self.read_bytes else b""
        self.read_bytes += size
        return content + b"\x11" * (size - len(content))


def test_ten_gigabytes_are_refused_before_the_first_byte_or_as_soon_as_the_bound_is_passed(stills: StillCopy, tmp_path: Path) -> None:
    endless = Endless()
    with pytest.raises(UploadError, match="10737418240 bytes announced; wanted at most 500000000"):
        take_in(endless, tmp_path, "u-1", KEYS, stills, announced_bytes=10 << 30)
    assert endless.read_bytes == 0
    with pytest.raises(UploadError, match="more than 3000000 bytes"):
        take_in(endless, tmp_path, "u-1", KEYS, stills, most_bytes=3_000_000)
    assert endless.read_bytes <= 3_000_001
    assert list(tmp_path.iterdir()) == []


def test_a_video_that_is_too_long_is_refused_before_it_is_copied(take: Callable[..., Upload], tmp_path: Path) -> None:
    with pytest.raises(UploadError, match=r"a video of 2\.0 s; wanted at most 1 s"):
        take(video(2.0), most_s=1.0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "nothing; wanted a photograph"),
        (b"<html>", "a file that begins with"),
        (jpeg() + b"PK\x03\x04 and so on", "behind the end of a JPEG"),
        (jpeg()[:200] + b"\0" * 300 + jpeg()[500:], "a damaged image/jpeg|without its end|JPEG"),
        (png()[:16] + (60_000).to_bytes(4) + (60_000).to_bytes(4) + png()[24:], "a picture of 60000×60000; wanted at most 120 megapixels"),
        (video()[:-200] + b"\0" * 200, "a video"),
    ],
)
def test_a_file_that_is_not_taken_leaves_nothing(take: Callable[..., Upload], tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(UploadError, match=said):
        take(content)
    assert list(tmp_path.iterdir()) == []


def test_when_one_of_the_two_cannot_be_made_the_other_is_not_there_either(stills: StillCopy, tmp_path: Path) -> None:
    with pytest.raises(KeyFileError):
        take_in(BytesIO(jpeg()), tmp_path, "u-1", ["age1nobody"], stills)
    with pytest.raises(ModelError):
        take_in(BytesIO(jpeg()), tmp_path, "u-1", KEYS, Withheld("yolox-nano"))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StoreError):
        take_in(BytesIO(jpeg()), tmp_path / "no-such-folder", "u-1", KEYS, stills)


class Withheld(StillCopy):
    """A redactor that lets nothing out."""

    def redacted(self, rgb: object, *, is_in_cabin: bool = False) -> object:
        raise ModelError("redaction", "a picture was withheld", "a look at it")


def test_without_a_model_there_is_no_copy_and_so_no_upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ModelError):
        StillCopy()
    with pytest.raises(ModelError):
        StillCopy("motion")


WAITS = """
import sys, time
from pathlib import Path
from catseye.vision.uploads import take_in
class Slow:
    sent = False
    def read(self, size):
        if not self.sent:
            self.sent = True
            return b"\\xff\\xd8\\xff\\xe0" + b"\\x11" * (size - 4)
        print("half way", flush=True)
        time.sleep(60)
import catseye.vision.uploads as uploads
uploads.IN_MEMORY_BYTES = 1000
take_in(Slow(), Path(sys.argv[1]), "u-1", [], None)
"""


def test_a_process_killed_half_way_leaves_no_file(tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "src"
    process = subprocess.Popen(
        [sys.executable, "-c", WAITS, str(tmp_path)], stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(source)}, cwd=source.parent
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"half way\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert list(tmp_path.iterdir()) == []
