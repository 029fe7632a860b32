"""A database behind SQLAlchemy: SQLite in the vault's folder, or PostgreSQL by its URL; migrated when opened, plain about faults."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Column, ColumnElement, Connection, Engine, Table, inspect, text

from catseye.core.errors import StoreError
from catseye.vault.sqlite_store import SqliteStore
from catseye.vault.tables import HEAD


class Store(Protocol):
    """What the two kinds of database do each in its own way."""

    shown: str
    faults: tuple[type[Exception], ...]

    def engine(self) -> Engine:
        """Connections, made when needed."""

    def told(self, error: Exception) -> tuple[str, str]:
        """What came and what was wanted, of one of `faults`."""

    def lock(self, connection: Connection) -> None:
        """Nobody else who asks for it writes until the transaction ends."""

    def among(self, column: Column[Any], names: Sequence[str]) -> ColumnElement[bool]:
        """Whether a text column is one of these."""

    def wipe(self, engine: Engine, tables: Sequence[Table]) -> None:
        """Leave nothing of what was deleted from these tables where this process could read it."""

    def insert_new(self, connection: Connection, table: Table, rows: list[dict[str, Any]]) -> int:
        """Insert what is not there yet, by primary key; how many were new."""


class Database:
    """One database. Not to be carried across a fork: open it in the process that uses it."""

    def __init__(self, place: Path | str, patience_s: float) -> None:
        """Open and migrate the file (a Path) or the server's database (a URL); `patience_s` is how long to wait for another writer.

        Several openers of one file must take turns (`sole_holder`); those of a server do.
        """
        self._store = _store_of(place, patience_s)
        self._engine = self._store.engine()
        try:
            self._migrate()
        except BaseException:  # whatever it was: nobody else holds the engine yet
            self._engine.dispose()
            raise

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, durable at its end."""
        with self._plain_faults(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view that never waits for writers."""
        with self._plain_faults(), self._engine.connect().execution_options(catseye_reads=True) as connection:
            yield connection

    def lock(self, connection: Connection) -> None:
        """Within `writing`: nobody else who asks for it writes until the transaction ends."""
        self._store.lock(connection)

    def insert_new(self, connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> int:
        """Insert what is not there yet, by primary key; how many were new."""
        return self._store.insert_new(connection, table, list(rows)) if rows else 0

    def among(self, column: Column[Any], names: Sequence[str]) -> ColumnElement[bool]:
        """Whether a text column is one of these, however many they are."""
        return self._store.among(column, names)

    def wipe(self, tables: Sequence[Table]) -> None:
        """After rows of these were deleted and that was committed: leave nothing of them in free pages, the WAL or dead rows."""
        with self._plain_faults():
            self._store.wipe(self._engine, tables)

    def close(self) -> None:
        """Give it back; idempotent."""
        self._engine.dispose()

    def _migrate(self) -> None:
        with self.writing() as connection:
            if _version(connection) == HEAD:
                return
            self._store.lock(connection)
            found = _version(connection)
            if found == HEAD:
                return
            script = _scripts()
            if found is not None and found not in {revision.revision for revision in script.walk_revisions()}:
                raise StoreError(self._store.shown, f"its schema {found} is of a newer catseye", f"schema {HEAD} or older, or a newer catseye")
            _upgrade(connection)

    @contextmanager
    def _plain_faults(self) -> Iterator[None]:
        try:
            yield
        except self._store.faults as error:
            raise StoreError(self._store.shown, *self._store.told(error)) from error


def _store_of(place: Path | str, patience_s: float) -> Store:
    if isinstance(place, Path):
        return SqliteStore(place, patience_s)
    from catseye.vault.postgres_store import PostgresStore  # its driver is loaded by whom it serves

    return PostgresStore(place, patience_s)


def _version(connection: Connection) -> str | None:
    return connection.scalar(text("SELECT version_num FROM alembic_version")) if inspect(connection).has_table("alembic_version") else None


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
