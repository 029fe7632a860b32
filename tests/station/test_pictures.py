"""Pictures of one camera: late and redacted, never the live picture with `motion` alone, and never at the expense of the count."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from tests.station.looks import BODY_RGB, WIDTH_PX, look_at, looks, street

from catseye.core.arrays import Pixels
from catseye.core.picture import RedactedPicture
from catseye.core.road_user import RoadUser
from catseye.core.time import NS_PER_S
from catseye.station.pictures import BackgroundEye, KeptPictures, RedactedEye, pictures_for, preview_name, still_path
from catseye.station.site import Site, site_of_video
from catseye.traffic.crossings import Crossings
from catseye.traffic.lines import Line
from catseye.vault.vault import Vault
from catseye.vision.detect import network
from catseye.vision.detect.detector import MotionDetector
from catseye.vision.redact import FILL_RGB, Redactor

KINDS = {RoadUser.PEDESTRIAN, RoadUser.CAR}
LINE = Line("line-1", np.array([[0.0, 120.0], [320.0, 120.0]]))


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault.open(tmp_path / "vault") as opened:
        yield opened


@pytest.fixture
def no_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(tmp_path / "no-models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "no-cache"))


def kept(vault: Vault, out: Path, eye: RedactedEye | BackgroundEye) -> KeptPictures:
    return KeptPictures("cam-1", vault, out, lambda width_px, height_px: [LINE], eye)


def frames(path: Path) -> list[tuple[float, Pixels]]:
    with av.open(path) as file:
        return [(float(frame.time), frame.to_ndarray(format="rgb24")) for frame in file.decode(video=0)]


def shows_the_body(rgb: Pixels, tolerance: int = 40) -> bool:
    return bool((np.abs(rgb.astype(int) - BODY_RGB).max(axis=2) < tolerance).sum() > 20)


def site() -> Site:
    return site_of_video("clip.mp4")


def test_a_person_is_filled_in_every_picture_and_shown_at_the_time_it_was_there(vault: Vault, tmp_path: Path) -> None:
    pictures = kept(vault, tmp_path, RedactedEye(Redactor(KINDS)))
    for look in looks(6, kind=RoadUser.UNKNOWN):
        pictures.look(look)
    pictures.close()
    shown = frames(tmp_path / "preview-cam-1.mp4")
    assert len(shown) > 20
    assert not any(shows_the_body(rgb) for _, rgb in shown)
    assert all(abs(time_s * 8 - round(time_s * 8)) < 0.02 for time_s, _ in shown)
    assert max(np.diff([time_s for time_s, _ in shown])) <= 0.5


def test_pictures_come_no_faster_than_five_a_second(vault: Vault, tmp_path: Path) -> None:
    pictures = kept(vault, tmp_path, RedactedEye(Redactor(KINDS)))
    for look in looks(8, fps=25):
        pictures.look(look)
    pictures.close()
    assert 30 <= len(frames(tmp_path / "preview-cam-1.mp4")) <= 41


def test_a_large_picture_is_shown_small_and_its_still_kept_larger(vault: Vault, tmp_path: Path) -> None:
    pictures = kept(vault, tmp_path, RedactedEye(Redactor(KINDS)))
    for look in looks(4, size_px=(1920, 1080)):
        pictures.look(look)
    pictures.close()
    assert {rgb.shape for _, rgb in frames(tmp_path / "preview-cam-1.mp4")} == {(360, 640, 3)}
    assert cv2.imread(str(still_path(vault, "cam-1"))).shape == (720, 1280, 3)


def test_the_still_is_redacted_and_in_the_vault(vault: Vault, tmp_path: Path) -> None:
    pictures = kept(vault, tmp_path, RedactedEye(Redactor(KINDS)))
    for look in looks(5, kind=RoadUser.UNKNOWN):
        pictures.look(look)
    pictures.close()
    still = cv2.imread(str(still_path(vault, "cam-1")))[:, :, ::-1]
    assert not shows_the_body(still, 10)
    assert (still == FILL_RGB).all(axis=2).any()


def test_with_motion_alone_every_picture_is_the_background_and_nothing_of_the_live_one(no_models: None) -> None:
    eye = BackgroundEye("cam-1")
    shown: list[tuple[int, RedactedPicture]] = []
    for look in looks(20, kind=RoadUser.UNKNOWN):
        shown += eye.see(look, shown=True)
    shown += eye.finish()
    assert len(shown) == 160
    assert [time_ns for time_ns, _ in shown] == sorted(time_ns for time_ns, _ in shown)
    empty = street()
    for picture in {id(each): each for _, each in shown}.values():
        filled = (picture.rgb == FILL_RGB).all(axis=2)
        assert (np.abs(picture.rgb.astype(int) - empty).max(axis=2) <= 1)[~filled].all()


def test_with_motion_alone_the_preview_differs_from_the_background_only_where_something_is_drawn(vault: Vault, tmp_path: Path, no_models: None) -> None:
    pictures = kept(vault, tmp_path, BackgroundEye("cam-1"))
    boxes_px = {}
    for look in looks(15, kind=RoadUser.UNKNOWN):
        boxes_px[look.frame.time_ns // 1_000_000] = look.tracked.box_px[0]
        pictures.look(look)
    pictures.close()
    empty, shown = street(), frames(tmp_path / "preview-cam-1.mp4")
    assert len(shown) > 60
    for time_s, rgb in shown:
        left, top, right, bottom = boxes_px[round(time_s * 1000)].astype(int).tolist()
        drawn = np.zeros(rgb.shape[:2], np.bool_)
        drawn[:32] = drawn[-32:] = drawn[96:144] = True  # captions, legend, the line and its tag
        drawn[max(0, top - 12) : bottom + 12, max(0, left - 12) : right + 12] = True
        drawn[:, left - 4 : right + 4] = True  # the way it came, and those before it
        drawn |= cv2.dilate((np.abs(rgb.astype(int) - FILL_RGB).max(axis=2) < 12).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
        assert (np.abs(rgb.astype(int) - empty).max(axis=2) < 40)[~drawn].all(), time_s
        assert not shows_the_body(rgb)


def test_with_motion_alone_a_clip_too_short_to_know_a_background_has_no_picture(vault: Vault, tmp_path: Path, no_models: None) -> None:
    pictures = kept(vault, tmp_path, BackgroundEye("cam-1"))
    for look in looks(4, kind=RoadUser.UNKNOWN):
        pictures.look(look)
    pictures.close()
    assert not (tmp_path / "preview-cam-1.mp4").exists()
    assert not still_path(vault, "cam-1").exists()


def test_a_fault_in_a_picture_ends_the_pictures_and_not_the_count(vault: Vault, tmp_path: Path) -> None:
    def broken(width_px: int, height_px: int, form: str) -> Pixels:
        raise RuntimeError("the scaler gave up")

    pictures = kept(vault, tmp_path, RedactedEye(Redactor(KINDS)))
    for number, look in enumerate(looks(6)):
        pictures.look(replace(look, frame=replace(look.frame, convert=broken, _made={})) if number >= 30 else look)
    pictures.close()
    (event,) = vault.events()
    assert (event.kind, event.details["detail"]) == ("pictures-failed", "a bug: RuntimeError: the scaler gave up")
    assert frames(tmp_path / "preview-cam-1.mp4")[-1][0] < 30 / 8


def test_a_model_that_is_not_here_means_no_picture_and_an_event(vault: Vault, tmp_path: Path, no_models: None) -> None:
    class Named:
        name = "picodet-s-320"
        detect = None

    network._opened.cache_clear()  # another test of this process may have loaded it
    pictures = pictures_for(site(), site().cameras[0], Named(), vault, tmp_path, wanted=True)  # type: ignore[arg-type]
    pictures.look(look_at(0.0))
    pictures.close()
    (event,) = vault.events()
    assert event.kind == "pictures-failed"
    assert "picodet-s-320" in str(event.details["detail"])
    assert not (tmp_path / preview_name("cam-1")).exists()


def test_without_a_wish_for_pictures_nothing_is_written(vault: Vault, tmp_path: Path) -> None:
    pictures = pictures_for(site(), site().cameras[0], MotionDetector(), vault, tmp_path, wanted=False)
    for look in looks(15):
        pictures.look(look)
    pictures.close()
    assert not (tmp_path / preview_name("cam-1")).exists()
    assert pictures.cpu_s == {}


def test_counts_at_the_line_appear_with_the_crossing(vault: Vault, tmp_path: Path) -> None:
    pictures = kept(vault, tmp_path, RedactedEye(Redactor(KINDS)))
    for look in looks(6):
        pictures.look(look)
        if look.frame.time_ns == 3 * NS_PER_S:
            at = np.array([2_800_000_000]), np.array([1]), np.array([0]), np.array([True]), np.array([[160.0, 120.0]])
            pictures.crossed(Crossings(*at))
    pictures.close()
    shown = frames(tmp_path / "preview-cam-1.mp4")
    before, after = ([rgb for time_s, rgb in shown if low < time_s < high] for low, high in ((1.0, 2.7), (4.0, 6.0)))
    caption = (slice(0, 18), slice(WIDTH_PX - 80, WIDTH_PX))
    assert np.abs(before[0][caption].astype(int) - before[-1][caption]).max() < 60
    assert np.abs(before[0][caption].astype(int) - after[-1][caption]).max() > 100


def test_what_pictures_cost_is_told_by_step(vault: Vault, tmp_path: Path) -> None:
    pictures = kept(vault, tmp_path, RedactedEye(Redactor(KINDS)))
    for look in looks(4):
        pictures.look(look)
    pictures.close()
    assert set(pictures.cpu_s) == {"redact", "preview"}
    assert all(spent_s > 0 for spent_s in pictures.cpu_s.values())


@pytest.mark.parametrize("motion", [False, True])
def test_a_long_run_holds_no_more_than_a_short_one(vault: Vault, tmp_path: Path, no_models: None, motion: bool) -> None:
    eye = BackgroundEye("cam-1") if motion else RedactedEye(Redactor(KINDS))
    pictures = kept(vault, tmp_path, eye)
    for number in range(1200):
        look = look_at(number * 5.0, speed_px_s=900, size_px=(64, 48))
        pictures.look(look)
        at = np.array([look.frame.time_ns]), look.tracked.track, np.array([0]), np.array([True]), np.array([[32.0, 24.0]])
        pictures.crossed(Crossings(*at))
    book = pictures._book
    assert book is not None
    assert len(book._seen) + len(book._sure) + len(book._waiting) + len(book._into) < 3000
    held = len(eye._waiting_ns) if isinstance(eye, BackgroundEye) else len(eye._asked) + len(eye._users_count)
    assert held < 400
    pictures.close()
    assert frames(tmp_path / "preview-cam-1.mp4")[-1][0] <= 3600.0
