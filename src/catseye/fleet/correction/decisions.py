"""An alarm meets the policy: which rows act, what is ordered, and whether the platform may speak now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from catseye.core.event import Event, Measure
from catseye.core.terminal import Order
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.alarms import Alarm
from catseye.fleet.correction import bodies
from catseye.fleet.correction.bodies import Server
from catseye.fleet.correction.outcomes import OutcomeKind, outcome
from catseye.fleet.correction.policy import ATTACHMENTS, NOTIFY, PHOTO, SLOW, VIDEO, WARN, Policy, Quiet, Row
from catseye.fleet.correction.watch import Cause, Pending, Restore, Watch

WARNING_GOOD_FOR_S, ORDER_GOOD_FOR_S = 10.0, 300.0  # a warning that comes later is a wrong one


@dataclass(frozen=True, slots=True)
class Means:
    """What the platform can do beside speaking. `order_id` makes an order's id of a text: always the same, and for nobody else to guess.

    `language`: of drivers whose enrolment names none; "" the policy's. `keeps_pictures`: somebody can unseal them; else none is asked for.
    """

    policy: Policy
    order_id: Callable[[str], str]
    language: str = ""
    attachments: Server | None = None
    media: Server | None = None
    keeps_pictures: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """A terminal's new state, and what comes out of it."""

    watch: Watch
    events: tuple[Event, ...] = ()
    orders: tuple[Order, ...] = ()

    def then(self, other: "Decided") -> "Decided":
        """Both, one after the other."""
        return Decided(other.watch, (*self.events, *other.events), (*self.orders, *other.orders))


def decide(means: Means, watch: Watch, alarm: Alarm, event_id: str, now: Stamp) -> Decided:
    """What follows from one alarm that is news."""
    rows = means.policy.rows_of(alarm.kind)
    if not rows:
        return Decided(watch)
    watch = watch.noted(event_id, alarm.kind, now.utc_ns)
    fitting = [row for row in rows if _fits(row, watch, alarm, now)]
    speaking = next((row for row in reversed(fitting) if WARN in row.actions), None)
    done = Decided(watch)
    for row in fitting:
        fired = {**done.watch.fired_ns, (row.name, alarm.kind.value): now.utc_ns}
        actions = [each for each in row.actions if each != WARN or row is speaking]
        done = done.then(act(means, replace(done.watch, fired_ns=fired), Cause.of(alarm, event_id), row, actions, now))
    return done


def _fits(row: Row, watch: Watch, alarm: Alarm, now: Stamp) -> bool:
    if alarm.level < row.from_level or watch.times_count(row.alarms, now.utc_ns, row.within_s) < row.times_count:
        return False
    last_ns = watch.fired_ns.get((row.name, alarm.kind.value))
    return last_ns is None or now.utc_ns - last_ns >= row.cool_down_s * NS_PER_S


def act(means: Means, watch: Watch, cause: Cause, row: Row, actions: Sequence[str], now: Stamp) -> Decided:
    """The actions of one row for one alarm."""
    done = Decided(watch)
    for action in actions:
        done = done.then(_ACTS[action](means, done.watch, cause, row, now))
    return done


def may_speak(quiet: Quiet, watch: Watch, kind: str, speed_kmh: float, cool_down_s: float, now_ns: int) -> bool:
    """None while stopped, none inside the cool-down of its kind, none right after another, none beyond what a driver can take in."""
    if speed_kmh < quiet.stopped_below_kmh:
        return False
    last_ns = watch.warned_ns.get(kind)
    if last_ns is not None and now_ns - last_ns < cool_down_s * NS_PER_S:
        return False
    if watch.spoken_ns and now_ns - watch.spoken_ns[-1] < quiet.least_gap_s * NS_PER_S:
        return False
    return sum(each > now_ns - 60 * NS_PER_S for each in watch.spoken_ns) < quiet.most_a_minute_count


def _warn(means: Means, watch: Watch, cause: Cause, row: Row, now: Stamp) -> Decided:
    text = means.policy.words(row.text or cause.kind, watch.language or means.language)
    if not text or any(each.cause.alarm == cause.alarm for each in watch.pending):
        return Decided(watch)  # never two for one alarm
    if now.utc_ns - cause.received.utc_ns > WARNING_GOOD_FOR_S * NS_PER_S:
        return Decided(watch)  # judged late, after a crash or a full disk
    if not may_speak(means.policy.quiet, watch, cause.kind, cause.speed_kmh, row.cool_down_s, now.utc_ns):
        return Decided(watch)
    order = _order(means, watch, "warning", bodies.TEXT, bodies.spoken(text, watch.version), cause.alarm, now, WARNING_GOOD_FOR_S)
    has_end = any(each.event_id == cause.alarm for each in watch.open)
    pending = Pending(order.id, cause, row.name, now.utc_ns, has_end)
    return Decided(watch.with_pending(pending, now.utc_ns), (), (order,))


def _slow(means: Means, watch: Watch, cause: Cause, row: Row, now: Stamp) -> Decided:
    if row.slow is None or any(each.due_ns > now.utc_ns for each in watch.restores):
        return Decided(watch)
    order = _order(means, watch, "parameters", bodies.SET_PARAMETERS, bodies.speed_limit(row.slow.limit_kmh, watch.version), cause.alarm, now, 60.0)
    more: dict[str, str | int | float | bool | None] = {"limit_kmh": row.slow.limit_kmh, "row": row.name, "version": watch.version}
    if row.slow.back_to_kmh is not None:
        due_ns = now.utc_ns + round(row.slow.for_s * NS_PER_S)
        watch = replace(watch, restores=(*watch.restores, Restore(cause.alarm, row.slow.back_to_kmh, due_ns)))
        more |= {"back_to_kmh": row.slow.back_to_kmh, "back_utc_ns": due_ns}
    told = outcome(OutcomeKind.LIMIT_ORDERED, watch.identity, cause.alarm, cause.received, f"a speed limit of {row.slow.limit_kmh} km/h is ordered", more)
    return Decided(watch, (told,), (order,))


def restored(means: Means, watch: Watch, entry: Restore, now: Stamp) -> Decided:
    """The usual limit again. It is ordered until the terminal can be reached: a limit that stays for ever would be a new rule."""
    body = bodies.speed_limit(entry.back_to_kmh, watch.version)
    order = _order(means, watch, "parameters", bodies.SET_PARAMETERS, body, entry.alarm, now, 7 * 86_400.0, "restore")
    told = outcome(OutcomeKind.LIMIT_RESTORED, watch.identity, entry.alarm, now, f"the limit of {entry.back_to_kmh} km/h is ordered again")
    rest = tuple(each for each in watch.restores if each is not entry)
    return Decided(replace(watch, restores=rest), (told,), (order,))


def _attachments(means: Means, watch: Watch, cause: Cause, row: Row, now: Stamp) -> Decided:
    if means.attachments is None or cause.ident is None:
        return Decided(watch)
    name = means.order_id(f"attachments/{cause.alarm}")
    body = bodies.attachments(means.attachments, cause.ident, cause.dialect, name, watch.version)
    return Decided(watch, (), (_order(means, watch, "attachments", bodies.SEND_ATTACHMENTS, body, cause.alarm, now, ORDER_GOOD_FOR_S),))


def _photo(means: Means, watch: Watch, cause: Cause, row: Row, now: Stamp) -> Decided:
    if not means.keeps_pictures:
        return Decided(watch)
    body = bodies.pictures(row.channel, row.photos_count, watch.version)
    return Decided(watch, (), (_order(means, watch, "picture", bodies.SNAP, body, cause.alarm, now, 30.0),))


def _video(means: Means, watch: Watch, cause: Cause, row: Row, now: Stamp) -> Decided:
    if means.media is None:
        return Decided(watch)
    body = bodies.live(means.media, row.channel, watch.version)
    return Decided(watch, (), (_order(means, watch, "video", bodies.LIVE, body, cause.alarm, now, 30.0),))


def _notify(means: Means, watch: Watch, cause: Cause, row: Row, now: Stamp) -> Decided:
    times = Measure("times", float(max(1, watch.times_count(row.alarms, now.utc_ns, row.within_s))), f"in {row.within_s:g} s", 0.0)
    more = {"row": row.name, "kind": cause.kind}
    detail = f"to the safety manager: {cause.kind}, by the policy's row {row.name}"
    return Decided(watch, (outcome(OutcomeKind.NOTICE, watch.identity, cause.alarm, cause.received, detail, more, (times,)),))


def _order(means: Means, watch: Watch, purpose: str, msg_id: int, body: bytes, why: str, now: Stamp, good_for_s: float, word: str = "") -> Order:
    return Order(means.order_id(f"{word or purpose}/{why}"), watch.identity, msg_id, body, now, good_for_s, purpose, why)


_ACTS = {WARN: _warn, SLOW: _slow, ATTACHMENTS: _attachments, PHOTO: _photo, VIDEO: _video, NOTIFY: _notify}
