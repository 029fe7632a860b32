"""The preview: playable, on time, small, whole or not there, and nothing in it that was not redacted."""

import resource
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catseye.core.arrays import Pixels
from catseye.core.errors import StoreError
from catseye.core.picture import RedactedPicture
from catseye.core.road_user import RoadUser
from catseye.core.time import NS_PER_MS
from catseye.station.drawing import Gate, Pen, Scene, tag_places_px
from catseye.station.preview import PreviewFile, fitted_px, jpeg_of_kept

SIZE_PX = (320, 240)
NOISE = np.random.default_rng(3).integers(0, 256, (240, 320, 3), dtype=np.uint8)


def picture(rgb: Pixels | None = None) -> RedactedPicture:
    return RedactedPicture("cam-1", 0, np.full((240, 320, 3), 90, np.uint8) if rgb is None else rgb, 0.0)


def scene(time_ms: int = 0, box_px: list[list[float]] | None = None, **more: object) -> Scene:
    boxes = np.array(box_px or [], np.float32).reshape(-1, 4)
    kinds = np.full(len(boxes), RoadUser.CAR.code, np.uint8)
    return Scene(time_ms * NS_PER_MS, boxes, kinds, [], [], "cam-1  00:00.0", "0 counted", **more)  # type: ignore[arg-type]


def frames(path: Path) -> list[tuple[float, Pixels]]:
    with av.open(path) as file:
        return [(float(frame.time), frame.to_ndarray(format="rgb24")) for frame in file.decode(video=0)]


def test_every_picture_is_shown_at_its_own_time(tmp_path: Path) -> None:
    times_ms = [0, 210, 400, 1400, 1433, 9000]
    with PreviewFile(tmp_path / "preview.mp4", SIZE_PX) as file:
        for time_ms in times_ms:
            file.write(picture(), scene(time_ms))
    assert [round(time_s * 1000) for time_s, _ in frames(tmp_path / "preview.mp4")] == times_ms


def test_it_begins_when_the_first_picture_was_safe(tmp_path: Path) -> None:
    with PreviewFile(tmp_path / "preview.mp4", SIZE_PX) as file:
        for time_ms in (12_000, 12_200):
            file.write(picture(), scene(time_ms))
    assert [round(time_s * 1000) for time_s, _ in frames(tmp_path / "preview.mp4")] == [12_000, 12_200]


def test_a_time_that_does_not_ascend_is_passed_over(tmp_path: Path) -> None:
    with PreviewFile(tmp_path / "preview.mp4", SIZE_PX) as file:
        for time_ms in (0, 200, 200, 100, 400):
            file.write(picture(), scene(time_ms))
    assert len(frames(tmp_path / "preview.mp4")) == 3


def test_it_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    file = PreviewFile(tmp_path / "preview.mp4", SIZE_PX)
    file.write(picture(), scene())
    assert not (tmp_path / "preview.mp4").exists()
    file.close()
    assert [path.name for path in tmp_path.iterdir()] == ["preview.mp4"]


def test_a_fault_leaves_the_earlier_preview_and_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "preview.mp4").write_bytes(b"earlier")
    with pytest.raises(KeyboardInterrupt), PreviewFile(tmp_path / "preview.mp4", SIZE_PX) as file:
        file.write(picture(), scene())
        raise KeyboardInterrupt
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("preview.mp4", b"earlier")]


def test_what_a_killed_process_leaves_can_be_played(tmp_path: Path) -> None:
    file = PreviewFile(tmp_path / "preview.mp4", SIZE_PX)
    for number in range(200):
        file.write(picture(np.roll(NOISE, number, axis=1)), scene(200 * number))
    (left,) = tmp_path.glob(".preview.mp4.*.unfinished")
    shown = 0
    with av.open(left) as video, suppress(av.error.InvalidDataError):  # the last fragment is cut short
        for _ in video.decode(video=0):
            shown += 1
    assert shown > 100
    file.close()


def test_only_a_redacted_picture_is_taken(tmp_path: Path) -> None:
    with PreviewFile(tmp_path / "preview.mp4", SIZE_PX) as file, pytest.raises(TypeError, match="wanted a RedactedPicture"):
        file.write(NOISE, scene())  # type: ignore[arg-type]


def test_a_picture_of_another_size_is_shown_in_the_middle(tmp_path: Path) -> None:
    with PreviewFile(tmp_path / "preview.mp4", SIZE_PX) as file:
        file.write(picture(np.full((120, 160, 3), 200, np.uint8)), scene())
    ((_, shown),) = frames(tmp_path / "preview.mp4")
    assert shown.shape == (240, 320, 3)
    assert abs(int(shown[120, 100].mean()) - 200) < 6
    assert int(shown[120, 20].mean()) < 40


def test_a_disk_without_room_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, __file__, tmp_path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


def write_until_refused(folder: Path) -> None:
    """In a process of its own, where files may not grow past 60 kB."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))
    try:
        with PreviewFile(folder / "preview.mp4", SIZE_PX) as file:
            for number in range(400):
                file.write(picture(np.roll(NOISE, number, axis=1)), scene(200 * number))
    except StoreError as error:
        assert "size limit" in str(error), error
        return
    raise AssertionError("the disk never said no")


def test_a_folder_nobody_may_write_is_told() -> None:
    with pytest.raises(StoreError, match=r"permission denied|read-only|No such"):
        PreviewFile(Path("/sys/preview.mp4"), SIZE_PX)


@given(st.lists(st.tuples(*[st.floats(-50, 400, width=32)] * 4), max_size=5))
@settings(max_examples=60, deadline=None)
def test_nothing_changes_outside_what_is_drawn(edges: list[tuple[float, float, float, float]]) -> None:
    boxes = [[min(a, c), min(b, d), max(a, c), max(b, d)] for a, b, c, d in edges]
    rgb = NOISE.copy()
    Pen(SIZE_PX).draw(rgb, scene(0, boxes, is_schematic=True))
    allowed = np.zeros(NOISE.shape[:2], np.bool_)
    allowed[:30] = True  # the two captions
    for left, top, right, bottom in np.array(boxes).reshape(-1, 4).round().astype(int).clip(-60, 420).tolist():
        allowed[max(0, top - 5) : max(0, bottom + 6), max(0, left - 5) : max(0, right + 6)] = True
    assert not (rgb != NOISE).any(axis=2)[~allowed].any()


def test_a_line_shows_its_counts_and_lights_up_when_it_is_crossed() -> None:
    ends, hand = np.array([[20.0, 120.0], [300.0, 120.0]]), np.array([0.0, 1.0])
    drawn = []
    for is_fresh in (False, True):
        rgb = np.full((240, 320, 3), 90, np.uint8)
        gates = [Gate(ends, hand, 12, 3, is_fresh)]
        Pen(SIZE_PX).draw(rgb, Scene(0, np.empty((0, 4), np.float32), np.empty(0, np.uint8), [], gates, "", ""))
        drawn.append(rgb)
    assert drawn[0][120, 30].tolist() == [255, 255, 255]
    assert drawn[1][120, 30].tolist() != [255, 255, 255]
    assert (drawn[0][112:128, 140:180] != 90).mean() > 0.5


def test_tags_of_lines_that_cross_stand_apart() -> None:
    places = tag_places_px([np.array([[0.0, 100.0], [320.0, 100.0]]), np.array([[160.0, 0.0], [160.0, 200.0]])], SIZE_PX)
    assert np.abs(places[0] - places[1]).max() > 40


def test_a_line_that_leaves_the_picture_has_its_tag_inside() -> None:
    ((x, y),) = [place.tolist() for place in tag_places_px([np.array([[-900.0, 100.0], [100.0, 100.0]])], SIZE_PX)]
    assert 0 <= x <= 320
    assert 0 <= y <= 240


@given(st.integers(1, 8000), st.integers(1, 8000))
def test_a_preview_is_never_wider_than_640_and_always_even(width_px: int, height_px: int) -> None:
    width, height = fitted_px(width_px, height_px, 640)
    assert width % 2 == height % 2 == 0
    assert 2 <= width <= 640
    assert 2 <= height <= 640
    assert width <= max(width_px, 2)


def test_a_still_becomes_a_jpeg_for_the_page(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "still.png"), np.full((60, 80, 3), (10, 20, 200), np.uint8))
    shown = cv2.imdecode(np.frombuffer(jpeg_of_kept(tmp_path / "still.png"), np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (60, 80, 3)
    assert np.abs(shown.astype(int) - (10, 20, 200)).max() < 12


def test_a_still_that_is_no_picture_is_told(tmp_path: Path) -> None:
    (tmp_path / "still.png").write_text("no")
    with pytest.raises(StoreError, match=r"still\.png: not a picture"):
        jpeg_of_kept(tmp_path / "still.png")


if __name__ == "__main__":
    write_until_refused(Path(sys.argv[1]))
