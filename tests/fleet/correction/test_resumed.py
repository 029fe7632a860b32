"""A restart knows what matters of the hours before it."""

import pytest
from tests.fleet.correction.folds import Fold, means
from tests.fleet.correction.test_corrections import row
from tests.fleet.terminals import IDENTITY, at, driving_alarm, location, report, too_close

from catseye.core.terminal import OrderState
from catseye.fleet.correction.corrections import Corrections


def restarted(fold: Fold, *, knows_orders: bool = False, policy: str | None = None) -> Fold:
    again = Fold(policy)
    latest = list({event.id: event for event in fold.events}.values())
    again.corrections = Corrections.resumed(means(policy), latest, fold.orders if knows_orders else ())
    again.orders = list(fold.orders)
    return again


def test_the_cool_down_outlives_a_restart() -> None:
    fold = Fold()
    fold.batch(at(0.6), too_close())
    fold.tell(OrderState.SENT, at(0.7))
    again = restarted(fold)
    again.batch(at(20), too_close(19.5, number=2))
    again.batch(at(31), too_close(30.5, number=3))
    assert len(again.orders) == 2


def test_a_warning_on_its_way_is_still_judged_after_a_restart() -> None:
    fold = Fold()
    fold.batch(at(0.6), too_close())
    fold.acknowledge(at(1))
    again = restarted(fold)
    again.batch(at(5), too_close(4.5, number=2))
    assert [event.kind for event in again.events][:2] == ["short-headway", "warning-without-effect"]


def test_an_alarm_that_began_before_a_restart_ends_after_it_as_the_same_event() -> None:
    fold = Fold()
    fold.batch(at(1), report(location(0, alarm=1 << 1, items=(driving_alarm(0x64, 2, 0, flag=1, number=9),)), at(1)))
    fold.acknowledge(at(1.5))
    again = restarted(fold)
    again.batch(at(9), report(location(8, items=(driving_alarm(0x64, 2, 8, flag=2, number=9),)), at(9)))
    assert {event.id for event in again.events if event.kind in ("overspeed", "lane-departure")} == {
        event.id for event in fold.events if event.kind in ("overspeed", "lane-departure")
    }
    assert "driver-corrected" in [event.kind for event in again.events]


@pytest.mark.parametrize("flag", [0, 1], ids=["instant", "begins"])
def test_an_alarm_whose_order_was_lost_in_the_crash_is_warned_of_when_its_message_is_judged_again(flag: int) -> None:
    fold = Fold()
    fold.batch(at(0.6), too_close(flag=flag))
    lost = restarted(fold)
    lost.orders.clear()
    lost.batch(at(2), too_close(flag=flag))
    assert [order.id for order in lost.orders] == [order.id for order in fold.orders]


@pytest.mark.parametrize("flag", [0, 1], ids=["instant", "begins"])
def test_an_alarm_whose_order_is_known_is_not_warned_of_twice(flag: int) -> None:
    fold = Fold()
    fold.batch(at(0.6), too_close(flag=flag))
    known = restarted(fold, knows_orders=True)
    known.batch(at(2), too_close(flag=flag))
    assert len(known.orders) == 1


def test_a_warning_that_was_never_sent_before_a_restart_is_not_sent_after_it() -> None:
    fold = Fold()
    fold.batch(at(0.6), too_close())
    fold.tell(OrderState.EXPIRED, at(5))
    again = restarted(fold)
    again.batch(at(6), too_close())
    assert len(again.orders) == 1


def test_an_alarm_that_is_judged_long_after_it_came_warns_nobody() -> None:
    fold = Fold()
    assert fold.batch(at(11), too_close()) == ["short-headway"]
    assert fold.orders == []


def test_a_limit_set_before_a_restart_is_lifted_after_it() -> None:
    policy = row("slow", '"slow"', "slow = { limit_kmh = 70, for_s = 60, back_to_kmh = 90 }")
    fold = Fold(policy)
    fold.batch(at(1), too_close())
    again = restarted(fold, policy=policy)
    assert again.batch(at(30)) == [] and again.batch(at(61)) == ["limit-restored"]
    assert restarted_knows_nothing_more(again, policy)


def restarted_knows_nothing_more(fold: Fold, policy: str) -> bool:
    return restarted(fold, policy=policy).batch(at(500)) == []


def test_events_of_cameras_are_passed_over() -> None:
    fold = Fold()
    fold.batch(at(0.6), too_close())
    assert set(Corrections.resumed(means(), fold.events)._watches) == {IDENTITY}
