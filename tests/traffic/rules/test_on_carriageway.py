"""On foot where only vehicles belong."""

from tests.support.roads import Drive, findings, scenes, straight, world

from catseye.core.road_user import RoadUser
from catseye.traffic.rules.on_carriageway import OnCarriageway, OnCarriagewayKeys

ROAD = world(zones={"road": [[0, -4], [100, -4], [100, 4], [0, 4]], "zebra": [[45, -4], [50, -4], [50, 4], [45, 4]]})
KEYS = OnCarriagewayKeys("road", ("zebra",))


def on_foot(begin_m: tuple[float, float], towards_deg: float, sigma_m: float = 0.1) -> Drive:
    return Drive(straight(5, begin_m, towards_deg), kind=RoadUser.PEDESTRIAN, sigma_m=sigma_m)


def found_of(*drives: Drive) -> list:
    return findings(OnCarriageway(KEYS, ROAD), ROAD, scenes(drives))


def test_walking_along_the_road_is_found_and_over_the_crossing_is_not() -> None:
    (found,) = found_of(on_foot((10, 0), 90), on_foot((47.5, -8), 0), Drive(straight(50)))
    assert found.track == (1,)
    assert not OnCarriageway.is_violation


def test_beside_the_road_nobody_is_on_it() -> None:
    assert found_of(on_foot((10, 5), 90), on_foot((10, 3.5), 90, sigma_m=0.5)) == []


def test_a_step_off_the_kerb_is_none() -> None:
    assert found_of(Drive(lambda time_s: (20.0, -5 + 1.5 * min(time_s, 1.5 - 0.5 * time_s)), kind=RoadUser.PEDESTRIAN, sigma_m=0.05, end_s=3)) == []
