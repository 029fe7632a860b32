"""How fast messages of vehicle terminals become durable: records a second with encryption and fsync, beside the same bytes written and fsynced plainly.

`python -m benchmarks.journal [--records N]`. The two take turns batch by batch in one run, on one file system; the processor's share is told beside.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.common import Table
from catseye.core.terminal import Accepted
from catseye.core.time import NS_PER_MS, NS_PER_S, Stamp
from catseye.vault.vault import Vault

BATCHES = (100, 500)
BEGUN_NS = 1_795_000_000 * NS_PER_S
BODY_BYTES = 60  # a location report with six additional items


def records(count: int, seed: int) -> list[Accepted]:
    """Locations of a thousand vehicles: a head that differs little, a rest that chance made."""
    chance = np.random.default_rng(seed)
    rest = [chance.bytes(BODY_BYTES - 20) for _ in range(count)]
    phones = [f"0138{number:08d}" for number in chance.integers(0, 1000, count).tolist()]
    return [
        Accepted(phone[1:], phone, "2011/2013", 0x0200, number % 65_536, Stamp(BEGUN_NS + number * NS_PER_MS), bytes(20) + body)
        for number, (phone, body) in enumerate(zip(phones, rest, strict=True))
    ]


def wire_bytes(batch: list[Accepted]) -> bytes:
    """What somebody who only wrote them down would write: number, length, body."""
    return b"".join(record.phone.encode() + len(record.body).to_bytes(2) + record.body for record in batch)


def figures(records_count: int, batch_count: int) -> tuple[float, float, float]:
    """Records a second through the journal and plainly; microseconds of processor a record through the journal."""
    kept = records(records_count, batch_count)
    batches = [kept[begin : begin + batch_count] for begin in range(0, records_count, batch_count)]
    ours_s = plain_s = cpu_s = 0.0
    with tempfile.TemporaryDirectory() as folder, Vault.open(Path(folder) / "vault") as vault, (Path(folder) / "plain").open("xb", buffering=0) as file:
        vault.journal.append(records(1, 7))  # the drawer and its key are made once a day
        for batch in batches:
            began_s, began_cpu_s = time.perf_counter(), time.process_time()
            vault.journal.append(batch)
            ours_s, cpu_s = ours_s + time.perf_counter() - began_s, cpu_s + time.process_time() - began_cpu_s
            content = wire_bytes(batch)
            began_s = time.perf_counter()
            file.write(content)
            os.fsync(file.fileno())
            plain_s += time.perf_counter() - began_s
        assert sum(1 for _ in vault.journal.recent(Stamp(BEGUN_NS))) == records_count + 1
    return records_count / ours_s, records_count / plain_s, cpu_s / records_count * 1e6


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--records", type=int, default=200_000)
    count = asked.parse_args().records
    table = Table(["records a batch", "kept, records/s", "written and fsynced plainly, records/s", "ratio", "processor, µs a record"])
    for batch_count in BATCHES:
        ours, plain, cpu_us = figures(count, batch_count)
        table.add(str(batch_count), f"{ours:,.0f}", f"{plain:,.0f}", f"{ours / plain:.2f}", f"{cpu_us:.1f}")
    print(table)


if __name__ == "__main__":
    main()
