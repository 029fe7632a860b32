"""`catseye check`: is everything there that a run of this site would need?"""

import itertools
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from catseye.core.errors import CatseyeError, SourceError
from catseye.core.picture import RawFrame
from catseye.core.secrets import masked
from catseye.station.calibrations import calibration_of
from catseye.station.cameras import open_camera
from catseye.station.line import LineRecord
from catseye.station.line_judge import line_judge_of
from catseye.station.outcome import RunOutcome
from catseye.station.pixel_needs import coarse_places, metres_per_px
from catseye.station.site import Camera, Site, line_reach
from catseye.station.verbs.check_fleet import of_fleet
from catseye.station.verbs.finding import Finding
from catseye.station.verbs.tables import lines_of_table
from catseye.station.verbs.watch import site_of
from catseye.vision.health import NEEDS
from catseye.vision.models import MOTION, locate

PATIENCE_S = 20.0
PLATE_PX = NEEDS["plate"].least_px_per_m
_MARKS = {True: "✓", False: "✗", None: "–"}


def check(path: Path, *, camera: str | None) -> RunOutcome:
    """Open every source for one frame, look for every model, hold every line against the picture; try the doors of vehicle terminals."""
    site = site_of(str(path), camera=camera)
    chosen = site.cameras if camera is None else (site.camera_named(camera),)
    findings = [finding for each in chosen for finding in _of_camera(site, each)]
    if site.fleet is not None and camera is None:
        findings += of_fleet(site, site.fleet)
    wrong = [finding for finding in findings if finding.is_right is False]
    rows = [[_MARKS[finding.is_right], finding.camera, finding.what, finding.detail] for finding in findings]
    table = lines_of_table(["", "camera", "what", "detail"], rows, is_terminal=sys.stdout.isatty())
    verdict = f"{site.name}: {len(chosen)} {'camera' if len(chosen) == 1 else 'cameras'}, {len(wrong)} to look at" if wrong else f"{site.name}: all fine"
    summary = {"site": site.id, "site_hash": site.hash, "ok": not wrong, "findings": [asdict(finding) for finding in findings]}
    return RunOutcome(1 if wrong else 0, summary, [*table, verdict])


def _of_camera(site: Site, camera: Camera) -> Iterator[Finding]:
    yield _detector(camera)
    try:
        frame = first_frame(site, camera)
    except CatseyeError as fault:
        yield Finding(camera.id, "source", False, masked(str(fault)))
    else:
        yield Finding(camera.id, "source", True, f"{frame.width_px}×{frame.height_px} pixels")
        yield from _lines(camera, frame.width_px, frame.height_px)
        yield from _signals(camera, frame.width_px, frame.height_px)
        yield from _pixels(site, camera, (frame.width_px, frame.height_px))
    yield from _rules(site, camera)


def _pixels(site: Site, camera: Camera, size_px: tuple[int, int]) -> Iterator[Finding]:
    """Whether the picture has pixels enough at each line and zone for what is asked there."""
    try:
        calibration = calibration_of(site, camera, size_px)
    except CatseyeError:  # the rules tell of it
        return
    if calibration is None:
        return
    coarse = coarse_places(camera, calibration, size_px)
    yield from (Finding(camera.id, f"pixels at {finding.place}", False, finding.detail) for finding in coarse)
    for place, scale_m in metres_per_px(camera, calibration, size_px).items():
        if place not in {finding.place for finding in coarse}:
            yield Finding(camera.id, f"pixels at {place}", True, f"{1 / scale_m:.3g} px a metre where it is farthest; a plate would need {PLATE_PX:g}")


def _rules(site: Site, camera: Camera) -> Iterator[Finding]:
    record = LineRecord(camera.id)
    try:
        line_judge_of(site, camera, record, calibration_of(site, camera))
    except CatseyeError as fault:
        yield Finding(camera.id, "rules", False, masked(str(fault)))
        return
    for rule in camera.rules:
        why = record.rules_not_judged.get(rule.name)
        yield Finding(camera.id, f"rule {rule.name}", None if why else True, f"not judged: {why}" if why else "can be judged")


def first_frame(site: Site, camera: Camera) -> RawFrame:
    """The first picture of a camera; SourceError when none comes within `PATIENCE_S`."""
    source = open_camera(site, camera)
    patience = threading.Timer(PATIENCE_S, source.close)
    patience.start()
    try:
        return next(each for each in itertools.chain(source) if isinstance(each, RawFrame))
    except StopIteration:
        raise SourceError(camera.source or camera.id, "no picture", f"one within {PATIENCE_S:g} s") from None
    finally:
        patience.cancel()
        source.close()


def _detector(camera: Camera) -> Finding:
    what = f"detector {camera.detector}"
    if camera.detector == MOTION:
        return Finding(camera.id, what, True, "needs no weights")
    try:
        paths = locate(camera.detector)
    except CatseyeError as fault:
        return Finding(camera.id, what, False, str(fault))
    return Finding(camera.id, what, True, ", ".join(path.name for path in paths))


def _lines(camera: Camera, width_px: int, height_px: int) -> Iterator[Finding]:
    for line in camera.lines:
        what = f"line {line.id}"
        if line.px is None:
            detail = "in metres, not held against the picture" if camera.calibration else "in metres, and the camera has no [camera.calibration]"
            yield Finding(camera.id, what, None if camera.calibration else False, detail)
        else:
            reach = line_reach(line.px, width_px, height_px)
            yield Finding(camera.id, what, reach == "inside", f"{reach} the picture")


def _signals(camera: Camera, width_px: int, height_px: int) -> Iterator[Finding]:
    for signal in camera.signals:
        if box := signal.head_px or signal.lamp_px:
            inside = box[0] >= 0 <= box[1] and box[2] <= width_px and box[3] <= height_px
            yield Finding(camera.id, f"signal {signal.id}", inside, f"{'inside' if inside else 'not inside'} the picture")
