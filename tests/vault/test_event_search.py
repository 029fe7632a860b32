"""Events found by kind, source and time; what a dossier is about is left out on demand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from catseye.core.event import Event
from catseye.core.time import Stamp
from catseye.vault.dossiers import Step
from catseye.vault.event_search import Wanted
from catseye.vault.vault import Vault

KINDS = ("driver-phone", "overspeed", "warning-sent")


def event(number: int) -> Event:
    return Event(
        KINDS[number % 3], f"terminal-{number % 2}", number * 1000, number * 1000, Stamp(number * 1000), subjects=(str(number % 2),), details={"level": number}
    )


EVENTS = [event(number) for number in range(30)]


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault.open(tmp_path / "vault", "other") as other:
        other.keep_events([event(99)])
    with Vault.open(tmp_path / "vault", "fleet") as opened:
        opened.keep_events(EVENTS)
        yield opened


WANTED = [
    Wanted(),
    Wanted(frozenset({"overspeed"})),
    Wanted(frozenset({"overspeed", "driver-phone"}), "terminal-1"),
    Wanted(since_ns=7000, before_ns=20000),
    Wanted(frozenset({"warning-sent"}), "terminal-0", 3000, 25000),
]


def expected(wanted: Wanted) -> list[Event]:
    return [
        each
        for each in EVENTS
        if (not wanted.kinds or each.kind in wanted.kinds)
        and wanted.camera in (None, each.camera)
        and (wanted.since_ns is None or each.time_ns >= wanted.since_ns)
        and (wanted.before_ns is None or each.time_ns < wanted.before_ns)
    ]


@pytest.mark.parametrize("wanted", WANTED, ids=range(len(WANTED)))
def test_what_is_found_is_what_reading_all_would_find(vault: Vault, wanted: Wanted) -> None:
    found = expected(wanted)
    assert list(vault.search.in_order(wanted)) == found
    assert vault.search.count(wanted) == len(found)
    assert vault.search.newest(wanted, 4) == found[::-1][:4]
    facts = {each.id: each for each in vault.search.facts(wanted)}
    assert {name: (each.kind, each.time_ns, tuple(each.subjects), each.details) for name, each in facts.items()} == {
        each.id: (each.kind, each.time_ns, each.subjects, each.details) for each in found
    }


def test_events_that_a_dossier_is_about_are_left_out(vault: Vault) -> None:
    closed = EVENTS[3]
    vault.dossiers.add("alarm", closed.id, [Step(0, "closed", Stamp(1), "Lan", {"why": "spoke"})])
    wanted = Wanted(no_dossier="alarm")
    assert vault.search.count(wanted) == 29 and closed not in vault.search.newest(wanted, 50)
    assert vault.search.without_dossier([closed.id, EVENTS[4].id, "nobody"], "alarm") == {EVENTS[4].id}
    assert vault.search.count(Wanted(no_dossier="case")) == 30


def test_an_id_is_found_by_its_beginning(vault: Vault) -> None:
    phone = frozenset({"driver-phone"})
    name = EVENTS[0].id
    assert vault.search.ids_beginning(name[:12], phone, 9) == [name]
    assert vault.search.ids_beginning(name[:12], frozenset({"overspeed"}), 9) == []
    assert vault.search.ids_beginning("", phone, 100) == sorted(each.id for each in EVENTS if each.kind == "driver-phone")
    assert len(vault.search.ids_beginning("", phone, 3)) == 3
