"""`catseye judge`: rules over trajectories without video."""

from pathlib import Path

from catseye.station.judging import run_judge
from catseye.station.outcome import RunOutcome
from catseye.station.site import load_site


def judge(tracks: Path, site: Path, out: Path, *, camera: str | None, signals: Path | None, progress: bool) -> RunOutcome:
    """Judge what a file of trajectories holds; a bar with an estimate on long work."""
    loaded = load_site(site)
    if not progress:
        return run_judge(loaded, tracks, out, camera=camera, signals=signals)
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task("reading", total=None)

        def tell(done_s: float, total_s: float) -> None:
            bars.update(task, description="judging", completed=done_s, total=total_s)

        return run_judge(loaded, tracks, out, camera=camera, signals=signals, progress=tell)
