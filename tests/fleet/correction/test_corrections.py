"""From an alarm to a warning, and to what came of it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fleet.correction.folds import Fold, means
from tests.fleet.terminals import IDENTITY, at, driving_alarm, location, report, too_close
from tests.support.properties import examples

from catseye.core.event import Event
from catseye.core.terminal import Enrolment, OrderState, Told
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.correction.corrections import Corrections
from catseye.fleet.frame808 import V2013, V2019
from catseye.fleet.gateway.keeper import Heard
from catseye.fleet.message import Body

TEXTS = '[texts.en]\nshort-headway = "Keep your distance, please."\n'


def row(name: str, actions: str, more: str = "", alarms: str = '"short-headway"') -> str:
    return f'[[row]]\nname = "{name}"\nalarms = [{alarms}]\nactions = [{actions}]\n{more}\n'


def test_too_close_is_an_event_and_a_spoken_warning() -> None:
    fold = Fold()
    assert fold.batch(at(0.6), too_close()) == ["short-headway"]
    (event,), (order,) = fold.events, fold.orders
    assert (event.camera, event.subjects, event.when) == (f"terminal-{IDENTITY}", (IDENTITY,), Stamp(at(0).utc_ns, 500.0))
    assert {each.name: (each.value, each.doubt) for each in event.measures} == {"speed": (72.0, 1.0), "front-speed": (60.0, 1.0), "time-gap": (0.6, 0.1)}
    assert (order.msg_id, order.purpose, order.why, order.identity, order.created) == (0x8300, "warning", event.id, IDENTITY, at(0.6))
    assert Body.parse(0x8300, V2013, order.body).values == {"flags": 0b1101, "text": "Keep your distance, please."}


def test_a_terminal_of_2019_is_told_in_its_own_layout_and_its_drivers_language() -> None:
    fold = Fold(enrolments=[Enrolment(IDENTITY, "29B-123.45", 2, at(0), language="vi")])
    fold.batch(at(0.6), report(location(items=(driving_alarm(0x64, 3),)), at(0.5), version=V2019))
    assert Body.parse(0x8300, V2019, fold.orders[0].body).values == {"flags": 0b1110, "text_type": 1, "text": "Xin giu khoang cach."}


def test_a_warned_driver_who_keeps_the_distance_is_corrected() -> None:
    fold = Fold()
    fold.batch(at(0.6), too_close())
    assert fold.acknowledge(at(1)) == ["warning-sent", "warning-acknowledged"]
    assert fold.batch(at(10.5), report(location(10, speed_kmh=64), at(10.5))) == []
    assert fold.batch(at(20.9)) == []
    assert fold.batch(at(21)) == ["driver-corrected"]
    assert {each.name: (each.value, round(each.doubt, 2)) for each in fold.events[-1].measures} == {"response-time": (10.0, 5.77), "speed-change": (-8.0, 1.4)}
    assert fold.events[-1].details["alarm"] == fold.events[0].id


def test_an_alarm_that_the_terminal_ends_says_how_long_the_driver_took() -> None:
    fold = Fold()
    fold.batch(at(0.6), too_close(flag=1))
    fold.acknowledge(at(1))
    assert fold.batch(at(5), report(location(4, items=(driving_alarm(0x64, 3, 4, flag=2),)), at(5))) == ["short-headway", "driver-corrected"]
    begun, ended, corrected = fold.events[0], fold.events[-2], fold.events[-1]
    assert begun.id == ended.id and (ended.end_time_ns - ended.time_ns) == 4 * NS_PER_S
    assert next((each.name, each.value, each.doubt) for each in corrected.measures) == ("response-time", 4.0, 1.0)


def test_an_alarm_that_goes_on_was_warned_of_without_effect_and_the_manager_is_told() -> None:
    fold = Fold()
    fold.batch(at(0.6), report(location(items=(driving_alarm(0x65, 1, flag=1),)), at(0.5)))
    fold.acknowledge(at(1))
    fold.batch(at(30), report(location(30), at(30)))
    assert fold.batch(at(61)) == ["warning-without-effect", "manager-notice"]


def test_the_same_alarm_again_means_no_effect_but_not_before_anybody_can_react() -> None:
    fold = Fold()
    fold.batch(at(0.6), too_close())
    fold.acknowledge(at(1))
    assert fold.batch(at(3), too_close(2.5, number=2)) == ["short-headway"]
    assert fold.batch(at(6), too_close(5.5, number=3)) == ["short-headway", "warning-without-effect", "manager-notice"]
    assert fold.purposes() == ["warning"]


def test_silence_after_a_warning_is_no_correction() -> None:
    fold = Fold()
    fold.batch(at(0.6), too_close())
    fold.acknowledge(at(1))
    assert fold.batch(at(30)) == ["correction-unknown"]


@pytest.mark.parametrize(
    ("state", "kind"), [(OrderState.REFUSED, "warning-refused"), (OrderState.UNANSWERED, "warning-unanswered"), (OrderState.EXPIRED, "warning-unanswered")]
)
def test_a_warning_that_did_not_arrive_corrects_nobody(state: OrderState, kind: str) -> None:
    fold = Fold()
    fold.batch(at(0.6), too_close())
    assert fold.tell(state, at(5)) == [kind]
    assert fold.batch(at(10), report(location(10), at(10))) + fold.batch(at(600)) == []


def test_news_of_an_order_counts_once() -> None:
    fold = Fold()
    fold.batch(at(0.6), too_close())
    assert fold.acknowledge(at(1)) + fold.acknowledge(at(2)) == ["warning-sent", "warning-acknowledged"]


def test_a_bit_that_stays_set_is_one_event_with_an_end() -> None:
    fold = Fold()
    for second in range(0, 50, 10):
        fold.batch(at(second + 1), report(location(second, alarm=1 << 1 if second < 40 else 0), at(second + 1)))
        if second == 0:
            fold.acknowledge(at(2))
    assert [event.kind for event in fold.events] == ["overspeed", "warning-sent", "warning-acknowledged", "overspeed", "driver-corrected"]
    begun, ended, corrected = fold.events[0], fold.events[3], fold.events[4]
    assert begun.id == ended.id and [each.value for each in ended.measures if each.name == "lasted"] == [40.0]
    assert [(each.value, round(each.doubt, 1)) for each in corrected.measures if each.name == "response-time"] == [(34.0, 3.1)]
    assert fold.purposes() == ["warning"]


def test_a_fault_of_months_costs_nothing_and_ends_all_the_same() -> None:
    fold = Fold()
    told = [fold.batch(at(second), report(location(second, alarm=bits), at(second))) for second, bits in enumerate((32, 32, 32, 33, 32, 0))]
    assert told == [["terminal-fault"], [], [], ["emergency-call", "manager-notice"], ["emergency-call"], ["terminal-fault"]]
    assert len({event.id for event in fold.events}) == 3


def test_what_is_remembered_of_a_terminal_is_bounded_whatever_it_says() -> None:
    fold = Fold()
    fold.batch(at(0), report(location(0, alarm=1 << 5), at(0)))
    for number in range(200):
        fold.batch(at(number / 100), report(location(0, alarm=1 << 5, items=(driving_alarm(0x64, 3, 0, number=number, flag=1),)), at(number / 100)))
    watch = fold.corrections.watch(IDENTITY)
    assert watch is not None and len(watch.open) <= 64 and len(watch.recent) <= 32 and len(watch.pending) <= 16
    assert [event.kind for event in fold.events].count("terminal-fault") == 1


def test_nobody_is_warned_of_what_a_blind_zone_kept_back() -> None:
    fold = Fold()
    places = [location(second, alarm=1 << 1, items=(driving_alarm(0x64, 3, second, number=second),)) for second in (0, 10)]
    kinds = fold.batch(at(20), report({"list": places, "type": 1}, at(20), msg_id=0x0704))
    assert sorted(kinds) == ["overspeed", "short-headway", "short-headway"] and fold.orders == []
    assert fold.corrections.watch(IDENTITY) is None or not fold.corrections.watch(IDENTITY).open  # type: ignore[union-attr]  # asked just before


def test_a_grave_alarm_is_asked_for_its_attachments_by_the_id_of_the_order() -> None:
    fold = Fold()
    heard = report(location(items=(driving_alarm(0x64, 3, level=2, bytes_count=71),)), at(0.5))
    fold.batch(at(0.6), heard)
    order = next(order for order in fold.orders if order.purpose == "attachments")
    body = Body.parse(0x9208, V2013, order.body)
    assert body.layout is not None and body.layout.label == "yue"
    assert (body.values["ip"], body.values["tcp"], body.values["alarm_no"]) == ("192.0.2.1", 7612, order.id)
    assert body.values["ident"] == heard.body.values["items"][0].values["ident"]


def test_three_times_is_for_a_person() -> None:
    fold = Fold()
    kinds = [fold.batch(at(second + 1), too_close(second, number=second)) for second in (0, 100, 200, 300)]
    assert kinds[2] == ["short-headway", "manager-notice"] and kinds[3] == ["short-headway"]
    assert fold.purposes() == ["warning"] * 4


def test_a_speed_limit_is_set_and_the_usual_one_afterwards() -> None:
    fold = Fold(row("slow", '"slow"', "slow = { limit_kmh = 70, for_s = 60, back_to_kmh = 90 }"))
    assert fold.batch(at(1), too_close()) == ["short-headway", "limit-ordered"]
    assert fold.batch(at(60)) == []
    assert fold.batch(at(61)) == ["limit-restored"] and fold.batch(at(62)) == []
    limits = [Body.parse(0x8103, V2013, order.body).values["params"]["0x0055"]["int"] for order in fold.orders]
    assert limits == [70, 90] and len({order.id for order in fold.orders}) == 2


def test_pictures_and_video_are_asked_for() -> None:
    fold = Fold(row("look", '"photo", "video"', "channel = 3\nphotos_count = 2"))
    fold.batch(at(1), too_close())
    photo, video = fold.orders
    assert Body.parse(0x8801, V2013, photo.body).values.items() >= {"channel": 3, "command": 2, "save": 0}.items()
    assert Body.parse(0x9101, V2013, video.body).values.items() >= {"ip": "192.0.2.1", "channel": 3, "data_type": 1}.items()


def test_no_camera_is_asked_where_nothing_could_seal_its_pictures() -> None:
    bare = Corrections(replace(means(row("look", '"photo", "video", "attachments"')), attachments=None, media=None, keeps_pictures=False))
    assert bare.judge([too_close()], [], at(1)).orders == ()


def test_of_rows_that_warn_the_last_that_fits_speaks_once() -> None:
    policy = row("a", '"warn"') + row("b", '"warn"', 'text = "graver"') + TEXTS + 'graver = "Brake."\n'
    fold = Fold(policy)
    fold.batch(at(1), too_close())
    assert [Body.parse(0x8300, V2013, order.body).values["text"] for order in fold.orders] == ["Brake."]


def test_a_batch_that_was_not_kept_is_judged_again_as_if_it_never_came() -> None:
    corrections = Corrections(means())
    first = corrections.judge([too_close()], [], at(1))
    again = corrections.judge([too_close()], [], at(1))
    assert (first.events, first.orders) == (again.events, again.orders) and len(first.orders) == 1
    corrections.settle(again)
    assert corrections.judge([too_close()], [], at(2)).orders == ()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["close", "begin", "end", "bit", "plain", "batch", "late", "sent", "acknowledged", "refused", "unanswered", "nothing"]),
        st.integers(0, 40),
        st.sampled_from([0, 3, 5, 40, 72]),
    ),
    max_size=40,
)


def heard_of(step: str, second: int, speed_kmh: int, number: int) -> Heard | None:
    alarm = driving_alarm(0x64, 3, second, number=number, flag={"begin": 1, "end": 2}.get(step, 0), speed_kmh=speed_kmh)
    items = (alarm,) if step in ("close", "begin", "end", "batch", "late") else ()
    place = location(second, speed_kmh=speed_kmh, alarm=1 << 1 if step == "bit" else 0, items=items)
    if step in ("batch", "late"):
        return report({"list": [place, place], "type": int(step == "late")}, at(second), msg_id=0x0704)
    return report(place, at(second)) if step in ("close", "begin", "end", "bit", "plain") else None


@settings(max_examples=examples(60), deadline=None)
@given(STEPS)
def test_whatever_comes_in_whatever_order_warnings_stay_rare_and_in_motion(steps: list[tuple[str, int, int]]) -> None:
    fold, second = Fold(row("a", '"warn"', "cool_down_s = 30", '"short-headway", "overspeed"') + TEXTS + 'overspeed = "Slow down."\n'), 0
    speeds: dict[str, int] = {}
    for number, (step, wait_s, speed_kmh) in enumerate(steps):
        second += wait_s
        before = len(fold.orders)
        heard = heard_of(step, second, speed_kmh, number % 3)
        if heard is not None:
            fold.batch(at(second), heard)
        elif step == "nothing" or not fold.orders:
            fold.batch(at(second))
        else:
            fold.tell(OrderState(step), at(second))
        assert step != "late" or len(fold.orders) == before
        speeds |= {order.id: speed_kmh for order in fold.orders[before:]}
    assert all(speed_kmh >= 5 for speed_kmh in speeds.values())
    kinds = {event.id: event.kind for event in fold.events}
    assert len({order.id for order in fold.orders}) == len(fold.orders)
    spoken = [(kinds[order.why], order.created.utc_ns / NS_PER_S) for order in fold.orders]
    for index, (kind, moment_s) in enumerate(spoken):
        for other, before_s in spoken[:index]:
            assert moment_s - before_s >= (30 if kind == other else 8)
    assert_told_only_of_alarms_there_are(fold.events)


def assert_told_only_of_alarms_there_are(events: list[Event]) -> None:
    known = {event.id for event in events}
    assert {str(event.details["alarm"]) for event in events if "alarm" in event.details} <= known


def test_news_of_orders_nobody_gave_is_passed_over() -> None:
    fold = Fold()
    told = [Told("0" * 32, identity, state, at(1)) for identity in (IDENTITY, "nobody") for state in OrderState]
    assert fold.batch(at(1), told=told) == []
