"""passings.csv tells lengths, headways and gaps as the trajectories have them; the same from a replay."""

import csv
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from catseye.core.road_user import RoadUser
from catseye.core.time import NS_PER_S
from catseye.station.judging import run_judge
from catseye.station.line import LineRecord
from catseye.station.passings import HEADER, write_passings
from catseye.station.site import load_site
from catseye.traffic.sizes import length_sigmas_m
from catseye.vault.batches import CrossingBatch, PointBatch
from catseye.vault.vault import Vault

SITE = """
[site]
id = "road"

[[camera]]
id = "cam"

[camera.types]
car = { kind = "car", length_m = 5.0 }
truck = { kind = "truck", length_m = 10.0 }

[[camera.line]]
id = "line"
m = [[0, -6], [0, 6]]
"""
SPEED_MS = 10.0
TAGS = {"pedestrian": "person"}


def fcd(path: Path, users: list[tuple[str, str, float, float]]) -> Path:
    """Road users (name, type, second at which the front is over the line, y) that drive east at 36 km/h."""
    steps = []
    for time_s in np.arange(0, 20.01, 0.2).round(2).tolist():
        rows = "".join(
            f'<{TAGS.get(kind, "vehicle")} id="{name}" x="{SPEED_MS * (time_s - at_s):.2f}" y="{y}" angle="90" type="{kind}" speed="{SPEED_MS}"/>'
            for name, kind, at_s, y in users
        )
        steps.append(f'<timestep time="{time_s}">{rows}</timestep>')
    path.write_text(f"<fcd-export>{''.join(steps)}</fcd-export>")
    return path


def passings(tmp_path: Path, tracks: Path, out: str = "out") -> dict[str, dict[str, str]]:
    (tmp_path / "site.toml").write_text(SITE)
    run_judge(load_site(tmp_path / "site.toml"), tracks, tmp_path / out, camera=None, signals=None)
    with (tmp_path / out / "passings.csv").open(newline="") as file:
        read = csv.DictReader(file)
        rows = {row["track"]: row for row in read}
        assert read.fieldnames == list(HEADER)
    return rows


def test_headway_is_front_to_front_and_the_gap_leaves_out_the_leaders_length(tmp_path: Path) -> None:
    rows = passings(tmp_path, fcd(tmp_path / "fcd.xml", [("a", "truck", 5.0, 0.0), ("b", "car", 7.5, 0.4)]))
    assert rows["a"]["leader"] == rows["a"]["headway_s"] == ""
    assert rows["b"]["leader"] == "a"
    assert float(rows["b"]["headway_s"]) == pytest.approx(2.5, abs=0.01)
    assert float(rows["b"]["gap_s"]) == pytest.approx(1.5, abs=0.01), "ten metres of truck at ten metres a second"
    assert (rows["a"]["length_m"], rows["b"]["length_m"]) == ("10.00", "5.00")
    assert float(rows["b"]["across_m"]) == pytest.approx(6.4, abs=0.01)


def test_who_drives_in_another_lane_is_not_followed(tmp_path: Path) -> None:
    rows = passings(tmp_path, fcd(tmp_path / "fcd.xml", [("a", "car", 5.0, 0.0), ("b", "car", 6.0, 3.5), ("c", "car", 8.0, 0.0)]))
    assert (rows["b"]["leader"], rows["c"]["leader"]) == ("", "a")
    assert float(rows["c"]["headway_s"]) == pytest.approx(3.0, abs=0.01)


def test_who_walks_over_the_line_follows_nobody_and_is_followed_by_nobody(tmp_path: Path) -> None:
    rows = passings(tmp_path, fcd(tmp_path / "fcd.xml", [("a", "car", 5.0, 0.0), ("p", "pedestrian", 6.0, 0.0), ("b", "car", 8.0, 0.0)]))
    assert rows["p"]["kind"] == "pedestrian"
    assert (rows["p"]["leader"], rows["b"]["leader"]) == ("", "a")


def test_a_replay_of_the_points_tells_the_same(tmp_path: Path) -> None:
    first = passings(tmp_path, fcd(tmp_path / "fcd.xml", [("a", "truck", 5.0, 0.0), ("b", "car", 7.5, 0.4)]))
    assert passings(tmp_path, tmp_path / "out" / "points.parquet", "again") == first


def test_without_ground_there_are_no_passings(shared: Path, tmp_path: Path) -> None:
    site = tmp_path / "px.toml"
    site.write_text('[site]\nid = "px"\n[[camera]]\nid = "cam"\n[[camera.line]]\nid = "line"\npx = [[400, 0], [400, 500]]\n')
    tracks = next((shared / "traffic" / "opentrafficcam").glob("Testvideo_Cars-Cyclist*.ottrk"))
    run_judge(load_site(site), tracks, tmp_path / "out", camera=None, signals=None)
    assert (tmp_path / "out" / "passings.csv").read_text() == ",".join(HEADER) + "\n"
    assert len((tmp_path / "out" / "crossings.csv").read_text().splitlines()) > 1


def test_a_length_seen_by_a_camera_is_no_surer_than_its_kind_and_a_place_as_doubtful_as_its_noise(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(SITE)
    time_ns = (np.arange(0, 10, 0.2) * NS_PER_S).astype(np.int64)
    n, car = len(time_ns), RoadUser.CAR.code
    record = LineRecord("cam", width_px=640, height_px=360)
    with Vault.open(tmp_path / "vault") as vault:
        for track, at_s in ((1, 3.0), (2, 5.0)):
            place = np.column_stack([SPEED_MS * (time_ns / NS_PER_S - at_s), np.zeros(n)])
            full = partial(np.full, n)
            px, sizes = np.zeros((n, 2), np.float32), (full(0.9), full(4.2), full(1.8))
            vault.keep_points(PointBatch("cam", full(track), full(car, np.uint8), time_ns, px, place, *sizes, noise_m=full(0.3)))
            at_ns = np.array([int(at_s * NS_PER_S)])
            crossed = CrossingBatch(
                "cam", at_ns, ("line",), ("forward",), np.array([track]), np.array([car], np.uint8), None, np.array([36.0]), np.array([1.0])
            )
            vault.keep_crossings(crossed)
        vault.export(tmp_path)
        write_passings(tmp_path, load_site(tmp_path / "site.toml"), [record], vault)
    with (tmp_path / "passings.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["length_m"], first["length_doubt_m"]) == ("4.20", f"{length_sigmas_m(np.array([car], np.uint8))[0]:.2f}")
    assert (second["leader"], second["headway_s"], second["gap_s"]) == ("1", "2.00", "1.58")
    assert float(second["headway_doubt_s"]) == pytest.approx(np.hypot(0.03, 0.03), abs=0.006)
    assert float(second["gap_doubt_s"]) > float(second["headway_doubt_s"])
