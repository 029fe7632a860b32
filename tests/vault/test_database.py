import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from tests.vault.factories import crossings_at, events_at

from catseye.core.errors import StoreError
from catseye.vault.database import Database, _scripts, _upgrade
from catseye.vault.sqlite_store import SqliteStore
from catseye.vault.tables import EVENTS, HEAD, METADATA
from catseye.vault.vault import Vault


def test_migrations_end_where_the_tables_are(database: Database) -> None:
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    assert _scripts().get_current_head() == HEAD


def test_a_fault_of_the_database_tells_nothing_of_what_was_to_be_kept(database: Database) -> None:
    row = {"run": "fleet", "id": "1", "camera": "terminal-138", "kind": None, "time_ns": 0, "end_time_ns": 0, "utc_ns": 0, "body": "21.0278 105.8342"}
    with pytest.raises(Exception, match="kind") as caught, database.writing() as connection:
        connection.execute(EVENTS.insert().values(row))
    said = str(caught.value).partition("DETAIL")[0]  # PostgreSQL's own words about a row are the server's
    assert "21.0278" not in said


def test_a_migration_cut_short_leaves_nothing_and_runs_again(tmp_path: Path) -> None:
    Database(tmp_path / "other.db", 1.0).close()
    path = tmp_path / "vault.db"
    database = Database.__new__(Database)  # open without migrating
    database._store = SqliteStore(path, 1.0)
    database._engine = database._store.engine()
    with pytest.raises(KeyboardInterrupt), database.writing() as connection:
        _upgrade(connection)
        raise KeyboardInterrupt
    database.close()
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT name FROM sqlite_master").fetchall() == []
    raw.close()
    Database(path, 1.0).close()


def test_every_commit_reaches_the_disk(tmp_path: Path) -> None:
    database = Database(tmp_path / "vault.db", 1.5)
    with database.reading() as connection:
        told = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous", "busy_timeout")}
    assert told == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 1500}
    database.close()


def test_a_vault_of_a_newer_catseye_is_left_alone(tmp_path: Path) -> None:
    Vault.open(tmp_path).close()
    with sqlite3.connect(tmp_path / "vault.db") as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    with pytest.raises(StoreError, match=f"its schema 9999 is of a newer catseye; wanted schema {HEAD} or older"):
        Vault.open(tmp_path)


def test_a_damaged_database_is_told_apart_from_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "vault.db").write_bytes(b"this was never a database, of that we are sure" * 100)
    with pytest.raises(StoreError, match="not a database; wanted an undamaged vault"):
        Vault.open(tmp_path)


def test_a_page_gone_bad_is_told_as_damage(tmp_path: Path) -> None:
    with Vault.open(tmp_path) as vault:
        vault.keep_events(events_at(*range(2000)))
    raw = bytearray((tmp_path / "vault.db").read_bytes())
    raw[4096 * 3 :] = b"\xff" * (len(raw) - 4096 * 3)
    (tmp_path / "vault.db").write_bytes(raw)
    with pytest.raises(StoreError, match="the database is damaged"):
        Vault.open(tmp_path)


def test_a_writer_that_holds_on_is_waited_for_and_then_named(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path, patience_s=0.2)
    other = sqlite3.connect(tmp_path / "vault.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"another writer has held it for 0.2 s"):
        vault.keep_events(events_at(1))
    assert list(vault.events()) == [], "reading never waits for a writer"
    other.execute("ROLLBACK")
    other.close()
    assert vault.keep_crossings(crossings_at(1)) == 1
    vault.close()


def test_the_vault_never_loads_what_touches_raw_pictures() -> None:
    ask = (
        "import sys, catseye.vault.vault; print([m for m in sys.modules if m.split('.')[0] in ('av', 'cv2', 'onnxruntime') or m.startswith('catseye.vision')])"
    )
    assert subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.strip() == "[]"
