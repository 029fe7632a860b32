"""The proof of forgetting: every byte of every file is read, and what was destroyed must not be among them."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from catseye.vault.files import disk_errors

TRACE_BYTES = 32  # so many bytes tell one thing from any other
_BLOCK_BYTES = 4 << 20
_FEW = 8  # up to so many, looking for one after the other is faster
_PREFIX_BYTES = 4
_VARIED_COUNT = 12  # a stretch of so many different bytes is no padding


def trace_of(path: Path) -> bytes | None:
    """32 bytes that tell a file from any other, from its middle or as near to it as its bytes vary; None when it has no such stretch."""
    with disk_errors(path), path.open("rb") as file:
        size_bytes = os.fstat(file.fileno()).st_size
        for begin_byte in range(size_bytes // 2, size_bytes - TRACE_BYTES + 1, TRACE_BYTES):
            file.seek(begin_byte)
            found = file.read(TRACE_BYTES)
            if len(set(found)) >= _VARIED_COUNT:
                return found
    return None


def traces_of_key(secret: bytes) -> tuple[bytes, ...]:
    """A key as it was used, and as its file spelled it."""
    return (secret, secret.hex().encode(), secret.hex().upper().encode())


class Search:
    """Looks for many traces at once; counts what it has read."""

    def __init__(self, traces: Mapping[bytes, str]) -> None:
        """`traces`: what must be nowhere, and how a message names it; each at least 32 bytes long."""
        self._traces = traces
        self.traces_count = len(traces)
        self._longest_bytes = max((len(trace) for trace in traces), default=1)
        self.read_bytes = 0
        self.files_count = 0
        self._by_prefix: dict[bytes, list[bytes]] = {}
        for trace in traces:
            self._by_prefix.setdefault(trace[:_PREFIX_BYTES], []).append(trace)
        begins = [np.frombuffer(trace[:_PREFIX_BYTES], "<u2") for trace in traces]
        self._is_first, self._is_second = np.zeros((2, 1 << 16), np.bool_)
        self._is_first[[pair[0] for pair in begins]] = True
        self._is_second[[pair[1] for pair in begins]] = True

    def under(self, folders: Sequence[Path]) -> list[str]:
        """`what: file` for each trace in each regular file under the folders, with whatever a database keeps beside itself; links are not followed."""
        found: list[str] = []
        for folder in folders:
            for path in _files(folder):
                found += [f"{self._traces[trace]}: {path}" for trace in sorted(self._in(path))]
        return found

    def _in(self, path: Path) -> set[bytes]:
        """Which traces are in the file; one that goes away meanwhile has none."""
        found: set[bytes] = set()
        try:
            with path.open("rb", buffering=0) as file:
                before = b""
                while block := file.read(_BLOCK_BYTES):
                    self.read_bytes += len(block)
                    found |= self._within(before + block)
                    before = (before + block)[-(self._longest_bytes - 1) :] if self._longest_bytes > 1 else b""
        except FileNotFoundError:
            return set()
        self.files_count += 1
        return found

    def _within(self, block: bytes) -> set[bytes]:
        if len(self._traces) <= _FEW:
            return {trace for trace in self._traces if trace in block}
        return {trace for at in self._places(block) for trace in self._traces_at(block, at)}

    def _places(self, block: bytes) -> Iterator[int]:
        """Where two and two bytes are as some trace begins: few places, found without looking at each in Python."""
        plain = np.frombuffer(block, np.uint8)
        for shift in (0, 1):
            pairs = np.frombuffer(block, "<u2", max(0, (len(block) - shift) // 2), shift) if len(block) > shift + 1 else np.zeros(0, np.uint16)
            at = 2 * np.flatnonzero(self._is_first[pairs]) + shift
            at = at[at + _PREFIX_BYTES <= len(block)]
            yield from at[self._is_second[plain[at + 2] | plain[at + 3].astype(np.uint16) << 8]].tolist()

    def _traces_at(self, block: bytes, at: int) -> Iterator[bytes]:
        for trace in self._by_prefix.get(block[at : at + _PREFIX_BYTES], ()):
            if block.startswith(trace, at):
                yield trace


def _files(folder: Path) -> Iterator[Path]:
    with disk_errors(folder):
        for root, _, names in os.walk(folder):
            for name in names:
                path = Path(root) / name
                try:
                    is_file = stat.S_ISREG(path.lstat().st_mode)
                except FileNotFoundError:
                    continue
                if is_file:
                    yield path
