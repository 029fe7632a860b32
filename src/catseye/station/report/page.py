"""Puts the page together: what each camera saw becomes values that the template shows, nothing else."""

import base64
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from catseye import __version__
from catseye.core.event import Event
from catseye.core.road_user import RoadUser
from catseye.core.rule import World
from catseye.core.time import Stamp
from catseye.station.drawing import tag_places_px
from catseye.station.line import LineRecord
from catseye.station.palette import DRAWN_ORDER, ON_DARK, ON_PAPER, PLURAL
from catseye.station.pictures import lines_in_picture, preview_name, still_path
from catseye.station.preview import jpeg_of_kept
from catseye.station.report import words
from catseye.station.report.flow_chart import FlowChart, flow_charts
from catseye.station.report.found import RuleFound, found_by_rules, summary_of
from catseye.station.report.journeys import Journeys, journeys_of, read_journeys
from catseye.station.report.marks import look_of
from catseye.station.report.paths import Paths, read_paths
from catseye.station.report.safety import Safety, safety_of
from catseye.station.report.tally import Tally, tally_of
from catseye.station.report.trust import LOOK, Finding, Seen, blind_s, findings, gaps_s
from catseye.station.rule_keys import rule_classes
from catseye.station.site import Camera, Site
from catseye.traffic.hazards import CLOSE_TTC_S, COLLISION, HARD_DRAC_MS2, NEAR_MISS
from catseye.traffic.lines import Line
from catseye.vault.files import whole_file
from catseye.vault.vault import Vault
from catseye.vision import models


@dataclass(frozen=True, slots=True)
class Way:
    """One line crossed one way. `turn_deg` turns an arrow that points right into the picture's direction."""

    line: str
    name: str
    where: str
    turn_deg: float
    by_kind: tuple[int, ...]
    total_count: int
    hourly: str


@dataclass(frozen=True, slots=True)
class Gate:
    """A line over the still: its ends in native pixels, its tag's place in hundredths of the picture, and its two ways."""

    line: str
    ends_px: tuple[tuple[float, float], tuple[float, float]]
    left_ratio: float
    top_ratio: float
    ways: tuple[Way, Way]


@dataclass(frozen=True, slots=True)
class Part:
    """A kind's share of the road users who crossed."""

    kind: RoadUser
    name: str
    users_count: int
    share_ratio: float
    said: str


@dataclass(frozen=True, slots=True)
class CameraPage:
    """All that the page says about one camera."""

    camera: str
    record: LineRecord
    tally: Tally
    still: str
    preview: str
    paths: Paths
    gates: tuple[Gate, ...]
    charts: tuple[FlowChart, ...]
    bins_count: tuple[tuple[str, tuple[int, ...]], ...]
    parts: tuple[Part, ...]
    journeys: Journeys
    found: tuple[RuleFound, ...]
    found_said: str
    safety: Safety | None
    findings: tuple[Finding, ...]
    method: tuple[tuple[str, str], ...]
    when: str
    headline: str

    @property
    def looks(self) -> list[Finding]:
        """Findings that put the count in doubt."""
        return [finding for finding in self.findings if finding.level == LOOK]

    @property
    def look_titles(self) -> str:
        """Their titles in a row, to go on a sentence."""
        return words.listed([finding.title[:1].lower() + finding.title[1:] for finding in self.looks])


def write_page(out: Path, site: Site, records: Sequence[LineRecord], vault: Vault) -> Path:
    """See `catseye.station.report.write_report`."""
    ways = read_paths(out, {record.camera: (record.width_px, record.height_px) for record in records})
    journeys = read_journeys(out / "od.csv")
    pages = [_camera_page(out, site, record, vault, ways[record.camera], journeys.get(record.camera, {})) for record in records]
    text = (
        _environment()
        .get_template("report.html")
        .render(
            site=site,
            pages=pages,
            kinds=[kind for kind in DRAWN_ORDER if any(page.tally.of_kind(kind) for page in pages)],
            drawn_kinds=DRAWN_ORDER,
            paper=ON_PAPER,
            dark=ON_DARK,
            plural=PLURAL,
            headed=PLURAL | {RoadUser.UNKNOWN: "unknown"},
            headline=headline(pages),
            standfirst=standfirst(pages),
            version=__version__,
            written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            words=words,
            look_of=look_of,
        )
    )
    path = out / "report.html"
    with whole_file(path, f"report{os.getpid()}") as file:
        file.write(text.encode())
    return path


def _environment() -> Environment:
    loader = PackageLoader("catseye.station", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _camera_page(out: Path, site: Site, record: LineRecord, vault: Vault, paths: Paths, pairs: Mapping[tuple[str, str], int]) -> CameraPage:
    camera = site.camera_named(record.camera)
    events = list(vault.events(record.camera))
    lines = lines_in_picture(site, camera, record.width_px, record.height_px) if record.width_px else []
    names = [line.id for line in (camera.lines if record.trajectories else lines)]
    tally = tally_of(vault.crossings(record.camera), names, record.duration_s)
    still = still_path(vault, record.camera)
    seen = Seen(site, record, tally, events, still.is_file())
    label = clock_of(record.start, site.timezone, tally.length_s)
    safety = safety_of(out, site, record, vault, events, clock_of(record.start, site.timezone, max(tally.length_s, 300.0)))
    seen_s = tally.length_s - blind_s(events)
    found = found_by_rules(events, record.rules_judged, seen_s, label, {table.name: table.kind for table in camera.rules})
    return CameraPage(
        camera=record.camera,
        record=record,
        tally=tally,
        still=f"data:image/jpeg;base64,{base64.b64encode(jpeg_of_kept(still)).decode()}" if seen.has_still else "",
        preview=preview_name(record.camera) if (out / preview_name(record.camera)).is_file() else "",
        paths=paths,
        gates=_gates_on_ground(safety.world, tally, seen_s) if safety and not lines else _gates(lines, tally, record, events),
        charts=tuple(flow_charts(tally, gaps_s(events), label, into_day_s(record.start, site.timezone))),
        bins_count=tuple(_bins(tally, label)),
        parts=_parts(tally),
        journeys=journeys_of(tally.lines, pairs),
        found=tuple(found),
        found_said=summary_of(found),
        safety=safety,
        findings=tuple(findings(seen)),
        method=tuple(_method(site, camera, record)),
        when=_when(record, site.timezone),
        headline=judged_headline(events, record) if record.trajectories else _camera_headline(tally, record),
    )


def _bins(tally: Tally, label: Callable[[float], str]) -> list[tuple[str, tuple[int, ...]]]:
    """Rows of the table behind the bars: when each bin begins; forward and backward of each line."""
    by_way = tally.crossed_count.sum(axis=3)[:, :, ::-1].reshape(len(tally.crossed_count), -1)
    return [(label(index * tally.bin_s), tuple(row)) for index, row in enumerate(by_way.tolist())]


def _gates(lines: Sequence[Line], tally: Tally, record: LineRecord, events: Sequence[Event]) -> tuple[Gate, ...]:
    seen_s = tally.length_s - blind_s(events)
    places = tag_places_px([line.ends_px for line in lines], (record.width_px, record.height_px))
    gates = []
    for index, (line, place) in enumerate(zip(lines, places, strict=True)):
        right = line.right_hand()
        ways = tuple(_way(tally, index, way, float(right[0]) * sign, float(right[1]) * sign, seen_s) for way, sign in ((1, 1), (0, -1)))
        (x1, y1), (x2, y2) = line.ends_px.tolist()
        left, top = 100 * float(place[0]) / record.width_px, 100 * float(place[1]) / record.height_px
        gates.append(Gate(line.id, ((x1, y1), (x2, y2)), left, top, (ways[0], ways[1])))
    return tuple(gates)


def _gates_on_ground(world: World, tally: Tally, seen_s: float) -> tuple[Gate, ...]:
    """The two ways over each line of a plan; on the ground up is where y grows."""
    up = -1.0 if world.unit == "m" else 1.0
    gates = []
    for index, line in enumerate(world.lines):
        right, down = float(line.right[0]), float(line.right[1]) * up
        one, other = (_way(tally, index, way, right * sign, down * sign, seen_s) for way, sign in ((1, 1), (0, -1)))
        (x1, y1), (x2, y2) = line.ends.tolist()
        gates.append(Gate(line.id, ((x1, y1), (x2, y2)), 0.0, 0.0, (one, other)))
    return tuple(gates)


def _way(tally: Tally, line: int, way: int, right_px: float, down_px: float, seen_s: float) -> Way:
    by_kind = tally.crossed_count[:, line, way].sum(axis=0)
    count = int(by_kind.sum())
    return Way(
        line=tally.lines[line],
        name="forward" if way else "backward",
        where=words.way_in_picture(right_px, down_px),
        turn_deg=round(math.degrees(math.atan2(down_px, right_px)), 1),
        by_kind=tuple(int(by_kind[kind.code]) for kind in tally.kinds),
        total_count=count,
        hourly=words.hourly(count, seen_s),
    )


def _parts(tally: Tally) -> tuple[Part, ...]:
    whole = int(tally.users_count.sum())
    known = [(kind, int(tally.users_count[kind.code])) for kind in DRAWN_ORDER if tally.users_count[kind.code]]
    return tuple(Part(kind, _named(kind, count), count, 100 * count / whole, words.share(count, whole)) for kind, count in known)


def _named(kind: RoadUser, count: int) -> str:
    return f"{count:,} of unknown kind" if kind is RoadUser.UNKNOWN else words.counted(count, kind.value, PLURAL[kind])


def judged_headline(events: Sequence[Event], record: LineRecord) -> str:
    """What the rules found, in the order of gravity.

    >>> judged_headline([], LineRecord("cam", duration_s=60.0))
    'Nothing found beyond the doubt in 1 min'
    """
    kinds = rule_classes()
    counts = {
        "collision": sum(event.kind == COLLISION for event in events),
        "near miss": sum(event.kind == NEAR_MISS for event in events),
        "violation": sum(event.kind in kinds and kinds[event.kind].is_violation for event in events),
    }
    said = [words.counted(count, name, "near misses" if name == "near miss" else "") for name, count in counts.items() if count]
    return f"{words.listed(said) or 'Nothing found beyond the doubt'} in {words.span(record.duration_s)}"


def _camera_headline(tally: Tally, record: LineRecord) -> str:
    return f"{words.counted(tally.total_count, 'crossing') if tally.total_count else 'No crossing'} in {words.span(record.duration_s)}"


def headline(pages: Sequence[CameraPage]) -> str:
    """The page's first sentence: how much, and how long."""
    total = sum(page.tally.total_count for page in pages)
    if len(pages) == 1:
        return pages[0].headline
    return f"{words.counted(total, 'crossing') if total else 'No crossing'} at {len(pages)} cameras"


def standfirst(pages: Sequence[CameraPage]) -> str:
    """The sentence under the headline: who, and which way most."""
    if len(pages) == 1 and pages[0].record.trajectories and pages[0].safety is not None:
        return judged_standfirst(pages[0], pages[0].safety)
    users = {kind: sum(int(page.tally.users_count[kind.code]) for page in pages) for kind in DRAWN_ORDER}
    whole = sum(users.values())
    if not whole:
        return "Nobody crossed a line while the cameras watched." if len(pages) > 1 else "Nobody crossed a line while the camera watched."
    most = max(users, key=lambda kind: users[kind])
    many = words.counted(whole, "road user")
    if most is RoadUser.UNKNOWN:
        who = f"{many}, of kinds unknown."
    elif users[most] == whole:
        who = f"{_named(most, whole)}, and nobody else." if whole > 1 else f"A single {most.value}."
    else:
        who = f"{words.share(users[most], whole)} of the {many} were {PLURAL[most]}."
    return f"{who} {_busiest(pages[0])}".strip() if len(pages) == 1 else who


def judged_standfirst(page: CameraPage, safety: Safety) -> str:
    """How much of it is serious, and of how many road users."""
    many = words.counted(page.record.road_users_count, "road user")
    if not safety.near_misses_count:
        return f"{many}, {words.counted(page.tally.total_count, 'crossing')} of {words.counted(len(page.tally.lines), 'line')}."
    verb = "was" if safety.serious_count == 1 else "were"
    of = words.counted(safety.near_misses_count, "near miss", "near misses")
    bounds = f"a time to collision under {CLOSE_TTC_S:g} s, or braking of over {HARD_DRAC_MS2:g} m/s² needed"
    return f"{safety.serious_count:,} of the {of} {verb} serious: {bounds}. {many} were judged."


def _busiest(page: CameraPage) -> str:
    ways = [way for gate in page.gates for way in gate.ways]
    if len(page.gates) == 1 and all(way.total_count for way in ways):
        return f"{words.counted(ways[0].total_count, 'crossing')} {ways[0].where}, {ways[1].total_count:,} {ways[1].where}."
    most = max(ways, key=lambda way: way.total_count, default=None)
    if most is None:
        return ""
    all_of = "All" if most.total_count == page.tally.total_count > 1 else "Most"
    return f"{all_of} went {most.where} over {words.unbroken(most.line)}" + (f": {most.total_count:,}." if all_of == "Most" else ".")


def clock_of(start: Stamp | None, timezone: str | None, length_s: float) -> Callable[[float], str]:
    """How to write a time of the source's clock: the time of day where it is known, else minutes and seconds."""
    if start is None:
        return lambda at_s: (
            f"{int(at_s // 3600)}:{int(at_s // 60) % 60:02d}:{int(at_s) % 60:02d}" if length_s >= 3600 else f"{int(at_s // 60)}:{int(at_s) % 60:02d}"
        )
    zone: tzinfo = ZoneInfo(timezone) if timezone else UTC
    begin = datetime.fromtimestamp(start.utc_ns / 1e9, UTC).astimezone(zone)
    form = "%H:%M:%S" if length_s < 300 else "%H:%M"
    return lambda at_s: (begin + timedelta(seconds=at_s)).strftime(form)


def into_day_s(start: Stamp | None, timezone: str | None) -> float:
    """How long before the clip its first day began, so that an axis can have round times of day; 0 where no time of day is known."""
    if start is None:
        return 0.0
    begin = datetime.fromtimestamp(start.utc_ns / 1e9, UTC).astimezone(ZoneInfo(timezone) if timezone else UTC)
    return begin.hour * 3600 + begin.minute * 60 + begin.second + begin.microsecond / 1e6


def _when(record: LineRecord, timezone: str | None) -> str:
    if record.start is None:
        return "time of day unknown"
    zone: tzinfo = ZoneInfo(timezone) if timezone else UTC
    begin = datetime.fromtimestamp(record.start.utc_ns / 1e9, UTC).astimezone(zone)
    return f"{begin:%A %d %B %Y, %H:%M:%S} ({timezone or 'UTC'})"


def _method(site: Site, camera: Camera, record: LineRecord) -> list[tuple[str, str]]:
    if record.trajectories:
        return [
            ("Trajectories", f"{record.trajectories}: {words.counted(record.road_users_count, 'road user')} in {words.span(record.duration_s)}"),
            ("Judged", words.listed(record.rules_judged, 20) or "no rule"),
            ("Site SHA-256", site.hash),
            ("Software", f"catseye {__version__}"),
        ]
    looks_count = record.frames_analysed_count + record.frames_idle_count
    rows = [
        ("Source", camera.source or "–"),
        ("Picture", f"{record.width_px}×{record.height_px} pixels" if record.width_px else "none came"),
        ("Watched", f"{words.span(record.duration_s)}, {words.counted(record.frames_decoded_count, 'frame')}"),
        ("Looked at", f"{words.counted(looks_count, 'frame')}, {looks_count / record.duration_s:.1f} a second" if record.duration_s else "–"),
        ("Detector", record.detector),
    ]
    if record.detector in models.catalogue():
        model = models.model_named(record.detector)
        rows += [("Model", f"{model.origin}, {model.licence}"), ("Model SHA-256", model.sha256)]
    if record.duration_s:
        rows.append(("Cost", f"{sum(record.cpu_s.values()) / record.duration_s:.3f} CPU-seconds a video second"))
    return [*rows, ("Site SHA-256", site.hash), ("Software", f"catseye {__version__}")]
