"""Processes die, pipes end, and every fact is kept once."""

import multiprocessing
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.street import down_the_street, encode_street

from catseye.station.line import LineRecord
from catseye.station.many_cameras import watch_all
from catseye.station.site import Camera, Site, load_site
from catseye.station.vaults import VAULT
from catseye.station.watch import Order, Stopper
from catseye.vault.vault import Vault

Counted = dict[str, list[tuple[int, str, str, str]]]


def site_of_clips(folder: Path, clips: dict[str, Path], detector: str, line_px: str) -> Site:
    cameras = [
        f'[[camera]]\nid = "{name}"\nsource = "{clip}"\ndetector = "{detector}"\n[[camera.line]]\nid = "across"\npx = {line_px}\n'
        for name, clip in clips.items()
    ]
    (folder / "site.toml").write_text('[site]\nid = "s"\n' + "".join(cameras))
    return load_site(folder / "site.toml")


def watched(site: Site, out: Path, tell: Callable[[LineRecord], None], limit_s: float | None = None) -> tuple[dict[str, LineRecord], Counted]:
    records = watch_all(Order(site, out, "run", limit_s, wants_pictures=False), site.cameras, Stopper(), tell)
    assert not multiprocessing.active_children()
    with Vault.open(out / VAULT, "run") as vault:
        counted = {camera.id: [(each.time_ns, each.track, each.direction, each.kind) for each in vault.crossings(camera.id)] for camera in site.cameras}
    return {record.camera: record for record in records}, counted


@pytest.fixture
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process a camera, whatever the machine has."""
    monkeypatch.setattr("catseye.station.watch.cores_count", lambda: 2)


def kill_the_one_watching(camera: str) -> int | None:
    """Its number; None when none is alive."""
    for child in multiprocessing.active_children():
        if child.name == f"watching {camera}" and child.pid:
            child.kill()
            child.join()
            return child.pid
    return None


@pytest.mark.usefixtures("_two_cores")
def test_a_killed_process_is_started_again_and_its_facts_are_kept_once(
    shared: Path, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Callable[..., bool]
) -> None:
    monkeypatch.setenv("CATSEYE_MODELS", str(models))
    highway = shared / "video" / "highway.avi"
    site = site_of_clips(tmp_path, {"killed": highway, "other": highway}, "yolox-nano", "[[0, 150], [320, 150]]")
    kept_at_death: list[int] = []

    def kept_count() -> int:
        with closing(sqlite3.connect(tmp_path / "out" / VAULT / "vault.db")) as database:
            return int(database.execute("SELECT count(*) FROM crossings WHERE camera = 'killed'").fetchone()[0])

    def kill(record: LineRecord) -> None:
        if record.camera == "killed" and not kept_at_death:
            assert until(lambda: kept_count() >= 3)
            assert kill_the_one_watching("killed"), "it was over too soon to be killed"
            kept_at_death.append(kept_count())

    records, counted = watched(site, tmp_path / "out", kill, limit_s=22)
    assert records["killed"].stopped == records["other"].stopped == ""
    assert counted["killed"] == counted["other"]
    assert len(counted["killed"]) == records["killed"].crossings_count > 14
    assert 3 <= kept_at_death[0] < len(counted["killed"])


@pytest.mark.usefixtures("_two_cores")
def test_a_process_that_dies_each_time_is_given_up_and_the_others_finish(tmp_path: Path) -> None:
    clip = encode_street(tmp_path / "street.ts", [down_the_street(3.0)], 8.0, form="mpegts")
    (tmp_path / "long.ts").write_bytes(clip.read_bytes() * 100)  # not over before it is killed
    site = site_of_clips(tmp_path, {"a": tmp_path / "long.ts", "b": clip}, "motion", "[[0, 120], [320, 120]]")
    killed: set[int | None] = set()

    def kill(record: LineRecord) -> None:
        if record.camera == "a":
            killed.add(kill_the_one_watching("a"))

    records, counted = watched(site, tmp_path / "out", kill)
    assert len(killed - {None}) == 3
    assert records["a"].stopped == "the process that watched it: ended with code -9; wanted the reason in the system's log"
    assert (records["b"].stopped, len(counted["b"])) == ("", 1)


def test_a_live_camera_goes_on_from_what_was_last_heard_of_it() -> None:
    from catseye.station.many_cameras import _continued

    live, file = Camera(id="a", source="rtsp://camera/1"), Camera(id="b", source="clip.mp4")
    latest = LineRecord("a", frames_decoded_count=100, duration_s=40.0, notes=["said once"], crossings_count=5)
    goes_on = _continued(live, latest)
    assert goes_on == replace(
        latest, restarts_count=1, notes=[], doubts=["the process that watched died at about 40 s: up to 10 s of crossings before are lost"]
    )
    assert _continued(live, None) is None
    assert _continued(live, LineRecord("a")) is None, "it had not begun"
    assert _continued(file, latest) is None, "a file is played again"
