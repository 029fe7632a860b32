"""Who reporters are: known to a vault of its own, under a grant, and to nobody else; forgotten when they ask. Logged on both databases."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from catseye.core.errors import KeyFileError, StoreError
from catseye.core.grant import Grant, GrantError
from catseye.core.time import NS_PER_S, Stamp
from catseye.vault.identities import EnrolledOtherwiseError, Identities, Identity, UnknownReporterError
from catseye.vault.vault import Vault

NOON = Stamp(1_790_049_600_000_000_000, 20.0)
LAN = Identity("Nguyen Thi Lan", "CN-1234 5678", "lan@example.org", "bank 42")
CASHIER = Grant("cashier Hoa", "paying rewards", NOON.plus_ns(3600 * NS_PER_S))


@pytest.fixture
def identities(vault: Vault, tmp_path: Path) -> Identities:
    return Identities(tmp_path / "people", tmp_path / "people-keys", vault)


@pytest.fixture
def lan(identities: Identities) -> str:
    return identities.enrol(LAN, NOON)


def test_the_same_person_keeps_their_pseudonym_and_it_is_drawn_by_chance(vault: Vault, identities: Identities, lan: str, tmp_path: Path) -> None:
    assert identities.enrol(replace(LAN, document="cn12345678"), NOON) == lan
    other = Identities(tmp_path / "people-2", tmp_path / "keys-2", vault)
    assert other.enrol(LAN, NOON) != lan


def test_a_look_without_a_grant_that_holds_opens_nothing_and_every_look_is_logged_first(
    vault: Vault, identities: Identities, lan: str, open_vault: Callable[..., Vault], tmp_path: Path
) -> None:
    with pytest.raises(GrantError, match="over since"):
        identities.look(lan, Grant("cashier Hoa", "paying", NOON), NOON, "late")
    with pytest.raises(GrantError, match="no reason"):
        identities.look(lan, CASHIER, NOON, " ")
    with open_vault(patience_s=0.2) as hasty, vault._database.writing() as connection:
        vault._database.lock(connection)
        (tmp_path / "people" / f"{lan}.identity").write_bytes(b"this is not even looked at")
        with pytest.raises(StoreError, match="another writer"):
            Identities(tmp_path / "people", tmp_path / "people-keys", hasty).look(lan, CASHIER, NOON, "to pay")


def test_folders_that_others_may_read_or_that_lie_in_each_other_are_refused(vault: Vault, tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="a place apart"):
        Identities(vault.folder / "people", tmp_path / "keys", vault)
    with pytest.raises(KeyFileError, match="a place apart"):
        Identities(tmp_path / "people", tmp_path / "people" / "keys", vault)
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(KeyFileError, match="mode 0755, that others may look into"):
        Identities(tmp_path / "open", tmp_path / "keys", vault)
    identities = Identities(tmp_path / "people", tmp_path / "keys", vault)
    lan = identities.enrol(LAN, NOON)
    (tmp_path / "keys" / f"identity-{lan}.key").chmod(0o644)
    with pytest.raises(KeyFileError, match="mode 0644, that others may read"):
        identities.look(lan, CASHIER, NOON, "to pay")


def test_an_enrolment_cut_short_is_taken_up_again(vault: Vault, identities: Identities, lan: str, tmp_path: Path) -> None:
    (tmp_path / "people" / f"{lan}.identity").unlink()  # as if killed between the finder and the envelope
    assert not identities.is_known(lan)
    assert identities.enrol(LAN, NOON) == lan
    assert identities.is_known(lan)


def test_a_swapped_identity_does_not_open(vault: Vault, identities: Identities, lan: str, tmp_path: Path) -> None:
    tuan = identities.enrol(Identity("Tuan", "VN-9", "tuan@example.org", "bank 7"), NOON)
    (tmp_path / "people" / f"{tuan}.identity").replace(tmp_path / "people" / f"{lan}.identity")
    with pytest.raises(StoreError, match="envelope"):
        identities.look(lan, CASHIER, NOON, "to pay")


def test_a_document_in_other_digits_is_the_same_person(identities: Identities, lan: str) -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in LAN.document)
    assert wide != LAN.document
    assert identities.enrol(replace(LAN, document=wide), NOON) == lan
    arabic = "".join(chr(0x660 + int(letter)) if letter.isdigit() else letter for letter in LAN.document)
    assert identities.enrol(replace(LAN, document=arabic), NOON) == lan


@pytest.mark.parametrize("other", [{"payout": "bank 666"}, {"name": "Tran Van Tuan"}, {"contact": "new@example.org"}])
def test_a_known_document_with_other_words_is_refused_and_nothing_is_replaced(identities: Identities, lan: str, other: dict[str, str]) -> None:
    (what,) = other
    with pytest.raises(EnrolledOtherwiseError, match=f"reporter {lan}: enrolled already, with another {what}; wanted the same words"):
        identities.enrol(replace(LAN, document="cn 1234-5678", **other), NOON)
    assert identities.look(lan, CASHIER, NOON, "to see") == LAN


def test_a_change_is_logged_by_whom_and_why_and_says_since_when_the_payout_stands(vault: Vault, identities: Identities, lan: str) -> None:
    clerk, hour = Grant("clerk Mai", "changing", CASHIER.until), NOON.plus_ns(1800 * NS_PER_S)
    since = identities.payout_since(lan)
    assert since is not None
    assert (since.kind, since.when) == ("enrolled", NOON)
    assert identities.change(replace(LAN, contact="new@example.org"), clerk, NOON.plus_ns(1), "moved") == lan
    assert identities.payout_since(lan) == since
    assert identities.change(replace(LAN, contact="new@example.org", payout="bank 7"), clerk, hour, "asked in person") == lan
    assert identities.change(replace(LAN, contact="new@example.org", payout="bank 7"), clerk, hour.plus_ns(1), "again") == lan
    changed = identities.payout_since(lan)
    assert changed is not None
    assert (changed.by, changed.when, dict(changed.facts)) == ("clerk Mai", hour, {"what": ["payout"], "why": "asked in person"})
    assert len(identities.changes(lan)) == 2
    assert [look.why for look in vault.looks(who="clerk Mai")] == ["to change contact: moved", "to change payout: asked in person"]
    assert vault.log_faults() == []
    assert identities.look(lan, CASHIER, NOON, "to pay").payout == "bank 7"


def test_who_is_not_enrolled_is_not_changed_and_without_a_reason_nobody_is(identities: Identities, lan: str) -> None:
    with pytest.raises(UnknownReporterError, match="a document of nobody enrolled here"):
        identities.change(replace(LAN, document="XX-1"), CASHIER, NOON, "why not")
    with pytest.raises(GrantError, match="no reason"):
        identities.change(replace(LAN, payout="bank 666"), CASHIER, NOON, " ")
    assert identities.look(lan, CASHIER, NOON, "to see") == LAN
