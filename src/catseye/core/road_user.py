"""Who uses the road. A kind of road user is all we ever know about a person."""

from enum import StrEnum

import numpy as np

from catseye.core.arrays import Codes


class RoadUser(StrEnum):
    """The kinds we count. Columns hold their `code`; files hold their text."""

    PEDESTRIAN = "pedestrian"
    CYCLIST = "cyclist"
    MOTORCYCLIST = "motorcyclist"
    CAR = "car"
    BUS = "bus"
    TRUCK = "truck"
    UNKNOWN = "unknown"

    @property
    def code(self) -> int:
        """Index into `ROAD_USERS`; stable, stored nowhere."""
        return ROAD_USERS.index(self)


ROAD_USERS: tuple[RoadUser, ...] = tuple(RoadUser)


def _is_one_of(*kinds: RoadUser) -> Codes:
    table = np.zeros(len(ROAD_USERS), np.uint8)
    table[[kind.code for kind in kinds]] = 1
    return table


# Look-up tables over codes, for columns: `IS_VEHICLE[kind] == 1`.
IS_FOUR_WHEELED = _is_one_of(RoadUser.CAR, RoadUser.BUS, RoadUser.TRUCK)
IS_TWO_WHEELED = _is_one_of(RoadUser.CYCLIST, RoadUser.MOTORCYCLIST)
IS_DRIVEN = _is_one_of(RoadUser.CYCLIST, RoadUser.MOTORCYCLIST, RoadUser.CAR, RoadUser.BUS, RoadUser.TRUCK)
