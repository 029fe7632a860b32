"""`demo`: a junction with known truth, rendered, encoded, played through the whole system, and what was counted held against what was true; and a coach."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from catseye.core.errors import ModelError
from catseye.station.demo import DemoScene, render_demo
from catseye.station.demo_case import demo_keys, run_case
from catseye.station.demo_vehicle import run_vehicle
from catseye.station.outcome import RunOutcome
from catseye.station.site import load_site
from catseye.station.verbs.tables import lines_of_table
from catseye.station.watch import refuse_strange_folder, run_watch
from catseye.vision import models

CAMERA = "junction"
REFERENCE_POINTS_COUNT = 10
TIMEZONE = "Europe/Madrid"
MOST_OFF_RATIO = 0.1
KINDS_NOTE = "(the network was trained on photographs: it often takes our drawn two-wheelers for people or cars)"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One line and direction: how many crossed it, how many were counted."""

    line: str
    direction: str
    true_count: int
    counted_count: int

    @property
    def holds(self) -> bool:
        """Within one, or within 10 %."""
        return abs(self.true_count - self.counted_count) <= max(1.0, MOST_OFF_RATIO * self.true_count)


def run_demo(out: Path, *, open_report: bool, seconds_s: float, progress: bool) -> RunOutcome:
    """Render into `out`, watch it, compare; exit 1 when a count is further off than a person's would be."""
    refuse_strange_folder(out)
    with rendering_bar(shown=progress) as tell:
        scene = render_demo(out / "scene", seconds_s, progress=tell)
    detector, why = _detector()
    site_file = out / "demo.toml"
    keys = demo_keys(out)
    site_file.write_text(_site_text(scene, detector, keys.recipient), "utf-8")
    watched = run_watch(load_site(site_file), out, camera=None, limit_s=None, progress=progress)
    case = run_case(out, keys)
    vehicle = run_vehicle(out)
    rows = _compare(scene, out / "crossings.csv")
    kinds = _kinds(scene, out / "crossings.csv")
    report = out / "report.html"
    if open_report:
        import webbrowser

        webbrowser.open(report.resolve().as_uri())
    holds = all(row.holds for row in rows)
    told_kinds = [] if detector == models.MOTION else ["", *_kind_table(kinds), KINDS_NOTE]
    text = [why, "", *_table(rows), *told_kinds, "", *watched.lines_of_text, "", *case.lines_of_text, "", *vehicle.lines_of_text, "", f"open: {report}"]
    summary = {
        "detector": detector,
        "holds": holds,
        "lines": [{"line": row.line, "direction": row.direction, "true": row.true_count, "counted": row.counted_count} for row in rows],
        "kinds": kinds,
        "case": dict(case.summary),
        "vehicle": dict(vehicle.summary),
        "run": dict(watched.summary),
    }
    return RunOutcome(max(watched.exit_code, case.exit_code, vehicle.exit_code, 0 if holds else 1), summary, text)


@contextmanager
def rendering_bar(*, shown: bool) -> Iterator[Callable[[float], None] | None]:
    """Progress of the drawing, with an estimate."""
    if not shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task("drawing the scene", total=1.0)
        yield lambda share: bars.update(task, completed=share)


def _detector() -> tuple[str, str]:
    """The default network where its weights are here or can be fetched, else motion, and a sentence that says which and why."""
    try:
        if not models.is_here(models.DEFAULT):
            models.pull(models.DEFAULT)
        models.locate(models.DEFAULT)
    except ModelError:
        return models.MOTION, f"detector: motion (the weights of {models.DEFAULT} are not here and could not be fetched; motion counts, but knows no kinds)"
    return models.DEFAULT, f"detector: {models.DEFAULT}"


def _site_text(scene: DemoScene, detector: str, recipient: str) -> str:
    """The site as a traffic engineer would write it: reference points, a line an arm, what its lamps showed, and that nobody may pass them at red.

    It happened yesterday at eight: a case has its terms.
    """
    today = datetime.now(ZoneInfo(TIMEZONE)).replace(hour=8, minute=0, second=0, microsecond=0)
    began = today - timedelta(days=1)
    head = f'[site]\nid = "demo"\ntimezone = "{TIMEZONE}"\n\n[[camera]]\nid = "{CAMERA}"\nsource = "scene/{scene.video.name}"\nstart = {began.isoformat()}\n'
    seen_px, ground_m = scene.site.camera.reference_points(REFERENCE_POINTS_COUNT)
    points = "".join(
        f"    {{ px = [{x_px:.1f}, {y_px:.1f}], m = [{x_m:.2f}, {y_m:.2f}] }},\n"
        for (x_px, y_px), (x_m, y_m) in zip(seen_px.tolist(), ground_m.tolist(), strict=True)
    )
    parts = [f'detector = "{detector}"\n\n[camera.calibration]\ndate = {began.date() - timedelta(days=3)}\npoints = [\n{points}]\n']
    for line in scene.lines:
        ends = f"[[{line.begin_px[0]}, {line.begin_px[1]}], [{line.end_px[0]}, {line.end_px[1]}]]"
        parts.append(f'[[camera.line]]\nid = "{line.id}"\npx = {ends}\n')
        parts.append(f'[[camera.signal]]\nid = "{line.id}-lamp"\ntimeline = "scene/{scene.phases[line.id].name}"\n')
        parts.append(f'[[camera.rule]]\nkind = "red-light"\nid = "red-light-{line.id}"\nline = "{line.id}"\nsignal = "{line.id}-lamp"\n')
    parts.append(f'[evidence]\nrecipients = ["{recipient}"]\nplace = "the demo junction"\njurisdiction = "example"\n')
    return f"# Written by `catseye demo`.\n{head}" + "\n".join(parts)


def _compare(scene: DemoScene, crossings: Path) -> list[Comparison]:
    true = Counter((crossing.line, crossing.direction) for crossing in scene.crossings)
    with crossings.open(newline="", encoding="utf-8") as file:
        counted = Counter((row["line"], row["direction"]) for row in csv.DictReader(file))
    return [Comparison(line.id, way, true[line.id, way], counted[line.id, way]) for line in scene.lines for way in ("forward", "backward")]


def _kinds(scene: DemoScene, crossings: Path) -> dict[str, dict[str, int]]:
    true = Counter(crossing.kind for crossing in scene.crossings)
    with crossings.open(newline="", encoding="utf-8") as file:
        counted = Counter(row["kind"] for row in csv.DictReader(file))
    return {kind: {"true": true[kind], "counted": counted[kind]} for kind in sorted({*true, *counted})}


def _table(rows: list[Comparison]) -> list[str]:
    told = [[row.line, row.direction, str(row.true_count), str(row.counted_count), "✓" if row.true_count == row.counted_count else _off(row)] for row in rows]
    told.append(["all", "", str(sum(row.true_count for row in rows)), str(sum(row.counted_count for row in rows)), ""])
    return lines_of_table(["line", "direction", "true", "counted", ""], told, is_terminal=False)


def _off(row: Comparison) -> str:
    return f"{row.counted_count - row.true_count:+d}"


def _kind_table(kinds: Mapping[str, Mapping[str, int]]) -> list[str]:
    return lines_of_table(["kind", "true", "counted"], [[kind, str(row["true"]), str(row["counted"])] for kind, row in kinds.items()], is_terminal=False)
