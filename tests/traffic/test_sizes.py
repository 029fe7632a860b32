"""Usual sizes of road users."""

import numpy as np

from catseye.core.road_user import ROAD_USERS, RoadUser
from catseye.traffic.sizes import length_sigmas_m, lengths_m, width_sigmas_m, widths_m
from catseye.vision.bodies import BODIES


def test_every_kind_but_unknown_has_a_size_and_a_spread() -> None:
    codes = np.array([kind.code for kind in ROAD_USERS], np.uint8)
    for column in (lengths_m(codes), length_sigmas_m(codes), widths_m(codes), width_sigmas_m(codes)):
        assert (column[:-1] > 0).all()
        assert np.isnan(column[RoadUser.UNKNOWN.code])


def test_who_is_longer_is_longer() -> None:
    order = [RoadUser.PEDESTRIAN, RoadUser.CYCLIST, RoadUser.MOTORCYCLIST, RoadUser.CAR, RoadUser.TRUCK, RoadUser.BUS]
    assert (np.diff(lengths_m(np.array([kind.code for kind in order], np.uint8))) > 0).all()


def test_rooms_that_may_not_see_each_other_mean_the_same_sizes() -> None:
    known = np.array([kind.code for kind in ROAD_USERS if kind is not RoadUser.UNKNOWN], np.uint8)
    assert np.array_equal(np.stack([lengths_m(known), widths_m(known)], 1), BODIES.size_m[known, :2])
    assert np.array_equal(np.stack([length_sigmas_m(known), width_sigmas_m(known)], 1), BODIES.sigma_m[known, :2])
