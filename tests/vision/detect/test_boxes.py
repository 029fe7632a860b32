"""Suppression is the greedy answer; a rider and a machine are one; a vehicle two classes claim is one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vision.detect import reference

from catseye.core.detections import Detections
from catseye.core.road_user import ROAD_USERS, RoadUser
from catseye.vision.detect.boxes import Limits, families, intersections_px2, iou_ratio, suppress, unite_riders

CAR, TRUCK, BUS = RoadUser.CAR, RoadUser.TRUCK, RoadUser.BUS
PERSON, BIKE, MOTO = RoadUser.PEDESTRIAN, RoadUser.CYCLIST, RoadUser.MOTORCYCLIST
Seen = tuple[RoadUser, float, tuple[float, float, float, float]]
MOTORCYCLE = (MOTO, 0.6, (100.0, 150.0, 150.0, 210.0))
RIDER = (PERSON, 0.7, (105.0, 100.0, 145.0, 190.0))

places = st.integers(0, 120)
kinds = st.integers(0, len(ROAD_USERS) - 1) | st.just(CAR.code)
boxes = st.tuples(places, places, st.integers(1, 60), st.integers(1, 60), st.integers(1, 100), kinds)


def found(*seen: Seen) -> Detections:
    box_px = np.array([box for _, _, box in seen], np.float32).reshape(-1, 4)
    return Detections(box_px, np.array([score for _, score, _ in seen], np.float32), np.array([kind.code for kind, _, _ in seen], np.uint8))


def seen_in(detections: Detections) -> list[tuple[RoadUser, tuple[float, ...]]]:
    return [(ROAD_USERS[kind], tuple(box)) for kind, box in zip(detections.kind, detections.box_px.tolist(), strict=True)]


@settings(max_examples=150, deadline=None)
@given(st.lists(boxes, max_size=40), st.sampled_from([Limits(), Limits(0.3, 0.6), Limits(0.45, 0.75, 0.8)]))
def test_suppression_is_the_greedy_answer(drawn: list[tuple[int, ...]], limits: Limits) -> None:
    looks = found(*((ROAD_USERS[kind], score / 100, (x, y, x + width, y + height)) for x, y, width, height, score, kind in drawn))
    plain = [(*map(float, box), float(score), int(kind)) for box, score, kind in zip(looks.box_px, looks.score_ratio, looks.kind, strict=True)]
    survivors = reference.greedy(plain, families(looks.kind).tolist(), limits.most_iou_ratio, limits.across_iou_ratio, limits.most_inside_ratio)  # type: ignore[arg-type]
    kept = suppress(looks, limits)
    assert kept.box_px.tolist() == looks.box_px[survivors].tolist()
    assert kept.kind.tolist() == looks.kind[survivors].tolist()


def test_a_crowd_of_many_blocks_is_still_the_greedy_answer() -> None:
    rng = np.random.default_rng(7)
    centre, half = rng.uniform(0, 400, (700, 2)), rng.uniform(4, 40, (700, 2))
    box_px = np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
    looks = Detections(box_px, rng.random(700).astype(np.float32), rng.integers(0, 6, 700).astype(np.uint8))
    plain = [(*map(float, box), float(score), int(kind)) for box, score, kind in zip(box_px, looks.score_ratio, looks.kind, strict=True)]
    survivors = reference.greedy(plain, families(looks.kind).tolist(), 0.5, 0.75, 1.0)  # type: ignore[arg-type]
    assert suppress(looks).box_px.tolist() == box_px[survivors].tolist()


@pytest.mark.parametrize("others_count", [0, 1, 20, 300])
def test_a_street_of_cars_with_some_others_is_the_greedy_answer(others_count: int) -> None:
    rng = np.random.default_rng(others_count)
    for _ in range(10):
        centre, half = rng.uniform(0, 150, (300, 2)), rng.uniform(10, 40, (300, 2))
        box_px = np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
        kind = np.full(300, CAR.code, np.uint8)
        kind[:others_count] = rng.integers(0, 6, others_count)
        looks = Detections(box_px, rng.random(300).astype(np.float32), kind)
        plain = [(*map(float, box), float(score), int(kind)) for box, score, kind in zip(box_px, looks.score_ratio, looks.kind, strict=True)]
        survivors = reference.greedy(plain, families(kind).tolist(), 0.5, 0.75, 1.0)  # type: ignore[arg-type]
        assert suppress(looks).box_px.tolist() == box_px[survivors].tolist()


def test_suppression_goes_by_falling_score_and_twice_is_once() -> None:
    looks = found((CAR, 0.2, (0, 0, 10, 10)), (CAR, 0.9, (50, 0, 60, 10)), (CAR, 0.5, (51, 0, 61, 10)))
    kept = suppress(looks)
    assert kept.score_ratio.tolist() == pytest.approx([0.9, 0.2])
    assert suppress(kept).box_px.tolist() == kept.box_px.tolist()


def test_a_vehicle_that_car_and_truck_claim_is_one() -> None:
    kept = suppress(found((CAR, 0.5, (0, 0, 100, 60)), (TRUCK, 0.6, (3, 2, 104, 62)), (BUS, 0.4, (1, 1, 99, 60))))
    assert seen_in(kept) == [(TRUCK, (3, 2, 104, 62))]


def test_two_cars_side_by_side_are_two() -> None:
    assert len(suppress(found((CAR, 0.8, (0, 0, 100, 60)), (CAR, 0.7, (60, 0, 160, 60))))) == 2


def test_a_person_before_a_car_is_left_alone() -> None:
    assert len(suppress(found((CAR, 0.9, (0, 0, 100, 80)), (PERSON, 0.5, (20, 0, 70, 80))))) == 2


def test_a_part_of_a_vehicle_is_no_vehicle_where_the_network_boxes_parts() -> None:
    looks = found((CAR, 0.9, (0, 0, 100, 100)), (CAR, 0.5, (10, 60, 60, 98)))
    assert len(suppress(looks)) == 2
    assert len(suppress(looks, Limits(most_inside_ratio=0.8))) == 1


def test_a_rider_and_a_motorcycle_are_one_motorcyclist_in_the_box_of_both() -> None:
    (one,) = seen_in(unite_riders(found(MOTORCYCLE, RIDER)))
    assert one == (MOTO, (100, 100, 150, 210))


def test_a_rider_and_a_bicycle_are_one_cyclist() -> None:
    united = unite_riders(found((BIKE, 0.3, MOTORCYCLE[2]), RIDER))
    assert seen_in(united) == [(BIKE, (100, 100, 150, 210))]
    assert united.score_ratio.tolist() == pytest.approx([0.7])


def test_two_riders_on_one_machine_are_one_road_user() -> None:
    pillion = (PERSON, 0.4, (112.0, 95.0, 152.0, 185.0))
    assert seen_in(unite_riders(found(RIDER, MOTORCYCLE, pillion))) == [(MOTO, (100, 95, 152, 210))]


def test_a_pedestrian_beside_a_parked_motorcycle_stays_a_pedestrian() -> None:
    beside = (PERSON, 0.8, (152.0, 100.0, 180.0, 212.0))
    partly_before = (PERSON, 0.8, (135.0, 120.0, 175.0, 240.0))
    for walker in (beside, partly_before):
        assert {kind for kind, _ in seen_in(unite_riders(found(MOTORCYCLE, walker)))} == {PERSON, MOTO}


def test_a_pedestrian_far_behind_a_motorcycle_stays_a_pedestrian() -> None:
    behind = (PERSON, 0.8, (110.0, 100.0, 130.0, 155.0))
    assert len(unite_riders(found(MOTORCYCLE, behind))) == 2


def test_a_rider_between_two_machines_takes_one_of_them() -> None:
    other = (MOTO, 0.5, (140.0, 150.0, 190.0, 210.0))
    kinds = [kind for kind, _ in seen_in(unite_riders(found(MOTORCYCLE, other, RIDER)))]
    assert kinds == [MOTO, MOTO]


def test_a_driver_in_a_car_is_not_united_with_it() -> None:
    assert len(unite_riders(found((CAR, 0.9, (100, 150, 150, 210)), RIDER))) == 2


@settings(max_examples=80, deadline=None)
@given(st.lists(boxes, max_size=25))
def test_uniting_loses_nobody_but_riders_and_only_grows_boxes(drawn: list[tuple[int, ...]]) -> None:
    looks = found(*((ROAD_USERS[kind], score / 100, (x, y, x + width, y + height)) for x, y, width, height, score, kind in drawn))
    united = unite_riders(looks)
    others = looks.kind != PERSON.code
    assert (united.kind != PERSON.code).sum() == others.sum()
    rest = united.keep(united.kind != PERSON.code)
    assert (rest.box_px[:, :2] <= looks.box_px[others, :2]).all()
    assert (rest.box_px[:, 2:] >= looks.box_px[others, 2:]).all()
    if not np.isin(looks.kind, (BIKE.code, MOTO.code)).any():
        assert len(united) == len(looks)


def test_overlap_of_every_pair() -> None:
    one, other = np.array([[0, 0, 10, 10]], np.float32), np.array([[5, 0, 15, 10], [20, 20, 30, 30], [0, 0, 10, 10]], np.float32)
    assert intersections_px2(one, other).tolist() == [[50, 0, 100]]
    assert iou_ratio(one, other)[0] == pytest.approx([1 / 3, 0, 1], abs=1e-4)


def test_nothing_in_nothing_out() -> None:
    assert len(unite_riders(suppress(Detections.none()))) == 0
