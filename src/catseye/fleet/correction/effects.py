"""What became of a warning: what the gateway says of it, and whether the behaviour ended after it. Whether because of it, nobody can say."""

from dataclasses import replace
from math import sqrt

from catseye.core.event import Event, Measure
from catseye.core.terminal import OrderState, Told
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.alarms import Alarm
from catseye.fleet.correction.decisions import Decided, Means, act
from catseye.fleet.correction.outcomes import OutcomeKind, outcome
from catseye.fleet.correction.policy import Row
from catseye.fleet.correction.watch import Open, Pending, Watch

_REACTION_S = 3.0  # to be spoken, understood and acted upon: a repetition sooner than that says nothing
_CLOCK_DOUBT_S = 1.0  # a terminal's whole seconds, and the way through the network
_TOLD = {
    OrderState.REFUSED: (OutcomeKind.WARNING_REFUSED, "the terminal refused the warning"),
    OrderState.UNANSWERED: (OutcomeKind.WARNING_UNANSWERED, "the terminal never acknowledged the warning"),
    OrderState.EXPIRED: (OutcomeKind.WARNING_UNANSWERED, "the warning was never sent: the terminal could not be reached while it was still good"),
}


def told_of(watch: Watch, told: Told) -> Decided:
    """The gateway says what became of a warning; of other orders and for the second time, nothing follows."""
    entry = next((each for each in watch.pending if each.order_id == told.order_id), None)
    if entry is None:
        return Decided(watch)
    at_ns, more = told.when.utc_ns, {"kind": entry.cause.kind, "row": entry.row}
    if told.state is OrderState.SENT:
        if entry.sent_ns is not None or entry.acknowledged_ns is not None:
            return Decided(watch)
        event = outcome(OutcomeKind.WARNING_SENT, watch.identity, entry.cause.alarm, told.when, "a warning was sent to the terminal", more)
        return Decided(watch.changed(entry, replace(entry, sent_ns=at_ns)), (event,))
    if told.state is OrderState.ACKNOWLEDGED:
        if entry.acknowledged_ns is not None:
            return Decided(watch)
        since_sent = (Measure("acknowledged-after", (at_ns - entry.sent_ns) / NS_PER_S, "s", 0.01),) if entry.sent_ns is not None else ()
        words = "the terminal acknowledged the warning"
        event = outcome(OutcomeKind.WARNING_ACKNOWLEDGED, watch.identity, entry.cause.alarm, told.when, words, more, since_sent)
        return Decided(watch.changed(entry, replace(entry, acknowledged_ns=at_ns)), (event,))
    if told.state in _TOLD:
        kind, words = _TOLD[told.state]
        if told.result is not None:
            more |= {"result": str(told.result)}
        return Decided(watch.changed(entry, None), (outcome(kind, watch.identity, entry.cause.alarm, told.when, words, {**more, "state": told.state.value}),))
    return Decided(watch)


def heard(means: Means, watch: Watch, alarm: Alarm, now: Stamp) -> Decided:
    """An alarm of the same kind again, after a warning that the terminal acknowledged: it had no effect."""
    done = Decided(watch)
    for entry in watch.pending:
        if entry.cause.kind == alarm.kind and entry.acknowledged_ns is not None and now.utc_ns - entry.acknowledged_ns >= _REACTION_S * NS_PER_S:
            done = done.then(_without_effect(means, done.watch, entry, now, "the same alarm came again"))
    return done


def after(means: Means, watch: Watch, now: Stamp, ended: Open | None = None, received: Stamp | None = None) -> Decided:
    """An alarm ended, or time went by: warnings that can be judged now."""
    done = Decided(watch)
    for entry in watch.pending:
        if ended is not None and received is not None:
            if entry.cause.alarm == ended.event_id:
                done = done.then(_ended(done.watch, entry, ended, received))
        elif entry.due_ns(_wait_s(means, entry)) <= now.utc_ns:
            done = done.then(_by_time(means, done.watch, entry, now))
    return done


def _ended(watch: Watch, entry: Pending, ended: Open, received: Stamp) -> Decided:
    if entry.acknowledged_ns is None or received.utc_ns < entry.acknowledged_ns:
        words = "the alarm ended before the terminal acknowledged the warning"
        return Decided(watch.changed(entry, None), (outcome(OutcomeKind.UNKNOWN, watch.identity, entry.cause.alarm, received, words, _of(entry)),))
    took_s, doubt_s = (received.utc_ns - entry.acknowledged_ns) / NS_PER_S, _CLOCK_DOUBT_S
    if ended.is_lasting:  # it ended some time since the report before
        unseen_s = (received.utc_ns - max(watch.heard_ns, entry.acknowledged_ns)) / NS_PER_S
        took_s, doubt_s = took_s - unseen_s / 2, sqrt(doubt_s**2 + unseen_s**2 / 12)
    return Decided(watch.changed(entry, None), (_corrected(watch, entry, received, "end", took_s, doubt_s),))


def _by_time(means: Means, watch: Watch, entry: Pending, now: Stamp) -> Decided:
    if entry.acknowledged_ns is None:
        return Decided(watch.changed(entry, None))
    if entry.has_end and any(each.event_id == entry.cause.alarm for each in watch.open):
        return _without_effect(means, watch, entry, now, "the alarm went on")
    if watch.heard_ns <= entry.acknowledged_ns:
        words = "nothing was reported after the warning"
        return Decided(watch.changed(entry, None), (outcome(OutcomeKind.UNKNOWN, watch.identity, entry.cause.alarm, now, words, _of(entry)),))
    wait_s = _wait_s(means, entry)
    return Decided(watch.changed(entry, None), (_corrected(watch, entry, now, "no repetition", wait_s / 2, wait_s / sqrt(12)),))


def _corrected(watch: Watch, entry: Pending, when: Stamp, by: str, took_s: float, doubt_s: float) -> Event:
    measures = (
        Measure("response-time", took_s, "s", doubt_s),
        Measure("speed-change", watch.speed_kmh - entry.cause.speed_kmh, "km/h", 1.4),
    )
    words = "after the warning the behaviour ended"
    return outcome(OutcomeKind.CORRECTED, watch.identity, entry.cause.alarm, when, words, {**_of(entry), "by": by}, measures)


def _without_effect(means: Means, watch: Watch, entry: Pending, now: Stamp, words: str) -> Decided:
    event = outcome(OutcomeKind.WITHOUT_EFFECT, watch.identity, entry.cause.alarm, now, words, _of(entry))
    done = Decided(watch.changed(entry, None), (event,))
    row = _row(means, entry)
    return done.then(act(means, done.watch, entry.cause, row, row.without_effect, now)) if row is not None else done


def _of(entry: Pending) -> dict[str, str | int | float | bool | None]:
    return {"kind": entry.cause.kind, "row": entry.row}


def _row(means: Means, entry: Pending) -> Row | None:
    return next((row for row in means.policy.row if row.name == entry.row), None)


def _wait_s(means: Means, entry: Pending) -> float:
    row = _row(means, entry)
    return row.answer_within_s if row is not None else 0.0
