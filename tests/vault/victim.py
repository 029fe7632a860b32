"""A writer made to be killed: `victim.py VAULT OUT`. Each number on stdin forks one victim that writes until somebody ends it.

Says `pid N`, then `kept N` whenever batch N was acknowledged, then `dead` once the victim is gone. One load of the libraries serves many victims.
"""

import os
import sys
from pathlib import Path

import numpy as np

from catseye.vault.vault import Vault

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.vault.factories import crossings_at, events_at, picture_of, points_at, track_over

BATCH_SECONDS = 7


def seconds_of(batch: int) -> range:
    return range(batch * BATCH_SECONDS, (batch + 1) * BATCH_SECONDS)


def write_for_ever(folder: Path, out: Path, camera: str) -> None:
    with Vault.open(folder) as vault:
        for batch in range(100_000):
            seconds = seconds_of(batch)
            vault.keep_events(events_at(*seconds, camera=camera))
            vault.keep_crossings(crossings_at(*seconds, camera=camera))
            vault.keep_points(points_at(*seconds, camera=camera))
            vault.keep_tracks(track_over(seconds[0], seconds[-1], camera=camera, track=batch, way=("a", "b")))
            vault.flush()
            vault.keep_picture(picture_of(np.full((120, 160, 3), batch % 256, np.uint8)), f"{camera}-{batch % 3}")
            os.write(1, f"kept {batch}\n".encode())
            if batch % 4 == 3:
                vault.export(out)


def tend(folder: Path, out: Path) -> None:
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            write_for_ever(folder, out, f"cam-{int(line)}")
        os.write(1, f"pid {pid}\n".encode())
        os.waitpid(pid, 0)
        os.write(1, b"dead\n")


if __name__ == "__main__":
    tend(Path(sys.argv[1]), Path(sys.argv[2]))
