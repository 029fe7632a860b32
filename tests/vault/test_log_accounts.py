"""An insider who writes to the database behind the vault's back: the log tells, though every leaf and every kept head still fit. On both databases."""

import pytest
from sqlalchemy import text
from tests.vault.factories import events_at
from tests.vault.kept import grant, later
from tests.vault.test_dossiers import step

from catseye.vault.kept_for import KeptFor
from catseye.vault.vault import Vault


def insider(vault: Vault, *statements: str) -> None:
    with vault._database.writing() as connection:
        for each in statements:
            connection.execute(text(each))


@pytest.fixture
def kept(vault: Vault) -> Vault:
    vault.keep_events(events_at(1, 2))
    vault.dossiers.add("case", "c-1", [step(0), step(1, "confirmed")])
    vault.look("media/case-1/clip", grant(), later(1), "to review it")
    assert vault.log_faults() == []
    return vault


def test_a_look_that_was_hidden_as_if_forgotten_is_told(kept: Vault) -> None:
    insider(kept, "DELETE FROM looks", "UPDATE log_entries SET salt = NULL WHERE kind = 'look'")
    assert kept.log_faults() == ["1 entries of kind look have lost their salt, and forgettings tell of 0"]


def test_an_event_that_was_changed_as_if_forgotten_is_told(kept: Vault) -> None:
    insider(kept, "UPDATE events SET camera = 'cam-9'", "UPDATE log_entries SET salt = NULL WHERE kind = 'event'")
    assert [fault.partition("run/")[0] for fault in kept.log_faults()[:2]] == ["event "] * 2
    assert kept.log_faults()[-1] == "2 entries of kind event have lost their salt, and forgettings tell of 0"


def test_an_event_that_was_removed_as_if_forgotten_is_told(kept: Vault) -> None:
    insider(kept, "DELETE FROM events WHERE time_ns = 1000000000", "UPDATE log_entries SET salt = NULL WHERE seq = 0")
    assert kept.log_faults() == ["1 entries of kind event have lost their salt, and forgettings tell of 0"]


def test_an_event_that_was_never_logged_is_told(kept: Vault) -> None:
    insider(kept, "UPDATE events SET id = 'made-up' WHERE time_ns = 1000000000")
    assert "event run/made-up is kept, and nothing in the log stands for it" in kept.log_faults()


def test_a_step_that_was_changed_and_logged_again_is_told(kept: Vault) -> None:
    insider(kept, "DELETE FROM dossier_steps WHERE number = 1")
    kept.dossiers.add("case", "c-1", [step(1, "dismissed")])  # the vault itself writes it, so that its newest leaf fits
    assert kept.log_faults() == ["step case/c-1/1 was logged 2 times: such a thing happens once, and is never changed"]


def test_what_was_lawfully_forgotten_is_no_fault(kept: Vault) -> None:
    kinds = {event.kind for event in kept.events()}
    kept.retention.forget(later(400), KeptFor(), kinds)
    assert list(kept.events()) == []
    assert kept.log_faults() == []
