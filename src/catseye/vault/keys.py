"""Keys of drawers: 256 bits each, in a file of its own, outside every database. Whoever destroys the file destroys all that it locked, wherever copies lie."""

import os
import secrets
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from catseye.core.errors import KeyFileError
from catseye.vault.files import UNFINISHED, disk_errors, file_name, make_folder, sync_folder

KEY_BYTES = 32
_KIND = "catseye-key-1"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MISSING = "the key file that locks what is stored: put it back from where you keep copies, or name the key folder ([site] keys)"


@dataclass(frozen=True, slots=True)
class Key:
    """The secret of one drawer (a retention class and a period)."""

    retention: str
    period: str
    secret: bytes = field(repr=False)

    @property
    def name(self) -> str:
        """What tells one key from another: the first half of the SHA-256 of the secret, hex."""
        return sha256(self.secret).hexdigest()[:32]


class KeyFolder:
    """A folder of key files, for this user alone: `<class>-<period>.key`, one line of text each."""

    def __init__(self, folder: Path, token: str) -> None:
        """`token` is unique to this writer. The folder is made with the first key. KeyFileError when there is one that others may look into."""
        self.folder, self._token = folder, token
        if folder.exists():
            self._refuse_open_folder()

    def path(self, retention: str, period: str) -> Path:
        """Where the key of a drawer lies."""
        return self.folder / f"{retention}-{file_name(period)}.key"

    def made(self, retention: str, period: str) -> Key:
        """The key of the drawer; a new one, durable on return, where there is none."""
        path = self.path(retention, period)
        if not path.exists():
            self._make_folder()
            self._write(path, retention, period)
        return self.key(retention, period)

    def key(self, retention: str, period: str) -> Key:
        """The key of the drawer. KeyFileError when it is missing, may be read by others, is cut, or is of another drawer."""
        path = self.path(retention, period)
        try:
            with path.open("rb") as file:
                mode, content = os.fstat(file.fileno()).st_mode, file.read(4096)
        except OSError as error:
            raise KeyFileError(str(path), (error.strerror or str(error)).lower(), _MISSING) from error
        _refuse_open(path, mode)
        return Key(retention, period, _secret(content, path, retention, period))

    def refuse_without(self, drawers: Iterable[tuple[str, str]]) -> None:
        """KeyFileError at the first drawer whose key is missing or may be read by others."""
        wanted = [self.path(*drawer) for drawer in drawers]
        if not wanted:
            return
        try:
            there = {entry.name: entry.stat().st_mode for entry in os.scandir(self.folder)}
        except OSError as error:
            raise KeyFileError(str(self.folder), (error.strerror or str(error)).lower(), f"the folder of {len(wanted)} keys ([site] keys)") from error
        for path in wanted:
            if path.name not in there:
                raise KeyFileError(str(path), "no such file or directory", _MISSING)
            _refuse_open(path, there[path.name])

    def destroy(self, retention: str, period: str) -> bytes | None:
        """Overwrite the key, then remove it, each durable before the next; what the file held. None where there is none."""
        path = self.path(retention, period)
        with disk_errors(path):
            try:
                with path.open("r+b") as file:
                    content = file.read()
                    file.seek(0)
                    file.write(b"\0" * len(content))
                    file.flush()
                    os.fsync(file.fileno())
            except FileNotFoundError:
                return None
            path.unlink(missing_ok=True)
            sync_folder(self.folder)
        return content

    def _make_folder(self) -> None:
        if not self.folder.exists():
            make_folder(self.folder.parent)
            with disk_errors(self.folder):
                self.folder.mkdir(mode=0o700, exist_ok=True)
                sync_folder(self.folder.parent)
        self._refuse_open_folder()

    def _refuse_open_folder(self) -> None:
        if self.folder.is_dir() and (mode := self.folder.stat().st_mode) & _OTHERS:
            raise KeyFileError(str(self.folder), f"a key folder with mode {stat.S_IMODE(mode):04o}, that others may look into", "mode 0700: chmod 700")

    def _write(self, path: Path, retention: str, period: str) -> None:
        beside = path.with_name(f".{path.name}.{self._token}{UNFINISHED}")
        with disk_errors(path):
            try:
                descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # never readable by others, not even for a moment
                with os.fdopen(descriptor, "wb") as file:
                    file.write(_line(retention, period, secrets.token_bytes(KEY_BYTES)))
                    file.flush()
                    os.fsync(file.fileno())
                with suppress(FileExistsError):  # of two who make it at once one wins, and both use that one
                    path.hardlink_to(beside)
            finally:
                beside.unlink(missing_ok=True)
            sync_folder(self.folder)


def secret_in(content: bytes) -> bytes | None:
    """The secret that a key file's content spells; None where there is none to be read."""
    words = content.split()
    try:
        secret = bytes.fromhex(words[3].decode())
    except (IndexError, ValueError):
        return None
    return secret if len(secret) == KEY_BYTES else None


def _line(retention: str, period: str, secret: bytes) -> bytes:
    said = f"{_KIND} {retention} {file_name(period)} {secret.hex()}"
    return f"{said} {sha256(said.encode()).hexdigest()[:16]}\n".encode()


def _secret(content: bytes, path: Path, retention: str, period: str) -> bytes:
    secret = secret_in(content)
    if secret is None or not _is_whole(content):
        raise KeyFileError(str(path), "no key, or one that was cut", "a key file as the vault wrote it")
    if content != _line(retention, period, secret):
        _, its_class, its_period, *_ = content.decode("ascii", "replace").split()
        raise KeyFileError(str(path), f"the key of another drawer ({its_class} {its_period})", f"the key of {retention} {period}")
    return secret


def _is_whole(content: bytes) -> bool:
    said, _, check = content.rstrip(b"\n").rpartition(b" ")
    return content.endswith(b"\n") and sha256(said).hexdigest()[:16].encode() == check and said.startswith(_KIND.encode())


def _refuse_open(path: Path, mode: int) -> None:
    if mode & _OTHERS:
        raise KeyFileError(str(path), f"a key with mode {stat.S_IMODE(mode):04o}, that others may read", "mode 0600: chmod 600")
