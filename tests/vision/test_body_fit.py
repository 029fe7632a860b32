"""One body a track, on exact truth: its kind, its places, and what is left out of them."""

from dataclasses import replace

import numpy as np
import pytest
from tests.vision.drives import POSES, boxes_px, calibrated
from tests.vision.views import place_of

from catseye.core.arrays import Doubles
from catseye.core.road_user import RoadUser
from catseye.core.time import NS_PER_S
from catseye.station.demo.camera import CameraPose
from catseye.vision.bodies import CUBOIDS
from catseye.vision.body_fit import LEAST_LOOKS_COUNT, BodyFit, BodyFitter, EdgeNoise, Looks, headings, hidden_edges

COUNT = 15
AHEAD = np.array([0.28, 0.96])
MAST = POSES["mast"]


def fitter(pose: CameraPose = MAST) -> BodyFitter:
    return BodyFitter(calibrated(pose), bodies=CUBOIDS)


def drive(kind: RoadUser, pose: CameraPose = MAST, sigmas: float = 0.0, back_m: float = 0.0) -> tuple[Looks, Doubles]:
    """Through the middle of the picture, `back_m` too late, 16 m in 2 s; its looks and its true places."""
    middle_m = place_of(pose, np.array([[640.0, 420.0]]))[0]
    place_m = middle_m + (np.linspace(-8, 8, COUNT)[:, None] - back_m) * AHEAD
    size_m = np.tile(CUBOIDS.size_m[kind.code] + sigmas * CUBOIDS.sigma_m[kind.code], (COUNT, 1))
    box_px = boxes_px(pose, place_m, np.tile(AHEAD, (COUNT, 1)), size_m, np.repeat(CUBOIDS.outline_ratio[kind.code][None], COUNT, axis=0))
    chance = np.random.default_rng(5)
    rough_m = place_m + chance.normal(0, 0.5, place_m.shape)
    none = np.zeros((COUNT, 4), np.bool_)
    return Looks(np.arange(COUNT) * NS_PER_S // 7, box_px, none, none[:, 0], rough_m), place_m


def followed_on(first: RoadUser, then: RoadUser, back_m: float = 0.0) -> Looks:
    """A track that goes over from one road user to another halfway, who is `back_m` behind."""
    before, after = drive(first)[0], drive(then, back_m=back_m)[0]
    late = np.arange(COUNT) >= COUNT // 2
    box_px = np.where(late[:, None], after.box_px, before.box_px)
    return replace(before, box_px=box_px, place_m=np.where(late[:, None], after.place_m, before.place_m))


def off_m(fit: BodyFit, place_m: Doubles) -> Doubles:
    """From the true places, (n, 2); cut boxes are left out of a fit."""
    return fit.place_m - place_m[np.rint(fit.time_ns * 7 / NS_PER_S).astype(int)]


def scale_error(fit: BodyFit, place_m: Doubles) -> float:
    """What a speed would be off, as a share of it."""
    way_m = (fit.place_m - off_m(fit, place_m)) @ AHEAD
    return float(np.polyfit(way_m, fit.place_m @ AHEAD, 1)[0] - 1)


@pytest.mark.parametrize("pose", POSES.values(), ids=POSES)
@pytest.mark.parametrize("kind", [RoadUser.CAR, RoadUser.BUS, RoadUser.TRUCK, RoadUser.MOTORCYCLIST])
def test_exact_boxes_give_exact_ways(pose: CameraPose, kind: RoadUser) -> None:
    looks, place_m = drive(kind, pose)
    fit = fitter(pose).fits(looks, kind)[0]
    assert fit.kind is kind
    assert abs(scale_error(fit, place_m)) < 0.004
    assert np.hypot(*off_m(fit, place_m).T).max() < 0.15
    assert fit.is_body


CALLED_WRONG = [
    (RoadUser.BUS, RoadUser.CAR),
    (RoadUser.CAR, RoadUser.BUS),
    (RoadUser.MOTORCYCLIST, RoadUser.PEDESTRIAN),
    (RoadUser.MOTORCYCLIST, RoadUser.CAR),
]


@pytest.mark.parametrize(("drawn", "called"), CALLED_WRONG)
def test_a_body_called_by_a_wrong_name_is_measured_as_what_it_is(drawn: RoadUser, called: RoadUser) -> None:
    looks, place_m = drive(drawn)
    fit = fitter().fits(looks, called)[0]
    assert fit.kind is drawn
    assert abs(scale_error(fit, place_m)) < 0.004


def test_a_larger_body_than_usual_is_measured_as_large() -> None:
    looks, place_m = drive(RoadUser.CAR, sigmas=1.5)
    fit = fitter().fits(looks, RoadUser.CAR)[0]
    assert abs(scale_error(fit, place_m)) < 0.006
    assert fit.size_m[2] == pytest.approx(CUBOIDS.size_m[RoadUser.CAR.code, 2] + 1.5 * CUBOIDS.sigma_m[RoadUser.CAR.code, 2], abs=0.08)


def test_one_wild_edge_moves_nobody() -> None:
    looks, place_m = drive(RoadUser.CAR)
    wild = looks.box_px.copy()
    wild[7, 1] -= 60
    fit = fitter().fits(replace(looks, box_px=wild), RoadUser.CAR)[0]
    assert np.hypot(*off_m(fit, place_m).T).max() < 0.3


def test_a_lower_edge_that_somebody_nearer_hides_is_not_believed() -> None:
    looks, place_m = drive(RoadUser.CAR)
    cut, hidden = looks.box_px.copy(), looks.hidden.copy()
    cut[4:8, 3] -= 30
    hidden[4:8, 3] = True
    fit = fitter().fits(replace(looks, box_px=cut, hidden=hidden), RoadUser.CAR)[0]
    assert len(fit.place_m) == COUNT
    assert np.hypot(*off_m(fit, place_m).T).max() < 0.3
    assert fit.noise_m[4:8].min() > fit.noise_m[8:].max()


def test_a_box_with_two_bad_edges_is_left_out() -> None:
    looks, _ = drive(RoadUser.CAR)
    hidden = looks.hidden.copy()
    hidden[3, 2:] = True
    assert looks.time_ns[3] not in fitter().fits(replace(looks, hidden=hidden), RoadUser.CAR)[0].time_ns


def test_outlines_of_what_moved_are_left_out() -> None:
    looks, _ = drive(RoadUser.CAR)
    moved = np.arange(COUNT) < 5
    assert len(fitter().fits(replace(looks, moved=moved), RoadUser.CAR)[0].time_ns) == COUNT - 5
    assert fitter().fits(replace(looks, moved=np.full(COUNT, True)), RoadUser.CAR) == []


@pytest.mark.parametrize("kind", [RoadUser.CAR, RoadUser.BUS, RoadUser.TRUCK, RoadUser.MOTORCYCLIST])
def test_boxes_that_tremble_as_a_networks_do_are_still_of_a_body(kind: RoadUser) -> None:
    looks, _ = drive(kind, sigmas=1.0)
    chance = np.random.default_rng(8)
    noise = EdgeNoise()
    sigma_px = np.hypot(noise.sigma_px * 1280 / noise.network_px, noise.sigma_ratio * np.tile(looks.box_px[:, 2:] - looks.box_px[:, :2], 2))
    assert fitter().fits(replace(looks, box_px=looks.box_px + chance.normal(0, sigma_px)), kind)[0].is_body


def test_half_of_a_vehicle_is_no_body() -> None:
    looks, _ = drive(RoadUser.TRUCK)
    half = looks.box_px.copy()
    half[:, 1] += 0.6 * (half[:, 3] - half[:, 1])
    assert not fitter().fits(replace(looks, box_px=half), RoadUser.TRUCK)[0].is_body


def test_one_vehicle_and_then_another_are_no_body() -> None:
    assert not fitter().fits(followed_on(RoadUser.MOTORCYCLIST, RoadUser.TRUCK), RoadUser.TRUCK)[0].is_body
    assert fitter().fits(followed_on(RoadUser.CAR, RoadUser.CAR), RoadUser.CAR)[0].is_body


def test_too_few_looks_tell_nothing() -> None:
    looks, _ = drive(RoadUser.CAR)
    few = np.arange(COUNT) < LEAST_LOOKS_COUNT - 1
    assert fitter().fits(looks.keep(few), RoadUser.CAR) == []
    assert fitter().fits(replace(looks, place_m=np.full((COUNT, 2), np.nan)), RoadUser.CAR) == []


@pytest.mark.parametrize("edge", range(4))
def test_boxes_drawn_off_all_along_move_places_as_the_shared_doubt_says(edge: int) -> None:
    looks, _ = drive(RoadUser.CAR)
    noise = EdgeNoise()
    habit_px = noise.habit_px * 1280 / noise.network_px
    shifted = looks.box_px.copy()
    shifted[:, edge] += habit_px
    before, after = (fitter().fits(replace(looks, box_px=box_px), RoadUser.CAR)[0] for box_px in (looks.box_px, shifted))
    moved_m = after.place_m - before.place_m
    assert moved_m == pytest.approx(before.shared_m[:, :, 3 + edge], abs=0.25 * np.abs(moved_m).max() + 0.01)


def test_shares_of_kinds_are_probabilities() -> None:
    looks, _ = drive(RoadUser.TRUCK)
    fits = fitter().fits(looks, RoadUser.UNKNOWN)
    assert sum(fit.share_ratio for fit in fits) == pytest.approx(1)
    assert [fit.share_ratio for fit in fits] == sorted((fit.share_ratio for fit in fits), reverse=True)


def test_headings_follow_a_bend() -> None:
    turn = np.linspace(0, np.pi / 2, 41)  # 9 m/s on a radius of 30 m
    place_m = 30 * np.column_stack([1 - np.cos(turn), np.sin(turn)])
    found = headings(np.arange(41) * NS_PER_S // 8, place_m, np.full(41, 0.1))
    assert (found * np.column_stack([np.sin(turn), np.cos(turn)])).sum(1).min() > np.cos(np.radians(15))


def test_who_never_moved_heads_nowhere() -> None:
    assert np.isnan(headings(np.arange(5) * NS_PER_S, np.zeros((5, 2)), np.ones(5))).all()


def test_edges_on_a_nearer_box_are_hidden_and_the_nearer_ones_are_not() -> None:
    far, near, apart = [100, 100, 200, 180], [110, 150, 230, 260], [400, 100, 500, 180]
    assert hidden_edges(np.array([far, near, apart], np.float32)).tolist() == [[False, False, False, True], [False] * 4, [False] * 4]
    assert hidden_edges(np.empty((0, 4), np.float32)).shape == (0, 4)
