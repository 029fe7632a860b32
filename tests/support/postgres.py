"""A database of our own on the machine's PostgreSQL, gone when the test is over."""

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


@contextmanager
def fresh_database() -> Iterator[str]:
    """The URL of an empty database."""
    name = f"catseye_test_{secrets.token_hex(6)}"
    told(f"CREATE DATABASE {name}")
    try:
        yield f"postgresql://{USER}@{HOST}/{name}"
    finally:
        told(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
