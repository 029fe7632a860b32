"""Who looked at what, and why: written down, and sealed into the log, before anything is shown."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from catseye.core.grant import Grant, GrantError
from catseye.core.time import Stamp
from catseye.vault.database import Database
from catseye.vault.sealed_log import Entry, SealedLog
from catseye.vault.tables import LOOKS, Row, row_bytes

LOOK = "look"  # the log's kind of an entry that tells a look


@dataclass(frozen=True, slots=True)
class Look:
    """One look at `subject` (`media/<name>`, `identity/<pseudonym>` …); `number` counts from 0 within it, `why` is what the person said at the time."""

    subject: str
    number: int
    who: str
    purpose: str
    why: str
    when: Stamp


class Looks:
    """All looks of one database; they outlive what was looked at."""

    def __init__(self, database: Database, log: SealedLog) -> None:
        """Of a vault's database and log."""
        self._database, self._log = database, log

    def note(self, subject: str, grant: Grant, now: Stamp, why: str) -> Look:
        """Write a look down; durable and logged on return, so show nothing before. GrantError when the grant is over or nobody says why."""
        with self._database.writing() as connection:
            self._database.lock(connection)
            return self.note_within(connection, subject, grant, now, why)

    def note_within(self, connection: Connection, subject: str, grant: Grant, now: Stamp, why: str) -> Look:
        """The same, inside a transaction that does more, with the writers' lock taken."""
        grant.refuse_after(now)
        if not any(letter.isalnum() for letter in why):
            raise GrantError(f"look at {subject} by {grant.who}", "no reason", "why, in a few words")
        number = connection.scalar(select(func.count()).where(LOOKS.c.subject == subject)) or 0
        row = {"subject": subject, "number": number, "who": grant.who, "purpose": grant.purpose, "why": why, "utc_ns": now.utc_ns}
        self._database.insert_new(connection, LOOKS, [row])
        self._log.append(connection, [Entry(LOOK, look_subject(row), look_bytes(row))])
        return look_of(row)

    def found(self, *, who: str | None = None, subject: str | None = None, since: Stamp | None = None) -> Iterator[Look]:
        """Looks in order of time: of one person, at one thing, from a moment on; of all where nothing is said."""
        chosen = select(LOOKS).order_by(LOOKS.c.utc_ns, LOOKS.c.subject, LOOKS.c.number)
        for column, value in ((LOOKS.c.who, who), (LOOKS.c.subject, subject)):
            chosen = chosen if value is None else chosen.where(column == value)
        with self._database.reading() as connection:
            for row in connection.execute(chosen if since is None else chosen.where(LOOKS.c.utc_ns >= since.utc_ns)).yield_per(1000).mappings():
                yield look_of(row)


def look_of(row: Row) -> Look:
    """The look a row was made of."""
    return Look(row["subject"], row["number"], row["who"], row["purpose"], row["why"], Stamp(row["utc_ns"]))


def look_subject(row: Row) -> str:
    """How the log names a look."""
    return f"{row['subject']}/{row['number']}"


def look_bytes(row: Row) -> bytes:
    """What the log's leaf of a look stands for."""
    return row_bytes({column.name: row[column.name] for column in LOOKS.columns})
