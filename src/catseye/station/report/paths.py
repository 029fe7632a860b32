"""The ways road users took, few enough and simple enough to draw: read from tracks.parquet and points.parquet."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catseye.core.arrays import Doubles
from catseye.core.road_user import RoadUser
from catseye.station.palette import DRAWN_ORDER

MOST_PATHS_COUNT = 1500
MOST_POINTS_COUNT = 20
_LEAST_POINTS_COUNT = 4


@dataclass(frozen=True, slots=True)
class Path2D:
    """One road user's way: SVG path data in native pixels, and where it ended."""

    kind: RoadUser
    path: str
    end_px: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Paths:
    """Those drawn, of `tracks_count` there were."""

    drawn: tuple[Path2D, ...]
    tracks_count: int

    @property
    def by_kind(self) -> list[tuple[RoadUser, list[Path2D]]]:
        """Those drawn of each kind, in drawing order."""
        grouped = [(kind, [way for way in self.drawn if way.kind is kind]) for kind in DRAWN_ORDER]
        return [(kind, ways) for kind, ways in grouped if ways]


def read_paths(out: Path, camera_sizes_px: Mapping[str, tuple[int, int]]) -> dict[str, Paths]:
    """Ways by camera, none where there was no picture. Of many tracks every so-manieth is drawn; memory holds the chosen ones only."""
    both = {camera: chosen_tracks(out, camera) for camera in camera_sizes_px}
    in_picture = {camera: kinds if camera_sizes_px[camera][0] else {} for camera, (kinds, _) in both.items()}
    points = _points_of(out / "points.parquet", in_picture)
    return {
        camera: Paths(
            tuple(
                _drawn(RoadUser(kind), np.concatenate(points[camera, track]), size_px[0])
                for track, kind in in_picture[camera].items()
                if (camera, track) in points
            ),
            both[camera][1],
        )
        for camera, size_px in camera_sizes_px.items()
    }


def chosen_tracks(out: Path, camera: str) -> tuple[dict[str, str], int]:
    """Names and kinds of the tracks of a camera that are drawn, at most 1,500 of those seen four times or more; and how many tracks there are."""
    tracks = pq.read_table(out / "tracks.parquet", columns=["camera", "track", "kind", "points_count"])
    mine = tracks.filter(pc.equal(tracks["camera"], camera))
    long_enough = mine.filter(pc.greater_equal(mine["points_count"], _LEAST_POINTS_COUNT))
    every = -(-len(long_enough) // MOST_PATHS_COUNT) or 1
    rows = long_enough.take(pa.array(range(0, len(long_enough), every), pa.int64()))
    return dict(zip(rows["track"].to_pylist(), rows["kind"].to_pylist(), strict=True)), len(mine)


def _points_of(path: Path, chosen: Mapping[str, Mapping[str, str]]) -> dict[tuple[str, str], list[Doubles]]:
    """Points (n, 2) of the chosen tracks in order of time, in pieces a row group long."""
    found: dict[tuple[str, str], list[Doubles]] = {}
    with pq.ParquetFile(path) as file:
        for index in range(file.num_row_groups):
            group = file.read_row_group(index, columns=["camera", "track", "px_x", "px_y"])
            for camera, kinds in chosen.items():
                is_chosen = pc.is_in(group["track"], value_set=pa.array(list(kinds), pa.string()))
                _gather(found, camera, group.filter(pc.and_(pc.equal(group["camera"], camera), is_chosen)))
    return found


def _gather(found: dict[tuple[str, str], list[Doubles]], camera: str, rows: Any) -> None:
    if not len(rows):
        return
    px = np.column_stack([rows["px_x"].to_numpy(), rows["px_y"].to_numpy()]).astype(np.float64)
    tracks, number = np.unique(np.array(rows["track"].to_pylist()), return_inverse=True)
    order = np.argsort(number, kind="stable")
    for track, part in zip(tracks.tolist(), np.split(order, np.cumsum(np.bincount(number))[:-1]), strict=True):
        found.setdefault((camera, track), []).append(px[part])


def _drawn(kind: RoadUser, px: Doubles, width_px: int) -> Path2D:
    """The way, smoothed a little, as points at equal distances along it."""
    smooth = smoothed(smoothed(px))
    along_px = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(smooth, axis=0).T))])
    count = int(np.clip(along_px[-1] / (0.015 * width_px), 1, MOST_POINTS_COUNT)) + 1
    at_px = np.linspace(0, along_px[-1], count)
    points = np.column_stack([np.interp(at_px, along_px, smooth[:, axis]) for axis in (0, 1)])
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points.tolist())
    return Path2D(kind, path, (round(float(points[-1, 0]), 1), round(float(points[-1, 1]), 1)))


def smoothed(px: Doubles) -> Doubles:
    """Each point a quarter towards both its neighbours; the ends stay."""
    if len(px) < 3:
        return px
    return np.concatenate([px[:1], (px[:-2] + 2 * px[1:-1] + px[2:]) / 4, px[-1:]])
