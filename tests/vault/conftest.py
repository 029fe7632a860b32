"""A vault to test on: embedded, and on PostgreSQL."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.postgres import fresh_database

from catseye.vault.database import Database
from catseye.vault.vault import Vault

BOTH = ("sqlite", "postgresql")


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Empty for the embedded database, else an empty one's URL: what is true of a vault is true on both."""
    if request.param == "sqlite":
        yield ""
        return
    request.getfixturevalue("postgresql")
    with fresh_database() as url:
        yield url


@pytest.fixture
def open_vault(tmp_path: Path, database_url: str) -> Callable[..., Vault]:
    """`Vault.open` of one folder and database."""
    return lambda run="run", **wishes: Vault.open(tmp_path / "vault", run, database_url=database_url, **wishes)


@pytest.fixture
def vault(open_vault: Callable[..., Vault]) -> Iterator[Vault]:
    with open_vault() as opened:
        yield opened


@pytest.fixture
def database(tmp_path: Path, database_url: str) -> Iterator[Database]:
    opened = Database(database_url or tmp_path / "vault.db", 5.0)
    yield opened
    opened.close()
