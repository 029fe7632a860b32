"""Pictures of drivers: people of real clips, cut to head and shoulders as a driver is seen, show no head; what shows none that was found shows nothing."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from catseye.core.arrays import Pixels
from catseye.core.road_user import RoadUser
from catseye.vision.detect.detector import open_detector
from catseye.vision.evidence.frames import MemoryVideo
from catseye.vision.in_cabin import shows_a_head
from catseye.vision.redact import FILL_RGB, Fill
from catseye.vision.redact_regions import HEAD, PLATE_BAND
from catseye.vision.upload_copies import StillCopy


@pytest.fixture(autouse=True)
def with_models(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(models.resolve()))


def people(clip: Path, every_count: int, most_count: int) -> list[Pixels]:
    """Head and shoulders of people on foot, 640×480: the head lies around (320, 140)."""
    eye, found = open_detector("yolox-nano"), list[Pixels]()
    with clip.open("rb") as file, MemoryVideo(file, "cab") as video:
        for shown in video.shown():
            frame = shown.frame
            if frame.index % every_count:
                continue
            seen = eye.detect(frame)
            rgb = frame.rgb(frame.width_px, frame.height_px)
            for (left, top, right, bottom), kind, score_ratio in zip(seen.box_px, seen.kind, seen.score_ratio, strict=True):
                high, wide = bottom - top, right - left
                if kind != RoadUser.PEDESTRIAN.code or score_ratio < 0.45 or high < 44 or not 0.2 < wide / high < 0.7:
                    continue
                side, middle, above = high * 0.42, (left + right) / 2, top - 0.06 * high
                x0, x1, y0, y1 = int(middle - side * 0.67), int(middle + side * 0.67), int(above), int(above + side)
                if x0 >= 0 and y0 >= 0 and x1 <= frame.width_px and y1 <= frame.height_px:
                    found.append(np.asarray(cv2.resize(rgb[y0:y1, x0:x1], (640, 480), interpolation=cv2.INTER_CUBIC), np.uint8))
            if len(found) >= most_count:
                break
    return found[:most_count]


@pytest.mark.parametrize(("clip", "every_count"), [("plaza-night-3fps.mp4", 15), ("hanoi-giang-vo.mp4", 15)])
def test_people_seen_as_a_driver_is_seen_have_no_head_in_the_copy(shared: Path, clip: str, every_count: int) -> None:
    stills = StillCopy()
    seen = people(shared / "video" / clip, every_count, 2)
    assert seen
    for rgb in seen:
        head = stills.redacted(rgb, is_in_cabin=True).rgb[80:200, 270:370].astype(int)
        assert np.abs(head - FILL_RGB).max() < 4


@pytest.mark.parametrize(
    ("fills", "faces_px", "shows"),
    [
        ([], None, False),
        ([Fill((100, 100, 180, 180), HEAD)], None, True),
        ([Fill((100, 100, 110, 110), HEAD)], None, False),
        ([Fill((-200, -200, 10, 10), HEAD)], None, False),
        ([Fill((0, 0, 640, 480), PLATE_BAND)], None, False),
        ([], np.array([[100, 100, 180, 180]], np.float32), True),
        ([], np.empty((0, 4), np.float32), False),
    ],
    ids=["nothing", "head", "small", "outside", "plate", "face", "no face"],
)
def test_only_a_head_as_large_as_a_drivers_is_believed(fills: list[Fill], faces_px: np.ndarray | None, shows: bool) -> None:
    assert shows_a_head(fills, faces_px, (640, 480)) == shows
