"""A measurement as a package holds it: a car that ran a red light at 61 km/h, judged by the house's own rules; and a case of it."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.cases.package.scenes import small_contents

from catseye.cases.package.build import PackageContents
from catseye.core.time import Stamp
from catseye.station.judging import run_judge
from catseye.station.site import load_site

SITE = """[site]
id = "junction-7"
[[camera]]
id = "cam-1"
start = 2026-09-21T12:00:00+00:00
[camera.types]
car = { kind = "car", length_m = 4.5 }
[[camera.line]]
id = "stop"
m = [[50, -5], [50, 5]]
[[camera.signal]]
id = "lamp"
timeline = "phases.csv"
[[camera.rule]]
kind = "red-light"
line = "stop"
signal = "lamp"
direction = "forward"
[[camera.rule]]
kind = "speeding"
limit_kmh = 50
"""
PHASES = "time_s,state\n0,red\n20,green\n"
BEGAN = Stamp.from_datetime(datetime.fromisoformat("2026-09-21T12:00:00+00:00"))


def measure(folder: Path) -> Path:
    """The folder, with `measurement` as in a package, and `out` as `judge` wrote it."""
    place = folder / "measurement"
    place.mkdir()
    (place / "site.toml").write_text(SITE)
    (place / "phases.csv").write_text(PHASES)
    steps = [f'<timestep time="{n / 5:.2f}"><vehicle id="17" x="{n / 5 * 17:.3f}" y="0" angle="90" speed="17" type="car"/></timestep>' for n in range(40)]
    (folder / "fcd.xml").write_text(f"<fcd-export>{''.join(steps)}</fcd-export>")
    run_judge(load_site(place / "site.toml"), folder / "fcd.xml", folder / "out", camera=None, signals=None)
    (place / "points.parquet").write_bytes((folder / "out" / "points.parquet").read_bytes())
    return folder


def event_of(measured: Path, kind: str) -> dict[str, Any]:
    (line,) = [line for line in (measured / "out" / "events.jsonl").read_text("utf-8").splitlines() if json.loads(line)["kind"] == kind]
    said: dict[str, Any] = json.loads(line)
    return said


def contents_of(measured: Path, kind: str, **changed: object) -> PackageContents:
    event = {**event_of(measured, kind), **changed}
    when = Stamp.from_datetime(datetime.fromisoformat(event["time_utc"]))
    whole = small_contents()
    shift_ns = when.utc_ns - whole.case.when.utc_ns
    decisions = tuple(replace(decision, when=decision.when.plus_ns(shift_ns)) for decision in whole.review.decisions)
    submitted = whole.review.submitted
    assert submitted is not None
    assert whole.calibration is not None
    others = {path: content for path, content in whole.files.items() if path != "data/signal/signals.csv"}
    files = {f"data/{path.relative_to(measured)}": path for path in (measured / "measurement").iterdir()}
    return replace(
        whole,
        case=replace(whole.case, event=event["id"], when=when),
        review=replace(whole.review, decisions=decisions, submitted=submitted.plus_ns(shift_ns)),
        custody=tuple(replace(line, when=line.when.plus_ns(shift_ns)) for line in whole.custody),
        calibration=replace(whole.calibration, since=whole.calibration.since.plus_ns(shift_ns), until=whole.calibration.until.plus_ns(shift_ns)),
        files={
            **others,
            **files,
            "data/signal/phases.csv": PHASES.encode(),
            "data/measurement/event.json": json.dumps(event, ensure_ascii=False).encode() + b"\n",
        },
    )
