"""Writers and relays made to be killed: `relay_victim.py VAULT DATABASE_URL SITE`. A line `write N` or `relay` on stdin forks one victim.

Says `pid N`, then `kept N` whenever batch N of a writer was acknowledged or `told N` when a relay came so far, then `dead`.
"""

import os
import sys
from pathlib import Path

from catseye.station.relay import RelayOrder, run_relay
from catseye.vault.vault import Vault

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.support.nats_bus import ADDRESS
from tests.vault.factories import events_at

BATCH_COUNT = 7


def seconds_of(batch: int) -> range:
    return range(batch * BATCH_COUNT, (batch + 1) * BATCH_COUNT)


def write_for_ever(folder: Path, url: str, camera: str) -> None:
    with Vault.open(folder, database_url=url) as vault:
        for batch in range(100_000):
            vault.keep_events(events_at(*seconds_of(batch), camera=camera))
            os.write(1, f"kept {batch}\n".encode())


def relay_for_ever(folder: Path, url: str, site: str) -> None:
    with Vault.open(folder, database_url=url) as vault:
        run_relay(vault.outbox, RelayOrder(ADDRESS, site), once=False, is_over=lambda: False, tell=lambda seq: os.write(1, f"told {seq}\n".encode()))


def tend(folder: Path, url: str, site: str) -> None:
    for line in sys.stdin:
        what, _, number = line.strip().partition(" ")
        pid = os.fork()
        if not pid:
            write_for_ever(folder, url, f"cam-{number}") if what == "write" else relay_for_ever(folder, url, site)
        os.write(1, f"pid {pid}\n".encode())
        os.waitpid(pid, 0)
        os.write(1, b"dead\n")


if __name__ == "__main__":
    tend(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
