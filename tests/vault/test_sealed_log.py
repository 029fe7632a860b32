"""The log grows with the facts, proves what is in it, and shows what was changed, cut or forked. On both databases."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from tests.vault.factories import events_at

from catseye.core.errors import StoreError
from catseye.vault.database import Database
from catseye.vault.leaves import SALT_BYTES, Entry, Head, entry_leaf
from catseye.vault.merkle import EMPTY_ROOT, holds_leaf, is_continued, leaf_hash
from catseye.vault.sealed_log import SealedLog
from catseye.vault.tables import EVENTS, event_bytes, event_row, event_subject
from catseye.vault.vault import EVENT, Vault


def entries(count: int, first: int = 0) -> list[Entry]:
    return [Entry("step", f"case-{number}", f"body {number}".encode()) for number in range(first, first + count)]


def filled(database: Database, *counts: int) -> tuple[SealedLog, list[Head]]:
    log, heads, size = SealedLog(database), [], 0
    for count in counts:
        with database.writing() as connection:
            assert log.append(connection, entries(count, size)) == range(size, size + count)
            size += count
            heads.append(log.head(connection))
    return log, heads


def bodies_of(kind: str, subjects: Sequence[str]) -> dict[str, bytes]:
    return {subject: f"body {subject.removeprefix('case-')}".encode() for subject in subjects}


def test_an_empty_log_has_the_head_of_nothing(database: Database) -> None:
    with database.reading() as connection:
        assert SealedLog(database).head(connection) == Head(0, EMPTY_ROOT)


def test_every_entry_is_shown_to_be_in_every_later_head(database: Database) -> None:
    log, heads = filled(database, 1, 2, 254, 1, 300)
    with database.reading() as connection:
        for head in heads:
            for seq in {0, 1, 2, head.size_count // 2, head.size_count - 1} & set(range(head.size_count)):
                path = log.inclusion(connection, seq, head.size_count)
                (entry,) = log.entries(connection, seq, 1)
                leaf = entry.leaf(f"body {seq}".encode())
                assert leaf is not None and holds_leaf(leaf, seq, head.size_count, path, head.root)
                assert not holds_leaf(entry.leaf(b"another body") or b"", seq, head.size_count, path, head.root)


def test_every_head_continues_all_before_it(database: Database) -> None:
    log, heads = filled(database, 3, 250, 5, 260)
    with database.reading() as connection:
        assert [log.head_at(connection, head.size_count) for head in heads] == heads
        for old in heads:
            for new in (head for head in heads if head.size_count >= old.size_count):
                path = log.consistency(connection, old.size_count, new.size_count)
                assert is_continued(old.size_count, new.size_count, old.root, new.root, path)


def test_what_is_not_committed_was_never_logged(database: Database) -> None:
    log, (head,) = filled(database, 4)
    with pytest.raises(KeyboardInterrupt), database.writing() as connection:
        log.append(connection, entries(3, 4))
        raise KeyboardInterrupt
    with database.reading() as connection:
        assert log.head(connection) == head
        assert list(log.faults(connection, bodies_of)) == []


def test_a_whole_log_has_no_faults(database: Database) -> None:
    log, _ = filled(database, 255, 1, 300)
    with database.reading() as connection:
        assert list(log.faults(connection, bodies_of)) == []


def test_a_changed_fact_is_named(database: Database) -> None:
    log, _ = filled(database, 5)
    with database.reading() as connection:
        told = list(log.faults(connection, lambda kind, subjects: bodies_of(kind, subjects) | {"case-3": b"forged"}))
    assert told == ["entry 3: step case-3 was changed after it was logged"]


def test_a_fact_that_is_gone_without_being_forgotten_is_named(database: Database) -> None:
    log, _ = filled(database, 3)
    with database.reading() as connection:
        told = list(log.faults(connection, lambda kind, subjects: bodies_of(kind, [s for s in subjects if s != "case-1"])))
    assert told == ["entry 1: step case-1 is gone, and was not forgotten"]


def test_a_forgotten_fact_leaves_its_leaf_and_nothing_to_guess_it_by(database: Database) -> None:
    log, (head,) = filled(database, 6)
    with database.writing() as connection:
        assert log.forget(connection, [2, 4]) == 2
        assert log.forget(connection, [2]) == 0
    with database.reading() as connection:
        assert log.head(connection) == head
        assert [entry.salt is None for entry in log.entries(connection)] == [False, False, True, False, True, False]
        assert log.entries(connection, 2, 1)[0].leaf(b"body 2") is None
        assert list(log.faults(connection, bodies_of)) == []


@pytest.mark.parametrize("size", [255, 256, 257])
def test_a_changed_hash_in_any_tile_is_found(database: Database, size: int) -> None:
    log, (head,) = filled(database, size)
    with database.writing() as connection:
        for (level, tile), hashes in [((row.level, row.tile), bytes(row.hashes)) for row in connection.execute(text("SELECT * FROM log_tiles"))]:
            forged = bytes([hashes[0] ^ 1]) + hashes[1:]
            where = {"level": level, "tile": tile}
            connection.execute(text("UPDATE log_tiles SET hashes = :hashes WHERE level = :level AND tile = :tile"), where | {"hashes": forged})
            assert log.head_at(connection, size) != head or list(log.faults(connection, bodies_of))
            connection.execute(text("UPDATE log_tiles SET hashes = :hashes WHERE level = :level AND tile = :tile"), where | {"hashes": hashes})
        assert list(log.faults(connection, bodies_of)) == []


def test_a_log_that_lost_its_end_says_so(database: Database) -> None:
    log, _ = filled(database, 10)
    with database.writing() as connection:
        connection.execute(text("DELETE FROM log_entries WHERE seq = 9"))
        assert "9 entries, the last one 8: the log has 10" in list(log.faults(connection))
        connection.execute(text("UPDATE log_state SET size_count = 5000"))
        with pytest.raises(StoreError, match="lacks hashes"):
            log.head(connection)
        with pytest.raises(StoreError, match="tile 0/19 holds 0 hashes; wanted 136, as the log's size says"):
            log.append(connection, entries(1))


def test_a_head_the_log_never_had_is_refused(database: Database) -> None:
    log, _ = filled(database, 2)
    with database.reading() as connection, pytest.raises(StoreError, match="a head of 3 entries asked of a log of 2"):
        log.head_at(connection, 3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.binary(max_size=40), st.text(max_size=8), st.text(max_size=8), st.binary(max_size=20))
def test_no_two_entries_share_a_leaf_by_moving_the_seam(body: bytes, kind: str, subject: str, more: bytes) -> None:
    salt = b"s" * SALT_BYTES
    leaf = entry_leaf(salt, Entry(kind, subject, body))
    assert leaf != leaf_hash(salt + kind.encode() + subject.encode() + body)
    if more:
        assert leaf != entry_leaf(salt, Entry(kind, subject, body + more))
        assert leaf != entry_leaf(salt + more, Entry(kind, subject, body))


def event_bodies(vault: Vault) -> dict[str, bytes]:
    with vault._database.reading() as connection:
        rows = [dict(row) for row in connection.execute(EVENTS.select()).mappings()]
    return {event_subject(row): event_bytes(row) for row in rows}


def test_every_event_is_logged_once_and_again_when_it_grows(vault: Vault) -> None:
    first, second = events_at(1, 2)
    vault.keep_events([first, second])
    vault.keep_events([first])
    vault.keep_events([replace(first, end_time_ns=first.end_time_ns + 5)])
    with vault._database.reading() as connection:
        logged = vault.log.entries(connection)
        assert [entry.subject for entry in logged] == [f"run/{event.id}" for event in (first, second, first)]
        assert {entry.kind for entry in logged} == {EVENT}
        bodies = event_bodies(vault)
        assert list(vault.log.faults(connection, lambda _kind, subjects: {name: bodies[name] for name in subjects if name in bodies})) == []


def test_an_event_changed_behind_the_vault_s_back_is_found(vault: Vault) -> None:
    vault.keep_events(events_at(1, 2, 3))
    with vault._database.writing() as connection:
        connection.execute(EVENTS.update().where(EVENTS.c.time_ns == 2 * 10**9).values(camera="another"))
    with vault._database.reading() as connection:
        bodies = event_bodies(vault)
        (told,) = vault.log.faults(connection, lambda _kind, subjects: {name: bodies[name] for name in subjects if name in bodies})
    assert told.endswith("was changed after it was logged")


def test_the_leaf_of_an_event_stands_for_its_whole_row() -> None:
    row = event_row("run", events_at(1)[0])
    assert all(event_bytes(row | {name: None}) != event_bytes(row) for name in row if row[name] is not None)


def test_a_rolled_back_database_is_no_continuation_of_what_a_witness_kept(tmp_path: Path) -> None:
    database = Database(tmp_path / "vault.db", 5.0)
    filled(database, 5)
    database.close()
    with sqlite3.connect(tmp_path / "vault.db") as live, sqlite3.connect(tmp_path / "old.db") as copy:
        live.backup(copy)
    live.close()
    copy.close()
    database = Database(tmp_path / "vault.db", 5.0)
    log = SealedLog(database)
    with database.writing() as connection:
        log.append(connection, entries(2, 5))
        kept = log.head(connection)
    database.close()
    rolled_back = Database(tmp_path / "old.db", 5.0)
    log = SealedLog(rolled_back)
    with rolled_back.writing() as connection:
        with pytest.raises(StoreError, match="a head of 7 entries asked of a log of 5"):
            log.head_at(connection, kept.size_count)
        log.append(connection, entries(4, 5))  # and goes on another way
        now = log.head(connection)
        path = log.consistency(connection, kept.size_count, now.size_count)
    rolled_back.close()
    assert not is_continued(kept.size_count, now.size_count, kept.root, now.root, path)
