"""Another tool's tracks, in pixels, judged where pixels are enough, and honestly not judged where metres are needed."""

import json
from pathlib import Path

import pytest
from tests.conftest import skip_or_fail

from catseye.station.judging import run_judge
from catseye.station.site import load_site

FILES = Path(__file__).parents[3] / "shared" / "traffic" / "opentrafficcam"
SITE = """[site]
id = "junction"
[[camera]]
id = "c"
sections = "sections.otflow"
[[camera.zone]]
id = "all"
px = [[0, 100], [800, 100], [800, 600], [0, 600]]
heading = [[800, 300], [0, 300]]
[[camera.rule]]
kind = "wrong-way"
[[camera.rule]]
kind = "speeding"
limit_kmh = 30
"""


@pytest.fixture
def tracks(tmp_path: Path) -> Path:
    if not FILES.is_dir():
        skip_or_fail("no ../shared/traffic")
    (tmp_path / "sections.otflow").write_bytes(next(FILES.glob("*.otflow")).read_bytes())
    (tmp_path / "site.toml").write_text(SITE)
    return next(FILES.glob("Testvideo_Cars-Cyclist*.ottrk"))


def test_rules_of_the_picture_are_judged_and_rules_of_the_ground_are_listed(tracks: Path, tmp_path: Path) -> None:
    outcome = run_judge(load_site(tmp_path / "site.toml"), tracks, tmp_path / "out", camera=None, signals=None)
    assert outcome.exit_code == 1
    assert "c: not judged: speeding (it measures in metres, and the camera is not calibrated)" in outcome.lines_of_text
    events = [json.loads(line) for line in (tmp_path / "out" / "events.jsonl").read_text().splitlines()]
    assert {(event["kind"], event["tracks"][0]) for event in events} == {("wrong-way", "15"), ("wrong-way", "16"), ("wrong-way", "17")}
    assert all(event["ground_m"] is None and event["px"] for event in events)


def test_sections_are_counted_over(tracks: Path, tmp_path: Path) -> None:
    run_judge(load_site(tmp_path / "site.toml"), tracks, tmp_path / "out", camera=None, signals=None)
    assert [row.split(",")[3:6] for row in (tmp_path / "out" / "crossings.csv").read_text().splitlines()[1:]] == [
        ["Süd-2", "forward", "15"],
        ["Nord-2", "backward", "17"],
    ]
