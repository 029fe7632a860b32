"""Who wants to go where on the demo junction: arrivals by arm, a bus timetable, walkers. Seeded, repeatable."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from catseye.core.arrays import Doubles
from catseye.core.road_user import RoadUser
from catseye.station.demo.junction import BIKE_BOX_M, CORNER_M, FAR_M, PLAN, evenly, lane_path

Choice = TypeVar("Choice")

WALKERS_BEGIN_S = -24.0
SEED_SHIFT = 19  # the demo's own seed, 7, then gives a full junction
FIRST_S = -3.0  # vehicles set out so late that the picture is empty at first: a camera needs a moment to learn its street

# kind: length, width, height in metres; wanted speed m/s; how far a follower stays behind in seconds
BODIES: dict[RoadUser, tuple[float, float, float, float, float]] = {
    RoadUser.CAR: (4.4, 1.8, 1.5, 11.5, 1.3),
    RoadUser.BUS: (11.0, 2.5, 3.1, 9.5, 1.6),
    RoadUser.TRUCK: (7.4, 2.3, 3.0, 9.5, 1.6),
    RoadUser.MOTORCYCLIST: (2.0, 0.75, 1.65, 10.0, 1.0),
    RoadUser.CYCLIST: (1.8, 0.6, 1.75, 5.2, 0.9),
    RoadUser.PEDESTRIAN: (0.45, 0.5, 1.72, 1.35, 0.4),
}


@dataclass(frozen=True, slots=True)
class Trip:
    """One road user's wish: when and where it enters and which way it goes. `stop_m`: where on its path it waits for its lamp, unless it `runs_red`."""

    enter_s: float
    kind: RoadUser
    arm: str
    path_m: Doubles
    stop_m: float
    yield_rank: int
    speed_ratio: float = 1.0
    length_ratio: float = 1.0
    runs_red: bool = False

    @property
    def wanted_ms(self) -> float:
        """The speed it drives where nothing holds it."""
        return BODIES[self.kind][3] * self.speed_ratio


def plan_trips(duration_s: float, seed: int) -> list[Trip]:
    """Everybody's wishes from a little before 0 to `duration_s`, in order of entering."""
    rng = np.random.default_rng(seed + SEED_SHIFT)
    vehicles = [trip for arm, flow in FLOWS.items() for trip in _arrivals(arm, flow, duration_s, rng)]
    return sorted(vehicles + _buses(duration_s, rng) + _walkers(duration_s, rng), key=lambda trip: trip.enter_s)


def _buses(duration_s: float, rng: np.random.Generator) -> list[Trip]:
    runs = int(np.ceil(duration_s / BUS_EVERY_S))
    return [_trip(first_s + run * BUS_EVERY_S, RoadUser.BUS, arm, goal, rng) for first_s, arm, goal in TIMETABLE for run in range(runs)]


# arm: mean headway in s, then goals with their shares
FLOWS: dict[str, tuple[float, dict[str, float]]] = {
    "west": (2.7, {"east": 0.72, "south": 0.18, "north": 0.10}),
    "east": (2.9, {"west": 0.72, "north": 0.18, "south": 0.10}),
    "south": (4.0, {"north": 0.5, "east": 0.35, "west": 0.15}),
    "north": (4.4, {"south": 0.5, "west": 0.35, "east": 0.15}),
}
MIX: dict[RoadUser, float] = {RoadUser.CAR: 0.60, RoadUser.MOTORCYCLIST: 0.27, RoadUser.CYCLIST: 0.07, RoadUser.TRUCK: 0.06}
TWO_WHEELED = {RoadUser.MOTORCYCLIST.code, RoadUser.CYCLIST.code}
TIMETABLE: tuple[tuple[float, str, str], ...] = ((5.0, "west", "east"), (33.0, "east", "west"))  # one bus each way every 55 s
BUS_EVERY_S = 55.0
TURN_RANKS = {0: 1, 1: 2, -1: 3}  # by turn: who goes first; walkers are 0


def _arrivals(arm: str, flow: tuple[float, dict[str, float]], duration_s: float, rng: np.random.Generator) -> list[Trip]:
    mean_s, goals = flow
    trips: list[Trip] = []
    enter_s = FIRST_S + float(rng.uniform(0, mean_s))
    while enter_s < duration_s:
        kind = _pick(MIX, rng)
        goal = next(iter(goals)) if kind is RoadUser.TRUCK else _pick(goals, rng)
        if kind.code in TWO_WHEELED and _turn(arm, goal) < 0:
            goal = next(iter(goals))  # a two-wheeler that wants left crosses straight on and waits there
        trips.append(_trip(enter_s, kind, arm, goal, rng))
        enter_s += float(1.8 + rng.exponential(mean_s - 1.8))
    return trips


def _pick(shares: Mapping[Choice, float], rng: np.random.Generator) -> Choice:
    weights = np.array(list(shares.values()))
    return list(shares)[int(rng.choice(len(shares), p=weights / weights.sum()))]


def _trip(enter_s: float, kind: RoadUser, arm: str, goal: str, rng: np.random.Generator) -> Trip:
    two_wheeled = kind in {RoadUser.MOTORCYCLIST, RoadUser.CYCLIST}
    turn = _turn(arm, goal)
    lane = "bike" if two_wheeled else "car"
    path = lane_path(arm, goal, lane)
    drift_m = float(rng.uniform(-0.45, 0.45) if two_wheeled else rng.uniform(-0.15, 0.15))
    stop_m = FAR_M - PLAN[arm].stop_m - 0.4 - (0.0 if two_wheeled else BIKE_BOX_M)
    return Trip(enter_s, kind, arm, sideways(path, drift_m), stop_m, TURN_RANKS[turn], float(rng.uniform(0.88, 1.12)), float(rng.uniform(0.94, 1.06)))


def straight_trip(arm: str, goal: str) -> Trip:
    """A car in the middle of its lane, quick enough to lead."""
    return Trip(0.0, RoadUser.CAR, arm, lane_path(arm, goal, "car"), FAR_M - PLAN[arm].stop_m - 0.4 - BIKE_BOX_M, TURN_RANKS[_turn(arm, goal)], 1.1)


def _turn(arm: str, goal: str) -> int:
    """0 straight, 1 right, -1 left."""
    a, b = PLAN[arm].out, PLAN[goal].out
    return int(np.sign(a[0] * b[1] - a[1] * b[0]))


def sideways(path_m: Doubles, right_m: float) -> Doubles:
    """The path moved `right_m` to the right of its own direction, (n, 2)."""
    ahead = np.gradient(path_m, axis=0)
    ahead /= np.maximum(np.hypot(ahead[:, 0], ahead[:, 1]), 1e-9)[:, None]
    return np.asarray(path_m + np.column_stack([ahead[:, 1], -ahead[:, 0]]) * right_m)


def _walkers(duration_s: float, rng: np.random.Generator) -> list[Trip]:
    every_s = 7.0
    times = np.arange(WALKERS_BEGIN_S, duration_s, every_s) + rng.uniform(0, every_s * 0.8, len(np.arange(WALKERS_BEGIN_S, duration_s, every_s)))
    return [_walk(float(enter_s), rng) for enter_s in times]


def _walk(enter_s: float, rng: np.random.Generator) -> Trip:
    """Along the pavement, over one zebra, and on; half the people walk the other way round."""
    arm = str(rng.choice(["west", "east", "north", "south"], p=[0.36, 0.3, 0.24, 0.1]))
    plan, drift_m = PLAN[arm], float(rng.uniform(-0.7, 0.7))
    beside_m, zebra_m = plan.half_m + 1.2 + float(rng.uniform(0, 1.6)), plan.zebra_m[0] + 1.0 + drift_m
    hand = float(rng.choice([-1, 1]))
    start = np.array([zebra_m + 27, beside_m]), np.array([zebra_m + CORNER_M * 0.2, beside_m])
    finish = np.array([zebra_m, -beside_m]), np.array([zebra_m + 24, -beside_m - 0.4])
    local = np.array([start[0], start[1], [zebra_m, beside_m - 0.6], finish[0], finish[1]])
    out, side = np.array(plan.out), np.array([plan.out[1], -plan.out[0]]) * hand
    path = evenly(local[:, :1] * out + local[:, 1:] * side)
    stop_m = float(np.hypot(*np.diff(local[:3], axis=0).T).sum() + 0.1)
    return Trip(enter_s, RoadUser.PEDESTRIAN, arm, path, stop_m, 0, float(rng.uniform(0.85, 1.15)), 1.0)
