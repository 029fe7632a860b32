"""Whole files or none: write beside, fsync, rename, fsync the folder. Whatever a killed writer left is swept at the next open.

A writer shows that it lives by a lock file the kernel lets go of when the process dies, however it dies: no pid to reuse, no clock to trust.
"""

import errno
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from catseye.core.errors import StoreError

UNFINISHED = ".unfinished"

_SAID = {
    errno.ENOSPC: ("no space left on the disk", "free space; what was acknowledged is safe"),
    errno.EDQUOT: ("the disk quota is used up", "free space; what was acknowledged is safe"),
    errno.EFBIG: ("the file would grow past a size limit", "room for it; what was acknowledged is safe"),
    errno.EROFS: ("the file system is read-only", "a folder that can be written"),
    errno.EACCES: ("permission denied", "a folder this user may write"),
    errno.EPERM: ("permission denied", "a folder this user may write"),
    errno.ENOTDIR: ("a file stands where a folder should", "a folder"),
    errno.EEXIST: ("a file stands where a folder should", "a folder"),
    errno.EISDIR: ("a folder stands where a file should", "another folder, or that one moved away"),
}


@contextmanager
def disk_errors(where: Path) -> Iterator[None]:
    """Turn what the operating system says into a `StoreError` about `where`."""
    try:
        yield
    except OSError as error:
        came, wanted = _SAID.get(error.errno or 0, (error.strerror or str(error), "a disk that works"))
        raise StoreError(str(where), came, wanted) from error


def file_name(text: str) -> str:
    """Any text as the name of a file: two texts never share one, and nothing in it is read as a path.

    >>> file_name("../gate 7")
    '%2E%2E%2Fgate%207'
    """
    name = quote(text, safe="").replace(".", "%2E") or "%"
    return name if len(name) <= 100 else f"{name[:80]}%{sha256(text.encode()).hexdigest()[:16]}"


def make_folder(folder: Path) -> Path:
    """The folder with its parents, each durable in the one above it."""
    with disk_errors(folder):
        if not folder.is_dir():
            if folder.parent != folder:
                make_folder(folder.parent)
            folder.mkdir(exist_ok=True)
            sync_folder(folder.parent)
    return folder


@contextmanager
def whole_file(path: Path, token: str) -> Iterator[BinaryIO]:
    """A binary file that appears at `path` whole or not at all, and is durable once the block ends; StoreError if the disk says no."""
    beside = path.with_name(f".{path.name}.{token}{UNFINISHED}")
    with disk_errors(path):
        try:
            with beside.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
            sync_folder(path.parent)
        except BaseException:  # Ctrl-C too must leave no half file
            beside.unlink(missing_ok=True)
            raise


def sync_folder(folder: Path) -> None:
    """Make what was named, renamed or removed in the folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def sole_holder(path: Path, patience_s: float) -> Iterator[None]:
    """Only one process at a time is inside; waits `patience_s` for the others, then StoreError."""
    with disk_errors(path), path.open("ab") as file:
        deadline_s = time.monotonic() + patience_s
        while not _locked(file):
            if time.monotonic() > deadline_s:
                raise StoreError(str(path), f"another process has held it for {patience_s:g} s", "a vault that opens")
            time.sleep(0.01)
        yield


def _locked(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Presence:
    """Proof that one writer lives, seen by every other process: a locked file in `writers`, named by its `token`."""

    def __init__(self, writers: Path) -> None:
        """Take a new token; call it inside `sole_holder` only."""
        self.token = secrets.token_hex(6)
        self._path = writers / self.token
        with disk_errors(self._path):
            self._file = self._path.open("xb")
            _locked(self._file)

    @property
    def began_utc_ns(self) -> int:
        """When it was taken, by the clock of the file system."""
        return os.fstat(self._file.fileno()).st_mtime_ns

    def end(self) -> None:
        """Let go; idempotent."""
        self._path.unlink(missing_ok=True)
        self._file.close()


def sweep(folder: Path, writers: Path) -> int:
    """Remove the unfinished files of dead writers in `folder` itself; those of living ones stay. How many went."""
    left = [path for path in folder.glob(f".*{UNFINISHED}") if not writer_lives(writers / path.name.split(".")[-2])]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def sweep_folders(folder: Path, writers: Path) -> int:
    """Remove the folders of dead writers in `folder`, each named by its writer's token, with all that is in them. How many went."""
    left = [path for path in folder.glob("*/") if not writer_lives(writers / path.name)]
    for path in left:
        remove_folder(path)
    return len(left)


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it; durable on return, silent when there is none."""
    with disk_errors(folder):
        if folder.is_dir():
            shutil.rmtree(folder)
            sync_folder(folder.parent)


def forget_dead(writers: Path) -> None:
    """Remove the tokens of dead writers; call it inside `sole_holder`, once their files are swept."""
    for path in writers.iterdir():
        if not writer_lives(path):
            path.unlink(missing_ok=True)


def writer_lives(writer: Path) -> bool:
    """Whether the writer of this token, a file in `writers`, is there."""
    try:
        with writer.open("rb") as file:
            return not _locked(file)
    except FileNotFoundError:
        return False
