"""Points and tracks as Parquet part files: written whole, merged in time order with bounded memory, no row twice."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, BinaryIO, Generic

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catseye.core.arrays import Codes, Doubles
from catseye.core.errors import StoreError
from catseye.core.road_user import ROAD_USERS
from catseye.vault.batches import PointBatch, Settled, TrackBatch, Tracks, alike, joined
from catseye.vault.files import whole_file

ROW_GROUP_ROWS = 65_536
PART_ROWS = 4 * ROW_GROUP_ROWS

POINTS = pa.schema(
    [
        ("camera", pa.string()),
        ("track", pa.string()),
        ("kind", pa.string()),
        ("time_ns", pa.int64()),
        ("px_x", pa.float32()),
        ("px_y", pa.float32()),
        ("x_cm", pa.int32()),
        ("y_cm", pa.int32()),
    ]
)
POINTS_IF_KNOWN = pa.schema(
    [
        *((name, pa.int32()) for name in ("sigma_cm", "length_cm", "width_cm")),
        *((name, pa.float32()) for name in ("heading_deg", "speed_kmh")),
        ("noise_cm", pa.int32()),
        ("speed_doubt_ratio", pa.float32()),
    ]
)
TRACKS = pa.schema(
    [
        ("camera", pa.string()),
        ("track", pa.string()),
        ("kind", pa.string()),
        ("begin_ns", pa.int64()),
        ("end_ns", pa.int64()),
        ("points_count", pa.int64()),
        ("length_m", pa.float64()),
        ("speed_mean_kmh", pa.float64()),
        ("from_line", pa.string()),
        ("to_line", pa.string()),
    ]
)
FLOWS = pa.schema(
    [
        ("camera", pa.string()),
        ("minute_ns", pa.int64()),
        ("utc_ns", pa.int64()),
        ("line", pa.string()),
        ("direction", pa.string()),
        ("kind", pa.string()),
        ("crossings_count", pa.int64()),
        ("speed_mean_kmh", pa.float64()),
    ]
)

_KINDS = pa.array([kind.value for kind in ROAD_USERS])
_ENCODINGS = {"time_ns": "DELTA_BINARY_PACKED", "begin_ns": "DELTA_BINARY_PACKED", "end_ns": "DELTA_BINARY_PACKED"}
_ENCODINGS |= dict.fromkeys(("px_x", "px_y"), "BYTE_STREAM_SPLIT")
_REPEATS = ["camera", "track", "kind", "from_line", "to_line", "line", "direction"]


def points_table(batch: PointBatch) -> Any:
    """The batch in the columns of points.parquet; those nobody knows are left out."""
    n = len(batch)
    columns = {
        **_who(batch.camera, batch.track, batch.kind),
        "time_ns": batch.time_ns,
        **dict(zip(("px_x", "px_y"), batch.px.astype(np.float32).T, strict=True)),
    }
    columns |= {name: pa.nulls(n, pa.int32()) if batch.ground_m is None else _cm(batch.ground_m[:, i]) for i, name in enumerate(("x_cm", "y_cm"))}
    known = {"sigma_cm": batch.sigma_m, "length_cm": batch.length_m, "width_cm": batch.width_m, "noise_cm": batch.noise_m}
    columns |= {name: _cm(values) for name, values in known.items() if values is not None}
    plain = {"heading_deg": batch.heading_deg, "speed_kmh": batch.speed_kmh, "speed_doubt_ratio": batch.speed_doubt_ratio}
    columns |= {name: _float32(values) for name, values in plain.items() if values is not None}
    return _table(columns, points_schema(columns))


def points_schema(present: Iterable[str]) -> Any:
    """The columns every points file has, and of the others those that are `present`."""
    return pa.schema([*POINTS, *(column for column in POINTS_IF_KNOWN if column.name in set(present))])


def tracks_table(batch: TrackBatch) -> Any:
    """The batch in the columns of tracks.parquet."""
    n = len(batch)
    columns = {**_who(batch.camera, batch.track, batch.kind), "begin_ns": batch.begin_ns, "end_ns": batch.end_ns, "points_count": batch.points_count}
    columns |= {name: _or_null(values, n, pa.float64()) for name, values in (("length_m", batch.length_m), ("speed_mean_kmh", batch.speed_mean_kmh))}
    columns |= {name: _or_null(values, n, pa.string()) for name, values in (("from_line", batch.from_line), ("to_line", batch.to_line))}
    return _table(columns, TRACKS)


def _who(camera: str, track: Tracks, kind: Codes) -> dict[str, Any]:
    names = pa.array(track)
    return {
        "camera": pa.repeat(pa.scalar(camera, pa.string()), len(track)),
        "track": names.cast(pa.string()),
        "kind": _KINDS.take(pa.array(kind)),
    }


def _cm(metres: Doubles) -> Any:
    unknown = np.isnan(metres)
    return pa.array(np.rint(np.where(unknown, 0.0, metres) * 100).astype(np.int32), mask=unknown)


def _float32(values: Doubles) -> Any:
    return pa.array(values.astype(np.float32), from_pandas=True)


def _or_null(values: Any, rows_count: int, kind: Any) -> Any:
    return pa.nulls(rows_count, kind) if values is None else pa.array(values, kind, from_pandas=True)


def _table(columns: Mapping[str, Any], schema: Any) -> Any:
    return pa.table([columns[name] for name in schema.names], schema=schema)


class PartWriter(Generic[Settled]):
    """Holds batches until they are written as one part file of `folder`, in order of `by` so that each row group covers a short span."""

    def __init__(self, folder: Path, token: str, by: str, table_of: Callable[[Settled], Any]) -> None:
        """`token` is unique to this writer, so no two ever choose one name."""
        self._folder, self._token, self._by = folder, token, by
        self._table_of: Callable[[Settled], Any] = table_of
        self._held: list[Settled] = []
        self._held_count = 0
        self._written_count = 0

    def hold(self, batch: Settled) -> None:
        """Take a copy; first write what is held when it makes a part. After a StoreError the batch was not taken, the others are still held."""
        if self._held_count >= PART_ROWS:
            self.write()
        self._held.append(joined([batch]))
        self._held_count += len(batch)

    def write(self) -> None:
        """Make all that is held durable. After a StoreError it is still held."""
        if not self._held_count:
            return
        rows = self._rows()
        path = self._folder / f"{self._token}-{self._written_count:08d}.parquet"
        with whole_file(path, self._token) as file, parquet_writer(file, rows.schema) as writer:
            writer.write_table(rows.take(pc.sort_indices(rows[self._by])), row_group_size=ROW_GROUP_ROWS)
        self._held, self._held_count = [], 0
        self._written_count += 1

    def _rows(self) -> Any:
        groups: dict[tuple[object, ...], list[Settled]] = {}
        for batch in self._held:
            groups.setdefault(alike(batch), []).append(batch)
        return pa.concat_tables([self._table_of(joined(group)) for group in groups.values()], promote_options="default")


def parquet_writer(file: BinaryIO, schema: Any) -> Any:
    """Zstd; repeated texts as dictionaries, times as deltas."""
    encodings = {name: encoding for name, encoding in _ENCODINGS.items() if name in schema.names}
    dictionaries = [name for name in _REPEATS if name in schema.names]
    return pq.ParquetWriter(file, schema, compression="zstd", use_dictionary=dictionaries, column_encoding=encodings)


@dataclass(frozen=True, slots=True, order=True)
class _RowGroup:
    begin_ns: int
    path: Path
    index: int


def part_schema(parts: Sequence[Path]) -> set[str]:
    """Names of the columns that at least one part has."""
    return {name for path in parts for name in _opened(path).schema_arrow.names}


def merged(parts: Sequence[Path], by: str, schema: Any, more_is_better: str | None = None) -> Iterator[Any]:
    """Rows of all parts in order of (`by`, camera, track), each such key once, as tables of `schema`.

    Row groups are taken in order of their first time; what no later one can precede goes out. So memory holds
    only row groups that overlap in time. Of rows with one key the one with most `more_is_better` stays.
    """
    groups = sorted(group for path in parts for group in _row_groups(path, by))
    pending: list[Any] = []
    limit = ROW_GROUP_ROWS
    for group, following in zip_longest(groups, groups[1:]):
        pending.append(_read(group, schema))
        if following is None or sum(map(len, pending)) >= limit:
            rows = _once(pa.concat_tables(pending), by, more_is_better)
            ready = len(rows) if following is None else int(np.searchsorted(rows[by].to_numpy(), following.begin_ns))
            if ready:
                yield rows.slice(0, ready)
            pending = [rows.slice(ready)]
            limit = max(ROW_GROUP_ROWS, 2 * len(pending[0]))


def _once(rows: Any, by: str, more_is_better: str | None) -> Any:
    keys = [(by, "ascending"), ("camera", "ascending"), ("track", "ascending")]
    rows = rows.sort_by([*keys, (more_is_better, "descending")] if more_is_better else keys).combine_chunks()
    if len(rows) < 2:
        return rows
    same = [pc.equal(rows[name].slice(1), rows[name].slice(0, len(rows) - 1)) for name, _ in keys]
    again = np.logical_and.reduce([column.to_numpy() for column in same])
    return rows.filter(pa.array(np.concatenate([[True], ~again]))) if again.any() else rows


def _row_groups(path: Path, by: str) -> Iterator[_RowGroup]:
    footer = _opened(path).metadata
    column = footer.schema.names.index(by)
    for index in range(footer.num_row_groups):
        yield _RowGroup(footer.row_group(index).column(column).statistics.min, path, index)


def _read(group: _RowGroup, schema: Any) -> Any:
    rows = _opened(group.path).read_row_group(group.index, use_threads=False)
    lacking = [column for column in schema if column.name not in rows.schema.names]
    for column in lacking:
        rows = rows.append_column(column, pa.nulls(len(rows), column.type))
    return rows.select(schema.names).cast(schema)


def _opened(path: Path) -> Any:
    try:
        return pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise StoreError(str(path), f"not a whole Parquet file ({error})", "a part this vault wrote") from error
