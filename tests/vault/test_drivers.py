"""A driver is a pseudonym to everybody without a grant, the same one for as long as it is kept, and somebody new afterwards."""

from collections.abc import Callable

import pytest
from tests.vault.kept import NOON, grant, later
from tests.vault.test_retention import files_with, secrets_of

from catseye.core.grant import GrantError
from catseye.core.time import Stamp
from catseye.vault.drawers import ForgottenError
from catseye.vault.drivers import Driver, UnknownDriverError
from catseye.vault.kept_for import KeptFor
from catseye.vault.pseudonyms import is_pseudonym
from catseye.vault.vault import Vault

NAME, CERTIFICATE = "Nguyễn Văn A", "790012345678"


def seen(vault: Vault, now: Stamp = NOON, certificate: str = CERTIFICATE) -> str:
    return vault.drivers.seen(NAME, certificate, "Bus company", "2031-01-01", now)


def test_the_same_certificate_is_the_same_pseudonym_in_every_process(open_vault: Callable[..., Vault]) -> None:
    with open_vault() as one, open_vault() as other:
        pseudonym = seen(one)
        assert is_pseudonym(pseudonym)
        assert seen(other, later(3), "7900-1234 5678") == pseudonym
        assert seen(one, NOON, "790012345679") != pseudonym
    with open_vault() as vault:
        assert seen(vault) == pseudonym


def test_who_it_is_opens_under_a_grant_and_is_logged_first(vault: Vault) -> None:
    pseudonym = seen(vault)
    assert files_with(vault, NAME.encode(), CERTIFICATE.encode(), b"Bus company") == []
    with pytest.raises(GrantError, match="no reason"):
        vault.drivers.open(pseudonym, grant(), later(1), " ")
    assert list(vault.looks()) == []
    assert vault.drivers.open(pseudonym, grant(), later(1), "an accident") == Driver(NAME, CERTIFICATE, "Bus company", "2031-01-01")
    assert [look.subject for look in vault.looks()] == [f"driver/{pseudonym}"]
    assert vault.log_faults() == []


def test_a_pseudonym_of_nobody_and_a_card_without_a_number_are_refused(vault: Vault) -> None:
    for nobody in ("6f0c21ab00112233", "", NAME):
        with pytest.raises(UnknownDriverError):
            vault.drivers.open(nobody, grant(), NOON, "an accident")
    with pytest.raises(UnknownDriverError):
        seen(vault, certificate=" - ")


def test_a_driver_is_forgotten_so_many_days_after_they_were_last_seen_and_is_somebody_new_then(vault: Vault) -> None:
    pseudonym = seen(vault)
    assert seen(vault, later(10)) == pseudonym
    needles = [*secrets_of(vault, f"driver-{pseudonym}*"), NAME.encode()]
    assert vault.retention.forget(later(39), KeptFor(), set()).counts == {}
    done = vault.retention.forget(later(41), KeptFor(), set())
    assert done.counts == {"driver": {"keys": 1}}
    assert done.left == ()
    assert done.traces_count >= 3
    assert files_with(vault, *needles) == []
    with pytest.raises(ForgottenError, match="not seen for 30 days"):
        vault.drivers.open(pseudonym, grant(), later(41), "an accident")
    assert seen(vault, later(41)) != pseudonym
    assert vault.log_faults() == []
