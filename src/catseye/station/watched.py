"""What finished runs hold, as their files say: for verbs that compare and rank, and never open a camera."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catseye.core.arrays import Doubles
from catseye.core.errors import SourceError
from catseye.core.event import SPOILED_BY
from catseye.core.time import NS_PER_S
from catseye.vault.files import file_name

_WANTED = "a folder that `watch` or `judge` wrote"
_MOST_POINTS_COUNT = 20_000


@dataclass(frozen=True, slots=True)
class WatchedCamera:
    """One camera of one run: how long it was watched and could be believed, and what happened there, a mapping an event as events.jsonl says it."""

    folder: Path
    run: str
    camera: str
    size_px: tuple[int, int]
    duration_s: float
    trusted_s: float
    events: Sequence[Mapping[str, Any]]


def read_runs(folders: Sequence[Path]) -> list[WatchedCamera]:
    """Every camera of every folder; SourceError where one is no run, or is damaged."""
    return [camera for folder in folders for camera in _read_run(folder)]


def _read_run(folder: Path) -> Iterator[WatchedCamera]:
    try:
        said = json.loads((folder / "run.json").read_text("utf-8"))
        events = [json.loads(line) for line in (folder / "events.jsonl").read_text("utf-8").splitlines()]
        for camera in said["cameras"]:
            mine = [event for event in events if event["camera"] == camera["camera"]]
            lost_s = _lost_s(mine)
            duration_s = float(camera["duration_s"])
            size_px = int(camera["width_px"]), int(camera["height_px"])
            yield WatchedCamera(folder, str(said["run"]), camera["camera"], size_px, duration_s, max(0.0, duration_s - lost_s), mine)
    except OSError as fault:
        raise SourceError(str(folder), f"{Path(fault.filename or folder).name}: {(fault.strerror or 'cannot be read').lower()}", _WANTED) from None
    except (ValueError, KeyError, TypeError) as fault:
        raise SourceError(str(folder), f"files that are not whole ({str(fault)[:60]})", _WANTED) from None


def _lost_s(events: Sequence[Mapping[str, Any]]) -> float:
    """Seconds without pictures, or with pictures that the camera itself said not to believe; what overlaps counts once."""
    spans = sorted((event["time_s"], event["end_time_s"]) for event in events if event["kind"] == "source-gap" or _is_spoiled(event))
    lost_s, until_s = 0.0, 0.0
    for begin_s, end_s in spans:
        lost_s += max(0.0, end_s - max(begin_s, until_s))
        until_s = max(until_s, end_s)
    return lost_s


def spoiled_ns(file: Path, camera: str) -> list[tuple[int, int]]:
    """Begin and end of the stretches in which a camera said not to believe it, as an events.jsonl tells; none without the file. SourceError if damaged."""
    try:
        events = [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.is_file() else []
        mine = [event for event in events if event["camera"] == camera and _is_spoiled(event)]
        return [(round(event["time_s"] * NS_PER_S), round(event["end_time_s"] * NS_PER_S)) for event in mine]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise SourceError(str(file), f"not whole ({str(fault)[:60]})", "events as `watch` writes them") from None


def _is_spoiled(event: Mapping[str, Any]) -> bool:
    return event["kind"] in SPOILED_BY and not event.get("trusted", True)


def seen_places(folder: Path, camera: str, *, on_ground: bool) -> Doubles:
    """Where road users went, (n, 2) in metres or pixels: up to 20,000 points, evenly taken. Empty where there are none."""
    columns = ("x_cm", "y_cm") if on_ground else ("px_x", "px_y")
    try:
        table = pq.read_table(folder / "points.parquet", columns=["camera", *columns])
    except (OSError, pa.ArrowException):
        return np.empty((0, 2))
    table = table.filter(pc.equal(table["camera"], camera)).drop_null() if len(table) else table
    step = max(1, len(table) // _MOST_POINTS_COUNT)
    places = np.stack([table[name].to_numpy().astype(np.float64)[::step] for name in columns], 1) if len(table) else np.empty((0, 2))
    places = places[np.isfinite(places).all(1)]
    return places / 100 if on_ground else places


def still_of(run: WatchedCamera) -> Path:
    """Where the run's redacted still is, if it has one."""
    return run.folder / "vault" / "media" / file_name(run.run) / f"{file_name(run.camera)}.png"
