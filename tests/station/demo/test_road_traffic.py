"""Traffic with given speeds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catseye.core.errors import SiteError
from catseye.core.road_user import RoadUser
from catseye.station.demo import Drive, StraightRoad, Trajectories, drive_along, road_traffic
from catseye.station.demo.traffic import overlapping_tracks
from catseye.station.demo.trajectories import Timeline

ROAD = StraightRoad(2, 1, heading_deg=30.0, begin_m=-40, end_m=100)


@given(st.floats(30, 90), st.floats(0, 360), st.booleans())
def test_a_constant_speed_is_exact_from_end_to_end(speed_kmh: float, heading_deg: float, is_backward: bool) -> None:
    road = StraightRoad(1, 1, heading_deg=heading_deg, begin_m=-40, end_m=100)
    rows = drive_along(road, [Drive(RoadUser.CAR, 1.75, 2.0, (speed_kmh,), is_backward)])
    way_m = np.hypot(np.ptp(rows.x_m), np.ptp(rows.y_m))
    assert way_m == pytest.approx(140)
    assert np.ptp(rows.time_s) == pytest.approx(140 / (speed_kmh / 3.6))
    assert rows.speed_kmh == pytest.approx(speed_kmh)
    assert Timeline(rows).at(2.5).speed_kmh == pytest.approx([speed_kmh])


@given(st.lists(st.floats(20, 120), min_size=2, max_size=5))
def test_a_changing_speed_passes_the_given_ones_at_their_places(speeds_kmh: list[float]) -> None:
    rows = drive_along(ROAD, [Drive(RoadUser.CAR, 1.75, 0.0, tuple(speeds_kmh))])
    along_m = rows.x_m * np.sin(np.radians(30)) + rows.y_m * np.cos(np.radians(30))
    at_m = np.linspace(-40, 100, len(speeds_kmh))
    assert (np.diff(rows.time_s) > 0).all()
    assert np.interp(at_m, along_m, rows.speed_kmh) == pytest.approx(speeds_kmh, abs=3.0)
    assert np.ptp(along_m) == pytest.approx(140)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 1000), st.floats(0, 1))
def test_nobody_runs_into_anybody_and_everybody_keeps_the_limits(seed: int, changing_ratio: float) -> None:
    rows = road_traffic(ROAD, 20, seed, per_minute_ratio=40, changing_ratio=changing_ratio)
    assert overlapping_tracks(at_even_times(rows)) == []
    assert rows.speed_kmh.min() > 29.99
    assert rows.speed_kmh.max() < 90.01


def at_even_times(rows: Trajectories) -> Trajectories:
    timeline = Timeline(rows)
    moments = [(time_s, timeline.at(time_s)) for time_s in np.arange(0, 25, 0.5)]
    columns = {name: np.concatenate([getattr(moment, name) for _, moment in moments]) for name in Trajectories.__dataclass_fields__ if name != "time_s"}
    time_s = np.concatenate([np.full(len(moment), at_s) for at_s, moment in moments])
    order = np.lexsort([time_s, columns["track"]])
    return Trajectories(time_s[order], **{name: column[order] for name, column in columns.items()})


def test_all_kinds_and_both_ways_are_on_the_road_and_a_seed_repeats_them() -> None:
    rows, again = (road_traffic(ROAD, 120, 5, per_minute_ratio=30) for _ in range(2))
    assert {int(code) for code in np.unique(rows.kind)} == {kind.code for kind in (RoadUser.CAR, RoadUser.TRUCK, RoadUser.BUS, RoadUser.MOTORCYCLIST)}
    assert set(np.unique(rows.heading_deg)) == {30.0, 210.0}
    assert np.array_equal(rows.x_m, again.x_m)
    assert len(np.unique(rows.track)) > 60


def test_forward_lanes_lie_right_of_the_way_one_drives() -> None:
    road = StraightRoad(1, 1, heading_deg=90.0)
    assert road.street_m(np.array([10.0]), road.forward_lanes_m()) == pytest.approx(np.array([[10.0, -1.75]]))
    assert road.street_m(np.array([10.0]), road.backward_lanes_m()) == pytest.approx(np.array([[10.0, 1.75]]))


def test_what_never_arrives_is_refused() -> None:
    with pytest.raises(SiteError, match="drive"):
        Drive(RoadUser.CAR, 0.0, 0.0, (0.0,))
    with pytest.raises(SiteError, match="straight road"):
        StraightRoad(0, 0)
