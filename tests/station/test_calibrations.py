"""From a site's `[camera.calibration]` to its view of the ground."""

from pathlib import Path

import numpy as np
import pytest

from catseye.core.calibration import CalibrationError
from catseye.core.errors import SiteError
from catseye.core.geo import GeoPoint
from catseye.station.calibrations import SIGMA_M, SIGMA_OF_DEGREES_M, calibration_of, certificate_of, reference_points, solution_of
from catseye.station.demo.scene import DEMO_CAMERA
from catseye.station.site import Site, load_site

GROUND_M = np.array([[-5.2, -13.9], [5.2, -13.9], [-10.6, -8.8], [10.6, -8.8], [-10.6, 8.8], [10.6, 8.8], [5.2, 13.9], [-5.2, 13.9]])
SIZE_PX = (640, 360)
ORIGIN = GeoPoint(40.4168, -3.7038)
ELSEWHERE_PX = np.array([[300.0, 200.0], [400.0, 150.0]])


def rows(px: np.ndarray, key: str = "m", ground: np.ndarray = GROUND_M) -> str:
    return "\n".join(f"    {{ px = {a}, {key} = {b} }}," for a, b in zip(px.round(3).tolist(), ground.tolist(), strict=True))


def site_of(folder: Path, calibration: str) -> Site:
    path = folder / "a.toml"
    path.write_text(f'[site]\nid = "s"\n[[camera]]\nid = "c"\n[camera.calibration]\n{calibration}', "utf-8")
    return load_site(path)


def exact(folder: Path, *, wrong: int | None = None, more: str = 'lens = "none"') -> Site:
    px = DEMO_CAMERA.ground_px(GROUND_M)
    if wrong is not None:
        px[wrong] += [30, 10]
    return site_of(folder, f"{more}\npoints = [\n{rows(px)}\n]\n")


def test_a_sites_points_give_its_street(tmp_path: Path) -> None:
    site = exact(tmp_path)
    calibration = calibration_of(site, site.cameras[0], SIZE_PX)
    assert calibration is not None
    assert calibration.place_of(ELSEWHERE_PX) == pytest.approx(DEMO_CAMERA.to_ground_m(ELSEWHERE_PX), abs=0.01)
    assert calibration.size_px == SIZE_PX


def test_without_a_table_there_is_no_calibration(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[site]\nid = "s"\n[[camera]]\nid = "c"\n', "utf-8")
    site = load_site(path)
    assert calibration_of(site, site.cameras[0]) is None
    with pytest.raises(SiteError, match=r"\[\[camera\]\] c has no reference points; wanted points = "):
        solution_of(site, site.cameras[0])


def test_without_any_picture_the_ground_is_the_same(tmp_path: Path) -> None:
    """`judge` opens no source."""
    site = exact(tmp_path)
    calibration = calibration_of(site, site.cameras[0])
    assert calibration is not None
    assert calibration.size_px is None
    assert calibration.place_of(ELSEWHERE_PX) == pytest.approx(DEMO_CAMERA.to_ground_m(ELSEWHERE_PX), abs=0.01)


def test_a_sub_stream_of_the_shape_sees_the_same_street(tmp_path: Path) -> None:
    site = exact(tmp_path, more="size_px = [640, 360]")
    calibration = calibration_of(site, site.cameras[0], (1280, 720))
    assert calibration is not None
    assert calibration.place_of(ELSEWHERE_PX * 2) == pytest.approx(DEMO_CAMERA.to_ground_m(ELSEWHERE_PX), abs=0.01)
    with pytest.raises(CalibrationError, match="made for 640×360 pixels, used on 640×480"):
        calibration_of(site, site.cameras[0], (640, 480))


def test_points_in_degrees_are_metres_from_the_first(tmp_path: Path) -> None:
    degrees = ORIGIN.degrees_of(GROUND_M - GROUND_M[0])
    site = site_of(tmp_path, f"points = [\n{rows(DEMO_CAMERA.ground_px(GROUND_M), 'deg', degrees)}\n]\n")
    points = reference_points(site, site.cameras[0], SIZE_PX)
    assert points.m == pytest.approx(GROUND_M - GROUND_M[0], abs=1e-5)
    assert (points.sigma_m, points.origin) == (SIGMA_OF_DEGREES_M, GeoPoint(*degrees[0].tolist()))
    calibration = calibration_of(site, site.cameras[0], SIZE_PX)
    assert calibration is not None
    assert calibration.degrees_of(np.zeros((1, 2))) == pytest.approx(degrees[:1])


def test_what_the_site_says_of_its_points_is_taken(tmp_path: Path) -> None:
    site = exact(tmp_path, more='size_px = [640, 360]\nsigma_px = 0.5\nsigma_m = 0.02\nlens = "none"\ndate = 2026-03-02')
    points = reference_points(site, site.cameras[0])
    assert (points.sigma_px, points.sigma_m, points.size_px, points.may_bend) == (0.5, 0.02, (640, 360), False)
    usual = reference_points(exact(tmp_path, more=""), exact(tmp_path, more="").cameras[0])
    assert (usual.sigma_px, usual.sigma_m, usual.size_px, usual.may_bend) == (1.0, SIGMA_M, None, True)


def test_no_measure_is_built_on_points_that_contradict_each_other(tmp_path: Path) -> None:
    site = exact(tmp_path, wrong=3)
    with pytest.raises(CalibrationError, match=r"a\.toml:11: point 4 is 32 px \(.* m\) from where the other 7 put it; wanted it measured again, or left out"):
        calibration_of(site, site.cameras[0], SIZE_PX)
    assert solution_of(site, site.cameras[0], SIZE_PX).is_used.sum() == 7


def test_every_fault_stands_with_its_line(tmp_path: Path) -> None:
    px = DEMO_CAMERA.ground_px(GROUND_M)
    for ground, said in ((GROUND_M * [-1, 1], "a.toml:6: the ground is mirrored"), (GROUND_M / 1000, "wanted metres: are they kilometres?")):
        site = site_of(tmp_path, f"points = [\n{rows(px, ground=ground)}\n]\n")
        with pytest.raises(CalibrationError) as fault:
            calibration_of(site, site.cameras[0], SIZE_PX)
        assert said in str(fault.value)


def test_a_pole_is_no_origin(tmp_path: Path) -> None:
    site = site_of(tmp_path, f"points = [\n{rows(DEMO_CAMERA.ground_px(GROUND_M), 'deg', GROUND_M * 1e-4 + [89.95, 0])}\n]\n")
    with pytest.raises(SiteError, match=r"a\.toml:7: 89\.9.* wanted a place away from the poles"):
        calibration_of(site, site.cameras[0])


def test_a_certificate_stands_for_its_points(tmp_path: Path) -> None:
    site = exact(tmp_path)
    solution = solution_of(site, site.cameras[0], SIZE_PX)
    certificate = solution.certificate("c", "2026-03-02", "0.1.0")
    (tmp_path / "c.json").write_text(certificate.as_text(), "utf-8")
    by_name = site_of(tmp_path, 'certificate = "c.json"\n')
    assert certificate_of(by_name, by_name.cameras[0]) == certificate
    assert calibration_of(by_name, by_name.cameras[0], SIZE_PX) == solution.calibration
    assert calibration_of(by_name, by_name.cameras[0]) == solution.calibration


@pytest.mark.parametrize(
    ("content", "told"), [(None, "No such file"), ("{}", "not a certificate"), ("\xff", "certificate c.json"), ("null", "not a certificate")]
)
def test_a_certificate_that_is_none_is_told_in_one_line(tmp_path: Path, content: str | None, told: str) -> None:
    if content is not None:
        (tmp_path / "c.json").write_bytes(content.encode("latin-1"))
    site = site_of(tmp_path, 'certificate = "c.json"\n')
    with pytest.raises(SiteError) as fault:
        calibration_of(site, site.cameras[0])
    assert str(fault.value).startswith(f"{tmp_path}/a.toml:6: certificate c.json: ")
    assert told in str(fault.value)
    assert "\n" not in str(fault.value)
