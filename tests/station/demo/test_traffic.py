"""The demo's traffic: repeatable, lawful, and nobody drives through anybody."""

import numpy as np
import pytest

from catseye.core.road_user import IS_FOUR_WHEELED, ROAD_USERS
from catseye.station.demo.junction import BIKE_BOX_M, PLAN, kerb_distance_m, lane_path
from catseye.station.demo.signals import SignalPlan
from catseye.station.demo.traffic import first_stuck, junction_traffic, overlapping_tracks
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
