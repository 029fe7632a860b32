"""A plan shows things where they are, to one scale, and its marks lie beside one another."""

import numpy as np
import pytest

from catseye.core.event import Event, Measure
from catseye.core.rule import World, WorldLine, WorldZone
from catseye.core.time import NS_PER_S
from catseye.station.report.marks import LOOKS, look_of
from catseye.station.report.plan import WIDTH, Frame, Ground, close_up_frame, plan_of, whole_frame
from catseye.station.report.trails import Trail
from catseye.station.rule_keys import rule_classes

EAST = np.array([1.0, 0.0])


def event(kind: str, place: tuple[float, float], at_s: float = 1.0, trusted: bool = True) -> Event:
    time_ns = int(at_s * NS_PER_S)
    measures = (Measure("ttc_min", 0.8, "s", 0.1),) if kind == "near-miss" else ()
    return Event(kind, "cam", time_ns, time_ns, subjects=("a", "b"), road_users=("car", "bus"), measures=measures, ground_m=place, trusted=trusted)


def trail(places: list[tuple[float, float]]) -> Trail:
    n = len(places)
    return Trail("car", np.arange(n) * NS_PER_S, np.array(places, np.float64), np.full(n, np.nan), 4.0, 1.8)


def ground(*events: Event, lines: tuple[WorldLine, ...] = (), zones: tuple[WorldZone, ...] = ()) -> Ground:
    ways = {"a": trail([(0, 50), (100, 50)]), "b": trail([(50, 0), (50, 100)])}
    return Ground(World("m", lines, zones), ways, events, lambda at_s: f"{at_s:.0f} s")


def test_on_the_ground_up_is_where_y_grows_and_in_a_picture_down() -> None:
    assert Frame(((0, 0), (100, 100)), True).drawn(np.array([[10.0, 90.0]])).tolist() == [[100.0, 100.0]]
    assert Frame(((0, 0), (100, 100)), False).drawn(np.array([[10.0, 90.0]])).tolist() == [[100.0, 900.0]]


def test_one_scale_holds_on_both_axes_and_the_bar_is_that_long() -> None:
    frame = whole_frame(ground())
    plan = plan_of(ground(), frame, "all")
    assert plan.height / WIDTH == pytest.approx(frame.span[1] / frame.span[0])
    metres, unit = plan.bar_text.split()
    assert unit == "m"
    assert plan.size == pytest.approx(float(metres) * frame.scale)


def test_a_mark_stands_where_the_event_happened_and_says_it() -> None:
    one = ground(event("red-light", (25.0, 75.0)))
    frame = whole_frame(one)
    (mark,) = plan_of(one, frame, "all").marks
    assert (mark.left, mark.top) == pytest.approx(tuple(frame.drawn(np.array([[25.0, 75.0]]))[0]))
    assert "red-light" in mark.said
    assert "car a and bus b" in mark.said


def test_events_of_one_kind_at_one_spot_share_a_mark_that_counts_them() -> None:
    one = ground(*[event("near-miss", (50.0, 50.0), at_s) for at_s in range(9)], event("near-miss", (10.0, 10.0)))
    marks = plan_of(one, whole_frame(one), "all").marks
    assert sorted(mark.events_count for mark in marks) == [1, 9]
    assert "and 3 more" in max(marks, key=lambda mark: mark.events_count).said


def test_marks_of_different_kinds_at_one_spot_do_not_cover_one_another() -> None:
    kinds = ("near-miss", "collision", "red-light", "speeding", "wrong-way")
    one = ground(*[event(kind, (50.0, 50.0)) for kind in kinds])
    marks = plan_of(one, whole_frame(one), "all").marks
    assert {mark.kind for mark in marks} == set(kinds)
    for index, mark in enumerate(marks):
        assert all(np.hypot(mark.left - other.left, mark.top - other.top) > 0.95 * (mark.size + other.size) for other in marks[:index])


def test_what_was_not_trusted_is_marked_so() -> None:
    one = ground(event("speeding", (5.0, 5.0), trusted=False))
    (mark,) = plan_of(one, whole_frame(one), "all").marks
    assert not mark.is_trusted
    assert "not trusted" in mark.said


def test_a_line_is_named_once_and_its_arrow_points_forward() -> None:
    one = ground(lines=(WorldLine("stop", np.array([[40.0, 30.0], [60.0, 30.0]]), np.array([0.0, -1.0])),))
    frame = whole_frame(one)
    (line,) = plan_of(one, frame, "all").lines
    middle_y = frame.drawn(np.array([[50.0, 30.0]]))[0, 1]
    assert line.label == "stop"
    assert float(line.arrow.removeprefix("M").split("L")[0].split()[1]) > middle_y, "forward is to lower y: down on the plan"


def test_names_of_crowded_lines_never_cover_one_another() -> None:
    lines = tuple(WorldLine(f"line-{n}", np.array([[40.0, 30.0 + n], [60.0, 30.0 + n]]), np.array([0.0, -1.0])) for n in range(12))
    named = [line for line in plan_of(ground(lines=lines), whole_frame(ground(lines=lines)), "all").lines if line.label]
    assert 0 < len(named) <= 12
    for index, line in enumerate(named):
        assert all(abs(line.top - other.top) >= 18 or abs(line.left - other.left) >= 60 for other in named[:index])


def test_a_close_up_shows_where_most_happened_if_that_is_a_small_part() -> None:
    far = Ground(World("m"), {"a": trail([(0, 0), (500, 500)])}, [event("near-miss", (100.0 + n, 100.0)) for n in range(8)], str)
    whole = whole_frame(far)
    found = close_up_frame(far, whole)
    assert found is not None
    frame, share = found
    assert share == 1.0
    assert frame.low[0] < 100 < 107 < frame.high[0] < 200
    assert close_up_frame(ground(event("near-miss", (50.0, 50.0))), whole) is None


def test_nothing_at_all_is_still_a_plan() -> None:
    nothing = Ground(World("m"), {}, (), str)
    plan = plan_of(nothing, whole_frame(nothing), "all")
    assert (plan.ways, plan.marks, plan.lines) == ((), (), ())


def test_every_rule_of_the_house_has_a_look_of_its_own() -> None:
    """By shape and colour together, told apart in black and white where the shape differs."""
    assert set(rule_classes()) <= set(LOOKS)
    assert len({(look.path, look.fill) for look in LOOKS.values()}) == len(LOOKS)
    assert look_of("a-plug-in").path
    assert len({LOOKS[kind].path for kind in ("collision", "near-miss", "red-light", "speeding", "wrong-way")}) == 5
