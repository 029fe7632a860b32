"""The measurement as it goes into a package: the violator's points, the part of the site that judged them, the calibration, the signal, the event.

It is judged again before it is kept: an excerpt that does not give the same numbers proves nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from catseye import __version__
from catseye.core.errors import CatseyeError
from catseye.core.event import Event
from catseye.core.finding import Violation
from catseye.core.signal import LAMPS, Signal
from catseye.core.time import NS_PER_S
from catseye.station.evidence.socket import Told
from catseye.station.evidence.toml_text import toml_text
from catseye.station.replaying import replay_fault
from catseye.station.rule_keys import names_in, rule_classes
from catseye.station.site import Camera, Site
from catseye.traffic.doubt import SURE_SIGMAS
from catseye.vault.batches import PointBatch, rows_of
from catseye.vault.export import event_line, points_file

POINTS, SITE, EVENT, REPLAY, MEASURES, CERTIFICATE, SIGNAL = (
    "measurement/points.parquet",
    "measurement/site.toml",
    "measurement/event.json",
    "measurement/replay.txt",
    "measurement/measures.json",
    "measurement/certificate.json",
    "signal/signal-{number}.csv",
)
# Before and after it, of others, where it cannot be judged again without them: because the rule asks for them, or for a last bit (sums over all who were
# there are not the same sums over one of them). As few as will do.
AROUND_NS = (2 * NS_PER_S, 8 * NS_PER_S, 30 * NS_PER_S)


class ExcerptError(CatseyeError):
    """There is nothing to take an excerpt of."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Files by their places under `data/`; `fault` says why judging them again gives something else, empty when it gives the same."""

    files: Mapping[str, bytes]
    fault: str


def excerpt_of(site: Site, camera: Camera, violation: Violation, points: Sequence[PointBatch], told: Told, scratch: Path) -> Excerpt:
    """Only the points of those who did it where they are enough; else those of everybody around at the time as well.

    `scratch` is a folder of the vault: what a killed process leaves there is swept. ExcerptError when none of their points is known.
    """
    event = violation.event
    is_own = [np.isin(_names(batch), event.subjects) for batch in points]
    if not any(rows.any() for rows in is_own):
        raise ExcerptError(f"measurement of {event.kind} at {event.time_ns / NS_PER_S:.1f} s", "not one point of who did it", "points no older than the clip")
    own = _excerpt(site, camera, event, [rows_of(batch, rows) for batch, rows in zip(points, is_own, strict=True)], told, scratch)
    found = own
    for around_ns in AROUND_NS:
        if not found.fault:
            return found
        span = event.time_ns - around_ns, event.end_time_ns + around_ns
        chosen = [rows | ((batch.time_ns >= span[0]) & (batch.time_ns <= span[1])) for batch, rows in zip(points, is_own, strict=True)]
        found = _excerpt(site, camera, event, [rows_of(batch, rows) for batch, rows in zip(points, chosen, strict=True)], told, scratch)
    return own if found.fault else found


def _excerpt(site: Site, camera: Camera, event: Event, points: Sequence[PointBatch], told: Told, scratch: Path) -> Excerpt:
    tables = _tables(camera, event)
    files = {
        POINTS: points_file(points),
        SITE: _site_text(site, camera, tables, told).encode(),
        EVENT: json.dumps(event_line(event), ensure_ascii=False, allow_nan=False).encode() + b"\n",
        REPLAY: f"catseye judge points.parquet --site site.toml --camera {camera.id} --out replay\n".encode(),
        MEASURES: json.dumps(_measures(event), ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n",
    }
    if told.certificate is not None:
        files[CERTIFICATE] = told.certificate.as_text().encode()
    for number, table in enumerate(tables["signal"], 1):
        files[SIGNAL.format(number=number)] = _phases_text(told.signals[table["id"]]).encode()
    return Excerpt(files, _fault(files, scratch))


def _fault(files: Mapping[str, bytes], scratch: Path) -> str:
    with TemporaryDirectory(prefix="replay-", dir=scratch) as folder:
        for name, content in files.items():
            path = Path(folder) / PurePosixPath(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return replay_fault(Path(folder), json.loads(files[EVENT])) or ""


def _names(batch: PointBatch) -> Any:
    return np.asarray([str(name) for name in np.asarray(batch.track).tolist()])


def _tables(camera: Camera, event: Event) -> dict[str, list[dict[str, Any]]]:
    """The rule that judged it, and the lines, zones and signals that rule names."""
    rule = next(each for each in camera.rules if each.name == event.rule)
    named = {what: {name for _, kind, name in names_in(rule_classes()[rule.kind], rule.said) if kind == what} for what in ("line", "zone", "signal")}
    plain = camera.model_dump(by_alias=True, exclude_defaults=True)
    found = {what: [dict(table) for table in plain.get(what, ()) if table["id"] in ids] for what, ids in named.items()}
    found["signal"] = [{"id": table["id"], "timeline": "../" + SIGNAL.format(number=number)} for number, table in enumerate(found["signal"], 1)]
    return {**found, "rule": [dict(table) for table in plain["rule"] if (table.get("id") or table["kind"]) == event.rule]}


def _site_text(site: Site, camera: Camera, tables: Mapping[str, list[dict[str, Any]]], told: Told) -> str:
    head: dict[str, Any] = {"id": camera.id}
    if told.certificate is not None:
        head["calibration"] = {"certificate": PurePosixPath(CERTIFICATE).name}
    elif camera.calibration is not None:  # no day, so no certificate: it can be judged again, and never be submitted
        head["calibration"] = camera.calibration.model_dump(exclude_defaults=True)
    if told.start is not None:
        head["start"] = datetime.fromtimestamp(told.start.utc_ns // NS_PER_S, UTC).replace(microsecond=told.start.utc_ns % NS_PER_S // 1000)
    place = {"id": site.id} | ({"timezone": site.timezone} if site.timezone else {})
    return f"# The part of the site that judged this event, written by catseye {__version__}.\n" + toml_text(
        {"site": place, "camera": [head | {what: rows for what, rows in tables.items() if rows}]}
    )


def _measures(event: Event) -> dict[str, Any]:
    """Each measure with the interval its doubt means: normal, 95 %."""
    rows = [
        {"name": m.name, "value": m.value, "unit": m.unit, "doubt": m.doubt, "interval_95": [m.value - 1.96 * m.doubt, m.value + 1.96 * m.doubt]}
        for m in event.measures
    ]
    return {"version": __version__, "rule": event.rule, "kind": event.kind, "sure_sigmas": SURE_SIGMAS, "measures": rows}


def _phases_text(signal: Signal) -> str:
    rows = zip(signal.time_ns.tolist(), signal.state.tolist(), strict=True)
    return "time_s,state\n" + "".join(f"{time_ns // NS_PER_S}.{time_ns % NS_PER_S:09d},{LAMPS[code].value}\n" for time_ns, code in rows)
