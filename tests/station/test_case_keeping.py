"""What people decided says how long event and media of a case are kept, also when whoever decided was stopped before the vault was told."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cases.factories import opening, red_light
from tests.vault.kept import CLIP, DAY_NS, grant, redacted

from catseye.cases import transitions
from catseye.cases.case import Case
from catseye.cases.desk import CaseDesk
from catseye.cases.opening import MediaReference
from catseye.core.time import Stamp
from catseye.station.verbs.forget import forget
from catseye.vault.vault import Vault

TODAY = Stamp(time.time_ns(), 20.0)  # a run is kept from when its folder was made, so these days are counted from the machine's own


def day(count: float) -> Stamp:
    return Stamp(TODAY.utc_ns + round(count * DAY_NS), 20.0)


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vault]:
    monkeypatch.setattr("catseye.station.verbs.forget.time_ns", lambda: day(1000).utc_ns)  # the machine's clock, when it is asked to forget
    with Vault.open(tmp_path / "out" / "vault", "run") as opened:
        yield opened


@pytest.fixture
def case(vault: Vault) -> Case:
    """A case with a clip, nobody has looked at it."""
    event = red_light(when=day(0.01))
    vault.keep_events([event])
    ref = vault.media.keep_redacted(redacted(vault), "v-1/clip", day(0.01))
    media = (MediaReference("clip", ref.name, ref.media_type, ref.sha256, ref.size_bytes),)
    return CaseDesk(vault).open(opening(event, media=media), "machine:watch", day(0.02))


@pytest.fixture
def confirmed(vault: Vault, case: Case) -> Case:
    return CaseDesk(vault).take(case, transitions.confirm(case, "Lan", "seen on the clip", day(1)))


def is_all_there(vault: Vault) -> bool:
    with vault.media.open(vault.media.ref("v-1/clip"), grant(until=day(1000)), day(20), "to see whether it is there") as file:
        return file.read() == CLIP and len(list(vault.events())) == 1 and len(CaseDesk(vault).cases()[0]) == 1


def test_a_confirmed_case_keeps_its_event_and_media(vault: Vault, confirmed: Case) -> None:
    assert vault.media.ref("v-1/clip").period == confirmed.id
    assert forget(vault.folder.parent, day(100)).summary["forgotten"] == {"unconfirmed": {"keys": 1}}, "the day's key, with nothing left under it"
    assert is_all_there(vault)


def test_before_anything_is_forgotten_the_vault_is_told_what_people_decided(vault: Vault, case: Case) -> None:
    vault.dossiers.add("case", case.id, [transitions.confirm(case, "Lan", "seen on the clip", day(1))])  # and then the process died
    assert forget(vault.folder.parent, day(20)).summary["forgotten"] == {"unconfirmed": {"keys": 1}}
    assert is_all_there(vault)


def test_a_case_nobody_confirmed_is_forgotten_whole(vault: Vault, case: Case) -> None:
    told = forget(vault.folder.parent, day(20)).summary["forgotten"]
    assert told == {"unconfirmed": {"keys": 2, "steps": 1, "media": 2, "events": 1}}
    assert CaseDesk(vault).cases() == ([], [])


def test_the_days_of_a_case_begin_when_it_is_over(vault: Vault, confirmed: Case) -> None:
    desk = CaseDesk(vault)
    read = desk.take(confirmed, transitions.confirm_plate(confirmed, "Lan", "51F-123.45", day(1)))
    sent = desk.take(read, transitions.submit(read, "Hoa", "police", "ab" * 32, "cd" * 32, day(2)))
    withdrawn = desk.take(sent, transitions.withdraw(sent, "Hoa", "the wrong lane", day(50)))
    assert withdrawn.is_over
    assert "case" not in forget(vault.folder.parent, day(229)).summary["forgotten"]
    assert forget(vault.folder.parent, day(230.1)).summary["forgotten"]["case"] == {"keys": 1, "steps": 5, "media": 2, "events": 1}
    assert vault.log_faults() == []


def test_told_again_nothing_is_written(vault: Vault, confirmed: Case) -> None:
    CaseDesk(vault).settle()
    size_count = vault.log_size_count()
    written = (vault.folder / "vault.db-wal").stat().st_mtime_ns
    CaseDesk(vault).settle()
    assert vault.log_size_count() == size_count
    assert (vault.folder / "vault.db-wal").stat().st_mtime_ns == written
