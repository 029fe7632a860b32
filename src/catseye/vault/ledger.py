"""The ledger: double entry in whole minor units of a currency. What is booked stays; a mistake is booked back. It knows account names and no people.

An account is `kind/name`. `outside/…` is the world, where money comes from and goes to; every other account can never fall below zero.
Each posting carries the balance it leaves, so a balance is one row, and the database itself refuses one that does not follow (migration 0005).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from catseye.core.errors import CatseyeError
from catseye.core.time import Stamp
from catseye.vault.database import Database
from catseye.vault.dossiers import Dossiers, Step
from catseye.vault.sealed_log import Entry, SealedLog
from catseye.vault.tables import LEDGER_POSTINGS, LEDGER_TRANSACTIONS, LOG_ENTRIES

POSTING = "posting"  # the log's kind of an entry that tells a transaction
OUTSIDE = "outside"
MOST_MINOR = 10**15  # far beyond any budget, and far from where 64 bits end
_ACCOUNT = re.compile(r"[a-z]+/[^\s%\x00]+")
_CURRENCY = re.compile(r"[A-Z]{3}")
_REVERSAL_OF = "reversal of "
_P, _T = LEDGER_POSTINGS.c, LEDGER_TRANSACTIONS.c


class LedgerError(CatseyeError):
    """A booking that cannot be; nothing of it was written."""


class KeyReusedError(LedgerError):
    """The same key with another content: one of the two is a mistake."""


class BalanceError(LedgerError):
    """An account would fall below zero: the budget is empty, or what is owed was paid already."""


class CapReachedError(LedgerError):
    """An account would get more in its period than it may."""


class ReversalError(LedgerError):
    """A transaction that cannot be booked back: none, a reversal itself, or reversed already."""


@dataclass(frozen=True, slots=True)
class Posting:
    """So much to one account; below zero: from it."""

    account: str
    amount_minor: int

    def __post_init__(self) -> None:
        """Refuse an account without kind, and an amount that is none."""
        if not _ACCOUNT.fullmatch(self.account):
            raise LedgerError("ledger", f"account {self.account!r}", "kind/name, as in budget/city-2026")
        if type(self.amount_minor) is not int or not 0 < abs(self.amount_minor) <= MOST_MINOR:
            raise LedgerError(f"ledger, account {self.account}", f"amount {self.amount_minor!r}", "whole minor units, not 0")


@dataclass(frozen=True, slots=True)
class Cap:
    """The most one account may get in the period of a booking, reversals taken off."""

    account: str
    most_minor: int


@dataclass(frozen=True, slots=True)
class Booking:
    """A transaction to be booked. The `key` names it for ever: the same booking again is told, not booked twice.

    `period` (as in `2026-09`) is what caps count in; empty: it counts in none. Postings come to zero, at most one an account.
    """

    key: str
    currency: str
    postings: tuple[Posting, ...]
    purpose: str
    period: str = ""

    def __post_init__(self) -> None:
        """Refuse what does not balance."""
        where = f"ledger, booking {self.key!r}"
        if not self.key.strip() or not self.purpose.strip():
            raise LedgerError(where, f"purpose {self.purpose!r}", "a key and a purpose")
        if not _CURRENCY.fullmatch(self.currency):
            raise LedgerError(where, f"currency {self.currency!r}", "three capital letters of ISO 4217, as in CNY")
        if (total := sum(posting.amount_minor for posting in self.postings)) != 0 or len(self.postings) < 2:
            raise LedgerError(where, f"{len(self.postings)} postings that come to {total}", "two or more that come to 0")
        if len({posting.account for posting in self.postings}) < len(self.postings):
            raise LedgerError(where, "an account twice", "one posting an account")


@dataclass(frozen=True, slots=True)
class Transaction:
    """A booking that was booked: `number` counts from 0; `reverses` is the number of the one it takes back."""

    number: int
    booking: Booking
    when: Stamp
    by: str
    reverses: int | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """Steps of a dossier that become true with a booking, in the same transaction of the database, or not at all."""

    kind: str
    subject: str
    steps: tuple[Step, ...]


def moved(amount_minor: int, giver: str, taker: str) -> tuple[Posting, Posting]:
    """The two postings of money that goes from one account to another."""
    return Posting(giver, -amount_minor), Posting(taker, amount_minor)


class Ledger:
    """The books of one database. Whatever is booked is logged in the same transaction; writers take turns, so every check is of the last state."""

    def __init__(self, database: Database, log: SealedLog, dossiers: Dossiers) -> None:
        """Of a vault's database, log and dossiers."""
        self._database, self._log, self._dossiers = database, log, dossiers

    def book(self, booking: Booking, when: Stamp, by: str, caps: Sequence[Cap] = (), beside: Sequence[Beside] = ()) -> Transaction:
        """Book, log, and add the steps beside it; durable on return. The same booking again, whoever asks and when: the transaction as it was booked.

        KeyReusedError, BalanceError, CapReachedError; DossierMovedError when the steps no longer fit. On any error nothing is written.
        """
        if booking.key.startswith(_REVERSAL_OF):
            raise LedgerError(f"ledger, booking {booking.key!r}", "a key of a reversal", "`reverse`, or another key")
        with self._database.writing() as connection:
            self._database.lock(connection)
            if known := self._of_key(connection, booking.key):
                return _same(known, booking, None)
            self._refuse_beyond(connection, booking, caps)
            booked = self._write(connection, booking, when, by, None)
            self._add_steps(connection, beside)
            return booked

    def reverse(self, key: str, purpose: str, when: Stamp, by: str) -> Transaction:
        """Book a transaction back, in its own period, once; the same reversal again is told. ReversalError, KeyReusedError, BalanceError."""
        return self.reverse_all([key], purpose, when, by)[0]

    def reverse_all(self, keys: Sequence[str], purpose: str, when: Stamp, by: str, beside: Sequence[Beside] = ()) -> list[Transaction]:
        """Book several back in this order, with the steps beside them: all or nothing. Where all were booked back so already: told, and no step added."""
        with self._database.writing() as connection:
            self._database.lock(connection)
            back = [self._back(connection, key, purpose) for key in keys]
            known = [self._of_key(connection, booking.key) for booking, _ in back]
            if all(known):
                return [_same(each, booking, number) for each, (booking, number) in zip(known, back, strict=True) if each]
            told = [
                _same(each, booking, number) if each else self._write(connection, booking, when, by, number)
                for each, (booking, number) in zip(known, back, strict=True)
            ]
            self._add_steps(connection, beside)
            return told

    def _back(self, connection: Connection, key: str, purpose: str) -> tuple[Booking, int]:
        """What takes a booking back, and the number of that."""
        wrong = self._of_key(connection, key)
        if wrong is None or wrong.reverses is not None:
            came = "no such transaction" if wrong is None else "it is a reversal itself"
            raise ReversalError(f"ledger, reversal of {key!r}", came, "the key of a booking")
        postings = tuple(Posting(posting.account, -posting.amount_minor) for posting in wrong.booking.postings)
        return Booking(f"{_REVERSAL_OF}{key}", wrong.booking.currency, postings, purpose, wrong.booking.period), wrong.number

    def balance_minor(self, account: str, currency: str) -> int:
        """What an account holds."""
        with self._database.reading() as connection:
            return _balance_minor(connection, account, currency)

    def in_period_minor(self, account: str, currency: str, period: str) -> int:
        """What an account got in a period, reversals taken off."""
        with self._database.reading() as connection:
            return _in_period_minor(connection, account, currency, period)

    def transaction(self, key: str) -> Transaction | None:
        """The one that was booked under this key."""
        with self._database.reading() as connection:
            return self._of_key(connection, key)

    def transactions(self, account: str | None = None) -> list[Transaction]:
        """All in the order they were booked, or those of one account."""
        chosen = select(LEDGER_TRANSACTIONS).order_by(_T.number)
        if account is not None:
            chosen = chosen.where(_T.number.in_(select(_P.number).where(_P.account == account)))
        with self._database.reading() as connection:
            return [_transaction(connection, row) for row in connection.execute(chosen).mappings()]

    def logged_bodies(self, connection: Connection, subjects: Sequence[str]) -> dict[str, bytes]:
        """What the facts of these entries of the log are now."""
        chosen = select(LEDGER_TRANSACTIONS).where(_T.number.in_([int(subject) for subject in subjects]))
        return {str(row["number"]): _transaction_bytes(dict(row), _posted(connection, row["number"])) for row in connection.execute(chosen).mappings()}

    def faults(self, connection: Connection) -> Iterator[str]:
        """Whatever in the books does not follow from their postings, or was never logged: for one who changed the tables behind the triggers' back."""
        logged = connection.scalar(select(func.count()).where(LOG_ENTRIES.c.kind == POSTING)) or 0
        booked = connection.scalar(select(func.count()).select_from(LEDGER_TRANSACTIONS)) or 0
        if logged != booked:
            yield f"the ledger has {booked} transactions, and {logged} were logged"
        sums = select(_P.number, func.sum(_P.amount_minor).label("total"), func.count(_T.number).label("closed"), func.count().label("count"))
        for row in connection.execute(sums.join_from(LEDGER_POSTINGS, LEDGER_TRANSACTIONS, _T.number == _P.number, isouter=True).group_by(_P.number)):
            if row.total != 0 or row.closed != row.count:
                yield f"ledger transaction {row.number}: its postings come to {row.total}" + ("" if row.closed else ", and it was never closed")
        held: dict[tuple[str, str], int] = {}
        for row in connection.execute(select(LEDGER_POSTINGS).order_by(_P.number, _P.account)):
            account = (row.account, row.currency)
            held[account] = held.get(account, 0) + row.amount_minor
            if held[account] != row.balance_minor or (held[account] < 0 and not may_owe(row.account)):
                yield f"ledger transaction {row.number}: account {row.account} says {row.balance_minor} and holds {held[account]}"

    def _write(self, connection: Connection, booking: Booking, when: Stamp, by: str, reverses: int | None) -> Transaction:
        last = connection.scalar(select(func.max(_T.number)))
        booked = Transaction(0 if last is None else last + 1, booking, when, by, reverses)
        connection.execute(LEDGER_POSTINGS.insert(), [self._posting_row(connection, booked, posting) for posting in booking.postings])
        connection.execute(LEDGER_TRANSACTIONS.insert(), _transaction_row(booked))
        body = _transaction_bytes(_transaction_row(booked), _posted(connection, booked.number))
        self._log.append(connection, [Entry(POSTING, str(booked.number), body)])
        return booked

    def _add_steps(self, connection: Connection, beside: Sequence[Beside]) -> None:
        for each in beside:
            self._dossiers.add_within(connection, each.kind, each.subject, each.steps)

    def _posting_row(self, connection: Connection, booked: Transaction, posting: Posting) -> dict[str, Any]:
        currency = booked.booking.currency
        held_minor = _balance_minor(connection, posting.account, currency)
        left_minor = held_minor + posting.amount_minor
        if left_minor < 0 and not may_owe(posting.account):
            raise BalanceError(f"ledger, account {posting.account}", f"{-posting.amount_minor} {currency} minor units to be taken from {held_minor}", "enough")
        own = {"number": booked.number, "account": posting.account, "currency": currency}
        return own | {"amount_minor": posting.amount_minor, "balance_minor": left_minor}

    def _refuse_beyond(self, connection: Connection, booking: Booking, caps: Sequence[Cap]) -> None:
        for cap in caps:
            got_minor = _in_period_minor(connection, cap.account, booking.currency, booking.period)
            comes_minor = sum(posting.amount_minor for posting in booking.postings if posting.account == cap.account)
            if got_minor + comes_minor > cap.most_minor:
                came = f"{got_minor} {booking.currency} minor units in {booking.period or 'no period'}, and {comes_minor} more"
                raise CapReachedError(f"ledger, account {cap.account}", came, f"at most {cap.most_minor}")

    def _of_key(self, connection: Connection, key: str) -> Transaction | None:
        row = connection.execute(select(LEDGER_TRANSACTIONS).where(_T.key == key)).mappings().one_or_none()
        return None if row is None else _transaction(connection, row)


def may_owe(account: str) -> bool:
    """Whether an account is the world outside, which money comes from.

    >>> may_owe("outside/treasury"), may_owe("budget/city")
    (True, False)
    """
    return account.partition("/")[0] == OUTSIDE


def _same(known: Transaction, booking: Booking, reverses: int | None) -> Transaction:
    """Who asked and when is no part of the content: a retry comes later, and perhaps from a colleague."""
    if (known.reverses, _unordered(known.booking)) != (reverses, _unordered(booking)):
        came = "another booking under a key that is taken"
        raise KeyReusedError(f"ledger, booking {booking.key!r}", came, f"what was booked as transaction {known.number}, or another key")
    return known


def _unordered(booking: Booking) -> tuple[Any, ...]:
    return booking.currency, booking.purpose, booking.period, sorted((posting.account, posting.amount_minor) for posting in booking.postings)


def _balance_minor(connection: Connection, account: str, currency: str) -> int:
    mine = select(_P.balance_minor).where(_P.account == account, _P.currency == currency)
    return connection.scalar(mine.order_by(_P.number.desc()).limit(1)) or 0


def _in_period_minor(connection: Connection, account: str, currency: str, period: str) -> int:
    mine = select(func.sum(_P.amount_minor)).join_from(LEDGER_POSTINGS, LEDGER_TRANSACTIONS, _T.number == _P.number)
    return int(connection.scalar(mine.where(_P.account == account, _P.currency == currency, _T.period == period)) or 0)


def _transaction_row(booked: Transaction) -> dict[str, Any]:
    own = {name: getattr(booked.booking, name) for name in ("key", "currency", "purpose", "period")}
    body = json.dumps({"by": booked.by, "doubt_ms": booked.when.doubt_ms}, ensure_ascii=False, sort_keys=True)
    return own | {"number": booked.number, "reverses": booked.reverses, "utc_ns": booked.when.utc_ns, "body": body}


def _posted(connection: Connection, number: int) -> list[tuple[str, int]]:
    mine = select(_P.account, _P.amount_minor).where(_P.number == number).order_by(_P.account)
    return [(each.account, each.amount_minor) for each in connection.execute(mine)]


def _transaction(connection: Connection, row: Mapping[Any, Any]) -> Transaction:
    postings = tuple(Posting(*posted) for posted in _posted(connection, row["number"]))
    said = json.loads(row["body"])
    booking = Booking(row["key"], row["currency"], postings, row["purpose"], row["period"])
    return Transaction(row["number"], booking, Stamp(row["utc_ns"], said["doubt_ms"]), said["by"], row["reverses"])


def _transaction_bytes(row: Mapping[str, Any], posted: Sequence[tuple[str, int]]) -> bytes:
    """What the log's leaf of a transaction stands for: its row and its postings, one way to write them; also when somebody spoiled them."""
    said = {column.name: row[column.name] for column in LEDGER_TRANSACTIONS.columns} | {"postings": posted}
    return json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
