"""Events of a run by kind, source and time, found without reading the others: a fleet's years are millions of them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, exists, func, select

from catseye.core.event import Event
from catseye.vault.database import Database
from catseye.vault.tables import DOSSIER_STEPS, EVENTS, event_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: of these `kinds` (none: all), of this `camera`, from `since_ns` until before `before_ns` of the source's clock.

    `no_dossier`: only those that no dossier of this kind is about.
    """

    kinds: frozenset[str] = frozenset()
    camera: str | None = None
    since_ns: int | None = None
    before_ns: int | None = None
    no_dossier: str = ""


class Facts(NamedTuple):
    """What a count needs of an event; an `Event` of each would take longer than reading it. `measures`: name, value, unit, doubt."""

    id: str
    kind: str
    time_ns: int
    subjects: Sequence[str]
    measures: Sequence[tuple[str, float, str, float]]
    details: Mapping[str, Any]


class EventSearch:
    """The events of one run of a vault."""

    def __init__(self, database: Database, run: str) -> None:
        """Of a vault that is open."""
        self._database, self._run = database, run

    def in_order(self, wanted: Wanted) -> Iterator[Event]:
        """In order of time, camera, id; a thousand in memory at a time."""
        chosen = select(EVENTS).where(*self._of(wanted)).order_by(EVENTS.c.time_ns, EVENTS.c.camera, EVENTS.c.id)
        with self._database.reading() as connection:
            for row in connection.execute(chosen).yield_per(1000).mappings():
                yield event_of(dict(row))

    def facts(self, wanted: Wanted) -> Iterator[Facts]:
        """In no order; a thousand in memory at a time."""
        c = EVENTS.c
        with self._database.reading() as connection:
            rows = connection.execute(select(c.id, c.kind, c.time_ns, c.body).where(*self._of(wanted))).yield_per(1000)
            for name, kind, time_ns, body in rows:
                said = json.loads(body)
                yield Facts(name, kind, time_ns, said["subjects"], said["measures"], said["details"])

    def newest(self, wanted: Wanted, most_count: int) -> list[Event]:
        """The newest first, `most_count` at most."""
        found = self._newest_first(select(EVENTS.c.id), wanted, most_count)
        chosen = select(EVENTS).where(EVENTS.c.run == self._run, EVENTS.c.id.in_(found))  # bodies of the chosen alone
        with self._database.reading() as connection:
            events = [event_of(dict(row)) for row in connection.execute(chosen).mappings()]
        return sorted(events, key=lambda each: (-each.time_ns, each.id))

    def count(self, wanted: Wanted) -> int:
        """How many there are."""
        with self._database.reading() as connection:
            return connection.scalar(select(func.count()).select_from(EVENTS).where(*self._of(wanted))) or 0

    def ids_beginning(self, beginning: str, kinds: frozenset[str], most_count: int) -> list[str]:
        """Ids that begin so, in their order, `most_count` at most."""
        begins = (EVENTS.c.id >= beginning, EVENTS.c.id < beginning + "\x7f")  # ids are hex digits: the key's own order finds them
        chosen = select(EVENTS.c.id).where(*self._of(Wanted(kinds)), *begins).order_by(EVENTS.c.id).limit(most_count)
        with self._database.reading() as connection:
            return list(connection.scalars(chosen))

    def without_dossier(self, ids: Sequence[str], dossier: str) -> frozenset[str]:
        """Those of these events that no dossier of this kind is about."""
        chosen = select(EVENTS.c.id).where(*self._of(Wanted(no_dossier=dossier)), self._database.among(EVENTS.c.id, ids))
        with self._database.reading() as connection:
            return frozenset(connection.scalars(chosen))

    def _newest_first(self, chosen: "Select[Any]", wanted: Wanted, most_count: int) -> list[Any]:
        latest = EVENTS.c.time_ns if wanted.camera is None else EVENTS.c.time_ns + 0  # of one source: by kind and sorted, not through all of time
        ordered = chosen.where(*self._of(wanted)).order_by(latest.desc(), EVENTS.c.id).limit(most_count)
        with self._database.reading() as connection:
            return list(connection.scalars(ordered))

    def _of(self, wanted: Wanted) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = [EVENTS.c.run == self._run]
        if wanted.kinds:
            found.append(EVENTS.c.kind.in_(sorted(wanted.kinds)))
        if wanted.camera is not None:
            found.append(EVENTS.c.camera == wanted.camera)
        if wanted.since_ns is not None:
            found.append(EVENTS.c.time_ns >= wanted.since_ns)
        if wanted.before_ns is not None:
            found.append(EVENTS.c.time_ns < wanted.before_ns)
        if wanted.no_dossier:
            found.append(~exists().where(DOSSIER_STEPS.c.dossier == wanted.no_dossier, DOSSIER_STEPS.c.subject == EVENTS.c.id))
        return found
