"""A site with a gateway, and its keeper with one terminal let in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fleet.terminals import IDENTITY, at
from tests.station.fleet.test_keeper import SITE, keeper_of

from catseye.station.fleet.keeper import VaultKeeper
from catseye.station.site import Site, load_site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    path = tmp_path / "site.toml"
    path.write_text(SITE, "utf-8")
    return load_site(path)


@pytest.fixture
def keeper(site: Site, tmp_path: Path) -> Iterator[VaultKeeper]:
    made = keeper_of(site, tmp_path)
    made.vault.terminals.enrol(IDENTITY, "51B-123.45", 2, at(0), by="Lan")
    yield made
    made.close()
