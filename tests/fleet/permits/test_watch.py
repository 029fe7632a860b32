"""Who may run is judged from fixes alone, once a day, and where there is doubt, for the operator."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.properties import examples

from catseye.core.event import Event
from catseye.core.geo import GeoPoint
from catseye.core.terminal import Enrolment
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.errors import EncryptedError
from catseye.fleet.fix import Fix
from catseye.fleet.fleet_watch import FleetWatch, Heard
from catseye.fleet.permits.areas import Area, Shape, shape_of
from catseye.fleet.permits.records import Operator, Permit, Vehicle
from catseye.fleet.permits.register import Register

ZONE = timezone(timedelta(hours=7))
BEGIN = Stamp.from_datetime(datetime(2026, 11, 21, 1, tzinfo=UTC))
A, B = "13800138000", "13800138001"
SQUARE = "polygon: 20.9 105.7; 20.9 105.9; 21.1 105.9; 21.1 105.7"


def at(second: float) -> Stamp:
    return BEGIN.plus_ns(round(second * NS_PER_S))


def fix(second: float, north_m: float = 0.0, kmh: float = 60.0, late_s: float = 0.0, **other: object) -> Fix:
    said = Fix(GeoPoint(21.0 + north_m / 111_320, 105.8), at(second - late_s), kmh, 0.0, 10.0, is_fixed=True, sources=("BeiDou",))
    return replace(said, **other)  # type: ignore[arg-type]


def permit(plate: str = "51B12345", **other: object) -> Permit:
    said = Permit(Vehicle(plate, 2), Operator("Minh Long"), "P-1", "passenger", date(2026, 1, 1), date(2026, 12, 31))
    return replace(said, **other)  # type: ignore[arg-type]


def enrolled(identity: str = A, plate: str = "51B-123.45") -> Enrolment:
    return Enrolment(identity, plate, 2, BEGIN)


def register(*permits: Permit, areas: Sequence[Area] = (), enrolments: Sequence[Enrolment] = (enrolled(),)) -> Register:
    return Register.of(permits, areas, enrolments, ZONE)


def drive(watch: FleetWatch, seconds: Sequence[float], identity: str = A, kmh: float = 60.0, north_m: float = 0.0, late_s: float = 0.0) -> list[Event]:
    """A steady drive to the north, a step a fix."""
    told: list[Event] = []
    for second in seconds:
        way_m = north_m + kmh / 3.6 * second
        told += watch.step([(identity, fix(second, way_m, kmh, late_s), at(second))], at(second))
    return told


def kinds(events: Sequence[Event]) -> list[str]:
    return [event.kind for event in events]


def test_a_vehicle_with_a_valid_permit_is_no_event() -> None:
    assert drive(FleetWatch(register(permit())), range(0, 3600, 10)) == []


@pytest.mark.parametrize(
    ("permits", "reason", "number"),
    [
        ((permit("51B99999"),), "missing", ""),
        ((permit(valid_until=date(2026, 11, 20)),), "expired", "P-1"),
        ((permit(valid_from=date(2026, 11, 22)),), "not-yet", "P-1"),
        ((permit(state="suspended"),), "suspended", "P-1"),
    ],
    ids=["missing", "expired", "not-yet", "suspended"],
)  # fmt: skip
def test_running_without_a_valid_permit_is_told_once_a_day(permits: tuple[Permit, ...], reason: str, number: str) -> None:
    watch = FleetWatch(register(*permits))
    (event,) = drive(watch, range(0, 3600, 10))
    assert (event.kind, event.details["reason"], event.details["permit"], event.details["plate"]) == ("no-valid-permit", reason, number, "51B12345")
    assert (event.camera, event.subjects, event.when, event.lineage) == (f"terminal-{A}", (A,), at(0), "terminal")
    assert event.details["lat_deg"] == pytest.approx(21.009, abs=0.001)
    day = 24 * 3600
    assert kinds(drive(watch, range(day, day + 600, 10))) == ["no-valid-permit"] * (reason != "not-yet")


def test_a_permit_holds_to_the_end_of_its_last_local_day() -> None:
    last = permit(valid_until=date(2026, 11, 21))
    midnight_s = 16 * 3600  # 08:00 in Hanoi at the beginning
    assert drive(FleetWatch(register(last)), range(midnight_s - 600, midnight_s, 10)) == []
    assert kinds(drive(FleetWatch(register(last)), range(midnight_s + 400, midnight_s + 600, 10))) == ["no-valid-permit"]


def test_who_shunts_or_stands_or_is_unknown_or_where_nobody_imported_is_not_judged() -> None:
    assert drive(FleetWatch(register(permit("51B99999"))), range(0, 600, 10), kmh=8.0) == []
    assert drive(FleetWatch(register(permit("51B99999"))), range(0, 50, 10)) == []
    assert drive(FleetWatch(register(permit())), range(0, 600, 10), identity="999") == []
    assert drive(FleetWatch(register()), range(0, 600, 10)) == []


def test_a_register_that_changes_is_judged_by_at_once() -> None:
    watch = FleetWatch(register(permit()))
    assert drive(watch, range(0, 300, 10)) == []
    watch.take(replace(register(permit(state="revoked")), revision=2))
    assert watch.revision == 2
    assert kinds(drive(watch, range(300, 900, 10))) == ["no-valid-permit"]
    watch.take(register(permit()))
    assert drive(watch, range(900, 1200, 10)) == []


def test_what_was_told_today_is_not_told_again_after_a_restart() -> None:
    told = drive(FleetWatch(register(permit("51B99999"))), range(0, 300, 10))
    again = FleetWatch(register(permit("51B99999")))
    again.resume(told)
    assert drive(again, range(300, 900, 10)) == []


def test_leaving_the_area_of_a_permit_is_told_and_ends_with_the_return() -> None:
    watch = FleetWatch(register(permit(areas=(SQUARE,))))
    out = drive(watch, range(0, 1200, 10))  # the edge is 11.1 km to the north
    assert kinds(out) == ["outside-permit-scope"]
    assert out[0].details["reason"] == "outside-area"
    assert out[0].measures[0].value == pytest.approx(1400, abs=400)
    back = [watch.step([(A, fix(s, 20_000 - (s - 1200) / 3.6 * 60, 60.0), at(s))], at(s)) for s in range(1210, 2400, 10)]
    (end,) = [event for events in back for event in events]
    assert end.id == out[0].id
    assert end.end_time_ns > out[0].end_time_ns


def test_a_corridor_and_a_named_area_hold_and_an_unknown_name_holds_nobody() -> None:
    corridor = "corridor 2000 m: 20.9 105.8; 21.5 105.8"
    assert drive(FleetWatch(register(permit(areas=(corridor,)))), range(0, 1800, 10)) == []
    assert kinds(drive(FleetWatch(register(permit(areas=("corridor 2000 m: 21.0 105.9; 21.5 105.9",)))), range(0, 600, 10))) == ["outside-permit-scope"]
    assert drive(FleetWatch(register(permit(areas=("Hà Nội",)))), range(0, 600, 10)) == []
    shape = shape_of(SQUARE)
    assert shape is not None
    assert kinds(drive(FleetWatch(register(permit(areas=("Hà Nội",)), areas=[Area("Hà Nội", (shape,))])), range(0, 1200, 10))) == ["outside-permit-scope"]


def test_an_area_closed_to_a_scope_is_told_with_its_name() -> None:
    city = Area(
        "city centre", (Shape(tuple(GeoPoint(*corner) for corner in ((21.02, 105.7), (21.02, 105.9), (21.2, 105.9), (21.2, 105.7)))),), ("dangerous-goods",)
    )
    (event,) = drive(FleetWatch(register(permit(scope="dangerous-goods"), areas=[city])), range(0, 600, 10))
    assert (event.kind, event.details["reason"], event.details["area"]) == ("outside-permit-scope", "closed-area", "city centre")
    assert drive(FleetWatch(register(permit(), areas=[city])), range(0, 600, 10)) == []


def quiet(watch: FleetWatch, seconds: Sequence[int]) -> list[Event]:
    return [event for second in seconds for event in watch.step([], at(second))]


def test_a_running_vehicle_that_goes_silent_is_told_and_ends_when_it_speaks() -> None:
    watch = FleetWatch(register(permit()))
    assert drive(watch, range(0, 200, 10)) == []
    (begin,) = quiet(watch, range(200, 800))
    assert (begin.kind, begin.time_ns, begin.end_time_ns) == ("terminal-silent", at(190).utc_ns, at(490).utc_ns)
    (end,) = watch.step([], at(801), spoke=[(A, at(800))])
    assert (end.id, end.end_time_ns) == (begin.id, at(800).utc_ns)
    assert quiet(watch, range(802, 2000)) == []


def test_who_stood_or_signed_off_or_only_beats_is_not_silent() -> None:
    parked = FleetWatch(register(permit()))
    drive(parked, [*range(0, 200, 10)])
    parked.step([(A, fix(200, 3000, 0.0), at(200))], at(200))
    assert quiet(parked, range(201, 1200)) == []
    gone = FleetWatch(register(permit()))
    drive(gone, range(0, 200, 10))
    assert gone.step([], at(200), left=[(A, at(200))]) == []
    assert quiet(gone, range(201, 1200)) == []
    beating = FleetWatch(register(permit()))
    drive(beating, range(0, 200, 10))
    assert [event for s in range(200, 1500) for event in beating.step([], at(s), spoke=[(A, at(s))] if s % 60 == 0 else [])] == []


def test_our_own_deafness_is_nobodys_silence() -> None:
    watch = FleetWatch(register(permit()))
    drive(watch, range(0, 200, 10))
    assert quiet(watch, range(5000, 5290)) == []
    assert kinds(quiet(watch, range(5290, 5310))) == ["terminal-silent"]


BOTH = (enrolled(A), enrolled(B))


def test_two_terminals_of_one_plate_far_apart_are_told_once() -> None:
    watch = FleetWatch(register(permit(), enrolments=BOTH))
    told = [event for s in range(0, 900, 10) for who, way_m in ((A, 0.0), (B, 40_000.0)) for event in drive(watch, [s], who, north_m=way_m)]
    assert kinds(told) == ["two-vehicles-one-plate"]
    assert (told[0].subjects, told[0].measures[0].value) == ((A, B), pytest.approx(40_000, rel=0.01))


def test_two_terminals_in_one_vehicle_are_no_event_even_with_one_late() -> None:
    watch = FleetWatch(register(permit(), enrolments=BOTH))
    told = []
    for s in range(0, 1800, 10):
        told += drive(watch, [s], A)
        way_m = 60 / 3.6 * (s - 240)
        told += watch.step([(B, fix(s, way_m, 60.0, late_s=240), at(s))], at(s))
    assert told == []


def test_one_that_slept_while_the_other_drove_away_is_no_event() -> None:
    watch = FleetWatch(register(permit(), enrolments=BOTH))
    assert drive(watch, range(0, 100, 10), A) == []
    assert kinds(drive(watch, range(3600, 4600, 10), B)) == ["terminal-silent"]  # the one that slept


FIXES = st.tuples(
    st.sampled_from((A, B)), st.floats(-1e4, 1e5), st.floats(-2e5, 2e5), st.sampled_from((0.0, 5.0, 60.0, 6553.5)), st.booleans(), st.integers(0, 3)
)


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(FIXES, max_size=60))
def test_any_fixes_give_plain_events_and_the_same_again(said: list[tuple[str, float, float, float, bool, int]]) -> None:
    def told() -> list[Event]:
        watch, second, events = FleetWatch(register(permit(areas=(SQUARE,)), enrolments=BOTH)), 0, []
        for identity, device_s, north_m, kmh, is_fixed, pause in said:
            second += pause * 20
            heard: Heard = (identity, fix(device_s, north_m, kmh, is_fixed=is_fixed), at(second))
            if pause == 3:
                heard = (identity, EncryptedError("0x0200", "encrypted", "clear"), at(second))
            events += watch.step([heard], at(second))
        return events

    first = told()
    assert first == told()
    assert {event.kind for event in first} <= {
        "no-valid-permit", "outside-permit-scope", "terminal-silent", "two-vehicles-one-plate", "position-implausible", "terminal-clock-off",
    }  # fmt: skip
