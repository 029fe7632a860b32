"""`catseye calibrate`: on a drawn junction, whose camera is known."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.station.test_calibrations import GROUND_M

from catseye.core.certificate import Certificate
from catseye.station.calibration_picture import WIDTH_PX, MapOrder, draw_map
from catseye.station.calibrations import calibration_of
from catseye.station.cli import run
from catseye.station.demo.encode import encode_h264
from catseye.station.demo.render import Conditions, Renderer
from catseye.station.demo.scene import DEMO_CAMERA
from catseye.station.demo.signals import SignalPlan
from catseye.station.demo.traffic import junction_traffic
from catseye.station.palette import DOUBT_BANDS, rgb_of
from catseye.station.preview import write_drawn
from catseye.station.site import load_site


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds of the demo's junction, three frames a second."""
    path = tmp_path_factory.mktemp("clip") / "junction.mp4"
    renderer = Renderer(DEMO_CAMERA, junction_traffic(12, 7, SignalPlan()), conditions=Conditions(), seed=7)
    encode_h264(path, ((time_s, renderer.render(time_s)) for time_s in np.arange(0, 12, 1 / 3).tolist()), DEMO_CAMERA.size_px, 3)
    return path


def site_file(folder: Path, *, source: str = "", shift_px: float = 0.0, more: str = "", count: int = 8) -> Path:
    px = DEMO_CAMERA.ground_px(GROUND_M[:count]) + np.random.default_rng(1).normal(0, 0.5, (count, 2))
    px[2, 0] += shift_px
    rows = "\n".join(f"    {{ px = {a}, m = {b} }}," for a, b in zip(px.round(2).tolist(), GROUND_M.tolist(), strict=False))
    said = f'source = "{source}"\n' if source else ""
    path = folder / "site.toml"
    path.write_text(f'[site]\nid = "drawn"\n[[camera]]\nid = "cam-1"\n{said}[camera.calibration]\ndate = 2026-03-02\n{more}\npoints = [\n{rows}\n]\n', "utf-8")
    return path


def test_a_calibrated_camera_has_certificate_map_and_road(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = site_file(tmp_path, source=str(clip))
    assert run(["calibrate", str(site), "--out", str(tmp_path / "out"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [Path(name).name for name in said["files"]] == ["road-cam-1.png", "calibration-cam-1.json", "calibration-cam-1.png"]
    certificate = Certificate.from_text((tmp_path / "out" / "calibration-cam-1.json").read_text("utf-8"))
    assert (certificate.camera, certificate.made_on, len(certificate.points)) == ("cam-1", "2026-03-02", 8)
    assert certificate.picture_sha256 == hashlib.sha256((tmp_path / "out" / "road-cam-1.png").read_bytes()).hexdigest()
    assert certificate.calibration == calibration_of(load_site(site), load_site(site).cameras[0], (640, 360))
    assert said["geometry"]["height_m"] == pytest.approx(21.0, abs=1.0)
    assert [part["part"] for part in said["parts"]] == ["near", "middle", "far"]
    assert all(0 < part["speed_doubt_kmh"] < 5 for part in said["parts"])
    drawn = cv2.imread(str(tmp_path / "out" / "calibration-cam-1.png"))
    assert drawn.shape[1] == WIDTH_PX


def test_a_clip_too_short_to_tell_the_road_from_its_users_is_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    renderer = Renderer(DEMO_CAMERA, junction_traffic(3, 7, SignalPlan()), seed=7)
    encode_h264(tmp_path / "short.mp4", ((time_s, renderer.render(time_s)) for time_s in (0.0, 1.0, 2.0)), DEMO_CAMERA.size_px, 1)
    assert run(["calibrate", str(site_file(tmp_path, source="short.mp4")), "--out", str(tmp_path / "out")]) == 0
    assert "Drawn on a plain sheet: the clip is too short to tell the road from its users." in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["calibration-cam-1.json", "calibration-cam-1.png"]


def test_the_text_names_every_point_and_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["calibrate", str(site_file(tmp_path, more="size_px = [640, 360]")), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("left out m", "near ", "middle ", "far ", "± ", "The camera: 2", "Drawn on a plain sheet: the camera has no source."))
    assert not (tmp_path / "out" / "road-cam-1.png").exists()


def test_a_wrong_point_asks_for_a_look_and_the_calibration_does_without_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = site_file(tmp_path, shift_px=35.0, more="size_px = [640, 360]")
    assert run(["calibrate", str(site), "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().out
    assert "✗ contradicts the others" in said
    assert "site.toml:11: point 3 is 3" in said
    certificate = Certificate.from_text((tmp_path / "out" / "calibration-cam-1.json").read_text("utf-8"))
    assert [point.is_used for point in certificate.points] == [True, True, False, *[True] * 5]


def test_four_points_say_that_they_prove_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["calibrate", str(site_file(tmp_path, count=4, more="size_px = [640, 360]")), "--out", str(tmp_path / "out")])
    said = capsys.readouterr().out
    assert code in (0, 1)
    assert "residuals prove nothing" in said
    assert "The lens is unknown and doubted: 8 points tell it" in said


def test_without_any_size_of_the_picture_it_still_measures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["calibrate", str(site_file(tmp_path)), "--out", str(tmp_path / "out")]) == 0
    assert "nobody told the picture's size" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["calibrate", "missing.toml"], "missing.toml: no such file; wanted a site file"),
        (["calibrate", "site.toml", "--camera", "cam-2"], "--camera: site.toml has no camera"),
        (["calibrate", "bare.toml"], "[[camera]] c has no reference points; wanted points ="),
        (["calibrate", "site.toml", "--out", "site.toml"], "--out: site.toml is a file"),
    ],
)
def test_wrong_use_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], told: str) -> None:
    monkeypatch.chdir(tmp_path)
    site_file(tmp_path)
    (tmp_path / "bare.toml").write_text('[site]\nid = "s"\n[[camera]]\nid = "c"\n', "utf-8")
    assert run(words) == 2
    captured = capsys.readouterr()
    assert told in captured.err
    assert captured.err.count("\n") == 1


def order(folder: Path, px: np.ndarray | None = None) -> MapOrder:
    site = load_site(site_file(folder, more="size_px = [640, 360]"))
    calibration = calibration_of(site, site.cameras[0])
    assert calibration is not None
    at = DEMO_CAMERA.ground_px(GROUND_M) if px is None else px
    return MapOrder(calibration, at, at + np.array([1.0, 0.0]), np.ones(len(at), np.bool_), (640, 360), "drawn / cam-1", "8 points")


def test_the_map_is_the_colour_of_its_doubt(tmp_path: Path) -> None:
    asked = order(tmp_path)
    drawn = draw_map(np.full((360, 640, 3), 60, np.uint8), asked)
    at = np.array([[333.0, 171.0], [150.0, 300.0], [600.0, 60.0], [60.0, 30.0]])
    for (x, y), ratio in zip(at, asked.calibration.speed_doubt_ratio(at).tolist(), strict=True):
        colours = [np.array(rgb_of(colour)) for limit, colour in DOUBT_BANDS if 50 * ratio <= limit]
        seen = drawn[round(y * 2.5) - 3 : round(y * 2.5) + 4, round(x * 2.5) - 3 : round(x * 2.5) + 4].reshape(-1, 3)
        off = [np.abs(np.median(seen, axis=0) - np.array(rgb_of(colour))).sum() for _, colour in DOUBT_BANDS]
        if colours:
            assert rgb_of(DOUBT_BANDS[int(np.argmin(off))][1]) == tuple(colours[0])


def test_the_same_order_gives_the_same_map(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (180, 320, 3)).astype(np.uint8)
    assert np.array_equal(draw_map(rgb.copy(), order(tmp_path)), draw_map(rgb.copy(), order(tmp_path)))


def test_points_at_and_beyond_the_edges_are_drawn_without_a_fault(tmp_path: Path) -> None:
    px = np.array([[0.0, 0.0], [640.0, 360.0], [-4.0, 100.0], [639.0, 0.0]])
    assert draw_map(np.zeros((360, 640, 3), np.uint8), order(tmp_path, px)).shape[1] == WIDTH_PX


def test_nothing_but_a_redacted_picture_is_drawn_on(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="wanted a RedactedPicture"):
        write_drawn(tmp_path / "a.png", np.zeros((4, 4, 3), np.uint8), lambda rgb: rgb)
