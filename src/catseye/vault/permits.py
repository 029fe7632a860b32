"""The register of permits as it is kept: every version of every row, by whom and when, as dossiers; so each is sealed, logged and never changed.

What a row says is not the vault's business: it keeps plain facts under a key. `permit/<vehicle>/<number>` and `area/<name>` are those of `fleet.permits`.
Each keeping that changed something is a step of a dossier of its own: how many there are is the register's revision.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from catseye.core.errors import StoreError
from catseye.core.time import Stamp
from catseye.vault.database import Database
from catseye.vault.dossiers import DossierMovedError, Dossiers, Step

DOSSIER = "permits"  # the kind of the dossier of a row
ENTERED, CHANGED = "entered", "changed"  # its steps
KEEPINGS, ALL = "permits-kept", "all"  # the dossier of who changed the register when
KEPT = "kept"  # its step

Rows: TypeAlias = dict[str, Mapping[str, Any]]
"""What rows say, by key."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a row said from a moment on. `number` counts from 0."""

    number: int
    facts: Mapping[str, Any]
    by: str
    when: Stamp


@dataclass(frozen=True, slots=True)
class Kept:
    """What a keeping came to. `revision` is the register's afterwards."""

    new_count: int
    changed_count: int
    same_count: int
    revision: int


class PermitRegister:
    """All rows of one database."""

    def __init__(self, database: Database, dossiers: Dossiers) -> None:
        """Of a vault's database and dossiers."""
        self._database, self._dossiers = database, dossiers

    def revision(self) -> int:
        """Another number whenever rows were added or changed, by whichever process: one look, however many rows there are."""
        return self._dossiers.steps_count(KEEPINGS, ALL)

    def current(self) -> tuple[int, Rows]:
        """The revision, and what every row says now, by key."""
        revision = self.revision()  # before: what comes meanwhile is seen by who asks again
        return revision, self.page("", None)

    def page(self, after: str, most_count: int | None) -> Rows:
        """What the next rows say now, in order of their keys, after this one; empty where there are no more."""
        return {key: step.facts for key, step in self._dossiers.newest_after(DOSSIER, after, most_count).items()}

    def history(self, key: str) -> list[Version]:
        """All versions of a row, the oldest first; none for one that is not there."""
        return [Version(step.number, step.facts, step.by, step.when) for step in self._dossiers.steps(DOSSIER, key)]

    def keep(self, rows: Mapping[str, Mapping[str, Any]], by: str, now: Stamp, revision: int, tell: Callable[[int], None] = lambda done_count: None) -> Kept:
        """Keep what differs from what is there, as new versions in one transaction; durable and logged on return. What says the same changes nothing.

        `revision` is the one `rows` were decided on. DossierMovedError when it is another by now; StoreError when nobody says who they are. `tell` hears how
        many rows are ready to be written, now and then.
        """
        if not by.strip():
            raise StoreError("register of permits", "a change by nobody", "the name of who answers for it")
        known = self._dossiers.newest(DOSSIER, list(rows))
        steps: dict[str, list[Step]] = {}
        for key, facts in rows.items():
            before = known.get(key)
            if before is None or dict(before.facts) != dict(facts):
                steps[key] = [Step(0, ENTERED, now, by, facts) if before is None else Step(before.number + 1, CHANGED, now, by, facts)]
        changed_count = sum(1 for each in steps.values() if each[0].kind == CHANGED)
        ready = []
        for row in self._dossiers.sealed(DOSSIER, steps):
            ready.append(row)
            if len(ready) % 100 == 0 or len(ready) == len(steps):
                tell(len(ready))
        with self._database.writing() as connection:
            self._database.lock(connection)
            there = self._dossiers.steps_count_within(connection, KEEPINGS, ALL)
            if there != revision:
                raise DossierMovedError("register of permits", f"revision {revision} to be changed, and it is {there} by now", "the import done once more")
            if ready:
                self._dossiers.add_sealed_within(connection, DOSSIER, ready)
                counted = {"new_count": len(steps) - changed_count, "changed_count": changed_count}
                self._dossiers.add_within(connection, KEEPINGS, ALL, [Step(revision, KEPT, now, by, counted)])
        return Kept(len(steps) - changed_count, changed_count, len(rows) - len(steps), revision + bool(steps))
