"""Dossiers: what happened to one case, report or scheme, step by step; steps are added and never changed, and each is a leaf of the sealed log.

What a dossier *is* follows from its steps alone, so nobody can set a state: whoever adds says how many steps were known, and if there are more by then
nothing is written.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from catseye.core.errors import StoreError
from catseye.core.time import Stamp
from catseye.vault.database import Database
from catseye.vault.drawers import Drawer, Drawers
from catseye.vault.envelopes import open_bytes, seal_bytes
from catseye.vault.kept_for import CASE, IDENTITY, REPORT, STANDING
from catseye.vault.keys import Key
from catseye.vault.sealed_log import Entry, SealedLog
from catseye.vault.tables import DOSSIER_STEPS, Row

STEP = "step"  # the log's kind of an entry that tells a step
LOCKED_AS = {"case": CASE, "evidence": CASE, "report": REPORT, "identity": IDENTITY}  # a drawer a subject; every other kind has one for all, kept until told


class DossierMovedError(StoreError):
    """Somebody else added a step meanwhile: read it again, and decide anew."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `number` counts from 0 within its dossier; `facts` are plain JSON values."""

    number: int
    kind: str
    when: Stamp
    by: str
    facts: Mapping[str, Any]


class Dossiers:
    """All dossiers of one database, each known by its kind (`case`, `report`, …) and subject."""

    def __init__(self, database: Database, log: SealedLog, drawers: Drawers) -> None:
        """Of a vault's database, log and drawers: who said what and every fact lie under the key of their drawer."""
        self._database, self._log, self._drawers = database, log, drawers

    def add(self, kind: str, subject: str, steps: Sequence[Step]) -> None:
        """Add steps, numbered on from those that were read; durable and logged on return. DossierMovedError when there are others by then."""
        with self._database.writing() as connection:
            self._database.lock(connection)
            self.add_within(connection, kind, subject, steps)

    def add_within(self, connection: Connection, kind: str, subject: str, steps: Sequence[Step]) -> None:
        """The same, inside a transaction that does more, with the writers' lock taken."""
        self.add_all_within(connection, kind, {subject: steps})

    def add_all_within(self, connection: Connection, kind: str, steps: Mapping[str, Sequence[Step]]) -> None:
        """The same for many dossiers of one kind, by subject, at the price of one: all or nothing."""
        if not any(steps.values()):
            return
        rows = []
        there = self._counts(connection, kind, [subject for subject, each in steps.items() if each])
        for subject, each in steps.items():
            count = there.get(subject, 0)
            if [step.number for step in each] != list(range(count, count + len(each))):
                raise DossierMovedError(f"{kind} {subject}", f"step {each[0].number} to be added to {count}", "the newest state read before deciding")
            rows += [step_row(kind, subject, step) for step in each]
        keys: dict[Drawer, Key] = {}
        sealed = []
        for row in rows:
            drawer = dossier_drawer(kind, row["subject"])
            if drawer not in keys:
                keys[drawer] = self._drawers.ready_within(connection, drawer, Stamp(row["utc_ns"]))
            sealed.append(row | {"body": seal_bytes(keys[drawer], _bound_to(row), row["body"])})
        self._database.insert_new(connection, DOSSIER_STEPS, sealed)
        self._log.append(connection, [Entry(STEP, step_subject(row), step_bytes(row)) for row in sealed])

    def _counts(self, connection: Connection, kind: str, subjects: list[str]) -> dict[str, int]:
        mine = select(DOSSIER_STEPS.c.subject, func.count().label("count")).where(DOSSIER_STEPS.c.dossier == kind)
        chosen = mine.where(self._database.among(DOSSIER_STEPS.c.subject, subjects)).group_by(DOSSIER_STEPS.c.subject)
        return {row.subject: row[1] for row in connection.execute(chosen)}

    def steps_count(self, kind: str) -> int:
        """How many steps all dossiers of a kind have together: it grows with every one."""
        with self._database.reading() as connection:
            return self.steps_count_within(connection, kind)

    def steps_count_within(self, connection: Connection, kind: str) -> int:
        """The same, inside a transaction that does more."""
        return connection.scalar(select(func.count()).where(DOSSIER_STEPS.c.dossier == kind)) or 0

    def steps(self, kind: str, subject: str) -> list[Step]:
        """All steps in order; none for a dossier that is not there."""
        chosen = select(DOSSIER_STEPS).where(DOSSIER_STEPS.c.dossier == kind, DOSSIER_STEPS.c.subject == subject).order_by(DOSSIER_STEPS.c.number)
        with self._database.reading() as connection:
            return [step_of(row) for row in self.opened(connection, connection.execute(chosen).mappings().all())]

    def of_kind(self, kind: str) -> Iterator[tuple[str, list[Step]]]:
        """Every dossier of a kind with its steps, by subject."""
        chosen = select(DOSSIER_STEPS).where(DOSSIER_STEPS.c.dossier == kind).order_by(DOSSIER_STEPS.c.subject, DOSSIER_STEPS.c.number)
        found: dict[str, list[Step]] = {}
        with self._database.reading() as connection:
            for row in self.opened(connection, connection.execute(chosen).mappings().all()):
                found.setdefault(row["subject"], []).append(step_of(row))
        yield from found.items()

    def opened(self, connection: Connection, rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
        """Rows as they are stored with their bodies taken out of the envelopes; EnvelopeError when one was changed or swapped."""
        keys: dict[Drawer, Key] = {}
        for row in rows:
            drawer = dossier_drawer(row["dossier"], row["subject"])
            if drawer not in keys:
                keys[drawer] = self._drawers.key(connection, drawer)
            yield dict(row) | {"body": open_bytes(keys[drawer], _bound_to(row), bytes(row["body"]))}


def dossier_drawer(kind: str, subject: str) -> Drawer:
    """Where the steps of a dossier lie."""
    return Drawer(LOCKED_AS[kind], subject) if kind in LOCKED_AS else Drawer(STANDING, kind)


def _bound_to(row: Row) -> str:
    return f"step/{step_subject(row)}"


def step_row(kind: str, subject: str, step: Step) -> dict[str, Any]:
    """The row of a step; ValueError when a fact is no plain JSON value."""
    body = {"by": step.by, "doubt_ms": step.when.doubt_ms, "facts": dict(step.facts)}
    text = json.dumps(body, allow_nan=False, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return {"dossier": kind, "subject": subject, "number": step.number, "kind": step.kind, "utc_ns": step.when.utc_ns, "body": text.encode()}


def step_of(row: Row) -> Step:
    """The step a row was made of, equal to it."""
    body = json.loads(bytes(row["body"]))
    return Step(row["number"], row["kind"], Stamp(row["utc_ns"], body["doubt_ms"]), body["by"], body["facts"])


def step_subject(row: Row) -> str:
    """How the log names a step."""
    return f"{row['dossier']}/{row['subject']}/{row['number']}"


def step_bytes(row: Row) -> bytes:
    """What the log's leaf of a row stands for, its body as it is stored: in its envelope.

    A leaf over the words themselves would tell a plate to whoever has the database, its salt included, and time to try: few plates are possible.
    """
    said = {name: row[name] for name in ("dossier", "subject", "number", "kind", "utc_ns")}
    return json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" + bytes(row["body"])
