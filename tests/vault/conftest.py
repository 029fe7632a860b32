"""What the tests of the vault share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from catseye.vault.vault import Vault


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault.open(tmp_path / "vault") as opened:
        yield opened
