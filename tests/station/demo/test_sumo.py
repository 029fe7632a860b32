"""SUMO's files: its own examples where they lie beside the checkout, and small ones of ours."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from catseye.core.errors import SiteError, SourceError
from catseye.core.road_user import RoadUser
from catseye.station.demo import CameraPose, Renderer, read_fcd, read_lanes, read_types

SHARED = (Path(__file__).parents[3] / ".." / "shared" / "traffic" / "sumo-junction").resolve()
TYPES = '<routes><vType id="car" vClass="passenger"/><vType id="lorry" vClass="truck" length="10" width="2.5" height="3.2"/></routes>'
FCD = """<fcd-export><timestep time="0.00"><vehicle id="b" x="10" y="0" angle="90" type="car" speed="1"/></timestep>
<timestep time="0.20"><vehicle id="a" x="0" y="30" angle="180" type="lorry" speed="9"/><vehicle id="b" x="12" y="0" angle="90" type="car" speed="1"/></timestep>
</fcd-export>"""
NET = """<net><edge id="e"><lane id="e_0" index="0" shape="0,0 50,0"/><lane id="e_1" index="1" width="4" shape="0,3.6 50,3.6"/></edge>
<edge id=":j" function="internal"><lane id=":j_0" index="0" shape="50,0 60,0"/></edge>
<junction id="j" type="priority" shape="50,-2 50,6 60,6 60,-2"/></net>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("routes.xml", TYPES), ("fcd.xml", FCD), ("net.xml", NET)):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_bumper_becomes_the_middle_of_the_body(folder: Path) -> None:
    rows, ids = read_fcd(folder / "fcd.xml", read_types(folder / "routes.xml"))
    assert ids == ("a", "b")
    assert rows.track.tolist() == [1, 2, 2]
    assert np.column_stack([rows.x_m, rows.y_m]) == pytest.approx(np.array([[0, 35], [7.5, 0], [9.5, 0]]))
    assert rows.kind.tolist() == [RoadUser.TRUCK.code, RoadUser.CAR.code, RoadUser.CAR.code]
    assert rows.length_m.tolist() == [10.0, 5.0, 5.0]
    assert rows.speed_kmh[1:] == pytest.approx([36.0, 36.0])


def test_a_packed_file_and_a_part_of_the_time_are_read_alike(folder: Path) -> None:
    (folder / "fcd.xml.gz").write_bytes(gzip.compress(FCD.encode()))
    types = read_types(folder / "routes.xml")
    assert len(read_fcd(folder / "fcd.xml.gz", types)[0]) == 3
    assert len(read_fcd(folder / "fcd.xml.gz", types, end_s=0.1)[0]) == 1
    assert len(read_fcd(folder / "fcd.xml.gz", types, begin_s=5.0)[0]) == 0


def test_lanes_become_polygons_of_their_width(folder: Path) -> None:
    plan = read_lanes(folder / "net.xml")
    assert [np.ptp(ring, axis=0).tolist() for ring in plan.lanes_m] == [pytest.approx([50.0, 3.2]), pytest.approx([50.0, 4.0])]
    assert len(plan.areas_m) == 1


def test_asphalt_is_where_the_lanes_are(folder: Path) -> None:
    plan = read_lanes(folder / "net.xml")
    pose = CameraPose.mounted(25, 60, at_m=(25.0, -12.0), size_px=(320, 240))
    rgb = plan.paint(pose, 7).astype(int)
    on, beside = (pose.ground_px(np.array([[25.0, y_m]])).astype(int)[0] for y_m in (0.0, -5.0))
    greenness = rgb[..., 1] - rgb[..., 0]
    assert abs(greenness[on[1], on[0]]) < 8
    assert greenness[beside[1], beside[0]] > 12


@pytest.mark.parametrize(
    "text", ["", "no xml", "<fcd-export><timestep time='x'>", "<fcd-export><timestep time='0'><vehicle id='a' x='?'/></timestep></fcd-export>"]
)
def test_what_is_no_fcd_is_a_source_error(folder: Path, text: str) -> None:
    (folder / "fcd.xml").write_text(text)
    with pytest.raises(SourceError, match=r"fcd\.xml"):
        read_fcd(folder / "fcd.xml", {})


def test_a_type_nobody_told_is_refused_by_name(folder: Path) -> None:
    with pytest.raises(SiteError, match="lorry"):
        read_fcd(folder / "fcd.xml", {"car": read_types(folder / "routes.xml")["car"]})


@pytest.mark.skipif(not SHARED.is_dir(), reason="SUMO's example lies beside the checkout")
def test_a_real_simulation_can_be_drawn() -> None:
    rows, ids = read_fcd(SHARED / "fcd.xml.gz", read_types(SHARED / "routes.rou.xml"), begin_s=60, end_s=64)
    assert len(ids) > 10
    pose = CameraPose.mounted(14, 24, at_m=(278.0, 222.0), pan_deg=-45, size_px=(320, 240))
    truth = Renderer(pose, rows, scenery=read_lanes(SHARED / "net.net.xml").scenery()).frame(62.0)[1]
    assert len(truth) >= 2
    assert truth.speed_kmh.max() < 120
