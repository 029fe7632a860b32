from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vault.factories import points_at, track_over

from catseye.core.errors import StoreError
from catseye.vault import parts
from catseye.vault.batches import PointBatch
from catseye.vault.vault import Vault

ROWS = st.lists(st.tuples(st.sampled_from(["cam-1", "cam-2"]), st.integers(0, 4), st.integers(0, 30), st.integers(0, 3)), max_size=60)


@settings(max_examples=40, deadline=None)
@given(ROWS, st.integers(1, 9))
def test_merging_is_sorting_with_no_row_twice(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int, int, int]], group_rows: int) -> None:
    folder = tmp_path_factory.mktemp("parts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "ROW_GROUP_ROWS", group_rows)
        for part in range(4):
            writer = parts.PartWriter(folder, f"writer{part}", "time_ns", parts.points_table)
            for camera, track, time_s, _ in (row for row in rows if row[3] == part):
                writer.hold(points_at(time_s, camera=camera, track=track))
            writer.write()
        tables = list(parts.merged(sorted(folder.iterdir()), "time_ns", parts.POINTS))
    found = [(row["time_ns"] // 10**9, row["camera"], int(row["track"])) for table in tables for row in table.to_pylist()]
    assert found == sorted({(time_s, camera, track) for camera, track, time_s, _ in rows})


def test_merging_holds_only_what_overlaps(tmp_path: Path) -> None:
    n = 4 * parts.ROW_GROUP_ROWS
    for part in range(3):
        writer = parts.PartWriter(tmp_path, f"writer{part}", "time_ns", parts.points_table)
        px = np.zeros((n, 2), np.float32)
        writer.hold(PointBatch("cam-1", np.arange(n), np.zeros(n, np.uint8), np.arange(n) + part * n, px))
        writer.write()
    sizes = [len(table) for table in parts.merged(sorted(tmp_path.iterdir()), "time_ns", parts.POINTS)]
    assert sum(sizes) == 3 * n
    assert max(sizes) <= 2 * parts.ROW_GROUP_ROWS


def test_points_have_the_columns_and_types_others_rely_on(tmp_path: Path, vault: Vault) -> None:
    vault.keep_points(points_at(1, 2))
    vault.export(tmp_path / "out")
    schema = pq.read_schema(tmp_path / "out" / "points.parquet")
    told = [(field.name, str(field.type)) for field in schema]
    texts = [(name, "string") for name in ("camera", "track", "kind")]
    assert told == [*texts, ("time_ns", "int64"), ("px_x", "float"), ("px_y", "float"), ("x_cm", "int32"), ("y_cm", "int32")]
    footer = pq.read_metadata(tmp_path / "out" / "points.parquet").row_group(0)
    assert all(footer.column(i).compression == "ZSTD" for i in range(footer.num_columns))
    assert "RLE_DICTIONARY" in footer.column(2).encodings


def test_what_is_known_is_written_and_what_is_not_is_null(tmp_path: Path, vault: Vault) -> None:
    ground = np.array([[1.234, -5.0], [np.nan, np.nan]])
    vault.keep_points(points_at(1, 2, ground_m=ground, sigma_m=np.array([0.127, np.nan]), speed_kmh=np.array([50.25, np.nan])))
    vault.keep_points(points_at(3, camera="cam-2"))
    vault.export(tmp_path / "out")
    rows = pq.read_table(tmp_path / "out" / "points.parquet").select(["kind", "x_cm", "y_cm", "sigma_cm", "speed_kmh"]).to_pylist()
    known = {"kind": "car", "x_cm": 123, "y_cm": -500, "sigma_cm": 13, "speed_kmh": 50.25}
    assert rows == [known, *[{"kind": "car", "x_cm": None, "y_cm": None, "sigma_cm": None, "speed_kmh": None}] * 2]


def test_tracks_named_by_text_keep_their_names(tmp_path: Path, vault: Vault) -> None:
    names = np.array(["veh_7.α", "12"])
    vault.keep_points(PointBatch("cam-1", names, np.zeros(2, np.uint8), np.arange(2), np.zeros((2, 2), np.float32)))
    vault.export(tmp_path / "out")
    assert pq.read_table(tmp_path / "out" / "points.parquet")["track"].to_pylist() == names.tolist()


def test_of_one_track_kept_twice_the_longer_stays(tmp_path: Path, vault: Vault) -> None:
    for end_s in (20, 30, 10):
        vault.keep_tracks(track_over(5, end_s))
        vault.flush()
    vault.export(tmp_path / "out")
    assert pq.read_table(tmp_path / "out" / "tracks.parquet")["end_ns"].to_pylist() == [30 * 10**9]


def test_a_damaged_part_is_named(tmp_path: Path, vault: Vault) -> None:
    vault.keep_points(points_at(1))
    vault.flush()
    (part,) = (vault.folder / "points").rglob("*.parquet")
    part.write_bytes(part.read_bytes()[:-20])
    with pytest.raises(StoreError, match="not a whole Parquet file"):
        vault.export(tmp_path / "out")


def test_columns_overwritten_after_they_were_handed_over_change_nothing(tmp_path: Path, vault: Vault) -> None:
    batch = points_at(1, 2)
    vault.keep_points(batch)
    batch.time_ns[:] = 0
    batch.px[:] = -1
    vault.export(tmp_path / "out")
    assert pq.read_table(tmp_path / "out" / "points.parquet")["time_ns"].to_pylist() == [10**9, 2 * 10**9]


def test_batches_that_know_different_things_share_a_part(tmp_path: Path, vault: Vault) -> None:
    vault.keep_points(points_at(1, ground_m=np.zeros((1, 2))))
    vault.keep_points(points_at(2))
    vault.keep_points(points_at(3, ground_m=np.ones((1, 2)), heading_deg=np.array([90.0])))
    vault.keep_points(PointBatch("cam-1", np.array(["bus 7"]), np.zeros(1, np.uint8), np.array([4 * 10**9]), np.zeros((1, 2), np.float32)))
    vault.export(tmp_path / "out")
    rows = pq.read_table(tmp_path / "out" / "points.parquet")
    assert rows["x_cm"].to_pylist() == [0, None, 100, None]
    assert rows["heading_deg"].to_pylist() == [None, None, 90.0, None]
    assert rows["track"].to_pylist() == ["1", "1", "1", "bus 7"]
