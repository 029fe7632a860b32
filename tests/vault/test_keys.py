"""A key is a file of its own; without it, or with one that others may read, a vault does not open."""

import threading
from pathlib import Path

import pytest
from tests.vault.kept import NOON, grant, redacted

from catseye.core.errors import KeyFileError
from catseye.vault.keys import KEY_BYTES, KeyFolder
from catseye.vault.vault import Vault


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    return KeyFolder(tmp_path / "keys", "token")


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """The one key file of a vault that keeps something."""
    with Vault.open(tmp_path / "vault") as vault:
        vault.media.keep_redacted(redacted(vault), "clip", NOON)
    (key,) = (tmp_path / "vault" / "keys").iterdir()
    return key


def test_a_key_is_made_once_and_is_for_this_user_alone(folder: KeyFolder) -> None:
    key = folder.made("case", "c/1 of Lý")
    assert len(key.secret) == KEY_BYTES
    assert folder.made("case", "c/1 of Lý") == key == folder.key("case", "c/1 of Lý")
    assert key.secret.hex() not in repr(key)
    assert folder.folder.stat().st_mode & 0o777 == 0o700
    assert [(path.stat().st_mode & 0o777) for path in folder.folder.iterdir()] == [0o600]


def test_of_two_who_make_a_key_at_once_both_use_one(tmp_path: Path) -> None:
    found: list[bytes] = []
    ways = [KeyFolder(tmp_path / "keys", f"token-{number}") for number in range(8)]
    threads = [threading.Thread(target=lambda way=way: found.append(way.made("case", "c-1").secret)) for way in ways]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert len(list((tmp_path / "keys").iterdir())) == 1


def test_a_destroyed_key_leaves_nothing(folder: KeyFolder) -> None:
    folder.made("case", "c-1")
    path = folder.path("case", "c-1")
    other_name = path.with_name("hard-link")
    other_name.hardlink_to(path)
    content = folder.destroy("case", "c-1")
    assert content is not None
    assert not path.exists()
    assert set(other_name.read_bytes()) == {0}, "overwritten before it was removed"
    assert folder.destroy("case", "c-1") is None


def test_a_missing_key_is_told_and_no_new_one_is_made_in_its_place(closed: Path, tmp_path: Path) -> None:
    closed.unlink()
    with pytest.raises(KeyFileError, match=r"unconfirmed-2049-.*\.key: no such file or directory; wanted the key file that locks what is stored"):
        Vault.open(tmp_path / "vault")
    closed.parent.rmdir()
    with pytest.raises(KeyFileError, match="the folder of 1 keys"):
        Vault.open(tmp_path / "vault")
    assert not closed.parent.exists()
    assert list((tmp_path / "vault" / "writers").iterdir()) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_opens_nothing(closed: Path, tmp_path: Path, mode: int) -> None:
    closed.chmod(mode)
    with pytest.raises(KeyFileError, match=rf"a key with mode {mode:04o}, that others may read; wanted mode 0600"):
        Vault.open(tmp_path / "vault")


def test_a_key_folder_that_others_may_look_into_opens_nothing(closed: Path, tmp_path: Path) -> None:
    closed.parent.chmod(0o750)
    with pytest.raises(KeyFileError, match=r"a key folder with mode 0750, that others may look into; wanted mode 0700"):
        Vault.open(tmp_path / "vault")


@pytest.mark.parametrize("damage", [lambda b: b[:-5], lambda b: b"", lambda b: b[:40] + b"0" * 4 + b[44:], lambda b: b"\xff" * 120, lambda b: b + b"x"])
def test_a_key_that_was_cut_or_damaged_is_no_key(folder: KeyFolder, damage) -> None:  # type: ignore[no-untyped-def]
    folder.made("case", "c-1")
    path = folder.path("case", "c-1")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(KeyFileError, match="no key, or one that was cut"):
        folder.key("case", "c-1")


def test_a_key_in_the_place_of_another_is_named(folder: KeyFolder) -> None:
    folder.made("case", "c-1")
    folder.made("report", "c-1")
    folder.path("report", "c-1").replace(folder.path("case", "c-1"))
    with pytest.raises(KeyFileError, match=r"the key of another drawer \(report c-1\); wanted the key of case c-1"):
        folder.key("case", "c-1")


def test_another_key_of_the_same_drawer_is_not_the_key(closed: Path, tmp_path: Path) -> None:
    other = KeyFolder(tmp_path / "other", "token")
    other.made("unconfirmed", closed.stem.removeprefix("unconfirmed-"))
    (tmp_path / "other" / closed.name).replace(closed)
    with Vault.open(tmp_path / "vault") as vault, pytest.raises(KeyFileError, match="another one; wanted key"):
        vault.media.open(vault.media.ref("clip"), grant(), NOON, "to see it")


def test_keys_lie_where_they_are_told_to(tmp_path: Path) -> None:
    with Vault.open(tmp_path / "vault", keys=tmp_path / "elsewhere") as vault:
        vault.media.keep_redacted(redacted(vault), "clip", NOON)
    assert len(list((tmp_path / "elsewhere").iterdir())) == 1
    assert not (tmp_path / "vault" / "keys").exists()
    with pytest.raises(KeyFileError):
        Vault.open(tmp_path / "vault")
