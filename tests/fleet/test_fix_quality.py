"""Positions are believed or not by what they say, never by whose satellites; three bad ones begin an event, three good ones end it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fleet.permits.test_watch import A, at, fix
from tests.support.properties import examples

from catseye.core.event import Event
from catseye.core.geo import GeoPoint
from catseye.core.terminal import source_of
from catseye.fleet.errors import EncryptedError, ValueMismatchError, WireError
from catseye.fleet.fix import Fix
from catseye.fleet.fix_quality import FixQuality, Quality

HOUR_S = 3600.0


def judged(said: Sequence[tuple[float, Fix | WireError]]) -> tuple[list[Quality], list[Event]]:
    quality, events = FixQuality(), list[Event]()
    return [quality.judge(A, each, at(second), events) for second, each in said], events


def steady(seconds: Sequence[int], north_m: float = 0.0, late_s: float = 0.0) -> list[tuple[float, Fix]]:
    return [(s, fix(s, north_m + s * 60 / 3.6, 60.0, late_s)) for s in seconds]


def test_a_steady_drive_is_believed() -> None:
    said, events = judged(steady(range(0, 600, 10)))
    assert events == []
    assert all(each.is_trusted and each.is_clock_trusted for each in said)


FAR = GeoPoint(0.0, 0.0)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (lambda s: fix(s, place=FAR), "null-island"),
        (lambda s: fix(s, north_m=s % 20 * 1e5 + 5e5), "jump"),
        (lambda s: EncryptedError("0x0200, status", "encrypted coordinates", "coordinates in the clear"), "encrypted"),
        (lambda s: ValueMismatchError("0x0200, lat, lon", "429.0, 1.0", "a place on the map"), "no-place"),
    ],
    ids=["null-island", "jump", "encrypted", "no-place"],
)  # fmt: skip
def test_places_that_cannot_be_are_told_and_end_with_good_ones(wrong: object, reason: str) -> None:
    bad = [(s, wrong(s)) for s in range(60, 100, 10)]  # type: ignore[operator]
    said, events = judged([*steady(range(0, 60, 10)), *bad, *steady(range(100, 160, 10))])
    assert [each.reasons for each in said[6:10]] == [(reason,)] * 4
    assert [each.is_trusted for each in said] == [True] * 6 + [False] * 4 + [True] * 6
    begin, end = events
    assert (begin.kind, begin.camera, begin.details["reason"]) == ("position-implausible", source_of(A), reason)
    assert begin.id == end.id
    assert (begin.time_ns, end.end_time_ns) == (at(60).utc_ns, at(120).utc_ns)


def test_two_bad_ones_are_no_event_and_without_a_fix_there_is_nothing_to_believe() -> None:
    said, events = judged([*steady(range(0, 60, 10)), (60, fix(60, place=FAR)), (70, fix(70, place=FAR)), *steady(range(80, 120, 10))])
    assert events == []
    said, events = judged([(s, fix(s, is_fixed=False)) for s in range(0, 100, 10)])
    assert ({each.reasons for each in said}, events) == ({("not-fixed",)}, [])


def test_a_place_that_goes_on_elsewhere_is_believed_in_the_end() -> None:
    said, events = judged([*steady(range(0, 60, 10)), *steady(range(60, 200, 10), north_m=80_000)])
    assert [each.is_trusted for each in said[6:]] == [False] * 3 + [True] * 11
    assert [event.kind for event in events] == ["position-implausible"] * 2


def test_a_place_that_stands_still_while_it_says_it_drives_is_frozen() -> None:
    said, events = judged([(s, fix(s, 0.0, 60.0)) for s in range(0, 200, 10)])
    assert said[-1].reasons == ("frozen",)
    assert [event.details["reason"] for event in events] == ["frozen"]
    assert judged([(s, fix(s, 0.0, 0.0)) for s in range(0, 2000, 10)])[1] == []


def test_who_stands_and_wanders_drifts() -> None:
    said, events = judged([(s, fix(s, s * 1.0, 0.0)) for s in range(0, 300, 10)])
    assert said[5].is_trusted
    assert [event.details["reason"] for event in events] == ["drift"]


def test_places_that_tell_far_more_speed_than_the_terminal_says_are_told() -> None:
    _, events = judged([(s, fix(s, s * 50.0, 20.0)) for s in range(0, 300, 20)])
    assert [event.details["reason"] for event in events] == ["speed-disagrees"]


@pytest.mark.parametrize(
    ("late_s", "reason"),
    [(8 * HOUR_S, "whole-hours"), (-HOUR_S, "whole-hours"), (10 * 365 * 86_400.0, "years"), (-20 * 365 * 86_400.0, "years"), (1000.0, "off")],
)  # fmt: skip
def test_a_clock_that_is_off_is_told_with_how_and_ends_when_it_is_right(late_s: float, reason: str) -> None:
    said, events = judged([*steady(range(0, 200, 20), late_s=late_s), *steady(range(200, 300, 20))])
    begin, end = events
    assert (begin.kind, begin.details["reason"], begin.measures[0].value) == ("terminal-clock-off", reason, pytest.approx(late_s))
    assert begin.id == end.id
    assert begin.time_ns == at(0).utc_ns
    assert not said[9].is_clock_trusted
    assert said[-1].is_clock_trusted
    assert all(each.is_trusted for each in said)


def test_a_backlog_is_no_clock_that_is_off() -> None:
    backlog = [(1000.0 + n // 20, fix(n * 10.0, n * 10 * 60 / 3.6)) for n in range(100)]
    said, events = judged(backlog)
    assert events == []
    assert all(each.is_trusted and each.is_clock_trusted for each in said)


@settings(max_examples=examples(40), deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.floats(-1e5, 1e5), st.sampled_from((0.0, 60.0)), st.booleans()), max_size=30),
    st.lists(st.sampled_from(("GPS", "BeiDou", "GLONASS", "Galileo")), max_size=4, unique=True),
)
def test_no_satellite_system_is_better_than_another(said: list[tuple[int, float, float, bool]], sources: list[str]) -> None:
    plain = [(n * 10.0, fix(n * 10 + step, north_m, kmh, is_fixed=is_fixed)) for n, (step, north_m, kmh, is_fixed) in enumerate(said)]
    assert judged(plain) == judged([(second, replace(each, sources=tuple(sources))) for second, each in plain])
