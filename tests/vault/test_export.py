import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.vault.factories import crossings_at, points_at, track_over

from catseye.core.event import Event, Measure
from catseye.core.time import Stamp
from catseye.vault.batches import PointBatch
from catseye.vault.export import points_file
from catseye.vault.vault import Vault

BEGIN = Stamp.from_datetime(datetime(2022, 9, 25, 9, 42, tzinfo=UTC))


def exported(vault: Vault, out: Path, name: str) -> str:
    vault.export(out)
    return (out / name).read_bytes().decode()


def test_crossings_are_written_as_others_read_them(vault: Vault, tmp_path: Path) -> None:
    vault.keep_crossings(crossings_at(12.3456, line='say "hi", kerb', speed_kmh=41.5, begin=BEGIN))
    vault.keep_crossings(crossings_at(3, camera="cam-2"))
    assert exported(vault, tmp_path / "out", "crossings.csv") == (
        "time_s,time_utc,camera,line,direction,track,kind,speed_kmh,speed_doubt_kmh,trusted\n"
        "3.000,,cam-2,stop-line,forward,0,car,,,true\n"
        '12.346,2022-09-25T09:42:12.345Z,cam-1,"say ""hi"", kerb",forward,0,car,41.50,4.15,true\n'
    )


def test_a_crossing_is_marked_while_its_camera_is_not_to_be_believed(vault: Vault, tmp_path: Path) -> None:
    for camera in ("cam-1", "cam-2"):
        vault.keep_crossings(crossings_at(3, 12, 20, camera=camera))
    moved = Event("camera-moved", "cam-1", 10_000_000_000, 11_000_000_000, trusted=False, details={"detail": "bumped"})
    dirty = Event("lens-dirty", "cam-1", 19_000_000_000, 21_000_000_000, details={"detail": "dirt"})
    doubted = Event("speeding", "cam-2", 2_000_000_000, 4_000_000_000, trusted=False)
    vault.keep_events([moved, dirty, doubted])
    vault.keep_events([replace(moved, end_time_ns=15_000_000_000)])  # told again with a later end
    rows = list(csv.DictReader(exported(vault, tmp_path / "out", "crossings.csv").splitlines()))
    assert [(row["camera"], row["time_s"]) for row in rows if row["trusted"] == "false"] == [("cam-1", "12.000")]
    assert {row["trusted"] for row in rows} == {"true", "false"}


def test_an_event_line_says_all_that_others_rely_on(vault: Vault, tmp_path: Path) -> None:
    speed = Measure("speed", 72.0, "km/h", 1.4)
    vault.keep_events(
        [
            Event(
                "speeding",
                "cam-1",
                1_500_000_000,
                2_000_000_000,
                BEGIN,
                "fast",
                ("7",),
                ("car",),
                (speed,),
                (3.5, 4.0),
                (1.0, 2.0),
                False,
                ("a.png",),
                "demo",
                {"line": "l"},
            ),
            Event("picture-dark", "cam-2", 0, 0),
        ]
    )
    first, second = (json.loads(line) for line in exported(vault, tmp_path / "out", "events.jsonl").splitlines())
    assert len(first.pop("id")) == len(second.pop("id")) == 32
    nothing = {"tracks": [], "road_users": [], "measures": [], "px": None, "ground_m": None, "trusted": True, "evidence": [], "details": {}, "lineage": ""}
    assert first == {"kind": "picture-dark", "rule": "picture-dark", "time_s": 0.0, "end_time_s": 0.0, "time_utc": None, "camera": "cam-2", **nothing}
    assert second == {
        "kind": "speeding",
        "rule": "fast",
        "time_s": 1.5,
        "end_time_s": 2.0,
        "time_utc": "2022-09-25T09:42:00.000Z",
        "camera": "cam-1",
        "tracks": ["7"],
        "road_users": ["car"],
        "measures": [{"name": "speed", "value": 72.0, "unit": "km/h", "doubt": 1.4}],
        "px": [3.5, 4.0],
        "ground_m": [1.0, 2.0],
        "trusted": False,
        "evidence": ["a.png"],
        "details": {"line": "l"},
        "lineage": "demo",
    }


def test_flow_counts_by_minute_line_direction_and_kind(vault: Vault, tmp_path: Path) -> None:
    vault.keep_crossings(crossings_at(0, 59.999, 60, 185, speed_kmh=30, begin=BEGIN))
    vault.keep_crossings(crossings_at(61, camera="cam-2"))
    assert exported(vault, tmp_path / "out", "flow.csv") == (
        "time_s,time_utc,camera,line,direction,kind,count,speed_mean_kmh\n"
        "0.000,2022-09-25T09:42:00.000Z,cam-1,stop-line,forward,car,2,30.00\n"
        "60.000,2022-09-25T09:43:00.000Z,cam-1,stop-line,forward,car,1,30.00\n"
        "60.000,,cam-2,stop-line,forward,car,1,\n"
        "180.000,2022-09-25T09:45:00.000Z,cam-1,stop-line,forward,car,1,30.00\n"
    )


def test_a_minute_before_zero_is_a_whole_minute_too(vault: Vault) -> None:
    vault.keep_crossings(crossings_at(-61, -60, -1, 0))
    assert [(flow.minute_ns // 10**9, flow.crossings_count) for flow in vault.flows()] == [(-120, 1), (-60, 2), (0, 1)]


def test_flow_adds_up_to_the_crossings_whatever_way_they_came(vault: Vault, tmp_path: Path) -> None:
    for batch in (crossings_at(*range(0, 300, 7)), crossings_at(*range(0, 300, 7)), crossings_at(*range(300), camera="cam-2")):
        vault.keep_crossings(batch)
    flows = list(csv.DictReader(exported(vault, tmp_path / "out", "flow.csv").splitlines()))
    crossings = list(csv.DictReader((tmp_path / "out" / "crossings.csv").read_text().splitlines()))
    assert sum(int(row["count"]) for row in flows) == len(crossings) == 43 + 300


def test_od_counts_only_ways_seen_from_line_to_line(vault: Vault, tmp_path: Path) -> None:
    ways = [("north", "south"), ("north", None), (None, "south"), ("north", "south"), ("south", "north")]
    for number, way in enumerate(ways):
        vault.keep_tracks(track_over(1, 9, track=number, way=way))
    assert exported(vault, tmp_path / "out", "od.csv") == "camera,from_line,to_line,count\ncam-1,north,south,2\ncam-1,south,north,1\n"


def test_an_empty_run_gives_all_six_files_with_their_columns(vault: Vault, tmp_path: Path) -> None:
    vault.export(tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["crossings.csv", "events.jsonl", "flow.csv", "od.csv", "points.parquet", "tracks.parquet"]
    assert pq.read_table(tmp_path / "out" / "points.parquet").num_rows == 0
    assert "from_line" in pq.read_schema(tmp_path / "out" / "tracks.parquet").names


def test_cameras_are_merged_in_time(vault: Vault, tmp_path: Path) -> None:
    vault.keep_points(points_at(1, 3, 5, camera="cam-1"))
    vault.flush()
    vault.keep_points(points_at(2, 4, 5, camera="cam-0"))
    vault.export(tmp_path / "out")
    rows = pq.read_table(tmp_path / "out" / "points.parquet")
    assert rows["camera"].to_pylist() == ["cam-1", "cam-0", "cam-1", "cam-0", "cam-0", "cam-1"]


def test_exporting_twice_gives_the_same_bytes(vault: Vault, tmp_path: Path) -> None:
    vault.keep_points(points_at(*range(500)))
    vault.keep_crossings(crossings_at(*range(50)))
    vault.keep_tracks(track_over(1, 2))
    for out in ("one", "two"):
        vault.export(tmp_path / out)
    assert [p.read_bytes() for p in sorted((tmp_path / "one").iterdir())] == [p.read_bytes() for p in sorted((tmp_path / "two").iterdir())]


def table_of(*batches: PointBatch) -> pa.Table:
    return pq.read_table(io.BytesIO(points_file(batches)))


def test_points_of_their_own_are_in_order_of_time_and_track() -> None:
    table = table_of(points_at(3, 1, track=2), points_at(2, 1, track=1), points_at(camera="cam-1"))
    rows = list(zip(table["time_ns"].to_pylist(), table["track"].to_pylist(), strict=True))
    assert rows == [(10**9, "1"), (10**9, "2"), (2 * 10**9, "1"), (3 * 10**9, "2")]


def test_they_are_the_points_of_the_export(vault: Vault, tmp_path: Path) -> None:
    batches = [points_at(1, 2, track=1, ground_m=np.array([[1.004, 2.0], [3.0, 4.0]]), sigma_m=np.full(2, 0.05)), points_at(5, 6, track=4)]
    for batch in batches:
        vault.keep_points(batch)
    vault.flush()
    vault.export(tmp_path / "out")
    kept = pq.read_table(tmp_path / "out" / "points.parquet")
    assert table_of(*batches).select(kept.column_names).to_pylist() == kept.sort_by([("time_ns", "ascending"), ("track", "ascending")]).to_pylist()


def test_columns_that_only_some_know_are_empty_in_the_others() -> None:
    table = table_of(points_at(1, track=1, ground_m=np.array([[1.0, 2.0]])), points_at(2, track=2))
    assert table["x_cm"].to_pylist() == [100, None]


@pytest.mark.parametrize("batches", [[], [points_at()]])
def test_no_points_make_no_file(batches: list[PointBatch]) -> None:
    with pytest.raises(ValueError, match="no points; wanted those of a track"):
        points_file(batches)
