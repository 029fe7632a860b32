"""What is remembered of terminals, read back after a restart: from the events of the last hours and the orders that have come to no end."""

from collections.abc import Iterable
from dataclasses import replace

from catseye.core.event import Event
from catseye.core.terminal import Order
from catseye.core.time import Stamp
from catseye.fleet.alarm_kinds import AlarmKind
from catseye.fleet.alarms import Stage
from catseye.fleet.correction.decisions import Means
from catseye.fleet.correction.outcomes import OutcomeKind
from catseye.fleet.correction.watch import MOST_OPEN_COUNT, MOST_PENDING_COUNT, MOST_RECENT_COUNT, Cause, Open, Pending, Recent, Restore, Watch

_ALARMS = frozenset(kind.value for kind in AlarmKind)
_OVER = frozenset(
    kind.value for kind in (OutcomeKind.WARNING_REFUSED, OutcomeKind.WARNING_UNANSWERED, OutcomeKind.CORRECTED, OutcomeKind.WITHOUT_EFFECT, OutcomeKind.UNKNOWN)
)


def watches_of(means: Means, events: Iterable[Event], orders: Iterable[Order] = ()) -> dict[str, Watch]:
    """By identity. Events of other kinds are passed over; alarms whose orders nobody knows are decided anew if their message is judged again."""
    reading = _Reading(means)
    told = sorted((event for event in events if event.subjects), key=lambda event: (event.kind not in _ALARMS, event.time_ns))
    for event in told:
        if event.kind in _ALARMS:
            reading.alarm(event)
        else:
            reading.outcome(event)
    for order in orders:
        if order.purpose == "warning":
            reading.order(order)
    return reading.watches


class _Reading:
    def __init__(self, means: Means) -> None:
        self.means, self.watches, self.alarms = means, dict[str, Watch](), dict[str, Event]()
        self.kinds = {kind for row in means.policy.row for kind in row.alarms}

    def alarm(self, event: Event) -> None:
        if event.details.get("late"):
            return
        name, watch = event.id, self._watch(event.subjects[0])
        self.alarms[name] = event
        if event.kind in self.kinds:
            watch = replace(watch, recent=(*watch.recent, Recent(name, event.kind, event.time_ns, False))[-MOST_RECENT_COUNT:])
        stage = event.details.get("stage")
        if stage in (Stage.BEGINS, Stage.LASTS) and not any(each.name == "lasted" for each in event.measures):
            number = event.details.get("number")
            key = (str(event.details.get("said")), number if isinstance(number, int) else None)
            entry = Open(key, event, name, event.time_ns, stage == Stage.LASTS)
            watch = replace(watch, open=(*(each for each in watch.open if each.key != key), entry)[-MOST_OPEN_COUNT:])
        self.watches[watch.identity] = watch

    def outcome(self, event: Event) -> None:
        watch, name = self._watch(event.subjects[0]), event.details.get("alarm")
        if not isinstance(name, str):
            return
        row, kind, at_ns = str(event.details.get("row", "")), str(event.details.get("kind", "")), event.time_ns
        if event.kind in (OutcomeKind.NOTICE, OutcomeKind.LIMIT_ORDERED, OutcomeKind.WARNING_SENT) and row and kind:
            watch = replace(watch, fired_ns={**watch.fired_ns, (row, kind): max(at_ns, watch.fired_ns.get((row, kind), at_ns))})
        if event.kind == OutcomeKind.WARNING_SENT:
            watch = self._warned(watch, name, kind, row, at_ns)
            watch = replace(watch, pending=tuple(replace(each, sent_ns=at_ns) if each.cause.alarm == name else each for each in watch.pending))
        elif event.kind == OutcomeKind.WARNING_ACKNOWLEDGED:
            watch = replace(watch, pending=tuple(replace(each, acknowledged_ns=at_ns) if each.cause.alarm == name else each for each in watch.pending))
        elif event.kind in _OVER:
            recent = tuple(replace(each, is_decided=True) if each.event_id == name else each for each in watch.recent)
            watch = replace(watch, recent=recent, pending=tuple(each for each in watch.pending if each.cause.alarm != name))
        elif event.kind == OutcomeKind.LIMIT_ORDERED:
            back_to_kmh, due_ns = event.details.get("back_to_kmh"), event.details.get("back_utc_ns")
            if isinstance(back_to_kmh, int) and isinstance(due_ns, int):
                watch = replace(watch, restores=(*watch.restores, Restore(name, back_to_kmh, due_ns)))
        elif event.kind == OutcomeKind.LIMIT_RESTORED:
            watch = replace(watch, restores=tuple(each for each in watch.restores if each.alarm != name))
        self.watches[watch.identity] = watch

    def order(self, order: Order) -> None:
        """A warning that may not have been told as sent yet: it is on its way all the same, and its alarm is decided."""
        watch, alarm = self._watch(order.identity), self.alarms.get(order.why)
        kind = alarm.kind if alarm else ""
        if not any(each.order_id == order.id for each in watch.pending):
            watch = self._warned(watch, order.why, kind, "", order.created.utc_ns)
        self.watches[watch.identity] = replace(
            watch, recent=tuple(replace(each, is_decided=True) if each.event_id == order.why else each for each in watch.recent)
        )

    def _warned(self, watch: Watch, name: str, kind: str, row: str, at_ns: int) -> Watch:
        alarm = self.alarms.get(name)
        speed_kmh = next((each.value for each in alarm.measures if each.name == "speed"), 0.0) if alarm else 0.0
        cause = Cause(name, kind, alarm.when if alarm and alarm.when else Stamp(at_ns), speed_kmh)
        has_end = any(each.event_id == name for each in watch.open)
        entry = Pending(self.means.order_id(f"warning/{name}"), cause, row, at_ns, has_end)
        before = replace(watch, pending=watch.pending[-MOST_PENDING_COUNT:])
        recent = tuple(replace(each, is_decided=True) if each.event_id == name else each for each in before.recent)
        return replace(before, recent=recent).with_pending(entry, at_ns)

    def _watch(self, identity: str) -> Watch:
        return self.watches.get(identity) or Watch(identity)
