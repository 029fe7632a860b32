"""The vault of a run, opened by verbs that look at what is kept and begin no run."""

from pathlib import Path

from catseye.core.errors import SourceError, StoreError
from catseye.station.site import load_site
from catseye.vault.files import file_name
from catseye.vault.vault import Vault

VAULT = "vault"


def vault_of(out: Path, site_file: Path | None = None, run: str | None = None) -> Vault:
    """The vault in a folder that `watch` or `judge` wrote, under one of its runs; its site says where database and keys are.

    SourceError: there is none; KeyFileError: a key lacks.
    """
    site = load_site(site_file) if site_file is not None else None
    url, keys = (site.database_url, site.keys) if site is not None else ("", None)
    runs = runs_in(out)
    if not (url or (out / VAULT / "vault.db").is_file()):
        raise _none_in(out)
    try:
        return Vault.open(out / VAULT, run or (runs[0] if runs else "run"), database_url=url, keys=keys)
    except StoreError as error:
        raise SourceError(str(out / VAULT), "a vault that cannot be opened: " + str(error), "one that can") from error


def made_vault(out: Path, site_file: Path | None = None) -> Vault:
    """The vault in a folder, made where there is none: for what is kept before anything runs. StoreError, KeyFileError."""
    site = load_site(site_file) if site_file is not None else None
    url, keys = (site.database_url, site.keys) if site is not None else ("", None)
    return vault_of(out, site_file) if (out / VAULT).is_dir() else Vault.open(out / VAULT, database_url=url, keys=keys)


def runs_in(out: Path) -> list[str]:
    """The runs a vault holds, by name; SourceError when there is no vault."""
    if not (out / VAULT).is_dir():
        raise _none_in(out)
    return sorted(place.name for place in (out / VAULT / "points").glob("*/") if file_name(place.name) == place.name)


def _none_in(out: Path) -> SourceError:
    return SourceError(str(out), "no vault with a database in it", "a folder that `watch` or `judge` wrote; with --site when its database is on a server")
