"""What road users look like: cars, buses, trucks, riders and walkers, every one with its own colours."""

from catseye.core.road_user import ROAD_USERS, RoadUser
from catseye.station.demo.cars import car
from catseye.station.demo.heavy import bus, truck
from catseye.station.demo.looks import Look
from catseye.station.demo.riders import cyclist, motorcyclist, walker
from catseye.station.demo.solids import Solid

__all__ = ["Look", "body_of", "moving_body"]


def body_of(kind: int, look: Look, length_m: float, width_m: float, height_m: float) -> Solid:
    """The rigid body of a vehicle; whoever has limbs that move is drawn by `moving_body`."""
    builders = {RoadUser.CAR: car, RoadUser.BUS: bus, RoadUser.TRUCK: truck}
    return builders.get(ROAD_USERS[kind], car)(look, length_m, width_m, height_m)


def moving_body(kind: int, look: Look, odometer_m: float, height_m: float) -> Solid | None:
    """Bodies whose limbs move with the way covered; None for those that do not."""
    if ROAD_USERS[kind] is RoadUser.PEDESTRIAN:
        return walker(look, odometer_m, height_m)
    if ROAD_USERS[kind] is RoadUser.CYCLIST:
        return cyclist(look, odometer_m)
    if ROAD_USERS[kind] is RoadUser.MOTORCYCLIST:
        return motorcyclist(look)
    return None
