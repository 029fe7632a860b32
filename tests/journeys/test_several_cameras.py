"""One site, several cameras, one of them broken: the others finish, and the files are one."""

import csv
import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.support.street import down_the_street, encode_street

from catseye.core.errors import CatseyeError
from catseye.station.site import Site, load_site
from catseye.station.watch import run_watch

CAMERA = '[[camera]]\nid = "{name}"\nsource = "{name}.mp4"\ndetector = "motion"\nstart = {start}\n[[camera.line]]\nid = "across"\npx = [[0, {y}], [320, {y}]]\n'


def site_of(folder: Path, *cameras: str) -> Site:
    (folder / "site.toml").write_text('[site]\nid = "s"\n' + "".join(cameras))
    return load_site(folder / "site.toml")


def camera(name: str, start: str = "2026-01-01T08:00:00Z", y: int = 120) -> str:
    return CAMERA.format(name=name, start=start, y=y)


def test_a_broken_camera_stops_no_other_and_the_files_are_merged(tmp_path: Path) -> None:
    encode_street(tmp_path / "north.mp4", [down_the_street(begin_s) for begin_s in (3.0, 9.0)], 15.0, fps=10)
    encode_street(tmp_path / "south.mp4", [down_the_street(6.0)], 12.0, fps=10)
    (tmp_path / "broken.mp4").write_text("this is not a video")
    encode_street(tmp_path / "askew.mp4", [], 4.0, fps=10)
    site = site_of(tmp_path, camera("broken"), camera("north"), camera("south", "2026-01-01T08:00:30Z"), camera("askew", y=300))
    outcome = run_watch(site, tmp_path / "out", camera=None, limit_s=None, progress=False, wants_pictures=False)
    assert outcome.exit_code == 1
    assert any(line.startswith("broken: ") and "cannot be read as video" in line for line in outcome.lines_of_text)
    assert any("askew: " in line and "is outside the picture; wanted a line within 320×240 pixels" in line for line in outcome.lines_of_text)

    with (tmp_path / "out" / "crossings.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert Counter(row["camera"] for row in rows) == {"north": 2, "south": 1}
    assert [float(row["time_s"]) for row in rows] == sorted(float(row["time_s"]) for row in rows)
    assert {row["time_utc"][:17] for row in rows if row["camera"] == "south"} == {"2026-01-01T08:00:"}
    points = pq.read_table(tmp_path / "out" / "points.parquet")
    assert set(points["camera"].to_pylist()) == {"north", "south"}
    events = [json.loads(line) for line in (tmp_path / "out" / "events.jsonl").read_text().splitlines()]
    assert [(event["kind"], event["camera"], event["trusted"]) for event in events] == [("camera-failed", "askew", False), ("camera-failed", "broken", False)]
    said = json.loads((tmp_path / "out" / "run.json").read_text())
    assert [each["camera"] for each in said["cameras"]] == ["broken", "north", "south", "askew"]
    assert (said["frames_decoded"], said["partial"], said["duration_s"]) == (270, True, pytest.approx(26.8, abs=0.1))


def test_where_no_camera_works_it_is_bad_input(tmp_path: Path) -> None:
    site = site_of(tmp_path, camera("a"), camera("b"))
    with pytest.raises(CatseyeError, match=r"a: .*a\.mp4: no such file; wanted a video file .*; wanted at least one of 2 cameras that works") as fault:
        run_watch(site, tmp_path / "out", camera=None, limit_s=None, progress=False, wants_pictures=False)
    assert fault.value.exit_code == 2


def test_one_of_them_alone_is_watched_without_the_others(tmp_path: Path) -> None:
    encode_street(tmp_path / "south.mp4", [], 4.0, fps=10)
    outcome = run_watch(site_of(tmp_path, camera("a"), camera("south")), tmp_path / "out", camera="south", limit_s=None, progress=False, wants_pictures=False)
    assert outcome.exit_code == 0
    assert [each["camera"] for each in outcome.summary["cameras"]] == ["south"]
