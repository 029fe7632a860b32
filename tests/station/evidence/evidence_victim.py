"""Makers of one violation's evidence, made to be killed: `evidence_victim.py FOLDER COUNT`. One load of the libraries serves them all.

In each of COUNT vaults one is killed at its work, each a little later, and a second one finishes. Says `ended CODE` of each; -9 was killed.
"""

import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))
from tests.station.evidence.scenes import clip_ring, securing, site_in, taken_in

from catseye.vault.vault import Vault


def main(folder: Path, count: int) -> None:
    site = site_in(folder)
    taken = taken_in(site, clip_ring())

    def ended(place: Path, most_s: float | None = None) -> int:
        pid = os.fork()
        if not pid:
            made = securing(site, partial(Vault.open, place))(taken)
            os._exit(1 if made.troubles else 0)
        if most_s is not None:
            time.sleep(most_s)
            os.kill(pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    ended(folder / "first")
    begun_s = time.monotonic()
    ended(folder / "second")
    lasts_s = time.monotonic() - begun_s
    for number in range(count):
        for most_s in (lasts_s * (number + 0.5) / count, None):
            os.write(1, f"ended {ended(folder / f'vault-{number}', most_s)}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
