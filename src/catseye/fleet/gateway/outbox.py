"""Orders of one terminal: those that wait, those that were sent and are not answered. Pure: says what to send, and what became of what."""

from dataclasses import dataclass

from catseye.core.terminal import Order, OrderState, Told
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.frame808 import MOST_BODY_BYTES
from catseye.fleet.gateway.doors import Limits

URGENT = "warning"


@dataclass(slots=True)
class Sent:
    """An order on its way. `first_serial` to `first_serial` + `parts_count` - 1 are its frames: any of them may be answered for the whole."""

    order: Order
    first_serial: int
    parts_count: int
    times_count: int
    due_s: float

    def is_answered_by(self, serial: int) -> bool:
        """Whether a serial is one of its frames."""
        return (serial - self.first_serial & 0xFFFF) < self.parts_count


class Outbox:
    """Orders in the order they shall go: warnings first, else as given."""

    __slots__ = ("sent", "waiting")

    def __init__(self) -> None:
        """Empty."""
        self.waiting: list[Order] = []
        self.sent: list[Sent] = []

    def __len__(self) -> int:
        """Orders that have come to no end."""
        return len(self.waiting) + len(self.sent)

    def put(self, order: Order, limits: Limits, now: Stamp) -> list[Told]:
        """Let it wait; the same id twice is once. Where too many wait, one is given up: the last that is no warning, else the last."""
        if any(order.id == each.id for each in self.waiting) or any(order.id == each.order.id for each in self.sent):
            return []
        at = next((index for index, each in enumerate(self.waiting) if order.purpose == URGENT != each.purpose), len(self.waiting))
        self.waiting.insert(at, order)
        if len(self) <= limits.most_orders_count:
            return []
        return [_told(self.waiting.pop(), OrderState.EXPIRED, now)]

    def next(self, limits: Limits, now: Stamp) -> Order | None:
        """The order to send now, taken out; none while enough are on their way (a warning is sent all the same), or none is good any more."""
        found = next((each for each in self.waiting if is_good(each, now)), None)  # the next sweep says what became of those before it
        if found is None or (len(self.sent) >= limits.most_sent_orders_count and found.purpose != URGENT):
            return None
        self.waiting.remove(found)
        return found

    def went(self, order: Order, first_serial: int, limits: Limits, now: Stamp, now_s: float) -> Told:
        """It was written to the link for the first time."""
        self.sent.append(Sent(order, first_serial, parts_count(order), 1, now_s + limits.answer_within_s))
        return _told(order, OrderState.SENT, now)

    def answered(self, serial: int | None, asked: tuple[int, ...], result: int, now: Stamp) -> Told | None:
        """What an answer ends; None where it answers nothing. `serial` None: of an answer that does not say which, the oldest is meant."""
        for each in self.sent:
            if each.order.msg_id in asked and (serial is None or each.is_answered_by(serial)):
                self.sent.remove(each)
                return _told(each.order, OrderState.REFUSED if result else OrderState.ACKNOWLEDGED, now, result)
        return None

    def sweep(self, limits: Limits, now: Stamp, now_s: float, *, is_connected: bool) -> tuple[list[Sent], list[Told]]:
        """What to send once more, and what came to its end by time alone."""
        told = [_told(each, OrderState.EXPIRED, now) for each in self.waiting if not is_good(each, now)]
        self.waiting = [each for each in self.waiting if is_good(each, now)]
        again = []
        for each in [each for each in self.sent if each.due_s <= now_s]:
            is_worth = is_good(each.order, now) and each.times_count <= limits.send_again_count
            if is_worth and is_connected:
                each.times_count += 1
                # JT/T 808, 5.3: T(n+1) = T(n) * (n+1)
                each.due_s = now_s + limits.answer_within_s * _factorial(each.times_count)
                again.append(each)
            elif not is_worth:
                self.sent.remove(each)
                told.append(_told(each.order, OrderState.UNANSWERED, now))
        return again, told

    def link_is_new(self) -> None:
        """What was sent on the old link is due at once on the new one."""
        for each in self.sent:
            each.due_s, each.times_count = 0.0, 0


def is_good(order: Order, now: Stamp) -> bool:
    """Whether it may still be sent."""
    return now.utc_ns - order.created.utc_ns < order.good_for_s * NS_PER_S


def parts_count(order: Order) -> int:
    """Frames it takes."""
    return max(1, -(-len(order.body) // MOST_BODY_BYTES))


def _factorial(number: int) -> int:
    return 1 if number < 2 else number * _factorial(number - 1)


def _told(order: Order, state: OrderState, now: Stamp, result: int | None = None) -> Told:
    return Told(order.id, order.identity, state, now, result)
