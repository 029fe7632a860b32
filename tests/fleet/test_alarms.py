"""Alarms out of location reports: bits, items, dialects, clocks, batches."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fleet.terminals import IDENTITY, NOON, at, driving_alarm, ident, location, report, too_close
from tests.fleet.vectors import bodies_of, vectors_of
from tests.support.properties import examples

from catseye.core.terminal import Accepted
from catseye.core.time import Stamp
from catseye.fleet.alarm_kinds import ALARM_BITS, AlarmKind
from catseye.fleet.alarms import Alarm, Stage, alarms_of, event_of
from catseye.fleet.errors import WireError
from catseye.fleet.frame808 import V2013, V2019
from catseye.fleet.gateway.keeper import Heard
from catseye.fleet.message import Body
from catseye.fleet.tables.location import ITEMS


def alarms_in(heard: Heard) -> list[Alarm]:
    return alarms_of(heard.accepted, heard.body)


def kinds_in(heard: Heard) -> list[str]:
    return [alarm.kind.value for alarm in alarms_in(heard)]


def test_a_plain_report_has_no_alarm() -> None:
    assert alarms_in(report(location(), at(1))) == []


@pytest.mark.parametrize("bit", sorted(ALARM_BITS))
def test_each_bit_is_an_alarm_that_lasts(bit: int) -> None:
    (alarm,) = alarms_in(report(location(alarm=1 << bit), at(1), version=V2019))
    assert (alarm.kind, alarm.level, alarm.stage, alarm.said) == (*ALARM_BITS[bit][:2], Stage.LASTS, f"alarm bit {bit}")


def test_bits_that_came_with_2019_mean_nothing_before() -> None:
    assert kinds_in(report(location(alarm=0b111 << 15), at(1))) == []


def test_the_item_that_explains_speeding_is_no_second_alarm() -> None:
    area = ITEMS.item(0x11, {"area_type": 1, "area_id": 7}, 5)
    both = alarms_in(report(location(alarm=1 << 1, items=(area,)), at(1)))
    alone = alarms_in(report(location(items=(area,)), at(1)))
    assert (
        [(each.kind.value, dict(each.details)) for each in both]
        == [("overspeed", {"area_type": 1, "area_id": 7})]
        == [(each.kind.value, dict(each.details)) for each in alone]
    )


@pytest.mark.parametrize(
    ("item", "event", "kind"),
    [
        (0x64, 1, "forward-collision-warning"),
        (0x64, 2, "lane-departure"),
        (0x64, 3, "short-headway"),
        (0x64, 4, "pedestrian-warning"),
        (0x64, 5, "frequent-lane-change"),
        (0x64, 6, "sign-overrun"),
        (0x64, 7, "obstacle-warning"),
        (0x65, 1, "driver-fatigue"),
        (0x65, 2, "driver-phone"),
        (0x65, 3, "driver-smoking"),
        (0x65, 4, "driver-distracted"),
        (0x65, 5, "driver-abnormal"),
        (0x67, 2, "blind-spot"),
    ],
)
@pytest.mark.parametrize("dialect", ["su", "yue"])
def test_numbers_both_texts_define_mean_the_same(item: int, event: int, kind: str, dialect: str) -> None:
    size = {("su", 0x64): 47, ("su", 0x65): 47, ("su", 0x67): 41, ("yue", 0x64): 71, ("yue", 0x65): 71, ("yue", 0x67): 65}[dialect, item]
    (alarm,) = alarms_in(report(location(items=(driving_alarm(item, event, bytes_count=size),)), at(1)))
    assert (alarm.kind.value, alarm.dialect, alarm.attach_count) == (kind, dialect, 2)


def test_what_only_one_dialect_defines_is_a_number_in_the_others() -> None:
    su, yue = (report(location(items=(driving_alarm(0x65, 0x0C, bytes_count=size),)), at(1)) for size in (47, 71))
    assert (kinds_in(su), kinds_in(yue)) == (["terminal-alarm"], ["hands-off-wheel"])
    assert event_of(alarms_in(su)[0]).details["event"] == 0x0C


def test_a_gap_that_no_terminal_can_mean_is_no_measure() -> None:
    far = report(location(items=(driving_alarm(0x64, 3, front_distance_100ms=255),)), at(1))
    assert [measure.name for measure in alarms_in(far)[0].measures] == ["front-speed"]


def test_each_tyre_and_fault_is_an_alarm_of_its_own() -> None:
    tires = [{"pos": 2, "event": 0b0000101, "pressure": 310, "temp": 60, "battery": 80}, {"pos": 5, "event": 1, "pressure": 800, "temp": 40, "battery": 90}]
    place = {"speed": 60, "altitude": 3, "lat": 21_000_000, "lon": 105_000_000, "time": "2026-03-02 12:00:00", "vehicle_state": 1}
    item = ITEMS.item(0x66, {"alarm_id": 4, "flag": 1, **place, "ident": {**ident(0), "reserved": "00"}, "tires": tires})
    (alarm,) = alarms_in(report(location(items=(item,)), at(1)))
    assert (alarm.kind, alarm.stage, alarm.details["tyre"]) == (AlarmKind.TYRE_LOW, Stage.BEGINS, 2)
    assert {each.name: (each.value, each.unit) for each in alarm.measures} == {
        "tyre-pressure": (310.0, "kPa"),
        "tyre-temperature": (60.0, "°C"),
        "tyre-battery": (80.0, "%"),
    }


def test_video_and_abnormal_driving_of_1078() -> None:
    items = (ITEMS.item(0x14, {"bits": 0b11}, 4), ITEMS.item(0x18, {"bits": 0b011, "fatigue": 88}, 3))
    found = alarms_in(report(location(items=items), at(1)))
    assert [each.kind.value for each in found] == ["video-loss", "camera-covered", "driver-fatigue", "driver-phone"]
    assert found[2].measures[0].value == 88.0


@pytest.mark.parametrize(("ahead_s", "is_off"), [(59, False), (61, True), (10 * 365 * 86_400, True), (-29 * 86_400, False), (-31 * 86_400, True)])
def test_a_clock_that_is_far_off_does_not_say_when(ahead_s: int, is_off: bool) -> None:
    heard = report(location(ahead_s, alarm=1), at(0))
    (alarm,) = alarms_in(heard)
    assert (alarm.is_clock_off, alarm.when.utc_ns == NOON.utc_ns) == (is_off, is_off)
    assert event_of(alarm).trusted is not is_off


@pytest.mark.parametrize("time", ["2026-13-45 99:99:99", "20a1-0b-0c 00:00:00"])
def test_a_time_that_is_none_is_when_it_came(time: str) -> None:
    body = Body(replace_time(report(location(alarm=1), at(0)), time), report(location(), at(0)).body.layout)
    (alarm,) = alarms_of(report(location(alarm=1), at(0)).accepted, body)
    assert alarm.is_clock_off and alarm.when.utc_ns == NOON.utc_ns


def replace_time(heard: Heard, time: str) -> dict[str, object]:
    return {**heard.body.values, "time": time}


def test_a_place_is_told_where_there_is_one() -> None:
    south = alarms_in(report(location(alarm=1, status=0b1111), at(1)))[0].place
    assert south is not None and (south.lat_deg, south.lon_deg) == (-21.0285, -105.8048)
    assert alarms_in(report({**location(alarm=1), "lat": 0, "lon": 0}, at(1)))[0].place is None
    assert alarms_in(report({**location(alarm=1), "lat": 116_307_629}, at(1)))[0].place is None
    assert alarms_in(report(location(alarm=1, status=1 << 5), at(1)))[0].place is None


def test_each_location_of_a_batch_speaks_for_itself_and_a_blind_zone_is_late() -> None:
    places = [location(second, alarm=1 << 3 if second == 10 else 0, items=(driving_alarm(0x64, 3, second),) if second == 20 else ()) for second in (0, 10, 20)]
    for kind, is_late in ((0, False), (1, True)):
        found = alarms_in(report({"list": places, "type": kind}, at(25), msg_id=0x0704))
        assert [(each.kind.value, each.when.utc_ns, each.is_late) for each in found] == [
            ("danger-reported", at(10).utc_ns, is_late),
            ("short-headway", at(20).utc_ns, is_late),
        ]


def test_a_report_older_than_half_a_minute_is_late() -> None:
    assert [alarms_in(report(location(0, alarm=1), at(second)))[0].is_late for second in (30, 31)] == [False, True]


def test_the_same_message_gives_the_same_event() -> None:
    first, again = (event_of(alarms_in(too_close())[0]) for _ in range(2))
    later = event_of(alarms_in(Heard(replace(too_close().accepted, received=at(7), serial=99), too_close().body))[0])
    assert first.id == again.id == later.id != event_of(alarms_in(too_close(number=2))[0]).id


def test_an_event_names_nobody_but_a_pseudonym() -> None:
    event = event_of(alarms_in(too_close())[0], "d-5f0c12")
    assert (event.subjects, event.details["driver"]) == ((IDENTITY,), "d-5f0c12")


def test_every_alarm_of_the_public_vectors_is_told(shared: Path) -> None:
    bodies = list(bodies_of([vector for vector in vectors_of(shared) if vector.get("tier") == "A"]))
    told = []
    for msg_id, version, raw in bodies:
        try:
            body = Body.parse(msg_id, version, raw)
        except WireError:
            continue
        accepted = Accepted(IDENTITY, "013800138000", version, msg_id, 1, Stamp(1_732_693_360_000_000_000), raw)
        told += [(alarm.said, alarm.kind.value, alarm.stage.value) for alarm in alarms_of(accepted, body)]
    assert {
        ("0x64/1", "forward-collision-warning", "begins"),
        ("0x65/2", "driver-phone", "ends"),
        ("0x64/2", "lane-departure", "instant"),
        ("0x65/2", "driver-phone", "instant"),
        ("0x67/2", "blind-spot", "instant"),
        ("0x18 bit 0", "driver-fatigue", "lasts"),
        ("0x14 bit 6", "storage-fault", "lasts"),
        ("alarm bit 13", "overspeed", "lasts"),
        ("alarm bit 10", "terminal-fault", "lasts"),
    } <= set(told)


@settings(max_examples=examples(300), deadline=None)
@given(st.sampled_from([0x0200, 0x0201, 0x0704]), st.sampled_from([V2013, V2019]), st.binary(max_size=200), st.booleans())
def test_no_bytes_make_reading_alarms_fail(msg_id: int, version: str, raw: bytes, is_headed: bool) -> None:
    head = report(location(alarm=0xFFFFFFFF), at(0)).accepted.body if is_headed and msg_id == 0x0200 else b""
    try:
        body = Body.parse(msg_id, version, head + raw)
    except WireError:
        return
    for alarm in alarms_of(Accepted(IDENTITY, "0", version, msg_id, 1, NOON, head + raw), body):
        assert len(event_of(alarm).id) == 32
