"""run.json."""

import json
from pathlib import Path

import pytest

from catseye.core.calibration import Calibration
from catseye.core.errors import StoreError
from catseye.station.calibrations import calibration_of
from catseye.station.line import STEPS, LineRecord
from catseye.station.record import write_run
from catseye.station.site import load_site, site_of_video

SITE = site_of_video("clip.mp4")


def written(folder: Path, *records: LineRecord) -> dict[str, object]:
    told = write_run(folder, "run-1", SITE, records, 12.34567)
    assert json.loads((folder / "run.json").read_text("utf-8")) == told
    assert [path.name for path in folder.iterdir()] == ["run.json"]
    return told


def test_what_others_read_is_there(tmp_path: Path) -> None:
    records = [LineRecord("a", 250, 80, duration_s=10.0, detector="yolox-nano"), LineRecord("b", 50, 20, duration_s=2.0, detector="motion")]
    for record in records:
        record.cpu_s["detect"] = 0.5
    told = written(tmp_path, *records)
    assert {"version", "run", "site_sha256", "models_sha256", "peak_rss_bytes", "partial", "rules_not_judged"} < set(told)
    assert (told["frames_decoded"], told["frames_analysed"], told["duration_s"], told["wall_s"], told["partial"]) == (300, 100, 12.0, 12.346, False)
    assert isinstance(told["cpu_s"], dict)
    assert list(told["cpu_s"]) == list(STEPS)
    assert told["cpu_s"]["detect"] == 1.0
    assert list(told["models_sha256"]) == ["yolox-nano"]  # type: ignore[call-overload]


def test_one_camera_that_stopped_early_makes_it_partial(tmp_path: Path) -> None:
    assert written(tmp_path, LineRecord("a"), LineRecord("b", stopped="gone"))["partial"] is True


def test_a_disk_that_says_no_is_no_bug(tmp_path: Path) -> None:
    (tmp_path / "run.json").mkdir()
    with pytest.raises(StoreError, match="a folder stands where a file should"):
        written(tmp_path, LineRecord("a"))


def test_the_view_a_calibrated_camera_had_stands_beside_it_and_reads_back_bit_for_bit(tmp_path: Path) -> None:
    points = [((100, 300), (0, 0)), ((540, 300), (10, 0)), ((240, 120), (0, 30)), ((400, 120), (10, 30))]
    table = ",\n".join(f"{{ px = [{x}.0, {y}.0], m = [{east}.0, {north}.0] }}" for (x, y), (east, north) in points)
    (tmp_path / "a.toml").write_text(f'[site]\nid = "s"\n[[camera]]\nid = "c"\n[camera.calibration]\nlens = "none"\npoints = [\n{table}\n]\n')
    site = load_site(tmp_path / "a.toml")
    write_run(tmp_path, "run-1", site, [LineRecord("c", width_px=640, height_px=360)], 1.0)
    told = json.loads((tmp_path / "calibrations.json").read_text("utf-8"))
    assert Calibration.from_json(told["c"]) == calibration_of(site, site.cameras[0], (640, 360))
    write_run(tmp_path, "run-2", SITE, [LineRecord("cam-1")], 1.0)
    assert not (tmp_path / "calibrations.json").exists(), "no view of an earlier run is left beside a run without one"
