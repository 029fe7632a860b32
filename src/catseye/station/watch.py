"""`watch`: wires a site's cameras to their lines, one process a core, and gathers what they counted."""

import hashlib
import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from threading import Event as Flag
from threading import Timer
from types import FrameType
from typing import Any

import catseye
from catseye.core.calibration import Calibration
from catseye.core.errors import CatseyeError, SiteError, StoreError
from catseye.core.event import Event
from catseye.core.secrets import masked
from catseye.core.sockets import Source
from catseye.core.time import NS_PER_S
from catseye.station import many_cameras
from catseye.station.begun import BegunSource
from catseye.station.calibrations import calibration_of, certified
from catseye.station.cameras import open_camera
from catseye.station.evidence.wiring import evidence_of, refuse_unknown_law, ring_of
from catseye.station.line import CameraLine, LineRecord
from catseye.station.line_judge import line_judge_of
from catseye.station.line_signals import line_signals_of
from catseye.station.outcome import RunOutcome
from catseye.station.pace import Pace, PaceSettings
from catseye.station.passings import write_passings
from catseye.station.pictures import lines_in_picture, pictures_for
from catseye.station.pixel_needs import coarse_places
from catseye.station.record import write_run
from catseye.station.resumed import ResumedSource
from catseye.station.site import Camera, Site, is_url, line_reach
from catseye.station.vaults import VAULT
from catseye.traffic.lines import Line
from catseye.vault.vault import Vault
from catseye.vision import models
from catseye.vision.detect.detector import open_detector

Progress = Callable[[LineRecord], None]
SILENCE_S = 15.0  # how much longer than asked for a live camera may keep a limited run waiting


@dataclass(frozen=True, slots=True)
class Order:
    """What to watch, in plain values that any process can take."""

    site: Site
    out: Path
    run: str
    limit_s: float | None
    wants_pictures: bool = True


@dataclass(slots=True)
class Stopper:
    """Ends running lines: at once those that wait for a camera, at the next frame the others."""

    flag: Flag = field(default_factory=Flag)
    _closers: list[Callable[[], None]] = field(default_factory=list)

    def on_stop(self, close: Callable[[], None]) -> None:
        """Call `close` when asked to stop; at once when that was before."""
        self._closers.append(close)
        if self.flag.is_set():
            close()

    def stop(self) -> None:
        """Idempotent; safe from any thread and from a signal handler."""
        self.flag.set()
        for close in self._closers:
            close()


def run_watch(
    site: Site,
    out: Path,
    *,
    camera: str | None,
    limit_s: float | None,
    progress: bool,
    wants_pictures: bool = True,
) -> RunOutcome:
    """Watch the site's cameras (or one), write every file of docs/reference/files.md into `out`. Errors of an only camera pass through."""
    begun = time.monotonic()
    cameras = [site.camera_named(camera)] if camera is not None else list(site.cameras)
    refuse_strange_folder(out)
    refuse_unknown_law(site)
    order = Order(site, out, run_name(site, cameras, out, limit_s), limit_s, wants_pictures)
    with ending_on_interrupt() as stopper, progress_bar(cameras, shown=progress) as tell:
        if len(cameras) == 1:
            records = [watch_camera(order, cameras[0], stopper, tell)]
        else:
            _vault_of(order).close()  # a disk that says no says it once, before any process starts
            records = many_cameras.watch_all(order, cameras, stopper, tell)
        _refuse_if_none_worked(records)
        with _vault_of(order) as vault:
            _agree(records, vault)
            vault.export(out)
            write_passings(out, site, records, vault)
            try:
                reports = _report(order, records, vault) if wants_pictures else []
            finally:  # a page that cannot be drawn costs no fact
                summary = write_run(out, order.run, site, records, time.monotonic() - begun)
    return _outcome(out, site, records, summary, reports)


def _vault_of(order: Order) -> Vault:
    return Vault.open(order.out / VAULT, order.run, database_url=order.site.database_url, keys=order.site.keys)


def watch_camera(order: Order, camera: Camera, stopper: Stopper, tell: Progress, earlier: LineRecord | None = None) -> LineRecord:
    """One camera from its source to the vault, in this thread; `earlier` is the life of a live camera whose process died. CatseyeError passes through."""
    ring = ring_of(order.site, camera)
    source: Source = open_camera(order.site, camera, ring)
    if earlier is not None:
        source = ResumedSource(source, earlier)
    stopper.on_stop(source.close)
    try:
        detector = open_detector(camera.detector)
        record = earlier or LineRecord(camera.id, detector=detector.name, start=camera.began)
        record.expected_s = _shorter(source.duration_s, order.limit_s)
        with _patience(source, order.limit_s):
            begun = BegunSource(source)
            if begun.first is not None:
                order.site.refuse_lines_outside(camera, begun.first.width_px, begun.first.height_px)
                order.site.refuse_signals_outside(camera, begun.first.width_px, begun.first.height_px)
            signals = line_signals_of(camera)
            with _vault_of(order) as vault:  # only now: what is refused leaves no folder
                return CameraLine(
                    begun,
                    detector,
                    vault,
                    partial(_lines, order.site, camera, record),
                    Pace(PaceSettings(most_fps=camera.analysed_fps)),
                    pictures_for(order.site, camera, detector, vault, order.out, wanted=order.wants_pictures),
                    limit_s=order.limit_s,
                    stop=stopper.flag,
                    progress=tell,
                    record=record,
                    lineage=masked(camera.source or ""),
                    calibration=partial(_calibration, order.site, camera),
                    judge=partial(line_judge_of, order.site, camera, seen=signals.signals),
                    signals=signals,
                    coarse=partial(coarse_places, camera),
                    evidence=evidence_of(order.site, camera, order.run, partial(_vault_of, order), ring, is_live=source.is_live),
                    certificate=cache(partial(certified, order.site, camera)),
                ).run()
    finally:
        source.close()


def failed(order: Order, camera: Camera, fault: CatseyeError, latest: LineRecord | None = None) -> LineRecord:
    """A camera that could not go on: an event, and a record (its `latest`, where it had begun) that says why; the others go on."""
    record = latest or LineRecord(camera.id, detector=camera.detector)
    record.stopped, record.failed = masked(str(fault)), not record.frames_decoded_count
    time_ns = int(record.duration_s * NS_PER_S)
    when = record.start.plus_ns(time_ns) if record.start else None
    with (
        suppress(StoreError),
        _vault_of(order) as vault,
    ):  # a disk that said no says it again; the record tells
        vault.keep_events(
            [Event("camera-failed", camera.id, time_ns, time_ns, when, trusted=False, lineage=masked(camera.source or ""), details={"detail": record.stopped})]
        )
    return record


def run_name(site: Site, cameras: Sequence[Camera], out: Path, limit_s: float | None) -> str:
    """What the vault calls this pass: with live cameras its moment; of files alone what was asked for, so that asked again it doubles nothing.

    A pass that was stopped early has counted its last road users otherwise than a whole one would: it keeps its name to itself.
    """
    sources = [camera.source or "" for camera in cameras]
    if any(is_url(source) or "${" in source for source in sources):
        return datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    networks = sorted({camera.detector for camera in cameras} & set(models.catalogue()))
    answering = [_code_mark(), *(models.model_named(name).sha256 for name in networks)]
    asked = [site.hash, limit_s, [camera.id for camera in cameras], [_file_mark(site.folder / Path(source).expanduser()) for source in sources], answering]
    name = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:24]
    before, is_partial = _last_run(out)
    again = re.fullmatch(rf"{name}(?:-(\d+))?", before)
    return name if not again else f"{name}-{int(again[1] or 0) + 1}" if is_partial else before


def _file_mark(path: Path) -> tuple[str, int, int]:
    """Tells one state of a file from another without reading it."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return str(path), 0, 0
    return str(path.absolute()), found.st_size, found.st_mtime_ns


def _code_mark() -> list[tuple[str, int, int]]:
    """Tells one state of this program from another: what was counted by other code may not be mixed with what this code counts."""
    return sorted(_file_mark(path) for path in Path(catseye.__file__).parent.rglob("*.py"))


def _last_run(out: Path) -> tuple[str, bool]:
    """Name of the run whose files stand in `out`, and whether it was partial."""
    try:
        said = json.loads((out / "run.json").read_text("utf-8"))
        return str(said["run"]), bool(said["partial"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", False


@contextmanager
def _patience(source: Source, limit_s: float | None) -> Iterator[None]:
    """A live camera that falls silent may not hold a limited run for ever: its source is closed a little after the limit."""
    if not source.is_live or limit_s is None:
        yield
        return
    timer = Timer(limit_s + SILENCE_S, source.close)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def refuse_strange_folder(out: Path) -> None:
    """SiteError when the output folder is a file."""
    if out.exists() and not out.is_dir():
        raise SiteError("--out", f"{out} is a file", "a folder, or a name that is free")


@contextmanager
def ending_on_interrupt() -> Iterator[Stopper]:
    """The first Ctrl-C (or a service manager's SIGTERM) ends the lines in good order, what was counted is kept; the second one stops at once."""
    stopper = Stopper()

    def first(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.default_int_handler)
        stopper.stop()

    try:
        before = {number: signal.signal(number, first) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread: whoever runs us there handles signals
        yield stopper
        return
    try:
        yield stopper
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def progress_bar(cameras: Sequence[Camera], *, shown: bool) -> Iterator[Progress]:
    """A bar a camera, with an estimate where the length is known."""
    if not shown:
        yield lambda record: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[said]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks = {camera.id: bars.add_task(camera.id, total=None, said="") for camera in cameras}

        def tell(record: LineRecord) -> None:
            said = f"{record.crossings_count} crossings"
            bars.update(tasks[record.camera], total=record.expected_s, completed=record.duration_s, said=said)

        yield tell


def _calibration(site: Site, camera: Camera, width_px: int, height_px: int) -> Calibration | None:
    """The camera's view of the ground; CalibrationError or SiteError, with file and line, when no measure may be built on it."""
    return calibration_of(site, camera, (width_px, height_px))


def _lines(site: Site, camera: Camera, record: LineRecord, width_px: int, height_px: int) -> list[Line]:
    """The lines to count over; what is odd about them goes into the record."""
    lines = lines_in_picture(site, camera, width_px, height_px)
    if not camera.lines:
        record.notes.append(
            f"no --line was given: counted over {lines[0].id}, level across the middle of the picture"
            if lines
            else "no line is drawn: road users are followed, and none is counted"
        )
    if lost := [line.id for line in camera.lines if line.id not in {each.id for each in lines}]:
        why = "a line in metres needs a calibrated camera" if camera.calibration is None else "it reaches behind the camera"
        record.doubts.append(f"not counted ({why}): {', '.join(lost)}")
    if partly := [line.id for line in camera.lines if line.px and line_reach(line.px, width_px, height_px) == "partly outside"]:
        record.notes.append(f"partly outside the picture of {width_px}×{height_px} pixels: {', '.join(partly)}")
    return lines


def _shorter(one_s: float | None, other_s: float | None) -> float | None:
    known = [length_s for length_s in (one_s, other_s) if length_s]
    return min(known) if known else None


def _agree(records: Sequence[LineRecord], vault: Vault) -> None:
    """The counts a record tells are those of the files: a process that died may have told more, or less, than it kept."""
    for record in records:
        record.crossings_count = sum(flow.crossings_count for flow in vault.flows(record.camera))


def _refuse_if_none_worked(records: Sequence[LineRecord]) -> None:
    if records and all(record.failed for record in records):
        first = records[0]
        raise SiteError(first.camera, first.stopped, "" if len(records) == 1 else f"at least one of {len(records)} cameras that works")


def _report(order: Order, records: Sequence[LineRecord], vault: Vault) -> list[str]:
    from catseye.station.report import write_report

    return [str(write_report(order.out, order.site, records, vault))]


def _outcome(out: Path, site: Site, records: Sequence[LineRecord], summary: Mapping[str, Any], reports: Sequence[str]) -> RunOutcome:
    text = [f"{record.camera}: {record.crossings_count} crossings, {record.road_users_count} road users, {record.duration_s:.1f} s" for record in records]
    for record in records:
        text += [f"{record.camera}: {said}" for said in (*filter(None, [record.stopped]), *record.doubts, *record.notes)]
        if record.notices_count:
            text.append(f"{record.camera}: the source tells of " + ", ".join(f"{count} × {kind}" for kind, count in sorted(record.notices_count.items())))
    for record in records:
        if record.events_count:
            text.append(f"{record.camera}: " + ", ".join(f"{count} × {kind}" for kind, count in sorted(record.events_count.items())))
        text += [f"{record.camera}: not judged: {name} ({why})" for name, why in record.rules_not_judged.items()]
    text += [f"written: {name}" for name in (*reports, str(out / "run.json"))]
    needs_a_look = any(record.stopped or record.doubts or record.rules_not_judged for record in records)
    return RunOutcome(1 if needs_a_look else 0, summary, text)


def cores_count() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
