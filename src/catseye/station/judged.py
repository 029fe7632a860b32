"""Trajectories through the rules, and nothing kept: what `judge` stores, and what replays a package's measurement."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from catseye.core.arrays import Doubles
from catseye.core.calibration import Calibration
from catseye.core.event import Event
from catseye.core.scene import GroundScene, Passages, PictureScene, Scene
from catseye.core.time import NS_PER_S, Stamp
from catseye.station.judge_stage import JudgeStage
from catseye.station.site import Camera
from catseye.station.trajectories import Trajectories
from catseye.station.world import Bench
from catseye.traffic.judge import Judge
from catseye.traffic.motion import Moment, Motion

Progress = Callable[[float, float], None]
POINT_SIGMA_PX = 2.0  # of contact points that say nothing of their doubt
_USELESS_M = 50.0


def on_ground(t: Trajectories, calibration: Calibration | None) -> Trajectories:
    """With the ground under points of a picture, where the camera is calibrated; points above its horizon are left out."""
    if t.place_m is not None or t.px is None or calibration is None:
        return t
    place, sigma = calibration.ground_of(t.px.astype(np.float64))
    noise = calibration.pixel_covariance_m2(t.px.astype(np.float64), POINT_SIGMA_PX)
    sigma = np.sqrt(sigma**2 + 0.5 * np.trace(noise, axis1=1, axis2=2))
    there = np.isfinite(place).all(1) & np.isfinite(sigma) & (sigma < _USELESS_M)
    return replace(t.keep(there), place_m=place[there], sigma_m=sigma[there])


def judged_events(
    trajectories: Trajectories, bench: Bench, camera: Camera, told: Callable[[Scene, Passages], None], progress: Progress | None = None
) -> tuple[list[Event], JudgeStage]:
    """The events of the trajectories in the order they close, and the stage they passed; `told` hears every scene. Nothing is stored."""
    names = names_of(trajectories)
    judge = Judge(camera.id, bench.world, bench.rules, lambda track: str(names[track]), partial(when_at, camera.began), Path(trajectories.shown).name)
    stage = JudgeStage(judge, Motion(GroundScene) if bench.world.unit == "m" else Motion(PictureScene), told)
    total_s = float(trajectories.time_ns[-1]) / NS_PER_S if len(trajectories) else 0.0
    events: list[Event] = []
    for rows in trajectories.moments():
        moment = _moment(trajectories, rows)
        events += stage.see(moment, stays_of(trajectories, rows))
        if progress is not None:
            progress(moment.time_ns / NS_PER_S, total_s)
    return events + list(stage.finish()), stage


def names_of(trajectories: Trajectories) -> np.ndarray[Any, Any]:
    """The names of the tracks, by their numbers."""
    return np.array(trajectories.names, dtype=str) if trajectories.names else np.empty(0, "U1")


def _moment(t: Trajectories, rows: slice) -> Moment:
    place = t.place_m if t.place_m is not None else t.px
    assert place is not None

    def of(column: Doubles | None) -> Doubles | None:
        return None if column is None else column[rows]

    return Moment(
        int(t.time_ns[rows.start]),
        t.track[rows],
        t.kind[rows],
        np.asarray(place[rows], np.float64),
        of(t.noise_m if t.noise_m is not None else t.sigma_m) if t.place_m is not None else None,
        of(t.speed_doubt_ratio),
        speed_kmh=of(t.speed_kmh),
        heading_deg=of(t.heading_deg),
        length_m=of(t.length_m),
        width_m=of(t.width_m),
        trusted=t.is_trusted(int(t.time_ns[rows.start])),
    )


def stays_of(t: Trajectories, rows: slice) -> Doubles | None:
    """The part of each place's doubt (m,) that is not new in every point."""
    if t.sigma_m is None or t.noise_m is None:
        return None
    return np.asarray(np.sqrt(np.maximum(t.sigma_m[rows] ** 2 - t.noise_m[rows] ** 2, 0.0)), np.float64)


def when_at(began: Stamp | None, time_ns: int) -> Stamp | None:
    """The wall clock of a moment, where anything tells when the source began."""
    return began.plus_ns(time_ns) if began else None
