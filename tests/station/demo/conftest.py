"""What the demo's tests share: small trajectories, and one short scene rendered once."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from catseye.core.road_user import RoadUser
from catseye.station.demo import DemoScene, Trajectories, render_demo

SIZES_M = {RoadUser.CAR: (4.4, 1.8, 1.5), RoadUser.BUS: (11.0, 2.5, 3.1), RoadUser.PEDESTRIAN: (0.45, 0.5, 1.72), RoadUser.MOTORCYCLIST: (2.0, 0.75, 1.65)}
Drive = Callable[..., Trajectories]


@pytest.fixture(scope="session")
def drive() -> Drive:
    """`drive(track, kind, places_m, times_s, heading_deg)`: one road user that is at these places at these times."""

    def one(track: int, kind: RoadUser, places_m: Sequence[tuple[float, float]], times_s: Sequence[float], heading_deg: float = 90.0) -> Trajectories:
        n, at = len(times_s), np.array(places_m, np.float64)
        body = [np.full(n, size_m) for size_m in SIZES_M[kind]]
        return Trajectories(np.array(times_s), np.full(n, track), at[:, 0], at[:, 1], np.full(n, heading_deg), np.full(n, kind.code, np.uint8), *body)

    return one


@pytest.fixture(scope="session")
def together() -> Drive:
    """Several road users as one; tracks must ascend."""

    def join(*parts: Trajectories) -> Trajectories:
        return Trajectories(*(np.concatenate([getattr(part, name) for part in parts]) for name in Trajectories.__dataclass_fields__))

    return join


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> DemoScene:
    """Nine seconds of the demo, at few frames a second."""
    return render_demo(tmp_path_factory.mktemp("demo"), seconds_s=9, fps=5)
