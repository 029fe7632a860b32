"""run.json: what ran, on what, how much it cost."""

import json
import os
import resource
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from catseye import __version__
from catseye.station.calibrations import calibration_of
from catseye.station.line import STEPS, LineRecord
from catseye.station.site import Site
from catseye.vault.files import whole_file
from catseye.vision import models

CALIBRATIONS = "calibrations.json"


def write_run(out: Path, run: str, site: Site, records: Sequence[LineRecord], wall_s: float) -> dict[str, Any]:
    """Write run.json whole and return it, and calibrations.json beside it where a camera is calibrated; StoreError when the disk says no."""
    said = run_of(run, site, records, wall_s)
    calibrations = calibrations_of(site, records)
    if calibrations:
        with whole_file(out / CALIBRATIONS, f"calibrations{os.getpid()}") as file:
            file.write(json.dumps(calibrations, ensure_ascii=False).encode() + b"\n")
    else:
        (out / CALIBRATIONS).unlink(missing_ok=True)
    with whole_file(out / "run.json", f"run{os.getpid()}") as file:
        file.write(json.dumps(said, indent=2, ensure_ascii=False).encode() + b"\n")
    return said


def calibrations_of(site: Site, records: Sequence[LineRecord]) -> dict[str, Any]:
    """The view of the ground each calibrated camera had, as `Calibration.from_json` reads it."""
    known = {}
    for record in records:
        size_px = (record.width_px, record.height_px) if record.width_px else None
        camera = next((camera for camera in site.cameras if camera.id == record.camera and camera.calibration is not None), None)
        calibration = None if camera is None or record.failed else calibration_of(site, camera, size_px)
        if calibration is not None:
            known[record.camera] = calibration.as_json()
    return known


def run_of(run: str, site: Site, records: Sequence[LineRecord], wall_s: float) -> dict[str, Any]:
    """The content of run.json: see docs/reference/files.md. `run` is the vault's name for it."""
    detectors = {record.detector for record in records} & set(models.catalogue())
    return {
        "version": __version__,
        "run": run,
        "site": site.id,
        "site_sha256": site.hash,
        "models_sha256": {name: models.model_named(name).sha256 for name in sorted(detectors)},
        "partial": any(record.stopped for record in records),
        "frames_decoded": sum(record.frames_decoded_count for record in records),
        "frames_analysed": sum(record.frames_analysed_count for record in records),
        "duration_s": round(sum(record.duration_s for record in records), 3),
        "wall_s": round(wall_s, 3),
        "cpu_s": {step: round(sum(record.cpu_s[step] for record in records), 4) for step in STEPS},
        "peak_rss_bytes": peak_rss_bytes(),
        "rules_not_judged": [f"{record.camera}/{name}" for record in records for name in record.rules_not_judged],
        "cameras": [_camera(record) for record in records],
    }


def _camera(record: LineRecord) -> dict[str, Any]:
    said = asdict(record)
    said["start"] = record.start.iso() if record.start else None
    said["cpu_s"] = {step: round(spent_s, 4) for step, spent_s in record.cpu_s.items()}
    return said


def peak_rss_bytes() -> int:
    """The most memory this process, or the largest of its children, ever held."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
