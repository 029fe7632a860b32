"""From an alarm to a warning, and to what came of it."""

import hashlib

from tests.fleet.terminals import IDENTITY, at, location, report, too_close

from catseye.core.terminal import OrderState, Told
from catseye.fleet.correction.corrections import Corrections
from catseye.fleet.correction.decisions import Means
from catseye.fleet.correction.policy_file import default_policy
from catseye.fleet.message import Body


def order_id(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def corrections() -> Corrections:
    return Corrections(Means(default_policy(), order_id))


def test_too_close_is_an_event_and_a_spoken_warning() -> None:
    verdict = corrections().judge([too_close()], [], at(0.6))
    (event,) = verdict.events
    (order,) = verdict.orders
    assert (event.kind, event.camera, event.subjects, event.when) == (
        "short-headway",
        f"terminal-{IDENTITY}",
        (IDENTITY,),
        at(0).__class__(at(0).utc_ns, 500.0),
    )
    assert {each.name: each.value for each in event.measures} == {"speed": 72.0, "front-speed": 60.0, "time-gap": 0.6}
    assert (order.msg_id, order.purpose, order.why, order.identity) == (0x8300, "warning", event.id, IDENTITY)
    assert Body.parse(0x8300, "2011/2013", order.body).values == {"flags": 0b1101, "text": "Keep your distance, please."}


def test_a_warned_driver_who_keeps_the_distance_is_corrected() -> None:
    fold, kinds = corrections(), []
    for messages, told, second in (
        ([too_close()], [], 0.6),
        ([], [Told("", IDENTITY, OrderState.SENT, at(0.7))], 0.7),
        ([], [Told("", IDENTITY, OrderState.ACKNOWLEDGED, at(0.9), 0)], 0.9),
        ([report(location(10, speed_kmh=64), at(10.5))], [], 10.5),
        ([], [], 21.0),
    ):
        if not kinds:
            verdict = fold.judge(messages, told, at(second))
            name = verdict.orders[0].id
        else:
            verdict = fold.judge(messages, [Told(name, each.identity, each.state, each.when, each.result) for each in told], at(second))
        fold.settle(verdict)
        kinds += [event.kind for event in verdict.events]
    assert kinds == ["short-headway", "warning-sent", "warning-acknowledged", "driver-corrected"]
    changes = {each.name: (each.value, round(each.doubt, 2)) for each in verdict.events[0].measures}
    assert changes == {"response-time": (10.0, 5.77), "speed-change": (-8.0, 1.4)}
