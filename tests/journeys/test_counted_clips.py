"""Two hand-counted clips from the file to the facts, at default settings."""

import csv
import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from catseye.core.road_user import ROAD_USERS
from catseye.station.outcome import RunOutcome
from catseye.station.verbs.watch import site_of
from catseye.station.watch import run_watch

FILES = {"crossings.csv", "events.jsonl", "points.parquet", "tracks.parquet", "flow.csv", "od.csv", "passings.csv", "run.json"}
POINTS = {"camera": "string", "track": "string", "kind": "string", "time_ns": "int64", "px_x": "float", "px_y": "float", "x_cm": "int32", "y_cm": "int32"}
TRACKS = {"camera": "string", "track": "string", "kind": "string", "begin_ns": "int64", "end_ns": "int64", "points_count": "int64"}
TRACKS |= {"length_m": "double", "speed_mean_kmh": "double", "from_line": "string", "to_line": "string"}


def watched(clip: Path, out: Path, *lines: str) -> RunOutcome:
    return run_watch(site_of(str(clip), lines=lines), out, camera=None, limit_s=None, progress=False, wants_pictures=False)


@pytest.fixture(scope="module")
def highway(shared: Path, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Watched twice, into two folders: `first` and `again`."""
    folder = tmp_path_factory.mktemp("highway")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CATSEYE_MODELS", str(models))
        for name in ("first", "again"):
            outcome = watched(shared / "video" / "highway.avi", folder / name, "0,150,320,150", "0,190,320,190")
            assert outcome.exit_code == 0
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_highway_is_counted_as_by_hand(highway: Path) -> None:
    counts = Counter((row["line"], row["direction"]) for row in rows_of(highway / "first" / "crossings.csv"))
    assert counts["line-1", "forward"] == 27
    assert abs(counts["line-2", "forward"] - 27) <= 1
    assert set(counts) == {("line-1", "forward"), ("line-2", "forward")}


def test_the_car_park_seen_from_above_is_counted_as_by_hand(shared: Path, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(models))
    watched(shared / "video" / "carpark-exit.mp4", tmp_path, "0,216,768,216")
    counts = Counter(row["direction"] for row in rows_of(tmp_path / "crossings.csv"))
    assert counts["forward"] == 2
    assert counts["backward"] == 2


def test_every_file_is_there_and_nothing_else_but_the_vault(highway: Path) -> None:
    assert {path.name for path in (highway / "first").iterdir()} == FILES | {"vault"}


def test_crossings_csv_is_what_others_script_against(highway: Path) -> None:
    text = (highway / "first" / "crossings.csv").read_text()
    assert text.splitlines()[0] == "time_s,time_utc,camera,line,direction,track,kind,speed_kmh,speed_doubt_kmh,trusted"
    rows = rows_of(highway / "first" / "crossings.csv")
    assert [float(row["time_s"]) for row in rows] == sorted(float(row["time_s"]) for row in rows)
    assert {row["kind"] for row in rows} <= set(map(str, ROAD_USERS))
    assert {(row["time_utc"], row["speed_kmh"], row["speed_doubt_kmh"]) for row in rows} == {("", "", "")}
    assert max(Counter((row["track"], row["line"], row["direction"]) for row in rows).values()) == 1


def test_the_flow_is_the_crossings_counted(highway: Path) -> None:
    crossings, flows = (rows_of(highway / "first" / name) for name in ("crossings.csv", "flow.csv"))
    counted = Counter((float(row["time_s"]) // 60 * 60, row["line"], row["direction"], row["kind"]) for row in crossings)
    assert {(float(row["time_s"]), row["line"], row["direction"], row["kind"]): int(row["count"]) for row in flows} == counted


def test_the_parquet_files_have_their_columns_and_agree(highway: Path) -> None:
    points, tracks = (pq.read_table(highway / "first" / f"{name}.parquet") for name in ("points", "tracks"))
    assert {column.name: str(column.type) for column in points.schema} == POINTS
    assert {column.name: str(column.type) for column in tracks.schema} == TRACKS
    rows = points.to_pylist()
    assert [row["time_ns"] for row in rows] == sorted(row["time_ns"] for row in rows)
    assert {(row["x_cm"], row["y_cm"]) for row in rows} == {(None, None)}
    count = Counter(row["track"] for row in rows)
    for track in tracks.to_pylist():
        mine = [row["time_ns"] for row in rows if row["track"] == track["track"]]
        assert (track["points_count"], track["begin_ns"], track["end_ns"]) == (count.pop(track["track"]), mine[0], mine[-1])
    assert not count, "points of a track that has no row"


def test_ways_and_origin_destination_follow_from_the_crossings(highway: Path) -> None:
    crossings = rows_of(highway / "first" / "crossings.csv")
    tracks = {row["track"]: row for row in pq.read_table(highway / "first" / "tracks.parquet").to_pylist()}
    first = {row["track"]: row["line"] for row in reversed(crossings)}
    assert {track: row["from_line"] for track, row in tracks.items() if row["from_line"]} == first
    assert {row["track"]: row["kind"] for row in crossings}.items() <= {track: row["kind"] for track, row in tracks.items()}.items()
    trips = Counter((row["from_line"], row["to_line"]) for row in tracks.values() if row["to_line"])
    assert {(row["from_line"], row["to_line"]): int(row["count"]) for row in rows_of(highway / "first" / "od.csv")} == trips
    assert trips["line-1", "line-2"] >= 25


def test_run_json_tells_what_it_cost(highway: Path) -> None:
    said = json.loads((highway / "first" / "run.json").read_text())
    assert (said["frames_decoded"], said["partial"], said["duration_s"]) == (1699, False, pytest.approx(28.3, abs=0.1))
    assert said["frames_analysed"] <= 28.3 * 8 + 2
    assert {"decode", "detect", "track", "redact", "judge", "write"} <= set(said["cpu_s"])
    (camera,) = said["cameras"]
    assert camera["crossings_count"] == len(rows_of(highway / "first" / "crossings.csv"))
    assert camera["road_users_count"] == pq.read_metadata(highway / "first" / "tracks.parquet").num_rows


def test_a_replay_gives_the_same_files_byte_for_byte(highway: Path) -> None:
    for name in FILES - {"run.json"}:
        assert (highway / "first" / name).read_bytes() == (highway / "again" / name).read_bytes(), name
