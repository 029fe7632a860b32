"""What the rules found, for the page: a row a rule, and the events behind it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from catseye.core.event import Event, Measure
from catseye.core.time import NS_PER_S
from catseye.station.report.words import counted, hourly, listed
from catseye.station.rule_keys import rule_classes

SHOWN_COUNT = 200
_LEAST_IS_WORST = {"ttc_min", "pet", "headway", "gap"}  # of these measures the smallest is the gravest
_UNITLESS = {"1": ""}
_CALLED = {"ttc_min": "TTC", "pet": "PET", "drac_max": "DRAC", "speed_max": "highest speed"}


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One event, as a row."""

    when: str
    lasted: str
    users: str
    said: str
    is_trusted: bool


@dataclass(frozen=True, slots=True)
class RuleFound:
    """One rule: how often, its gravest moment, and its events in order of time (at most 200)."""

    rule: str
    kind: str
    events_count: int
    untrusted_count: int
    hourly: str
    worst: str
    occurrences: tuple[Occurrence, ...]


def found_by_rules(
    events: Sequence[Event], rules: Sequence[str], seen_s: float, label: Callable[[float], str], kinds_by_rule: Mapping[str, str] | None = None
) -> list[RuleFound]:
    """A row for each rule that was judged, those that found nothing included; `kinds_by_rule` says what kind those are of."""
    kinds = set(rule_classes())
    mine = [event for event in events if event.kind in kinds]
    names = list(dict.fromkeys([*rules, *(event.rule or event.kind for event in mine)]))
    known = kinds_by_rule or {}
    return [_row(name, known.get(name, name), [event for event in mine if (event.rule or event.kind) == name], seen_s, label) for name in names]


def said_of(measure: Measure) -> str:
    """A measure as a person reads it, its doubt (two sigma) beside it where it has one.

    >>> said_of(Measure("speed", 63.42, "km/h", 0.61)), said_of(Measure("ttc_min", 0.83, "s", 0.0)), said_of(Measure("vehicles", 4.0, "1", 0.0))
    ('speed 63.4 ± 1.2 km/h', 'TTC 0.8 s', 'vehicles 4')
    """
    unit = _UNITLESS.get(measure.unit, " " + measure.unit)
    value = f"{measure.value:.1f}" if unit else f"{measure.value:.0f}"
    doubt = f" ± {2 * measure.doubt:.1f}" if 2 * measure.doubt >= 0.05 else ""
    return f"{_CALLED.get(measure.name, measure.name.replace('_', ' '))} {value}{doubt}{unit}"


def _row(rule: str, kind: str, events: Sequence[Event], seen_s: float, label: Callable[[float], str]) -> RuleFound:
    kind = events[0].kind if events else kind
    shown = tuple(_occurrence(event, label) for event in events[:SHOWN_COUNT])
    untrusted = sum(not event.trusted for event in events)
    return RuleFound(rule, kind, len(events), untrusted, hourly(len(events), seen_s) if events else "–", _worst(events), shown)


def _occurrence(event: Event, label: Callable[[float], str]) -> Occurrence:
    lasted_s = (event.end_time_ns - event.time_ns) / NS_PER_S
    users = listed([f"{kind} {track}" for kind, track in zip(event.road_users, event.subjects, strict=False)], 3) if event.subjects else "–"
    details = [str(value) for name, value in event.details.items() if name in ("zone", "line", "type", "turn", "section", "contact") and value]
    return Occurrence(
        label(event.time_ns / NS_PER_S),
        f"{lasted_s:.1f} s" if lasted_s >= 0.05 else "–",
        users,
        ", ".join([*map(said_of, event.measures), *details]),
        event.trusted,
    )


def _worst(events: Sequence[Event]) -> str:
    firsts = [event.measures[0] for event in events if event.measures]
    if not firsts:
        return "–"
    name = firsts[0].name
    alike = [measure for measure in firsts if measure.name == name]
    pick = min if name in _LEAST_IS_WORST else max
    return said_of(pick(alike, key=lambda measure: measure.value))


def summary_of(rows: Sequence[RuleFound]) -> str:
    """One sentence over all of them."""
    total = sum(row.events_count for row in rows)
    if not rows:
        return ""
    if not total:
        return f"{counted(len(rows), 'rule')} judged, nothing found beyond the doubt."
    gravest = max(rows, key=lambda row: row.events_count)
    return f"{counted(total, 'event')} by {counted(sum(row.events_count > 0 for row in rows), 'rule')}; most by {gravest.rule} ({gravest.events_count:,})."
