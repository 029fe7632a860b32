"""Files on their way in, of all attachment connections together: what came before a link broke is still there when the terminal comes back.

Until a file is safe its bytes lie in memory, or in a file without a name; a process that is killed leaves nothing that could be opened.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.attachments.ranges import Ranges
from catseye.fleet.media_keeper import Attachment, Expected, MediaRefusedError


@dataclass(frozen=True, slots=True)
class Limits:
    """What terminals may ask of this machine. `kept_s`: how long what came is held after the link broke; `idle_s`: how long a silent one is held.

    `in_memory_bytes`: of one file, before it goes to a file without a name; `all_bytes`: of all unfinished files together, as announced.
    """

    files_count: int = 32
    file_bytes: int = 64 << 20
    alarm_bytes: int = 128 << 20
    connection_bytes: int = 256 << 20
    all_bytes: int = 1 << 30
    in_memory_bytes: int = 1 << 20
    spans_count: int = 4096
    kept_s: float = 600.0
    idle_s: float = 60.0
    connections_count: int = 256


class Fate(StrEnum):
    """How far a file is."""

    COMING = "coming"
    BEING_TAKEN = "being taken"
    SAFE = "safe"
    REFUSED = "refused"


@dataclass(slots=True)
class Coming:
    """One file on its way in. `fault`: why it was refused."""

    attachment: Attachment
    file: BinaryIO
    ranges: Ranges = field(default_factory=Ranges)
    fate: Fate = Fate.COMING
    fault: str = ""

    def missing(self) -> list[tuple[int, int]]:
        """(offset, length) of what has not come."""
        return self.ranges.missing(self.attachment.size_bytes)


@dataclass(slots=True)
class AlarmShelf:
    """The files of one alarm. `holder`: the connection that sends them now; a newer one takes over."""

    expected: Expected
    files: dict[str, Coming] = field(default_factory=dict)
    heard: Stamp = field(default_factory=lambda: Stamp(0))
    holder: object = None

    @property
    def reserved_bytes(self) -> int:
        """Announced and not yet safe or refused."""
        return sum(each.attachment.size_bytes for each in self.files.values() if each.fate in (Fate.COMING, Fate.BEING_TAKEN))


class Shelf:
    """All alarms whose files are coming. Lives in one thread."""

    def __init__(self, limits: Limits | None = None, staging: Path | None = None) -> None:
        """`staging`: where large files without a name lie; None: where the system keeps temporary files."""
        self.limits, self._staging = limits or Limits(), staging
        self._alarms: dict[str, AlarmShelf] = {}

    def __len__(self) -> int:
        """How many alarms."""
        return len(self._alarms)

    @property
    def reserved_bytes(self) -> int:
        """Of all files that are not yet safe."""
        return sum(each.reserved_bytes for each in self._alarms.values())

    def of(self, expected: Expected, now: Stamp, holder: object) -> AlarmShelf:
        """The shelf of an alarm, for this connection from now on; what came before is on it."""
        self.forget_old(now)
        alarm = self._alarms.setdefault(expected.alarm_no, AlarmShelf(expected))
        alarm.heard, alarm.holder = now, holder
        return alarm

    def begin(self, alarm: AlarmShelf, attachment: Attachment) -> Coming:
        """Room for a file, or the file that is coming already. MediaRefusedError: it is more than may come."""
        known = alarm.files.get(attachment.key)
        if known is not None and known.fate is not Fate.COMING:
            return known
        if known is not None and known.attachment == attachment:
            return known
        if known is not None:  # another size or kind than the first time: it is another file, and begins anew
            self._drop(alarm, attachment.key)
        self._refuse_too_much(alarm, attachment)
        spool = SpooledTemporaryFile(max_size=self.limits.in_memory_bytes, dir=None if self._staging is None else str(self._staging))  # noqa: SIM115 - outlives this call
        alarm.files[attachment.key] = coming = Coming(attachment, cast("BinaryIO", spool))
        return coming

    def add(self, coming: Coming, offset_bytes: int, payload: bytes) -> None:
        """Write a piece of a file that is coming; twice changes nothing but which bytes are there. MediaRefusedError: beyond what was announced."""
        end_bytes = offset_bytes + len(payload)
        where = f"attachment {coming.attachment.key}"
        if end_bytes > coming.attachment.size_bytes:
            raise MediaRefusedError(where, f"bytes up to {end_bytes}", f"{coming.attachment.size_bytes}, as announced")
        ranges = coming.ranges.add(offset_bytes, end_bytes)
        if len(ranges.spans_bytes) > self.limits.spans_count:
            raise MediaRefusedError(where, f"more than {self.limits.spans_count} pieces apart from each other", "pieces in order")
        coming.file.seek(offset_bytes)
        coming.file.write(payload)
        coming.ranges = ranges

    def finish(self, coming: Coming, fate: Fate, fault: str = "") -> None:
        """It is safe, or refused for good: its bytes are gone."""
        coming.fate, coming.fault = fate, fault
        coming.file.close()

    def forget_old(self, now: Stamp) -> None:
        """Drop what nobody came back for."""
        before_ns = now.utc_ns - round(self.limits.kept_s * NS_PER_S)
        for alarm_no, alarm in list(self._alarms.items()):
            is_busy = alarm.holder is not None or any(each.fate is Fate.BEING_TAKEN for each in alarm.files.values())
            if alarm.heard.utc_ns < before_ns and not is_busy:
                for key in list(alarm.files):
                    self._drop(alarm, key)
                del self._alarms[alarm_no]

    def close(self) -> None:
        """Let go of everything; what is not safe is sent again another time."""
        for alarm in self._alarms.values():
            for key in list(alarm.files):
                self._drop(alarm, key)
        self._alarms.clear()

    def _refuse_too_much(self, alarm: AlarmShelf, attachment: Attachment) -> None:
        limits, size_bytes = self.limits, attachment.size_bytes
        where = f"attachment {attachment.key} of {alarm.expected.identity}"
        if not 0 < size_bytes <= limits.file_bytes:
            raise MediaRefusedError(where, f"{size_bytes} bytes announced", f"1 to {limits.file_bytes}")
        if len(alarm.files) >= limits.files_count:
            raise MediaRefusedError(where, f"file {len(alarm.files) + 1} of one alarm", f"at most {limits.files_count}")
        if alarm.reserved_bytes + size_bytes > limits.alarm_bytes:
            raise MediaRefusedError(where, f"{alarm.reserved_bytes + size_bytes} bytes of one alarm", f"at most {limits.alarm_bytes}")
        if self.reserved_bytes + size_bytes > limits.all_bytes:
            raise MediaRefusedError(where, f"{self.reserved_bytes + size_bytes} bytes on their way in", f"at most {limits.all_bytes} at once; later")

    @staticmethod
    def _drop(alarm: AlarmShelf, key: str) -> None:
        alarm.files.pop(key).file.close()
