"""The journal: every message of vehicle terminals that was accepted, in order, durable before it is acknowledged, and for days only.

A batch is one sealed block of a segment (`segments.py`) in the drawer `positions/<UTC day of receipt>`. Every writer has segments of its own, so nobody waits
for anybody. Where vehicles were is handed out under a grant alone (`history`); the service that judges what terminals say reads with `recent` and `unjudged`.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import or_, select

from catseye.core.errors import StoreError
from catseye.core.grant import Grant
from catseye.core.terminal import Accepted
from catseye.core.time import Stamp
from catseye.vault.database import Database
from catseye.vault.drawers import Drawer, Drawers, ForgottenError, day_of
from catseye.vault.files import Presence, make_folder, writer_lives
from catseye.vault.journal_blocks import block_of, records_of
from catseye.vault.kept_for import NS_PER_DAY, POSITIONS
from catseye.vault.keys import Key
from catseye.vault.looks import Looks
from catseye.vault.media import drawer_folder
from catseye.vault.segments import SUFFIX, SegmentDamagedError, SegmentReader, SegmentWriter
from catseye.vault.tables import DRAWERS, JOURNAL_MARKS

SEGMENT_BYTES = 64 << 20  # a longer one is ended and another begun: what a killed writer left is looked through at the next open
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where a batch lies: block `number` of a segment, by its file's name without the ending."""

    segment: str
    number: int


class Journal:
    """The journal of one vault. What one process appends comes back in that order."""

    def __init__(self, folder: Path, database: Database, drawers: Drawers, looks: Looks, presence: Presence) -> None:
        """Of a vault that is open."""
        self._folder, self._database, self._drawers, self._looks, self._presence = folder, database, drawers, looks, presence
        self._writer: SegmentWriter | None = None
        self._day = ""
        self._segments_count = 0

    def append(self, records: Sequence[Accepted]) -> Position | None:
        """Keep a batch, whole or not at all; durable on return. Where it lies, for `judged`; None for no records.

        StoreError when the disk says no: then nothing of it counts as kept, and the same call may be made again. ForgottenError when its day is forgotten.
        """
        if not records:
            return None
        block = block_of(records)
        newest = max((record.received for record in records), key=lambda received: received.utc_ns)
        writer = self._writer_for(newest)
        whole_bytes = writer.size_bytes
        try:
            number = writer.append(block, newest.utc_ns)
        except BaseException:  # whatever it was: half a block may lie there
            self._writer = None
            writer.abandon(whole_bytes)
            raise
        if not writer.is_there():
            self._writer = None
            writer.abandon(0)
            raise ForgottenError(f"drawer {POSITIONS} {self._day}", "forgotten while it was written to", "messages of today")
        return Position(writer.path.stem, number)

    def recent(self, since: Stamp) -> Iterator[Accepted]:
        """What was received since then, by any writer; for the service alone, which shows it to nobody.

        SegmentDamagedError at the end, after all that is whole, where something in the middle is not.
        """
        for _, block in self._blocks(day_of(since), None, since.utc_ns):
            yield from (record for record in records_of(block) if record.received.utc_ns >= since.utc_ns)

    def unjudged(self) -> Iterator[tuple[Position, tuple[Accepted, ...]]]:
        """Batches of this writer and of dead ones that come after their marks, in order; those of other living writers are theirs to judge.

        SegmentDamagedError as for `recent`.
        """
        with self._database.reading() as connection:
            marks = {row.writer: (row.segment_number, row.block_number) for row in connection.execute(select(JOURNAL_MARKS))}
        for position, block in self._blocks("", None, None, marks):
            yield position, tuple(records_of(block))

    def judged(self, position: Position) -> None:
        """All that its writer appended up to there is judged; a mark never goes back. Durable on return."""
        _, writer, segment_number = _named(position.segment)
        with self._database.writing() as connection:
            self._database.lock(connection)
            c = JOURNAL_MARKS.c
            self._database.insert_new(connection, JOURNAL_MARKS, [{"writer": writer, "segment_number": -1, "block_number": -1, "period": ""}])
            is_farther = or_(c.segment_number < segment_number, (c.segment_number == segment_number) & (c.block_number < position.number))
            told = {"segment_number": segment_number, "block_number": position.number, "period": self._period_of(position.segment)}
            connection.execute(JOURNAL_MARKS.update().where(c.writer == writer, is_farther).values(told))

    def history(self, identity: str, since: Stamp, until: Stamp, grant: Grant, now: Stamp, why: str) -> Iterator[Accepted]:
        """What a terminal said from `since` until before `until`. The look is written and logged (`positions/<identity>`) before this returns.

        GrantError when the grant is over or nobody says why; SegmentDamagedError as for `recent`.
        """
        if until.utc_ns <= since.utc_ns:
            raise ValueError(f"history from {since.iso()} until {until.iso()}; wanted an end after the beginning")
        self._looks.note(f"{POSITIONS}/{identity}", grant, now, why)
        return self._history(identity, since, until)

    def mend(self) -> None:
        """Cut what dead writers left half, under the lock of opening; damage is left as it is, and told."""
        for day, paths in self._days("", None):
            for path in paths:
                if not self._is_of_the_living(path):
                    for fault in self._mended(path, day):
                        _LOG.error("%s: %s", path, fault)

    def _mended(self, path: Path, key: Key) -> list[str]:
        """What is wrong with a segment beyond what could be cut."""
        faults: list[str] = []
        if (reader := self._reader(path, key, faults)) is not None:
            with reader:
                if cut_bytes := reader.mend():
                    _LOG.warning("%s: cut %d bytes that a writer left half; nothing of them was acknowledged", path, cut_bytes)
            faults += reader.faults
        return faults

    def close(self) -> None:
        """End the segment; idempotent."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            with suppress(StoreError):  # what was acknowledged is durable without it
                writer.end()

    def _history(self, identity: str, since: Stamp, until: Stamp) -> Iterator[Accepted]:
        last = day_of(until.plus_ns(NS_PER_DAY))  # a batch lies with the day of its newest record
        for _, block in self._blocks(day_of(since), last, since.utc_ns):
            yield from (record for record in records_of(block, identity) if since.utc_ns <= record.received.utc_ns < until.utc_ns)

    def _writer_for(self, newest: Stamp) -> SegmentWriter:
        """The open segment, or a new one where there is none, the day is another, or it is long."""
        day = day_of(newest)
        if self._writer is not None and day_of(newest.plus_ns(NS_PER_DAY)) == self._day:
            day = self._day  # a late batch of yesterday
        if self._writer is not None and (day != self._day or self._writer.size_bytes >= SEGMENT_BYTES):
            self.close()
        if self._writer is None:
            drawer = Drawer(POSITIONS, day)
            key = self._drawers.ready(drawer, newest)
            name = f"{newest.utc_ns:020d}-{self._presence.token}-{self._segments_count:06d}{SUFFIX}"
            writer = SegmentWriter(make_folder(drawer_folder(self._folder, POSITIONS, day)) / name, key)
            self._segments_count += 1
            try:
                self._drawers.ready(drawer, newest)  # forgotten between the key and the file: nobody would remove the file
            except BaseException:
                writer.abandon(0)
                writer.path.unlink(missing_ok=True)
                raise
            self._writer, self._day = writer, day
        return self._writer

    def _blocks(
        self, first: str, last: str | None, since_utc_ns: int | None, marks: dict[str, tuple[int, int]] | None = None
    ) -> Iterator[tuple[Position, bytes]]:
        """Whole blocks of days `first` to `last`; with marks, those after them that are nobody else's."""
        faults: list[str] = []
        for day, paths in self._days(first, last):
            for path in paths:
                begin = 0 if marks is None else self._begin(path, marks)
                reader = None if begin is None else self._reader(path, day, faults)
                if begin is not None and reader is not None:
                    with reader:
                        yield from ((Position(path.stem, number), block) for number, block in reader.blocks(begin, since_utc_ns))
                    faults += [f"{path}: {fault}" for fault in reader.faults]
        if faults:
            raise SegmentDamagedError("the journal", "; ".join(faults), "segments as they were written; what is whole was handed out")

    def _begin(self, path: Path, marks: dict[str, tuple[int, int]]) -> int | None:
        """The first block of a segment that is to be judged here; None when none is."""
        _, writer, segment_number = _named(path.stem)
        if writer != self._presence.token and self._is_of_the_living(path):
            return None
        marked_number, block_number = marks.get(writer, (-1, -1))
        return None if segment_number < marked_number else block_number + 1 if segment_number == marked_number else 0

    def _days(self, first: str, last: str | None) -> Iterator[tuple[Key, list[Path]]]:
        """Keys of the days that are kept, with their segments in order."""
        c = DRAWERS.c
        kept = select(c.period).where(c.retention == POSITIONS, c.forgotten_utc_ns.is_(None), c.period >= first).order_by(c.period)
        with self._database.reading() as connection:
            days = list(connection.scalars(kept if last is None else kept.where(c.period <= last)))
        for day in days:
            paths: list[Path] = []
            with suppress(ForgottenError), self._database.reading() as connection:
                key = self._drawers.key(connection, Drawer(POSITIONS, day))
                paths = sorted(drawer_folder(self._folder, POSITIONS, day).glob(f"*{SUFFIX}"))
            if paths:
                yield key, paths

    def _reader(self, path: Path, key: Key, faults: list[str]) -> SegmentReader | None:
        """None, and a fault, for what is no segment of that day; None for one that was forgotten meanwhile."""
        try:
            return SegmentReader(path, key)
        except SegmentDamagedError as error:
            faults.append(str(error))
        except FileNotFoundError:
            pass
        return None

    def _is_of_the_living(self, path: Path) -> bool:
        return writer_lives(self._folder / "writers" / _named(path.stem)[1])

    def _period_of(self, segment: str) -> str:
        """The day whose drawer a segment lies in."""
        if self._writer is not None and self._writer.path.stem == segment:
            return self._day
        found = [path.parent.name for path in drawer_folder(self._folder, POSITIONS, "x").parent.glob(f"*/{segment}{SUFFIX}")]
        return found[0] if found else day_of(Stamp(_named(segment)[0]))


def _named(segment: str) -> tuple[int, str, int]:
    """When a segment begins, its writer and its place among that writer's."""
    begin, writer, number = segment.rsplit("-", 2)
    return int(begin), writer, int(number)
