"""Too few pixels for the task: where the site asks for something, and the camera is calibrated."""

from pathlib import Path

import numpy as np
import pytest

from catseye.core.calibration import Calibration
from catseye.station.calibrations import calibration_of
from catseye.station.demo.scene import DEMO_CAMERA
from catseye.station.pixel_needs import asked_of, coarse_places, metres_per_px
from catseye.station.site import Camera, load_site

GROUND_M = np.array([[-5.2, -13.9], [5.2, -13.9], [-10.6, -8.8], [10.6, -8.8], [-10.6, 8.8], [10.6, 8.8], [5.2, 13.9], [-5.2, 13.9]])
SIZE_PX = (640, 360)


def camera_with(folder: Path, tables: str) -> tuple[Camera, Calibration]:
    """The demo's camera with lines, zones and rules of one's own."""
    px = DEMO_CAMERA.ground_px(GROUND_M)
    rows = "\n".join(f"{{ px = {a}, m = {b} }}," for a, b in zip(px.round(3).tolist(), GROUND_M.tolist(), strict=True))
    text = f'[site]\nid = "s"\n[[camera]]\nid = "c"\n[camera.calibration]\nlens = "none"\npoints = [\n{rows}\n]\n{tables}'
    (folder / "a.toml").write_text(text, "utf-8")
    site = load_site(folder / "a.toml")
    calibration = calibration_of(site, site.cameras[0], SIZE_PX)
    assert calibration is not None
    return site.cameras[0], calibration


def line_at(y_m: float, name: str = "line-1") -> str:
    return f'[[camera.line]]\nid = "{name}"\nm = [[-3, {y_m}], [3, {y_m}]]\n'


def test_a_pixel_covers_what_the_projection_says(tmp_path: Path) -> None:
    """Two places a metre apart across the line of sight, in the demo's own projection."""
    camera, calibration = camera_with(tmp_path, line_at(0.0))
    left, right = DEMO_CAMERA.ground_px(np.array([[-0.5, 0.0], [0.5, 0.0]]))
    assert metres_per_px(camera, calibration, SIZE_PX)["line-1"] == pytest.approx(1 / np.hypot(*(right - left)), rel=0.1)


def test_a_line_too_far_away_is_told_for_what_it_is_too_coarse_for(tmp_path: Path) -> None:
    camera, calibration = camera_with(tmp_path, line_at(-10.0, "near") + line_at(35.0, "far"))
    found = coarse_places(camera, calibration, SIZE_PX)
    assert {finding.place for finding in found} == {"far"}
    assert [finding.details["task"] for finding in found][-1] == "speed"
    assert all("at far" in finding.detail and not finding.blinds for finding in found)


def test_a_larger_picture_of_the_same_place_has_more_pixels(tmp_path: Path) -> None:
    camera, calibration = camera_with(tmp_path, line_at(35.0))
    assert coarse_places(camera, calibration, SIZE_PX)
    assert coarse_places(camera, calibration.scaled_to(6400, 3600), (6400, 3600)) == []


def test_a_zone_is_asked_for_a_speed_when_a_rule_measures_one_there(tmp_path: Path) -> None:
    zone = '[[camera.zone]]\nid = "road"\npx = [[200, 200], [440, 200], [440, 300]]\n'
    rule = '[[camera.rule]]\nkind = "speeding"\nlimit_kmh = 50\nzone = "road"\n'
    assert asked_of(camera_with(tmp_path, zone)[0]) == []
    assert asked_of(camera_with(tmp_path, zone + rule)[0]) == [("road", "speed")]


def test_what_is_not_in_the_picture_is_left_out(tmp_path: Path) -> None:
    camera, calibration = camera_with(tmp_path, '[[camera.line]]\nid = "gone"\npx = [[2000, 2000], [3000, 2000]]\n')
    assert metres_per_px(camera, calibration, SIZE_PX) == {}
    assert coarse_places(camera, calibration, SIZE_PX) == []
