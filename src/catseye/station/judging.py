"""`judge`: rules over trajectories without video. What it writes is what `watch` writes, so its own points.parquet judged again gives the same events."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from catseye.core.arrays import Doubles, Ints
from catseye.core.rule import World
from catseye.core.scene import KMH_PER_MS, GroundScene, Passages, Scene
from catseye.core.time import NS_PER_S, Stamp
from catseye.station.calibrations import calibration_of
from catseye.station.judged import Progress, judged_events, names_of, on_ground, when_at
from catseye.station.line import LineRecord
from catseye.station.outcome import RunOutcome
from catseye.station.passings import write_passings
from catseye.station.record import write_run
from catseye.station.report import write_report
from catseye.station.signals import signals_of
from catseye.station.site import Camera, Site
from catseye.station.trajectories import Trajectories, read_trajectories
from catseye.station.vaults import VAULT
from catseye.station.watch import refuse_strange_folder
from catseye.station.world import Bench, bench_of
from catseye.vault.batches import CrossingBatch, PointBatch, TrackBatch
from catseye.vault.vault import Vault


def run_judge(site: Site, tracks: Path, out: Path, *, camera: str | None, signals: Path | None, progress: Progress | None = None) -> RunOutcome:
    """Judge the trajectories of one camera; write every file of docs/reference/files.md that needs no picture into `out`."""
    begun_s, begun_cpu_s = time.monotonic(), time.thread_time()
    chosen = site.camera_named(camera)
    refuse_strange_folder(out)
    calibration = calibration_of(site, chosen)
    trajectories = on_ground(read_trajectories(tracks, chosen), calibration).as_stored()
    to_ground = None if calibration is None else calibration.place_of
    bench = bench_of(chosen, signals_of(site, chosen, signals), on_ground=trajectories.place_m is not None, to_ground=to_ground)
    record = LineRecord(chosen.id, detector="", start=chosen.began, trajectories=tracks.name)
    if trajectories.place_m is not None and trajectories.sigma_m is None:
        record.notes.append("the trajectories say nothing of their doubt: places and speeds are taken as exact")
    record.duration_s = float(trajectories.time_ns[-1]) / NS_PER_S if len(trajectories) else 0.0
    with Vault.open(out / VAULT, _run_name(site, chosen, trajectories, tracks, signals), database_url=site.database_url, keys=site.keys) as vault:
        found = judge_trajectories(trajectories, bench, chosen, vault, progress)
        record.road_users_count, record.crossings_count = len(trajectories.names), found.crossings_count
        record.rules_judged, record.rules_not_judged, record.events_count = list(bench.rules), dict(bench.not_judged), found.events_count
        record.cpu_s["judge"] = time.thread_time() - begun_cpu_s
        vault.export(out)
        write_passings(out, site, [record], vault)
        report = write_report(out, site, [record], vault)
        summary = write_run(out, vault.run, site, [record], time.monotonic() - begun_s)
    return _outcome(out, chosen, record, found, summary, report)


@dataclass(slots=True)
class Found:
    """What a judging came to, counted."""

    crossings_count: int = 0
    events_count: dict[str, int] = field(default_factory=dict)


def judge_trajectories(trajectories: Trajectories, bench: Bench, camera: Camera, vault: Vault, progress: Progress | None = None) -> Found:
    """Everything the trajectories hold, into the vault."""
    names = names_of(trajectories)
    when_of = partial(when_at, camera.began)
    found, journeys = Found(), _Journeys(len(names), bench.world)
    crossed: list[CrossingBatch] = []

    def told(scene: Scene, passages: Passages) -> None:
        journeys.note(passages)
        crossed.append(_crossings(passages, scene, camera, names, bench.world, when_of))

    events, stage = judged_events(trajectories, bench, camera, told, progress)
    for batch in crossed:
        vault.keep_crossings(batch)
        found.crossings_count += len(batch)
    vault.keep_events([*events, *stage.doubted()])
    found.events_count = stage.events_count
    if len(trajectories):
        vault.keep_points(_points(trajectories, camera, names))
        vault.keep_tracks(journeys.tracks(trajectories, camera, names))
    return found


class _Journeys:
    """From which line to which each track went."""

    def __init__(self, tracks_count: int, world: World) -> None:
        self._ids = [line.id for line in world.lines]
        self._first = np.full(tracks_count, -1, np.int64)
        self._last = np.full(tracks_count, -1, np.int64)

    def note(self, passages: Passages) -> None:
        """Passages come in order of scenes; within one, of time."""
        for at in np.argsort(passages.time_ns, kind="stable").tolist():
            track = passages.track[at]
            if self._first[track] < 0:
                self._first[track] = passages.line[at]
            self._last[track] = passages.line[at]

    def tracks(self, t: Trajectories, camera: Camera, names: np.ndarray[Any, Any]) -> TrackBatch:
        """A row a track."""
        order = np.lexsort((t.time_ns, t.track))
        begins = np.flatnonzero(np.diff(t.track[order], prepend=-1))
        ends = np.append(begins[1:], len(order))
        track = t.track[order][begins]
        length_m = _lengths_m(t, order, begins)
        span_s = (t.time_ns[order][ends - 1] - t.time_ns[order][begins]) / NS_PER_S
        mean = np.divide(length_m * KMH_PER_MS, span_s, out=np.full(len(track), np.nan), where=span_s > 0)
        name = [None, *self._ids]
        return TrackBatch(
            camera.id,
            names[track],
            t.kind[order][begins],
            t.time_ns[order][begins],
            t.time_ns[order][ends - 1],
            ends - begins,
            length_m,
            mean,
            tuple(name[line + 1] for line in self._first[track].tolist()),
            tuple(name[line + 1] for line in self._last[track].tolist()),
        )


def _lengths_m(t: Trajectories, order: Ints, begins: Ints) -> Doubles:
    """Path length (tracks,): the integral of the given speed where there is one, else the sum of the steps; NaN in a picture."""
    time_s = t.time_ns[order] / NS_PER_S
    step_s = np.diff(time_s, append=time_s[-1:])
    if t.speed_kmh is not None:
        speed = t.speed_kmh[order] / KMH_PER_MS
        step_m = 0.5 * (speed + np.append(speed[1:], 0.0)) * step_s
    elif t.place_m is None:
        return np.full(len(begins), np.nan)
    else:
        place = t.place_m[order]
        step_m = np.append(np.hypot(*np.diff(place, axis=0).T), 0.0)
    step_m[begins[1:] - 1] = 0.0
    step_m[-1:] = 0.0
    return np.asarray(np.add.reduceat(step_m, begins), np.float64)


def _crossings(
    passages: Passages, scene: Scene, camera: Camera, names: np.ndarray[Any, Any], world: World, when_of: Callable[[int], Stamp | None]
) -> CrossingBatch:
    row = np.minimum(np.searchsorted(scene.track, passages.track), len(scene) - 1)
    here = scene.track[row] == passages.track
    speed_kmh, sigma_kmh = (scene.speed_kmh, scene.speed_sigma_kmh) if isinstance(scene, GroundScene) else (np.full(len(scene), np.nan),) * 2
    whens = [when_of(int(time_ns)) for time_ns in passages.time_ns]
    utc_ns = np.array([when.utc_ns for when in whens if when], np.int64) if all(whens) else None
    return CrossingBatch(
        camera.id,
        passages.time_ns,
        tuple(world.lines[line].id for line in passages.line.tolist()),
        tuple("forward" if forward else "backward" for forward in passages.forward.tolist()),
        names[passages.track],
        scene.kind[row],
        utc_ns,
        np.where(here, speed_kmh[row], np.nan),
        np.where(here, sigma_kmh[row], np.nan),
    )


def _points(t: Trajectories, camera: Camera, names: np.ndarray[Any, Any]) -> PointBatch:
    px = t.px if t.px is not None else np.full((len(t), 2), np.nan, np.float32)
    known = (t.sigma_m, t.length_m, t.width_m, t.heading_deg, t.speed_kmh, t.noise_m, t.speed_doubt_ratio)
    return PointBatch(camera.id, names[t.track], t.kind, t.time_ns, px, t.place_m, *known)


def _run_name(site: Site, camera: Camera, trajectories: Trajectories, *paths: Path | None) -> str:
    """The same input under the same site is the same run: judged again, it doubles nothing."""
    said: list[object] = [site.hash, camera.id, *([trajectories.doubted_ns] if trajectories.doubted_ns else [])]
    for path in paths:
        if path is not None:
            with path.open("rb") as file:
                said.append(hashlib.file_digest(file, "sha256").hexdigest())
    return "judge-" + hashlib.sha256(json.dumps(said).encode()).hexdigest()[:24]


def _outcome(out: Path, camera: Camera, record: LineRecord, found: Found, summary: dict[str, Any], report: Path) -> RunOutcome:
    events = ", ".join(f"{count} × {kind}" for kind, count in sorted(found.events_count.items())) or "no events"
    text = [f"{camera.id}: {record.road_users_count} road users, {record.crossings_count} crossings, {record.duration_s:.1f} s; {events}"]
    text += [f"{camera.id}: not judged: {name} ({why})" for name, why in record.rules_not_judged.items()]
    text += [f"written: {report}", f"written: {out / 'events.jsonl'}"]
    return RunOutcome(1 if record.rules_not_judged else 0, {**summary, "events": found.events_count}, text)
