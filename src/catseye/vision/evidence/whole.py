"""Files that appear whole under their name or not at all; nobody else on the machine may read them meanwhile."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from catseye.core.errors import StoreError

_SAID = {
    errno.ENOSPC: "no space left on the disk",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would grow past a size limit",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENOENT: "no such folder",
    errno.ENOTDIR: "a file stands where a folder should",
}


@contextmanager
def disk_faults(path: Path) -> Iterator[None]:
    """Turn what the operating system says into a StoreError about `path`."""
    try:
        yield
    except OSError as fault:
        raise StoreError(str(path), _SAID.get(fault.errno or 0, fault.strerror or str(fault)), "a folder with room for it; nothing was kept") from fault


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that is at `path`, durable, once the block ends well. StoreError if the disk says no, or if something is there already."""
    beside = path.with_name(f".{path.name}.part")
    try:
        with disk_faults(path):
            if path.exists():
                raise StoreError(str(path), "a file is there already", "a new name: evidence is never written over")
            with open(os.open(beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w+b") as file:  # noqa: PTH123 - its mode from the first byte on
                yield file
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
            _sync_folder(path.parent)
    finally:
        _remove(beside)


def _remove(beside: Path) -> None:
    try:
        beside.unlink(missing_ok=True)
    except OSError:  # the folder itself is gone, or is none: there is nothing to remove
        return


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
