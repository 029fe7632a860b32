"""Cases lie in a vault, on both databases."""

from tests.vault.conftest import database_url, open_vault, vault

__all__ = ["database_url", "open_vault", "vault"]
