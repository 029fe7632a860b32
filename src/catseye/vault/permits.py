"""The register of permits as it is kept: every version of every row, by whom and when, as dossiers; so each is sealed, logged and never changed.

What a row says is not the vault's business: it keeps plain facts under a key. `permit/<vehicle>/<number>` and `area/<name>` are those of `fleet.permits`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catseye.core.errors import StoreError
from catseye.core.time import Stamp
from catseye.vault.database import Database
from catseye.vault.dossiers import DossierMovedError, Dossiers, Step

DOSSIER = "permits"  # the kind of the dossier of a row
ENTERED, CHANGED = "entered", "changed"  # its steps


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
        """Another number whenever a row was added or changed, by whichever process; cheap enough to ask every second."""
        return self._dossiers.steps_count(DOSSIER)

    def current(self) -> tuple[int, dict[str, Mapping[str, Any]]]:
        """The revision, and what every row says now, by key."""
        revision = self.revision()  # before: what comes meanwhile is seen by who asks again
        return revision, {key: steps[-1].facts for key, steps in self._dossiers.of_kind(DOSSIER)}

    def history(self, key: str) -> list[Version]:
        """All versions of a row, the oldest first; none for one that is not there."""
        return [Version(step.number, step.facts, step.by, step.when) for step in self._dossiers.steps(DOSSIER, key)]

    def keep(self, rows: Mapping[str, Mapping[str, Any]], by: str, now: Stamp, revision: int) -> Kept:
        """Keep what differs from what is there, as new versions in one transaction; durable and logged on return. What says the same changes nothing.

        `revision` is the one `rows` were decided on. DossierMovedError when it is another by now; StoreError when nobody says who they are.
        """
        if not by.strip():
            raise StoreError("register of permits", "a change by nobody", "the name of who answers for it")
        known = dict(self._dossiers.of_kind(DOSSIER))
        steps: dict[str, list[Step]] = {}
        for key, facts in rows.items():
            before = known.get(key, [])
            if not before or dict(before[-1].facts) != dict(facts):
                steps[key] = [Step(len(before), CHANGED if before else ENTERED, now, by, facts)]
        with self._database.writing() as connection:
            self._database.lock(connection)
            there = self._dossiers.steps_count_within(connection, DOSSIER)
            if there != revision:
                raise DossierMovedError("register of permits", f"revision {revision} to be changed, and it is {there} by now", "the import done once more")
            self._dossiers.add_all_within(connection, DOSSIER, steps)
        changed = sum(1 for each in steps.values() if each[0].kind == CHANGED)
        return Kept(len(steps) - changed, changed, len(rows) - len(steps), there + len(steps))
