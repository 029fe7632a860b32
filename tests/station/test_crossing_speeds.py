"""A speed at a line: of the whole track, with the calibration's doubt, or none at all."""

from dataclasses import replace

import numpy as np
import pytest
from tests.vision.drives import calibrated
from tests.vision.test_body_fit import AHEAD, COUNT, MAST, drive, fitter, followed_on

from catseye.core.arrays import Doubles
from catseye.core.detections import Tracked
from catseye.core.road_user import RoadUser
from catseye.core.time import NS_PER_S
from catseye.station.crossing_speeds import Stood, crossing_speed, shares_its_place
from catseye.station.grounding import Grounded
from catseye.station.ledger import Ledger
from catseye.traffic.crossings import Crossings
from catseye.vision.bodies import CUBOIDS
from catseye.vision.body_fit import BodyFitter

TRUE_KMH = 16 / (COUNT - 1) * 7 * 3.6


def fitter_read_to(ratio: float) -> BodyFitter:
    """Of a calibration whose doubt is so many times that of an exact one."""
    calibration = calibrated(MAST)
    return BodyFitter(replace(calibration, covariance=calibration.covariance * ratio**2), bodies=CUBOIDS)


def test_a_crossing_is_measured_and_the_calibrations_doubt_is_in_it() -> None:
    looks, _ = drive(RoadUser.CAR)
    exact, rough = (crossing_speed(fitter_read_to(ratio), looks, RoadUser.CAR, NS_PER_S) for ratio in (0.0, 100.0))
    assert exact is not None
    assert rough is not None
    assert exact.kmh == pytest.approx(TRUE_KMH, abs=0.3)
    assert abs(rough.kmh - TRUE_KMH) < 0.5
    assert exact.doubt_kmh + 0.1 < rough.doubt_kmh


def test_points_read_too_roughly_give_no_speed_however_good_the_boxes_are() -> None:
    looks, _ = drive(RoadUser.CAR)
    assert crossing_speed(fitter_read_to(1000.0), looks, RoadUser.CAR, NS_PER_S) is None


def test_a_bus_called_a_car_is_as_fast_as_it_is() -> None:
    looks, _ = drive(RoadUser.BUS)
    speed = crossing_speed(fitter(), looks, RoadUser.CAR, NS_PER_S)
    assert speed is not None
    assert abs(speed.kmh - TRUE_KMH) < min(1.0, 2 * speed.doubt_kmh)


def test_boxes_that_tell_no_speed_give_none() -> None:
    looks, _ = drive(RoadUser.CAR)
    chance = np.random.default_rng(3)
    wild = looks.box_px + chance.normal(0, 25, looks.box_px.shape)
    assert crossing_speed(fitter(), replace(looks, box_px=wild), RoadUser.CAR, NS_PER_S) is None


def test_a_moment_far_from_every_look_has_no_speed() -> None:
    looks, _ = drive(RoadUser.CAR)
    assert crossing_speed(fitter(), looks, RoadUser.CAR, 20 * NS_PER_S) is None
    assert crossing_speed(fitter(), looks, RoadUser.CAR, 4 * NS_PER_S) is None


def test_what_only_moved_has_no_speed() -> None:
    looks, _ = drive(RoadUser.CAR)
    assert crossing_speed(fitter(), replace(looks, moved=np.full(COUNT, True)), RoadUser.CAR, NS_PER_S) is None


@pytest.mark.parametrize(("first", "then"), [(RoadUser.MOTORCYCLIST, RoadUser.TRUCK), (RoadUser.BUS, RoadUser.CAR), (RoadUser.CAR, RoadUser.MOTORCYCLIST)])
def test_a_track_that_goes_over_to_another_body_has_no_speed(first: RoadUser, then: RoadUser) -> None:
    assert crossing_speed(fitter(), followed_on(first, then), first, NS_PER_S) is None


@pytest.mark.parametrize("back_m", [6.0, 9.0, 14.0])
def test_a_track_that_falls_back_to_the_next_vehicle_of_the_same_size_has_no_speed(back_m: float) -> None:
    assert crossing_speed(fitter(), followed_on(RoadUser.CAR, RoadUser.CAR, back_m), RoadUser.CAR, NS_PER_S) is None


def test_a_track_that_was_with_the_next_vehicle_for_a_while_has_no_speed() -> None:
    looks, _ = drive(RoadUser.CAR)
    lost = np.arange(COUNT) >= COUNT - 3
    box_px = np.where(lost[:, None], drive(RoadUser.CAR, back_m=9.0)[0].box_px, looks.box_px)
    assert crossing_speed(fitter(), replace(looks, box_px=box_px), RoadUser.CAR, NS_PER_S) is None


@pytest.mark.parametrize(
    ("kind", "cut"), [(RoadUser.MOTORCYCLIST, -0.4), (RoadUser.MOTORCYCLIST, 0.4), (RoadUser.CAR, -0.4), (RoadUser.BUS, 0.3), (RoadUser.TRUCK, 0.6)]
)
def test_a_part_of_a_vehicle_has_no_speed(kind: RoadUser, cut: float) -> None:
    """A rider without the motorcycle, or wheels without a load: `cut` above 0 is the share that is missing from above, below 0 from below."""
    looks, _ = drive(kind)
    part = looks.box_px.copy()
    part[:, 1 if cut > 0 else 3] += cut * (part[:, 3] - part[:, 1])
    assert crossing_speed(fitter(), replace(looks, box_px=part), kind, NS_PER_S) is None


TIMES_NS = np.arange(8) * NS_PER_S // 8
WAY_M = np.linspace(0, 14, 8)[:, None] * AHEAD
ASIDE = np.array([AHEAD[1], -AHEAD[0]])


def stood(track: int, place_m: Doubles, length_m: float = 2.0, width_m: float = 0.8) -> Stood:
    count = len(place_m)
    return Stood(np.full(count, track), TIMES_NS[:count], place_m, np.full(count, length_m), np.full(count, width_m))


def joined(*some: Stood) -> Stood:
    return Stood(*(np.concatenate([getattr(each, name) for each in some]) for name in Stood.__slots__))


def test_a_rider_and_the_motorcycle_are_in_one_place() -> None:
    assert shares_its_place(stood(1, WAY_M), stood(2, WAY_M + 0.7 * AHEAD, 0.5, 0.5))
    assert shares_its_place(stood(1, WAY_M), joined(stood(3, WAY_M + 30), stood(2, WAY_M + 0.7 * AHEAD)))


def test_neighbours_and_followers_have_places_of_their_own() -> None:
    others = joined(stood(2, WAY_M + 1.0 * ASIDE), stood(3, WAY_M - 2.5 * AHEAD), stood(4, WAY_M + 3.5 * ASIDE + 2 * AHEAD, 12.0, 2.5))
    assert not shares_its_place(stood(1, WAY_M), others)


def test_a_box_for_a_moment_and_one_who_is_met_on_the_way_are_no_second_track() -> None:
    once = Stood(np.array([2]), TIMES_NS[3:4], WAY_M[3:4], np.full(1, 2.0), np.full(1, 0.8))
    assert not shares_its_place(stood(1, WAY_M), once)
    assert not shares_its_place(stood(1, WAY_M), stood(2, WAY_M[::-1]))


def test_who_was_seen_with_nobody_is_alone() -> None:
    nobody = stood(2, WAY_M[:0])
    assert not shares_its_place(stood(1, WAY_M), nobody)
    assert not shares_its_place(nobody, stood(1, WAY_M))


def told_kmh(aside_m: float) -> list[float]:
    """Two cars, one `aside_m` beside the other as places go, over a line at 1 s; the second one's track ends, and is settled, before the first one's."""
    looks, _ = drive(RoadUser.CAR)
    ledger, track = Ledger("cam", ["a"], bodies=fitter()), np.array([1, 2])
    yes, ones, nobody, px = np.full(2, True), np.ones(2), np.empty(0, np.int64), np.zeros((2, 2), np.float32)
    place_m = looks.place_m[:, None] + np.outer([0, aside_m], ASIDE)
    rest = (np.full(2, RoadUser.CAR.code, np.uint8), yes, yes, ones.astype(np.float32), np.empty((0, 2), np.int64))
    for time_ns, box_px, there_m in zip(looks.time_ns.tolist(), looks.box_px, place_m, strict=True):
        tracked = Tracked(time_ns, track, np.tile(box_px, (2, 1)).astype(np.float32), *rest, nobody)
        ledger.note(tracked, yes, px, Grounded(there_m, 0.5 * ones, 0.3 * ones, 0.01 * ones, 4.3 * ones, 1.8 * ones))
    ledger.cross(Crossings(np.full(2, NS_PER_S), track, np.zeros(2, np.int64), yes, np.zeros((2, 2))))
    end_ns = 5 * NS_PER_S // 2
    ledger.note(replace(tracked, time_ns=end_ns, seen=~yes, ended=track[1:]), yes, px)
    told = [batch.crossings for batch in (ledger.settle(end_ns, None), ledger.settle(2 * end_ns, None, is_over=True)) if batch is not None]
    assert [crossings.track.tolist() for crossings in told] == [[2], [1]]
    return [float(speed) for crossings in told if crossings.speed_kmh is not None for speed in crossings.speed_kmh]


def test_two_tracks_in_one_place_have_no_speed_whichever_is_settled_first() -> None:
    assert np.isnan(told_kmh(0.5)).all()
    assert told_kmh(3.5) == pytest.approx([TRUE_KMH] * 2, abs=0.3)
