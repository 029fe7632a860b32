"""The demo's traffic: repeatable, lawful, and nobody drives through anybody."""

import numpy as np
import pytest

from catseye.core.road_user import IS_FOUR_WHEELED, ROAD_USERS
from catseye.station.demo.crossings import true_crossings
from catseye.station.demo.junction import BIKE_BOX_M, PLAN, kerb_distance_m, lane_path
from catseye.station.demo.scene import abreast_on_lines, demo_site
from catseye.station.demo.signals import SignalPlan
from catseye.station.demo.traffic import first_stuck, junction_traffic, overlapping_tracks, with_red_runner
from catseye.station.demo.trajectories import Trajectories

SECONDS_S = 26.0


@pytest.fixture(scope="module")
def traffic() -> Trajectories:
    return junction_traffic(SECONDS_S, 3, SignalPlan())


def test_no_two_road_users_touch(traffic: Trajectories) -> None:
    assert overlapping_tracks(traffic) == []


def test_nobody_blocks_the_junction(traffic: Trajectories) -> None:
    assert first_stuck(traffic) == set()


def test_the_same_seed_gives_the_same_traffic_and_another_seed_another(traffic: Trajectories) -> None:
    again, other = junction_traffic(SECONDS_S, 3, SignalPlan()), junction_traffic(SECONDS_S, 4, SignalPlan())
    assert all(np.array_equal(getattr(traffic, name), getattr(again, name)) for name in Trajectories.__dataclass_fields__)
    assert len(other) != len(traffic) or not np.array_equal(other.x_m, traffic.x_m)


def test_every_kind_but_unknown_is_on_the_road() -> None:
    whole = junction_traffic(60, 7, SignalPlan())
    assert {ROAD_USERS[code].value for code in np.unique(whole.kind)} == {"pedestrian", "cyclist", "motorcyclist", "car", "bus", "truck"}


def test_vehicles_stay_on_the_carriageway(traffic: Trajectories) -> None:
    driving = traffic.kind != 0
    assert kerb_distance_m(traffic.x_m[driving], traffic.y_m[driving]).max() < 0


def test_nobody_passes_the_stop_line_on_red(traffic: Trajectories) -> None:
    signals = SignalPlan()
    for arm, plan in PLAN.items():
        line_m = plan.stop_m + np.where(IS_FOUR_WHEELED[traffic.kind] == 1, BIKE_BOX_M, 0.0)
        before_m = traffic.x_m * plan.out[0] + traffic.y_m * plan.out[1] - traffic.length_m / 2 - line_m  # of the front, for who comes in
        inbound = np.abs((traffic.heading_deg - np.degrees(np.arctan2(-plan.out[0], -plan.out[1])) + 180) % 360 - 180) < 20
        same = (np.diff(traffic.track) == 0) & inbound[:-1] & inbound[1:] & (traffic.kind[1:] != 0)
        times_s = traffic.time_s[:-1][same & (before_m[:-1] > 0) & (before_m[1:] <= 0)].tolist()
        starts_s = [signals.bike_start_s + 0.2, 0.0]
        assert [time_s for time_s in times_s if all(signals.state(arm, time_s + early_s) == "red" for early_s in starts_s)] == [], arm


def test_speeds_are_those_of_a_city(traffic: Trajectories) -> None:
    same = np.diff(traffic.track) == 0
    speed_ms = np.hypot(np.diff(traffic.x_m), np.diff(traffic.y_m))[same] / np.diff(traffic.time_s)[same]
    assert speed_ms.max() < 14


@pytest.mark.parametrize("lane", ["car", "bike"])
def test_every_way_through_the_junction_is_one_smooth_line(lane: str) -> None:
    for origin in PLAN:
        for goal in set(PLAN) - {origin}:
            step = np.diff(lane_path(origin, goal, lane), axis=0)
            bend_deg = np.degrees(np.abs(np.diff(np.unwrap(np.arctan2(step[:, 1], step[:, 0])))))
            assert bend_deg.max() < 15, (origin, goal)


def test_one_car_of_the_demo_runs_a_red_light_and_touches_nobody() -> None:
    signals, site = SignalPlan(), demo_site()
    traffic, runner = with_red_runner(60, 7, signals, lambda tried: abreast_on_lines(tried, site))
    assert runner is not None
    assert overlapping_tracks(traffic) == []
    into = next(crossing for crossing in true_crossings(traffic, site.lines, site.camera) if crossing.track == runner and crossing.direction == "forward")
    assert signals.state(into.line, into.time_s) == "red"
    assert into.speed_kmh > 25


def test_where_nobody_can_run_a_red_light_nobody_does() -> None:
    plain = junction_traffic(9, 7, SignalPlan())
    traffic, runner = with_red_runner(9, 7, SignalPlan(), lambda _: set())
    assert runner is None
    assert (traffic.x_m == plain.x_m).all()


def test_the_phases_a_site_is_told_are_those_of_the_lamps() -> None:
    signals = SignalPlan()
    for arm in ("north", "east", "south", "west"):
        phases = signals.phases(arm, 60)
        assert signals.red_begins_s(arm, 60) == [since_s for since_s, state in phases if state == "red" and signals.state(arm, since_s - 0.1) != "red"]
        for (since_s, state), (until_s, _) in zip(phases, [*phases[1:], (60.1, "")], strict=True):
            shown = {signals.state(arm, at_s / 10) for at_s in range(round(since_s * 10), round(until_s * 10))}
            assert state in shown
            assert shown <= ({"red", "green"} if state == "green" else {state})
