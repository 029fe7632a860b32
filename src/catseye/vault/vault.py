"""The vault: one folder where facts stay, whatever happens to the process that found them. See docs/design/storage.md."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
from sqlalchemy import Connection, func, select

from catseye.core.event import Event
from catseye.core.grant import Grant
from catseye.core.picture import RedactedPicture
from catseye.core.time import NS_PER_MINUTE, Stamp
from catseye.vault import export, parts
from catseye.vault.batches import Crossing, CrossingBatch, Flow, PointBatch, TrackBatch
from catseye.vault.database import Database
from catseye.vault.dossiers import STEP, Dossiers, step_bytes, step_subject
from catseye.vault.drawers import Drawers
from catseye.vault.drivers import Drivers
from catseye.vault.event_search import EventSearch
from catseye.vault.files import (
    Presence,
    disk_errors,
    file_name,
    forget_dead,
    make_folder,
    remove_folder,
    sole_holder,
    sweep,
    sweep_folders,
    sync_folder,
    whole_file,
)
from catseye.vault.heads import SignedHead, sign_head, signed_head_of
from catseye.vault.journal import Journal
from catseye.vault.keys import KeyFolder
from catseye.vault.ledger import POSTING, Ledger
from catseye.vault.log_accounts import account_faults
from catseye.vault.log_proofs import PACKAGE, LogProof
from catseye.vault.looks import LOOK, Look, Looks, look_bytes, look_subject
from catseye.vault.media import ENVELOPES, MEDIA_ENTRY, STAGING, Media
from catseye.vault.outbox import Outbox
from catseye.vault.packages import Packages, package_bodies
from catseye.vault.permits import PermitRegister
from catseye.vault.pictures import write_png
from catseye.vault.retention import FORGOTTEN, Retention, forgettings_bytes
from catseye.vault.sealed_log import Entry, Head, SealedLog
from catseye.vault.tables import CROSSINGS, DOSSIER_STEPS, EVENTS, LOG_HEADS, LOOKS, RUNS, crossing_rows, event_bytes, event_of, event_row, event_subject
from catseye.vault.terminals import Terminals

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

TIERS = ("points", "tracks", "flows", "media")
KEYS = "keys"
EVENT = "event"  # the log's kind of an entry that tells an event


def _own_folder(folder: Path) -> Path:
    """The folder; a new one is for this user alone. One that is there stays as its owner made it."""
    if folder.is_dir():
        return folder
    make_folder(folder.parent)
    with disk_errors(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)
    return folder


class Vault:
    """One folder, for many processes at once; one thread of each uses its own `Vault`, opened after any fork.

    All that is kept belongs to `run`, one pass over one site: the same run kept again doubles nothing, another run mixes with nothing.
    Events and crossings are durable when their call returns; points and tracks when `flush` returns. StoreError when the disk says no;
    after one, what was not yet written is still held, and the call may be repeated.
    """

    def __init__(self, folder: Path, run: str, patience_s: float, database: Database, presence: Presence, keys: KeyFolder) -> None:
        """Use `open`."""
        self.folder = folder
        self.run = run
        self._patience_s = patience_s
        self._database = database
        self.log = SealedLog(database)
        self._drawers = Drawers(database, keys)
        self._drawers.refuse_without_keys()
        self.dossiers = Dossiers(database, self.log, self._drawers)
        self.search = EventSearch(database, run)
        self._looks = Looks(database, self.log)
        self.media = Media(folder, database, self.log, self._drawers, self._looks, presence)
        self.ledger = Ledger(database, self.log, self.dossiers)
        self.permits = PermitRegister(database, self.dossiers)
        self.outbox = Outbox(database, self.log, self._logged_bodies)
        self.retention = Retention(folder, database, self.log, self._drawers, self.media, patience_s)
        self._presence = presence
        self.terminals = Terminals(database, self._drawers, self.dossiers)
        self.drivers = Drivers(database, self._drawers, self._looks)
        self.journal = Journal(folder, database, self._drawers, self._looks, presence)
        self.journal.mend()
        self.packages = Packages(database, self.log, folder / "writers", presence.token)
        self._begin_run()
        self._points = parts.PartWriter(self._tier("points"), presence.token, "time_ns", parts.points_table)
        self._tracks = parts.PartWriter(self._tier("tracks"), presence.token, "begin_ns", parts.tracks_table)
        self._is_open = True

    @classmethod
    def open(cls, folder: Path, run: str = "run", patience_s: float = 30.0, database_url: str = "", keys: Path | None = None) -> Self:
        """Make or open the vault, bring its schema up to date, sweep what dead writers left.

        `patience_s` is how long any call waits for another writer; `database_url`, of a PostgreSQL database, keeps events and crossings there and not in the
        folder; `keys` is the folder of the keys (default: `keys` in the vault's). StoreError: no folder, not writable, full, damaged, of a newer catseye; no
        such database. KeyFileError: a key of something that is kept is missing, or others may read it.
        """
        folder = _own_folder(folder.absolute())
        writers = make_folder(folder / "writers")
        for tier in TIERS:
            make_folder(folder / tier / file_name(run))
        with disk_errors(folder), sole_holder(folder / "open.lock", patience_s):
            key_folder = keys.absolute() if keys is not None else folder / KEYS
            for place in (*folder.glob("*/*/"), *(folder / ENVELOPES).glob("*/*/"), key_folder):
                sweep(place, writers)
            sweep_folders(folder / STAGING, writers)
            forget_dead(writers)
            presence = Presence(writers)
            try:
                database = Database(database_url or folder / "vault.db", patience_s)
            except BaseException:  # whatever it was: a presence without a vault would look alive
                presence.end()
                raise
            try:
                return cls(folder, run, patience_s, database, presence, KeyFolder(key_folder, presence.token))
            except BaseException:
                database.close()
                presence.end()
                raise

    def __enter__(self) -> Self:
        """The vault itself; it closes at the end of the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close, keeping what was handed over even when the block failed."""
        self.close()

    def keep_events(self, events: Sequence[Event]) -> int:
        """Keep a batch in one transaction, and log it; durable on return. How many were new: an event known by its id only ever gets a later end."""
        rows: dict[str, dict[str, Any]] = {}
        for row in (event_row(self.run, event) for event in events):
            if row["id"] not in rows or rows[row["id"]]["end_time_ns"] < row["end_time_ns"]:
                rows[row["id"]] = row
        if not rows:
            return 0
        with self._database.writing() as connection:
            self._database.lock(connection)
            known = self._ends_of(connection, list(rows))
            fresh = [row for name, row in rows.items() if name not in known]
            longer = [row for name, row in rows.items() if name in known and known[name] < row["end_time_ns"]]
            self._database.insert_new(connection, EVENTS, fresh)
            for row in longer:
                same = (EVENTS.c.run == self.run) & (EVENTS.c.id == row["id"])
                connection.execute(EVENTS.update().where(same).values(end_time_ns=row["end_time_ns"], body=row["body"]))
            self.log.append(connection, [Entry(EVENT, event_subject(row), event_bytes(row)) for row in (*fresh, *longer)])
        return len(fresh)

    def sign_head(self, utc_ns: int, key: "Ed25519PrivateKey") -> SignedHead:
        """Vouch for the log as it stands, and keep that beside it."""
        with self._database.writing() as connection:
            signed = sign_head(self.log.head(connection), utc_ns, key)
            row = {"size_count": signed.head.size_count, "body": signed.to_json()}
            self._database.insert_new(connection, LOG_HEADS, [row])
        return signed

    def log_faults(self) -> list[str]:
        """What in the log does not follow from its leaves, each event that is not what was logged, each kept head the log does not continue."""
        with self._database.reading() as connection:
            told = list(self.log.faults(connection, lambda kind, subjects: self._logged_bodies(connection, kind, subjects)))
            told += account_faults(connection)
            told += self.ledger.faults(connection)
            kept = [signed_head_of(row.body, "a kept head of the log") for row in connection.execute(select(LOG_HEADS.c.body).order_by(LOG_HEADS.c.size_count))]
            return told + [fault for signed in kept if (fault := self.log.fault_against(connection, signed.head))]

    def log_fault_against(self, head: Head) -> str | None:
        """Why the log does not continue a head that somebody kept; None when it does."""
        with self._database.reading() as connection:
            return self.log.fault_against(connection, head)

    def log_size_count(self) -> int:
        """How many entries the log has."""
        with self._database.reading() as connection:
            return self.log.head(connection).size_count

    def log_proof(self, old_count: int, new_count: int) -> LogProof:
        """Shows somebody who kept two heads of these sizes that the log only grew between them. ValueError for sizes it never had."""
        with self._database.reading() as connection:
            if not 0 <= old_count <= new_count <= self.log.head(connection).size_count:
                raise ValueError(f"from {old_count} to {new_count} entries of {self.log.head(connection).size_count}; wanted an older size first, both there")
            return LogProof(old_count, new_count, tuple(self.log.consistency(connection, old_count, new_count)))

    def _logged_bodies(self, connection: Connection, kind: str, subjects: Sequence[str]) -> dict[str, bytes]:
        """What the facts of these subjects are now; a kind this catseye does not know has none."""
        tellers: dict[str, Callable[[Connection, Sequence[str]], dict[str, bytes]]] = {
            EVENT: self._logged_events,
            STEP: self._logged_steps,
            MEDIA_ENTRY: self.media.rows_bytes,
            LOOK: _logged_looks,
            POSTING: self.ledger.logged_bodies,
            FORGOTTEN: forgettings_bytes,
            PACKAGE: lambda _, names: package_bodies(names),
        }
        return tellers[kind](connection, subjects) if kind in tellers else {}

    def _logged_events(self, connection: Connection, subjects: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        by_run: dict[str, list[str]] = {}
        for subject in subjects:
            run, _, name = subject.rpartition("/")
            by_run.setdefault(run, []).append(name)
        for run, names in by_run.items():
            for row in connection.execute(select(EVENTS).where(EVENTS.c.run == run, EVENTS.c.id.in_(names))).mappings():
                found[event_subject(dict(row))] = event_bytes(dict(row))
        return found

    def _logged_steps(self, connection: Connection, subjects: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for name in {subject.rpartition("/")[0] for subject in subjects}:
            dossier, _, subject = name.partition("/")
            chosen = select(DOSSIER_STEPS).where(DOSSIER_STEPS.c.dossier == dossier, DOSSIER_STEPS.c.subject == subject)
            found |= {step_subject(row): step_bytes(row) for row in connection.execute(chosen).mappings()}
        return found

    def _ends_of(self, connection: Connection, names: list[str]) -> dict[str, int]:
        """When the events of these ids that are known already end."""
        chosen = select(EVENTS.c.id, EVENTS.c.end_time_ns).where(EVENTS.c.run == self.run, self._database.among(EVENTS.c.id, names))
        return {row.id: row.end_time_ns for row in connection.execute(chosen)}

    def keep_crossings(self, batch: CrossingBatch) -> int:
        """Keep a batch in one transaction; durable on return. How many were new: the same track, line, direction and time is the same crossing."""
        with self._database.writing() as connection:
            return self._database.insert_new(connection, CROSSINGS, crossing_rows(self.run, batch))

    def keep_points(self, batch: PointBatch) -> None:
        """Hold settled points until `flush`, or until there are enough for a part file (parts.PART_ROWS)."""
        self._points.hold(batch)

    def keep_tracks(self, batch: TrackBatch) -> None:
        """Hold settled tracks until `flush`, or until there are enough for a part file."""
        self._tracks.hold(batch)

    def keep_picture(self, picture: RedactedPicture, name: str) -> Path:
        """Write a still of the run for its report, as plain PNG under the run's media; the same name replaces. TypeError for anything but a RedactedPicture.

        Everybody who may read the folder sees it without a grant, so it is of the empty road or the scene, never evidence (`media.keep_picture`);
        it is forgotten with the class `unconfirmed`.
        """
        path = self._tier("media") / f"{file_name(name)}.png"
        with whole_file(path, self._presence.token) as file:
            write_png(file, picture)
        return path

    def look(self, subject: str, grant: Grant, now: Stamp, why: str) -> Look:
        """Write down that somebody looks at what is no picture (`identity/<pseudonym>`); durable and logged on return, so show nothing before."""
        return self._looks.note(subject, grant, now, why)

    def looks(self, *, who: str | None = None, subject: str | None = None, since: Stamp | None = None) -> Iterator[Look]:
        """Who looked at what, and why, in order of time; `subject` is `media/<name>` for pictures and clips."""
        return self._looks.found(who=who, subject=subject, since=since)

    def flush(self) -> None:
        """Make every point and track handed over so far durable."""
        self._points.write()
        self._tracks.write()

    def close(self) -> None:
        """Flush, bring the one-minute aggregates up to date, let go; idempotent."""
        if not self._is_open:
            return
        self._is_open = False
        try:
            self.flush()
            self._settle_flows()
        finally:
            self.journal.close()
            self._database.close()
            remove_folder(self.folder / STAGING / self._presence.token)
            self._presence.end()

    def events(self, camera: str | None = None) -> Iterator[Event]:
        """Events of the run in order of time, camera, id."""
        chosen = select(EVENTS).where(EVENTS.c.run == self.run).order_by(EVENTS.c.time_ns, EVENTS.c.camera, EVENTS.c.id)
        with self._database.reading() as connection:
            for row in connection.execute(chosen if camera is None else chosen.where(EVENTS.c.camera == camera)).yield_per(1000).mappings():
                yield event_of(dict(row))

    def event(self, name: str) -> Event | None:
        """The event of the run with this id."""
        with self._database.reading() as connection:
            row = connection.execute(select(EVENTS).where(EVENTS.c.run == self.run, EVENTS.c.id == name)).mappings().one_or_none()
        return None if row is None else event_of(dict(row))

    def crossings(self, camera: str | None = None) -> Iterator[Crossing]:
        """Crossings of the run in order of time, camera, line, track."""
        c = CROSSINGS.c
        chosen = select(c.camera, c.time_ns, c.line, c.direction, c.track, c.kind, c.utc_ns, c.speed_kmh, c.speed_doubt_kmh)
        chosen = chosen.where(c.run == self.run).order_by(c.time_ns, c.camera, c.line, c.track, c.direction)
        with self._database.reading() as connection:
            for row in connection.execute(chosen if camera is None else chosen.where(c.camera == camera)).yield_per(1000):
                yield Crossing(*row)

    def flows(self, camera: str | None = None) -> Iterator[Flow]:
        """Crossings of the run counted by minute of the source's clock, camera, line, direction and kind."""
        c = CROSSINGS.c
        into_minute = (c.time_ns % NS_PER_MINUTE + NS_PER_MINUTE) % NS_PER_MINUTE  # the remainder of a time before zero keeps its sign
        minute, utc_ns = (c.time_ns - into_minute).label("minute"), (c.utc_ns - into_minute).label("minute_utc_ns")
        rows = select(minute, utc_ns, c.camera, c.line, c.direction, c.kind, c.speed_kmh).where(c.run == self.run)
        r = (rows if camera is None else rows.where(c.camera == camera)).subquery().c
        keys = (r.minute, r.camera, r.line, r.direction, r.kind)
        chosen = select(*keys, func.min(r.minute_utc_ns), func.count(), func.avg(r.speed_kmh)).group_by(*keys).order_by(*keys)
        with self._database.reading() as connection:
            for at, where, line, direction, kind, utc_ns, count, mean in connection.execute(chosen):
                yield Flow(where, at, utc_ns, line, direction, kind, count, mean)

    def _settle_flows(self) -> None:
        """Tier three follows from the crossings, so it can never disagree with them; the last to settle saw them all."""
        place = self._tier("flows")
        with sole_holder(place / "settling.lock", self._patience_s), whole_file(place / "flows.parquet", self._presence.token) as file:
            rows = [astuple(flow) for flow in self.flows()]
            columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in parts.FLOWS]
            export.write_parquet(file, parts.FLOWS, [pa.table(columns, schema=parts.FLOWS)])

    def export(self, out: Path) -> None:
        """Write this run's six files, and signals.csv where lamps were read, into `out`, cameras merged in time order, each file whole or not at all."""
        self.flush()
        self._settle_flows()
        sweep(make_folder(out), self.folder / "writers")
        points, tracks = (sorted(self._tier(tier).glob("*.parquet")) for tier in ("points", "tracks"))
        points_schema = parts.points_schema(parts.part_schema(points))
        journeys: Counter[tuple[str, str, str]] = Counter()
        merged_tracks = export.counting_journeys(parts.merged(tracks, "begin_ns", parts.TRACKS, "points_count"), journeys)
        with whole_file(out / "crossings.csv", self._presence.token) as file:
            export.write_crossings(file, self.crossings(), (event for event in self.events() if event.is_spoiled_stretch))
        with whole_file(out / "events.jsonl", self._presence.token) as file:
            export.write_events(file, self.events())
        if phases := [event for event in self.events() if event.kind == export.SIGNAL_STATE]:
            with whole_file(out / "signals.csv", self._presence.token) as file:
                export.write_signals(file, phases)
        with whole_file(out / "flow.csv", self._presence.token) as file:
            export.write_flow(file, self.flows())
        with whole_file(out / "points.parquet", self._presence.token) as file:
            export.write_parquet(file, points_schema, parts.merged(points, "time_ns", points_schema))
        with whole_file(out / "tracks.parquet", self._presence.token) as file:
            export.write_parquet(file, parts.TRACKS, merged_tracks)
        with whole_file(out / "od.csv", self._presence.token) as file:
            export.write_od(file, journeys)

    def _begin_run(self) -> None:
        """Note when this run was first opened: for facts without a wall clock that is when they were kept, at the earliest."""
        with self._database.reading() as connection:
            if connection.scalar(select(RUNS.c.run).where(RUNS.c.run == self.run)) is not None:
                return
        with self._database.writing() as connection:
            self._database.insert_new(connection, RUNS, [{"run": self.run, "begun_utc_ns": self._presence.began_utc_ns}])

    def _tier(self, tier: str) -> Path:
        return self.folder / tier / file_name(self.run)


def _logged_looks(connection: Connection, subjects: Sequence[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name in {subject.rpartition("/")[0] for subject in subjects}:
        found |= {look_subject(row): look_bytes(row) for row in connection.execute(select(LOOKS).where(LOOKS.c.subject == name)).mappings()}
    return found
