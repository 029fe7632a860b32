"""Ctrl-C, a service manager's SIGTERM, kill -9: what was counted is kept, whole, and marked partial."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest
from tests.support.street import down_the_street, encode_street

from catseye.vault.vault import Vault

pytestmark = pytest.mark.timeout(400)
PATIENCE_S = 120.0  # what takes seconds on an idle machine may take a minute on a busy one


@pytest.fixture(scope="module")
def long_street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An hour, a car each fifteen seconds; the same minute over and over, since encoding costs more than watching."""
    folder = tmp_path_factory.mktemp("street")
    minute = encode_street(folder / "minute.ts", [down_the_street(begin_s) for begin_s in (3.0, 18.0, 33.0, 48.0)], 60.0, fps=5, form="mpegts")
    (folder / "long.ts").write_bytes(minute.read_bytes() * 60)
    return folder / "long.ts"


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    """A session of its own, as a terminal would give it: a signal to its group reaches the children too."""
    command = [sys.executable, "-m", "catseye.station", "watch", *words]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def wait_until_something_is_kept(process: subprocess.Popen[str], folder: Path) -> None:
    """A crossing and points stand in the vault."""
    deadline_s = time.monotonic() + PATIENCE_S
    vault = folder / "out" / "vault"
    while not (list(vault.glob("points/*/*.parquet")) and b"forward" in b"".join(path.read_bytes() for path in vault.glob("vault.db*"))):
        assert process.poll() is None, "it was over too soon"
        assert time.monotonic() < deadline_s, "nothing was ever kept"
        time.sleep(0.02)


def is_whole(folder: Path) -> dict[str, object]:
    """Every file is there and can be read to its end; what run.json says."""
    rows = (folder / "out" / "crossings.csv").read_text()
    assert rows.endswith("\n")
    assert {line.count(",") for line in rows.splitlines()} == {9}
    for name in ("points", "tracks"):
        pq.read_table(folder / "out" / f"{name}.parquet")
    said: dict[str, object] = json.loads((folder / "out" / "run.json").read_text())
    return said


def test_stopped_in_the_middle_what_was_counted_is_kept_and_marked_partial(tmp_path: Path, long_street: Path) -> None:
    process = started(tmp_path, str(long_street), "--detector", "motion", "--line", "0,120,320,120")
    wait_until_something_is_kept(process, tmp_path)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (1, "")
    assert "cam-1: stopped by the operator" in out
    said = is_whole(tmp_path)
    assert said["partial"] is True
    count = len((tmp_path / "out" / "crossings.csv").read_text().splitlines()) - 1
    assert f"cam-1: {count} crossings" in out
    assert 1 <= count < 240


def test_several_cameras_are_stopped_by_one_ctrl_c(tmp_path: Path, long_street: Path) -> None:
    cameras = [f'[[camera]]\nid = "{name}"\nsource = "{long_street}"\ndetector = "motion"\n' for name in "abcde"]
    line = '[[camera.line]]\nid = "across"\npx = [[0, 120], [320, 120]]\n'
    (tmp_path / "site.toml").write_text('[site]\nid = "s"\n' + line.join([*cameras, ""]))
    process = started(tmp_path, "site.toml")
    wait_until_something_is_kept(process, tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (1, "")
    assert out.count("stopped by the operator") == 5
    assert is_whole(tmp_path)["partial"] is True


def test_killed_in_the_middle_the_workers_end_too_and_no_half_file_is_left(tmp_path: Path, long_street: Path) -> None:
    camera = f'source = "{long_street}"\ndetector = "motion"\n[[camera.line]]\nid = "across"\npx = [[0, 120], [320, 120]]\n'
    (tmp_path / "site.toml").write_text(f'[site]\nid = "s"\n[[camera]]\nid = "a"\n{camera}[[camera]]\nid = "b"\n{camera}')
    process = started(tmp_path, "site.toml")
    wait_until_something_is_kept(process, tmp_path)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(children, timeout=PATIENCE_S)
    assert children
    assert not alive
    assert {path.name for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")} <= {"vault", "preview-a.mp4", "preview-b.mp4"}
    (run,) = (tmp_path / "out" / "vault" / "points").iterdir()
    with Vault.open(tmp_path / "out" / "vault", run.name) as vault:
        assert {crossing.direction for crossing in vault.crossings()} == {"forward"}
        vault.export(tmp_path / "rescued")
    assert pq.read_metadata(tmp_path / "rescued" / "points.parquet").num_rows > 10
