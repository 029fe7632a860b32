"""`hazards`: what is ranked, what is left out, what is said of a change."""

import csv
import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from catseye.core.calibration import Calibration
from catseye.core.errors import CatseyeError
from catseye.core.geo import GeoPoint
from catseye.station.ranking import run_hazards


def a_run(folder: Path, events: list[dict], hours: float = 1.0, camera: str = "cam-1") -> Path:
    folder.mkdir(parents=True)
    said = {"run": "r", "cameras": [{"camera": camera, "duration_s": hours * 3600, "width_px": 640, "height_px": 360}]}
    (folder / "run.json").write_text(json.dumps(said))
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return folder


ORIGIN = GeoPoint(21.0, 105.8)


def from_above(origin: GeoPoint | None = ORIGIN) -> Calibration:
    """A camera that looks straight down: 10 px a metre, the middle of its 640×360 picture over the origin."""
    return Calibration(np.diag([1.0, -1.0, 1.0]), np.zeros(2), np.zeros((10, 10)), (320.0, 180.0), (100.0, 100.0), (0.0, 0.0), 10.0, (640, 360), origin)


def calibrated(run: Path, calibration: Calibration) -> Path:
    (run / "calibrations.json").write_text(json.dumps({"cam-1": calibration.as_json()}))
    return run


def features(out: Path) -> list[dict]:
    return json.loads((out / "hazards.geojson").read_text())["features"]


def near_miss(x: float, y: float, *, ttc_s: float | None = 1.0, pet_s: float | None = None, trusted: bool = True, camera: str = "cam-1") -> dict:
    measures = [{"name": name, "value": value, "unit": "s", "doubt": 0.1} for name, value in (("ttc_min", ttc_s), ("pet", pet_s)) if value is not None]
    return {"kind": "near-miss", "camera": camera, "time_s": 1.0, "end_time_s": 2.0, "measures": measures, "ground_m": [x, y], "px": None, "trusted": trusted}


def test_places_are_written_as_a_table_as_geojson_and_as_a_page_with_a_map(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run", [near_miss(10, 10)] * 5 + [near_miss(60, 10)])
    outcome = run_hazards([run], tmp_path / "out")
    assert outcome.exit_code == 0
    rows = list(csv.DictReader((tmp_path / "out" / "hazards.csv").read_text().splitlines()))
    assert [(row["rank"], row["conflicts"], row["conflicts_per_h"]) for row in rows] == [("1", "5", "5.0"), ("2", "1", "1.0")]
    places = json.loads((tmp_path / "out" / "hazards.geojson").read_text())
    assert places["type"] == "FeatureCollection"
    assert len(places["features"]) == 2
    page = (tmp_path / "out" / "hazards.html").read_text()
    assert "<circle" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_what_an_untrusted_camera_saw_is_left_out_and_counted(tmp_path: Path) -> None:
    outcome = run_hazards([a_run(tmp_path / "run", [near_miss(1, 1), near_miss(2, 1, trusted=False)])], tmp_path / "out")
    assert outcome.summary["cameras"][0]["untrusted_left_out"] == 1
    assert outcome.summary["cameras"][0]["near_misses"] == 1


def test_time_in_which_the_camera_was_blind_is_no_time_watched(tmp_path: Path) -> None:
    blind = [
        {"kind": kind, "camera": "cam-1", "time_s": begin_s, "end_time_s": end_s, "trusted": trusted, "measures": [], "ground_m": None, "px": None}
        for kind, begin_s, end_s, trusted in (
            ("picture-dark", 0.0, 900.0, False),
            ("picture-frozen", 600.0, 1800.0, False),
            ("lens-dirty", 1800.0, 3000.0, True),
        )
    ]
    camera = run_hazards([a_run(tmp_path / "run", [near_miss(1, 1), *blind])], tmp_path / "out").summary["cameras"][0]
    assert camera["hours"] == 0.5


def test_a_change_is_said_with_its_chance(tmp_path: Path) -> None:
    before, after = a_run(tmp_path / "before", [near_miss(1, 1)] * 40), a_run(tmp_path / "after", [near_miss(1, 1)] * 15)
    outcome = run_hazards([after], tmp_path / "out", before=[before])
    assert "near misses 40.0 an hour before, 15.0 after" in outcome.summary["cameras"][0]["change"]
    assert outcome.summary["cameras"][0]["change"].endswith("more than chance explains")
    same = run_hazards([a_run(tmp_path / "again", [near_miss(1, 1)] * 36)], tmp_path / "out2", before=[before])
    assert same.summary["cameras"][0]["change"].endswith("chance may explain it")


def test_several_runs_of_a_camera_are_one_period(tmp_path: Path) -> None:
    runs = [a_run(tmp_path / str(day), [near_miss(1, 1)], hours=2.0) for day in range(3)]
    camera = run_hazards(runs, tmp_path / "out").summary["cameras"][0]
    assert (camera["hours"], camera["near_misses"]) == (6.0, 3)


@pytest.mark.parametrize("damage", ["missing", "run.json", "events.jsonl"])
def test_a_folder_that_is_no_run_is_told_in_one_line(tmp_path: Path, damage: str) -> None:
    if damage != "missing":
        (a_run(tmp_path / "run", []) / damage).write_text("{")
    with pytest.raises(CatseyeError, match=r"wanted a folder that `watch` or `judge` wrote") as fault:
        run_hazards([tmp_path / "run"], tmp_path / "out")
    assert "\n" not in str(fault.value)


def test_places_of_a_camera_calibrated_in_degrees_are_on_the_globe(tmp_path: Path) -> None:
    """103.97 m are a thousandth of a degree of longitude at 21° north."""
    run = calibrated(a_run(tmp_path / "run", [near_miss(103.97, 110.72)]), from_above())
    run_hazards([run], tmp_path / "out")
    (place,) = features(tmp_path / "out")
    assert place["geometry"]["type"] == "Point"
    assert place["geometry"]["coordinates"] == pytest.approx([105.801, 21.001], abs=1e-6), "RFC 7946: longitude first"
    assert place["properties"]["reference"] == "WGS-84"
    (row,) = csv.DictReader((tmp_path / "out" / "hazards.csv").read_text().splitlines())
    assert (float(row["latitude"]), float(row["longitude"])) == pytest.approx((21.001, 105.801), abs=1e-6)


@pytest.mark.parametrize("calibration", [None, from_above(None)])
def test_places_that_nothing_ties_to_the_globe_have_no_geometry_but_their_own_metres(tmp_path: Path, calibration: Calibration | None) -> None:
    run = a_run(tmp_path / "run", [near_miss(12.5, 7.0)])
    run_hazards([run if calibration is None else calibrated(run, calibration)], tmp_path / "out")
    (place,) = features(tmp_path / "out")
    assert place["geometry"] is None
    said = place["properties"]
    assert (said["x_m"], said["y_m"], said["reference"], said["latitude"]) == (12.5, 7.0, "local", None)


def test_metres_of_an_earlier_run_count_from_the_origin_of_the_latest(tmp_path: Path) -> None:
    """The camera was calibrated anew, from a point 103.97 m further east."""
    early = calibrated(a_run(tmp_path / "early", [near_miss(113.97, 0.0)]), from_above())
    late = calibrated(a_run(tmp_path / "late", [near_miss(10.0, 0.0)]), from_above(GeoPoint(21.0, 105.801)))
    run_hazards([early, late], tmp_path / "out")
    (place,) = features(tmp_path / "out")
    assert place["properties"]["conflicts"] == 2
    assert place["geometry"]["coordinates"] == pytest.approx([105.801 + 10 / 103970, 21.0], abs=1e-5)


def test_places_on_the_ground_are_drawn_where_the_camera_sees_them(tmp_path: Path) -> None:
    run = calibrated(a_run(tmp_path / "run", [near_miss(10.0, 5.0)] * 2 + [near_miss(90.0, 0.0)]), from_above())
    still = run / "vault" / "media" / "r" / "cam-1.png"
    still.parent.mkdir(parents=True)
    cv2.imwrite(str(still), np.full((360, 640, 3), 90, np.uint8))
    run_hazards([run], tmp_path / "out")
    page = (tmp_path / "out" / "hazards.html").read_text()
    assert re.findall(r'cx="([0-9.]+)" cy="([0-9.]+)"', page) == [("420.0", "130.0")]
    assert "1 place outside this picture is in the table alone" in page
    assert "data:image/jpeg" in page


def test_what_could_not_be_believed_is_no_time_watched(tmp_path: Path) -> None:
    """Dark from 600 to 1,200 s, judged so from 700 s on, and without pictures from 3,000 to 3,300 s; a dirty lens is told and blinds nobody."""
    spans = [("picture-dark", 600, 1200, False), ("not-trusted", 700, 1200, False), ("source-gap", 3000, 3300, True), ("lens-dirty", 0, 3600, True)]
    blind = [near_miss(1, 1) | {"kind": kind, "time_s": begin, "end_time_s": end, "trusted": trusted, "measures": []} for kind, begin, end, trusted in spans]
    camera = run_hazards([a_run(tmp_path / "run", [near_miss(1, 1), *blind])], tmp_path / "out").summary["cameras"][0]
    assert camera["hours"] == 0.75
    assert (camera["near_misses"], camera["untrusted_left_out"]) == (1, 0)
