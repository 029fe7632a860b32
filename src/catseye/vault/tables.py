"""The tables of a vault, and how an event or a crossing becomes a row and comes back. Keys are deterministic: a replay doubles nothing."""

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import BigInteger, CheckConstraint, Column, Float, Index, Integer, LargeBinary, MetaData, RowMapping, Table, Text, UniqueConstraint

from catseye.core.event import Event, Measure
from catseye.core.road_user import ROAD_USERS
from catseye.core.time import Stamp
from catseye.vault.batches import CrossingBatch, Tracks

METADATA = MetaData()
TEXT = Text().with_variant(Text(collation="C"), "postgresql")  # the order of bytes, as the embedded database has it
HEAD = "0007"
Row: TypeAlias = Mapping[str, Any] | RowMapping

EVENTS = Table(
    "events",
    METADATA,
    Column("run", TEXT, primary_key=True),
    Column("id", TEXT, primary_key=True),
    Column("camera", TEXT, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("time_ns", BigInteger, nullable=False),
    Column("end_time_ns", BigInteger, nullable=False),
    Column("utc_ns", BigInteger),
    Column("body", TEXT, nullable=False),
    Index("events_in_time", "run", "time_ns", "camera", "id"),
    Index("events_of_kind", "run", "kind", "time_ns", "camera", "id"),
    sqlite_with_rowid=False,
)

CROSSINGS = Table(
    "crossings",
    METADATA,
    Column("run", TEXT, primary_key=True),
    Column("time_ns", BigInteger, primary_key=True),
    Column("camera", TEXT, primary_key=True),
    Column("line", TEXT, primary_key=True),
    Column("track", TEXT, primary_key=True),
    Column("direction", TEXT, primary_key=True),
    Column("kind", TEXT, nullable=False),
    Column("utc_ns", BigInteger),
    Column("speed_kmh", Float),
    Column("speed_doubt_kmh", Float),
    sqlite_with_rowid=False,
)

LOG_STATE = Table(
    "log_state",
    METADATA,
    Column("log", Integer, primary_key=True, autoincrement=False),
    Column("size_count", BigInteger, nullable=False),
    Column("peaks", LargeBinary, nullable=False),
)

LOG_ENTRIES = Table(
    "log_entries",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", TEXT, nullable=False),
    Column("subject", TEXT, nullable=False),
    Column("salt", LargeBinary),
    Index("log_entries_of_subject", "kind", "subject", "seq"),
)

LOG_TILES = Table(
    "log_tiles",
    METADATA,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("tile", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

LOG_HEADS = Table(
    "log_heads",
    METADATA,
    Column("size_count", BigInteger, primary_key=True, autoincrement=False),
    Column("body", TEXT, nullable=False),
)

DOSSIER_STEPS = Table(
    "dossier_steps",
    METADATA,
    Column("dossier", TEXT, primary_key=True),
    Column("subject", TEXT, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", TEXT, nullable=False),
    Column("utc_ns", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

LEDGER_TRANSACTIONS = Table(
    "ledger_transactions",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("key", TEXT, nullable=False),
    Column("currency", TEXT, nullable=False),
    Column("purpose", TEXT, nullable=False),
    Column("period", TEXT, nullable=False),
    Column("reverses", BigInteger),
    Column("utc_ns", BigInteger, nullable=False),
    Column("body", TEXT, nullable=False),
    UniqueConstraint("key", name="ledger_key_once"),
    UniqueConstraint("reverses", name="ledger_reversed_once"),
    sqlite_with_rowid=False,
)

LEDGER_POSTINGS = Table(
    "ledger_postings",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("account", TEXT, primary_key=True),
    Column("currency", TEXT, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("balance_minor", BigInteger, nullable=False),
    CheckConstraint("amount_minor <> 0", name="ledger_amount"),
    CheckConstraint("balance_minor >= 0 OR account LIKE 'outside/%'", name="ledger_floor"),
    Index("ledger_postings_of_account", "account", "currency", "number"),
    sqlite_with_rowid=False,
)

RUNS = Table("runs", METADATA, Column("run", TEXT, primary_key=True), Column("begun_utc_ns", BigInteger, nullable=False))

DRAWERS = Table(
    "drawers",
    METADATA,
    Column("retention", TEXT, primary_key=True),
    Column("period", TEXT, primary_key=True),
    Column("key", TEXT, nullable=False),
    Column("made_utc_ns", BigInteger, nullable=False),
    Column("confirmed_utc_ns", BigInteger),
    Column("ended_utc_ns", BigInteger),
    Column("forgotten_utc_ns", BigInteger),
    Column("why", TEXT),
    sqlite_with_rowid=False,
)

CONFIRMED_EVENTS = Table(
    "confirmed_events",
    METADATA,
    Column("run", TEXT, primary_key=True),
    Column("id", TEXT, primary_key=True),
    Column("subject", TEXT, nullable=False),
    sqlite_with_rowid=False,
)

MEDIA = Table(
    "media",
    METADATA,
    Column("name", TEXT, primary_key=True),
    Column("kind", TEXT, nullable=False),
    Column("media_type", TEXT, nullable=False),
    Column("sha256", TEXT),
    Column("size_bytes", BigInteger),
    Column("original_sha256", TEXT),
    Column("original_bytes", BigInteger),
    Column("recipients", TEXT, nullable=False),
    Column("retention", TEXT, nullable=False),
    Column("period", TEXT, nullable=False),
    Column("file", TEXT, nullable=False),
    Column("kept_utc_ns", BigInteger, nullable=False),
    Column("forgotten_utc_ns", BigInteger),
    Column("why", TEXT),
    Index("media_of_drawer", "retention", "period"),
    sqlite_with_rowid=False,
)

LOOKS = Table(
    "looks",
    METADATA,
    Column("subject", TEXT, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("who", TEXT, nullable=False),
    Column("purpose", TEXT, nullable=False),
    Column("why", TEXT, nullable=False),
    Column("utc_ns", BigInteger, nullable=False),
    Index("looks_in_time", "utc_ns"),
    sqlite_with_rowid=False,
)

FORGETTINGS = Table(
    "forgettings",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("utc_ns", BigInteger, nullable=False),
    Column("body", TEXT, nullable=False),
    Column("proven_utc_ns", BigInteger),
)

TERMINALS = Table(
    "terminals",
    METADATA,
    Column("identity", TEXT, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("terminals_by_revision", "revision"),
    sqlite_with_rowid=False,
)

ORDERS = Table(
    "orders",
    METADATA,
    Column("id", TEXT, primary_key=True),
    Column("identity", TEXT, nullable=False),
    Column("created_utc_ns", BigInteger, nullable=False),
    Column("period", TEXT, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("orders_of_terminal", "identity", "created_utc_ns"),
    Index("orders_of_drawer", "period"),
    sqlite_with_rowid=False,
)

ORDER_STATES = Table(
    "order_states",
    METADATA,
    Column("order_id", TEXT, primary_key=True),
    Column("state", TEXT, primary_key=True),
    Column("utc_ns", BigInteger, nullable=False),
    Column("result", Integer),
    sqlite_with_rowid=False,
)

JOURNAL_MARKS = Table(
    "journal_marks",
    METADATA,
    Column("writer", TEXT, primary_key=True),
    Column("segment_number", BigInteger, nullable=False),
    Column("block_number", BigInteger, nullable=False),
    Column("period", TEXT, nullable=False),
    sqlite_with_rowid=False,
)

DRIVERS = Table(
    "drivers",
    METADATA,
    Column("finder", TEXT, primary_key=True),
    Column("pseudonym", TEXT, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("pseudonym", name="driver_once"),
    sqlite_with_rowid=False,
)

RELAYS = Table("relays", METADATA, Column("name", TEXT, primary_key=True), Column("next_seq", BigInteger, nullable=False))


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} in an event; wanted plain JSON values")


_body_of = json.JSONEncoder(
    allow_nan=False, ensure_ascii=False, separators=(",", ":"), default=_plain
).encode  # made once: the hot path writes thousands a second
_sorted = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def event_row(run: str, event: Event) -> dict[str, Any]:
    """The row of one event; ValueError when a number in it is not finite."""
    body = {
        "rule": event.rule,
        "doubt_ms": event.when.doubt_ms if event.when else None,
        "subjects": event.subjects,
        "road_users": event.road_users,
        "measures": [[m.name, m.value, m.unit, m.doubt] for m in event.measures],
        "px": event.px,
        "ground_m": event.ground_m,
        "trusted": event.trusted,
        "evidence": event.evidence,
        "lineage": event.lineage,
        "details": dict(event.details),
    }
    return {
        "run": run,
        "id": event.id,
        "camera": event.camera,
        "kind": event.kind,
        "time_ns": event.time_ns,
        "end_time_ns": event.end_time_ns,
        "utc_ns": event.when.utc_ns if event.when else None,
        "body": _body_of(body),
    }


def event_subject(row: Mapping[str, Any]) -> str:
    """How the log names an event."""
    return f"{row['run']}/{row['id']}"


def event_bytes(row: Mapping[str, Any]) -> bytes:
    """What the log's leaf of an event stands for: its whole row, one way to write it."""
    return row_bytes({column.name: row[column.name] for column in EVENTS.columns})


def row_bytes(said: Mapping[str, Any]) -> bytes:
    """The one way to write what a leaf stands for: JSON, keys sorted, no spaces."""
    return _sorted(said).encode()


def event_of_bytes(content: bytes) -> Event:
    """The event that `event_bytes` was told of."""
    return event_of(json.loads(content))


def event_of(row: Mapping[str, Any]) -> Event:
    """The event a row was made of, equal to it."""
    body = json.loads(row["body"])
    return Event(
        kind=row["kind"],
        camera=row["camera"],
        time_ns=row["time_ns"],
        end_time_ns=row["end_time_ns"],
        when=None if row["utc_ns"] is None else Stamp(row["utc_ns"], body["doubt_ms"]),
        rule=body["rule"],
        subjects=tuple(body["subjects"]),
        road_users=tuple(body["road_users"]),
        measures=tuple(Measure(*measure) for measure in body["measures"]),
        px=_pair(body["px"]),
        ground_m=_pair(body["ground_m"]),
        trusted=body["trusted"],
        evidence=tuple(body["evidence"]),
        lineage=body["lineage"],
        details=body["details"],
    )


def _pair(value: list[float] | None) -> tuple[float, float] | None:
    return None if value is None else (value[0], value[1])


def crossing_rows(run: str, batch: CrossingBatch) -> list[dict[str, Any]]:
    """The rows of a batch."""
    names = ("time_ns", "line", "direction", "track", "kind", "utc_ns", "speed_kmh", "speed_doubt_kmh")
    unknown = [None] * len(batch)
    columns = (
        batch.time_ns.tolist(),
        batch.line,
        batch.direction,
        track_names(batch.track),
        [ROAD_USERS[code].value for code in batch.kind.tolist()],
        unknown if batch.utc_ns is None else batch.utc_ns.tolist(),
        unknown if batch.speed_kmh is None else _known(batch.speed_kmh.tolist()),
        unknown if batch.speed_doubt_kmh is None else _known(batch.speed_doubt_kmh.tolist()),
    )
    return [{"run": run, "camera": batch.camera, **dict(zip(names, row, strict=True))} for row in zip(*columns, strict=True)]


def track_names(track: Tracks) -> list[str]:
    """Track numbers or texts as text."""
    return [str(name) for name in track.tolist()]


def _known(values: list[float]) -> list[float | None]:
    return [None if value != value else value for value in values]  # noqa: PLR0124 - NaN alone is not itself
