"""Counts a period's events in one pass: alarms, what followed them, what was found about positions and permits."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from catseye.core.time import NS_PER_MINUTE, NS_PER_S
from catseye.fleet.correction.outcomes import OutcomeKind
from catseye.fleet.correction.standing import ALARM_KINDS, OUTCOME_KINDS
from catseye.station.fleet.report.places import Places
from catseye.vault.event_search import Facts

PERMIT_KINDS = ("no-valid-permit", "outside-permit-scope", "two-vehicles-one-plate", "terminal-silent")
POSITION_KINDS = ("position-implausible", "terminal-clock-off")
REPORTED_KINDS = ALARM_KINDS | OUTCOME_KINDS | frozenset(PERMIT_KINDS) | frozenset(POSITION_KINDS)
_QUARTER_NS = 15 * NS_PER_MINUTE  # every time zone's hours begin with one
_BIT = {kind.value: 1 << number for number, kind in enumerate(OutcomeKind)}
_MOST_FINDINGS_COUNT = 2000


class Ends:
    """What came of a warning, each warning in one of these."""

    CORRECTED, WITHOUT_EFFECT, UNKNOWN, UNANSWERED, UNDER_WAY = "corrected", "without effect", "nobody can say", "not answered", "under way"
    ALL = (CORRECTED, WITHOUT_EFFECT, UNKNOWN, UNANSWERED, UNDER_WAY)


@dataclass(slots=True)
class Warned:
    """Of the alarms of a kind or a vehicle that were warned of: how many the terminal acknowledged, and what came of them."""

    warned_count: int = 0
    acknowledged_count: int = 0
    ends: Counter[str] = field(default_factory=Counter)

    def add(self, bits: int) -> None:
        """One alarm's outcomes."""
        if bits & _BIT["warning-sent"] or bits & _BIT["warning-unanswered"]:
            self.warned_count += 1
            self.acknowledged_count += bool(bits & _BIT["warning-acknowledged"])
            self.ends[_end_of(bits)] += 1


@dataclass(slots=True)
class Vehicle:
    """One terminal's vehicle."""

    identity: str
    alarms_count: int = 0
    second_level_count: int = 0
    findings_count: int = 0
    warned: Warned = field(default_factory=Warned)


@dataclass(frozen=True, slots=True)
class Finding:
    """Permits and positions: what, of whom, why; how often, and last when."""

    kind: str
    identity: str
    plate: str
    reason: str


@dataclass(slots=True)
class Tally:
    """All counts of one period. `levels`: by kind, alarms without a level, of level 1, of level 2. `noticed`: brought to a person, the newest first."""

    zone: ZoneInfo
    levels: dict[str, list[int]] = field(default_factory=dict)
    hours: list[int] = field(default_factory=lambda: [0] * 24)
    vehicles: dict[str, Vehicle] = field(default_factory=dict)
    warned_by_kind: dict[str, Warned] = field(default_factory=dict)
    warned: Warned = field(default_factory=Warned)
    responses_s: list[float] = field(default_factory=list)
    answers_s: list[float] = field(default_factory=list)
    not_repeated_count: int = 0
    late_count: int = 0
    noticed: list[str] = field(default_factory=list)
    findings: Counter[Finding] = field(default_factory=Counter)
    finding_last_ns: dict[Finding, int] = field(default_factory=dict)
    places: Places = field(default_factory=Places)
    _alarms: dict[str, tuple[str, str]] = field(default_factory=dict)
    _noticed_ns: dict[str, int] = field(default_factory=dict)
    _bits: dict[str, int] = field(default_factory=dict)
    _hour_at: dict[int, int] = field(default_factory=dict)

    @property
    def alarms_count(self) -> int:
        """Of all kinds."""
        return len(self._alarms)

    def take(self, events: Iterable[Facts]) -> None:
        """Count events, in any order; once a tally. What followed an alarm before the period is left out with its alarm."""
        for event in events:
            if event.kind in ALARM_KINDS:
                self._alarm(event)
            elif event.kind in OUTCOME_KINDS:
                self._outcome(event)
            else:
                self._finding(event)
        for name, bits in self._bits.items():
            if (alarm := self._alarms.get(name)) is not None:
                for warned in (self.warned, self.warned_by_kind.setdefault(alarm[0], Warned()), self._vehicle(alarm[1]).warned):
                    warned.add(bits)
        newest = sorted(self._noticed_ns.items(), key=lambda each: (-each[1], each[0]))
        self.noticed = [name for name, _ in newest if name in self._alarms]

    def _alarm(self, event: Facts) -> None:
        level, vehicle = event.details.get("level"), self._vehicle(event.subjects[0])
        is_level = level if level in (1, 2) else 0
        self.levels.setdefault(event.kind, [0, 0, 0])[int(is_level)] += 1
        self.hours[self._hour(event.time_ns)] += 1
        vehicle.alarms_count += 1
        vehicle.second_level_count += level == 2
        self.late_count += event.details.get("late") is True
        self._alarms[event.id] = (event.kind, vehicle.identity)
        lat, lon = event.details.get("lat_deg"), event.details.get("lon_deg")
        if isinstance(lat, int | float) and isinstance(lon, int | float) and (lat or lon):
            self.places.add(lat, lon, event.kind)

    def _outcome(self, event: Facts) -> None:
        name = str(event.details.get("alarm"))
        self._bits[name] = self._bits.get(name, 0) | _BIT[event.kind]
        if event.kind == OutcomeKind.NOTICE:
            self._noticed_ns[name] = max(event.time_ns, self._noticed_ns.get(name, 0))
        elif event.kind == OutcomeKind.WARNING_ACKNOWLEDGED:
            self.answers_s += [value for name, value, _, _ in event.measures if name == "acknowledged-after"]
        elif event.kind == OutcomeKind.CORRECTED:
            if event.details.get("by") == "end":
                self.responses_s += [value for name, value, _, _ in event.measures if name == "response-time"]
            else:
                self.not_repeated_count += 1

    def _finding(self, event: Facts) -> None:
        plate, reason = str(event.details.get("plate") or ""), str(event.details.get("reason") or "")
        finding = Finding(event.kind, event.subjects[0] if event.subjects else "", plate, reason)
        self._vehicle(finding.identity).findings_count += 1
        if finding in self.findings or len(self.findings) < _MOST_FINDINGS_COUNT:
            self.findings[finding] += 1
            self.finding_last_ns[finding] = max(event.time_ns, self.finding_last_ns.get(finding, 0))

    def _vehicle(self, identity: str) -> Vehicle:
        if identity not in self.vehicles:
            self.vehicles[identity] = Vehicle(identity)
        return self.vehicles[identity]

    def _hour(self, time_ns: int) -> int:
        quarter = time_ns // _QUARTER_NS
        if quarter not in self._hour_at:
            self._hour_at[quarter] = datetime.fromtimestamp(quarter * _QUARTER_NS / NS_PER_S, self.zone).hour
        return self._hour_at[quarter]


def _end_of(bits: int) -> str:
    for kind, end in (
        (OutcomeKind.CORRECTED, Ends.CORRECTED),
        (OutcomeKind.WITHOUT_EFFECT, Ends.WITHOUT_EFFECT),
        (OutcomeKind.UNKNOWN, Ends.UNKNOWN),
        (OutcomeKind.WARNING_REFUSED, Ends.UNANSWERED),
        (OutcomeKind.WARNING_UNANSWERED, Ends.UNANSWERED),
    ):
        if bits & _BIT[kind.value]:
            return end
    return Ends.UNDER_WAY
