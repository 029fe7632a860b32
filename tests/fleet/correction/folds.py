"""A fold under test, and a gateway that tells of every order what it is told to tell."""

import hashlib
from collections.abc import Sequence

from catseye.core.event import Event
from catseye.core.terminal import Enrolment, Order, OrderState, Told
from catseye.core.time import Stamp
from catseye.fleet.correction.bodies import Server
from catseye.fleet.correction.corrections import Corrections
from catseye.fleet.correction.decisions import Means
from catseye.fleet.correction.policy import Policy
from catseye.fleet.correction.policy_file import default_policy, read_policy
from catseye.fleet.gateway.keeper import Heard

DOOR = Server("192.0.2.1", 7612)


def order_id(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def means(policy: Policy | str | None = None) -> Means:
    return Means(
        read_policy(policy, "test.toml") if isinstance(policy, str) else policy or default_policy(), order_id, attachments=DOOR, media=DOOR, keeps_pictures=True
    )


class Fold:
    """Judges and settles, and keeps all that came out."""

    def __init__(self, policy: Policy | str | None = None, enrolments: Sequence[Enrolment] = ()) -> None:
        self.corrections = Corrections(means(policy))
        self.enrolments = {each.identity: each for each in enrolments}
        self.events: list[Event] = []
        self.orders: list[Order] = []

    def batch(self, now: Stamp, *messages: Heard, told: Sequence[Told] = ()) -> list[str]:
        verdict = self.corrections.judge(messages, told, now, self.enrolments)
        self.corrections.settle(verdict)
        self.events += verdict.events
        self.orders += verdict.orders
        return [event.kind for event in verdict.events]

    def tell(self, state: OrderState, now: Stamp, purpose: str = "warning", result: int | None = None) -> list[str]:
        order = next(order for order in reversed(self.orders) if order.purpose == purpose)
        return self.batch(now, told=[Told(order.id, order.identity, state, now, result)])

    def acknowledge(self, now: Stamp) -> list[str]:
        return self.tell(OrderState.SENT, now) + self.tell(OrderState.ACKNOWLEDGED, now, result=0)

    def purposes(self) -> list[str]:
        return [order.purpose for order in self.orders]
