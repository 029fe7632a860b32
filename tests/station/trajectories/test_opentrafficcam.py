"""OpenTrafficCam's tracks and sections."""

import bz2
import json
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import skip_or_fail

from catseye.core.errors import CatseyeError, SourceError
from catseye.core.road_user import ROAD_USERS
from catseye.station.site import load_site
from catseye.station.trajectories.opentrafficcam import lines_of_otflow, read_ottrk

FILES = Path(__file__).parents[4] / "shared" / "traffic" / "opentrafficcam"


def ottrk(path: Path, *detections: dict, version: str = "1.2") -> Path:
    path.write_bytes(bz2.compress(json.dumps({"metadata": {"otdet_version": version}, "data": {"detections": list(detections)}}).encode()))
    return path


def box(**changed: object) -> dict:
    return {"class": "car", "x": 10.0, "y": 20.0, "w": 40.0, "h": 30.0, "occurrence": 100.5, "track-id": 7} | changed


def test_a_box_by_its_corner_and_a_box_by_its_centre_stand_on_the_same_ground(tmp_path: Path) -> None:
    corner = read_ottrk(ottrk(tmp_path / "a.ottrk", box()), {})
    centre = read_ottrk(ottrk(tmp_path / "b.ottrk", box(x=30.0, y=35.0), version="1.0"), {})
    assert corner.px is not None and centre.px is not None
    assert corner.px.tolist() == centre.px.tolist() == [[30.0, 50.0]]


def test_real_tracks_are_read_with_their_times_and_kinds() -> None:
    if not FILES.is_dir():
        skip_or_fail("no ../shared/traffic")
    read = read_ottrk(next(FILES.glob("Testvideo_Cars-Cyclist*.ottrk")), {})
    assert len(read) == 309
    assert read.time_ns[0] == 0
    steps_ns = np.diff(np.unique(read.time_ns))
    np.testing.assert_allclose(steps_ns / 1e6, 50, atol=0.01)
    assert {ROAD_USERS[code].value for code in read.kind.tolist()} == {"pedestrian", "car", "cyclist", "truck"}


def test_sections_of_several_pieces_become_lines_of_one_piece_each() -> None:
    if not FILES.is_dir():
        skip_or_fail("no ../shared/traffic")
    lines = lines_of_otflow(next(FILES.glob("*.otflow")), "site.toml:7")
    assert [line["id"] for line in lines[:4]] == ["Süd-1", "Süd-2", "Süd-3", "West-1"]
    assert lines[0]["px"] == ((43.0, 184.0), (137.0, 200.0))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"BZh9 no archive", "cannot be read"),
        (b"{}", "no data.detections in it; wanted an .ottrk file of OTVision"),
        (bz2.compress(b'{"data": {"detections": [{"class": "car"}]}}'), "detection 0 lacks one of class, x, y, w, h, occurrence, track-id"),
        (bz2.compress(json.dumps({"data": {"detections": [box(x=float("nan"))]}}).encode()), "detection 0 of track 7: a number that is none"),
    ],
)
def test_what_is_no_track_file_is_refused_in_one_line(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "x.ottrk"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=told):
        read_ottrk(path, {})


def test_a_road_user_twice_in_one_moment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"7 twice at 0.000 s"):
        read_ottrk(ottrk(tmp_path / "a.ottrk", box(), box(x=11.0)), {})


@pytest.mark.parametrize("content", ["", "[]", '{"sections": 3}', '{"sections": [{"type": "line", "name": "a", "coordinates": [{"x": "q"}]}]}'])
def test_sections_that_are_none_are_told_with_the_key(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.otflow"
    path.write_text(content)
    with pytest.raises(CatseyeError, match=r"^site.toml:7: x.otflow"):
        lines_of_otflow(path, "site.toml:7")


def test_a_site_takes_its_lines_from_sections_and_rules_may_name_them(tmp_path: Path) -> None:
    (tmp_path / "x.otflow").write_text('{"sections": [{"type": "line", "name": "Nord", "coordinates": [{"x": 1, "y": 2}, {"x": 50, "y": 60}]}]}')
    text = '[site]\nid = "s"\n[[camera]]\nid = "c"\nsections = "x.otflow"\n[[camera.rule]]\nkind = "solid-line"\nline = "Nord"\n'
    (tmp_path / "s.toml").write_text(text)
    assert load_site(tmp_path / "s.toml").cameras[0].line_ids == ("Nord",)
    (tmp_path / "s.toml").write_text(text.replace("x.otflow", "y.otflow"))
    with pytest.raises(CatseyeError, match=r"s.toml:5: y.otflow: .*no such file"):
        load_site(tmp_path / "s.toml")
