"""The gateway with the vault behind it and nothing beside: journal, judge, events, orders. For the load; `catseye fleet listen` is the product's own.

`python -m benchmarks.fleet_kept serve FOLDER PORT`, `… enrol FOLDER COUNT SEED TOKENS.json`,
`… dump FOLDER OUT.npz COUNT SEED` (every location that the journal holds).
"""

import asyncio
import calendar
import json
import os
import secrets
import signal
import sys
import threading
import time
from array import array
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from catseye.core.terminal import Accepted, Enrolment, Order, Told
from catseye.core.time import Stamp
from catseye.fleet.correction.corrections import Corrections
from catseye.fleet.correction.decisions import Means
from catseye.fleet.correction.policy_file import default_policy
from catseye.fleet.gateway.doors import Doors
from catseye.fleet.gateway.gateway import Gateway
from catseye.fleet.gateway.keeper import Heard, Registration
from catseye.fleet.simulate.kit import crowd
from catseye.fleet.text import time_of
from catseye.vault.terminals import _Entry, token_sha256
from catseye.vault.vault import Vault

_BEGAN = Stamp(1_763_000_000_000_000_000)


class VaultKeeper:
    """Journal first; then the judge, its events and orders."""

    def __init__(self, vault: Vault) -> None:
        self._vault, self._revision = vault, -1
        self._by_identity: dict[str, Enrolment] = {}
        self._corrections = Corrections(Means(default_policy(), lambda text: sha256(text.encode()).hexdigest()[:32]))
        self.spent_s = dict.fromkeys(("journal", "judge", "events", "orders"), 0.0)

    def keep(self, heard: Sequence[Heard], told: Sequence[Told], now: Stamp) -> Sequence[Order]:
        """Durable on return; wall seconds of each part are summed up."""
        marks = [time.perf_counter()]
        if heard:
            self._vault.journal.append([each.accepted for each in heard])
        marks.append(time.perf_counter())
        self.enrolments_revision()
        verdict = self._corrections.judge(heard, told, now, self._by_identity)
        marks.append(time.perf_counter())
        if verdict.events:
            self._vault.keep_events(verdict.events)
        marks.append(time.perf_counter())
        if verdict.orders:
            self._vault.terminals.keep_orders(verdict.orders)
        if told:
            self._vault.terminals.told(told)
        self._corrections.settle(verdict)
        marks.append(time.perf_counter())
        for name, begin_s, end_s in zip(self.spent_s, marks, marks[1:], strict=False):
            self.spent_s[name] += end_s - begin_s
        return verdict.orders

    def enrolments(self) -> Sequence[Enrolment]:
        """All of the vault."""
        found = self._vault.terminals.enrolments()
        self._by_identity = {each.identity: each for each in found}
        return found

    def enrolments_revision(self) -> int:
        """Of the vault."""
        return self._vault.terminals.revision()

    def register(self, identity: str, said: Registration, now: Stamp) -> tuple[int, str]:
        """As the vault decides."""
        return self._vault.terminals.register(identity, said.plate)

    def authenticated(self, identity: str, version: str, dialect: str, now: Stamp) -> None:
        """Written only where it is news."""
        known = self._by_identity.get(identity)  # as of the last change: on most mornings nothing is new, and ten thousand come at once
        if known is None or not known.is_confirmed or (known.version, known.dialect) != (version, dialect or known.dialect):
            self._vault.terminals.authenticated(identity, version, dialect)

    def deregister(self, identity: str, now: Stamp) -> None:
        """As the vault does."""
        self._vault.terminals.deregister(identity)

    def recent(self, since: Stamp) -> Sequence[Accepted]:
        """From the journal."""
        return list(self._vault.journal.recent(since))

    def open_orders(self) -> Sequence[Order]:
        """From the vault."""
        return self._vault.terminals.open_orders()


async def _serve(vault: Vault, port: int) -> None:
    began_s = time.monotonic()
    keeper = VaultKeeper(vault)
    gateway = Gateway(keeper, Doors("127.0.0.1", port), clock=lambda: Stamp(time.time_ns()), log=lambda *said: print(*said, file=sys.stderr, flush=True))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, gateway.close)
    serving = asyncio.create_task(gateway.serve())
    await gateway.opened()
    print(json.dumps({"listening_after_s": round(time.monotonic() - began_s, 2)}), file=sys.stderr, flush=True)
    await serving
    print(
        json.dumps(
            {"keeper_wall_s": keeper.spent_s, "counters": gateway.counters.as_json(), "loop_cpu_s": time.thread_time(), "threads": threading.active_count()}
        )
    )


def serve(folder: Path, port: int) -> None:
    vault = Vault.open(folder)
    if os.environ.get("PROFILE"):
        import cProfile

        profile = cProfile.Profile()
        profile.runcall(asyncio.run, _serve(vault, port))
        profile.dump_stats(os.environ["PROFILE"])
    else:
        asyncio.run(_serve(vault, port))
    vault.close()


def enrol(folder: Path, count: int, seed: int, tokens: Path) -> None:
    """All of them let in, with a token each has used already, in one transaction: the load begins with terminals that are known, as on any morning."""
    vault = Vault.open(folder)
    first, *_ = crowd(count, seed)
    vault.terminals.enrol(first.identity, first.plate, int(first.plate_colour), _BEGAN, by="the benchmark")
    given = {kit.identity: secrets.token_urlsafe(24) for kit in crowd(count, seed)}
    terminals, database = vault.terminals, vault._database
    with database.writing() as connection:
        database.lock(connection)
        for kit in crowd(count, seed):
            known = Enrolment(kit.identity, kit.plate, int(kit.plate_colour), _BEGAN, token_sha256(given[kit.identity]), True, kit.version, kit.dialect.name)
            terminals._keep(connection, kit.identity, _Entry(known))
    vault.close()
    tokens.write_text(json.dumps(given))


def dump(folder: Path, out: Path, count: int, seed: int) -> None:
    """Keys as the load makes them: terminal, serial, second of the device's own time."""
    places = {kit.identity: index for index, kit in enumerate(crowd(count, seed))}
    keys, seconds = array("Q"), {}
    vault = Vault.open(folder)
    for each in vault.journal.recent(Stamp(0)):
        if each.msg_id == 0x0200:
            raw = each.body[22:28]
            second = seconds.get(raw)
            if second is None:
                second = seconds[raw] = calendar.timegm(time.strptime(time_of(raw), "%Y-%m-%d %H:%M:%S")) - 8 * 3600
            keys.append(places[each.identity] << 48 | each.serial << 32 | second)
    vault.close()
    np.savez(out, kept=np.frombuffer(keys, np.uint64))


if __name__ == "__main__":
    verb, where, *rest = sys.argv[1:]
    if verb == "serve":
        serve(Path(where), int(rest[0]))
    elif verb == "enrol":
        enrol(Path(where), int(rest[0]), int(rest[1]), Path(rest[2]))
    else:
        dump(Path(where), Path(rest[0]), int(rest[1]), int(rest[2]))
