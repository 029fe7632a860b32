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
from catseye.core.calibration import Calibration
from catseye.core.errors import SourceError
from catseye.station.record import CALIBRATIONS
from catseye.station.trajectories.doubted import is_of_camera
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
    calibration: Calibration | None = None


def read_runs(folders: Sequence[Path]) -> list[WatchedCamera]:
    """Every camera of every folder; SourceError where one is no run, or is damaged."""
    return [camera for folder in folders for camera in _read_run(folder)]


def _read_run(folder: Path) -> Iterator[WatchedCamera]:
    try:
        said = json.loads((folder / "run.json").read_text("utf-8"))
        events = [json.loads(line) for line in (folder / "events.jsonl").read_text("utf-8").splitlines()]
        calibrations = _calibrations(folder / CALIBRATIONS)
        for camera in said["cameras"]:
            mine = [event for event in events if event["camera"] == camera["camera"]]
            lost_s = _together_s([(event["time_s"], event["end_time_s"]) for event in mine if _is_lost(event)])
            duration_s = float(camera["duration_s"])
            size_px = int(camera["width_px"]), int(camera["height_px"])
            yield WatchedCamera(
                folder, str(said["run"]), camera["camera"], size_px, duration_s, max(0.0, duration_s - lost_s), mine, calibrations.get(camera["camera"])
            )
    except OSError as fault:
        raise SourceError(str(folder), f"{Path(fault.filename or folder).name}: {(fault.strerror or 'cannot be read').lower()}", _WANTED) from None
    except (ValueError, KeyError, TypeError) as fault:
        raise SourceError(str(folder), f"files that are not whole ({str(fault)[:60]})", _WANTED) from None


def _is_lost(event: Mapping[str, Any]) -> bool:
    """Whether nothing that happened meanwhile can be known: no pictures, or a camera that was not to be trusted."""
    return event["kind"] == "source-gap" or (not event.get("trusted", True) and is_of_camera(event))


def _together_s(spans_s: Sequence[tuple[float, float]]) -> float:
    """How long spans last together, what they share counted once."""
    total_s, until_s = 0.0, 0.0
    for begin_s, end_s in sorted(spans_s):
        total_s += max(0.0, end_s - max(begin_s, until_s))
        until_s = max(until_s, end_s)
    return total_s


def _calibrations(path: Path) -> dict[str, Calibration]:
    if not path.is_file():
        return {}
    said = dict(json.loads(path.read_text("utf-8")))
    return {camera: Calibration.from_json(each) for camera, each in said.items()}


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
