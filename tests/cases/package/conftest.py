"""A site with one vault, for packages of all kinds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cases.package.scenes import Site

from catseye.vault.vault import Vault


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Vault.open(tmp_path / "vault") as vault:
        yield Site(tmp_path, vault)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for many tests that only look."""
    folder = tmp_path_factory.mktemp("site")
    with Vault.open(folder / "vault") as vault:
        yield Site(folder, vault)


@pytest.fixture(scope="module")
def package(standing: Site) -> Path:
    """A small whole package of `standing`."""
    return standing.build().path
