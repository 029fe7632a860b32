"""The sealed log: one leaf for every event, case step, picture hash and look, in a Merkle tree whose heads an outside witness can keep.

It is the outbox too: an entry is written in the transaction of the fact it tells, so no fact goes untold and none is told that never was.
The tree is kept as tiles of 256 hashes at every eighth level; what lies between is hashed when asked for. A leaf is the hash of a salt and the fact:
when the fact and the salt are destroyed the log still verifies, and nobody can guess what the leaf was of.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection, func, select

from catseye.core.errors import StoreError
from catseye.vault.database import Database
from catseye.vault.leaves import HASH_BYTES, SALT_BYTES, Entry, Head, entry_leaf
from catseye.vault.merkle import consistency_path, grown, inclusion_path, is_continued, node_hash, root_of
from catseye.vault.tables import LOG_ENTRIES, LOG_STATE, LOG_TILES

__all__ = ["HASH_BYTES", "SALT_BYTES", "Entry", "Head", "LoggedEntry", "SealedLog", "entry_leaf"]

TILE_LEVELS = 8
TILE_COUNT = 1 << TILE_LEVELS
_LOG = 1  # a database holds one

Tile: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """An entry as the log knows it; `salt` None once it was forgotten."""

    seq: int
    kind: str
    subject: str
    salt: bytes | None

    def leaf(self, body: bytes) -> bytes | None:
        """The leaf hash this fact had to have; None once it was forgotten."""
        return None if self.salt is None else entry_leaf(self.salt, Entry(self.kind, self.subject, body))


class SealedLog:
    """The log of one database. Every method takes a connection, so that a fact and its entry are one transaction."""

    def __init__(self, database: Database) -> None:
        """Of a database that is open."""
        self._database = database

    def append(self, connection: Connection, entries: Sequence[Entry]) -> range:
        """Add entries in this order, within `Database.writing`; their sequence numbers, ascending without holes."""
        if not entries:
            return range(0)
        self._database.lock(connection)
        size, peaks = _state(connection)
        salts = os.urandom(SALT_BYTES * len(entries))
        rows, fresh = [], _FreshTiles(connection)
        for number, entry in enumerate(entries):
            salt = salts[number * SALT_BYTES : (number + 1) * SALT_BYTES]
            rows.append({"seq": size + number, "kind": entry.kind, "subject": entry.subject, "salt": salt})
            for level, index, found in grown(peaks, size + number, entry_leaf(salt, entry)):
                if level % TILE_LEVELS == 0:
                    fresh.add(level, index, found)
        self._database.insert_new(connection, LOG_ENTRIES, rows)
        fresh.write()
        _keep_state(connection, size + len(entries), peaks)
        return range(size, size + len(entries))

    def head(self, connection: Connection) -> Head:
        """The log as it stands."""
        size, _ = _state(connection)
        return self.head_at(connection, size)

    def head_at(self, connection: Connection, size_count: int) -> Head:
        """The log as it stood at that size. StoreError when it is shorter, or damaged."""
        if not 0 <= size_count <= _state(connection)[0]:
            raise StoreError("the sealed log", f"a head of {size_count} entries asked of a log of {_state(connection)[0]}", "a size it has had")
        return Head(size_count, root_of(size_count, _Nodes(connection).node))

    def inclusion(self, connection: Connection, seq: int, size_count: int) -> list[bytes]:
        """The path from entry `seq` to the head at `size_count` (RFC 6962, 2.1.1). ValueError when it is not in there."""
        return inclusion_path(seq, size_count, _Nodes(connection).node)

    def consistency(self, connection: Connection, old_count: int, new_count: int) -> list[bytes]:
        """What shows that the log only grew between two sizes (RFC 6962, 2.1.2)."""
        return consistency_path(old_count, new_count, _Nodes(connection).node)

    def fault_against(self, connection: Connection, kept: Head) -> str | None:
        """Why this log does not continue a head that was kept; None when it does, shown by a proof that needs no trust in what lies between."""
        now = self.head(connection)
        if now.size_count < kept.size_count:
            return f"the log has {now.size_count} entries and had {kept.size_count}: it was rolled back or cut"
        path = self.consistency(connection, kept.size_count, now.size_count)
        if not is_continued(kept.size_count, now.size_count, kept.root, now.root, path):
            return f"the first {kept.size_count} entries are not those of the head that was kept: the log was forked or changed"
        return None

    def leaf(self, connection: Connection, seq: int) -> bytes:
        """The leaf hash of one entry."""
        return _Nodes(connection).node(0, seq)

    def leaves(self, connection: Connection, begin: int, count: int) -> list[bytes]:
        """The leaf hashes of `count` entries from `begin` on."""
        nodes = _Nodes(connection)
        return [nodes.node(0, seq) for seq in range(begin, begin + count)]

    def entries(self, connection: Connection, begin: int = 0, count: int = 1000) -> list[LoggedEntry]:
        """Up to `count` entries from `begin` on, in order."""
        chosen = select(LOG_ENTRIES).where(LOG_ENTRIES.c.seq >= begin, LOG_ENTRIES.c.seq < begin + count).order_by(LOG_ENTRIES.c.seq)
        return [LoggedEntry(row.seq, row.kind, row.subject, None if row.salt is None else bytes(row.salt)) for row in connection.execute(chosen)]

    def entries_of(self, connection: Connection, kind: str, subject: str) -> list[LoggedEntry]:
        """All that was logged of one subject, in order."""
        chosen = select(LOG_ENTRIES).where(LOG_ENTRIES.c.kind == kind, LOG_ENTRIES.c.subject == subject).order_by(LOG_ENTRIES.c.seq)
        return [LoggedEntry(row.seq, row.kind, row.subject, None if row.salt is None else bytes(row.salt)) for row in connection.execute(chosen)]

    def forget(self, connection: Connection, seqs: Iterable[int]) -> int:
        """Destroy the salts of entries whose facts are destroyed; how many there were. Their leaves stay."""
        return sum(
            connection.execute(LOG_ENTRIES.update().where(LOG_ENTRIES.c.seq == seq, LOG_ENTRIES.c.salt.is_not(None)).values(salt=None)).rowcount for seq in seqs
        )

    def forget_subjects(self, connection: Connection, kind: str, subjects: Sequence[str]) -> int:
        """The same for all entries of these subjects."""
        chosen = LOG_ENTRIES.update().where(LOG_ENTRIES.c.kind == kind, self._database.among(LOG_ENTRIES.c.subject, subjects), LOG_ENTRIES.c.salt.is_not(None))
        return connection.execute(chosen.values(salt=None)).rowcount if subjects else 0

    def faults(self, connection: Connection, bodies: Callable[[str, Sequence[str]], dict[str, bytes]] | None = None) -> Iterator[str]:
        """Everything in the stored log that does not follow from its leaves; and, where `bodies` gives the facts of a kind by subject, every changed fact.

        A subject that was logged several times must be what its last entry says.
        """
        size, peaks = _state(connection)
        stored = _Nodes(connection)
        again: list[bytes] = []
        for seq in range(size):
            for level, index, found in grown(again, seq, stored.node(0, seq)):
                if level and level % TILE_LEVELS == 0 and stored.node(level, index) != found:
                    yield f"tile {level}/{index >> TILE_LEVELS}: not what its leaves make"
        if again != peaks:
            yield f"the state of the log is not what its {size} leaves make"
        count, last = connection.execute(select(func.count(), func.max(LOG_ENTRIES.c.seq)).select_from(LOG_ENTRIES)).one()
        if (count, -1 if last is None else last) != (size, size - 1):
            yield f"{count} entries, the last one {last}: the log has {size}"
        if bodies:
            yield from self._changed(connection, size, stored, bodies)

    def _changed(self, connection: Connection, size: int, stored: "_Nodes", bodies: Callable[[str, Sequence[str]], dict[str, bytes]]) -> Iterator[str]:
        latest = select(LOG_ENTRIES.c.kind, LOG_ENTRIES.c.subject, func.max(LOG_ENTRIES.c.seq).label("seq")).group_by(LOG_ENTRIES.c.kind, LOG_ENTRIES.c.subject)
        last_of = {(row.kind, row.subject): row.seq for row in connection.execute(latest)}
        for begin in range(0, size, 1000):
            entries = [entry for entry in self.entries(connection, begin) if last_of[entry.kind, entry.subject] == entry.seq and entry.salt is not None]
            for kind in {entry.kind for entry in entries}:
                mine = [entry for entry in entries if entry.kind == kind]
                found = bodies(kind, [entry.subject for entry in mine])
                for entry in mine:
                    if entry.subject not in found:
                        yield f"entry {entry.seq}: {kind} {entry.subject} is gone, and was not forgotten"
                    elif entry.leaf(found[entry.subject]) != stored.node(0, entry.seq):
                        yield f"entry {entry.seq}: {kind} {entry.subject} was changed after it was logged"


class _Nodes:
    """Hashes of complete subtrees, from tiles as they are needed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tiles: dict[Tile, bytes] = {}

    def node(self, level: int, index: int) -> bytes:
        """See `merkle.Node`. StoreError when the log has lost it."""
        stored, above = level // TILE_LEVELS * TILE_LEVELS, level % TILE_LEVELS
        first = index << above
        hashes = self._tile((stored, first >> TILE_LEVELS))
        begin = (first % TILE_COUNT) * HASH_BYTES
        row = [hashes[at : at + HASH_BYTES] for at in range(begin, begin + (HASH_BYTES << above), HASH_BYTES)]
        if len(row[-1]) != HASH_BYTES:
            raise StoreError("the sealed log", f"tile {stored}/{first >> TILE_LEVELS} lacks hashes", "a log nobody cut")
        while len(row) > 1:
            row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
        return row[0]

    def _tile(self, tile: Tile) -> bytes:
        if tile not in self._tiles:
            if len(self._tiles) >= TILE_COUNT:
                self._tiles.clear()
            self._tiles[tile] = _tile_hashes(self._connection, tile)
        return self._tiles[tile]


class _FreshTiles:
    """Tiles that are being added to, written at the end."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tiles: dict[Tile, bytearray] = {}

    def add(self, level: int, index: int, found: bytes) -> None:
        tile, place = (level, index >> TILE_LEVELS), index % TILE_COUNT
        if tile not in self._tiles:
            self._tiles[tile] = bytearray(_tile_hashes(self._connection, tile) if place else b"")
        if len(self._tiles[tile]) != place * HASH_BYTES:
            raise StoreError(
                "the sealed log", f"tile {level}/{tile[1]} holds {len(self._tiles[tile]) // HASH_BYTES} hashes", f"{place}, as the log's size says"
            )
        self._tiles[tile] += found

    def write(self) -> None:
        for (level, index), hashes in self._tiles.items():
            here = (LOG_TILES.c.level == level) & (LOG_TILES.c.tile == index)
            if not self._connection.execute(LOG_TILES.update().where(here).values(hashes=bytes(hashes))).rowcount:
                self._connection.execute(LOG_TILES.insert().values(level=level, tile=index, hashes=bytes(hashes)))


def _tile_hashes(connection: Connection, tile: Tile) -> bytes:
    level, index = tile
    found = connection.scalar(select(LOG_TILES.c.hashes).where(LOG_TILES.c.level == level, LOG_TILES.c.tile == index))
    return bytes(found or b"")


def _state(connection: Connection) -> tuple[int, list[bytes]]:
    found = connection.execute(select(LOG_STATE.c.size_count, LOG_STATE.c.peaks).where(LOG_STATE.c.log == _LOG)).one_or_none()
    if found is None:
        return 0, []
    peaks = bytes(found.peaks)
    return found.size_count, [peaks[at : at + HASH_BYTES] for at in range(0, len(peaks), HASH_BYTES)]


def _keep_state(connection: Connection, size_count: int, peaks: list[bytes]) -> None:
    values = {"size_count": size_count, "peaks": b"".join(peaks)}
    if not connection.execute(LOG_STATE.update().where(LOG_STATE.c.log == _LOG).values(values)).rowcount:
        connection.execute(LOG_STATE.insert().values(log=_LOG, **values))
