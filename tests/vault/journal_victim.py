"""A writer of the journal made to be killed: each line on stdin, `SERIAL N`, forks one that kills itself at its Nth write or sync. Says what was acknowledged.

Every third write is cut short before the kill: half a block, as a kill in the middle of a system call leaves it.
"""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from catseye.vault.segments import SegmentWriter
from catseye.vault.vault import Vault

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.vault.messages import message


def append_for_ever(folder: Path, serial: int, touches: int, told: int) -> None:
    left_count, plain_write, plain_sync = touches, SegmentWriter._write, os.fdatasync

    def touched() -> bool:
        nonlocal left_count
        left_count -= 1
        return left_count < 0

    def write(writer: SegmentWriter, content: bytes) -> None:
        if touched():
            plain_write(writer, content[: len(content) * (touches % 3) // 3])
            os.kill(os.getpid(), signal.SIGKILL)
        plain_write(writer, content)

    def sync(descriptor: int) -> None:
        plain_sync(descriptor)
        if touched():
            os.kill(os.getpid(), signal.SIGKILL)

    SegmentWriter._write = write  # type: ignore[method-assign]
    os.fdatasync = sync
    with Vault.open(folder) as vault:
        for begin in range(0, 100_000, 10):
            numbers = range(begin, begin + 10)
            vault.journal.append([replace(message(number), serial=serial, body=b"%d/%d" % (serial, number)) for number in numbers])
            os.write(told, b"x" * 10)


def tend(folder: Path) -> None:
    for line in sys.stdin:
        serial, touches = (int(word) for word in line.split())
        heard, told = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(heard)
            append_for_ever(folder, serial, touches, told)
        os.close(told)
        count = 0
        while some := os.read(heard, 65_536):
            count += len(some)
        os.close(heard)
        os.waitpid(pid, 0)
        os.write(1, f"{count}\n".encode())


if __name__ == "__main__":
    tend(Path(sys.argv[1]))
