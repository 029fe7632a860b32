"""The ground plan of the demo junction, in metres: x east, y north, right-hand traffic, the main road runs west to east."""

from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Doubles

ARMS = {"east": (1.0, 0.0), "north": (0.0, 1.0), "west": (-1.0, 0.0), "south": (0.0, -1.0)}
MAIN_HALF_M, SIDE_HALF_M, CORNER_M = 8.8, 5.2, 6.0
MEDIAN_HALF_M = 1.2
BUFFER_M = (4.75, 6.35)  # hatched, between cars and two-wheelers on the main road
PAVEMENT_M = 4.0
BIKE_BOX_M = 3.2  # two-wheelers wait in front of the cars
FAR_M = 64.0
PATH_STEP_M = 0.5


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm: `out` points away from the junction; lanes lie right of the way one drives."""

    out: tuple[float, float]
    car_lane_m: float
    bike_lane_m: float
    entry_m: float
    zebra_m: tuple[float, float]
    stop_m: float
    half_m: float

    def point(self, away_m: float, offset_m: float, *, inbound: bool) -> Doubles:
        """`away_m` from the centre, `offset_m` right of the middle for who drives in (or out)."""
        ux, uy = self.out
        right = np.array([-uy, ux]) if inbound else np.array([uy, -ux])
        return np.array([ux, uy]) * away_m + right * offset_m


def _arm(name: str) -> Arm:
    if name in {"east", "west"}:
        return Arm(ARMS[name], 2.95, 7.7, SIDE_HALF_M + 2.5, (6.4, 9.4), 10.6, MAIN_HALF_M)
    return Arm(ARMS[name], 1.9, 4.3, MAIN_HALF_M + 2.5, (10.0, 12.8), 13.9, SIDE_HALF_M)


PLAN = {name: _arm(name) for name in ARMS}


def lane_path(origin: str, goal: str, lane: str) -> Doubles:
    """The way from one arm to another, a point every `PATH_STEP_M`, (n, 2); `lane` is car or bike."""
    start, finish = PLAN[origin], PLAN[goal]
    offset_in, offset_out = (start.bike_lane_m, finish.bike_lane_m) if lane == "bike" else (start.car_lane_m, finish.car_lane_m)
    ends = start.point(FAR_M, offset_in, inbound=True), finish.point(FAR_M, offset_out, inbound=False)
    entry, leave = start.point(start.entry_m, offset_in, inbound=True), finish.point(finish.entry_m, offset_out, inbound=False)
    if start.out[0] == -finish.out[0]:
        return evenly(np.array(ends))
    bend = entry * np.abs(start.out[::-1]) + leave * np.abs(finish.out[::-1])  # where the two lanes would meet
    soft = 0.45 if start.out[0] * finish.out[1] - start.out[1] * finish.out[0] < 0 else 0.6  # left turns stay left of those who come towards them
    handles = entry + (bend - entry) * soft, leave + (bend - leave) * soft
    share = np.linspace(0, 1, 25)[:, None]
    curve = (1 - share) ** 3 * entry + 3 * share * (1 - share) ** 2 * handles[0] + 3 * share**2 * (1 - share) * handles[1] + share**3 * leave
    return evenly(np.vstack([ends[0], curve, ends[1]]))


def evenly(corners_m: Doubles) -> Doubles:
    """The polyline resampled every `PATH_STEP_M`, (n, 2)."""
    reach_m = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(corners_m, axis=0).T))])
    at_m = np.arange(0, reach_m[-1], PATH_STEP_M)
    return np.column_stack([np.interp(at_m, reach_m, corners_m[:, axis]) for axis in (0, 1)])


def kerb_distance_m(x_m: Doubles, y_m: Doubles) -> Doubles:
    """How far outside the carriageway a point lies; negative on the road. Corners are rounded."""
    over_x, over_y = np.abs(x_m) - SIDE_HALF_M, np.abs(y_m) - MAIN_HALF_M
    corner = (over_x < CORNER_M) & (over_y < CORNER_M) & (over_x > -1) & (over_y > -1)
    rounded = CORNER_M - np.hypot(CORNER_M - over_x, CORNER_M - over_y)
    return np.where(corner, rounded, np.minimum(over_x, over_y))
