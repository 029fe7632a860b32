"""Bars hold every value once; limits stand where the rule in force there says."""

import numpy as np
import pytest

from catseye.core.event import Event, Measure
from catseye.core.rule import World, WorldLine, WorldZone
from catseye.station.report.histograms import closeness, histogram, limit_at, speeds_by_line
from catseye.station.site_tables import Camera
from catseye.vault.batches import Crossing

LINE = WorldLine("stop", np.array([[0.0, 0.0], [10.0, 0.0]]), np.array([0.0, -1.0]))


def crossing(speed_kmh: float | None, line: str = "stop", doubt_kmh: float = 0.0) -> Crossing:
    return Crossing("cam", 0, line, "forward", "a", "car", None, speed_kmh, doubt_kmh if speed_kmh is not None else None)


def camera(*rules: dict[str, object]) -> Camera:
    school = {"id": "school", "m": ((-5.0, -5.0), (15.0, -5.0), (15.0, 5.0), (-5.0, 5.0))}
    return Camera.model_validate({"id": "cam", "zone": (school,), "rule": tuple({"kind": "speeding", **rule} for rule in rules)})


def near_miss(**values: float) -> Event:
    return Event("near-miss", "cam", 0, 0, measures=tuple(Measure(name, value, "s", 0.0) for name, value in values.items()))


def test_every_value_is_in_one_bar() -> None:
    chart = histogram("speeds", np.array([0.0, 4.9, 5.0, 20.0]), np.arange(0, 21, 5.0), "km/h", 15.0)
    assert [column.said for column in chart.columns] == ["0 to 5 km/h: 2", "5 to 10 km/h: 1", "15 to 20 km/h: 1"]
    assert [column.is_beyond for column in chart.columns] == [False, False, True]
    assert chart.values_count == 4


def test_braking_that_no_vehicle_can_stands_in_the_last_bar() -> None:
    (chart,) = closeness([near_miss(drac_max=240.0), near_miss(drac_max=2.0)])
    assert chart.columns[-1].said == "11.5 m/s² or more: 1"
    assert chart.values_count == 2


def test_what_nobody_measured_has_no_chart() -> None:
    assert [chart.title for chart in closeness([near_miss(pet=1.0)])] == ["Post-encroachment time"]
    assert closeness([]) == []


def test_the_limit_at_a_line_is_that_of_its_zone() -> None:
    zone = WorldZone("school", np.array([[-5.0, -5.0], [15.0, -5.0], [15.0, 5.0], [-5.0, 5.0]]))
    world = World("m", (LINE,), (zone,))
    both = camera({"limit_kmh": 50}, {"id": "school", "limit_kmh": 30, "zone": "school"})
    assert limit_at(both, world, np.array([5.0, 0.0])) == 30
    assert limit_at(both, world, np.array([5.0, 100.0])) == 50
    assert limit_at(camera(), world, np.array([5.0, 0.0])) is None


def test_speeds_over_a_line_are_told_as_engineers_tell_them() -> None:
    speeds = [30.0 + n for n in range(31)]
    (line,) = speeds_by_line([*map(crossing, speeds), crossing(None), crossing(99.0, "another")], camera({"limit_kmh": 50}), World("m", (LINE,)))
    assert line.speeds_count == 31
    assert (line.mean_kmh, line.median_kmh) == pytest.approx((45.0, 45.0))
    assert line.fastest_kmh == pytest.approx(np.percentile(speeds, 85))
    assert line.over_count == 10


def test_a_speed_over_the_limit_within_its_doubt_is_not_counted_over_it() -> None:
    (line,) = speeds_by_line([crossing(52.0, doubt_kmh=1.5)], camera({"limit_kmh": 50}), World("m", (LINE,)))
    assert line.over_count == 0
