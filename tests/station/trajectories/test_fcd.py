"""SUMO FCD: what is read, and what is refused in one line."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.core.errors import CatseyeError, SourceError
from catseye.core.road_user import RoadUser
from catseye.station.site_tables import ImportedType
from catseye.station.trajectories.fcd import read_fcd


def fcd(*rows: str) -> str:
    return "<fcd-export>" + "".join(rows) + "</fcd-export>"


def step(time_s: str, *vehicles: str) -> str:
    return f'<timestep time="{time_s}">' + "".join(f"<vehicle {said}/>" for said in vehicles) + "</timestep>"


def car(name: str = "a", x: str = "10", y: str = "20", angle: str = "90", speed: str = "10", kind: str = "car") -> str:
    return f'id="{name}" x="{x}" y="{y}" angle="{angle}" type="{kind}" speed="{speed}"'


def test_the_front_bumper_is_moved_back_to_the_centre(tmp_path: Path) -> None:
    path = tmp_path / "fcd.xml"
    path.write_text(fcd(step("0.2", car(), car("b", angle="0", kind="moto")), step("0.4", car("b", kind="moto"))))
    read = read_fcd(path, {"moto": ImportedType(kind="motorcyclist", length_m=2.2)})
    assert read.names == ("a", "b")
    assert read.time_ns.tolist() == [200_000_000, 200_000_000, 400_000_000]
    assert read.place_m is not None and read.speed_kmh is not None
    np.testing.assert_allclose(read.place_m[:2], [[7.5, 20.0], [10.0, 18.9]])
    assert read.kind.tolist() == [RoadUser.CAR.code, RoadUser.MOTORCYCLIST.code, RoadUser.MOTORCYCLIST.code]
    assert read.speed_kmh.tolist() == [36.0] * 3


def test_a_gzipped_file_and_people_on_foot_are_read(tmp_path: Path) -> None:
    path = tmp_path / "fcd.xml.gz"
    path.write_bytes(gzip.compress(fcd('<timestep time="0"><person id="p" x="1" y="2" angle="0" speed="1"/></timestep>').encode()))
    assert read_fcd(path, {}).kind.tolist() == [RoadUser.PEDESTRIAN.code]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (fcd(step("1", car(x="nan"))), "a at 1 s: x 'nan'; wanted a finite number"),
        (fcd(step("1", car(speed="inf"))), "a at 1 s: speed 'inf'; wanted a finite number"),
        (fcd(step("1", 'id="a" x="1" y="1" angle="0"')), "a at 1 s: no speed; wanted a finite number"),
        (fcd(step("1", car(x="99999999"))), "a at 1.000 s: place 1e+08, 20; wanted finite numbers within 1e+07 m"),
        (fcd(step("2", car()), step("1", car())), "time runs backwards, from 2.000 s to 1.000 s; wanted moments in ascending order"),
        (fcd(step("1", car(), car())), "a twice at 1.000 s; wanted each road user once a moment"),
        (fcd(step("x", car())), "timestep: time 'x'; wanted a finite number"),
        (fcd(step("1", car(kind="tank"))), "vehicle type 'tank'; wanted a line in [camera.types]: tank = { kind = \"car\", length_m = 5.0 }"),
        ("<fcd-export><timestep", "no XML at line 1 (unclosed token); wanted SUMO FCD, or points.parquet"),
        ("<net/>", "no <fcd-export> in it; wanted SUMO FCD, or points.parquet"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><fcd-export/>', "a document type declaration; wanted plain SUMO FCD"),
    ],
)
def test_what_cannot_be_believed_is_refused_in_one_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "fcd.xml"
    path.write_text(text)
    with pytest.raises(SourceError) as fault:
        read_fcd(path, {})
    assert str(fault.value) == f"{path}: {told}"


def test_a_truncated_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fcd.xml.gz"
    path.write_bytes(gzip.compress(fcd(step("1", car())).encode())[:-9])
    with pytest.raises(SourceError, match="cannot be read"):
        read_fcd(path, {})


@given(noise=st.binary(max_size=300))
def test_any_bytes_are_trajectories_or_a_typed_error(tmp_path_factory: pytest.TempPathFactory, noise: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "fcd.xml"
    for content in (noise, b"<fcd-export>" + noise, b"\x1f\x8b" + noise):
        path.write_bytes(content)
        try:
            read_fcd(path, {})
        except CatseyeError as fault:
            assert "\n" not in str(fault)
