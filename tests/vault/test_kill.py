"""kill -9 at any moment: what was acknowledged is there, once, and no half file is ever read as whole."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import cv2
import pyarrow.parquet as pq
import pytest
from tests.vault.victim import seconds_of

from catseye.core.time import NS_PER_S
from catseye.vault.files import UNFINISHED
from catseye.vault.vault import Vault

VICTIM = Path(__file__).with_name("victim.py")
CAMERAS = 3


@contextmanager
def nursery(vault: Path, out: Path) -> Iterator[tuple[IO[str], IO[str]]]:
    with subprocess.Popen([sys.executable, VICTIM, vault, out], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as tended:
        assert tended.stdin
        assert tended.stdout
        yield tended.stdin, tended.stdout
        tended.stdin.close()


def kill_one(orders: IO[str], says: IO[str], camera: int, chance: random.Random) -> int:
    """Let a victim write for a random while, kill it; how many batches it had acknowledged."""
    orders.write(f"{camera}\n")
    orders.flush()
    words = iter(says.readline, "")
    pid, kept_count = 0, 0
    lives = chance.randrange(6)
    for word in words:
        if word.startswith("pid"):
            pid = int(word.split()[1])
        elif word.startswith("kept"):
            kept_count += 1
        else:
            break
        if pid and kept_count >= lives:
            time.sleep(chance.random() * 0.03)
            os.kill(pid, signal.SIGKILL)
            pid, lives = 0, 10**9
    return kept_count


def is_all_there(folder: Path, out: Path, kept: dict[int, int]) -> None:
    """Open the vault as the next process would, and hold what it has against what was acknowledged."""
    with Vault.open(folder) as vault:
        vault.export(out)
        assert [*folder.rglob(f"*{UNFINISHED}"), *out.glob(f".*{UNFINISHED}")] == []
        events = [(event.camera, event.time_ns) for event in vault.events()]
        crossings = [(crossing.camera, crossing.time_ns) for crossing in vault.crossings()]
        pictures = [cv2.imread(str(path)) for path in folder.rglob("media/*/*.png")]
    points = pq.read_table(out / "points.parquet")
    tracks = pq.read_table(out / "tracks.parquet")
    found = {
        "events": events,
        "crossings": crossings,
        "points": list(zip(points["camera"].to_pylist(), points["time_ns"].to_pylist(), strict=True)),
        "tracks": list(zip(tracks["camera"].to_pylist(), tracks["begin_ns"].to_pylist(), strict=True)),
    }
    wanted = {(f"cam-{camera}", second * NS_PER_S) for camera, batches in kept.items() for batch in range(batches) for second in seconds_of(batch)}
    begins = {(f"cam-{camera}", seconds_of(batch)[0] * NS_PER_S) for camera, batches in kept.items() for batch in range(batches)}
    for what, rows in found.items():
        assert len(rows) == len(set(rows)), f"{what} doubled"
        assert (begins if what == "tracks" else wanted) <= set(rows), f"{what} lost"
    assert all(len(set(picture.ravel().tolist())) == 1 for picture in pictures)
    assert all(json.loads(line)["id"] for line in (out / "events.jsonl").read_text().splitlines())


def kill_many(tmp_path: Path, deaths: int, seed: int) -> None:
    chance = random.Random(seed)
    kept = dict.fromkeys(range(CAMERAS), 0)
    folder, out = tmp_path / "vault", tmp_path / "out"
    with nursery(folder, out) as (orders, says):
        for death in range(1, deaths + 1):
            camera = chance.randrange(CAMERAS)
            kept[camera] = max(kept[camera], kill_one(orders, says, camera, chance))
            if death % 5 == 0:  # the next victim opens, sweeps and exports over each death; whatever broke stays broken
                is_all_there(folder, out, kept)
    assert sum(kept.values()) > 0


def test_killed_at_25_moments_nothing_acknowledged_is_lost_and_nothing_is_doubled(tmp_path: Path) -> None:
    kill_many(tmp_path, deaths=25, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_killed_at_200_moments_nothing_acknowledged_is_lost_and_nothing_is_doubled(tmp_path: Path) -> None:
    kill_many(tmp_path, deaths=200, seed=2)
