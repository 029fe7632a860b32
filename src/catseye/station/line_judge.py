"""Judges what a camera's line has settled: points wait until no earlier one can come, then go through the judge in order of time, as stored."""

from collections import ChainMap
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from catseye.core.arrays import Doubles, Ints
from catseye.core.calibration import Calibration
from catseye.core.event import Event
from catseye.core.finding import Violation
from catseye.core.scene import GroundScene, PictureScene
from catseye.core.secrets import masked
from catseye.core.signal import Signal
from catseye.core.time import Stamp
from catseye.station.judge_stage import JudgeStage
from catseye.station.line_signals import line_signals_of
from catseye.station.signals import signals_of
from catseye.station.site import Camera, Site
from catseye.station.world import bench_of
from catseye.traffic.judge import Judge
from catseye.traffic.motion import Moment, Motion
from catseye.vault.batches import PointBatch, joined, rows_of

if TYPE_CHECKING:
    from catseye.station.line import LineRecord


@dataclass(slots=True)
class LineJudge:
    """Of one camera. `is_trusted(time_ns)`: whether the camera could be believed then; what is measured while it could not is marked.

    `signals` are those the rules see; the ones read from the picture grow.
    """

    stage: JudgeStage
    is_trusted: Callable[[int], bool] = lambda time_ns: True
    signals: Mapping[str, Signal] = field(default_factory=dict)
    _waiting: list[PointBatch] = field(default_factory=list)

    def take(self, points: PointBatch, until_ns: int) -> list[Event]:
        """Settled points, in any order; none earlier than `until_ns` will come any more. The events that have become sure."""
        if len(points):
            self._waiting.append(points)
        if not self._waiting:
            return []
        every = joined(self._waiting) if len(self._waiting) > 1 else self._waiting[0]
        due = every.time_ns < until_ns
        self._waiting = [] if due.all() else [rows_of(every, np.flatnonzero(~due))]
        if not due.any():
            return []
        rows = np.flatnonzero(due)
        track = np.asarray(every.track, np.int64)
        rows = rows[np.lexsort((track[rows], every.time_ns[rows]))]
        return [event for moment, stays in self._moments(every, track, rows) for event in self.stage.see(moment, stays)]

    def doubted(self) -> list[Event]:
        """What was judged as not to be trusted: stretches that are new or have grown."""
        return self.stage.doubted()

    def violations(self) -> list[Violation]:
        """Those among the events since this was asked last."""
        told, self.stage.violations = self.stage.violations, []
        return told

    def finish(self) -> list[Event]:
        """Nothing more comes."""
        last = self.take(rows_of(self._waiting[0], np.empty(0, np.int64)), np.iinfo(np.int64).max) if self._waiting else []
        return last + self.stage.finish()

    def _moments(self, points: PointBatch, track: Ints, rows: Ints) -> list[tuple[Moment, Doubles | None]]:
        time_ns = points.time_ns[rows]
        begins = np.flatnonzero(np.diff(time_ns, prepend=time_ns[:1] - 1))
        return [self._moment(points, track, chosen) for chosen in np.split(rows, begins[1:])]

    def _moment(self, points: PointBatch, track: Ints, rows: Ints) -> tuple[Moment, Doubles | None]:
        def of(column: Doubles | None) -> Doubles | None:
            return None if column is None else np.asarray(column, np.float64)[rows]

        time_ns = int(points.time_ns[rows[0]])
        on_ground = points.ground_m is not None
        sigma, noise = of(points.sigma_m), of(points.noise_m)
        stays = np.sqrt(np.maximum(sigma**2 - noise**2, 0.0)) if sigma is not None and noise is not None else None
        moment = Moment(
            time_ns,
            track[rows],
            points.kind[rows],
            np.asarray((points.ground_m if points.ground_m is not None else points.px)[rows], np.float64),
            noise if on_ground else None,
            of(points.speed_doubt_ratio),
            length_m=of(points.length_m),
            width_m=of(points.width_m),
            trusted=self.is_trusted(time_ns),
        )
        return moment, stays


def line_judge_of(
    site: Site, camera: Camera, record: "LineRecord", calibration: Calibration | None, seen: MutableMapping[str, Signal] | None = None
) -> LineJudge | None:
    """What applies the site's rules to this camera; None when it has none that can be judged. `record` is told which are not, and why.

    `seen` are the signals read from its picture, as they grow; without it each is there and unknown.
    """
    if not camera.rules:
        return None
    to_ground = calibration.place_of if calibration is not None else None
    lit = line_signals_of(camera).signals if seen is None else seen
    signals = ChainMap(signals_of(site, camera, None), lit)  # read only; `lit` grows while the line runs
    bench = bench_of(camera, signals, on_ground=calibration is not None, to_ground=to_ground)
    record.rules_judged, record.rules_not_judged = list(bench.rules), dict(bench.not_judged)
    if not bench.rules:
        return None
    judge = Judge(camera.id, bench.world, bench.rules, str, partial(_when, record), masked(camera.source or ""))
    return LineJudge(JudgeStage(judge, Motion(PictureScene) if calibration is None else Motion(GroundScene)), signals=signals)


def _when(record: "LineRecord", time_ns: int) -> Stamp | None:
    return record.start.plus_ns(time_ns) if record.start else None
