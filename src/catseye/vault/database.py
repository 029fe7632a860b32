"""SQLite behind SQLAlchemy: durable at every commit, patient with other writers, migrated when opened, plain about faults."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, inspect, text
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError

from catseye.core.errors import StoreError
from catseye.vault.tables import HEAD

_SAID = {
    "SQLITE_FULL": ("no space left on the disk", "free space; what was acknowledged is safe"),
    "SQLITE_READONLY": ("the database is read-only", "a folder this user may write"),
    "SQLITE_CANTOPEN": ("the database cannot be opened", "a folder this user may write"),
    "SQLITE_CORRUPT": ("the database is damaged", "an undamaged vault, or a new folder"),
    "SQLITE_NOTADB": ("not a database", "an undamaged vault, or a new folder"),
    "SQLITE_IOERR": ("the disk failed while the database wrote or read", "a disk that works, with free space"),
}


class Database:
    """One SQLite file. Not to be carried across a fork: open it in the process that uses it."""

    def __init__(self, path: Path, patience_s: float) -> None:
        """Open and migrate; `patience_s` is how long to wait for another writer. Call inside `sole_holder`."""
        self._path = path
        self._patience_s = patience_s
        self._engine = _engine(path, patience_s)
        try:
            self._migrate()
        except BaseException:  # whatever it was: nobody else holds the engine yet
            self._engine.dispose()
            raise

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that holds the write lock from its first statement (no upgrade, so no deadlock) and is durable at its end."""
        with self._plain_faults(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view that never waits for writers."""
        with self._plain_faults(), self._engine.connect().execution_options(catseye_reads=True) as connection:
            yield connection

    def close(self) -> None:
        """Give the file back; idempotent."""
        self._engine.dispose()

    def _migrate(self) -> None:
        with self.writing() as connection:
            found = connection.scalar(text("SELECT version_num FROM alembic_version")) if inspect(connection).has_table("alembic_version") else None
            if found == HEAD:
                return
            script = _scripts()
            if found is not None and found not in {revision.revision for revision in script.walk_revisions()}:
                raise StoreError(str(self._path), f"its schema {found} is of a newer catseye", f"schema {HEAD} or older, or a newer catseye")
            _upgrade(connection)

    @contextmanager
    def _plain_faults(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            fault = error.orig if isinstance(error, DBAPIError) else error
            name = str(getattr(fault, "sqlite_errorname", ""))
            if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                raise StoreError(str(self._path), f"another writer has held it for {self._patience_s:g} s", "its turn to write") from error
            said = next((words for key, words in _SAID.items() if name.startswith(key)), (str(fault), "a database that works"))
            raise StoreError(str(self._path), *said) from error


def _engine(path: Path, patience_s: float) -> Engine:
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, connect_args={"timeout": patience_s, "isolation_level": None})  # timeout is SQLite's busy_timeout; we begin ourselves

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")  # fsync at every commit: acknowledged means on the disk, also when the power goes

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get("catseye_reads", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _scripts() -> Any:
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())


def _config() -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    return config


def _upgrade(connection: Connection) -> None:
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def keep_new(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> int:
    """Insert what is not there yet, by primary key; how many were new."""
    if not rows:
        return 0
    done = connection.execution_options(preserve_rowcount=True).execute(insert(table).on_conflict_do_nothing(), list(rows))
    return done.rowcount
