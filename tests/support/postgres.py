"""A database of our own on the machine's PostgreSQL, gone when the test is over."""

import atexit
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pg8000.dbapi

HOST, USER = "127.0.0.1", "postgres"


def server() -> Any:
    """A connection to the server that is at nobody's database; InterfaceError where there is none."""
    connection = pg8000.dbapi.connect(user=USER, host=HOST, database="postgres", timeout=10)
    connection.autocommit = True
    return connection


def told(statement: str) -> None:
    """Run one statement on the server."""
    connection = server()
    try:
        connection.cursor().execute(statement)
    finally:
        connection.close()


_FREE: list[str] = []  # emptied, for the next test of this process: making and dropping one costs the server a checkpoint


@contextmanager
def fresh_database() -> Iterator[str]:
    """The URL of an empty database."""
    name = _FREE.pop() if _FREE else _made()
    try:
        yield f"postgresql://{USER}@{HOST}/{name}"
    finally:
        _empty(name)
        _FREE.append(name)


def _made() -> str:
    name = f"catseye_test_{secrets.token_hex(6)}"
    told(f"CREATE DATABASE {name}")
    told(f"ALTER DATABASE {name} SET synchronous_commit = off")  # tests kill writers, never the server: what it was told of stays
    atexit.register(told, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    return name


def _empty(name: str) -> None:
    """As it was made, whoever was in it."""
    told(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    connection = pg8000.dbapi.connect(user=USER, host=HOST, database=name, timeout=10)
    connection.autocommit = True
    try:
        connection.cursor().execute("DROP SCHEMA public CASCADE")
        connection.cursor().execute("CREATE SCHEMA public")
    finally:
        connection.close()
