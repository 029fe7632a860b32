"""The register of permits is kept version by version, each by a named person, and the log stands for every one. On both databases."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from catseye.core.errors import StoreError
from catseye.core.time import Stamp
from catseye.vault.dossiers import DossierMovedError
from catseye.vault.vault import Vault

NOON = Stamp(1_790_000_000_000_000_000, 20.0)
LATER = NOON.plus_ns(10**9)
ROWS: dict[str, dict[str, Any]] = {f"permit/51B1234{n}.2/P-{n}": {"plate": f"51B1234{n}", "areas": ["Hà Nội"], "state": "in-force"} for n in range(5)}
ONE = next(iter(ROWS))


def test_what_was_kept_is_there_and_keeping_it_again_changes_nothing(vault: Vault) -> None:
    kept = vault.permits.keep(ROWS, "Lê Hoa", NOON, 0)
    assert (kept.new_count, kept.changed_count, kept.same_count, kept.revision) == (5, 0, 0, 5)
    assert vault.permits.current() == (5, ROWS)
    again = vault.permits.keep(ROWS, "Trần Văn", LATER, 5)
    assert (again.new_count, again.changed_count, again.same_count, again.revision) == (0, 0, 5, 5)
    assert vault.permits.revision() == vault.log_size_count() == 5
    assert vault.log_faults() == []


def test_a_changed_row_is_a_new_version_and_the_old_one_stays_both_by_name(vault: Vault) -> None:
    vault.permits.keep(ROWS, "Lê Hoa", NOON, 0)
    changed = ROWS[ONE] | {"state": "revoked"}
    assert vault.permits.keep({ONE: changed}, "Trần Văn", LATER, 5).changed_count == 1
    history = vault.permits.history(ONE)
    assert [(each.number, each.by, each.when, each.facts) for each in history] == [(0, "Lê Hoa", NOON, ROWS[ONE]), (1, "Trần Văn", LATER, changed)]
    assert vault.permits.current()[1] == ROWS | {ONE: changed}
    assert vault.permits.history("permit/no/such") == []
    assert vault.log_faults() == []


def test_an_import_decided_on_an_older_register_is_not_kept(vault: Vault) -> None:
    vault.permits.keep(ROWS, "Lê Hoa", NOON, 0)
    with pytest.raises(DossierMovedError, match="revision 0 to be changed, and it is 5 by now"):
        vault.permits.keep({ONE: ROWS[ONE] | {"state": "revoked"}}, "Trần Văn", LATER, 0)
    with pytest.raises(StoreError, match="by nobody"):
        vault.permits.keep({ONE: {}}, " ", LATER, 5)
    assert vault.permits.current() == (5, ROWS)


def test_of_two_imports_at_once_one_is_kept_whole(open_vault: Callable[..., Vault]) -> None:
    with open_vault() as first, open_vault() as second:
        moved: list[DossierMovedError] = []

        def put(vault: Vault, by: str) -> None:
            try:
                vault.permits.keep({key: facts | {"by": by} for key, facts in ROWS.items()}, by, NOON, 0)
            except DossierMovedError as error:
                moved.append(error)

        threads = [threading.Thread(target=put, args=each) for each in ((first, "Hoa"), (second, "Văn"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(moved) == 1
        assert len({facts["by"] for facts in first.permits.current()[1].values()}) == 1
        assert first.permits.revision() == 5


def test_a_plate_stands_in_the_database_only_as_the_key_of_its_row(vault: Vault) -> None:
    vault.permits.keep({ONE: ROWS[ONE] | {"operator": "Công ty Minh Long"}}, "Lê Hoa", NOON, 0)
    for file in vault.folder.glob("vault.db*"):
        assert b"Minh Long" not in file.read_bytes()
