"""One camera's line of data: frames become looks, looks tracks, tracks crossings, and the vault keeps what is settled.

One flat loop. Each step is value → value and is timed in CPU seconds of its own thread.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Event as Flag

import numpy as np

from catseye.core.arrays import Floats, Pixels
from catseye.core.calibration import Calibration
from catseye.core.certificate import Certificate
from catseye.core.detections import Detections, Tracked
from catseye.core.errors import SourceError
from catseye.core.event import Event
from catseye.core.picture import RawFrame
from catseye.core.road_user import RoadUser
from catseye.core.secrets import masked
from catseye.core.sockets import Detector, Source, SourceNotice
from catseye.core.time import NS_PER_S, Stamp
from catseye.station.evidence.socket import Evidence, Told
from catseye.station.grounding import Grounded, Grounding
from catseye.station.ledger import Ledger
from catseye.station.line_health import LineHealth
from catseye.station.line_judge import LineJudge
from catseye.station.line_signals import LineSignals, Phase
from catseye.station.pace import Pace, Speedometer
from catseye.traffic.crossings import Crossings, LineCounter
from catseye.traffic.lines import Line
from catseye.vault.vault import Vault
from catseye.vision.body_fit import BodyFitter
from catseye.vision.detect.detector import MotionDetector
from catseye.vision.foreground import Foreground
from catseye.vision.health import HealthFinding
from catseye.vision.tracker import Tracker
from catseye.vision.witness import Witness

_UNKNOWN = RoadUser.UNKNOWN.code
STEPS = ("decode", "health", "foreground", "detect", "track", "redact", "preview", "judge", "write", "evidence")
FIRST_FLUSH_S = 10.0  # early once: what cannot be written should be known soon
FLUSH_EVERY_S = 60.0  # each flush makes a part file of points: more often would litter a camera that runs for weeks
PX_STEPS_COUNT = 16  # a pixel's fractions are kept in sixteenths, and rules see no finer ones than the file
SAME_SHAPE_RATIO = 0.02
MOST_DAMAGE_S, MOST_DAMAGE_RATIO = 0.5, 0.01  # a torn frame now and then is an event; more, or a file cut short, asks for a look
MOST_DOUBTS_COUNT = 20  # a camera that changes its shape all day says it often enough in its events
# Where no picture shows the counts as they grow, looks are counted some at a time: after each look of the network all that counting needs must come from
# memory anew, which costs as much as counting.
COUNTED_TOGETHER_S = 0.9
HINDSIGHT_S = 12.0  # judged so late that a finding which blinds the camera is known before what it spoils is judged
STOPPED = "stopped by the operator"


@dataclass(slots=True)
class LineRecord:
    """What one line did, for run.json and the report. CPU seconds by step; `stopped` says why it ended early, or is empty.

    `events_count` is of what rules found, by kind; `rules_not_judged` says why not, by the rule's name.
    `notes` are sentences a reader should know, `doubts` those that ask for a look (exit 1); `notices_count` counts source notices by kind.
    `restarts_count`: how often the process that watched a live camera died and was started again.
    `trajectories`: the file that was judged instead of watching, else empty.
    """

    camera: str
    frames_decoded_count: int = 0
    frames_analysed_count: int = 0
    frames_idle_count: int = 0
    duration_s: float = 0.0
    width_px: int = 0
    height_px: int = 0
    road_users_count: int = 0
    crossings_count: int = 0
    blind_looks_count: int = 0
    detector: str = ""
    stopped: str = ""
    failed: bool = False
    restarts_count: int = 0
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    damaged_s: float = 0.0
    notices_count: dict[str, int] = field(default_factory=dict)
    events_count: dict[str, int] = field(default_factory=dict)
    rules_judged: list[str] = field(default_factory=list)
    rules_not_judged: dict[str, str] = field(default_factory=dict)
    expected_s: float | None = None
    start: Stamp | None = None
    trajectories: str = ""
    cpu_s: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STEPS, 0.0))

    def tell_events(self, events: Sequence[Event]) -> None:
        """Count what the rules found, by kind."""
        for event in events:
            self.events_count[event.kind] = self.events_count.get(event.kind, 0) + 1


@dataclass(frozen=True, slots=True)
class Look:
    """What the picture side (preview, stills) may see of one analysed frame."""

    frame: RawFrame
    tracked: Tracked
    seen: "Seen"

    @property
    def detections(self) -> Detections:
        """All that was found by anybody."""
        return self.seen.boxes

    @property
    def mask(self) -> Pixels:
        """What moves."""
        return self.seen.mask


@dataclass(frozen=True, slots=True)
class Seen:
    """`found` by the detector, `heard`: what the tracker takes, with what else moves."""

    found: Detections
    heard: Detections
    mask: Pixels

    @property
    def boxes(self) -> Detections:
        """All that was found by anybody, for redaction."""
        return self.found if self.heard is self.found else self.found.with_more(self.heard)


class Pictures:
    """Where a look's pictures go; the plain one keeps none. `cpu_s` by step, for run.json; `trouble` says why there are none (any more)."""

    cpu_s: Mapping[str, float] = {}
    trouble: str = ""
    shows_crossings: bool = False  # if so, it is told of them at once

    def look(self, look: Look) -> None:
        """Take one analysed frame."""

    def crossed(self, crossings: Crossings) -> None:
        """Take crossings as they are told."""

    def close(self) -> None:
        """The stream is over."""


class CameraLine:
    """Drives one source through every step, once. `run` returns the record.

    SourceError passes through only when not one frame came; a camera lost later ends the line, and `record.stopped` says why.
    StoreError (the disk) and SiteError (a line outside the picture) pass through.
    """

    def __init__(
        self,
        source: Source,
        detector: Detector,
        vault: Vault,
        lines: Callable[[int, int], Sequence[Line]],
        pace: Pace,
        pictures: Pictures,
        *,
        limit_s: float | None = None,
        stop: Flag | None = None,
        progress: Callable[[LineRecord], None] | None = None,
        record: LineRecord | None = None,
        lineage: str = "",
        calibration: Callable[[int, int], Calibration | None] = lambda width_px, height_px: None,
        judge: Callable[[LineRecord, Calibration | None], LineJudge | None] = lambda record, calibration: None,
        signals: LineSignals | None = None,
        coarse: Callable[[Calibration, tuple[int, int]], Sequence[HealthFinding]] = lambda calibration, size_px: (),
        evidence: Evidence | None = None,
        certificate: Callable[[tuple[int, int]], Certificate | None] = lambda size_px: None,
    ) -> None:
        """`lines(width_px, height_px)` gives the counting lines once the picture's size is known; `stop` ends the run at the next frame.

        `record`: of this camera's earlier life, to be continued; `lineage` is what events name as their source.
        `calibration(width_px, height_px)` gives the camera's view of the ground; `judge(record, calibration)` what applies the site's rules.
        `signals` reads those whose lamps are in the picture, for that judge.
        `coarse(calibration, size_px)` says what the picture has too few pixels for.
        `evidence` is what becomes of violations; `certificate(size_px)` what their measurement rests on.
        """
        self.record = record or LineRecord(source.camera, detector=detector.name)
        self._lineage = lineage
        self._source, self._detector, self._vault = source, detector, vault
        self._lines_for, self._pace, self._pictures = lines, pace, pictures
        self._calibration_for, self._judge_for, self._coarse_in = calibration, judge, coarse
        self._evidence, self._certificate_for = evidence or Evidence(), certificate
        self._limit_ns = None if limit_s is None else int(limit_s * NS_PER_S)
        self._stop = stop or Flag()
        self._progress = progress or (lambda record: None)
        self._foreground = detector.foreground if isinstance(detector, MotionDetector) else Foreground()
        self._tracker = Tracker()
        self._witness = Witness()
        self._speedometer = Speedometer()
        self._lines: Sequence[Line] = ()
        self._counter: LineCounter | None = None
        self._ledger: Ledger | None = None
        self._grounding: Grounding | None = None
        self._judge: LineJudge | None = None
        self._health = LineHealth()
        self._signals = signals or LineSignals({})
        self._uncounted: list[Tracked] = []
        self._now_ns = 0
        self._flushed_ns = int((FIRST_FLUSH_S - FLUSH_EVERY_S) * NS_PER_S)
        self._resized: SourceNotice | None = None
        self._damage = ""

    def run(self) -> LineRecord:
        """Until the source ends, the limit is reached or `stop` is set; whatever happens, what was counted is kept."""
        try:
            self._follow()
        except SourceError as fault:
            if not self.record.frames_decoded_count:
                raise
            self._lose(masked(str(fault)))
        except KeyboardInterrupt:
            self._evidence.give_up()
            raise
        finally:
            self._source.close()
            try:
                self._finish()
            finally:
                try:
                    self._pictures.close()
                finally:
                    self._evidence.close(self._told)
                for step, spent_s in (*self._pictures.cpu_s.items(), *self._evidence.cpu_s.items()):
                    self.record.cpu_s[step] += spent_s
                self.record.doubts += self._evidence.troubles
                self.record.notes += self._evidence.notes
                if self._pictures.trouble:
                    self.record.doubts.append(f"no pictures: {self._pictures.trouble}")
        self._progress(self.record)
        return self.record

    def _follow(self) -> None:
        items = iter(self._source)
        while True:
            with self._timed("decode"):
                item = next(items, None)
            if item is None:
                self._end()
                return
            if isinstance(item, SourceNotice):
                self._tell(item)
                continue
            if self._limit_ns is not None and item.time_ns >= self._limit_ns:
                return
            if self._stop.is_set():
                self.record.stopped = STOPPED
                return
            self.record.frames_decoded_count += 1
            self._now_ns = item.time_ns
            self.record.duration_s = item.time_ns / NS_PER_S
            if self._resized or (item.width_px, item.height_px) != (self.record.width_px, self.record.height_px):
                item = self._in_first_size(item)
            if self._pace.is_due(item.time_ns):
                self._analyse(item)

    def _end(self) -> None:
        """No frame comes any more: the operator's wish, a file that is through, or a camera that is gone."""
        if self._stop.is_set():
            self.record.stopped = STOPPED
        elif self._source.is_live:
            self._lose("no picture came any more before the time was over")

    def _lose(self, reason: str) -> None:
        """The camera is gone for good: nothing is counted from here on."""
        self.record.stopped = reason
        when = self.record.start.plus_ns(self._now_ns) if self.record.start else None
        lost = Event("camera-failed", self.record.camera, self._now_ns, self._now_ns, when, trusted=False, lineage=self._lineage, details={"detail": reason})
        with self._timed("write"):
            self._vault.keep_events([lost])

    def _in_first_size(self, frame: RawFrame) -> RawFrame:
        """The frame as if it had the size the lines were drawn in: it is scaled on conversion. Another shape is told as not trusted."""
        width_px, height_px = self.record.width_px or frame.width_px, self.record.height_px or frame.height_px
        if self._resized:
            shape, first_shape = frame.width_px / frame.height_px, width_px / height_px
            trusted = abs(shape / first_shape - 1) < SAME_SHAPE_RATIO
            self._keep_notice(self._resized, trusted=trusted)
            if not trusted and len(self.record.doubts) < MOST_DOUBTS_COUNT:
                self.record.doubts.append(
                    f"{self._resized.detail}: another shape, so lines may lie elsewhere on the road since {frame.time_ns / NS_PER_S:.1f} s"
                )
            self._resized = None
        return replace(frame, width_px=width_px, height_px=height_px)

    def _analyse(self, frame: RawFrame) -> None:
        ledger = self._ready(frame)
        with self._timed("health"):
            self._tell_health(self._health.see(frame))
        with self._timed("judge"):
            phases = self._signals.see(frame)
        self._tell_signals(phases)
        seen = self._see(frame)
        if seen is None:
            self.record.frames_idle_count += 1
            self._keep(ledger)
            return
        with self._timed("track"):
            tracked = self._tracker.update(frame.time_ns, seen.heard)
            tracked = tracked.vetted(self._witness.vet(tracked))
            self.record.blind_looks_count += bool((tracked.sure & (tracked.kind == _UNKNOWN)).any())
            self._pace.learn(self._speedometer.fastest_sizes_per_s(tracked))
            users_px = tracked.box_px[tracked.sure]
            self._foreground.hold(users_px, frame.width_px, frame.height_px)
            self._health.know(users_px)
        self._uncounted.append(tracked)
        if self._pictures.shows_crossings or frame.time_ns - self._uncounted[0].time_ns >= COUNTED_TOGETHER_S * NS_PER_S:
            self._count_up()
        self._pictures.look(Look(frame, tracked, seen))
        self._evidence.look(frame.time_ns, tracked, (frame.width_px, frame.height_px))
        self._keep(ledger)
        self.record.frames_analysed_count += 1
        self._progress(self.record)

    def _see(self, frame: RawFrame) -> Seen | None:
        """The detector's boxes and what moves; None when nothing has moved for a while and it is not yet time to look again."""
        if isinstance(self._detector, MotionDetector):
            with self._timed("detect"):
                found = self._detector.detect(frame)
            return Seen(found, found, self._detector.mask)
        with self._timed("foreground"):
            mask = self._foreground.see(frame)
            awake = self._pace.is_awake(frame.time_ns, mask)
        if not awake:
            return None
        with self._timed("detect"):
            found = self._detector.detect(frame)
        with self._timed("foreground"):
            heard = self._witness.hear(frame, self._foreground.bodies, found)
        return Seen(found, heard, mask)

    def _count_up(self) -> None:
        """Count what waits to be."""
        if self._counter is None or self._ledger is None or not self._uncounted:
            return
        with self._timed("judge"):
            looks, self._uncounted = self._uncounted, []
            for tracked in looks:
                self._count(self._counter, self._ledger, tracked)

    def _count(self, counter: LineCounter, ledger: Ledger, tracked: Tracked) -> None:
        """Crossings of what was seen in this look; where a track coasts nobody knows where it is, so it crosses nothing."""
        point_px, size_px = contact_points_px(tracked.box_px), sizes_px(tracked.box_px)
        ledger.note(tracked, tracked.sure, point_px, self._grounded(tracked))
        if len(tracked.joined):
            self._crossed(ledger, counter.join(tracked.joined[:, 0], tracked.joined[:, 1]))
        seen = tracked.seen.nonzero()[0]
        self._crossed(ledger, counter.update(tracked.time_ns, tracked.track[seen], point_px[seen], size_px[seen], tracked.sure[seen]))
        if len(tracked.ended):
            self._crossed(ledger, counter.end(tracked.ended))

    def _grounded(self, tracked: Tracked) -> Grounded | None:
        """Where on the ground those are who were seen, if the camera is calibrated."""
        if self._grounding is None:
            return None
        seen = tracked.seen
        box_px = tracked.box_px if tracked.found_px is None else tracked.found_px  # what is measured is not smoothed first
        grounded = self._grounding.of(tracked.track[seen], box_px[seen], tracked.kind[seen])
        self._grounding.forget(tracked.ended)
        return grounded

    def _crossed(self, ledger: Ledger, crossings: Crossings) -> None:
        self.record.crossings_count += len(crossings)
        ledger.cross(crossings)
        self._pictures.crossed(crossings)

    def _keep(self, ledger: Ledger, is_over: bool = False) -> None:
        if is_over or ledger.is_due(self._now_ns):
            self._count_up()
        with self._timed("write"):
            settled = ledger.settle(self._now_ns, self.record.start, is_over)
            if settled is None:
                return
            self._vault.keep_points(settled.points)
            self._vault.keep_tracks(settled.tracks)
            if len(settled.crossings):
                self._vault.keep_crossings(settled.crossings)
        if self._judge is not None:
            with self._timed("judge"):
                events = self._judge.take(settled.points, self._judged_until_ns(ledger))
                events += self._judge.finish() if is_over else []
            self.record.tell_events(events)
            with self._timed("write"):
                self._vault.keep_events([*events, *self._judge.doubted()])
            with self._timed("evidence"):
                self._evidence.points(settled.points)
                self._evidence.violated(self._judge.violations(), self._now_ns, self._told)
        with self._timed("write"):
            if self._now_ns - self._flushed_ns > FLUSH_EVERY_S * NS_PER_S:
                self._flushed_ns = self._now_ns
                self._vault.flush()

    def _told(self) -> Told:
        """What evidence needs to know besides points."""
        size_px = (self.record.width_px, self.record.height_px)
        return Told(dict(self._judge.signals) if self._judge is not None else {}, self._certificate_for(size_px), self.record.start)

    def _judged_until_ns(self, ledger: Ledger) -> int:
        """Nothing earlier will change: neither a point nor what a signal showed, nor whether the camera could be believed."""
        until_ns = min(ledger.settled_until_ns(self._now_ns), self._now_ns - int(HINDSIGHT_S * NS_PER_S))
        signals_ns = self._signals.known_until_ns
        return until_ns if signals_ns is None else min(until_ns, signals_ns)

    def _ready(self, frame: RawFrame) -> Ledger:
        """The ledger, and what else is made once the first frame tells the picture's size."""
        if self._counter is None or self._ledger is None:
            self.record.width_px, self.record.height_px = frame.width_px, frame.height_px
            self.record.start = _whole_us(frame.when.plus_ns(-frame.time_ns)) if frame.when else None
            self._lines = self._lines_for(frame.width_px, frame.height_px)
            self._counter = LineCounter(self._lines)
            calibration = self._calibration_for(frame.width_px, frame.height_px)
            self._grounding = Grounding(calibration) if calibration is not None else None
            self._judge = self._judge_for(self.record, calibration)
            if self._judge is not None:
                self._judge.is_trusted = self._health.is_trusted
            if calibration is not None and not self.record.restarts_count:
                self._tell_health(self._coarse_in(calibration, (frame.width_px, frame.height_px)))
            names, life = [line.id for line in self._lines], self.record.restarts_count
            self._ledger = Ledger(self.record.camera, names, life=life, bodies=BodyFitter(calibration) if calibration is not None else None)
        return self._ledger

    def _tell(self, notice: SourceNotice) -> None:
        """A source's notice is an event, and after a gap nobody knows which vehicle is which: every track ends."""
        told = self.record.notices_count
        told[notice.kind] = told.get(notice.kind, 0) + 1
        if notice.kind == "resolution-change":
            self._resized = notice  # the next frame tells whether its shape is another one
            self._tell_health(self._health.begin_anew())
            return
        if notice.kind == "source-damaged":
            self.record.damaged_s += max(0, notice.end_time_ns - notice.time_ns) / NS_PER_S
            self._damage = masked(notice.detail)
        if notice.kind == "source-gap":
            self._end_tracks()
        self._keep_notice(notice, trusted=True)

    def _keep_notice(self, notice: SourceNotice, *, trusted: bool) -> None:
        when = self.record.start.plus_ns(notice.time_ns) if self.record.start else None
        span_ns = (notice.time_ns, max(notice.end_time_ns, notice.time_ns))
        details = {"detail": masked(notice.detail)}
        with self._timed("write"):
            self._vault.keep_events([Event(notice.kind, self.record.camera, *span_ns, when, trusted=trusted, lineage=self._lineage, details=details)])

    def _tell_health(self, told: Sequence[HealthFinding]) -> None:
        """What the camera says about itself are events; each finding is noted once."""
        if not told:
            return
        for finding in told:
            said = finding.detail.rstrip(".") + ("" if finding.place else f" (from {finding.time_ns / NS_PER_S:.1f} s)")
            if said not in self.record.notes and len(self.record.notes) < MOST_DOUBTS_COUNT:
                self.record.notes.append(said)
        self._vault.keep_events([finding.event(self.record.camera, self.record.start, self._lineage) for finding in told])

    def _tell_signals(self, phases: Sequence[Phase]) -> None:
        if phases:
            with self._timed("write"):
                self._vault.keep_events([phase.event(self.record.camera, self.record.start, self._lineage) for phase in phases])

    def _end_tracks(self) -> None:
        """No track goes on from here."""
        if self._counter is None or self._ledger is None:
            return
        self._count_up()
        with self._timed("judge"):
            tracked = self._tracker.close(self._now_ns)
            self._ledger.note(tracked, tracked.sure, contact_points_px(tracked.box_px))
            self._crossed(self._ledger, self._counter.finish())

    def _finish(self) -> None:
        """Settle everything that is still open."""
        if self._source.is_live:  # a camera is decoded in a thread of its own
            self.record.cpu_s["decode"] += getattr(self._source, "decode_cpu_s", 0.0)
        if self.record.damaged_s > max(MOST_DAMAGE_S, MOST_DAMAGE_RATIO * self.record.duration_s):
            self.record.doubts.append(f"{self.record.damaged_s:.1f} s of the source are damaged or missing, at last: {self._damage}")
        if self._ledger is None:
            return
        self._tell_health(self._health.close())
        self._tell_signals(self._signals.close())
        self._end_tracks()
        self._keep(self._ledger, is_over=True)
        self.record.road_users_count += self._ledger.road_users_count
        with self._timed("write"):
            self._vault.flush()

    def _timed(self, step: str) -> "_Timed":
        return _Timed(self.record.cpu_s, step)


class _Timed:
    """Adds the thread CPU time of a block to a step's seconds; a dozen times a look, so without a generator."""

    __slots__ = ("_begin_s", "_spent_s", "_step")

    def __init__(self, spent_s: dict[str, float], step: str) -> None:
        self._spent_s, self._step = spent_s, step

    def __enter__(self) -> None:
        self._begin_s = time.thread_time()

    def __exit__(self, *_: object) -> None:
        self._spent_s[self._step] += time.thread_time() - self._begin_s


def _whole_us(when: Stamp) -> Stamp:
    """A moment that any calendar can write down, so that a replay has the same."""
    return Stamp(when.utc_ns // 1000 * 1000, when.doubt_ms)


def contact_points_px(box_px: Floats) -> Floats:
    """Where a road user meets the ground in the picture: the middle of the box's lower edge, in sixteenths of a pixel, (m, 2)."""
    point_px = np.empty((len(box_px), 2), np.float32)
    point_px[:, 0], point_px[:, 1] = (box_px[:, 0] + box_px[:, 2]) / 2, box_px[:, 3]
    return np.asarray(np.rint(point_px * PX_STEPS_COUNT) / PX_STEPS_COUNT, np.float32)


def sizes_px(box_px: Floats) -> Floats:
    """Side of the square of the box's area, (m,)."""
    return np.asarray(np.sqrt(np.maximum((box_px[:, 2] - box_px[:, 0]) * (box_px[:, 3] - box_px[:, 1]), 1)), np.float32)
