"""The redacted copy shows every frame of the clip, redacted or solid, and says what was filled; of anything that goes wrong nothing is left."""

import hashlib
import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from tests.vision.evidence.scenes import STEP_NS, WHEN, ring_of, stream_of, violation_at

from catseye.core.errors import ModelError, StoreError
from catseye.core.picture import RawFrame
from catseye.core.time import NS_PER_S
from catseye.station.demo import render_demo
from catseye.vision.evidence import EvidenceError, clip_copy, cut_clip, redacted_copy
from catseye.vision.evidence.written import still_jpeg
from catseye.vision.plates import Way
from catseye.vision.redact import FILL_RGB, blank

NEAR_LEVELS = 30  # H.264 keeps a solid colour nearly


@pytest.fixture(autouse=True)
def weights(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(models))


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Three seconds of our own junction."""
    return render_demo(tmp_path_factory.mktemp("street"), seconds_s=3.0, fps=12.5).video.read_bytes()


def clip_of(codec: str = "h264", count: int = 30, size_px: tuple[int, int] = (160, 96)) -> bytes:
    stream, packets = stream_of(codec, count, size_px)
    return cut_clip(violation_at(1.0), ring_of(stream, packets), before_s=10, after_s=60).data


def frames_in(path: Path) -> list[tuple[int, np.ndarray]]:
    with av.open(str(path)) as video:
        return [(round(frame.pts * frame.time_base * NS_PER_S), frame.to_ndarray(format="rgb24")) for frame in video.decode(video=0)]


def lines_of(log: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines()]


def is_solid(rgb: np.ndarray) -> bool:
    return bool((np.abs(rgb.astype(int) - FILL_RGB).max(axis=2) <= NEAR_LEVELS).mean() > 0.98)


def test_every_frame_is_in_the_copy_at_its_own_time(street: bytes, tmp_path: Path) -> None:
    made = redacted_copy(street, tmp_path / "copy.mp4", camera="cam-1")
    with av.open(BytesIO(street)) as video:
        wanted_ns = [round(frame.pts * frame.time_base * NS_PER_S) for frame in video.decode(video=0)]
    assert [time_ns for time_ns, _ in frames_in(tmp_path / "copy.mp4")] == wanted_ns
    assert (made.frames_count, made.withheld_count, made.notes) == (len(wanted_ns), 0, ())


def test_its_facts_are_those_of_the_files(street: bytes, tmp_path: Path) -> None:
    made = redacted_copy(BytesIO(street), tmp_path / "copy.mp4", camera="cam-1", stills_ns=[0, NS_PER_S])
    for media, media_type in ((made.media, "video/mp4"), *((still, "image/jpeg") for still in made.stills)):
        content = media.path.read_bytes()
        assert (media.sha256, media.size_bytes) == (hashlib.sha256(content).hexdigest(), len(content))
        assert (media.media_type, media.derived_from) == (media_type, hashlib.sha256(street).hexdigest())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy-still-1.jpg", "copy-still-2.jpg", "copy.mp4"]


def test_the_log_names_who_looked_and_what_is_filled_is_what_it_says(street: bytes, tmp_path: Path) -> None:
    made = redacted_copy(street, tmp_path / "copy.mp4", camera="cam-1")
    head, *lines = lines_of(made.media.log)
    assert head["detector"] == "yolox-nano"
    assert len(head["detector_sha256"]) == 64
    assert head["derived_from"] == made.media.derived_from
    assert [line["frame"] for line in lines] == list(range(made.frames_count))
    fills = [fill for line in lines for fill in line["fills"]]
    assert {"plate band", "movement"} <= {fill["why"] for fill in fills}
    assert any(fill.get("interpolated") for fill in fills)
    assert any(fill.get("score") for fill in fills)
    for line, (time_ns, rgb) in list(zip(lines, frames_in(made.media.path), strict=True))[::7]:
        assert line["time_ns"] == pytest.approx(time_ns, abs=NS_PER_S // 90_000)
        filled = np.zeros(rgb.shape[:2], bool)
        for fill in line["fills"]:  # of movement the log tells the box, the picture fills the shape
            left, top, right, bottom = fill["box_px"]
            filled[top:bottom, left:right] |= fill["why"] != "movement"
        inside = cv2.erode(filled.astype(np.uint8), np.ones((5, 5), np.uint8)) == 1  # its edges are smoothed by the encoder
        assert inside.any()
        assert (np.abs(rgb[inside].astype(int) - FILL_RGB).max(axis=1) <= NEAR_LEVELS).mean() > 0.98


def test_three_stills_tell_their_time_below_the_picture(tmp_path: Path) -> None:
    stream, packets = stream_of("h264", 60)
    violation = violation_at(3.0, 3.5)
    clip = cut_clip(violation, ring_of(stream, packets), before_s=2.0, after_s=2.0)
    made = clip_copy(violation, clip, tmp_path / "copy.mp4")
    assert [lines_of(still.log)[1]["time_ns"] + clip.begin_ns for still in made.stills] == [2 * NS_PER_S, 3 * NS_PER_S, round(4.5 * NS_PER_S)]
    for still in made.stills:
        picture = cv2.imread(str(still.path))
        assert picture.shape == (96 + 22, 160, 3)
        assert picture[100:].max() > 120, "words"
    assert made.stills[0].sha256 != made.stills[1].sha256


def test_the_time_burnt_in_is_the_wall_clock_of_that_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    monkeypatch.setattr("catseye.vision.evidence.copy.still_jpeg", lambda picture, words, marked_px: said.append(words) or still_jpeg(picture, words))
    stream, packets = stream_of("h264", 60)
    violation = violation_at(3.0, 3.5)
    clip = cut_clip(violation, ring_of(stream, packets), before_s=2.0, after_s=2.0)
    clip_copy(violation, clip, tmp_path / "copy.mp4")
    assert said[1] == f"{WHEN.iso().replace('T', ' ').removesuffix('Z')} UTC +/- 12 ms | cam-1 | frame 20"
    assert said[2].startswith(f"{WHEN.plus_ns(round(1.5 * NS_PER_S)).iso()[:10]}")


def way(track: str, box_px: tuple[float, float, float, float], begin_s: float = 0.0, end_s: float = 6.0) -> Way:
    """Stands still, in a picture twice as large as the clip's."""
    return Way(track, np.array([begin_s * NS_PER_S, end_s * NS_PER_S], np.int64), np.array([box_px, box_px], np.float32), (320, 192))


def test_stills_point_out_who_did_it_and_the_video_does_not(tmp_path: Path) -> None:
    stream, packets = stream_of("h264", 60)
    violation = violation_at(3.0, 3.5)
    clip = cut_clip(violation, ring_of(stream, packets), before_s=2.0, after_s=2.0)
    made = clip_copy(violation, clip, tmp_path / "copy.mp4", ways=[way("7", (80, 60, 160, 120), end_s=4.0)])
    plain = clip_copy(violation, clip, tmp_path / "plain.mp4")
    assert [lines_of(still.log)[1]["marked"] for still in made.stills] == [[[40, 30, 80, 60]], [[40, 30, 80, 60]], []], "nobody knows where it is at the last"
    assert made.media.path.read_bytes() == plain.media.path.read_bytes()
    marked, bare = (cv2.imread(str(each.stills[1].path)).astype(int) for each in (made, plain))
    changed = np.abs(marked - bare).max(axis=2) > NEAR_LEVELS
    assert changed.any()
    rows, columns = np.nonzero(changed)
    assert 20 <= rows.min() <= 30 <= 60 <= rows.max() <= 70, "around the box, but for what JPEG smears"
    assert 30 <= columns.min() <= 40 <= 80 <= columns.max() <= 90
    assert not changed[34:56, 48:72].any(), "the middle is as it was"


def test_who_is_pointed_out_is_a_subject_of_the_violation(tmp_path: Path) -> None:
    stream, packets = stream_of("h264", 20)
    violation = violation_at(1.0)
    clip = cut_clip(violation, ring_of(stream, packets), before_s=1.0, after_s=1.0)
    with pytest.raises(EvidenceError, match="the way of track 8; wanted those of its own subjects"):
        clip_copy(violation, clip, tmp_path / "copy.mp4", ways=[way("7", (0, 0, 9, 9)), way("8", (0, 0, 9, 9))])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("box_px", [(20, 20, 60, 50), (-500, -500, 900, 900), (158, 90, 159, 91)])
def test_brackets_cover_nothing_but_lines_wherever_the_box_is(box_px: tuple[float, float, float, float]) -> None:
    picture = blank("cam-1", 160, 96)
    drawn = cv2.imdecode(np.frombuffer(still_jpeg(picture, "words", [np.array(box_px, np.float32)]), np.uint8), cv2.IMREAD_COLOR)[:96, :, ::-1]
    other = np.abs(drawn.astype(int) - FILL_RGB).max(axis=2) > NEAR_LEVELS
    assert other.any()
    assert other.mean() < 0.15
    assert (picture.rgb == FILL_RGB).all(), "the picture itself is as it was"


def test_a_still_asked_for_after_the_end_is_the_last_frame(street: bytes, tmp_path: Path) -> None:
    made = redacted_copy(street, tmp_path / "copy.mp4", camera="cam-1", stills_ns=[99 * NS_PER_S])
    assert lines_of(made.stills[0].log)[1]["frame"] == made.frames_count - 1


@pytest.mark.parametrize(("codec", "size_px"), [("mjpeg", (162, 98)), ("hevc", (160, 96)), ("mpeg4", (320, 240))])
def test_any_codec_a_camera_sends_can_be_copied(codec: str, size_px: tuple[int, int], tmp_path: Path) -> None:
    made = redacted_copy(clip_of(codec, 12, size_px), tmp_path / "copy.mp4", camera="cam-1")
    assert made.frames_count == 12
    assert frames_in(made.media.path)[0][1].shape[1::-1] == size_px


def test_a_large_picture_is_shrunk_to_what_a_copy_needs(street: bytes, tmp_path: Path) -> None:
    redacted_copy(street, tmp_path / "copy.mp4", camera="cam-1", most_side_px=321)
    assert frames_in(tmp_path / "copy.mp4")[0][1].shape == (180, 320, 3)


def test_frames_without_a_look_near_them_are_solid_and_told(tmp_path: Path) -> None:
    stream, packets = stream_of("h264", 2)
    ring = ring_of(stream, packets)
    ring_of(stream, packets, begin_ns=9 * NS_PER_S, ring=ring)
    clip = cut_clip(violation_at(9.0), ring, before_s=9.0, after_s=1.0)
    made = redacted_copy(clip.data, tmp_path / "copy.mp4", camera="cam-1")
    lines = lines_of(made.media.log)[1:]
    assert [line["time_ns"] for line in lines if line.get("withheld")] == [STEP_NS]
    assert [is_solid(rgb) for _, rgb in frames_in(made.media.path)] == [False, True, False, False]
    assert made.notes == ("1 of 4 frames are solid: no look was near enough to them",)


@pytest.mark.parametrize("detector", ["motion", "no-such-model"])
def test_without_a_network_that_names_people_there_is_no_copy(detector: str, street: bytes, tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        redacted_copy(street, tmp_path / "copy.mp4", camera="cam-1", detector=detector)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("original", [b"", b"no video at all", bytes(5000)])
def test_what_is_no_video_leaves_nothing(original: bytes, tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"video of cam-1: .*; wanted a video"):
        redacted_copy(original, tmp_path / "copy.mp4", camera="cam-1", stills_ns=[0])
    assert list(tmp_path.iterdir()) == []


def test_a_video_longer_than_anybody_needs_leaves_nothing(street: bytes, tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="longer than 1 s; wanted the part in which it happened"):
        redacted_copy(street, tmp_path / "copy.mp4", camera="cam-1", most_s=1.0, stills_ns=[0])
    assert list(tmp_path.iterdir()) == []


def test_a_clip_of_another_camera_is_refused(tmp_path: Path) -> None:
    stream, packets = stream_of("h264", 20)
    clip = cut_clip(violation_at(1.0, camera="cam-2"), ring_of(stream, packets, camera="cam-2"), before_s=1, after_s=1)
    with pytest.raises(EvidenceError, match="a clip of cam-2; wanted a clip of cam-1"):
        clip_copy(violation_at(1.0), clip, tmp_path / "copy.mp4")


def test_a_name_that_is_taken_is_kept_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / "copy-still-1.jpg").write_bytes(b"older")
    with pytest.raises(StoreError, match="a file is there already"):
        redacted_copy(clip_of(count=3), tmp_path / "copy.mp4", camera="cam-1", stills_ns=[0])
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"older"]


def test_a_raw_picture_cannot_be_written() -> None:
    raw = RawFrame("cam-1", 0, 0, None, 4, 4, lambda width, height, form: np.zeros((height, width, 3), np.uint8))
    with pytest.raises(TypeError, match="wanted a RedactedPicture"):
        still_jpeg(raw, "")  # type: ignore[arg-type]  # the fault under test


def test_words_of_any_length_fit_below_a_still() -> None:
    jpeg = still_jpeg(blank("cam-1", 64, 48), "2022-09-25 08:42:00.000 UTC +/- 12 ms | a camera with a very long name | frame 123456")
    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (70, 64, 3)


DISK_FULL = """
import resource, sys
from pathlib import Path
from catseye.core.errors import StoreError
from catseye.vision.evidence import redacted_copy
folder = Path(sys.argv[1])
original = (folder / "original").read_bytes()
(folder / "original").unlink()
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
try:
    redacted_copy(original, folder / "copy.mp4", camera="cam-1", stills_ns=[0])
except StoreError as fault:
    assert "size limit" in str(fault), fault
    assert list(folder.iterdir()) == [], list(folder.iterdir())
    print("refused")
"""


def test_a_disk_that_fills_half_way_leaves_nothing(street: bytes, tmp_path: Path) -> None:
    (tmp_path / "original").write_bytes(street)
    done = subprocess.run([sys.executable, "-c", DISK_FULL, str(tmp_path)], capture_output=True, check=False, text=True)
    assert (done.stdout, done.returncode) == ("refused\n", 0), done.stderr
