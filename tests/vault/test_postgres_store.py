"""A server that goes away is told in one line, and called again when it is back."""

import pytest
from tests.support.postgres import told

from catseye.core.errors import StoreError
from catseye.core.time import Stamp
from catseye.vault.dossiers import Step
from catseye.vault.vault import Vault

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
NOTED = Step(0, "noted", Stamp(1_790_000_000_000_000_000), "officer Ly", {})


def cut_off(name: str) -> None:
    """As a server that restarts does it: every connection is reset."""
    told(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


def test_connections_that_died_meanwhile_are_replaced_unseen(vault: Vault, database_url: str) -> None:
    for number in range(5):
        vault.dossiers.add("case", f"c-{number}", [NOTED])
        cut_off(database_url.rpartition("/")[2])
        assert vault.dossiers.steps("case", f"c-{number}") == [NOTED]


def test_a_server_that_takes_no_connections_is_told_and_used_again_later(vault: Vault, database_url: str) -> None:
    name = database_url.rpartition("/")[2]
    told(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
    cut_off(name)
    for _ in range(3):
        with pytest.raises(StoreError, match="not currently accepting connections"):
            vault.dossiers.add("case", "c-1", [NOTED])
    told(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
    vault.dossiers.add("case", "c-1", [NOTED])
    assert vault.dossiers.steps("case", "c-1") == [NOTED]
    assert vault.log_faults() == []
