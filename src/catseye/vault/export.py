"""The files others read: crossings.csv, events.jsonl, flow.csv, od.csv, points.parquet, signals.csv, tracks.parquet."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa

from catseye.core.event import Event
from catseye.core.time import NS_PER_S, Stamp
from catseye.vault import parts
from catseye.vault.batches import Crossing, Flow, PointBatch

CROSSINGS_HEADER = ("time_s", "time_utc", "camera", "line", "direction", "track", "kind", "speed_kmh", "speed_doubt_kmh", "trusted")
FLOW_HEADER = ("time_s", "time_utc", "camera", "line", "direction", "kind", "count", "speed_mean_kmh")
OD_HEADER = ("camera", "from_line", "to_line", "count")
SIGNALS_HEADER = ("time_s", "time_utc", "camera", "signal", "state")
SIGNAL_STATE = "signal-state"


def write_crossings(file: BinaryIO, crossings: Iterable[Crossing], spoiled: Iterable[Event] = ()) -> None:
    """RFC 4180 with plain line feeds; empty where unknown. `spoiled` are the stretches in which a camera said not to believe it."""
    stretches: dict[str, list[tuple[int, int]]] = {}
    for event in spoiled:
        stretches.setdefault(event.camera, []).append((event.time_ns, event.end_time_ns))
    _write_csv(file, CROSSINGS_HEADER, (_crossing_row(c, stretches.get(c.camera, ())) for c in crossings))


def _crossing_row(c: Crossing, spoiled_ns: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    trusted = not any(begin_ns <= c.time_ns <= end_ns for begin_ns, end_ns in spoiled_ns)
    who = (c.camera, c.line, c.direction, c.track, c.kind)
    return (_seconds(c.time_ns), _utc(c.utc_ns), *who, _speed(c.speed_kmh), _speed(c.speed_doubt_kmh), str(trusted).lower())


def write_flow(file: BinaryIO, flows: Iterable[Flow]) -> None:
    """A row a minute, camera, line, direction and kind."""
    rows = ((_seconds(f.minute_ns), _utc(f.utc_ns), f.camera, f.line, f.direction, f.kind, f.crossings_count, _speed(f.speed_mean_kmh)) for f in flows)
    _write_csv(file, FLOW_HEADER, rows)


def write_od(file: BinaryIO, journeys: Counter[tuple[str, str, str]]) -> None:
    """A row a camera and pair of lines."""
    _write_csv(file, OD_HEADER, ((*journey, count) for journey, count in sorted(journeys.items())))


def write_signals(file: BinaryIO, phases: Iterable[Event]) -> None:
    """A row a change of a signal whose lamps were read; times to the nanosecond, so that rules judged again see the same."""
    rows = ((_exact(p.time_ns), p.when.iso() if p.when else "", p.camera, p.details["signal"], p.details["state"]) for p in phases)
    _write_csv(file, SIGNALS_HEADER, rows)


def write_events(file: BinaryIO, events: Iterable[Event]) -> None:
    """An event a line."""
    for event in events:
        file.write(json.dumps(event_line(event), ensure_ascii=False, allow_nan=False).encode() + b"\n")


def event_line(event: Event) -> dict[str, Any]:
    """The event as its line in events.jsonl says it."""
    return {
        "id": event.id,
        "kind": event.kind,
        "rule": event.rule or event.kind,
        "time_s": round(event.time_ns / NS_PER_S, 3),
        "end_time_s": round(event.end_time_ns / NS_PER_S, 3),
        "time_utc": event.when.iso() if event.when else None,
        "camera": event.camera,
        "tracks": list(event.subjects),
        "road_users": list(event.road_users),
        "measures": [{"name": m.name, "value": m.value, "unit": m.unit, "doubt": m.doubt} for m in event.measures],
        "px": event.px,
        "ground_m": event.ground_m,
        "trusted": event.trusted,
        "evidence": list(event.evidence),
        "details": dict(event.details),
        "lineage": event.lineage,
    }


def points_file(batches: Sequence[PointBatch]) -> bytes:
    """These points as a points.parquet of their own, in order of time and track; ValueError without any."""
    tables = [parts.points_table(batch) for batch in batches if len(batch)]
    if not tables:
        raise ValueError("no points; wanted those of a track")
    schema = parts.points_schema({name for table in tables for name in table.column_names})
    whole = pa.concat_tables(tables, promote_options="default").select(schema.names).cast(schema).sort_by([("time_ns", "ascending"), ("track", "ascending")])
    with io.BytesIO() as file:
        write_parquet(file, schema, [whole])
        return file.getvalue()


def write_parquet(file: BinaryIO, schema: Any, tables: Iterable[Any]) -> None:
    """The tables one after another; an empty file with all columns when there are none."""
    with parts.parquet_writer(file, schema) as writer:
        for table in tables:
            writer.write_table(table, row_group_size=4 * parts.ROW_GROUP_ROWS)


def counting_journeys(tables: Iterable[Any], journeys: Counter[tuple[str, str, str]]) -> Iterator[Any]:
    """Pass tables of tracks on, and count on the way from which line to which they went."""
    for table in tables:
        columns: Sequence[list[str | None]] = [table[name].to_pylist() for name in OD_HEADER[:3]]
        journeys.update((camera, begin, end) for camera, begin, end in zip(*columns, strict=True) if camera and begin and end)
        yield table


def _write_csv(file: BinaryIO, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        text.flush()
    finally:
        text.detach()


def _seconds(time_ns: int) -> str:
    return f"{time_ns / NS_PER_S:.3f}"


def _exact(time_ns: int) -> str:
    return f"{time_ns // NS_PER_S}.{time_ns % NS_PER_S:09d}"


def _utc(utc_ns: int | None) -> str:
    return "" if utc_ns is None else Stamp(utc_ns).iso()


def _speed(speed_kmh: float | None) -> str:
    return "" if speed_kmh is None else f"{speed_kmh:.2f}"
