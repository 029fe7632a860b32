"""PostgreSQL as a store, spoken to by pg8000 (BSD): the same tables and promises as the embedded one, for many machines at once."""

import json
import socket
from collections.abc import Sequence
from typing import Any

from pg8000.exceptions import Error as Pg8000Error
from sqlalchemy import Column, ColumnElement, Connection, Engine, LargeBinary, Table, Text, bindparam, cast, create_engine, event, func, make_url, select, text
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.exc import ArgumentError, DBAPIError

from catseye.core.errors import StoreError
from catseye.core.secrets import masked

DRIVER = "postgresql+pg8000"
_LOCK_KEY = 0x0CA75E7E  # one advisory lock a database: "cat's eye"
_SAID = {
    "53100": ("no space left on the server's disk", "free space; what was acknowledged is safe"),
    "28P01": ("the server refuses this user or password", "a login of that database"),
    "28000": ("the server refuses this user", "a login of that database"),
    "3D000": ("there is no such database on the server", "a database made for the vault"),
    "42501": ("this user may not write there", "a login that owns the vault's tables"),
    "57P01": ("the server was shut down", "a server that runs; what was acknowledged is safe"),
    "22P05": ("a text with a character the server cannot store", "text without NUL"),
}
_BUSY = ("55P03", "57014", "40001", "40P01")


class PostgresStore:
    """One database on a server, by URL; a URL with a password is shown without it."""

    faults: tuple[type[Exception], ...] = (DBAPIError, Pg8000Error, ConnectionError)  # pg8000 lets a reset through as it came

    def __init__(self, url: str, patience_s: float) -> None:
        """`patience_s` is how long to wait for another writer, and for the server to answer a connection. StoreError when `url` is none of PostgreSQL's."""
        self.shown, self._patience_s = masked(url), patience_s
        try:
            self._url = make_url(url)
        except ArgumentError as error:
            raise StoreError(self.shown, "not an address of a database", "postgresql://user@host/database") from error
        if self._url.get_backend_name() != "postgresql":
            raise StoreError(self.shown, f"a database of kind {self._url.get_backend_name()}", "postgresql://…, or no address for the embedded one")
        self._url = self._url.set(drivername=DRIVER)

    def engine(self) -> Engine:
        """An engine whose transactions wait `patience_s` for locks; a reading one sees one moment, whatever others commit."""
        engine = create_engine(
            self._url, connect_args={"timeout": self._patience_s}, pool_pre_ping=True, hide_parameters=True
        )  # a fault goes into logs: places and plates stay out of it
        plain_ping = engine.dialect.do_ping

        def ping(connection: Any) -> bool:
            try:
                return plain_ping(connection)
            except ConnectionError:  # the pool takes only the driver's own errors for a connection that is gone
                return False

        engine.dialect.do_ping = ping  # type: ignore[assignment]  # this engine's alone

        @event.listens_for(engine, "connect")
        def _prepare(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            cursor.execute(f"SET lock_timeout = {round(self._patience_s * 1000)}")
            cursor.execute("SET client_min_messages = error")
            connection.commit()
            connection._usock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or the packets of one statement wait for receipts: 40 ms
            connection._usock.settimeout(None)  # pg8000 keeps the time for connecting for every later answer; long statements are fine

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            if connection.get_execution_options().get("catseye_reads", False):
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

        return engine

    def told(self, error: Exception) -> tuple[str, str]:
        """What came and what was wanted, of one of `faults`."""
        fault = error.orig if isinstance(error, DBAPIError) else error
        words: Any = fault.args[0] if fault is not None and fault.args else ""
        code = str(words.get("C", "")) if isinstance(words, dict) else ""
        if code in _BUSY:
            return f"another writer has held it for {self._patience_s:g} s", "its turn to write"
        if not code:
            said = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(words)
            return f"the server does not answer ({said[:120]})", "a server that runs; what was acknowledged is safe"
        return _SAID.get(code, (str(words.get("M", words)), "a database that works"))

    def lock(self, connection: Connection) -> None:
        """Nobody else who asks for it writes until the transaction ends."""
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})

    def among(self, column: Column[Any], names: Sequence[str]) -> ColumnElement[bool]:
        """Whether a text column is one of these: one statement and one argument, however many, so nothing is compiled anew."""
        said = cast(bindparam(None, json.dumps(names, ensure_ascii=False), Text(), unique=True), JSON)
        return column.in_(select(func.json_array_elements_text(said).column_valued()))

    def wipe(self, engine: Engine, tables: Sequence[Table]) -> None:
        """Write the tables anew without what was deleted. The server's own WAL, archives and backups are its keeper's to forget."""
        raw = engine.raw_connection()
        try:
            connection: Any = raw.driver_connection
            connection.rollback()  # the ping of the pool began a transaction, and VACUUM runs in none
            connection.autocommit = True
            for table in tables:
                connection.cursor().execute(f"VACUUM (FULL) {table.name}")
        finally:
            raw.invalidate()

    def insert_new(self, connection: Connection, table: Table, rows: list[dict[str, Any]]) -> int:
        """Insert what is not there yet, by primary key; how many were new. One statement and one argument, however many rows."""
        names = [column.name for column in table.columns if any(column.name in row for row in rows)]
        binary = {name for name in names if isinstance(table.c[name].type, LargeBinary)}
        kinds = {name: "text" if name in binary else table.c[name].type.compile(connection.dialect) for name in names}
        chosen = ", ".join(f"decode({name}, 'hex')" if name in binary else name for name in names)
        plain = [{name: value.hex() if name in binary and value is not None else value for name, value in row.items()} for row in rows]
        statement = (
            f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {chosen} FROM json_to_recordset(CAST(:rows AS json)) "
            f"AS given({', '.join(f'{name} {kinds[name]}' for name in names)}) ON CONFLICT DO NOTHING"
        )
        done = connection.execute(text(statement), {"rows": json.dumps(plain, allow_nan=False, ensure_ascii=False)})
        return done.rowcount
