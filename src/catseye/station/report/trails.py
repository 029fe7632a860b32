"""Where chosen road users were, moment by moment, read back from points.parquet: for plans and for pictures of encounters."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catseye.core.arrays import Doubles, Ints
from catseye.core.time import NS_PER_S

_GROUND, _PICTURE = ("x_cm", "y_cm"), ("px_x", "px_y")
_SIZES = ("length_cm", "width_cm", "heading_deg")
_AROUND_S = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Trail:
    """One road user: `place` (n, 2) at ascending `time_ns` (n,), in metres or pixels. `length_m`, `width_m` NaN and `heading_deg` all NaN where nobody told."""

    kind: str
    time_ns: Ints
    place: Doubles
    heading_deg: Doubles
    length_m: float
    width_m: float

    def at(self, time_ns: int) -> Doubles:
        """Place (2,) at a moment, interpolated; NaN before the first sight and after the last."""
        return np.array([np.interp(time_ns, self.time_ns, self.place[:, axis], np.nan, np.nan) for axis in (0, 1)])

    def heading_at(self, time_ns: int) -> Doubles:
        """Unit vector (2,): as the source told it, else the way it went around that moment; NaN where neither says."""
        nearest = int(np.argmin(np.abs(self.time_ns - time_ns)))
        if np.isfinite(self.heading_deg[nearest]):
            angle = np.radians(self.heading_deg[nearest])
            return np.array([np.sin(angle), np.cos(angle)])
        around = int(_AROUND_S * NS_PER_S)
        begin, end = (self.at(int(np.clip(time_ns + by, self.time_ns[0], self.time_ns[-1]))) for by in (-around, around))
        length = float(np.hypot(*(end - begin)))
        return (end - begin) / length if length > 0 else np.full(2, np.nan)

    def between(self, begin_ns: int, end_ns: int) -> Doubles:
        """Places (k, 2) within a span."""
        return np.asarray(self.place[(self.time_ns >= begin_ns) & (self.time_ns <= end_ns)], np.float64)


def is_on_ground(out: Path, camera: str) -> bool:
    """Whether the points of this camera have a place on the ground."""
    with pq.ParquetFile(out / "points.parquet") as file:
        if not set(_GROUND) <= set(file.schema_arrow.names):
            return False
        for index in range(file.num_row_groups):
            group = file.read_row_group(index, columns=["camera", "x_cm"])
            if pc.any(pc.and_(pc.equal(group["camera"], camera), pc.is_valid(group["x_cm"]))).as_py():
                return True
    return False


def read_trails(out: Path, camera: str, tracks: Collection[str], *, on_ground: bool) -> dict[str, Trail]:
    """Trails of the named tracks; those without a place in that plane are left out."""
    columns = _GROUND if on_ground else _PICTURE
    pieces: dict[str, list[Any]] = {}
    with pq.ParquetFile(out / "points.parquet") as file:
        known = [name for name in _SIZES if name in file.schema_arrow.names]
        for index in range(file.num_row_groups):
            group = file.read_row_group(index, columns=["camera", "track", "kind", "time_ns", *columns, *known])
            chosen = pc.is_in(group["track"], value_set=pa.array(list(tracks), pa.string()))
            _gather(pieces, group.filter(pc.and_(pc.equal(group["camera"], camera), chosen)))
    trails = {track: _trail(pa.concat_tables(tables), columns, 100.0 if on_ground else 1.0) for track, tables in pieces.items()}
    return {track: trail for track, trail in trails.items() if len(trail.time_ns)}


def _gather(pieces: dict[str, list[Any]], rows: Any) -> None:
    if not len(rows):
        return
    names = pc.dictionary_encode(rows["track"].combine_chunks())
    number = names.indices.to_numpy()
    order = np.argsort(number, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(number))[:-1])
    for track, part in zip(names.dictionary.to_pylist(), parts, strict=True):
        pieces.setdefault(track, []).append(rows.take(pa.array(part)))


def _trail(rows: Any, columns: tuple[str, str], parts: float) -> Trail:
    place = np.column_stack([_numbers(rows, name) for name in columns]) / parts
    there = np.isfinite(place).all(1)
    sizes = [_numbers(rows, name) for name in ("length_cm", "width_cm")]
    length_m, width_m = (float(np.nanmedian(size)) / 100 if np.isfinite(size).any() else float("nan") for size in sizes)
    time_ns = rows["time_ns"].to_numpy()
    return Trail(rows["kind"][0].as_py(), time_ns[there], place[there], _numbers(rows, "heading_deg")[there], length_m, width_m)


def _numbers(rows: Any, name: str) -> Doubles:
    if name not in rows.column_names:
        return np.full(len(rows), np.nan)
    return np.asarray(rows[name].cast(pa.float64()).to_numpy(), np.float64)
