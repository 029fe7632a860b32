"""Dossiers grow step by step, never change, and two people never decide on one state. On both databases."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import text

from catseye.core.time import Stamp
from catseye.vault.dossiers import DossierMovedError, Step, step_bytes, step_row
from catseye.vault.envelopes import EnvelopeError
from catseye.vault.vault import Vault

NOON = Stamp(1_790_000_000_000_000_000, 20.0)


def step(number: int, kind: str = "noted", **facts: object) -> Step:
    return Step(number, kind, NOON, "officer Ly", facts)


def test_steps_come_back_as_they_were_added(vault: Vault) -> None:
    steps = [step(0, "opened", event="ab12"), step(1, "confirmed", reason="đèn đỏ rõ ràng")]
    vault.dossiers.add("case", "c-1", steps[:1])
    vault.dossiers.add("case", "c-1", steps[1:])
    assert vault.dossiers.steps("case", "c-1") == steps
    assert vault.dossiers.steps("case", "c-2") == [] == vault.dossiers.steps("report", "c-1")


def test_whoever_decides_on_an_old_state_is_refused_and_nothing_is_written(vault: Vault) -> None:
    vault.dossiers.add("case", "c-1", [step(0)])
    for late in ([step(0)], [step(2)], [step(1), step(1)], [step(1), step(3)]):
        with pytest.raises(DossierMovedError):
            vault.dossiers.add("case", "c-1", late)
    assert vault.dossiers.steps("case", "c-1") == [step(0)]
    assert vault.log_size_count() == 1


def test_two_writers_of_one_dossier_never_both_win(open_vault: Callable[..., Vault]) -> None:
    with open_vault() as one, open_vault() as other:
        one.dossiers.add("case", "c-1", [step(0)])
        one.dossiers.add("case", "c-1", [replace(step(1), by="one")])
        with pytest.raises(DossierMovedError):
            other.dossiers.add("case", "c-1", [replace(step(1), by="other")])


def test_all_dossiers_of_a_kind_are_listed(vault: Vault) -> None:
    for subject in ("b", "a", "street/7"):
        vault.dossiers.add("case", subject, [step(0)])
    vault.dossiers.add("report", "r", [step(0)])
    assert [subject for subject, _ in vault.dossiers.of_kind("case")] == ["a", "b", "street/7"]


def test_a_step_changed_or_removed_behind_our_back_is_told(vault: Vault) -> None:
    vault.dossiers.add("case", "street/7", [step(0), step(1, "confirmed")])
    assert vault.log_faults() == []
    with vault._database.writing() as connection:
        connection.execute(text("UPDATE dossier_steps SET kind = 'dismissed' WHERE number = 1"))
    assert vault.log_faults() == ["entry 1: step case/street/7/1 was changed after it was logged"]
    with vault._database.writing() as connection:
        connection.execute(text("DELETE FROM dossier_steps WHERE number = 1"))
    assert vault.log_faults() == ["entry 1: step case/street/7/1 is gone, and was not forgotten"]


def test_who_and_what_a_step_says_lie_in_an_envelope(vault: Vault) -> None:
    vault.dossiers.add("case", "c-1", [step(0, note="a-name-nobody-shall-find")])
    assert not [path for path in vault.folder.rglob("*") if path.is_file() and (b"a-name-nobody" in (found := path.read_bytes()) or b"officer Ly" in found)]


def test_an_envelope_changed_or_put_under_another_step_is_told(vault: Vault) -> None:
    vault.dossiers.add("case", "c-1", [step(0, note="one"), step(1, note="two")])
    with vault._database.writing() as connection:
        connection.execute(text("UPDATE dossier_steps SET body = (SELECT body FROM dossier_steps WHERE number = 0) WHERE number = 1"))
    assert vault.log_faults() == ["entry 1: step case/c-1/1 was changed after it was logged"]
    with pytest.raises(EnvelopeError):
        vault.dossiers.steps("case", "c-1")


def test_who_has_the_database_and_no_key_cannot_even_try_what_a_step_says(vault: Vault) -> None:
    """A plate is one of few: a leaf over the words would be guessed in a second, from a backup also after the key is destroyed."""
    said = step(0, "plate", text="51F-123.45")
    vault.dossiers.add("case", "c-1", [said])
    with vault._database.reading() as connection:
        (entry,) = vault.log.entries(connection)
        assert vault.log.leaf(connection, 0) != entry.leaf(step_bytes(step_row("case", "c-1", said)))
    assert vault.log_faults() == []
