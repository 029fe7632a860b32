"""Regions follow their box: whole heads and whole plate bands, at any scale."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from catseye.core.road_user import ROAD_USERS, RoadUser
from catseye.vision.redact_regions import (
    Boxes,
    Rows,
    carried,
    joined_rows,
    on_the_move,
    reasons,
    regions,
    steps,
    too_fast_to_walk,
    unexplained,
    with_riders,
)

KINDS = np.arange(len(ROAD_USERS), dtype=np.uint8)
S = 1_000_000_000


def rows(*looks: tuple[int, int, float]) -> Rows:
    """(track, time in ms, left): pedestrians 20 wide and 60 high."""
    left = np.array([look[2] for look in looks])
    box_px = np.stack([left, np.full(len(left), 50.0), left + 20, np.full(len(left), 110.0)], axis=1).astype(np.float32)
    time_ns, track = np.array([look[1] for look in looks], np.int64) * 1_000_000, np.array([look[0] for look in looks], np.int64)
    return Rows(time_ns, track, box_px, np.zeros(len(left), np.uint8))


@given(st.floats(0.05, 20), st.floats(0, 500), st.floats(0, 500), st.floats(5, 200), st.floats(5, 200))
def test_regions_grow_with_their_box(scale: float, left: float, top: float, width: float, height: float) -> None:
    box_px = np.tile(np.array([left, top, left + width, top + height], np.float32), (len(KINDS), 1))
    here, there = regions(box_px, KINDS, 50.0), regions(box_px * np.float32(scale), KINDS, 50.0 * scale)
    if abs(height - 50) > 0.01:
        assert np.allclose(here * scale, there, rtol=1e-3, atol=1e-2 * max(1, scale))


def test_every_kind_has_something_to_fill() -> None:
    box_px = np.array([[100, 100, 200, 300]], np.float32)
    assert all(len(regions(box_px, KINDS[[kind]], 50.0)) for kind in KINDS)


def test_shoulders_and_head_alone_are_mostly_head() -> None:
    whole, bust = np.array([[0, 0, 40, 100]], np.float32), np.array([[0, 0, 100, 100]], np.float32)
    depth = [regions(box_px, np.zeros(1, np.uint8), 50.0)[0, 3] for box_px in (whole, bust)]
    assert depth[0] < 40
    assert depth[1] > 70


def test_people_in_a_crowd_are_filled_whole_since_one_may_hide_another() -> None:
    pair = np.array([[0, 0, 40, 100], [25, 40, 65, 140]], np.float32)
    assert regions(pair, np.zeros(2, np.uint8), 50.0)[:, 3].tolist() == [100, 140]


def test_a_box_whose_class_is_doubtful_is_of_no_class() -> None:
    pair = Boxes.of(np.zeros((2, 4), np.float32), np.full(2, RoadUser.CAR.code, np.uint8), np.array([0.49, 0.51], np.float32))
    assert pair.kind.tolist() == [RoadUser.UNKNOWN.code, RoadUser.CAR.code]


def test_between_two_looks_a_track_is_interpolated_and_a_little_larger() -> None:
    here = carried(rows((1, 0, 100), (1, 400, 140)), 200_000_000, 1.0, 1.5, 0.25)
    assert here.box_px.round(2).tolist() == [[119, 47, 141, 113]]


def test_a_track_of_long_ago_is_not_carried_to_now() -> None:
    assert len(carried(rows((1, 0, 100), (1, 100, 101), (1, 200, 102)), 5 * S, 1.0, 1.5, 0.25).box_px) == 0


def test_no_tracks_carry_nothing() -> None:
    assert len(carried(rows(), 0, 1.0, 1.5, 0.25).box_px) == 0


def test_what_stands_does_not_drive() -> None:
    looks = rows((1, 0, 100), (2, 0, 300), (1, 500, 101), (2, 500, 340))
    assert on_the_move(looks, 500_000_000)[:, 0].tolist() == [340]


def test_a_sliver_is_not_a_road_user() -> None:
    mask = np.zeros((90, 160), np.uint8)
    mask[40:42, 20:100] = 255
    assert not unexplained(mask, np.empty((0, 4), np.float32), 0.0003).any()


def test_what_moves_is_filled_above_too() -> None:
    mask = np.zeros((90, 160), np.bool_)
    mask[40:60, 70:80] = True
    assert unexplained(mask, np.empty((0, 4), np.float32), 0.0003)[33:60, 70:80].all()


@given(st.lists(st.tuples(st.sampled_from(range(len(RoadUser))), st.floats(1, 300), st.floats(1, 300)), max_size=8))
def test_every_region_has_its_reason_and_lies_at_the_box_it_was_made_of(users: list[tuple[int, float, float]]) -> None:
    box_px = np.array([(40 * row, 50, 40 * row + wide, 50 + tall) for row, (_, wide, tall) in enumerate(users)], np.float32).reshape(-1, 4)
    kind = np.array([code for code, _, _ in users], np.uint8)
    filled, told = regions(box_px, kind, 50.0), reasons(box_px, kind, 50.0)
    assert len(filled) == len(told.why) == len(told.row)
    middles = (box_px[told.row, 0] + box_px[told.row, 2]) / 2
    assert ((filled[:, 0] <= middles) & (middles <= filled[:, 2])).all()
    assert set(told.why) <= {"head", "plate band", "windows", "no sure class"}


def walking(track: int, speed_pxs: tuple[float, float], kind: RoadUser = RoadUser.PEDESTRIAN) -> Rows:
    """Six looks in 0.625 s at somebody 60 px high."""
    time_s = np.arange(6) / 8
    corner_px = np.array([100.0, 50.0]) + time_s[:, None] * np.array(speed_pxs)
    box_px = np.concatenate([corner_px, corner_px + np.array([20, 60])], axis=1).astype(np.float32)
    return Rows((time_s * S).astype(np.int64), np.full(6, track), box_px, np.full(6, kind.code, np.uint8))


def test_a_pedestrian_faster_than_anybody_walks_rides_across_the_picture_or_into_it() -> None:
    walkers = [walking(1, (45, 0)), walking(2, (0, 20)), walking(3, (0, 0))]
    riders = [walking(4, (90, 0)), walking(5, (0, -45)), walking(6, (60, 30))]
    cars = [walking(7, (200, 0), RoadUser.CAR)]
    assert too_fast_to_walk(joined_rows([*walkers, *riders, *cars])).tolist() == [4, 5, 6]


def test_a_jump_between_two_looks_is_no_ride() -> None:
    assert too_fast_to_walk(rows((1, 0, 100), (1, 125, 130))).tolist() == []
    assert too_fast_to_walk(rows()).tolist() == []


def test_a_rider_taken_for_a_pedestrian_is_filled_down_to_the_plate_of_the_machine() -> None:
    person = walking(4, (90, 0))
    here = carried(with_riders(person, {4: 0}), 0, 1.0, 1.5, 0.25)
    fill_px = regions(here.box_px, here.kind, 50.0)
    assert fill_px[0, 1] < 50
    assert fill_px[0, 3] > 50 + 1.3 * 60
    assert with_riders(person, {5: 0}) is person


def users(*lefts: float, top: float = 50.0, height: float = 60.0, kind: RoadUser = RoadUser.PEDESTRIAN) -> Boxes:
    left = np.array(lefts, np.float32)
    box_px = np.stack([left, np.full_like(left, top), left + height / 3, np.full_like(left, top + height)], axis=1).astype(np.float32)
    return Boxes(box_px, np.full(len(left), kind.code, np.uint8))


def test_who_only_two_closer_looks_saw_is_on_the_way_between_them() -> None:
    way = steps(users(100.0), users(190.0), 1.5)
    assert way.at(0.0, 0.0).box_px.tolist() == users(100.0).box_px.tolist()
    assert way.at(1 / 3, 0.0).box_px.round(3).tolist() == [[130, 50, 150, 110]]
    assert way.at(0.5, 0.1).box_px.round(3).tolist() == [[143, 44, 167, 116]]


def test_a_way_leads_to_the_nearest_of_its_size_no_further_than_anybody_walks() -> None:
    assert len(steps(users(100.0), users(100.0 + 60 * 2.4), 1.5).kind) == 0
    assert len(steps(users(100.0), users(130.0, height=200.0), 1.5).kind) == 0
    assert len(steps(users(100.0), users(101.0), 1.5).kind) == 0
    assert len(steps(users(), users(101.0), 1.5).kind) == 0
    both = steps(users(100.0, 300.0), users(140.0, 340.0), 1.5)
    assert both.to_px[:, 0].tolist() == [140, 340]


def test_nobody_is_left_without_a_way_where_two_come_to_one_place() -> None:
    assert sorted(steps(users(100.0, 190.0), users(145.0), 1.5).from_px[:, 0].tolist()) == [100, 190]


def test_a_way_between_two_kinds_is_of_no_class() -> None:
    assert steps(users(100.0), users(140.0, kind=RoadUser.CYCLIST), 1.5).kind.tolist() == [RoadUser.UNKNOWN.code]


def test_what_is_found_twice_in_one_place_stands_there() -> None:
    assert users(100.0, 200.0).again(users(102.0, 150.0).box_px).box_px[:, 0].tolist() == [100]
    assert len(users(100.0).again(users().box_px)) == 0
