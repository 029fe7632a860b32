"""One line of data end to end without video: a simulated junction, judged, must give the truths derived from the simulation itself."""

import csv
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from tests.conftest import skip_or_fail

from catseye.station.judging import run_judge
from catseye.station.site import load_site

SITE = Path(__file__).parents[2] / "sites" / "sumo-junction.toml"
SIMULATED = Path(__file__).parents[3] / "shared" / "traffic" / "sumo-junction"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def events(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not SIMULATED.is_dir():
        skip_or_fail("no ../shared/traffic")
    out = tmp_path_factory.mktemp("judged")
    outcome = run_judge(load_site(SITE), SIMULATED / "fcd.xml.gz", out, camera=None, signals=SIMULATED / "tls.xml.gz")
    assert outcome.exit_code == 0, outcome.lines_of_text
    return out


def test_the_red_light_runs_are_those_of_the_truth(out: Path) -> None:
    truth = rows(SIMULATED / "gt_red_light.csv")
    found = {event["tracks"][0]: event for event in events(out) if event["kind"] == "red-light"}
    assert set(found) == {row["vehicle"] for row in truth}
    for row in truth:
        assert found[row["vehicle"]]["time_s"] == pytest.approx(float(row["t_s"]), abs=0.2)
    assert not [event for event in events(out) if event["kind"] == "stop-line"]


def test_the_vehicle_that_goes_the_wrong_way_is_the_only_one(out: Path) -> None:
    (truth,) = rows(SIMULATED / "gt_wrong_way.csv")
    (found,) = [event for event in events(out) if event["kind"] == "wrong-way"]
    assert found["tracks"] == [truth["vehicle"]]
    assert (found["time_s"], found["end_time_s"]) == pytest.approx((float(truth["t_start_s"]), float(truth["t_end_s"])), abs=0.5)


def test_vehicles_over_60_kmh_and_their_highest_speeds_are_exact(out: Path) -> None:
    truth = {row["vehicle"]: float(row["max_kmh"]) for row in rows(SIMULATED / "gt_speeding_over_60kmh.csv")}
    found = {event["tracks"][0]: event["measures"][0]["value"] for event in events(out) if event["kind"] == "speeding"}
    fast = {track: speed for track, speed in found.items() if speed > 60}
    assert fast == pytest.approx(truth, abs=0.06)


def test_every_movement_is_counted_exactly(out: Path) -> None:
    truth: Counter[tuple[str, str]] = Counter()
    for row in rows(SIMULATED / "gt_flow_counts.csv"):
        truth[row["from_edge"].removesuffix("0A0"), row["to_edge"].removeprefix("A0").removesuffix("0")] += int(row["count"])
    found = Counter({(row["from_line"], row["to_line"]): int(row["count"]) for row in rows(out / "od.csv")})
    wrong_way = found.pop(("to-right", "to-right"))
    assert wrong_way == 1
    assert found == {(f"from-{begin}", f"to-{end}"): count for (begin, end), count in truth.items()}


def test_every_stop_line_crossing_has_its_time_and_speed(out: Path) -> None:
    truth = {row["vehicle"]: row for row in rows(SIMULATED / "gt_stopline_crossings.csv")}
    found = {row["track"]: row for row in rows(out / "crossings.csv") if row["line"].startswith("stop-")}
    assert set(found) == set(truth)
    for vehicle, row in truth.items():
        assert found[vehicle]["direction"] == "forward"
        assert float(found[vehicle]["time_s"]) == pytest.approx(float(row["t_s"]) - 0.1, abs=0.11)
        assert float(found[vehicle]["speed_kmh"]) == pytest.approx(float(row["speed_kmh"]), abs=4)


def test_its_own_points_judged_again_give_the_same_events(out: Path, tmp_path: Path) -> None:
    run_judge(load_site(SITE), out / "points.parquet", tmp_path, camera=None, signals=SIMULATED / "tls.xml.gz")
    drop = ("lineage", "id")  # the file it came from is another
    first, again = (sorted(json.dumps({k: v for k, v in event.items() if k not in drop}) for event in events(folder)) for folder in (out, tmp_path))
    assert again == first
    assert (tmp_path / "crossings.csv").read_text() == (out / "crossings.csv").read_text()


def test_without_its_signals_the_signal_rules_are_listed_as_not_judged(tmp_path: Path) -> None:
    if not SIMULATED.is_dir():
        skip_or_fail("no ../shared/traffic")
    outcome = run_judge(load_site(SITE), SIMULATED / "fcd.xml.gz", tmp_path, camera=None, signals=None)
    assert outcome.exit_code == 1
    assert sum("not judged: red-" in line for line in outcome.lines_of_text) == 4
    assert {event["kind"] for event in events(tmp_path)} == {"speeding", "wrong-way", "near-miss", "collision"}


def test_the_page_draws_every_event_once_and_counts_what_the_files_count(out: Path) -> None:
    text = (out / "report.html").read_text("utf-8")
    counted = Counter(event["kind"] for event in events(out))
    plan = text.partition('<svg class="plan"')[2].partition("</svg>")[0]
    said = Counter[str]()
    for head in re.findall(r"<g class=\"mark-of\"[^>]*><title>([0-9,]+ [a-z -]+?)(?: events)?\n", plan):
        number, _, kind = head.partition(" ")
        said[kind] += int(number)
    assert said == counted
    legend = dict(re.findall(r"<span>([a-z-]+)</span><b>([0-9]+)</b>", text))
    assert {kind: int(count) for kind, count in legend.items()} == counted
    assert text.count('class="first-body"') == 9
    assert not re.search(r"<script|https?://(?!www\.w3\.org)", text), "it runs nothing and needs nothing"


def test_the_page_tells_the_speeds_over_each_line_as_crossings_csv_has_them(out: Path) -> None:
    text = (out / "report.html").read_text("utf-8")
    table = text.partition("Speeds at the lines")[2].partition("<tbody>")[2].partition("</tbody>")[0]
    shown = {name: float(mean) for name, mean in re.findall(r'<th scope="row">([a-z-]+)</th><td>[0-9]+</td><td>([0-9.]+)</td>', table)}
    speeds: dict[str, list[float]] = {}
    for row in rows(out / "crossings.csv"):
        if row["speed_kmh"]:
            speeds.setdefault(row["line"], []).append(float(row["speed_kmh"]))
    assert shown == pytest.approx({line: sum(values) / len(values) for line, values in speeds.items()}, abs=0.06)


def test_headways_and_gaps_at_the_stop_lines_are_those_of_the_simulation(out: Path) -> None:
    """SUMO tells the lane of every crossing; its times are whole steps of 0.2 s."""
    last: dict[str, dict[str, str]] = {}
    truth: dict[str, tuple[dict[str, str], float]] = {}
    length_m = {"bus": 12.0, "truck": 7.1, "moto": 2.2}
    for row in sorted(rows(SIMULATED / "gt_stopline_crossings.csv"), key=lambda row: float(row["t_s"])):
        before = last.get(row["from_lane"])
        if before is not None and float(row["t_s"]) - float(before["t_s"]) < 59:
            truth[row["vehicle"]] = before, float(row["t_s"]) - float(before["t_s"])
        last[row["from_lane"]] = row
    found = {row["track"]: row for row in rows(out / "passings.csv") if row["line"].startswith("stop-")}
    assert len(truth) > 200
    for vehicle, (leader, headway_s) in truth.items():
        assert found[vehicle]["leader"] == leader["vehicle"]
        assert float(found[vehicle]["headway_s"]) == pytest.approx(headway_s, abs=0.21)
        clear_s = length_m.get(leader["type"], 5.0) / (float(found[leader["vehicle"]]["speed_kmh"]) / 3.6)
        assert float(found[vehicle]["gap_s"]) == pytest.approx(float(found[vehicle]["headway_s"]) - clear_s, abs=0.02)
