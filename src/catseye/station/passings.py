"""passings.csv: what crossings say together, once places on the ground are known: vehicle lengths, and who followed whom how closely.

Made from the files as written (crossings of the vault, points.parquet), so `watch` and `judge` tell the same of the same points.
"""

import csv
import heapq
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catseye.core.arrays import Doubles, Ints
from catseye.core.road_user import IS_DRIVEN, RoadUser
from catseye.core.rule import World
from catseye.core.time import NS_PER_MS, NS_PER_S, Stamp
from catseye.station.line import LineRecord
from catseye.station.site import Site
from catseye.station.world import ground_world
from catseye.traffic.passings import Following, Passings, following
from catseye.traffic.sizes import length_sigmas_m
from catseye.traffic.speed import track_length
from catseye.vault.batches import Crossing
from catseye.vault.files import whole_file
from catseye.vault.vault import Vault

HEADER = (
    *("time_s", "time_utc", "camera", "line", "direction", "track", "kind", "speed_kmh", "speed_doubt_kmh", "length_m", "length_doubt_m", "across_m"),
    *("leader", "headway_s", "headway_doubt_s", "gap_s", "gap_doubt_s"),
)
AROUND_MS = 600  # points this close to a crossing tell where on the line it was
_LONGEST_MS = 10**11  # three years: keys of tracks lie so far apart
_COLUMNS = ("x_cm", "y_cm", "sigma_cm", "noise_cm", "length_cm")


@dataclass(frozen=True, slots=True, eq=False)
class _Near:
    """Points around crossings, by ascending (track, time): `moment_ms` int64 (n,), `place_m` (n, 2), and (n,) each, NaN where nobody told."""

    moment_ms: Ints  # codes of the track, far apart, and milliseconds
    place_m: Doubles
    sigma_m: Doubles
    noise_m: Doubles
    length_m: Doubles

    def around(self, key: int) -> slice:
        """Rows of the track of a crossing, around its time."""
        begin, end = np.searchsorted(self.moment_ms, (key - AROUND_MS, key + AROUND_MS + 1)).tolist()
        return slice(begin, end)


def write_passings(out: Path, site: Site, records: Sequence[LineRecord], vault: Vault) -> Path:
    """Write passings.csv into `out`, whole or not at all; after `vault.export(out)`. Crossings of cameras without ground are not in it."""
    rows = heapq.merge(*(_rows_of(out, site, record, vault) for record in records), key=lambda row: row[0])
    path = out / "passings.csv"
    with whole_file(path, f"passings{os.getpid()}") as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        try:
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(HEADER)
            writer.writerows(row for _, row in rows)
            text.flush()
        finally:
            text.detach()
    return path


def _rows_of(out: Path, site: Site, record: LineRecord, vault: Vault) -> Iterator[tuple[tuple[int, str, str, str], tuple[object, ...]]]:
    """Sort key (time, camera, line, track) and row."""
    crossings = list(vault.crossings(record.camera))
    names = sorted({crossing.track for crossing in crossings})
    code = {name: index for index, name in enumerate(names)}
    keys = np.array([code[c.track] * _LONGEST_MS + c.time_ns // NS_PER_MS for c in crossings], np.int64)
    near = _near(out / "points.parquet", record.camera, names, np.sort(keys))
    if not len(near.moment_ms):
        return
    size_px = (record.width_px, record.height_px) if record.width_px else None
    passings, bodies = _passings(crossings, keys, near, ground_world(site, site.camera_named(record.camera), size_px))
    for index, crossing in enumerate(crossings):
        row = _row(crossing, index, passings, bodies, crossings)
        yield (crossing.time_ns, crossing.camera, crossing.line, crossing.track), row


def _passings(crossings: Sequence[Crossing], keys: Ints, near: _Near, world: World) -> tuple[Passings, Following]:
    """One row a crossing; only vehicles and riders follow, so whoever walks over the line stands between nobody."""
    line_index = {line.id: index for index, line in enumerate(world.lines)}
    kind = np.array([RoadUser(c.kind).code for c in crossings], np.uint8)
    across, sigma, length, length_doubt = np.full((4, len(crossings)), np.nan)
    for at, crossing in enumerate(crossings):  # a few an hour and vehicle: not the hot path
        rows = near.around(int(keys[at]))
        if rows.stop > rows.start and crossing.line in line_index:
            across[at] = _across_m(near, rows, int(keys[at]), world.lines[line_index[crossing.line]].ends)
        length[at], length_doubt[at] = _length(near, rows, int(kind[at]))
        sigma[at] = _sigma_m(near, rows)
    passings = Passings(
        np.array([c.time_ns for c in crossings], np.int64),
        np.array([line_index.get(c.line, -1) for c in crossings], np.int64),
        np.array([c.direction == "forward" for c in crossings], np.bool_),
        across,
        np.array([np.nan if c.speed_kmh is None else c.speed_kmh for c in crossings], np.float64),
        np.array([np.nan if c.speed_doubt_kmh is None else c.speed_doubt_kmh for c in crossings], np.float64),
        length,
        length_doubt,
        sigma,
    )
    drives = np.flatnonzero((IS_DRIVEN[kind] == 1) & np.isfinite(across))
    return passings, _spread(following(_taken(passings, drives)), drives, len(crossings))


def _taken(passings: Passings, rows: Ints) -> Passings:
    return Passings(*(getattr(passings, name)[rows] for name in Passings.__slots__))


def _spread(found: Following, rows: Ints, count: int) -> Following:
    """The rows of a part in the whole; nobody is followed elsewhere."""
    leader = np.full(count, -1, np.int64)
    follows = found.leader >= 0
    leader[rows[follows]] = rows[found.leader[follows]]
    values = np.full((4, count), np.nan)
    values[:, rows] = found.headway_s, found.headway_doubt_s, found.gap_s, found.gap_doubt_s
    return Following(leader, *values)


def _across_m(near: _Near, rows: slice, key: int, ends: Doubles) -> float:
    """Where on the line, from its first point: the place at the crossing's time, interpolated."""
    place = np.array([np.interp(key, near.moment_ms[rows], near.place_m[rows, axis]) for axis in (0, 1)])
    along = (ends[1] - ends[0]) / np.hypot(*(ends[1] - ends[0]))
    return float((place - ends[0]) @ along)


def _length(near: _Near, rows: slice, kind: int) -> tuple[float, float]:
    """Length and its doubt: as told; of a camera the median of its looks, which already lean on the usual length of the kind, so no surer than its spread."""
    told = near.length_m[rows]
    told = told[np.isfinite(told)]
    if not len(told):
        return track_length(told, told, kind)
    is_exact = not np.isfinite(near.sigma_m[rows]).any()
    return float(np.median(told)), 0.0 if is_exact else float(length_sigmas_m(np.array([kind], np.uint8))[0])


def _sigma_m(near: _Near, rows: slice) -> float:
    """Doubt of the place along the way: what is new in every look; 0 of a source that tells of none."""
    told = np.where(np.isfinite(near.noise_m[rows]), near.noise_m[rows], near.sigma_m[rows])
    told = told[np.isfinite(told)]
    return float(np.median(told)) if len(told) else 0.0


def _near(path: Path, camera: str, names: Sequence[str], keys: Ints) -> _Near:
    """Points of these tracks within 0.6 s of their crossings; `keys` ascending. Memory holds those, and one row group."""
    found: list[tuple[Any, ...]] = []
    with pq.ParquetFile(path) as file:
        known = [name for name in _COLUMNS if name in file.schema_arrow.names]
        if {"x_cm", "y_cm"} <= set(known) and len(keys):
            for index in range(file.num_row_groups):
                group = file.read_row_group(index, columns=["camera", "track", "time_ns", *known])
                group = group.filter(pc.and_(pc.equal(group["camera"], camera), pc.and_(pc.is_valid(group["x_cm"]), pc.is_valid(group["y_cm"]))))
                found.append(_close(group, names, keys))
    key = np.concatenate([np.empty(0, np.int64), *(part[0] for part in found)])
    numbers = np.concatenate([np.empty((0, len(_COLUMNS))), *(part[1] for part in found)])
    order = np.argsort(key, kind="stable")
    x_y, (sigma, noise, length) = numbers[order, :2] / 100, numbers[order, 2:].T / 100
    return _Near(key[order], x_y, sigma, noise, length)


def _close(group: Any, names: Sequence[str], keys: Ints) -> tuple[Ints, Doubles]:
    code = pc.index_in(group["track"], value_set=pa.array(names, pa.string()))
    chosen = np.flatnonzero(code.is_valid().to_numpy(zero_copy_only=False))
    rows = group.take(pa.array(chosen))
    track = code.take(pa.array(chosen)).combine_chunks().to_numpy(zero_copy_only=False).astype(np.int64)
    key = track * _LONGEST_MS + rows["time_ns"].to_numpy() // NS_PER_MS
    after = np.searchsorted(keys, key)
    near = (np.abs(keys[np.minimum(after, len(keys) - 1)] - key) <= AROUND_MS) | (np.abs(keys[np.maximum(after - 1, 0)] - key) <= AROUND_MS)
    numbers = [
        np.asarray(rows[name].cast(pa.float64()).to_numpy(), np.float64) if name in rows.column_names else np.full(len(rows), np.nan) for name in _COLUMNS
    ]
    return key[near], np.column_stack(numbers)[near]


def _row(crossing: Crossing, index: int, passings: Passings, bodies: Following, crossings: Sequence[Crossing]) -> tuple[object, ...]:
    leader = int(bodies.leader[index])
    utc = "" if crossing.utc_ns is None else Stamp(crossing.utc_ns).iso()
    return (
        *(f"{crossing.time_ns / NS_PER_S:.3f}", utc, crossing.camera, crossing.line, crossing.direction, crossing.track, crossing.kind),
        *map(_text, (passings.speed_kmh[index], passings.speed_doubt_kmh[index])),
        *map(_text, (passings.length_m[index], passings.length_doubt_m[index], passings.across_m[index])),
        crossings[leader].track if leader >= 0 else "",
        *map(_text, (bodies.headway_s[index], bodies.headway_doubt_s[index], bodies.gap_s[index], bodies.gap_doubt_s[index])),
    )


def _text(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else ""
