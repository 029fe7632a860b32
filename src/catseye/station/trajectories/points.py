"""Our own points.parquet, as `watch` and `judge` write it."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catseye.core.arrays import Doubles
from catseye.core.errors import SourceError
from catseye.core.road_user import ROAD_USERS
from catseye.station.site import Camera
from catseye.station.trajectories.columns import Trajectories, by_name, in_order
from catseye.station.trajectories.doubted import doubted_stretches_ns

_NEEDED = ("track", "kind", "time_ns")


def read_points(path: Path, camera: Camera) -> Trajectories:
    """The rows of this camera (all, where the file names none); SourceError where a column is missing or of another type, or a row is of no use."""
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as fault:
        raise SourceError(str(path), f"no Parquet file ({str(fault).splitlines()[0].lower()})", "points.parquet as `watch` writes it") from None
    _refuse_other_columns(str(path), table)
    table = _placed(_of_camera(str(path), table, camera))
    names = pc.dictionary_encode(table["track"].combine_chunks().cast(pa.string()))
    ordered, place_of = by_name(names.dictionary.to_pylist())
    track = place_of[names.indices.to_numpy(zero_copy_only=False).astype(np.int64)]
    time_ns = table["time_ns"].combine_chunks().to_numpy(zero_copy_only=False).astype(np.int64)
    order = in_order(time_ns, track)
    take = slice(None) if order is None else order
    place = _pair(table, "x_cm", "y_cm")
    px = _pair(table, "px_x", "px_y")

    def column(name: str, parts: int = 1) -> Doubles | None:
        values = _numbers(table, name)
        return None if values is None else values[take] / parts

    return Trajectories(
        str(path),
        ordered,
        track[take],
        _kinds(str(path), table)[take],
        time_ns[take],
        None if place is None else place[take] / 100,
        None if px is None else px[take].astype(np.float32),
        sigma_m=column("sigma_cm", 100),
        length_m=column("length_cm", 100),
        width_m=column("width_cm", 100),
        speed_kmh=column("speed_kmh"),
        heading_deg=column("heading_deg"),
        noise_m=column("noise_cm", 100),
        speed_doubt_ratio=column("speed_doubt_ratio"),
        doubted_ns=doubted_stretches_ns(path.parent, camera.id),
    )


def _refuse_other_columns(shown: str, table: Any) -> None:
    missing = [name for name in _NEEDED if name not in table.column_names]
    if missing:
        raise SourceError(shown, f"no column {missing[0]!r}", "points.parquet as `watch` writes it")
    for name in table.column_names:
        kind = table.schema.field(name).type
        is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind)
        wants_text = name in ("camera", "track", "kind")
        if name in _COLUMNS and is_text != wants_text and not pa.types.is_null(kind):
            raise SourceError(shown, f"column {name!r} is {kind}", "text" if wants_text else "numbers")
        if name in _NEEDED and table[name].null_count:
            raise SourceError(shown, f"column {name!r} is empty in {table[name].null_count} rows", "a value in each row")


def _of_camera(shown: str, table: Any, camera: Camera) -> Any:
    if "camera" not in table.column_names:
        return table
    mine = table.filter(pc.equal(table["camera"].cast(pa.string()), camera.id))
    if len(mine) or not len(table):
        return mine
    others = sorted(pc.unique(table["camera"].cast(pa.string())).to_pylist(), key=str)
    raise SourceError(shown, f"no point of camera {camera.id}", "one of " + ", ".join(map(str, others[:5])))


def _placed(table: Any) -> Any:
    """Without rows that have no place on the ground, where others have one: above the horizon, or cut off by the picture's edge."""
    if "x_cm" not in table.column_names or "y_cm" not in table.column_names:
        return table
    there = pc.and_(pc.is_valid(table["x_cm"]), pc.is_valid(table["y_cm"]))
    return table.filter(there) if pc.any(there).as_py() else table


_COLUMNS = {
    *("camera", "track", "kind", "time_ns", "px_x", "px_y", "x_cm", "y_cm"),
    *("sigma_cm", "length_cm", "width_cm", "heading_deg", "speed_kmh", "noise_cm", "speed_doubt_ratio"),
}


def _numbers(table: Any, name: str) -> Doubles | None:
    if name not in table.column_names or table[name].null_count == len(table):
        return None
    return np.asarray(table[name].combine_chunks().cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)


def _pair(table: Any, one: str, other: str) -> Doubles | None:
    columns = _numbers(table, one), _numbers(table, other)
    if columns[0] is None or columns[1] is None:
        return None
    return np.stack([columns[0], columns[1]], 1)


def _kinds(shown: str, table: Any) -> Any:
    said = pc.dictionary_encode(table["kind"].combine_chunks().cast(pa.string()))
    known = [kind.value for kind in ROAD_USERS]
    for name in said.dictionary.to_pylist():
        if name not in known:
            raise SourceError(shown, f"kind {name!r}", "one of " + ", ".join(known))
    codes = np.array([known.index(name) for name in said.dictionary.to_pylist()], np.uint8)
    return codes[said.indices.to_numpy(zero_copy_only=False)] if len(table) else np.empty(0, np.uint8)
