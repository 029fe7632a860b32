"""The keeper between gateway and vault: what a crash or a full disk keeps from being written is judged again, to the same events and orders."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.fleet.terminals import IDENTITY, at, location, report, too_close

from catseye.core.errors import StoreError
from catseye.core.event import Event
from catseye.core.grant import Grant
from catseye.core.terminal import OrderState, Told
from catseye.fleet.gateway.keeper import Heard, Registration
from catseye.station.fleet.keeper import RUN, VaultKeeper
from catseye.station.fleet.listening import vault_to_write
from catseye.station.fleet.means import fleet_judge
from catseye.station.site import Site, load_site
from catseye.vault.vault import Vault

SITE = '[site]\nid = "coaches"\ntimezone = "Asia/Ho_Chi_Minh"\n\n[fleet]\nlisten = "127.0.0.1:0"\nlanguage = "en"\n'
CARD = {
    "state": 1,
    "time": "2026-03-02 12:00:00",
    "ic_result": 0,
    "name": "Nguyen Van Tai",
    "certificate": "790123456789",
    "org": "Transport",
    "expiry": "20300101",
}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    path = tmp_path / "site.toml"
    path.write_text(SITE, "utf-8")
    return load_site(path)


def keeper_of(site: Site, out: Path, second: float = 0.0, patience_s: float = 30.0) -> VaultKeeper:
    assert site.fleet is not None
    fleet, now = site.fleet, at(second)
    opened = (lambda: vault_to_write(site, out)) if patience_s == 30.0 else (lambda: Vault.open(out / "vault", RUN, patience_s))
    return VaultKeeper(opened, lambda vault, recent: fleet_judge(site, fleet, vault, recent, now), lambda: now)


@pytest.fixture
def keeper(site: Site, tmp_path: Path) -> Iterator[VaultKeeper]:
    made = keeper_of(site, tmp_path)
    made.vault.terminals.enrol(IDENTITY, "51B-123.45", 2, at(0), by="Lan")
    yield made
    made.close()


def again(keeper: VaultKeeper, site: Site, out: Path, second: float) -> VaultKeeper:
    """After the process died: the vault is given back, nothing more is written."""
    keeper.vault.close()
    keeper._vault = None
    return keeper_of(site, out, second)


def kinds(vault: Vault) -> list[str]:
    return [event.kind for event in vault.events()]


def journalled(vault: Vault) -> list[bytes]:
    return [each.body for each in vault.journal.recent(at(-3600))]


def test_what_was_kept_is_in_the_journal_and_what_follows_from_it_in_the_vault(keeper: VaultKeeper) -> None:
    plain, alarm = report(location(0), at(0.2)), too_close(1)
    orders = keeper.keep([plain, alarm], (), at(1.5))
    assert journalled(keeper.vault) == [plain.accepted.body, alarm.accepted.body]
    assert "short-headway" in kinds(keeper.vault)
    assert [order.purpose for order in orders] == ["warning"]
    assert keeper.open_orders() == list(orders)


def test_a_driver_is_warned_once_though_the_message_is_judged_again_after_a_crash(keeper: VaultKeeper, site: Site, tmp_path: Path) -> None:
    (order,) = keeper.keep([too_close(1)], (), at(1.5))
    before = [event.id for event in keeper.vault.events()]
    after = again(keeper, site, tmp_path, 3)
    assert [event.id for event in after.vault.events()] == before
    assert after.open_orders() == [order]
    after.close()


def test_a_crash_between_journal_and_events_loses_nothing(keeper: VaultKeeper, site: Site, tmp_path: Path) -> None:
    keeper.vault.journal.append([too_close(1).accepted])
    after = again(keeper, site, tmp_path, 2)
    assert "short-headway" in kinds(after.vault)
    assert [order.purpose for order in after.open_orders()] == ["warning"]
    assert not list(after.vault.journal.unjudged())
    after.close()


def test_a_database_that_another_holds_costs_no_message_and_no_warning(site: Site, tmp_path: Path) -> None:
    keeper = keeper_of(site, tmp_path, patience_s=0.2)
    keeper.vault.journal.append([report(location(0), at(0.1)).accepted])  # the day's key is made
    with closing(sqlite3.connect(tmp_path / "vault" / "vault.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        (order,) = keeper.keep([too_close(1)], (), at(1.5))
        assert keeper.is_behind
        assert kinds(keeper.vault) == []
        other.execute("ROLLBACK")
    keeper.keep((), [Told(order.id, IDENTITY, OrderState.SENT, at(1.6))], at(2))
    assert not keeper.is_behind
    assert {"short-headway", "warning-sent"} <= set(kinds(keeper.vault))
    keeper.close()


def test_a_disk_that_takes_nothing_acknowledges_nothing(keeper: VaultKeeper, tmp_path: Path) -> None:
    keeper.keep([report(location(0), at(0.1))], (), at(0.2))
    keeper.vault.journal.close()
    places = [place for place in (tmp_path / "vault" / "envelopes" / "positions").glob("*") if place.is_dir()]
    for place in places:
        for path in place.iterdir():
            path.unlink()
        place.rmdir()
        place.write_bytes(b"")  # where a folder is wanted
    with pytest.raises(StoreError):
        keeper.keep([too_close(1)], (), at(1.5))
    assert "short-headway" not in kinds(keeper.vault)
    for place in places:
        place.unlink()
    keeper.keep([too_close(1)], (), at(2))
    assert "short-headway" in kinds(keeper.vault)


def card(values: dict[str, object], second: float) -> Heard:
    return report(values, at(second), msg_id=0x0702)


def test_a_driver_is_a_pseudonym_that_only_a_grant_opens(keeper: VaultKeeper, tmp_path: Path) -> None:
    keeper.keep([card(CARD, 0), too_close(1)], (), at(1.5))
    alarm, changed = (next(event for event in keeper.vault.events() if event.kind == kind) for kind in ("short-headway", "driver-changed"))
    pseudonym = str(changed.details["driver"])
    assert alarm.details["driver"] == pseudonym
    said = keeper.vault.drivers.open(pseudonym, Grant("Mai", "accident 12", at(60)), at(2), "who drove")
    assert said.name == "Nguyen Van Tai"
    assert all(b"790123456789" not in body and b"Nguyen" not in body for body in journalled(keeper.vault))
    keeper.close()
    in_clear = [
        path.name
        for path in (tmp_path / "vault").rglob("*")
        if path.is_file() and (b"Nguyen Van Tai" in path.read_bytes() or b"790123456789" in path.read_bytes())
    ]
    assert in_clear == []


def test_who_drives_is_still_known_after_a_restart(keeper: VaultKeeper, site: Site, tmp_path: Path) -> None:
    keeper.keep([card(CARD, 0)], (), at(0.5))
    after = again(keeper, site, tmp_path, 5)
    after.keep([too_close(6)], (), at(6.6))
    by_kind: dict[str, Event] = {event.kind: event for event in after.vault.events()}
    assert by_kind["short-headway"].details["driver"] == by_kind["driver-changed"].details["driver"] != ""
    after.close()


def test_what_a_terminal_says_of_its_maker_is_kept_nowhere(keeper: VaultKeeper, tmp_path: Path) -> None:
    result, token = keeper.register(IDENTITY, Registration("51B-123.45", 2, "MAKERX", "MODELX", "T1", "2019"), at(1))
    assert result == 0
    assert token
    keeper.close()
    assert not [path for path in (tmp_path / "vault").rglob("*") if path.is_file() and b"MAKERX" in path.read_bytes()]
