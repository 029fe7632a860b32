"""Adders find more to fill; a damaged one is refused, never silently blind."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.core.detections import Detections
from catseye.core.errors import ModelError
from catseye.core.road_user import RoadUser
from catseye.vision import models as manifest
from catseye.vision import region_adders
from catseye.vision.redact import Redactor
from catseye.vision.region_adders import CloserLook, FaceAdder, PlateAdder, drawn_face, open_redactor, tiles_px


@pytest.fixture
def weights(models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CATSEYE_MODELS", str(models))
    return models


def test_a_drawn_face_is_covered_with_its_hair_and_chin(models: Path) -> None:
    street = np.full((360, 640, 3), 120, np.uint8)
    street[100:180, 300:380] = drawn_face()[::4, ::4]
    (head,) = FaceAdder(models / "yunet-n-640.onnx")(street)[:1]
    assert head[0] <= 324 and head[1] <= 112 and head[2] >= 356 and head[3] >= 162


def test_a_damaged_face_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "yunet.onnx").write_bytes(b"not a network")
    with pytest.raises(ModelError, match="wanted the YuNet file"):
        FaceAdder(tmp_path / "yunet.onnx")


def test_a_face_model_that_sees_no_face_is_refused(models: Path) -> None:
    with pytest.raises(ModelError, match="its self-test found 0 faces on a drawn face"):
        FaceAdder(models / "yunet-n-640.onnx", least_score_ratio=1.1)


def test_plates_of_parked_cars_are_covered(shared: Path, models: Path) -> None:
    """30 of 40 close-ups; the plate band of the vehicle's box covers the rest."""
    pytest.importorskip("openvino")
    cv2 = pytest.importorskip("cv2")
    adder, covered = PlateAdder(models / "plate-0106-int8.xml"), 0
    labels = sorted((shared / "plates").glob("*.txt"))
    for label in labels:
        name, *sides = label.read_text().split()[:5]
        left, top, width, height = map(int, sides)
        found = adder(cv2.imread(str(label.with_name(name)))[:, :, ::-1])
        inside = (found[:, 0] <= left + 2) & (found[:, 1] <= top + 2) & (found[:, 2] >= left + width - 2) & (found[:, 3] >= top + height - 2)
        covered += bool(inside.any())
    assert len(labels) == 40
    assert covered >= 28


@pytest.mark.parametrize("adder", [FaceAdder, PlateAdder])
def test_cameras_that_ask_at_once_get_their_own_answers(adder: type[FaceAdder] | type[PlateAdder], shared: Path, models: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    if adder is PlateAdder:
        pytest.importorskip("openvino")
        asked = PlateAdder(models / "plate-0106-int8.xml")
        pictures = [cv2.imread(str(path))[:, :, ::-1] for path in sorted((shared / "plates").glob("*.jpg"))[:4]]
    else:
        asked = FaceAdder(models / "yunet-n-640.onnx")
        pictures = [np.roll(drawn_face(), 20 * index, axis=1) for index in range(4)]
    wanted = [asked(picture) for picture in pictures]
    assert any(len(found) for found in wanted)

    def differs(index: int) -> bool:
        return any(not np.array_equal(asked(pictures[index]), wanted[index]) for _ in range(4))

    with ThreadPoolExecutor(len(pictures)) as cameras:
        assert not any(cameras.map(differs, range(len(pictures))))


def test_cameras_that_start_together_share_one_of_each(weights: Path) -> None:
    region_adders._opened.cache_clear()
    with ThreadPoolExecutor(4) as cameras:
        opened = [job.result() for job in [cameras.submit(region_adders.adders_here) for _ in range(4)]]
    assert opened[0]
    assert len({tuple(map(id, adders)) for adders in opened}) == 1


def test_the_redactor_of_a_network_is_opened_with_everything_this_machine_has(weights: Path) -> None:
    assert isinstance(open_redactor("yolox-nano"), Redactor)


def test_motion_alone_gets_no_redactor() -> None:
    with pytest.raises(ModelError, match="only the background may be shown"):
        open_redactor(manifest.MOTION)


@given(st.integers(64, 4000), st.integers(64, 4000))
def test_tiles_leave_no_pixel_out(width_px: int, height_px: int) -> None:
    columns, rows = np.zeros(width_px, np.bool_), np.zeros(height_px, np.bool_)
    for left, top, right, bottom in tiles_px(width_px, height_px):
        assert 0 <= left < right <= width_px
        assert 0 <= top < bottom <= height_px
        columns[left:right] = rows[top:bottom] = True
    assert columns.all()
    assert rows.all()


class Corner:
    """A network that sees one car, a quarter of the picture wide, in the upper left of whatever it looks at."""

    model = manifest.model_named("yolox-nano")

    def look(self, rgb: np.ndarray, least_score_ratio: float) -> Detections:
        box_px = np.array([[0, 0, rgb.shape[1] / 4, rgb.shape[0] / 4]], np.float32)
        return Detections(box_px, np.ones(1, np.float32), np.full(1, RoadUser.CAR.code, np.uint8))


def test_a_closer_look_at_two_sizes_gives_boxes_in_one() -> None:
    street = np.zeros((720, 1280, 3), np.uint8)
    once, twice = CloserLook(Corner())(street), CloserLook(Corner(), scales_ratio=(1.0, 0.5))(street)
    assert len(twice) == len(once) + len(CloserLook(Corner())(street[::2, ::2]))
    nearer, further = twice.box_px[0], twice.box_px[len(once)]
    assert nearer.tolist() == pytest.approx([0, 0, 1280 * 5 / 13 / 4, 720 * 0.6 / 4], rel=0.02)
    assert further.tolist() == pytest.approx([0, 0, 1280 * 0.6 / 4, 720 * 0.6 / 4], rel=0.02)
