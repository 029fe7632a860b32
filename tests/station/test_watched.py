"""What a run's own files say of the stretches from which nothing is to be believed."""

import json
from pathlib import Path

import pytest

from catseye.core.errors import SourceError
from catseye.station.watched import spoiled_ns


def event(kind: str, *, trusted: bool, camera: str = "cam-1") -> dict[str, object]:
    return {"kind": kind, "camera": camera, "time_s": 1.5, "end_time_s": 4.0, "trusted": trusted}


def test_only_what_blinds_this_camera_spoils(tmp_path: Path) -> None:
    told = [
        event("picture-dark", trusted=False),
        event("picture-blurred", trusted=True),
        event("speeding", trusted=False),
        event("camera-moved", trusted=False, camera="cam-2"),
    ]
    (tmp_path / "events.jsonl").write_text("".join(json.dumps(each) + "\n" for each in told))
    assert spoiled_ns(tmp_path / "events.jsonl", "cam-1") == [(1_500_000_000, 4_000_000_000)]


def test_without_the_file_nothing_is_spoiled(tmp_path: Path) -> None:
    assert spoiled_ns(tmp_path / "events.jsonl", "cam-1") == []


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text("{")
    with pytest.raises(SourceError, match="events as `watch` writes them"):
        spoiled_ns(tmp_path / "events.jsonl", "cam-1")
