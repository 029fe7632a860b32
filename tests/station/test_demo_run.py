"""The demo as a stranger runs it on a machine without weights: it counts by motion, says so, and leaves a report and a preview."""

import csv
import json
from pathlib import Path

import pytest

from catseye.station.demo_run import Comparison, run_demo
from catseye.vision import models


@pytest.fixture
def nothing_to_fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No weights here, and nobody who has them."""
    monkeypatch.setenv("CATSEYE_MODELS", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    assert not models.is_here(models.DEFAULT)


@pytest.mark.usefixtures("nothing_to_fetch")
def test_the_demo_counts_by_motion_where_no_weights_are(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    outcome = run_demo(out, open_report=False, seconds_s=14, progress=False)
    assert outcome.summary["detector"] == "motion"
    assert outcome.lines_of_text[0].startswith("detector: motion (the weights of yolox-nano are not here")
    with (out / "crossings.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == sum(line["counted"] for line in outcome.summary["lines"]) > 0
    truth = json.loads((out / "scene" / "truth.json").read_text("utf-8"))
    assert len(truth["crossings"]) == sum(line["true"] for line in outcome.summary["lines"])
    coach = outcome.summary["vehicle"]
    assert coach["short-headway"] == coach["warning-sent"] == coach["warning-acknowledged"] == coach["driver-corrected"] == 1
    assert "Warned, and the gap opened" in (out / "vehicle" / "vehicle.html").read_text("utf-8")
    assert outcome.exit_code == (0 if outcome.summary["holds"] else 1)
    files = {"crossings.csv", "events.jsonl", "flow.csv", "od.csv", "points.parquet", "tracks.parquet", "run.json", "report.html", "preview-junction.mp4"}
    assert files <= {path.name for path in out.iterdir()}
    assert "<svg" in (out / "report.html").read_text("utf-8")


@pytest.mark.parametrize(("true", "counted", "holds"), [(10, 11, True), (10, 8, False), (40, 44, True), (40, 35, False), (0, 1, True), (0, 2, False)])
def test_a_count_holds_within_one_or_a_tenth(true: int, counted: int, holds: bool) -> None:
    assert Comparison("north", "forward", true, counted).holds is holds
