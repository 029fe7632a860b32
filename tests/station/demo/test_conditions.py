"""Light and weather: the picture changes, the truth does not."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from catseye.core.arrays import Pixels
from catseye.core.errors import SiteError
from catseye.core.road_user import RoadUser
from catseye.station.demo import CameraPose, Conditions, FrameTruth, Renderer, StraightRoad, Trajectories

Drive = Callable[..., Trajectories]
ROAD = StraightRoad(1, 1, begin_m=-30, end_m=80)
POSE = CameraPose.mounted(8, 24, at_m=(6.0, -14.0), pan_deg=-10, size_px=(352, 288))
ALL = {name: getattr(Conditions, name)() for name in ("day", "overcast", "dusk", "night", "dark_night", "rain")}
ALL |= {"fog": Conditions(fog_m=60.0), "mono": replace(Conditions.night(), is_mono=True), "night rain": replace(Conditions.night(), rain_ratio=0.7)}


def seen(traffic: Trajectories, conditions: Conditions, time_s: float = 0.5) -> tuple[Pixels, FrameTruth]:
    return Renderer(POSE, traffic, conditions=conditions, scenery=ROAD.scenery(with_trees=False, lights_every_m=30)).frame(time_s)


@pytest.fixture
def oncoming(drive: Drive) -> Trajectories:
    return drive(1, RoadUser.CAR, [(-1.75, 16), (-1.75, 6)], [0.0, 1.0], 180.0)


@pytest.mark.parametrize("name", ALL)
def test_the_truth_does_not_depend_on_light_or_weather(oncoming: Trajectories, name: str) -> None:
    by_day, now = seen(oncoming, Conditions())[1], seen(oncoming, ALL[name])[1]
    for column in ("track", "x_m", "y_m", "speed_kmh", "box_px", "contact_px", "visible_ratio"):
        assert np.array_equal(getattr(by_day, column), getattr(now, column)), column


@pytest.mark.parametrize("name", ALL)
def test_the_same_moment_gives_the_same_picture_in_every_light(oncoming: Trajectories, name: str) -> None:
    assert np.array_equal(seen(oncoming, ALL[name])[0], seen(oncoming, ALL[name])[0])


def test_it_gets_darker_from_day_to_a_road_without_lamps(oncoming: Trajectories) -> None:
    means = [float(seen(oncoming, ALL[name])[0].mean()) for name in ("day", "overcast", "dusk", "night", "dark_night")]
    assert means == sorted(means, reverse=True)
    assert means[-1] < 30


def test_headlamps_are_white_where_the_lamps_are_and_light_the_road_before_them(oncoming: Trajectories) -> None:
    rgb, empty = (seen(traffic, replace(Conditions.dark_night(), noise_ratio=0.0))[0].astype(int) for traffic in (oncoming, oncoming.moved(x_m=900)))
    lamps_px = POSE.project(np.array([[-1.75 - 0.56, 11 - 2.2, 0.7], [-1.75 + 0.56, 11 - 2.2, 0.7]]))[0]
    for x, y in lamps_px.astype(int):
        assert rgb[y - 1 : y + 2, x - 1 : x + 2].min(axis=2).max() > 240
    road = POSE.ground_px(np.array([[-1.75, 4.0]]))[0].astype(int)
    assert rgb[road[1], road[0]].mean() > empty[road[1], road[0]].mean() + 20


def test_a_car_from_behind_shows_red_lamps(drive: Drive) -> None:
    away = drive(1, RoadUser.CAR, [(1.75, 4), (1.75, 14)], [0.0, 1.0], 0.0)
    rgb = seen(away, replace(Conditions.night(), noise_ratio=0.0))[0].astype(int)
    for x, y in POSE.project(np.array([[1.75 + side, 9 - 2.2, 0.78] for side in (-0.66, 0.66)]))[0].astype(int):
        red = rgb[y - 1 : y + 2, x - 1 : x + 2].max(axis=(0, 1))
        assert red[0] > red[1] + 60


def test_a_lamp_behind_a_bus_does_not_glare(drive: Drive, together: Drive) -> None:
    behind = drive(1, RoadUser.MOTORCYCLIST, [(-1.75, 17.0), (-1.75, 16.9)], [0.0, 1.0], 180.0)
    bus = drive(2, RoadUser.BUS, [(-1.75, 9.0), (-1.75, 8.9)], [0.0, 1.0], 0.0)
    dark = replace(Conditions.dark_night(), noise_ratio=0.0)
    lamp = POSE.project(np.array([[-1.75, 16.4, 0.9]]))[0].astype(int)[0]
    free, hidden = (int(seen(traffic, dark)[0][lamp[1], lamp[0]].mean()) for traffic in (behind, together(behind, bus)))
    assert free > 200
    assert hidden < free - 80


def test_a_walker_has_no_lamps(drive: Drive) -> None:
    dark = replace(Conditions.dark_night(), noise_ratio=0.0)
    walker, nobody = (seen(drive(1, RoadUser.PEDESTRIAN, [(x_m, 9), (x_m, 8)], [0.0, 1.0], 180.0), dark)[0].astype(int) for x_m in (1.0, 900.0))
    assert (walker - nobody).max() < 12


def test_fog_takes_the_contrast_of_what_is_far(drive: Drive) -> None:
    def contrast(conditions: Conditions, away_m: float) -> float:
        rgb, truth = seen(drive(1, RoadUser.BUS, [(1.75, away_m), (1.75, away_m)], [0.0, 1.0], 0.0), replace(conditions, noise_ratio=0.0))
        left, top, right, bottom = truth.box_px[0].astype(int)
        return float(rgb[top:bottom, left:right].std())

    fog = Conditions(fog_m=80.0)
    assert contrast(fog, 60.0) < 0.4 * contrast(Conditions(), 60.0)
    assert contrast(fog, 2.0) > 0.5 * contrast(Conditions(), 2.0)


def test_rain_falls_anew_in_every_picture(oncoming: Trajectories) -> None:
    rain = Conditions(rain_ratio=1.0, noise_ratio=0.0, drift_ratio=0.0)
    standing = oncoming.moved(x_m=900)
    one, other = seen(standing, rain, 0.4)[0].astype(int), seen(standing, rain, 0.6)[0].astype(int)
    assert (np.abs(one - other) > 8).mean() > 0.005


def test_a_mono_picture_has_no_colours(oncoming: Trajectories) -> None:
    rgb = seen(oncoming, replace(Conditions.night(), is_mono=True, noise_ratio=0.0))[0]
    assert np.ptp(rgb.astype(int), axis=2).max() <= 1


@pytest.mark.parametrize(
    "wrong", [{"noise_ratio": -0.1}, {"rain_ratio": 1.5}, {"daylight_ratio": float("nan")}, {"fog_m": -1.0}, {"exposure_s": 2.0}, {"shake_px": -1.0}]
)
def test_conditions_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SiteError, match="conditions"):
        Conditions(**wrong)
