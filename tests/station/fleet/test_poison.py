"""What nothing can judge, read or keep: it is told, and everything else is judged, read and kept all the same, now and after a restart."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fleet.terminals import IDENTITY, at, location, report, too_close
from tests.station.fleet.test_keeper import again, journalled, keeper_of, kinds
from tests.station.fleet.test_keeper import keeper as keeper
from tests.station.fleet.test_keeper import site as site

from catseye.core.event import Event
from catseye.core.terminal import Accepted
from catseye.core.time import Stamp
from catseye.fleet.alarms import Alarm
from catseye.fleet.correction import corrections
from catseye.fleet.fix_quality import FixQuality
from catseye.fleet.gateway.keeper import Heard
from catseye.fleet.message import Body
from catseye.station.fleet.keeper import VaultKeeper
from catseye.station.site import Site
from catseye.vault.vault import Vault

POISON = "66600000000"


@pytest.fixture(params=["alarms", "fixes"])
def poisoned(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours in a judge, which the messages of one terminal bring out."""
    whole, judge = corrections.alarms_of, FixQuality.judge

    def alarms_of(accepted: Accepted, body: Body) -> list[Alarm]:
        if accepted.identity == POISON:
            raise ZeroDivisionError
        return whole(accepted, body)

    def judged(self: FixQuality, identity: str, *others: object) -> object:
        if identity == POISON:
            raise ZeroDivisionError
        return judge(self, identity, *others)  # type: ignore[arg-type]

    if request.param == "alarms":
        monkeypatch.setattr(corrections, "alarms_of", alarms_of)
    else:
        monkeypatch.setattr(FixQuality, "judge", judged)


@pytest.mark.usefixtures("poisoned")
def test_one_message_that_no_judge_bears_keeps_no_other_from_being_judged(keeper: VaultKeeper) -> None:
    poison = report(location(0), at(0.2), identity=POISON)
    orders = keeper.keep([poison, too_close(1), poison], (), at(1.5))
    assert [order.purpose for order in orders] == ["warning"]
    assert len(journalled(keeper.vault)) == 3
    assert "short-headway" in kinds(keeper.vault)


@pytest.mark.usefixtures("poisoned")
def test_a_restart_gets_over_what_no_judge_bears(keeper: VaultKeeper, site: Site, tmp_path: Path) -> None:
    keeper.vault.journal.append([report(location(0), at(0.2), identity=POISON).accepted, too_close(1).accepted])
    after = again(keeper, site, tmp_path, 3)
    assert "short-headway" in kinds(after.vault)
    assert not list(after.vault.journal.unjudged())
    after.close()


@pytest.mark.parametrize("odd", [{"body": b"\0"}, {"version": "2031"}], ids=["body", "version"])
def test_a_restart_gets_over_what_nothing_reads_any_more(keeper: VaultKeeper, site: Site, tmp_path: Path, odd: dict[str, object]) -> None:
    unread = replace(report(location(0), at(0.2)).accepted, **odd)  # type: ignore[arg-type]
    keeper.vault.journal.append([unread, too_close(1).accepted])
    after = again(keeper, site, tmp_path, 3)
    assert "short-headway" in kinds(after.vault)
    assert not list(after.vault.journal.unjudged())
    after.close()


def test_an_event_that_cannot_be_kept_keeps_no_other_from_being_kept(keeper: VaultKeeper, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Vault.keep_events

    def keep_events(self: Vault, events: Sequence[Event]) -> object:
        if any(event.subjects == (POISON,) for event in events):
            raise OverflowError("Python int too large to convert to SQLite INTEGER")
        return whole(self, events)

    monkeypatch.setattr(Vault, "keep_events", keep_events)
    poison = Heard(replace(too_close(1).accepted, identity=POISON), too_close(1).body)
    keeper.keep([poison, too_close(1)], (), at(1.5))
    keeper.keep([report(location(3), at(3))], (), at(4))
    assert "short-headway" in kinds(keeper.vault)
    assert not keeper.is_behind
    assert not list(keeper.vault.journal.unjudged())


def test_a_clock_that_was_set_back_is_no_reason_to_judge_a_day_again(keeper: VaultKeeper) -> None:
    keeper.keep([report(location(90_000), at(90_000))], (), at(90_000))
    keeper.keep([report(location(0), at(0))], (), at(0.1))
    assert not list(keeper.vault.journal.unjudged())
