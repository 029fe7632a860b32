"""`catseye models`: the networks we know, whether they are here, and whether they work."""

import sys
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager

from catseye.core.errors import CatseyeError, ModelError
from catseye.station.outcome import RunOutcome
from catseye.station.verbs.tables import lines_of_table
from catseye.vision import models

ADDERS = frozenset({"yunet", "plate"})  # families of models that add regions to redact


def list_models() -> RunOutcome:
    """Every model of the manifest: what it is for, its licence, whether it is on this machine."""
    known = models.catalogue()
    rows = [
        {
            "name": model.name,
            "finds": "road users" if model.classes else "regions to redact" if model.family in ADDERS else "text on plates of violators",
            "is_here": models.is_here(model.name),
            "is_default": model.name == models.DEFAULT,
            "runtime": model.runtime,
            "input_px": model.input_px,
            "licence": model.licence,
            "origin": model.origin,
            "sha256": model.sha256,
            "note": model.note,
        }
        for model in known.values()
    ]
    headers = ["name", "here", "finds", "licence", "note"]
    cells = [[str(row["name"]), "yes" if row["is_here"] else "no", str(row["finds"]), str(row["licence"]), str(row["note"])] for row in rows]
    table = lines_of_table(
        headers, [*cells, [models.MOTION, "yes", "road users", "–", "Moving foreground; needs no weights."]], is_terminal=sys.stdout.isatty()
    )
    return RunOutcome(0, {"models": rows, "folders": [str(folder) for folder in models.folders()]}, table)


def pull_models(names: Sequence[str], *, progress: bool) -> RunOutcome:
    """Fetch what is missing; a file that is here with the right hash is left alone."""
    fetched = {}
    for name in _chosen(names):
        with _bar(name, progress) as tell:
            fetched[name] = [str(path) for path in models.pull(name, tell)]
    return RunOutcome(0, {"models": fetched}, [f"{name}: {', '.join(paths)}" for name, paths in fetched.items()])


def test_models(names: Sequence[str]) -> RunOutcome:
    """Hash and self-test of each; without names, of all that are here. Exit 1 when one fails."""
    chosen = _chosen(names) if names else [name for name in models.catalogue() if models.is_here(name)]
    if not chosen:
        raise ModelError("models test", "no model is on this machine", "`catseye models pull` first")
    faults = {name: _fault_of(name) for name in chosen}
    summary = {"models": [{"name": name, "ok": fault is None, "fault": fault} for name, fault in faults.items()]}
    lines = [f"✗ {fault}" if fault else f"✓ {name}: hash and self-test are right" for name, fault in faults.items()]
    return RunOutcome(1 if any(faults.values()) else 0, summary, lines)


def _chosen(names: Sequence[str]) -> list[str]:
    """The names, each known; without any, the default and what adds regions to redact. What reads plates comes only to those who name it."""
    return [models.model_named(name).name for name in names] if names else [models.DEFAULT, *_named(ADDERS)]


def _named(families: Set[str]) -> list[str]:
    return [model.name for model in models.catalogue().values() if model.family in families]


def _fault_of(name: str) -> str | None:
    try:
        _open(name)
    except CatseyeError as fault:
        return str(fault)
    return None


def _open(name: str) -> None:
    """Load it: every loader checks the hash and runs the self-test."""
    from catseye.vision import plates, region_adders
    from catseye.vision.detect.network import open_network

    if models.model_named(name).classes:
        open_network(name)
    elif name == region_adders.FACES:
        region_adders.FaceAdder(models.locate(name)[0])
    elif name == region_adders.PLATES:
        region_adders.PlateAdder(models.locate(name)[0])
    else:
        plates.prove()


@contextmanager
def _bar(name: str, progress: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on stderr, told by (bytes so far, bytes in all or 0)."""
    if not progress:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as bars:
        task = bars.add_task(name, total=None)
        yield lambda so_far, whole: bars.update(task, completed=so_far, total=whole or None)
