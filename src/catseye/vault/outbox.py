"""The sealed log read as an outbox: what was logged and has not yet been told to somebody outside, in order, without holes.

Sequence numbers are given under the writers' lock, so an entry that can be read has none before it still to come.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from catseye.vault.database import Database
from catseye.vault.sealed_log import SealedLog
from catseye.vault.tables import RELAYS

Bodies = Callable[[Connection, str, Sequence[str]], Mapping[str, bytes]]


@dataclass(frozen=True, slots=True)
class Untold:
    """One entry to be told: `body` is the fact its leaf stands for."""

    seq: int
    kind: str
    subject: str
    body: bytes


class Outbox:
    """The outbox of one database; every relay has a name and a position of its own."""

    def __init__(self, database: Database, log: SealedLog, bodies: Bodies) -> None:
        """`bodies(connection, kind, subjects)`: the facts as they are now."""
        self._database, self._log, self._bodies = database, log, bodies

    def log_name(self) -> str:
        """What tells this log from every other: the first 16 hex digits of its first leaf; empty while nothing is logged."""
        with self._database.reading() as connection:
            return self._log.leaf(connection, 0).hex()[:16] if self._log.head(connection).size_count else ""

    def next_seq(self, relay: str) -> int:
        """The first entry this relay has not confirmed."""
        with self._database.reading() as connection:
            return connection.scalar(select(RELAYS.c.next_seq).where(RELAYS.c.name == relay)) or 0

    def confirm(self, relay: str, next_seq: int) -> None:
        """All entries before `next_seq` are safe elsewhere; a position never goes back."""
        with self._database.writing() as connection:
            self._database.lock(connection)
            self._database.insert_new(connection, RELAYS, [{"name": relay, "next_seq": 0}])
            connection.execute(RELAYS.update().where(RELAYS.c.name == relay, RELAYS.c.next_seq < next_seq).values(next_seq=next_seq))

    def untold(self, kind: str, begin: int, most_count: int) -> tuple[list[Untold], int]:
        """Entries of a kind among the `most_count` from `begin` on, in order, and where to go on.

        Left out is what was forgotten, and what a later entry of the same subject tells anew: that one is still to come.
        """
        with self._database.reading() as connection:
            entries = self._log.entries(connection, begin, most_count)
            mine = [entry for entry in entries if entry.kind == kind and entry.salt is not None]
            found = self._bodies(connection, kind, [entry.subject for entry in mine])
            leaves = self._log.leaves(connection, begin, len(entries))
            told = [
                Untold(entry.seq, kind, entry.subject, found[entry.subject])
                for entry in mine
                if entry.subject in found and entry.leaf(found[entry.subject]) == leaves[entry.seq - begin]
            ]
        return told, begin + len(entries)
