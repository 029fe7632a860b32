"""Who drove: a pseudonym for each certificate a terminal told (0x0702), drawn by chance. Only a grant opens what it stands for.

Each driver is one envelope under one key, the drawer `driver/<pseudonym>`; its days run from when the driver was last seen. A finder (HMAC of the certificate's
number under a key of this vault) gives who comes again the same pseudonym, for as long as that key lives; once it is forgotten, they are somebody new.
"""

import json
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, select

from catseye.core.errors import CatseyeError
from catseye.core.grant import Grant
from catseye.core.time import Stamp
from catseye.vault.database import Database
from catseye.vault.drawers import Drawer, Drawers, day_of, refuse_forgotten
from catseye.vault.envelopes import open_bytes, seal_bytes
from catseye.vault.kept_for import DRIVER, STANDING
from catseye.vault.looks import Looks
from catseye.vault.pseudonyms import drawn, finder_of, plain
from catseye.vault.tables import DRAWERS, DRIVERS

_FINDER = "driver-finder"


class UnknownDriverError(CatseyeError):
    """A pseudonym that stands for no driver of this vault, or a driver without a certificate."""


@dataclass(frozen=True, slots=True)
class Driver:
    """What a card says of a driver. `certificate` is its number; `expiry` as the card spells it, "" where it does not."""

    name: str
    certificate: str
    organisation: str = ""
    expiry: str = ""


class Drivers:
    """All drivers of one vault."""

    def __init__(self, database: Database, drawers: Drawers, looks: Looks) -> None:
        """Of a vault's database, drawers and looks."""
        self._database, self._drawers, self._looks = database, drawers, looks

    def seen(self, name: str, certificate: str, organisation: str, expiry: str, now: Stamp) -> str:
        """The pseudonym of who put in a card with this certificate; durable on return. What the card said first stays.

        UnknownDriverError for a certificate without a letter or digit.
        """
        if not plain(certificate):
            raise UnknownDriverError("driver", f"certificate {certificate!r}", "the number of a certificate: without one nobody knows who comes again")
        finder = finder_of(self._drawers.ready(Drawer(STANDING, _FINDER), now), certificate)
        with self._database.reading() as connection:
            known = self._known(connection, finder)
        if known is not None and known[1] == day_of(now):
            return known[0]
        with self._database.writing() as connection:
            self._database.lock(connection)
            known = self._known(connection, finder)
            pseudonym = known[0] if known is not None else drawn()
            drawer = Drawer(DRIVER, pseudonym)
            key = self._drawers.ready_within(connection, drawer, now)
            if known is None:
                told = json.dumps(asdict(Driver(name, certificate, organisation, expiry)), ensure_ascii=False, sort_keys=True)
                row = {"finder": finder, "pseudonym": pseudonym, "body": seal_bytes(key, _bound_to(pseudonym), told.encode())}
                self._database.insert_new(connection, DRIVERS, [row])
            mine = (DRAWERS.c.retention == DRIVER, DRAWERS.c.period == pseudonym)
            is_later = DRAWERS.c.ended_utc_ns.is_(None) | (DRAWERS.c.ended_utc_ns < now.utc_ns)
            connection.execute(DRAWERS.update().where(*mine, is_later).values(ended_utc_ns=now.utc_ns))
        return pseudonym

    def open(self, pseudonym: str, grant: Grant, now: Stamp, why: str) -> Driver:
        """Who it is; the look (`driver/<pseudonym>`) is logged before it is known. UnknownDriverError, ForgottenError, GrantError."""
        drawer = Drawer(DRIVER, pseudonym) if pseudonym else None
        with self._database.reading() as connection:
            gone = select(DRAWERS).where(DRAWERS.c.retention == DRIVER, DRAWERS.c.period == pseudonym)
            if (row := connection.execute(gone).mappings().one_or_none()) is None or drawer is None:
                raise UnknownDriverError(f"driver {pseudonym!r}", "nobody: never seen here", "a pseudonym of this vault")
            refuse_forgotten(f"driver {pseudonym}", row)
        self._looks.note(f"{DRIVER}/{pseudonym}", grant, now, why)
        with self._database.reading() as connection:
            key = self._drawers.key(connection, drawer)
            body = connection.scalar(select(DRIVERS.c.body).where(DRIVERS.c.pseudonym == pseudonym))
        return Driver(**json.loads(open_bytes(key, _bound_to(pseudonym), bytes(body or b""))))

    def _known(self, connection: Connection, finder: str) -> tuple[str, str] | None:
        """Pseudonym, and the day it was last seen."""
        seen = (DRAWERS.c.retention == DRIVER) & (DRAWERS.c.period == DRIVERS.c.pseudonym)
        chosen = select(DRIVERS.c.pseudonym, DRAWERS.c.ended_utc_ns).join(DRAWERS, seen).where(DRIVERS.c.finder == finder)
        row = connection.execute(chosen).one_or_none()
        return None if row is None else (row.pseudonym, "" if row.ended_utc_ns is None else day_of(Stamp(row.ended_utc_ns)))


def _bound_to(pseudonym: str) -> str:
    return f"{DRIVER}/{pseudonym}"
