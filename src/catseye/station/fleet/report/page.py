"""Puts the fleet's page together: a period's events become values that the template shows, nothing else."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from catseye import __version__
from catseye.core.terminal import Enrolment, source_of
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.correction.outcomes import OutcomeKind
from catseye.fleet.correction.standing import Standing
from catseye.station.fleet.report.kind_words import said_of, step_said
from catseye.station.fleet.report.places import Drawing
from catseye.station.fleet.report.tally import PERMIT_KINDS, REPORTED_KINDS, Ends, Tally, Vehicle, Warned
from catseye.station.report import words
from catseye.station.report.flow_chart import Tick
from catseye.station.report.histograms import Histogram, histogram
from catseye.vault.event_search import Wanted
from catseye.vault.files import whole_file
from catseye.vault.vault import Vault

WAITING_COUNT, VEHICLES_COUNT, KINDS_COUNT, FINDINGS_COUNT = 12, 300, 14, 60


@dataclass(frozen=True, slots=True)
class Period:
    """What the page is about. `vehicle`: only that terminal's; None: all."""

    site: str
    zone: ZoneInfo
    since: Stamp
    until: Stamp
    vehicle: str | None = None

    @property
    def days_count(self) -> float:
        """Its length."""
        return (self.until.utc_ns - self.since.utc_ns) / (86_400 * NS_PER_S)

    def wanted(self) -> Wanted:
        """The events it is made of."""
        camera = None if self.vehicle is None else source_of(self.vehicle)
        return Wanted(REPORTED_KINDS, camera, self.since.utc_ns, self.until.utc_ns)


@dataclass(frozen=True, slots=True)
class KindRow:
    """A kind's bar, in hundredths of the longest: level 2, level 1, without; and what came of its warnings."""

    said: str
    kind: str
    count: int
    parts: tuple[tuple[str, float, int], ...]
    warned: Warned


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """An alarm that waits for a person."""

    id: str
    when: str
    plate: str
    said: str
    level: str
    since_then: str


@dataclass(frozen=True, slots=True)
class FindingRow:
    """What was found about a vehicle's permits or positions."""

    said: str
    plate: str
    why: str
    count: int
    last: str


@dataclass(frozen=True, slots=True)
class VehicleRow:
    """One vehicle of the table."""

    plate: str
    vehicle: Vehicle


@dataclass(frozen=True, slots=True)
class FleetPage:
    """All that the page says."""

    period: Period
    tally: Tally
    headline: str
    standfirst: str
    when: str
    who: str
    waiting: tuple[WaitingRow, ...]
    waiting_count: int
    kinds: tuple[KindRow, ...]
    kinds_left_count: int
    ends: tuple[tuple[str, int, float], ...]
    responses: Histogram | None
    responses_said: str
    answers_said: str
    hours: Histogram
    drawing: Drawing | None
    permits: tuple[FindingRow, ...]
    positions: tuple[FindingRow, ...]
    vehicles: tuple[VehicleRow, ...]
    vehicles_left_count: int


def fleet_page(period: Period, tally: Tally, waiting: Sequence[Standing], waiting_count: int, enrolments: Sequence[Enrolment]) -> FleetPage:
    """The page of what was counted; `waiting` are the newest of the alarms that were brought to a person and nobody closed."""
    plates = {each.identity: each.plate for each in enrolments}
    kinds = _kind_rows(tally)
    vehicles = sorted((VehicleRow(_plate(plates, name), each) for name, each in tally.vehicles.items()), key=lambda row: (row.plate, row.vehicle.identity))
    findings = _findings(period, tally, plates)
    warned = tally.warned
    ends = tuple((end, warned.ends[end], 100 * warned.ends[end] / max(warned.warned_count, 1)) for end in Ends.ALL)
    return FleetPage(
        period=period,
        tally=tally,
        headline=f"{words.counted(tally.alarms_count, 'alarm') if tally.alarms_count else 'No alarm'} in {_days_said(period)}",
        standfirst=_standfirst(tally),
        when=f"{_clock(period.since.utc_ns, period.zone)} – {_clock(period.until.utc_ns, period.zone)} ({period.zone.key})",
        who=_plate(plates, period.vehicle) if period.vehicle else words.counted(len(enrolments), "enrolled vehicle"),
        waiting=tuple(_waiting(each, plates, period.zone) for each in waiting[:WAITING_COUNT]),
        waiting_count=waiting_count,
        kinds=tuple(kinds[:KINDS_COUNT]),
        kinds_left_count=sum(row.count for row in kinds[KINDS_COUNT:]),
        ends=ends,
        responses=_responses(tally),
        responses_said=_spread(tally.responses_s),
        answers_said=_spread(tally.answers_s),
        hours=_hours(tally),
        drawing=None if period.vehicle else tally.places.drawing(),
        permits=tuple(row for kind, row in findings if kind in PERMIT_KINDS)[:FINDINGS_COUNT],
        positions=tuple(row for kind, row in findings if kind not in PERMIT_KINDS)[:FINDINGS_COUNT],
        vehicles=tuple(vehicles[:VEHICLES_COUNT]),
        vehicles_left_count=max(len(vehicles) - VEHICLES_COUNT, 0),
    )


def write_fleet_page(out: Path, page: FleetPage, written: Stamp) -> Path:
    """`fleet.html` in a folder, whole or not at all."""
    loader = PackageLoader("catseye.station", "templates")
    pages = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    said = {"page": page, "words": words, "version": __version__, "written": _clock(written.utc_ns, page.period.zone), "said_of": said_of}
    text = pages.get_template("fleet.html").render(said)
    path = out / "fleet.html"
    with whole_file(path, f"fleet{os.getpid()}") as file:
        file.write(text.encode())
    return path


def read_period(vault: Vault, period: Period) -> tuple[Tally, list[str]]:
    """The counts of a period, and the ids of its alarms that were brought to a person and that nobody closed, the newest notice first."""
    tally = Tally(period.zone)
    tally.take(vault.search.facts(period.wanted()))
    is_open = vault.search.without_dossier(tally.noticed, "alarm")
    return tally, [name for name in tally.noticed if name in is_open]


def _standfirst(tally: Tally) -> str:
    warned = tally.warned
    if not tally.alarms_count:
        return "No terminal reported any."
    if not warned.warned_count:
        return "Nobody was warned of any."
    corrected, without = warned.ends[Ends.CORRECTED], warned.ends[Ends.WITHOUT_EFFECT]
    terminals = "the terminal" if warned.warned_count == 1 else "terminals"
    return (
        f"A warning went out for {warned.warned_count:,}; {terminals} acknowledged {warned.acknowledged_count:,}. "
        f"What was warned of ended after {corrected:,}, went on or came again after {without:,}."
    )


def _kind_rows(tally: Tally) -> list[KindRow]:
    counts = sorted(((sum(levels), kind, levels) for kind, levels in tally.levels.items()), key=lambda each: (-each[0], each[1]))
    most = counts[0][0] if counts else 1
    rows = []
    for count, kind, (none, first, second) in counts:
        parts = tuple((name, 100 * part / most, part) for name, part in (("second", second), ("first-level", first), ("no-level", none)) if part)
        rows.append(KindRow(said_of(kind), kind, count, parts, tally.warned_by_kind.get(kind, Warned())))
    return rows


def _waiting(each: Standing, plates: Mapping[str, str], zone: ZoneInfo) -> WaitingRow:
    alarm = each.alarm
    steps = [kind for kind in each.steps if kind != OutcomeKind.NOTICE]
    then = step_said(steps[-1]) if steps else "–"
    when, plate = _clock(alarm.time_ns, zone, "%d %b, %H:%M"), _plate(plates, alarm.subjects[0])
    return WaitingRow(each.id[:10], when, plate, said_of(alarm.kind), str(alarm.details.get("level") or ""), then)


def _findings(period: Period, tally: Tally, plates: Mapping[str, str]) -> list[tuple[str, FindingRow]]:
    order = {kind: number for number, kind in enumerate(PERMIT_KINDS)}
    rows = []
    for found, count in tally.findings.items():
        row = FindingRow(
            said_of(found.kind),
            found.plate or _plate(plates, found.identity),
            found.reason.replace("-", " "),
            count,
            _clock(tally.finding_last_ns[found], period.zone),
        )
        rows.append((order.get(found.kind, len(order)), found.kind, row))
    return [(kind, row) for _, kind, row in sorted(rows, key=lambda each: (each[0], each[1], each[2].plate, each[2].why))]


def _responses(tally: Tally) -> Histogram | None:
    if not tally.responses_s:
        return None
    values = np.array(tally.responses_s)
    far_s = float(np.percentile(values, 95))
    most_s, bin_s = next(((most, width) for most, width in ((15.0, 0.5), (30.0, 1.0), (60.0, 2.0)) if far_s <= most), (120.0, 5.0))
    return histogram("Time from the warning's acknowledgement to the end", values, np.arange(0, most_s + bin_s / 2, bin_s), "s", is_open=True)


def _hours(tally: Tally) -> Histogram:
    values = np.repeat(np.arange(24) + 0.5, tally.hours)
    chart = histogram("Alarms by hour of day", values, np.arange(25.0), "h")
    return replace(chart, x_ticks=tuple(Tick(100 * hour / 24, f"{hour:02d}:00") for hour in (0, 6, 12, 18)), unit="")


def _spread(values: Sequence[float]) -> str:
    """The middle, and where nine of ten lie below."""
    if not values:
        return ""
    middle, most = np.percentile(values, (50, 90)).tolist()
    return "within a second" if most < 1 else f"half within {words.span(middle)}, nine of ten within {words.span(most)}"


def _plate(plates: Mapping[str, str], identity: str) -> str:
    return plates.get(identity) or f"terminal {identity}"


def _clock(utc_ns: int, zone: ZoneInfo, form: str = "%d %b %Y, %H:%M") -> str:
    return datetime.fromtimestamp(utc_ns / NS_PER_S, zone).strftime(form)


def _days_said(period: Period) -> str:
    days = period.days_count
    return words.counted(round(days), "day") if days >= 1 else words.span(days * 86_400)
