"""A package's measurement, judged again: the event must follow from the points in the package under the site file in it, number for number."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catseye import __version__
from catseye.cases.package.checks import Replay
from catseye.core.errors import CatseyeError
from catseye.core.event import Event
from catseye.station.calibrations import calibration_of
from catseye.station.judged import judged_events, on_ground
from catseye.station.signals import signals_of
from catseye.station.site import load_site
from catseye.station.trajectories import read_trajectories
from catseye.station.world import bench_of
from catseye.vault.export import event_line

POINTS, SITE, SIGNALS = "measurement/points.parquet", "measurement/site.toml", "signal/signals.csv"
OF_ITS_SOURCE = frozenset({"id", "lineage", "evidence"})  # where it was read from, not what happened


def house_replay() -> Replay:
    """The judge of this catseye."""
    return Replay(__version__, replay_fault)


def replay_fault(folder: Path, said: Mapping[str, Any]) -> str | None:
    """Why the event does not come out again; None when every number does, bit for bit."""
    try:
        events = replayed(folder, str(said.get("camera")))
    except CatseyeError as fault:
        return f"cannot be judged again: {_of(str(fault), folder)}"
    same = [line for line in map(_line, events) if all(line[name] == said.get(name) for name in ("kind", "rule", "tracks"))]
    if not same:
        return f"judged again, the points hold {len(events)} events, and none is {said.get('kind')} of track {', '.join(map(str, said.get('tracks') or ()))}"
    differing = min((_differing(line, said) for line in same), key=len)
    return f"judged again it differs in {'; '.join(differing)}" if differing else None


def replayed(folder: Path, camera: str) -> list[Event]:
    """The events that the points in this folder hold."""
    site = load_site(folder / SITE)
    chosen = site.camera_named(camera)
    calibration = calibration_of(site, chosen)
    trajectories = on_ground(read_trajectories(folder / POINTS, chosen), calibration).as_stored()
    signals = folder / SIGNALS
    bench = bench_of(
        chosen,
        signals_of(site, chosen, signals if signals.is_file() else None),
        on_ground=trajectories.place_m is not None,
        to_ground=None if calibration is None else calibration.place_of,
    )
    events, _ = judged_events(trajectories, bench, chosen, lambda scene, passages: None)
    latest: dict[str, Event] = {}
    for event in events:  # an event known by its id only ever gets a later end
        if event.id not in latest or latest[event.id].end_time_ns < event.end_time_ns:
            latest[event.id] = event
    return list(latest.values())


def _line(event: Event) -> dict[str, Any]:
    """As events.jsonl has it, read back: numbers as their text says them."""
    line: dict[str, Any] = json.loads(json.dumps(event_line(event), ensure_ascii=False, allow_nan=False))
    return line


def _differing(line: Mapping[str, Any], said: Mapping[str, Any]) -> list[str]:
    names = [name for name in sorted({*line, *said}) if name not in OF_ITS_SOURCE and json.dumps(line.get(name)) != json.dumps(said.get(name))]
    return [f"{name}: {json.dumps(line.get(name), ensure_ascii=False)}, the package says {json.dumps(said.get(name), ensure_ascii=False)}" for name in names]


def _of(text: str, folder: Path) -> str:
    """Names of the package's own files, not of where they were unpacked for a moment."""
    return text.replace(f"{folder}/", "data/")
