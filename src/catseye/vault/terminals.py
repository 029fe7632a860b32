"""Vehicle terminals that may report: who let each in, which token it was given, what they were asked to do.

Letting in, letting register anew and taking the right away are steps of the dossier `terminal/<identity>`, by a named person, in the sealed log; what a machine
does (a registration, a first use of a token) is not. Rows are sealed under the key of the drawer `standing/terminal`: plates and hashes of tokens lie
nowhere open.
"""

import hmac
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, func, select

from catseye.core.errors import CatseyeError
from catseye.core.terminal import Enrolment, Order, Told
from catseye.core.time import Stamp
from catseye.vault.database import Database
from catseye.vault.dossiers import Dossiers, Step, dossier_drawer
from catseye.vault.drawers import Drawer, Drawers
from catseye.vault.envelopes import open_bytes, seal_bytes
from catseye.vault.kept_for import STANDING
from catseye.vault.orders import OrderKept, Orders
from catseye.vault.pseudonyms import plain
from catseye.vault.tables import DOSSIER_STEPS, TERMINALS, Row

DOSSIER = "terminal"  # the kind of the dossier of a terminal
ENROLLED, ALLOWED_AGAIN, REVOKED = "enrolled", "allowed-again", "revoked"  # its steps
FINE, VEHICLE_THERE, NO_VEHICLE, TERMINAL_THERE, NO_TERMINAL = range(5)  # JT/T 808-2013 8.6: results of 0x8100
_ORDER_IDS = "order-ids"
_TOKEN_BYTES = 24  # 32 letters


class UnknownTerminalError(CatseyeError):
    """A terminal that nobody enrolled."""


class NobodyError(CatseyeError):
    """A step that somebody is named for, and nobody was, or no reason was given."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """An enrolment as it is kept. `may_register_again`: though it has used its token."""

    enrolment: Enrolment
    may_register_again: bool = False


class Terminals:
    """All terminals of one vault, and the orders to them. What other processes write is seen at the next call."""

    def __init__(self, database: Database, drawers: Drawers, dossiers: Dossiers) -> None:
        """Of a vault's database, drawers and dossiers."""
        self._database, self._drawers, self._dossiers = database, drawers, dossiers
        self._orders = Orders(database, drawers)
        self._entries: dict[str, _Entry] = {}  # as of `_revision`
        self._of_plate: dict[str, set[str]] = {}  # every terminal that ever had it
        self._revision = 0

    def enrol(self, identity: str, plate: str, plate_colour: int, now: Stamp, language: str = "", *, by: str) -> Enrolment:
        """Let a terminal report, in the vehicle of this plate; durable and logged on return. The same again changes nothing.

        Another plate, or an enrolment after it was revoked, takes its token away: it must register. NobodyError without a name.
        """
        return self.enrol_all([Enrolment(identity, plate, plate_colour, now, language=language)], by=by)[0]

    def enrol_all(self, wanted: Sequence[Enrolment], *, by: str) -> list[Enrolment]:
        """The same for many, all or none; as each is enrolled now. What they say of tokens and revocation counts for nothing."""
        for each in wanted:
            _refuse_nobody(f"terminal {each.identity}", by, "its plate")
            if not each.identity or not each.plate.strip():
                came = f"plate {each.plate!r}"
                raise UnknownTerminalError(f"terminal {each.identity!r}", came, "the number it reports by, and the plate of its vehicle")
        with self._database.writing() as connection:
            known = self._known(connection)
            for each in wanted:
                entry, told = _let_in(known.get(each.identity), each)
                if entry != known.get(each.identity):
                    facts = {"plate": told.plate, "plate_colour": told.plate_colour, "language": told.language}
                    self._keep(connection, each.identity, entry, (ENROLLED, each.enrolled, by, facts))
                    known[each.identity] = entry
        return [known[each.identity].enrolment for each in wanted]

    def allow_again(self, identity: str, now: Stamp, by: str, why: str) -> None:
        """Its next registration may replace a token it has used, once: after a repair, or when it lost it. Durable and logged on return."""
        _refuse_nobody(f"terminal {identity}", by, why)
        with self._database.writing() as connection:
            entry = self._one(connection, identity)
            if not entry.may_register_again:
                self._keep(connection, identity, replace(entry, may_register_again=True), (ALLOWED_AGAIN, now, by, {"why": why}))

    def revoke(self, identity: str, now: Stamp, by: str, why: str) -> None:
        """It may report no more, and its token is worth nothing; durable and logged on return. Idempotent. NobodyError, UnknownTerminalError."""
        _refuse_nobody(f"terminal {identity}", by, why)
        with self._database.writing() as connection:
            enrolment = self._one(connection, identity).enrolment
            if enrolment.revoked is None:
                gone = replace(enrolment, token_sha256="", is_confirmed=False, revoked=now)
                self._keep(connection, identity, _Entry(gone), (REVOKED, now, by, {"why": why}))

    def register(self, identity: str, plate: str) -> tuple[int, str]:
        """The result of 0x8100 and, where that is 0, a new token: letters and digits, `-` and `_`, 32 of them. Only its SHA-256 is kept.

        A token that was never used is replaced; one that was used is not, unless somebody allowed it. The plate must be the enrolled one, however it is
        spaced; its colour is not judged. A vehicle whose other terminal has used its token is registered already.
        """
        with self._database.writing() as connection:
            entries = self._known(connection)
            entry = entries.get(identity)
            others = [entries[name].enrolment for name in sorted(self._of_plate.get(plain(plate), set()) - {identity})]
            result = _result(entry, others, plain(plate))
            if result != FINE or entry is None:
                return result, ""
            token = secrets.token_urlsafe(_TOKEN_BYTES)
            given = replace(entry.enrolment, token_sha256=token_sha256(token), is_confirmed=False)
            self._keep(connection, identity, _Entry(given))
        return FINE, token

    def authenticated(self, identity: str, version: str, dialect: str) -> None:
        """It used its token, and speaks this; a dialect nobody knows yet ("") leaves the one that was known. Writes only what is new."""
        with self._database.reading() as connection:
            entry = self._read(connection).get(identity)
        if entry is None or entry == _confirmed(entry, version, dialect):
            return
        with self._database.writing() as connection:
            entry = self._known(connection)[identity]
            if entry != (now := _confirmed(entry, version, dialect)):
                self._keep(connection, identity, now)

    def deregister(self, identity: str) -> None:
        """It gave its token back; it may register again. Nothing for one that has none."""
        with self._database.writing() as connection:
            entry = self._known(connection).get(identity)
            if entry is not None and entry.enrolment.token_sha256:
                self._keep(connection, identity, _Entry(replace(entry.enrolment, token_sha256="", is_confirmed=False)))

    def enrolments(self) -> list[Enrolment]:
        """Every terminal, by identity; the revoked ones say so."""
        with self._database.reading() as connection:
            entries = self._read(connection)
        return [entries[identity].enrolment for identity in sorted(entries)]

    def revision(self) -> int:
        """Grows with every change of any enrolment, by whichever process."""
        with self._database.reading() as connection:
            return connection.scalar(select(func.max(TERMINALS.c.revision))) or 0

    def steps(self, identity: str) -> list[Step]:
        """Who let it in, let it register anew or took its right, when, and why."""
        return self._dossiers.steps(DOSSIER, identity)

    def order_ids(self, now: Stamp) -> Callable[[str], str]:
        """Makes an id of 32 hex digits of any text: for the same text the same, and for nobody to guess who has not this vault's key."""
        secret = self._drawers.ready(Drawer(STANDING, _ORDER_IDS), now).secret
        return lambda text: hmac.digest(secret, text.encode(), "sha256").hex()[:32]

    def keep_orders(self, orders: Sequence[Order]) -> int:
        """Durable on return, as *queued*; how many were new."""
        return self._orders.keep(orders)

    def told(self, told: Sequence[Told]) -> None:
        """What became of orders; durable on return. States only go forward."""
        self._orders.tell(told)

    def open_orders(self) -> list[Order]:
        """Orders that came to no end, the oldest first."""
        return self._orders.open()

    def order(self, name: str) -> OrderKept | None:
        """The order of this id; None where there is none, or none any more."""
        return self._orders.one(name)

    def orders(self, identity: str, since: Stamp) -> list[OrderKept]:
        """What a terminal was asked from that moment on, the oldest first."""
        return self._orders.of(identity, since)

    def _one(self, connection: Connection, identity: str) -> _Entry:
        entry = self._known(connection).get(identity)
        if entry is None:
            raise UnknownTerminalError(f"terminal {identity}", "nobody enrolled it", "one that `catseye fleet terminals` lists")
        return entry

    def _known(self, connection: Connection) -> dict[str, _Entry]:
        """All terminals as they are now, and stay until this transaction ends."""
        self._database.lock(connection)
        return dict(self._read(connection))

    def _read(self, connection: Connection) -> dict[str, _Entry]:
        """Take in what was written since the last time, by anybody."""
        rows = connection.execute(select(TERMINALS).where(TERMINALS.c.revision > self._revision).order_by(TERMINALS.c.revision)).mappings().all()
        if rows:
            key = self._drawers.key(connection, dossier_drawer(DOSSIER, ""))
            fresh = {row["identity"]: _entry_of(open_bytes(key, _bound_to(row), bytes(row["body"]))) for row in rows}
            self._entries = self._entries | fresh
            for identity, entry in fresh.items():
                self._of_plate.setdefault(plain(entry.enrolment.plate), set()).add(identity)
            self._revision = rows[-1]["revision"]
        return self._entries

    def _keep(self, connection: Connection, identity: str, entry: _Entry, step: tuple[str, Stamp, str, Mapping[str, Any]] | None = None) -> None:
        """Write it, and who did it where that was a person, in one transaction."""
        if step is not None:
            mine = (DOSSIER_STEPS.c.dossier == DOSSIER, DOSSIER_STEPS.c.subject == identity)
            number = connection.scalar(select(func.count()).select_from(DOSSIER_STEPS).where(*mine)) or 0
            self._dossiers.add_within(connection, DOSSIER, identity, [Step(number, *step)])
        key = self._drawers.key(connection, dossier_drawer(DOSSIER, identity))
        revision = 1 + (connection.scalar(select(func.max(TERMINALS.c.revision))) or 0)
        row = {"identity": identity, "revision": revision}
        told = row | {"body": seal_bytes(key, _bound_to(row), _bytes_of(entry))}
        self._database.insert_new(connection, TERMINALS, [told])
        connection.execute(TERMINALS.update().where(TERMINALS.c.identity == identity, TERMINALS.c.revision < revision).values(told))


def token_sha256(token: str) -> str:
    """What is kept of a token."""
    return sha256(token.encode()).hexdigest()


def is_token_of(enrolment: Enrolment, token: str) -> bool:
    """Whether a terminal that may report was given this token; takes as long whatever it is."""
    is_right = hmac.compare_digest(enrolment.token_sha256.encode(), token_sha256(token).encode())
    return is_right and bool(enrolment.token_sha256) and enrolment.revoked is None


def _refuse_nobody(where: str, by: str, why: str) -> None:
    if not by.strip() or not why.strip():
        raise NobodyError(where, f"by {by!r}, why {why!r}", "a person's name, and why")


def _let_in(known: _Entry | None, wanted: Enrolment) -> tuple[_Entry, Enrolment]:
    """What is kept once somebody let it in, and what they said. Another language leaves the token; another vehicle does not."""
    said = Enrolment(wanted.identity, wanted.plate.strip(), wanted.plate_colour, wanted.enrolled, language=wanted.language)
    if known is None or known.enrolment.revoked is not None or (known.enrolment.plate, known.enrolment.plate_colour) != (said.plate, said.plate_colour):
        return _Entry(said), said
    return replace(known, enrolment=replace(known.enrolment, language=said.language)), said


def _result(entry: _Entry | None, others: Sequence[Enrolment], plate: str) -> int:
    """What 0x8100 says; `others` are terminals that have or had the same plate."""
    if entry is None or entry.enrolment.revoked is not None:
        return NO_TERMINAL
    if plain(entry.enrolment.plate) != plate:
        return NO_VEHICLE
    if any(other.is_confirmed and other.revoked is None and plain(other.plate) == plate for other in others):
        return VEHICLE_THERE
    return TERMINAL_THERE if entry.enrolment.is_confirmed and not entry.may_register_again else FINE


def _confirmed(entry: _Entry, version: str, dialect: str) -> _Entry:
    """After it used its token; one that has none has used none."""
    was = entry.enrolment
    if was.revoked is not None or not was.token_sha256:
        return entry
    return replace(entry, enrolment=replace(was, is_confirmed=True, version=version or was.version, dialect=dialect or was.dialect))


def _bound_to(row: Row | Mapping[str, Any]) -> str:
    return f"terminal/{row['identity']}/{row['revision']}"


def _bytes_of(entry: _Entry) -> bytes:
    return json.dumps(asdict(entry), ensure_ascii=False, sort_keys=True).encode()


def _entry_of(content: bytes) -> _Entry:
    said = json.loads(content)
    told = said["enrolment"]
    stamps = {"enrolled": Stamp(**told["enrolled"]), "revoked": Stamp(**told["revoked"]) if told["revoked"] else None}
    return _Entry(Enrolment(**(told | stamps)), said["may_register_again"])
