"""An excerpt of the measurement holds what its event needs to be judged again, and of others no more than that."""

import io
import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.station.evidence.scenes import CAR, RED_LIGHT, WALKER, camera_of, driving_down, points, site_in, violations_of

from catseye.core.calibration import Calibration
from catseye.core.certificate import Certificate
from catseye.core.finding import Violation
from catseye.core.time import NS_PER_S
from catseye.station.evidence.excerpt import Excerpt, ExcerptError, excerpt_of
from catseye.station.evidence.socket import Told
from catseye.station.replaying import replay_fault
from catseye.station.signals import signals_of
from catseye.station.site import Site
from catseye.vault.batches import PointBatch

TAILGATING = '[[camera.rule]]\nid = "too-close"\nkind = "tailgating"\nleast_s = 1.0\n'


def excerpt(folder: Path, site: Site, violation: Violation, *batches: PointBatch, certificate: Certificate | None = None) -> Excerpt:
    camera = camera_of(site)
    return excerpt_of(site, camera, violation, batches, Told(signals_of(site, camera, None), certificate, camera.began), folder)


def tracks_in(made: Excerpt) -> set[str]:
    return set(pq.read_table(io.BytesIO(made.files["measurement/points.parquet"]))["track"].to_pylist())


def on_road(track: int, behind_m: float, begin_s: float = 1.0, end_s: float = 9.0) -> PointBatch:
    """A car that drives east at 25 m/s, `behind_m` behind another, between two others' lanes."""
    batch = points(track, lambda time_s: (10.0 * time_s, 100.0), begin_s, end_s)
    x_m = 25.0 * batch.time_ns / NS_PER_S - behind_m
    n = len(batch)
    ground = np.rint(np.column_stack([x_m, np.zeros(n)]) * 100) / 100  # as the ledger settles them: rules see no finer places than the file
    known = {"ground_m": ground, "sigma_m": np.full(n, 0.05), "noise_m": np.full(n, 0.05), "length_m": np.full(n, 4.5), "width_m": np.full(n, 1.8)}
    return points(track, lambda time_s: (10.0 * time_s, 100.0), begin_s, end_s, CAR, **known)


def test_judged_again_it_gives_the_same_numbers(tmp_path: Path) -> None:
    site = site_in(tmp_path)
    (violation,) = violations_of(site, driving_down())
    made = excerpt(tmp_path, site, violation, driving_down())
    assert made.fault == ""
    for name, content in made.files.items():
        path = tmp_path / "package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    said = json.loads(made.files["measurement/event.json"])
    assert replay_fault(tmp_path / "package", said) is None
    assert "measures" in str(replay_fault(tmp_path / "package", {**said, "measures": []}))
    assert [path.name for path in tmp_path.glob("replay-*")] == [], "nothing is left in the folder it was judged in"


def test_only_the_points_of_who_did_it_leave_the_house(tmp_path: Path) -> None:
    site = site_in(tmp_path)
    (violation,) = violations_of(site, driving_down())
    walker = points(8, lambda time_s: (20.0 * time_s, 300.0), kind=WALKER)
    made = excerpt(tmp_path, site, violation, driving_down(), walker)
    assert made.fault == ""
    assert tracks_in(made) == {"7"}


def test_those_around_are_there_where_it_cannot_be_judged_without_them(tmp_path: Path) -> None:
    site = site_in(tmp_path, rules=TAILGATING)
    leader, follower, long_gone = on_road(1, 0.0), on_road(2, 12.0), on_road(3, 0.0, begin_s=60.0, end_s=62.0)
    (violation,) = violations_of(site, leader, follower, on_ground=True)
    assert violation.event.subjects == ("2",)
    made = excerpt(tmp_path, site, violation, leader, follower, long_gone)
    assert made.fault == ""
    assert tracks_in(made) == {"1", "2"}


def test_a_measurement_that_cannot_be_repeated_says_why(tmp_path: Path) -> None:
    site = site_in(tmp_path)
    (violation,) = violations_of(site, driving_down())
    late = points(7, lambda time_s: (320.0, 100.0 * time_s), begin_s=2.2)
    made = excerpt(tmp_path, site, violation, late)
    assert made.fault == "judged again, the points hold 0 events, and none is red-light of track 7"
    assert tracks_in(made) == {"7"}


def test_a_violator_without_points_is_no_measurement(tmp_path: Path) -> None:
    site = site_in(tmp_path)
    (violation,) = violations_of(site, driving_down())
    with pytest.raises(ExcerptError, match=r"red-light at 2.0 s: not one point of who did it; wanted points no older"):
        excerpt(tmp_path, site, violation, points(8, lambda time_s: (20.0, 100.0 * time_s)))


def test_the_site_in_it_is_only_what_judged_the_event(tmp_path: Path) -> None:
    more = '\n[[camera.line]]\nid = "other"\npx = [[0, 9], [9, 9]]\n[[camera.rule]]\nkind = "solid-line"\nid = "kerb"\nline = "other"\n'
    site = site_in(tmp_path, rules=RED_LIGHT + more)
    (violation,) = violations_of(site, driving_down())
    said = tomllib.loads(excerpt(tmp_path, site, violation, driving_down()).files["measurement/site.toml"].decode())
    (camera,) = said["camera"]
    assert [each["id"] for each in camera["line"]] == ["stop"]
    assert [each["kind"] for each in camera["rule"]] == ["red-light"]
    assert camera["signal"] == [{"id": "lamp", "timeline": "../signal/signal-1.csv"}]
    assert camera["start"] == datetime(2022, 9, 25, 8, 42, tzinfo=UTC)
    assert "source" not in camera
    assert "evidence" not in said


def test_a_certificate_goes_with_it_and_stands_for_the_calibration(tmp_path: Path) -> None:
    site = site_in(tmp_path)
    (violation,) = violations_of(site, driving_down())
    view = Calibration(np.diag([1.0, -1.0, 1.0]), np.zeros(2), np.zeros((10, 10)), (320.0, 240.0), (320.0, 240.0), (0.0, 0.0), 10.0)
    certificate = Certificate("cam-1", "2022-09-01", "0.1.0", "9 points", view, (), 1.0, 0.05, 1.0, 10)
    made = excerpt(tmp_path, site, violation, driving_down(), certificate=certificate)
    assert made.files["measurement/certificate.json"].decode() == certificate.as_text()
    assert tomllib.loads(made.files["measurement/site.toml"].decode())["camera"][0]["calibration"] == {"certificate": "certificate.json"}


def test_reference_points_without_a_day_are_taken_as_they_are(tmp_path: Path) -> None:
    table = (
        "[camera.calibration]\npoints = [{px=[0,0],m=[0,20]},{px=[640,0],m=[20,20]},{px=[0,480],m=[0,0]},{px=[640,480],m=[20,0]},{px=[320,240],m=[10,10]}]\n"
    )
    site = site_in(tmp_path, rules=table + RED_LIGHT)
    (violation,) = violations_of(site, driving_down())
    said = tomllib.loads(excerpt(tmp_path, site, violation, driving_down()).files["measurement/site.toml"].decode())
    assert len(said["camera"][0]["calibration"]["points"]) == 5
