"""Every logged event reaches the bus once and in order, whoever dies. On both databases, on a real NATS JetStream."""

import json
import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest
from tests.conftest import skip_or_fail
from tests.station.relay_victim import seconds_of
from tests.support import nats_bus
from tests.support.postgres import fresh_database
from tests.vault.factories import events_at
from typer.testing import CliRunner

from catseye.core.event import Event
from catseye.core.time import NS_PER_S
from catseye.station import relay
from catseye.station.cli import app, run
from catseye.station.relay import LOG, SEQ, RelayError, RelayOrder, body_of, run_relay
from catseye.vault.outbox import Untold
from catseye.vault.tables import event_bytes, event_row
from catseye.vault.vault import Vault

VICTIM = Path(__file__).with_name("relay_victim.py")
CAMERAS_COUNT = 2


@pytest.fixture
def order() -> Iterator[RelayOrder]:
    if not nats_bus.is_there():
        skip_or_fail("no NATS server on 127.0.0.1:4222")
    told = RelayOrder(nats_bus.ADDRESS, f"test.{secrets.token_hex(6)}")
    yield told
    nats_bus.forget(told.stream)


@pytest.fixture(params=("sqlite", "postgresql"))
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    with ExitStack() as stack:
        if request.param == "postgresql":
            request.getfixturevalue("postgresql")
        yield "" if request.param == "sqlite" else stack.enter_context(fresh_database())


@pytest.fixture
def vault(tmp_path: Path, database_url: str) -> Iterator[Vault]:
    with Vault.open(tmp_path / "vault", database_url=database_url) as opened:
        yield opened


def tell_all(vault: Vault, order: RelayOrder) -> int:
    return run_relay(vault.outbox, order, once=True, is_over=lambda: False)


def told_events(order: RelayOrder) -> list[tuple[str, float]]:
    return [(body["camera"], body["time_s"]) for _, body in nats_bus.all_told(order.stream)]


def test_every_event_is_told_once_and_in_order(vault: Vault, order: RelayOrder) -> None:
    vault.keep_events(events_at(*range(1200)))
    assert tell_all(vault, order) == 1200
    vault.keep_events(events_at(*range(1190, 1210)))
    assert tell_all(vault, order) == 10
    assert tell_all(vault, order) == 0
    assert told_events(order) == [("cam-1", float(second)) for second in range(1210)]


def test_a_message_says_what_events_jsonl_says(vault: Vault, order: RelayOrder, tmp_path: Path) -> None:
    vault.keep_events(events_at(7))
    vault.export(tmp_path / "out")
    tell_all(vault, order)
    ((headers, body),) = nats_bus.all_told(order.stream)
    assert body == {"run": "run", **json.loads((tmp_path / "out" / "events.jsonl").read_text())}
    assert (headers[LOG], headers[SEQ]) == (vault.outbox.log_name(), "0")


def test_an_event_of_a_terminal_leaves_without_where_it_was_and_under_its_own_id() -> None:
    where: dict[str, str | int | float | bool | None] = {"lat_deg": 21.0278, "lon_deg": 105.8342, "driver": "6f0c21ab00112233", "level": 2}
    event = Event("driver-fatigue", "terminal-138", 1, 1, subjects=("138",), lineage="terminal", details=where)
    body = body_of(Untold(0, "event", f"fleet/{event.id}", event_bytes(event_row("fleet", event))))
    assert (body["id"], body["run"], body["details"]) == (event.id, "fleet", {"level": 2})


def test_an_event_that_goes_on_is_told_again_with_its_later_end(vault: Vault, order: RelayOrder) -> None:
    (event,) = events_at(3)
    vault.keep_events([event])
    tell_all(vault, order)
    vault.keep_events([replace(event, end_time_ns=9 * NS_PER_S)])
    tell_all(vault, order)
    assert [body["end_time_s"] for _, body in nats_bus.all_told(order.stream)] == [3.0, 9.0]


def test_what_was_published_but_not_confirmed_is_not_told_again(vault: Vault, order: RelayOrder, monkeypatch: pytest.MonkeyPatch) -> None:
    vault.keep_events(events_at(*range(20)))

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(type(vault.outbox), "confirm", dies)
        tell_all(vault, order)
    assert vault.outbox.next_seq(order.relay) == 0
    assert tell_all(vault, order) == 0
    assert vault.outbox.next_seq(order.relay) == 20
    assert len(told_events(order)) == 20


def test_of_two_relays_each_event_is_told_by_one(vault: Vault, order: RelayOrder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one tells everything while the first holds a batch it has read."""
    monkeypatch.setattr(relay, "BATCH_COUNT", 10)
    vault.keep_events(events_at(*range(40)))
    whole, pending = type(vault.outbox).untold, [True]

    def overtaken(outbox: object, *args: object) -> object:
        read = whole(outbox, *args)  # type: ignore[arg-type]  # handed on as they came
        if pending and pending.pop():
            nested.append(subprocess.run([sys.executable, "-c", OTHER, str(vault.folder), url, order.site], check=True, capture_output=True, timeout=60))
        return read

    nested: list[object] = []
    url = vault._database._store.shown if "postgresql" in vault._database._store.shown else ""
    monkeypatch.setattr(type(vault.outbox), "untold", overtaken)
    assert tell_all(vault, order) == 0
    assert nested
    assert told_events(order) == [("cam-1", float(second)) for second in range(40)]


OTHER = """
import sys
from pathlib import Path
from catseye.station.relay import RelayOrder, run_relay
from catseye.vault.vault import Vault
with Vault.open(Path(sys.argv[1]), database_url=sys.argv[2]) as vault:
    assert run_relay(vault.outbox, RelayOrder("nats://127.0.0.1:4222", sys.argv[3]), once=True, is_over=lambda: False) == 40
"""


def test_a_stream_of_another_log_is_left_alone(vault: Vault, order: RelayOrder, tmp_path: Path) -> None:
    vault.keep_events(events_at(1))
    tell_all(vault, order)
    with Vault.open(tmp_path / "another") as other:
        other.keep_events(events_at(2))
        with pytest.raises(RelayError, match=r"it tells log .* this vault's is"):
            tell_all(other, order)
    assert len(told_events(order)) == 1


def test_a_stream_somebody_else_wrote_to_is_left_alone(vault: Vault, order: RelayOrder) -> None:
    vault.keep_events(events_at(1))
    tell_all(vault, order)
    nats_bus.asked(lambda bus: bus.publish(f"catseye.{relay.token(order.site)}.noise", b"?"))
    vault.keep_events(events_at(2))
    with pytest.raises(RelayError, match="message 2 is not from a relay"):
        tell_all(vault, order)


def test_a_stream_that_let_its_messages_go_is_told_on_from_where_the_database_says(vault: Vault, order: RelayOrder) -> None:
    vault.keep_events(events_at(1, 2))
    tell_all(vault, order)
    nats_bus.asked(lambda bus: bus.purge_stream(order.stream))
    vault.keep_events(events_at(3))
    assert tell_all(vault, order) == 1
    assert told_events(order) == [("cam-1", 3.0)]


def test_no_bus_is_one_line(vault: Vault, order: RelayOrder) -> None:
    with pytest.raises(RelayError, match=r"nats://127.0.0.1:9: no connection .*; wanted a NATS server with JetStream"):
        run_relay(vault.outbox, replace(order, address="nats://127.0.0.1:9"), once=True, is_over=lambda: False)


def test_the_verb_tells_a_run_and_never_shows_a_password(tmp_path: Path, order: RelayOrder, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    with Vault.open(out / "vault") as vault:
        vault.keep_events(events_at(1, 2, 3))
    (out / "run.json").write_text(json.dumps({"site": order.site}))
    done = CliRunner().invoke(app, ["log", "relay", str(out), "--to", order.address, "--once", "--json"])
    assert json.loads(done.stdout)["told"] == 3
    assert run(["log", "relay", str(out), "--to", "nats://me:hunter2@127.0.0.1:4222", "--once"]) == 2
    assert "hunter2" not in capsys.readouterr().err


@contextmanager
def nursery(folder: Path, url: str, site: str) -> Iterator[tuple[IO[str], IO[str]]]:
    with subprocess.Popen([sys.executable, VICTIM, folder, url, site], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as tended:
        assert tended.stdin
        assert tended.stdout
        yield tended.stdin, tended.stdout
        tended.stdin.close()


def kill_one(orders: IO[str], says: IO[str], order: str, chance: random.Random) -> int:
    """Let one victim work for a random while, kill it; how many batches it had acknowledged."""
    orders.write(order + "\n")
    orders.flush()
    pid, kept_count, lives = 0, 0, chance.randrange(4)
    for word in iter(says.readline, ""):
        said, _, number = word.strip().partition(" ")
        if said == "dead":
            break
        if said == "pid":
            pid = int(number)
        else:
            kept_count += said == "kept"
            lives -= 1
        if pid and (lives <= 0 or (said == "pid" and order == "relay")):
            time.sleep(chance.random() * 0.06)
            os.kill(pid, signal.SIGKILL)
            pid = 0
    return kept_count


def kill_many(folder: Path, url: str, order: RelayOrder, deaths: int, seed: int) -> None:
    chance, kept = random.Random(seed), dict.fromkeys(range(CAMERAS_COUNT), 0)
    with nursery(folder, url, order.site) as writers, nursery(folder, url, order.site) as relays:
        for _ in range(deaths // 2):
            camera = chance.randrange(CAMERAS_COUNT)
            kept[camera] = max(kept[camera], kill_one(*writers, f"write {camera}", chance))
            kill_one(*relays, "relay", chance)
    with Vault.open(folder, database_url=url) as vault:
        tell_all(vault, order)
        assert vault.log_faults() == []
        stored = [(event.camera, event.time_ns / NS_PER_S) for event in vault.events()]
    told = told_events(order)
    seqs = [int(headers[SEQ]) for headers, _ in nats_bus.all_told(order.stream)]
    acknowledged = {(f"cam-{camera}", float(second)) for camera, count in kept.items() for batch in range(count) for second in seconds_of(batch)}
    assert seqs == sorted(set(seqs)), "told twice, or out of order"
    assert sorted(told) == sorted(stored), "the bus and the vault tell different things"
    assert len(stored) == len(set(stored)), "kept twice"
    assert acknowledged <= set(stored), "acknowledged and lost"
    assert acknowledged


def test_killed_at_12_moments_nothing_is_lost_told_twice_or_unproven(tmp_path: Path, database_url: str, order: RelayOrder) -> None:
    kill_many(tmp_path / "vault", database_url, order, deaths=12, seed=3)


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_killed_at_200_moments_nothing_is_lost_told_twice_or_unproven(tmp_path: Path, database_url: str, order: RelayOrder) -> None:
    kill_many(tmp_path / "vault", database_url, order, deaths=200, seed=4)
