"""The renderer: what it says about a frame is what is in the frame."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from catseye.core.arrays import Pixels
from catseye.core.road_user import ROAD_USERS, RoadUser
from catseye.station.demo import CameraMove, CameraPose, Conditions, FrameTruth, Renderer, Scenery, Trajectories
from catseye.station.demo.footprint import footprint_m
from catseye.station.demo.props import Prop

Drive = Callable[..., Trajectories]
POSE = CameraPose((0.0, -30.0, 14.0), 0.0, 27.0, 560.0, (640, 360))
STEADY = Conditions(noise_ratio=0.0, vignette_ratio=0.0, drift_ratio=0.0)


def bare(pose: CameraPose, _: int) -> Pixels:
    return np.full((pose.size_px[1], pose.size_px[0], 3), 128, np.uint8)


def picture(traffic: Trajectories, conditions: Conditions = STEADY, props: tuple[Prop, ...] = ()) -> tuple[Pixels, FrameTruth]:
    return Renderer(POSE, traffic, conditions=conditions, scenery=Scenery(bare, props)).frame(0.5)


def standing(drive: Drive, track: int, kind: RoadUser, x_m: float, y_m: float, heading_deg: float = 90.0) -> Trajectories:
    return drive(track, kind, [(x_m, y_m), (x_m, y_m)], [0.0, 1.0], heading_deg)


def changed(rgb: Pixels, empty: Pixels) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(np.abs(rgb.astype(int) - empty).max(axis=2) > 0)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


@pytest.fixture
def nobody(drive: Drive) -> Trajectories:
    return standing(drive, 1, RoadUser.CAR, 500.0, 500.0)


@pytest.mark.parametrize("kind", [RoadUser.CAR, RoadUser.BUS, RoadUser.MOTORCYCLIST, RoadUser.PEDESTRIAN])
def test_a_box_is_tight_around_what_was_drawn(drive: Drive, kind: RoadUser, nobody: Trajectories, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catseye.station.demo.render.SHADE", 0)  # a shadow is not its owner
    monkeypatch.setattr("catseye.station.demo.render.UNDER", 0)
    rgb, truth = picture(standing(drive, 1, kind, 2.0, 3.0, 70.0))
    assert tuple(truth.box_px[0].astype(int)) == changed(rgb, picture(nobody)[0])
    assert truth.visible_ratio.tolist() == [1.0]
    assert ROAD_USERS[truth.kind[0]] is kind


def test_the_contact_point_is_the_projected_middle_of_the_footprint(drive: Drive) -> None:
    truth = picture(standing(drive, 1, RoadUser.CAR, 2.0, 3.0))[1]
    assert truth.contact_px == pytest.approx(POSE.ground_px(np.array([[2.0, 3.0]])))
    left, top, right, bottom = truth.box_px[0]
    assert left < truth.contact_px[0, 0] < right
    assert top < truth.contact_px[0, 1] < bottom


def test_a_bus_hides_who_walks_behind_it(drive: Drive, together: Drive) -> None:
    walker, bus = standing(drive, 1, RoadUser.PEDESTRIAN, 0.0, 2.2), standing(drive, 2, RoadUser.BUS, 0.0, 0.0)
    alone, hidden = picture(walker)[1], picture(together(walker, bus))[1]
    assert hidden.visible_ratio[0] < 0.2
    assert hidden.visible_ratio[1] == 1.0
    assert hidden.box_px[0].tolist() == alone.box_px[0].tolist(), "the box holds the hidden part too"
    assert np.isfinite(alone.head_box_px[0]).all()


def test_half_of_a_car_behind_a_tree_is_hidden_and_the_rest_is_seen(drive: Drive) -> None:
    truth = picture(standing(drive, 1, RoadUser.CAR, 0.0, 4.0), props=(Prop("tree", 0.8, -3.0, (5.0,)),))[1]
    assert 0.1 < truth.visible_ratio[0] < 0.9


def test_a_car_shows_one_plate_from_behind_and_none_from_the_side(drive: Drive) -> None:
    behind, beside = (picture(standing(drive, 1, RoadUser.CAR, 0.0, 0.0, heading_deg))[1].plate_box_px[0] for heading_deg in (0.0, 90.0))
    assert np.isfinite(behind).all()
    assert behind[3] - behind[1] < 6
    assert np.isnan(beside).all()


def test_a_rider_and_a_walker_have_a_head_inside_their_box_and_a_car_has_none(drive: Drive, together: Drive) -> None:
    kinds = (RoadUser.MOTORCYCLIST, RoadUser.PEDESTRIAN, RoadUser.CAR)
    truth = picture(together(*(standing(drive, 1 + n, kind, -6.0 + 6 * n, 0.0) for n, kind in enumerate(kinds))))[1]
    for box, head in zip(truth.box_px[:2], truth.head_box_px[:2], strict=True):
        assert (head[:2] >= box[:2]).all()
        assert (head[2:] <= box[2:]).all()
        assert 2 <= head[3] - head[1] <= 8
    assert np.isnan(truth.head_box_px[2]).all()


def test_a_shaken_picture_and_its_truth_move_together(drive: Drive, nobody: Trajectories, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catseye.station.demo.render.SHADE", 0)
    monkeypatch.setattr("catseye.station.demo.render.UNDER", 0)
    car = standing(drive, 1, RoadUser.CAR, 0.0, 0.0)
    shaken = Conditions(noise_ratio=0.0, vignette_ratio=0.0, drift_ratio=0.0, shake_px=9.0)
    (_, still), (moved_rgb, moved) = picture(car), picture(car, shaken)
    shift = (moved.contact_px - still.contact_px)[0]
    assert np.abs(shift).max() >= 1
    assert moved.box_px[0] == pytest.approx(still.box_px[0] + np.tile(shift, 2), abs=1)
    assert tuple(moved.box_px[0].astype(int)) == changed(moved_rgb, picture(nobody, shaken)[0])


def test_a_camera_that_was_knocked_sees_the_same_car_elsewhere_and_the_truth_knows(drive: Drive) -> None:
    car = standing(drive, 1, RoadUser.CAR, 0.0, 0.0)
    move = CameraMove(0.4, yaw_deg=3.0, pitch_deg=-1.0, roll_deg=2.0, shift_m=(0.0, 0.0, 0.2))
    renderer = Renderer(POSE, car, conditions=replace(STEADY, moves=(move,)), scenery=Scenery(bare, ()))
    before, after = renderer.frame(0.3)[1], renderer.frame(0.5)[1]
    assert before.contact_px == pytest.approx(POSE.ground_px(np.zeros((1, 2))))
    assert after.contact_px == pytest.approx(move.of(POSE).ground_px(np.zeros((1, 2))))
    assert np.abs(after.contact_px - before.contact_px).max() > 10


def test_a_body_is_drawn_where_the_pose_projects_it_even_through_a_bending_lens(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catseye.station.demo.render.SHADE", 0)
    monkeypatch.setattr("catseye.station.demo.render.UNDER", 0)
    pose = CameraPose.mounted(9, 25, focal_mm=4, k1_ratio=-0.25, k2_ratio=0.05, roll_deg=4)
    at = pose.to_ground_m(np.array([[250.0, 300.0]]))[0]
    bus = standing(drive, 1, RoadUser.BUS, float(at[0]), float(at[1]), 20.0)
    truth = Renderer(pose, bus, conditions=STEADY, scenery=Scenery(bare, ())).frame(0.5)[1]
    feet = footprint_m(float(at[0]), float(at[1]), 20.0, 11.0, 2.5)
    corners, _ = pose.project(np.vstack([np.column_stack([feet, np.full(4, 0.35)]), np.column_stack([feet, np.full(4, 2.85)])]))
    expected = np.concatenate([corners.min(0), corners.max(0)])
    assert truth.box_px[0, 0] == pytest.approx(expected[0], abs=2.0)
    assert expected[2] - 2 <= truth.box_px[0, 2] <= expected[2] + 9, "the mirror stands out on this side"
    assert truth.box_px[0, 1] <= expected[1] + 1


def test_an_empty_street_has_no_truth_and_a_still_picture(nobody: Trajectories) -> None:
    rgb, truth = picture(nobody)
    assert len(truth) == 0
    assert rgb.shape == (360, 640, 3)
    assert (rgb == 128).all()


def test_who_stands_beside_the_lens_or_behind_it_breaks_nothing(drive: Drive, together: Drive) -> None:
    around = [(0.0, -30.0), (0.0, -24.0), (1.0, -31.0), (0.0, -60.0)]
    truth = picture(together(*(standing(drive, 1 + n, RoadUser.BUS, x_m, y_m, 0.0) for n, (x_m, y_m) in enumerate(around))))[1]
    assert np.isfinite(truth.box_px).all()


def test_the_same_time_gives_the_same_picture(drive: Drive) -> None:
    car = standing(drive, 1, RoadUser.CAR, 0.0, 0.0)
    assert np.array_equal(picture(car, Conditions())[0], picture(car, Conditions())[0])
