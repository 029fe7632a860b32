import numpy as np
import pytest

from catseye.core.columns import Records
from catseye.core.road_user import RoadUser
from catseye.vision.stitch import are_alike, born_near, other_halves, overlap_ratio, twins
from catseye.vision.track_columns import TRACK

CAR, BUS, CYCLIST, UNKNOWN = (kind.code for kind in (RoadUser.CAR, RoadUser.BUS, RoadUser.CYCLIST, RoadUser.UNKNOWN))
NS = 10**9


def half(x_px: float, speed_pxs: float, born_s: float, seen_s: float, kind: int = CAR, track: int = 1) -> Records:
    one = np.zeros(1, TRACK)
    one["track"], one["born_ns"], one["seen_ns"] = track, born_s * NS, seen_s * NS
    one["place_px"], one["rate_pxs"], one["spread"] = [x_px, 100, 40, 30], [speed_pxs, 0, 0, 0], [0.002, 0.005, 0.1]
    one["votes"][:, kind] = 1.0
    return one


def meets(lost: Records, newborn: Records, at_s: float) -> bool:
    at_ns, one = round(at_s * NS), np.zeros(1, np.int64)
    near = born_near(lost, newborn, at_ns)
    return len(near[0]) == 1 and len(other_halves(lost, newborn, at_ns, (one, one))) == 1


@pytest.mark.parametrize(
    ("newborn", "is_other_half"),
    [
        (half(320, 80, 4.0, 4.5), True),  # where the lost one had to come out
        (half(120, 0, 4.0, 4.5), False),  # stands where the lost one drove on from
        (half(320, -80, 4.0, 4.5), False),  # the other way
        (half(500, 80, 4.0, 4.5), False),  # too far ahead
        (half(320, 80, 4.0, 4.5, kind=BUS), True),  # four wheels, misjudged
        (half(320, 80, 4.0, 4.5, kind=CYCLIST), False),
        (half(320, 80, 1.0, 4.5), False),  # was there before the other was lost
    ],
)
def test_halves_meet_when_place_time_speed_and_kind_agree(newborn: Records, is_other_half: bool) -> None:
    assert meets(half(120, 80, 0.0, 2.0), newborn, 4.5) is is_other_half


def test_a_standing_vehicle_meets_its_other_half_at_the_same_place_only() -> None:
    assert meets(half(120, 0, 0.0, 2.0), half(122, 0, 4.0, 4.5), 4.5)
    assert not meets(half(120, 0, 0.0, 2.0), half(150, 0, 4.0, 4.5), 4.5)


def test_overlap_is_intersection_over_union() -> None:
    place, other = np.array([[0.0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 10, 10]]), np.array([[5.0, 0, 10, 10], [50, 0, 10, 10], [0, 0, 2, 2]])
    assert overlap_ratio(place, other).tolist() == pytest.approx([50 / 150, 0.0, 4 / 100])


def test_the_unknown_is_like_all_and_wheels_are_told_apart() -> None:
    kinds = np.array([CAR, CAR, CAR, UNKNOWN]), np.array([BUS, CYCLIST, UNKNOWN, CYCLIST])
    assert are_alike(*kinds).tolist() == [True, False, True, True]


def test_a_twin_is_the_older_track_it_covers_best() -> None:
    tracks = np.concatenate([half(100, 50, 0, 1, track=1), half(104, 50, 0, 1, track=2), half(101, 50, 0.5, 1, track=3), half(101, 250, 0.5, 1, track=4)])
    rows, older = twins(tracks, np.array([2, 3]), 0.7)
    assert (rows.tolist(), older.tolist()) == ([2], [0])
