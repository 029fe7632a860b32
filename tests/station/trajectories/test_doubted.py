"""What a replay must not believe is what the run that wrote the points did not believe."""

import json
from pathlib import Path

import pytest

from catseye.core.errors import SourceError
from catseye.core.time import NS_PER_S
from catseye.station.trajectories.doubted import doubted_stretches_ns


def event(kind: str, begin_s: float, end_s: float, *, trusted: bool = False, camera: str = "cam") -> dict:
    return {"kind": kind, "camera": camera, "time_s": begin_s, "end_time_s": end_s, "trusted": trusted}


def a_run(folder: Path, *events: dict, rules: tuple[str, ...] = ("speeding",)) -> Path:
    (folder / "events.jsonl").write_text("".join(json.dumps(each) + "\n" for each in events))
    (folder / "run.json").write_text(json.dumps({"cameras": [{"camera": "cam", "rules_judged": list(rules)}]}))
    return folder


def seconds(folder: Path, camera: str = "cam") -> list[tuple[float, float]]:
    return [(round(begin / NS_PER_S, 2), round(end / NS_PER_S, 2)) for begin, end in doubted_stretches_ns(folder, camera)]


def test_a_run_with_rules_tells_what_it_judged_as_not_to_be_trusted(tmp_path: Path) -> None:
    """The camera went dark at 2 s; that was known when the points from 3 s on were judged."""
    assert seconds(a_run(tmp_path, event("picture-dark", 2, 9), event("not-trusted", 3, 9))) == [(3.0, 9.0)]
    assert seconds(a_run(tmp_path, event("picture-dark", 2, 9))) == []


def test_a_run_without_rules_leaves_what_the_camera_said_about_itself(tmp_path: Path) -> None:
    said = (event("picture-dark", 2, 9), event("lens-dirty", 0, 99, trusted=True), event("camera-failed", 5, 5), event("speeding", 4, 6))
    assert seconds(a_run(tmp_path, *said, rules=())) == [(2.0, 9.0)]


def test_another_cameras_doubt_is_not_this_ones(tmp_path: Path) -> None:
    assert seconds(a_run(tmp_path, event("not-trusted", 3, 9, camera="other"))) == []


def test_points_alone_are_taken_at_face_value(tmp_path: Path) -> None:
    assert doubted_stretches_ns(tmp_path, "cam") == ()


@pytest.mark.parametrize(
    "damage", ["{", "[]\n", '{"camera": "cam"}\n', '{"camera": "cam", "trusted": false, "kind": "not-trusted", "time_s": "x", "end_time_s": 1}\n']
)
def test_damaged_events_beside_the_points_are_told_in_one_line(tmp_path: Path, damage: str) -> None:
    (tmp_path / "events.jsonl").write_text(damage)
    with pytest.raises(SourceError, match="events beside the points that are not whole") as fault:
        doubted_stretches_ns(tmp_path, "cam")
    assert "\n" not in str(fault.value)
