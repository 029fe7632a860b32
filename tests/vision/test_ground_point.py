"""The middle of a footprint, from a box: on exact truth, under noise, and where little is known."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vision.drives import POSES, VEHICLES, are_whole, boxes_px, calibrated, drive, lower_middles_px, speed_error_kmh
from tests.vision.views import SIZE_PX, camera, place_of, spread_px
from tests.vision.views import points as reference

from catseye.core.road_user import ROAD_USERS, RoadUser
from catseye.station.demo.camera import CameraPose
from catseye.vision.bodies import BODIES, CUBOIDS, Bodies
from catseye.vision.calibrate import calibrate
from catseye.vision.ground_point import BoxNoise, GroundPointFinder, GroundPoints

ANGLES = np.radians(np.arange(0, 360, 30))
NOWHERE = np.full((1, 2), np.nan)
FINDERS = {name: GroundPointFinder(calibrated(pose), bodies=CUBOIDS) for name, pose in POSES.items()}


def codes(kind: RoadUser, count: int) -> np.ndarray:
    return np.full(count, kind.code, np.uint8)


def found(name: str, kind: RoadUser, box_px: np.ndarray, heading: np.ndarray) -> GroundPoints:
    return FINDERS[name].find(box_px, codes(kind, len(box_px)), heading)


@pytest.mark.parametrize("name", POSES)
@pytest.mark.parametrize("kind", ROAD_USERS)
def test_a_body_of_the_usual_size_is_found_where_it_stands(name: str, kind: RoadUser) -> None:
    for angle in ANGLES:
        place_m, heading, box_px = drive(POSES[name], kind, float(angle))
        points = found(name, kind, box_px, heading)
        assert np.abs(points.place_m - place_m).max(initial=0) < 0.05
        assert np.abs(points.size_m - CUBOIDS.size_m[kind.code]).max(initial=0) < 0.1


def speed_errors_kmh(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Straight drives at 50 km/h in twelve directions, bodies one sigma smaller and larger than usual: by the bottom centre, by the footprint."""
    lower, ours = [], []
    for kind, angle, sigmas in itertools.product(VEHICLES, ANGLES, (-1.0, 0.0, 1.0)):
        place_m, heading, box_px = drive(POSES[name], kind, float(angle), sigmas)
        if len(box_px) >= 6:
            lower.append(speed_error_kmh(FINDERS[name].calibration.place_of(lower_middles_px(box_px)), place_m, heading))
            ours.append(speed_error_kmh(found(name, kind, box_px, heading).place_m, place_m, heading))
    return np.abs(lower), np.abs(ours)


def test_speeds_are_off_by_a_tenth_of_what_the_bottom_centre_gives() -> None:
    errors = [speed_errors_kmh(name) for name in POSES]
    lower, ours = (np.concatenate(column) for column in zip(*errors, strict=True))
    assert len(ours) > 400
    assert lower.mean() > 0.8
    assert ours.mean() < 0.1 * lower.mean()
    assert ours.mean() < 0.1
    assert ours.max() < 0.3 * lower.max()
    assert all(mine.mean() < 0.2 * theirs.mean() for theirs, mine in errors)


def random_users(pose: CameraPose, bodies: Bodies, count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Everybody of every size: kinds (n,), places, headings, exact boxes."""
    chance = np.random.default_rng(seed)
    kind = chance.integers(0, len(ROAD_USERS) - 1, count).astype(np.uint8)
    px = chance.uniform([150, 300], [1130, 690], (count, 2))
    angle = chance.uniform(0, 2 * np.pi, count)
    ahead = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    size_m = np.maximum(bodies.size_m[kind] + bodies.sigma_m[kind] * chance.normal(0, 1, (count, 3)), bodies.size_m[kind] / 2)
    box_px = boxes_px(pose, place_of(pose, px), ahead, size_m, bodies.outline_ratio[kind])
    whole = are_whole(box_px)
    return kind[whole], place_of(pose, px)[whole], ahead[whole], box_px[whole]


def covered(points: GroundPoints, place_m: np.ndarray) -> float:
    off = points.place_m - place_m
    return float(np.mean(np.einsum("ni,nij,nj->n", off, np.linalg.inv(points.covariance_m2), off) < 5.991))


@pytest.mark.parametrize("name", POSES)
@pytest.mark.parametrize("bodies", [CUBOIDS, BODIES], ids=["cuboids", "outlines"])
def test_the_doubt_covers_the_truth(name: str, bodies: Bodies) -> None:
    kind, place_m, ahead, box_px = random_users(POSES[name], bodies, 1500, 1)
    sides = np.tile(box_px[:, 2:] - box_px[:, :2], (1, 2))
    noisy = box_px + np.random.default_rng(2).normal(0, 1, box_px.shape) * np.hypot(1.0, 0.02 * sides)
    noisy = np.clip(noisy, 3, np.tile(SIZE_PX, 2) - 3.0)
    finder = GroundPointFinder(FINDERS[name].calibration, bodies=bodies)
    assert 0.92 <= covered(finder.find(noisy, kind, ahead), place_m) <= 0.99


@pytest.mark.parametrize("name", POSES)
def test_without_a_heading_the_doubt_is_larger_and_still_honest(name: str) -> None:
    kind, place_m, ahead, box_px = random_users(POSES[name], CUBOIDS, 800, 3)
    with_heading, without = FINDERS[name].find(box_px, kind, ahead), FINDERS[name].find(box_px, kind, np.full_like(ahead, np.nan))
    long = CUBOIDS.size_m[kind, 0] > 3
    assert np.median(without.sigma_m[long]) > 1.2 * np.median(with_heading.sigma_m[long])
    assert covered(without, place_m) > 0.88
    off_m, lower_m = (np.hypot(*(at - place_m)[long].T) for at in (without.place_m, FINDERS[name].calibration.place_of(lower_middles_px(box_px))))
    assert off_m.mean() < 0.4 * lower_m.mean()


@given(st.integers(0, 10_000), st.sampled_from(ROAD_USERS[:-1]))
@settings(deadline=None, max_examples=40)
def test_box_noise_alone_is_the_smaller_doubt(seed: int, kind: RoadUser) -> None:
    _, heading, box_px = drive(POSES["mast"], kind, seed)
    points = found("mast", kind, box_px, heading)
    assert (np.trace(points.noise_covariance_m2, axis1=1, axis2=2) <= np.trace(points.covariance_m2, axis1=1, axis2=2)).all()


def test_what_is_known_of_a_size_is_used() -> None:
    """A lorry of 16 m is no usual truck."""
    size_m = np.array([[16.0, 2.5, 3.9]])
    place_m, ahead = place_of(POSES["mast"], np.array([[640.0, 400.0]])), np.array([[0.5, np.sqrt(0.75)]])
    box_px = boxes_px(POSES["mast"], place_m, ahead, size_m, CUBOIDS.outline_ratio[[RoadUser.TRUCK.code]])
    usual, told = (FINDERS["mast"].find(box_px, codes(RoadUser.TRUCK, 1), ahead, *size) for size in ((), (size_m, np.full((1, 3), 0.2))))
    assert np.hypot(*(told.place_m - place_m).T) < 0.02
    assert told.sigma_m < usual.sigma_m
    nothing = FINDERS["mast"].find(box_px, codes(RoadUser.TRUCK, 1), ahead, np.full((1, 3), np.nan), np.full((1, 3), np.nan))
    assert nothing.place_m == pytest.approx(usual.place_m)


def test_a_box_cut_by_the_pictures_edge_is_doubted_and_still_covered() -> None:
    pose, kind, ahead = POSES["mast"], RoadUser.CAR, np.array([[1.0, 0.0]])
    sigmas = []
    for x_px in (900.0, 1240.0):
        place_m = place_of(pose, np.array([[x_px, 500.0]]))
        box_px = boxes_px(pose, place_m, ahead, CUBOIDS.size_m[[kind.code]] + [[0.4, 0, 0]], CUBOIDS.outline_ratio[[kind.code]])
        points = found("mast", kind, np.minimum(box_px, SIZE_PX[0]), ahead)
        assert np.hypot(*(points.place_m - place_m).T) < 3 * points.sigma_m
        sigmas.append(float(np.sqrt(points.covariance_m2[0, 0, 0])))
    assert box_px[0, 2] > SIZE_PX[0]
    assert sigmas[1] > 2 * sigmas[0]
    assert np.isnan(found("mast", kind, np.array([[0.0, 0.0, 1280.0, 500.0]]), ahead).place_m).all()


def test_above_the_horizon_there_is_no_place_and_no_warning() -> None:
    points = found("roadside", RoadUser.CAR, np.array([[600.0, 10.0, 640.0, 30.0]]), np.array([[1.0, 0.0]]))
    assert np.isnan(points.place_m).all()
    assert np.isnan(points.covariance_m2).all()
    assert np.isinf(points.sigma_m).all()


def test_without_the_cameras_geometry_the_lower_edge_is_all_there_is() -> None:
    """Its doubt says so: half a body, in the direction of sight."""
    kind, place_m, ahead, box_px = random_users(POSES["mast"], CUBOIDS, 800, 5)
    finder = GroundPointFinder(replace(FINDERS["mast"].calibration, size_px=None), bodies=CUBOIDS)
    points = finder.find(box_px, kind, ahead)
    assert points.place_m == pytest.approx(finder.calibration.place_of(lower_middles_px(box_px)))
    off_m = np.hypot(*(points.place_m - place_m).T)
    assert 0.4 < np.sqrt(np.mean(np.square(off_m[kind == RoadUser.CAR.code] / points.sigma_m[kind == RoadUser.CAR.code]))) < 2.5


def test_through_a_bent_lens_it_is_the_same_place() -> None:
    pose, kind, k1 = POSES["mast"], RoadUser.CAR, -0.12
    finder = GroundPointFinder(calibrated(pose, k1), bodies=CUBOIDS)
    for px in ([200.0, 600.0], [1000.0, 620.0], [640.0, 300.0]):
        place_m, ahead = place_of(pose, np.array([px]), k1), np.array([[0.6, 0.8]])
        box_px = boxes_px(pose, place_m, ahead, CUBOIDS.size_m[[kind.code]], CUBOIDS.outline_ratio[[kind.code]], k1)
        assert np.hypot(*(finder.find(box_px, codes(kind, 1), ahead).place_m - place_m).T) < 0.1


def test_from_straight_above_the_middle_of_the_box_is_nearly_it() -> None:
    pose = CameraPose((0.0, 0.0, 25.0), 0.0, 90.0, 1000.0, SIZE_PX)
    px = np.array([[100.0, 100], [1200, 80], [1180, 650], [90, 600], [640, 300], [300, 400]])
    finder = GroundPointFinder(calibrate(reference(px, pose.to_ground_m(px))).calibration, bodies=CUBOIDS)
    place_m, ahead = np.array([[9.0, -3.0]]), np.array([[0.8, 0.6]])
    box_px = boxes_px(pose, place_m, ahead, CUBOIDS.size_m[[RoadUser.CAR.code]], CUBOIDS.outline_ratio[[RoadUser.CAR.code]])
    points = finder.find(box_px, codes(RoadUser.CAR, 1), ahead)
    assert np.hypot(*(points.place_m - place_m).T) < 3 * points.sigma_m
    assert points.sigma_m < 0.6


def test_all_at_once_is_one_by_one() -> None:
    kind, _, ahead, box_px = random_users(POSES["roadside"], CUBOIDS, 60, 7)
    together = FINDERS["roadside"].find(box_px, kind, ahead)
    for nth in range(len(kind)):
        alone = FINDERS["roadside"].find(box_px[[nth]], kind[[nth]], ahead[[nth]])
        assert alone.place_m[0] == pytest.approx(together.place_m[nth], abs=0.02)
        assert alone.sigma_m[0] == pytest.approx(together.sigma_m[nth], rel=0.05)


def test_no_boxes_give_no_places() -> None:
    assert FINDERS["mast"].find(np.empty((0, 4)), np.empty(0, np.uint8), np.empty((0, 2))).place_m.shape == (0, 2)


@given(st.lists(st.tuples(*[st.floats(-1e5, 1e5) | st.just(float("nan"))] * 4), min_size=1, max_size=6), st.integers(0, 6), st.booleans())
@settings(deadline=None)
def test_any_box_at_all_gives_a_place_or_none(rows: list[tuple[float, float, float, float]], kind: int, is_known: bool) -> None:
    heading = np.tile([0.6, 0.8] if is_known else [np.nan, np.nan], (len(rows), 1))
    points = FINDERS["roadside"].find(np.array(rows), np.full(len(rows), kind, np.uint8), heading)
    assert points.place_m.shape == (len(rows), 2)
    assert (np.isfinite(points.place_m).all(axis=1) == np.isfinite(points.covariance_m2).all(axis=(1, 2))).all()


def test_edges_without_doubt_are_refused() -> None:
    with pytest.raises(ValueError, match="wanted sigma_px > 0"):
        BoxNoise(sigma_px=0.0)


def test_reference_places_lie_in_the_picture() -> None:
    assert are_whole(np.tile(spread_px(16, np.random.default_rng(0), camera()), (1, 2))).mean() > 0.9
