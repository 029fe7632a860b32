"""How long what is kept, and forgetting it: keys and rows are destroyed, and then it is shown that nothing of them is left.

The order makes a kill at any moment harmless: first one transaction says what is forgotten (rows are gone, salts too, the log tells it), then keys, envelopes
and files go, then the database is written anew, then every byte under the vault is read. Whoever was stopped in between is finished by the next forgetting.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Table, and_, case, delete, exists, func, literal, select

from catseye.core.errors import StoreError
from catseye.core.time import Stamp
from catseye.vault.database import Database
from catseye.vault.dossiers import LOCKED_AS, STEP, step_subject
from catseye.vault.drawers import Drawer, Drawers
from catseye.vault.files import UNFINISHED, disk_errors, remove_folder, sole_holder, sync_folder, writer_lives
from catseye.vault.kept_for import (
    AGGREGATES,
    ALARMS,
    BY_DAY,
    BY_SUBJECT,
    CASE,
    CLASSES,
    DRIVER,
    IDENTITY,
    NS_PER_DAY,
    POINTS,
    POSITIONS,
    REPORT,
    STANDING,
    UNCONFIRMED,
    KeptFor,
)
from catseye.vault.keys import secret_in
from catseye.vault.media import ENVELOPES, MEDIA_ENTRY, Media, MediaRef, drawer_folder
from catseye.vault.proof import Search, trace_of, traces_of_key
from catseye.vault.sealed_log import Entry, SealedLog
from catseye.vault.segments import SUFFIX
from catseye.vault.tables import (
    CONFIRMED_EVENTS,
    CROSSINGS,
    DOSSIER_STEPS,
    DRAWERS,
    DRIVERS,
    EVENTS,
    FORGETTINGS,
    JOURNAL_MARKS,
    LOG_ENTRIES,
    LOOKS,
    MEDIA,
    ORDER_STATES,
    ORDERS,
    RUNS,
    Row,
    event_subject,
    row_bytes,
)

FORGOTTEN = "forgotten"  # the log's kind of an entry that tells a forgetting
CONFIRMING = "confirmed"  # the step that makes a case more than what a machine found
CLOSINGS = "alarm"  # the dossiers of who closed an alarm, and why: gone with it
LATE_NS = NS_PER_DAY // 24  # so long after its end a day may still be written to: what came before midnight, and waited for the disk
_WIPED = (EVENTS, CONFIRMED_EVENTS, CROSSINGS, DOSSIER_STEPS, MEDIA, LOG_ENTRIES, ORDERS, ORDER_STATES, DRIVERS)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What a forgetting came to. `counts`: class → what → how many; `left`: each place where something destroyed was found again, none when it is proven.

    `traces_count` is how many keys and files were looked for, in `searched_bytes` of `files_count` files.
    """

    counts: Mapping[str, Mapping[str, int]]
    is_dry: bool
    finished_count: int = 0
    traces_count: int = 0
    files_count: int = 0
    searched_bytes: int = 0
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Promised:
    """What the class alone does not say. `names`: reporters whose names whoever forgets can destroy as well; None: of all. The others' drawers stay.

    `report_days`: reports that were promised other days after their end than the class has. `with_case`: reports that are kept as long as a case of this
    vault, and no longer; one whose case has no drawer here has its days.
    """

    names: frozenset[str] | None = None
    report_days: Mapping[str, int] = field(default_factory=dict)
    with_case: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Doomed:
    """What is to be forgotten, by class."""

    drawers: dict[Drawer, tuple[str, str]] = field(default_factory=dict)  # → the class it counts as, why
    events: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    files: dict[str, list[Path]] = field(default_factory=dict)
    crossings: ColumnElement[bool] | None = None
    crossings_count: int = 0

    def __bool__(self) -> bool:
        return bool(self.drawers or self.crossings_count or any(self.events.values()) or any(self.files.values()))


class Retention:
    """What of one vault is kept how long."""

    def __init__(self, folder: Path, database: Database, log: SealedLog, drawers: Drawers, media: Media, patience_s: float) -> None:
        """Of a vault that is open."""
        self._folder, self._database, self._log, self._drawers, self._media = folder, database, log, drawers, media
        self._patience_s = patience_s

    def confirm(self, subject: str, now: Stamp, events: Sequence[tuple[str, str]] = (), media: Sequence[MediaRef] = ()) -> list[MediaRef]:
        """A human confirmed the case: its events (run and id of each) and media are kept as long as the case is. Killed half-way: the same call finishes."""
        drawer = Drawer(CASE, subject)
        with self._database.reading() as connection:
            is_known = self._is_confirmed(connection, drawer, events)
        if not is_known:
            self._confirm(drawer, now, events)
        return [self._media.reclass(ref, CASE, now, subject) for ref in media]

    def _is_confirmed(self, connection: Connection, drawer: Drawer, events: Sequence[tuple[str, str]]) -> bool:
        known = connection.execute(select(CONFIRMED_EVENTS.c.run, CONFIRMED_EVENTS.c.id).where(CONFIRMED_EVENTS.c.subject == drawer.period))
        is_all_there = {(row.run, row.id) for row in known} >= set(events)
        return is_all_there and connection.scalar(select(DRAWERS.c.confirmed_utc_ns).where(_is(drawer), DRAWERS.c.forgotten_utc_ns.is_(None))) is not None

    def _confirm(self, drawer: Drawer, now: Stamp, events: Sequence[tuple[str, str]]) -> None:
        with self._database.writing() as connection:
            self._database.lock(connection)
            self._drawers.ready_within(connection, drawer, now)
            connection.execute(DRAWERS.update().where(_is(drawer), DRAWERS.c.confirmed_utc_ns.is_(None)).values(confirmed_utc_ns=now.utc_ns))
            self._database.insert_new(connection, CONFIRMED_EVENTS, [{"run": run, "id": name, "subject": drawer.period} for run, name in events])

    def end(self, retention: str, subject: str, when: Stamp | None) -> None:
        """The case, report or identity is over since then, so its days run; None: it is open again. StoreError when there is no such drawer."""
        if retention not in BY_SUBJECT:
            raise ValueError(f"class {retention!r}; wanted one of {', '.join(BY_SUBJECT)}")
        drawer, ended_ns = Drawer(retention, subject), when.utc_ns if when else None
        with self._database.reading() as connection:
            row = connection.execute(select(DRAWERS.c.ended_utc_ns).where(_is(drawer), DRAWERS.c.forgotten_utc_ns.is_(None))).one_or_none()
        if row is not None and row.ended_utc_ns == ended_ns:
            return
        with self._database.writing() as connection:
            self._database.lock(connection)
            changed = DRAWERS.update().where(_is(drawer), DRAWERS.c.forgotten_utc_ns.is_(None)).values(ended_utc_ns=ended_ns)
            if not connection.execute(changed).rowcount:
                raise StoreError(f"drawer {drawer}", "nothing is kept there", f"a {retention} that is kept")

    def kept(self, retention: str, subject: str) -> bool:
        """Whether there is such a drawer, and nobody has forgotten it."""
        with self._database.reading() as connection:
            return connection.scalar(select(DRAWERS.c.made_utc_ns).where(_is(Drawer(retention, subject)), DRAWERS.c.forgotten_utc_ns.is_(None))) is not None

    def ended(self, retention: str, subject: str) -> Stamp | None:
        """Since when it was told to be over; None while it is open, or there is none."""
        with self._database.reading() as connection:
            ended_ns = connection.scalar(select(DRAWERS.c.ended_utc_ns).where(_is(Drawer(retention, subject))))
        return None if ended_ns is None else Stamp(ended_ns)

    def forgotten(self, retention: str) -> frozenset[str]:
        """The subjects of this class whose drawers are forgotten."""
        gone = select(DRAWERS.c.period).where(DRAWERS.c.retention == retention, DRAWERS.c.forgotten_utc_ns.is_not(None))
        with self._database.reading() as connection:
            return frozenset(connection.scalars(gone))

    def forget(
        self,
        now: Stamp,
        kept_for: KeptFor,
        violations: Collection[str],
        classes: Collection[str] = CLASSES,
        subject: tuple[str, str] | None = None,
        promised: Promised | None = None,
        *,
        why: str = "",
        is_dry: bool = False,
    ) -> Forgotten:
        """Forget what is over of these classes, or one `subject` (class and subject) whatever its days, `why` saying who wants that; then prove it.

        `promised` says where days differ.

        `violations` are the kinds of events somebody may have to answer for: unconfirmed, they go first. StoreError when `now` is before what was kept last
        (a clock that was set back would keep for ever, one set forward destroys), and when others hold the database.
        """

        def choose(connection: Connection) -> _Doomed:
            if subject:
                return self._one(connection, now, *subject, why, promised or Promised())
            return self._doomed(connection, now, kept_for, frozenset(violations), frozenset(classes), promised or Promised())

        with self._database.reading() as connection:
            self._refuse_past(connection, now)
            if is_dry:
                return Forgotten(self._counts(connection, choose(connection)), is_dry)
        with disk_errors(self._folder), sole_holder(self._folder / "forget.lock", self._patience_s):
            doomed, counts = self._forget_rows(now, choose)
            return self._finish(now, [path for paths in doomed.files.values() for path in paths], counts)

    def _finish(self, now: Stamp, files: Sequence[Path], counts: Mapping[str, Mapping[str, int]]) -> Forgotten:
        """Destroy what is forgotten by now, by this call or by one that was stopped, and prove it."""
        leftovers, lost = self._leftovers(), self._lost()
        with self._database.reading() as connection:
            unproven_count = connection.scalar(select(func.count()).select_from(FORGETTINGS).where(FORGETTINGS.c.proven_utc_ns.is_(None))) or 0
        if not (files or leftovers or lost or unproven_count):
            return Forgotten(counts, is_dry=False)
        traces = {trace: f"what was in {path.name}" for path in (*files, *lost) if (trace := trace_of(path))}
        for drawer in leftovers:
            traces |= self._destroy(drawer)
        _remove((*files, *lost))
        self._database.wipe(_WIPED)
        search = Search(traces)
        left = search.under(self.places())
        if not left:
            with self._database.writing() as connection:
                connection.execute(FORGETTINGS.update().where(FORGETTINGS.c.proven_utc_ns.is_(None)).values(proven_utc_ns=now.utc_ns))
        return Forgotten(counts, False, unproven_count, len(traces), search.files_count, search.read_bytes, tuple(left))

    def _refuse_past(self, connection: Connection, now: Stamp) -> None:
        kept = {
            "a run was begun": RUNS.c.begun_utc_ns,
            "a drawer was made": DRAWERS.c.made_utc_ns,
            "media was kept": MEDIA.c.kept_utc_ns,
            "somebody looked": LOOKS.c.utc_ns,
            "something was forgotten": FORGETTINGS.c.utc_ns,
        }
        for what, column in kept.items():
            newest_ns = connection.scalar(select(func.max(column)))
            if newest_ns is not None and newest_ns > now.utc_ns:
                raise StoreError("forgetting", f"the clock says {now.iso()}, and {what} on {Stamp(newest_ns).iso()}", "a clock that was not set back")

    def _doomed(
        self, connection: Connection, now: Stamp, kept_for: KeptFor, violations: frozenset[str], classes: frozenset[str], promised: Promised
    ) -> _Doomed:
        """Everything that is over."""
        doomed = _Doomed()
        over_ns = {name: now.utc_ns - kept_for.span_ns(name) for name in CLASSES}
        kept_at = _kept_at(EVENTS.c.run, EVENTS.c.utc_ns, now)
        confirmed = exists().where(CONFIRMED_EVENTS.c.run == EVENTS.c.run, CONFIRMED_EVENTS.c.id == EVENTS.c.id)
        for name in sorted(frozenset(BY_DAY) & classes):
            why = f"{'unconfirmed' if name == UNCONFIRMED else 'kept'} for {getattr(kept_for, f'{name}_days')} days"
            for drawer in self._days(connection, name):
                if (drawer.over_utc_ns or 0) <= over_ns[name] and not _is_written(drawer, now):
                    doomed.drawers[drawer] = (name, why)
        if UNCONFIRMED in classes:
            why = f"unconfirmed for {kept_for.unconfirmed_days} days"
            step = exists().where(DOSSIER_STEPS.c.dossier == CASE, DOSSIER_STEPS.c.subject == DRAWERS.c.period, DOSSIER_STEPS.c.kind == CONFIRMING)
            found = DRAWERS.c.made_utc_ns <= over_ns[UNCONFIRMED]
            never = and_(DRAWERS.c.retention == CASE, DRAWERS.c.forgotten_utc_ns.is_(None), DRAWERS.c.confirmed_utc_ns.is_(None), found, ~step)
            doomed.drawers |= {Drawer(CASE, period): (UNCONFIRMED, why) for (period,) in connection.execute(select(DRAWERS.c.period).where(never))}
            over = and_(EVENTS.c.kind.in_(sorted(violations)), kept_at <= over_ns[UNCONFIRMED], ~confirmed, ~_OF_TERMINALS)
            doomed.events[UNCONFIRMED] = _events(connection, over)
            doomed.files[UNCONFIRMED] = _older(self._folder.glob("media/*/*.png"), over_ns[UNCONFIRMED])
        for name in sorted({CASE, IDENTITY, DRIVER} & classes):
            ended = and_(DRAWERS.c.retention == name, DRAWERS.c.forgotten_utc_ns.is_(None), DRAWERS.c.ended_utc_ns <= over_ns[name])
            why = f"{'not seen' if name == DRIVER else 'over'} for {getattr(kept_for, f'{name}_days')} days"
            for (period,) in connection.execute(select(DRAWERS.c.period).where(ended)):
                if name != IDENTITY or promised.names is None or period in promised.names:
                    doomed.drawers.setdefault(Drawer(name, period), (name, why))
        if REPORT in classes:
            self._doom_reports(connection, now, kept_for, promised, doomed)
        self._doom_events_of_cases(connection, doomed)
        if ALARMS in classes:
            doomed.events[ALARMS] = _events(connection, and_(_OF_TERMINALS, kept_at <= over_ns[ALARMS], ~confirmed))
        if AGGREGATES in classes:
            over = and_(EVENTS.c.kind.not_in(sorted(violations)), kept_at <= over_ns[AGGREGATES], ~confirmed, ~_OF_TERMINALS)
            doomed.events[AGGREGATES] = _events(connection, over)
            doomed.crossings = _kept_at(CROSSINGS.c.run, CROSSINGS.c.utc_ns, now) <= over_ns[AGGREGATES]
            doomed.crossings_count = connection.scalar(select(func.count()).select_from(CROSSINGS).where(doomed.crossings)) or 0
        if POINTS in classes:
            parts = (path for tier in ("points", "tracks") for path in self._folder.glob(f"{tier}/*/*.parquet"))
            doomed.files[POINTS] = _older(parts, over_ns[POINTS])
        return doomed

    def _days(self, connection: Connection, retention: str) -> list[Drawer]:
        """Drawers of a class by day that are kept."""
        kept = select(DRAWERS.c.period).where(DRAWERS.c.forgotten_utc_ns.is_(None), DRAWERS.c.retention == retention)
        return [Drawer(retention, period) for period in connection.scalars(kept)]

    def _doom_reports(self, connection: Connection, now: Stamp, kept_for: KeptFor, promised: Promised, doomed: _Doomed) -> None:
        """Reports that are over for as long as was promised; after the cases, since one that belongs to a case goes with it."""
        ended = and_(DRAWERS.c.retention == REPORT, DRAWERS.c.forgotten_utc_ns.is_(None), DRAWERS.c.ended_utc_ns.is_not(None))
        of_cases = select(DRAWERS.c.period, DRAWERS.c.forgotten_utc_ns).where(DRAWERS.c.retention == CASE)
        cases = {row.period: row.forgotten_utc_ns for row in connection.execute(of_cases)}
        for name, ended_ns in connection.execute(select(DRAWERS.c.period, DRAWERS.c.ended_utc_ns).where(ended)):
            of = promised.with_case.get(name)
            days = promised.report_days.get(name, kept_for.report_days)
            if of is not None and of in cases:
                if cases[of] is not None or Drawer(CASE, of) in doomed.drawers:
                    doomed.drawers[Drawer(REPORT, name)] = (REPORT, f"its case {of} is forgotten")
            elif ended_ns <= now.utc_ns - days * NS_PER_DAY:
                doomed.drawers[Drawer(REPORT, name)] = (REPORT, f"over for {days} days")

    def _one(self, connection: Connection, now: Stamp, retention: str, subject: str, why: str, promised: Promised) -> _Doomed:
        drawer = Drawer(retention, subject)
        if _is_written(drawer, now):
            raise StoreError(f"drawer {drawer}", "a day that is still being written", "a day that is over")
        row = connection.execute(select(DRAWERS.c.forgotten_utc_ns).where(_is(drawer))).one_or_none()
        if row is None:
            raise StoreError(f"drawer {drawer}", "nothing was ever kept there", f"a {retention} that is kept")
        doomed = _Doomed() if row.forgotten_utc_ns is not None else _Doomed({drawer: (retention, why or "somebody asked for it")})
        for name in sorted(name for name, of in promised.with_case.items() if retention == CASE and of == subject):
            own = and_(_is(Drawer(REPORT, name)), DRAWERS.c.forgotten_utc_ns.is_(None), DRAWERS.c.ended_utc_ns.is_not(None))
            if connection.scalar(select(DRAWERS.c.period).where(own)) is not None:
                doomed.drawers[Drawer(REPORT, name)] = (REPORT, f"its case {subject} is forgotten")
        self._doom_events_of_cases(connection, doomed)
        return doomed

    def _doom_events_of_cases(self, connection: Connection, doomed: _Doomed) -> None:
        """Events that were kept for a case go with it."""
        for drawer, (name, _) in doomed.drawers.items():
            if drawer.retention == CASE:
                mine = select(CONFIRMED_EVENTS.c.run, CONFIRMED_EVENTS.c.id).where(CONFIRMED_EVENTS.c.subject == drawer.period)
                doomed.events.setdefault(name, []).extend((row.run, row.id) for row in connection.execute(mine))

    def _counts(self, connection: Connection, doomed: _Doomed) -> dict[str, dict[str, int]]:
        counts: dict[str, dict[str, int]] = {}

        def add(name: str, what: str, count: int) -> None:
            if count:
                counts.setdefault(name, {})[what] = counts.get(name, {}).get(what, 0) + count

        for drawer, (name, _) in doomed.drawers.items():
            add(name, "keys", 1)
            add(name, "steps", len(_steps(connection, drawer)))
            add(name, "media", len(_media(connection, drawer)))
            add(name, "segments", sum(1 for _ in self._paths(drawer)[0].glob(f"*{SUFFIX}")))
            if drawer.retention == POSITIONS:
                add(name, "orders", connection.scalar(select(func.count()).where(ORDERS.c.period == drawer.period)) or 0)
        for name, events in doomed.events.items():
            add(name, "events", len(events))
            add(name, "steps", len(self._closings(connection, [each for _, each in events])))
        for name, paths in doomed.files.items():
            add(name, "files", len(paths))
        add(AGGREGATES, "crossings", doomed.crossings_count)
        return counts

    def _forget_rows(self, now: Stamp, choose: Callable[[Connection], _Doomed]) -> tuple[_Doomed, dict[str, dict[str, int]]]:
        """One transaction: from here on it is forgotten, whatever still lies on the disk."""
        with self._database.writing() as connection:
            self._database.lock(connection)
            for table in (EVENTS, CROSSINGS):
                connection.execute(RUNS.insert().from_select(["run", "begun_utc_ns"], _unknown_runs(table, now)))
            doomed = choose(connection)
            counts = self._counts(connection, doomed)
            if not doomed:
                return doomed, counts
            for drawer, (_, why) in doomed.drawers.items():
                steps, media = _steps(connection, drawer), _media(connection, drawer)
                self._log.forget_subjects(connection, STEP, [step_subject(row) for row in steps])
                self._log.forget_subjects(connection, MEDIA_ENTRY, media)
                connection.execute(delete(DOSSIER_STEPS).where(_steps_of(drawer)))
                gone = {"sha256": None, "size_bytes": None, "original_sha256": None, "original_bytes": None, "recipients": "[]", "file": ""}
                told = {"forgotten_utc_ns": now.utc_ns, "why": why}
                connection.execute(MEDIA.update().where(_media_of(drawer)).values(gone | told))
                connection.execute(DRAWERS.update().where(_is(drawer)).values(told))
                if drawer.retention == CASE:
                    connection.execute(delete(CONFIRMED_EVENTS).where(CONFIRMED_EVENTS.c.subject == drawer.period))
                elif drawer.retention == POSITIONS:
                    mine = select(ORDERS.c.id).where(ORDERS.c.period == drawer.period)
                    connection.execute(delete(ORDER_STATES).where(ORDER_STATES.c.order_id.in_(mine)))
                    connection.execute(delete(ORDERS).where(ORDERS.c.period == drawer.period))
                    connection.execute(delete(JOURNAL_MARKS).where(JOURNAL_MARKS.c.period == drawer.period))
                elif drawer.retention == DRIVER:
                    connection.execute(delete(DRIVERS).where(DRIVERS.c.pseudonym == drawer.period))
            for run, names in _by_run(doomed.events):
                connection.execute(delete(EVENTS).where(EVENTS.c.run == run, self._database.among(EVENTS.c.id, names)))
                self._log.forget_subjects(connection, "event", [event_subject({"run": run, "id": name}) for name in names])
                self._forget_closings(connection, names)
            if doomed.crossings is not None and doomed.crossings_count:
                connection.execute(delete(CROSSINGS).where(doomed.crossings))
            self._tell(connection, now, doomed, counts)
        return doomed, counts

    def _forget_closings(self, connection: Connection, names: Sequence[str]) -> None:
        """A closing names a person, and often another in its reason."""
        self._log.forget_subjects(connection, STEP, [step_subject(row) for row in self._closings(connection, names)])
        connection.execute(delete(DOSSIER_STEPS).where(self._are_closings(names)))

    def _closings(self, connection: Connection, names: Sequence[str]) -> Sequence[Row]:
        chosen = select(DOSSIER_STEPS.c.dossier, DOSSIER_STEPS.c.subject, DOSSIER_STEPS.c.number).where(self._are_closings(names))
        return connection.execute(chosen).mappings().all()

    def _are_closings(self, names: Sequence[str]) -> ColumnElement[bool]:
        """Of the events of these names."""
        return and_(DOSSIER_STEPS.c.dossier == CLOSINGS, self._database.among(DOSSIER_STEPS.c.subject, names))

    def _tell(self, connection: Connection, now: Stamp, doomed: _Doomed, counts: Mapping[str, Mapping[str, int]]) -> None:
        drawers = [{"retention": each.retention, "period": each.period, "why": why} for each, (_, why) in sorted(doomed.drawers.items())]
        number = connection.scalar(select(func.count()).select_from(FORGETTINGS)) or 0
        row = {"number": number, "utc_ns": now.utc_ns, "body": json.dumps({"counts": counts, "drawers": drawers}, ensure_ascii=False, sort_keys=True)}
        self._database.insert_new(connection, FORGETTINGS, [row])
        self._log.append(connection, [Entry(FORGOTTEN, str(number), forgetting_bytes(row))])

    def _destroy(self, drawer: Drawer) -> dict[bytes, str]:
        """Key and envelopes of a drawer that is forgotten; what to look for afterwards."""
        folder = drawer_folder(self._folder, drawer.retention, drawer.period)
        traces = {trace: f"an envelope of {drawer}" for path in folder.glob("*") if (trace := trace_of(path))}
        content = self._drawers.keys.destroy(drawer.retention, drawer.period)
        if content is not None and (secret := secret_in(content)) is not None:
            traces |= dict.fromkeys(traces_of_key(secret), f"the key of {drawer}")
        remove_folder(folder)
        return traces

    def _leftovers(self) -> list[Drawer]:
        """Drawers that are forgotten and of which a key or an envelope is still there."""
        gone = select(DRAWERS.c.retention, DRAWERS.c.period).where(DRAWERS.c.forgotten_utc_ns.is_not(None))
        with self._database.reading() as connection:
            drawers = [Drawer(*row) for row in connection.execute(gone)]
        return [each for each in drawers if any(path.exists() for path in self._paths(each))]

    def _paths(self, drawer: Drawer) -> tuple[Path, Path]:
        return drawer_folder(self._folder, drawer.retention, drawer.period), self._drawers.keys.path(drawer.retention, drawer.period)

    def _lost(self) -> list[Path]:
        """Envelopes that writers left, who died before their row was written; those of living ones are on their way in."""
        with self._database.reading() as connection:
            known = {(row.retention, row.period, row.file) for row in connection.execute(select(MEDIA.c.retention, MEDIA.c.period, MEDIA.c.file))}
        wanted = {drawer_folder(self._folder, retention, period) / file for retention, period, file in known}
        there = [path for path in self._folder.glob(f"{ENVELOPES}/*/*/*") if not path.name.endswith((UNFINISHED, SUFFIX))]
        return [path for path in there if path not in wanted and not writer_lives(self._folder / "writers" / path.name.partition("-")[0])]

    def places(self) -> list[Path]:
        """Where the bytes of a vault and its keys lie: what a proof reads."""
        keys = self._drawers.keys.folder
        return [self._folder, *([keys] if keys.is_dir() and not keys.is_relative_to(self._folder) else [])]


def forgetting_bytes(row: Row) -> bytes:
    """What the log's leaf of a forgetting stands for."""
    return row_bytes({name: row[name] for name in ("number", "utc_ns", "body")})


def forgettings_bytes(connection: Connection, subjects: Sequence[str]) -> dict[str, bytes]:
    """The same of all these, by number."""
    chosen = select(FORGETTINGS).where(FORGETTINGS.c.number.in_([int(subject) for subject in subjects]))
    return {str(row["number"]): forgetting_bytes(row) for row in connection.execute(chosen).mappings()}


def _kept_at(run: Any, utc_ns: Any, now: Stamp) -> ColumnElement[int]:
    """When a fact was kept: its own moment where that is a clock's after its run began, else when the run began; `now` for a run nobody noted."""
    begun = func.coalesce(select(RUNS.c.begun_utc_ns).where(RUNS.c.run == run).scalar_subquery(), now.utc_ns)
    return case((and_(utc_ns > begun, utc_ns <= now.utc_ns), utc_ns), else_=begun)


def _unknown_runs(table: Table, now: Stamp) -> Any:
    return select(table.c.run, literal(now.utc_ns, BigInteger)).where(~exists().where(RUNS.c.run == table.c.run)).distinct()


def _events(connection: Connection, over: ColumnElement[bool]) -> list[tuple[str, str]]:
    return [(row.run, row.id) for row in connection.execute(select(EVENTS.c.run, EVENTS.c.id).where(over))]


def _by_run(events: Mapping[str, Sequence[tuple[str, str]]]) -> Iterator[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for some in events.values():
        for run, name in some:
            found.setdefault(run, []).append(name)
    yield from found.items()


# Events of vehicle terminals say where a vehicle was and under which pseudonym somebody drove it.
_OF_TERMINALS = and_(EVENTS.c.camera.like("terminal-%"), EVENTS.c.body.like('%"lineage":"terminal"%'))


def _is(drawer: Drawer) -> ColumnElement[bool]:
    return and_(DRAWERS.c.retention == drawer.retention, DRAWERS.c.period == drawer.period)


def _is_written(drawer: Drawer, now: Stamp) -> bool:
    """Whether messages of terminals may still come into it."""
    return drawer.retention == POSITIONS and (drawer.over_utc_ns or 0) + LATE_NS > now.utc_ns


def _steps_of(drawer: Drawer) -> ColumnElement[bool]:
    if drawer.retention == STANDING:
        return DOSSIER_STEPS.c.dossier == drawer.period
    kinds = [kind for kind, retention in LOCKED_AS.items() if retention == drawer.retention]
    return and_(DOSSIER_STEPS.c.dossier.in_(kinds), DOSSIER_STEPS.c.subject == drawer.period)


def _steps(connection: Connection, drawer: Drawer) -> Sequence[Row]:
    chosen = select(DOSSIER_STEPS.c.dossier, DOSSIER_STEPS.c.subject, DOSSIER_STEPS.c.number).where(_steps_of(drawer))
    return connection.execute(chosen).mappings().all()


def _media_of(drawer: Drawer) -> ColumnElement[bool]:
    return and_(MEDIA.c.retention == drawer.retention, MEDIA.c.period == drawer.period, MEDIA.c.forgotten_utc_ns.is_(None))


def _media(connection: Connection, drawer: Drawer) -> list[str]:
    return [row.name for row in connection.execute(select(MEDIA.c.name).where(_media_of(drawer)))]


def _older(paths: Iterator[Path], over_ns: int) -> list[Path]:
    """Files that were last written so long ago, by the clock of the file system."""
    found = []
    for path in paths:
        with disk_errors(path), suppress(FileNotFoundError):
            if path.stat().st_mtime_ns <= over_ns:
                found.append(path)
    return sorted(found)


def _remove(paths: Iterable[Path]) -> None:
    folders = set()
    for path in paths:
        with disk_errors(path):
            path.unlink(missing_ok=True)
        folders.add(path.parent)
    for folder in folders:
        with disk_errors(folder), suppress(FileNotFoundError):  # the whole folder may have gone, with its drawer
            sync_folder(folder)
