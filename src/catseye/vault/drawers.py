"""Drawers: what is kept together is forgotten together, and one key locks it. What a vault has of them is written down in its database, the keys are not.

A drawer is a retention class and a period: a UTC day for what nobody has confirmed and for what terminals said, else one case, report, reporter or driver.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, select

from catseye.core.errors import KeyFileError, StoreError
from catseye.core.time import Stamp
from catseye.vault.database import Database
from catseye.vault.kept_for import BY_DAY, BY_SUBJECT, NS_PER_DAY
from catseye.vault.keys import Key, KeyFolder
from catseye.vault.tables import DRAWERS, Row

_EPOCH = date(1970, 1, 1)


class ForgottenError(StoreError):
    """It was kept once and is destroyed: the message says when and why."""


@dataclass(frozen=True, slots=True, order=True)
class Drawer:
    """A retention class and its period: a day (`2026-11-21`, UTC) of the classes `BY_DAY`, else a subject."""

    retention: str
    period: str

    def __post_init__(self) -> None:
        """Refuse a class that has no drawers, and a period that is none."""
        if self.retention not in BY_DAY and self.retention not in BY_SUBJECT:
            raise ValueError(f"drawer: class {self.retention!r}; wanted one of {', '.join((*BY_DAY, *BY_SUBJECT))}")
        if not self.period or "\0" in self.period:
            raise ValueError(f"drawer of class {self.retention}: period {self.period!r}; wanted a day or a subject")
        if self.retention in BY_DAY:
            date.fromisoformat(self.period)

    @classmethod
    def of(cls, retention: str, now: Stamp, subject: str = "") -> "Drawer":
        """Where something of this class belongs that is kept now, about this subject."""
        return cls(retention, day_of(now) if retention in BY_DAY else subject)

    @property
    def over_utc_ns(self) -> int | None:
        """When nothing more comes in by itself: the end of its day; None for a subject, whose end somebody tells."""
        return ((date.fromisoformat(self.period) - _EPOCH).days + 1) * NS_PER_DAY if self.retention in BY_DAY else None

    def __str__(self) -> str:
        """As messages name it."""
        return f"{self.retention} {self.period}"


def day_of(moment: Stamp) -> str:
    """The UTC day of a moment, as periods are named."""
    return (_EPOCH + timedelta(days=moment.utc_ns // NS_PER_DAY)).isoformat()


class Drawers:
    """All drawers of one vault, and the door to their keys."""

    def __init__(self, database: Database, keys: KeyFolder) -> None:
        """Of a database that is open."""
        self._database, self.keys = database, keys

    def refuse_without_keys(self) -> None:
        """KeyFileError when a key of something that is kept is missing or may be read by others."""
        kept = select(DRAWERS.c.retention, DRAWERS.c.period).where(DRAWERS.c.forgotten_utc_ns.is_(None))
        with self._database.reading() as connection:
            self.keys.refuse_without([(row.retention, row.period) for row in connection.execute(kept)])

    def ready(self, drawer: Drawer, now: Stamp) -> Key:
        """The drawer's key, made and written down when there is none; ForgottenError when it was destroyed."""
        with self._database.reading() as connection:
            row = _row(connection, drawer)
        if row is not None:
            return self._key(drawer, row)
        with self._database.writing() as connection:
            self._database.lock(connection)
            return self.ready_within(connection, drawer, now)

    def ready_within(self, connection: Connection, drawer: Drawer, now: Stamp) -> Key:
        """The same, inside a transaction that does more, with the writers' lock taken: what is written there cannot meet a key destroyed meanwhile."""
        row = _row(connection, drawer)
        if row is not None:
            return self._key(drawer, row)
        key = self.keys.made(drawer.retention, drawer.period)  # durable before the row that counts on it
        row = {"retention": drawer.retention, "period": drawer.period, "key": key.name, "made_utc_ns": now.utc_ns}
        self._database.insert_new(connection, DRAWERS, [row])
        return key

    def key(self, connection: Connection, drawer: Drawer) -> Key:
        """The key to read with; ForgottenError when it was destroyed, KeyFileError when it is missing or another one."""
        row = _row(connection, drawer)
        if row is None:
            raise StoreError(f"drawer {drawer}", "nothing was ever kept there", "a drawer of this vault")
        return self._key(drawer, row)

    def _key(self, drawer: Drawer, row: Row) -> Key:
        refuse_forgotten(f"drawer {drawer}", row)
        key = self.keys.key(drawer.retention, drawer.period)
        if key.name != row["key"]:
            raise KeyFileError(str(self.keys.path(drawer.retention, drawer.period)), f"key {key.name}, another one", f"key {row['key']}, which locks {drawer}")
        return key


def refuse_forgotten(shown: str, row: Row) -> None:
    """ForgottenError when a row says that what it was of is destroyed."""
    if row["forgotten_utc_ns"] is not None:
        raise ForgottenError(shown, f"forgotten on {Stamp(row['forgotten_utc_ns']).iso()}: {row['why']}", "")


def _row(connection: Connection, drawer: Drawer) -> dict[str, Any] | None:
    chosen = select(DRAWERS).where(DRAWERS.c.retention == drawer.retention, DRAWERS.c.period == drawer.period)
    found = connection.execute(chosen).mappings().one_or_none()
    return None if found is None else dict(found)
