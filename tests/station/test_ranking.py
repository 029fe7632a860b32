"""`hazards`: what is ranked, what is left out, what is said of a change."""

import csv
import json
from pathlib import Path

import pytest

from catseye.core.errors import CatseyeError
from catseye.station.ranking import run_hazards


def a_run(folder: Path, events: list[dict], hours: float = 1.0, camera: str = "cam-1") -> Path:
    folder.mkdir(parents=True)
    said = {"run": "r", "cameras": [{"camera": camera, "duration_s": hours * 3600, "width_px": 640, "height_px": 360}]}
    (folder / "run.json").write_text(json.dumps(said))
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return folder


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
