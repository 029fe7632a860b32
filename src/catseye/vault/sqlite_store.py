"""SQLite as a store: one file, durable at every commit, patient with other writers, plain about faults."""

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Column, ColumnElement, Connection, Engine, Table, bindparam, create_engine, event, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError

from catseye.core.errors import StoreError

_SAID = {
    "SQLITE_FULL": ("no space left on the disk", "free space; what was acknowledged is safe"),
    "SQLITE_READONLY": ("the database is read-only", "a folder this user may write"),
    "SQLITE_CANTOPEN": ("the database cannot be opened", "a folder this user may write"),
    "SQLITE_CORRUPT": ("the database is damaged", "an undamaged vault, or a new folder"),
    "SQLITE_NOTADB": ("not a database", "an undamaged vault, or a new folder"),
    "SQLITE_IOERR": ("the disk failed while the database wrote or read", "a disk that works, with free space"),
}


class SqliteStore:
    """One file."""

    faults: tuple[type[Exception], ...] = (DBAPIError, sqlite3.Error)

    def __init__(self, path: Path, patience_s: float) -> None:
        """`patience_s` is how long to wait for another writer."""
        self.shown, self._path, self._patience_s = str(path), path, patience_s

    def engine(self) -> Engine:
        """An engine whose writing transactions hold the write lock from their first statement (no upgrade, so no deadlock)."""
        url = URL.create("sqlite", database=str(self._path))
        itself = {"timeout": self._patience_s, "isolation_level": None}  # timeout is SQLite's busy_timeout; we begin ourselves
        engine = create_engine(url, connect_args=itself, hide_parameters=True)  # a fault goes into logs: places and plates stay out of it

        @event.listens_for(engine, "connect")
        def _prepare(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")  # fsync at every commit: acknowledged means on the disk, also when the power goes
            connection.execute("PRAGMA wal_autocheckpoint=4000")  # 16 MB: pages that many batches touch are copied once; a fifth more events a second

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            reads = connection.get_execution_options().get("catseye_reads", False)
            connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

        return engine

    def told(self, error: Exception) -> tuple[str, str]:
        """What came and what was wanted, of one of `faults`."""
        fault = error.orig if isinstance(error, DBAPIError) else error
        name = str(getattr(fault, "sqlite_errorname", ""))
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return f"another writer has held it for {self._patience_s:g} s", "its turn to write"
        return next((words for key, words in _SAID.items() if name.startswith(key)), (str(fault), "a database that works"))

    def lock(self, connection: Connection) -> None:
        """Nobody else writes until the transaction ends: it holds the file's write lock already."""

    def among(self, column: Column[Any], names: Sequence[str]) -> ColumnElement[bool]:
        """Whether a text column is one of these: one statement and one argument, however many, so nothing is compiled anew."""
        listed = func.json_each(bindparam(None, json.dumps(names, ensure_ascii=False), unique=True)).table_valued("value")
        return column.in_(select(listed.c.value))

    def wipe(self, engine: Engine, tables: Sequence[Table]) -> None:
        """Write the file anew without what was deleted, and empty its log: nothing deleted is left in free pages or in the WAL."""
        del tables
        raw = engine.raw_connection()
        try:
            connection: Any = raw.driver_connection
            connection.execute("VACUUM")
            is_busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if is_busy:
                raise StoreError(self.shown, f"somebody has read or written for {self._patience_s:g} s, so its log could not be emptied", "the same call again")
        finally:
            raw.close()

    def insert_new(self, connection: Connection, table: Table, rows: list[dict[str, Any]]) -> int:
        """Insert what is not there yet, by primary key; how many were new."""
        done = connection.execution_options(preserve_rowcount=True).execute(insert(table).on_conflict_do_nothing(), rows)
        return done.rowcount
