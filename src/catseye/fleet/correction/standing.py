"""How alarms stand: what was done about each, and what came of it. Read from events alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from catseye.core.event import Event
from catseye.fleet.alarm_kinds import AlarmKind
from catseye.fleet.correction.outcomes import OutcomeKind

NO_ALARMS = frozenset((AlarmKind.SIGN_SEEN, AlarmKind.SNAPSHOT, AlarmKind.DRIVER_CHANGE))
ALARM_KINDS = frozenset(kind.value for kind in AlarmKind if kind not in NO_ALARMS)
_OUTCOMES = {kind.value: order for order, kind in enumerate(OutcomeKind)}
OUTCOME_KINDS = frozenset(_OUTCOMES)


@dataclass(frozen=True, slots=True)
class Standing:
    """One alarm with the events that followed it, in order of time."""

    id: str
    alarm: Event
    followed: tuple[Event, ...] = ()

    @property
    def steps(self) -> list[str]:
        """Their kinds, each once."""
        return list(dict.fromkeys(event.kind for event in self.followed))


def standings(events: Iterable[Event]) -> list[Standing]:
    """The newest alarm first. What follows an alarm that is not among them belongs to none."""
    alarms: dict[str, Event] = {}
    followed: dict[str, list[Event]] = {}
    for event in events:
        if event.kind in ALARM_KINDS:
            alarms[event.id] = event
        elif event.kind in _OUTCOMES:
            followed.setdefault(str(event.details.get("alarm")), []).append(event)
    found = [Standing(name, alarm, tuple(sorted(followed.get(name, ()), key=_in_order))) for name, alarm in alarms.items()]
    return sorted(found, key=lambda each: (-each.alarm.time_ns, each.id))


def _in_order(event: Event) -> tuple[int, int]:
    return event.time_ns, _OUTCOMES[event.kind]
