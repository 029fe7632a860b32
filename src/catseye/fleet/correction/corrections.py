"""The fold: messages, news of orders and time come in; events and orders come out. Nothing of it changes until its batch is kept."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from catseye.core.event import Event, Measure
from catseye.core.terminal import Accepted, Enrolment, Order, Told
from catseye.core.time import NS_PER_MS, NS_PER_S, Stamp
from catseye.fleet.alarms import LOCATION, LOCATION_BATCH, LOCATION_REPLY, Alarm, Stage, alarms_of, carries_alarms, event_of, when_of
from catseye.fleet.correction.decisions import Decided, Means, decide, restored
from catseye.fleet.correction.effects import after, heard, told_of
from catseye.fleet.correction.resumed import watches_of
from catseye.fleet.correction.watch import Open, Watch
from catseye.fleet.gateway.keeper import Heard

_REPORTS = frozenset((LOCATION, LOCATION_REPLY, LOCATION_BATCH))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a batch comes to: to be kept, and then settled. `changed`: the terminals that are remembered otherwise now."""

    events: tuple[Event, ...] = ()
    orders: tuple[Order, ...] = ()
    changed: Mapping[str, Watch] = field(default_factory=dict)


class Corrections:
    """What is remembered of all terminals, and how a batch is judged."""

    def __init__(self, means: Means, watches: Mapping[str, Watch] | None = None) -> None:
        """`watches`: as `resumed` found them."""
        self.means = means
        self._watches: dict[str, Watch] = {}
        self._due_ns: dict[str, int] = {}
        self._remember(watches or {})

    @classmethod
    def resumed(cls, means: Means, events: Iterable[Event], orders: Iterable[Order] = ()) -> Self:
        """After a restart: `events` of the last `lookback_s` of the policy, `orders` that have come to no end."""
        return cls(means, watches_of(means, events, orders))

    def judge(
        self,
        messages: Sequence[Heard],
        told: Sequence[Told],
        now: Stamp,
        enrolments: Mapping[str, Enrolment] | None = None,
        drivers: Mapping[str, str] | None = None,
    ) -> Verdict:
        """One batch: what came, what became of orders, and that it is `now`. `drivers`: identity → pseudonym. The same batch gives the same verdict again."""
        batch = _Batch(self.means, self._watches, now, enrolments or {}, drivers or {})
        for each in told:
            batch.told(each)
        for message in messages:
            batch.heard(message)
        for identity, due_ns in self._due_ns.items():
            if due_ns <= now.utc_ns:
                batch.late(identity)
        return Verdict(tuple(batch.events), tuple(batch.orders), batch.changed)

    def settle(self, verdict: Verdict) -> None:
        """The verdict is kept: from now on it is what happened."""
        self._remember(verdict.changed)

    def watch(self, identity: str) -> Watch | None:
        """What is remembered of a terminal."""
        return self._watches.get(identity)

    def _remember(self, watches: Mapping[str, Watch]) -> None:
        waits = {row.name: row.answer_within_s for row in self.means.policy.row}
        for identity, watch in watches.items():
            self._watches[identity] = watch
            moments = [each.due_ns(waits.get(each.row, 0.0)) for each in watch.pending] + [each.due_ns for each in watch.restores]
            if moments:
                self._due_ns[identity] = min(moments)
            else:
                self._due_ns.pop(identity, None)


class _Batch:
    """One batch being judged, over what was remembered before it."""

    def __init__(self, means: Means, before: Mapping[str, Watch], now: Stamp, enrolments: Mapping[str, Enrolment], drivers: Mapping[str, str]) -> None:
        self.means, self.before, self.now, self.enrolments, self.drivers = means, before, now, enrolments, drivers
        self.events: list[Event] = []
        self.orders: list[Order] = []
        self.changed: dict[str, Watch] = {}

    def heard(self, message: Heard) -> None:
        accepted = message.accepted
        if accepted.msg_id not in _REPORTS or message.body.layout is None:
            return
        known = self.changed.get(accepted.identity) or self.before.get(accepted.identity)
        if known is not None and _says_the_same(known, message):
            return
        alarms = alarms_of(accepted, message.body)
        if not alarms and (known is None or not known.is_busy):
            return  # the way of nearly all reports there are
        watch = self._watch(accepted, known)
        news = [alarm for alarm in alarms if not alarm.is_late]
        self._tell_late([alarm for alarm in alarms if alarm.is_late])
        for alarm in news:
            watch = self._news(watch, alarm)
        if accepted.msg_id == LOCATION and not any(alarm.is_late for alarm in alarms):
            watch = self._report(watch, message, {alarm.key for alarm in news})
        self.changed[accepted.identity] = watch.without_old(self.now.utc_ns)

    def told(self, told: Told) -> None:
        known = self.changed.get(told.identity) or self.before.get(told.identity)
        if known is not None:
            self._take(told_of(known, told))

    def late(self, identity: str) -> None:
        watch = self.changed.get(identity) or self.before[identity]
        for entry in watch.restores:
            if entry.due_ns <= self.now.utc_ns:
                watch = self._take(restored(self.means, watch, entry, self.now))
        self._take(after(self.means, watch, self.now))

    def _take(self, decided: Decided) -> Watch:
        self.events += decided.events
        self.orders += decided.orders
        self.changed[decided.watch.identity] = decided.watch
        return decided.watch

    def _watch(self, accepted: Accepted, known: Watch | None) -> Watch:
        watch = known or Watch(accepted.identity)
        enrolment = self.enrolments.get(accepted.identity)
        language = enrolment.language if enrolment else watch.language
        if watch.version != accepted.version or watch.language != language:
            watch = replace(watch, version=accepted.version, language=language)
        return watch

    def _tell_late(self, alarms: Sequence[Alarm]) -> None:
        """News no more: events, nothing else. A bit that several locations of one message have is one event."""
        lasting: dict[tuple[str, int | None], Event] = {}
        for alarm in alarms:
            event = event_of(alarm, self.drivers.get(alarm.identity, ""))
            first = lasting.get(alarm.key) if alarm.stage is Stage.LASTS else None
            if first is not None:
                event = replace(first, end_time_ns=max(first.end_time_ns, event.time_ns))
            if alarm.stage is Stage.LASTS:
                lasting[alarm.key] = event
            else:
                self.events.append(event)
        self.events += lasting.values()

    def _news(self, watch: Watch, alarm: Alarm) -> Watch:
        entry = watch.found(alarm.key)
        if alarm.stage is Stage.ENDS and entry is not None:
            return self._ended(watch, entry, alarm.when, alarm.received)
        if entry is not None and all(each.is_decided for each in watch.recent):
            return watch  # as nearly always: it goes on
        event = event_of(alarm, self.drivers.get(alarm.identity, ""))
        name = event.id
        if not watch.is_news(name) or (entry is not None and entry.event_id != name):
            return watch
        if entry is None:
            self.events.append(event)
        if alarm.stage is Stage.ENDS:
            return watch  # its begin was never told: too late to say anything
        if entry is None and alarm.stage is not Stage.INSTANT:
            watch = watch.opened(alarm, event, name)
        watch = self._take(heard(self.means, watch, alarm, self.now))
        return self._take(decide(self.means, watch, alarm, name, self.now))

    def _report(self, watch: Watch, message: Heard, there: set[tuple[str, int | None]]) -> Watch:
        """Bits that are no longer set have ended; and where it is going now."""
        received = message.accepted.received
        for entry in watch.open:
            if entry.is_lasting and entry.key not in there:
                watch = self._ended(watch, entry, when_of(message.accepted, message.body.values), received)
        values = message.body.values
        bits = 0 if carries_alarms(values) else values["alarm"]
        return replace(watch, heard_ns=received.utc_ns, speed_kmh=values["speed_0_1kmh"] / 10, bits=bits, reported=values["time"])

    def _ended(self, watch: Watch, entry: Open, when: Stamp, received: Stamp) -> Watch:
        event = entry.event
        end_ns = max(when.utc_ns, event.time_ns + NS_PER_MS)
        lasted = Measure("lasted", (end_ns - event.time_ns) / NS_PER_S, "s", 1.0)
        self.events.append(replace(event, end_time_ns=end_ns, measures=(*event.measures, lasted)))
        return self._take(after(self.means, watch.closed(entry), self.now, ended=entry, received=received))


def _says_the_same(known: Watch, message: Heard) -> bool:
    """A bit that was set and still is, no more: some terminals have a fault for months, and report it every second."""
    values = message.body.values
    if message.accepted.msg_id != LOCATION or known.bits == 0 or known.pending:
        return False
    return values["alarm"] == known.bits and values["time"] >= known.reported and message.accepted.version == known.version and not carries_alarms(values)
