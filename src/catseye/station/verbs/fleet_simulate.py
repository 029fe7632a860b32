"""`catseye fleet simulate`: simulated terminals against a gateway; a line of progress, then what came of it."""

import asyncio
import csv
import io
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catseye.core.errors import SiteError, StoreError
from catseye.fleet.simulate.driver import Temper
from catseye.fleet.simulate.kit import Kit, crowd
from catseye.fleet.simulate.network import FleetOnSockets, Media, Server
from catseye.fleet.simulate.roads import Roads
from catseye.fleet.simulate.tally import Tally, percentiles_s
from catseye.fleet.simulate.terminal import Conduct, Terminal
from catseye.station.outcome import RunOutcome

COLUMNS = ("phone", "identity", "plate", "plate_colour", "version", "dialect", "terminal_id")
_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for. `interval_s`: between two locations of one terminal."""

    server: str
    terminals_count: int
    seed: int
    limit_s: float
    interval_s: float
    alarms_per_h: float
    version: str
    dialect: str
    has_attachments: bool
    has_outages: bool
    enrol: Path | None = None
    tokens: Path | None = None
    roads: Path | None = None


def simulate(asked: Asked, *, progress: bool) -> RunOutcome:
    """Run them; exit 1 when a message was never answered, a terminal was refused, or none ever came on line."""
    server = server_of(asked.server)
    kits = crowd(asked.terminals_count, asked.seed, editions=asked.version, dialects=asked.dialect)
    if asked.enrol is not None:
        write_enrolments(asked.enrol, kits)
    if asked.limit_s <= 0:
        return RunOutcome(0, {"enrolled": len(kits)}, [f"{len(kits)} terminals listed in {asked.enrol}" if asked.enrol else "nothing to do"])
    from catseye.station.simulated_media import drawn_media

    media, tally = drawn_media(), Tally()
    tokens = _tokens(asked.tokens)
    roads = _roads(asked)
    now_ns = time.time_ns()
    terminals = [Terminal(kit, roads, conduct_of(asked, media), now_ns, tally, tokens.get(kit.identity, "")) for kit in kits]
    began_s = time.monotonic()
    try:
        asyncio.run(_run(server, terminals, media, tally, asked.limit_s, progress=progress))
    except KeyboardInterrupt:
        pass
    finally:
        if asked.tokens is not None:
            _write(asked.tokens, json.dumps({each.kit.identity: each.token for each in terminals if each.token}, indent=0))
    return _outcome(terminals, tally, time.monotonic() - began_s)


def conduct_of(asked: Asked, media: Media) -> Conduct:
    """How the terminals of a run behave."""
    return Conduct(
        interval_s=asked.interval_s,
        temper=Temper(episodes_per_h=asked.alarms_per_h),
        has_attachments=asked.has_attachments,
        outages_per_h=20.0 if asked.has_outages else 0.0,
        outage_s=20.0,
        picture=media.picture,
    )


def server_of(text: str) -> Server:
    """HOST:PORT; SiteError when it is none."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise SiteError("HOST:PORT", f"'{text}'", "such as 127.0.0.1:7611")
    return Server(host.strip("[]"), int(port))


def write_enrolments(path: Path, kits: Sequence[Kit]) -> None:
    """Who these terminals are, for whoever lets them in: CSV, or JSON where the name ends in it."""
    rows = [dict(zip(COLUMNS, _row(kit), strict=True)) for kit in kits]
    if path.suffix == ".json":
        _write(path, json.dumps(rows, ensure_ascii=False, indent=1))
        return
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    _write(path, out.getvalue())


def _row(kit: Kit) -> tuple[object, ...]:
    return kit.phone, kit.identity, kit.plate, int(kit.plate_colour), kit.edition, kit.dialect.name, kit.terminal_id


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as fault:
        raise StoreError(str(path), fault.strerror or str(fault), "a place to write a list") from fault


def _tokens(path: Path | None) -> Mapping[str, str]:
    if path is None or not path.is_file():
        return {}
    try:
        tokens: dict[str, str] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as fault:
        raise SiteError("--tokens", f"{path}: {fault}", "the file that an earlier run wrote") from fault
    return tokens


def _roads(asked: Asked) -> Roads:
    if asked.roads is None:
        return Roads.grid(asked.seed)
    try:
        return Roads.of_geojson(asked.roads.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as fault:
        raise SiteError("--roads", f"{asked.roads}: {fault}", "a GeoJSON file with LineStrings") from fault


async def _run(server: Server, terminals: Sequence[Terminal], media: Media, tally: Tally, limit_s: float, *, progress: bool) -> None:
    ramp_s = min(limit_s / 4, len(terminals) / 500)
    fleet = FleetOnSockets(server, terminals, media, tally, time.time_ns, ramp_s=ramp_s)
    told = asyncio.create_task(_tell(fleet)) if progress else None
    try:
        await fleet.run(limit_s)
    finally:
        if told is not None:
            told.cancel()
            sys.stderr.write("\n")


async def _tell(fleet: FleetOnSockets) -> None:
    """One line on stderr, over itself."""
    while True:
        await asyncio.sleep(_EVERY_S)
        sys.stderr.write(f"\r\x1b[2K{progress_line(fleet.online_count, len(fleet.terminals), fleet.tally)}")
        sys.stderr.flush()


def progress_line(online_count: int, terminals_count: int, tally: Tally) -> str:
    """How it stands."""
    counts, waits = tally.counts, percentiles_s(tally.waits_s)
    waited = f" · answered in {waits['p50'] * 1000:.0f} ms, 99 % in {waits['p99'] * 1000:.0f} ms" if waits else ""
    said = f"{counts['sent']} sent, {counts['acknowledged']} acknowledged, {counts['alarms']} alarms, {counts['warnings']} warnings"
    return f"{online_count} of {terminals_count} on line · {said}{waited}"


def _outcome(terminals: Sequence[Terminal], tally: Tally, took_s: float) -> RunOutcome:
    waiting_count = sum(len(each.outbox) for each in terminals)
    refused_count = sum(count for name, count in tally.counts.items() if name.startswith("registration_refused"))
    counts = tally.counts
    is_fine = not refused_count and not counts["given_up"] and not counts["unreadable"] and counts["online"] > 0
    summary: dict[str, Any] = {"terminals": len(terminals), "seconds": round(took_s, 1), **tally.summary(), "unanswered_at_end": waiting_count}
    lines = [progress_line(min(counts["online"], len(terminals)), len(terminals), tally).replace("on line", "came on line")]
    shown = ("links", "links_failed", "outages", "locations", "blind_locations", "resent", "alarms", "alarms_ended", "warnings", "pictures")
    names = (*shown, "files", "alarms_attached", "live_streams", "given_up", "unreadable", "refused")
    lines += [f"{name.replace('_', ' ')}: {counts[name]}" for name in names if counts[name]]
    lines += [f"refused at registration: {refused_count}"] if refused_count else []
    if warned := percentiles_s(tally.warned_s):
        lines.append(f"alarm to warning: {warned['p50'] * 1000:.0f} ms, 99 % in {warned['p99'] * 1000:.0f} ms, longest {warned['max'] * 1000:.0f} ms")
    lines.append(f"not answered at the end: {waiting_count}")
    return RunOutcome(0 if is_fine else 1, summary, lines)
