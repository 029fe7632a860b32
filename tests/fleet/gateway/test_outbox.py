"""What to send, and what became of it, by time and answers alone."""

from dataclasses import replace

from catseye.core.terminal import Order, OrderState, Told
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.gateway.doors import Limits
from catseye.fleet.gateway.outbox import Outbox

BEGIN = Stamp(1_790_000_000 * NS_PER_S)
LIMITS = Limits(answer_within_s=5.0, send_again_count=3, most_orders_count=3, most_sent_orders_count=2)


def order(name: str, purpose: str = "query", good_for_s: float = 3_600.0) -> Order:
    return Order(name, "1", 0x8104, b"", BEGIN, good_for_s, purpose, "a person")


def after(seconds_s: float) -> Stamp:
    return BEGIN.plus_ns(round(seconds_s * NS_PER_S))


def states(told: list[Told]) -> list[tuple[str, OrderState]]:
    return [(each.order_id, each.state) for each in told]


def test_an_order_is_sent_again_at_the_standards_intervals_and_then_given_up() -> None:
    outbox = Outbox()
    outbox.put(order("a"), LIMITS, BEGIN)
    sent = outbox.next(LIMITS, BEGIN)
    assert sent is not None
    outbox.went(sent, 7, LIMITS, BEGIN, 0.0)
    times = []
    for tenth in range(3_000):
        now_s = tenth / 10
        again, told = outbox.sweep(LIMITS, after(now_s), now_s, is_connected=True)
        times += [now_s] * len(again)
        if told:
            assert states(told) == [("a", OrderState.UNANSWERED)]
            assert now_s == 5 + 10 + 30 + 120  # T, 2T, 6T, 24T
            break
    assert times == [5.0, 15.0, 45.0]
    assert len(outbox) == 0


def test_warnings_go_first_and_too_many_orders_cost_the_last_that_is_none() -> None:
    outbox = Outbox()
    for name, purpose in (("q1", "query"), ("w1", "warning"), ("q2", "query")):
        assert outbox.put(order(name, purpose), LIMITS, BEGIN) == []
    assert states(outbox.put(order("w2", "warning"), LIMITS, BEGIN)) == [("q2", OrderState.EXPIRED)]
    assert outbox.put(order("w2", "warning"), LIMITS, BEGIN) == []
    names = []
    while (found := outbox.next(LIMITS, BEGIN)) is not None:
        names.append(found.id)
        outbox.went(found, len(names), LIMITS, BEGIN, 0.0)
    assert names == ["w1", "w2"]
    assert [each.id for each in outbox.waiting] == ["q1"]


def test_an_order_that_is_no_good_any_more_is_not_sent() -> None:
    outbox = Outbox()
    outbox.put(order("late", good_for_s=3.0), LIMITS, BEGIN)
    assert outbox.next(LIMITS, after(3.0)) is None
    assert states(outbox.sweep(LIMITS, after(3.0), 3.0, is_connected=True)[1]) == [("late", OrderState.EXPIRED)]


def test_an_order_that_was_sent_is_not_sent_again_when_it_is_no_good_any_more() -> None:
    outbox = Outbox()
    outbox.put(order("a", good_for_s=3.0), LIMITS, BEGIN)
    found = outbox.next(LIMITS, BEGIN)
    assert found is not None
    outbox.went(found, 7, LIMITS, BEGIN, 0.0)
    again, told = outbox.sweep(LIMITS, after(5.0), 5.0, is_connected=True)
    assert (again, states(told)) == ([], [("a", OrderState.UNANSWERED)])


def test_an_answer_is_matched_by_any_serial_of_the_orders_parts() -> None:
    long = replace(order("long"), body=bytes(3_000))
    outbox = Outbox()
    outbox.went(long, 0xFFFF, LIMITS, BEGIN, 0.0)
    assert outbox.answered(2, (0x8104,), 0, BEGIN) is None
    assert outbox.answered(1, (0x8103,), 0, BEGIN) is None
    told = outbox.answered(1, (0x8104,), 0, BEGIN)
    assert told == Told("long", "1", OrderState.ACKNOWLEDGED, BEGIN, 0)
    assert outbox.answered(1, (0x8104,), 0, BEGIN) is None


def test_on_a_new_link_what_was_sent_is_due_at_once() -> None:
    outbox = Outbox()
    outbox.went(order("a"), 7, LIMITS, BEGIN, 100.0)
    assert outbox.sweep(LIMITS, after(200.0), 200.0, is_connected=False) == ([], [])
    outbox.link_is_new()
    assert [each.order.id for each in outbox.sweep(LIMITS, after(201.0), 201.0, is_connected=True)[0]] == ["a"]


def test_a_warning_waits_neither_for_what_is_too_late_nor_for_answers_to_others() -> None:
    limits = replace(LIMITS, most_orders_count=9)
    outbox = Outbox()
    for name in ("a", "b"):
        outbox.went(order(name), ord(name), limits, BEGIN, 0.0)
    outbox.put(order("late", "warning", good_for_s=1.0), limits, BEGIN)
    outbox.put(order("good", "warning"), limits, BEGIN)
    outbox.put(order("query"), limits, BEGIN)
    found = outbox.next(limits, after(2.0))
    assert found is not None
    assert found.id == "good"
    assert outbox.next(limits, after(2.0)) is None
    assert [each.id for each in outbox.waiting] == ["late", "query"]
