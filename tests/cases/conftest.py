"""A vault on both databases for what is kept in one."""

from tests.vault.conftest import database_url, open_vault, vault

__all__ = ["database_url", "open_vault", "vault"]
