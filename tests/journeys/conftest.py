"""One command line in a folder of its own, and everything it left."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from catseye.station import cli


class Said:
    """What one command line left: its code, its words, its files."""

    def __init__(self, code: int, out: str, err: str, folder: Path) -> None:
        self.code, self.out, self.err = code, out, err
        self.folder = folder

    def crossings(self) -> list[dict[str, str]]:
        with (self.folder / "crossings.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    def events(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in (self.folder / "events.jsonl").read_text().splitlines()]

    def run(self) -> dict[str, object]:
        said: dict[str, object] = json.loads((self.folder / "run.json").read_text())
        return said


def refused(said: Said) -> str:
    """The one line, less its name; nothing may be written for it."""
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("catseye: ")
    assert said.err.count("\n") == 1
    assert not said.folder.exists(), "what is refused leaves no folder"
    return said.err.removeprefix("catseye: ").rstrip("\n")


@pytest.fixture
def catseye(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run one command line in this process; results are looked for in `out`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CATSEYE_DEBUG", raising=False)

    def run(*words: str) -> Said:
        code = cli.run(list(words))
        told = capfd.readouterr()
        return Said(code, told.out, told.err, Path("out"))

    return run
