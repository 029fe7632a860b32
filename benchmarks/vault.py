"""How fast facts become durable and sealed: events a second, log entries a second, what one proof costs; a clip kept, read and forgotten.

`python -m benchmarks.vault [--events N] [--leaves N] [--postgresql URL]`. Every event is stored, logged and committed (fsync) before the next batch begins.
Beside it, in the same run, the physical limit: the same rows as lines of a file, fsynced batch by batch. PostgreSQL: a database of its own, dropped again.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import numpy as np

from benchmarks.common import Table
from catseye.core.errors import StoreError
from catseye.core.event import Event, Measure
from catseye.core.grant import Grant
from catseye.core.sealed import SealedMedia
from catseye.core.time import NS_PER_S, Stamp
from catseye.vault.database import Database
from catseye.vault.kept_for import NS_PER_DAY, KeptFor
from catseye.vault.leaves import Entry
from catseye.vault.merkle import holds_leaf
from catseye.vault.sealed_log import SealedLog
from catseye.vault.tables import event_row
from catseye.vault.vault import Vault

BATCH_COUNT = 500
SERVER = "postgresql://postgres@127.0.0.1"


def events(count: int) -> list[Event]:
    """Speedings as a busy junction has them."""
    measures = (Measure("speed", 63.2, "km/h", 1.1), Measure("speed_max", 64.0, "km/h", 1.3))
    return [
        Event(
            "speeding", "cam-1", n * NS_PER_S, n * NS_PER_S, rule="speeding", subjects=(str(n),), road_users=("car",), measures=measures, lineage="a benchmark"
        )
        for n in range(count)
    ]


def stored_a_second(place: str, count: int) -> float:
    """Events a second through the vault."""
    made = events(count)
    with tempfile.TemporaryDirectory() as folder, Vault.open(Path(folder), database_url=place) as vault:
        begin_s = time.perf_counter()
        for begin in range(0, count, BATCH_COUNT):
            vault.keep_events(made[begin : begin + BATCH_COUNT])
        return count / (time.perf_counter() - begin_s)


def written_a_second(count: int) -> float:
    """The limit: the same rows as lines of a file, fsynced a batch."""
    lines = [json.dumps(event_row("run", event)).encode() + b"\n" for event in events(count)]
    with tempfile.TemporaryFile() as file:
        begin_s = time.perf_counter()
        for begin in range(0, count, BATCH_COUNT):
            file.write(b"".join(lines[begin : begin + BATCH_COUNT]))
            file.flush()
            os.fsync(file.fileno())
        return count / (time.perf_counter() - begin_s)


def log_figures(place: Path | str, count: int) -> tuple[float, float, float]:
    """Entries appended a second; median and worst milliseconds of one inclusion proof in the whole log, each checked."""
    database = Database(place, 30.0)
    log, rng = SealedLog(database), np.random.default_rng(7)
    begin_s = time.perf_counter()
    for begin in range(0, count, BATCH_COUNT):
        with database.writing() as connection:
            log.append(connection, [Entry("event", f"run/{n:x}", b'{"n":%d}' % n) for n in range(begin, min(begin + BATCH_COUNT, count))])
    rate = count / (time.perf_counter() - begin_s)
    spent_ms = []
    with database.reading() as connection:
        head = log.head(connection)
        for seq in rng.integers(0, count, 200).tolist():
            begin_s = time.perf_counter()
            path = log.inclusion(connection, seq, count)
            spent_ms.append(1000 * (time.perf_counter() - begin_s))
            assert holds_leaf(log.leaf(connection, seq), seq, count, path, head.root)
    database.close()
    return rate, float(np.median(spent_ms)), max(spent_ms)


def media_figures(size_bytes: int) -> tuple[float, float, float]:
    """Megabytes a second that a sealed clip is kept at and read at; seconds that forgetting it takes, proof included."""
    now, chance = Stamp(time.time_ns()), np.random.default_rng(7)
    with tempfile.TemporaryDirectory() as folder, Vault.open(Path(folder)) as vault:
        path, clip = vault.media.staging() / "clip.age", chance.bytes(size_bytes)
        path.write_bytes(clip)
        sealed = SealedMedia(path, "video/mp4", sha256(b"").hexdigest(), 0, sha256(clip).hexdigest(), size_bytes, ("age1benchmark",))
        begin_s = time.perf_counter()
        ref = vault.media.keep_sealed(sealed, "clip", now)
        kept_s = time.perf_counter() - begin_s
        with vault.media.open(ref, Grant("a benchmark", "to read it", Stamp(now.utc_ns + NS_PER_DAY)), now, "to read it") as file:
            begin_s = time.perf_counter()
            while file.read(1 << 20):
                pass
            read_s = time.perf_counter() - begin_s
        begin_s = time.perf_counter()
        done = vault.retention.forget(Stamp(now.utc_ns + 20 * NS_PER_DAY), KeptFor(), ())
        assert done.counts == {"unconfirmed": {"keys": 1, "media": 1}}
        assert not done.left
        return size_bytes / 1e6 / kept_s, size_bytes / 1e6 / read_s, time.perf_counter() - begin_s


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """A database of its own on the server; empty text where no server answers."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import DBAPIError

    name = f"catseye_bench_{os.getpid()}"
    engine = create_engine(server.replace("postgresql:", "postgresql+pg8000:") + "/postgres", isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except DBAPIError as error:
        raise StoreError(server, f"no database could be made ({error})", "a PostgreSQL server") from error
    try:
        yield f"{server}/{name}"
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


def main() -> dict[str, float]:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--events", type=int, default=50_000)
    asked.add_argument("--leaves", type=int, default=1_000_000)
    asked.add_argument("--postgresql", default=SERVER, metavar="URL", help="of a server, without a database")
    words = asked.parse_args()
    with fresh_database(words.postgresql) as url:
        stored = {
            "a file, lines alone": written_a_second(words.events),
            "SQLite": stored_a_second("", words.events),
            "PostgreSQL": stored_a_second(url, words.events),
        }
    table = Table(["kept, logged and durable, batches of 500", "events a second", "of the file's"])
    for name, rate in stored.items():
        table.add(name, f"{rate:,.0f}", f"1/{stored['a file, lines alone'] / rate:.1f}")
    print(table, end="\n\n")
    with tempfile.TemporaryDirectory() as folder:
        rate, median_ms, worst_ms = log_figures(Path(folder) / "log.db", words.leaves)
    proof = f"one inclusion proof {median_ms:.1f} ms (median), {worst_ms:.1f} ms (most of 200)"
    print(f"Sealed log of {words.leaves:,} leaves in SQLite: {rate:,.0f} appended a second; {proof}.")
    kept_rate, read_rate, forgotten_s = media_figures(256 << 20)
    print(f"A sealed clip of 256 MiB: kept and logged at {kept_rate:,.0f} MB/s, read at {read_rate:,.0f} MB/s, forgotten and proven in {forgotten_s:.2f} s.")
    return stored | {"append": rate, "proof_ms": median_ms}


if __name__ == "__main__":
    main()
