"""Traffic on a straight road at speeds that are given, so that a measured speed can be held against a true one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Doubles
from catseye.core.errors import SiteError
from catseye.core.road_user import RoadUser
from catseye.station.demo.trajectories import Trajectories
from catseye.station.demo.trips import BODIES
from catseye.station.demo.worlds import StraightRoad

STEP_S = 0.02
HEADWAY_S = 1.4
SIZE_SPREAD_RATIO = 0.06
MIX: Mapping[RoadUser, float] = {RoadUser.CAR: 0.72, RoadUser.TRUCK: 0.1, RoadUser.BUS: 0.06, RoadUser.MOTORCYCLIST: 0.12}
CHANGES_RATIO = (0.6, 1.0, 1.35)
SPEEDS_KMH = (30.0, 90.0)


@dataclass(frozen=True, slots=True)
class Drive:
    """One vehicle along a road. `right_m`: metres right of the middle (below 0 left of it); `enter_s` when its middle is at the road's own begin.

    `speeds_kmh` at places evenly spread over the road in the order in which it comes by them, with even acceleration between; a single one is constant.
    `is_backward` comes against the road's heading. `length_ratio` and so on scale the kind's usual body.
    """

    kind: RoadUser
    right_m: float
    enter_s: float
    speeds_kmh: tuple[float, ...]
    is_backward: bool = False
    size_ratio: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a vehicle that never arrives."""
        if self.kind not in BODIES or not self.speeds_kmh or not all(0 < speed < 400 for speed in self.speeds_kmh):
            raise SiteError("drive", str(self), "a kind that moves, and speeds in (0, 400) km/h")


def drive_along(road: StraightRoad, drives: Sequence[Drive]) -> Trajectories:
    """Trajectories of these vehicles; a drive's track is its place in the list, from 1. Nobody looks out for anybody."""
    return Trajectories.together([_rows(road, drive) for drive in drives]) if drives else empty()


def empty() -> Trajectories:
    """Nobody at all."""
    none = np.zeros(0)
    return Trajectories(none, np.zeros(0, np.int64), none, none, none, np.zeros(0, np.uint8), none, none, none)


def road_traffic(
    road: StraightRoad,
    seconds_s: float,
    seed: int,
    *,
    per_minute_ratio: float = 8.0,
    speeds_kmh: tuple[float, float] = SPEEDS_KMH,
    changing_ratio: float = 0.0,
    mix: Mapping[RoadUser, float] = MIX,
    begin_s: float = 0.0,
) -> Trajectories:
    """Random traffic that nobody has to brake for: up to `per_minute_ratio` vehicles a minute set out in each lane between `begin_s` and `seconds_s`.

    Everybody drives at one speed out of `speeds_kmh`, or, for `changing_ratio` of them, at one that changes on the way. Who would run into
    the one ahead sets out later.
    """
    if not (per_minute_ratio > 0 and 0 < speeds_kmh[0] <= speeds_kmh[1] and 0 <= changing_ratio <= 1):
        raise SiteError("road traffic", f"{per_minute_ratio} a minute at {speeds_kmh} km/h", "more than none, speeds from low to high")
    rng = np.random.default_rng([seed, 8])
    lanes = [(float(right_m), False) for right_m in road.forward_lanes_m()] + [(float(right_m), True) for right_m in road.backward_lanes_m()]
    drives = [drive for lane in lanes for drive in _lane_drives(road, lane, (begin_s, seconds_s), per_minute_ratio, speeds_kmh, changing_ratio, mix, rng)]
    return drive_along(road, sorted(drives, key=lambda drive: drive.enter_s))


def _lane_drives(
    road: StraightRoad,
    lane: tuple[float, bool],
    span_s: tuple[float, float],
    per_minute_ratio: float,
    speeds_kmh: tuple[float, float],
    changing_ratio: float,
    mix: Mapping[RoadUser, float],
    rng: np.random.Generator,
) -> list[Drive]:
    drives: list[Drive] = []
    kinds, shares = list(mix), np.array(list(mix.values()))
    wish_s = span_s[0] + float(rng.exponential(60 / per_minute_ratio))
    while True:
        kind = kinds[int(rng.choice(len(kinds), p=shares / shares.sum()))]
        speed_kmh = float(rng.uniform(*speeds_kmh))
        changes = tuple(speed_kmh * np.clip(rng.uniform(CHANGES_RATIO[0], CHANGES_RATIO[2], 4), *CHANGES_RATIO[::2])) if rng.random() < changing_ratio else ()
        speeds = tuple(float(np.clip(each, *speeds_kmh)) for each in changes) or (speed_kmh,)
        drift_m = float(rng.uniform(-0.25, 0.25)) * (2.5 if kind is RoadUser.MOTORCYCLIST else 1)
        size_ratio = float(rng.uniform(1 - SIZE_SPREAD_RATIO, 1 + SIZE_SPREAD_RATIO))
        drive = Drive(kind, lane[0] + drift_m, wish_s, speeds, lane[1], size_ratio)
        enter_s = max(wish_s, _free_from_s(road, drives[-1], drive)) if drives else wish_s
        if enter_s > span_s[1]:
            return drives
        drives.append(Drive(kind, drive.right_m, enter_s, speeds, lane[1], size_ratio))
        wish_s = enter_s + float(rng.exponential(60 / per_minute_ratio))


def _free_from_s(road: StraightRoad, leader: Drive, follower: Drive) -> float:
    """The earliest entry with which the follower is `HEADWAY_S` behind the leader's tail everywhere."""
    reach_m = np.linspace(0, road.length_m, 200)
    bodies_m = (_body_m(leader)[0] + _body_m(follower)[0]) / 2
    tail_s = leader.enter_s + np.interp(reach_m + bodies_m, *_way(road, leader, spare_m=bodies_m)[::-1])
    return float((tail_s + HEADWAY_S - np.interp(reach_m, *_way(road, follower)[::-1])).max())


def _rows(road: StraightRoad, drive: Drive) -> Trajectories:
    time_s, reach_m = _way(road, drive)
    along_m = road.end_m - reach_m if drive.is_backward else road.begin_m + reach_m
    at = road.street_m(along_m, np.full(len(along_m), drive.right_m))
    n = len(time_s)
    heading_deg = (road.heading_deg + (180 if drive.is_backward else 0)) % 360
    body = [np.full(n, size_m) for size_m in _body_m(drive)]
    return Trajectories(drive.enter_s + time_s, np.ones(n, np.int64), at[:, 0], at[:, 1], np.full(n, heading_deg), np.full(n, drive.kind.code, np.uint8), *body)


def _body_m(drive: Drive) -> tuple[float, float, float]:
    length_m, width_m, height_m = BODIES[drive.kind][:3]
    return length_m * drive.size_ratio, width_m * (0.5 + drive.size_ratio / 2), height_m * (0.5 + drive.size_ratio / 2)


def _way(road: StraightRoad, drive: Drive, spare_m: float = 0.0) -> tuple[Doubles, Doubles]:
    """Seconds since entering and metres covered, (n,) each, a row every `STEP_S` where the speed changes; `spare_m` beyond the end at the last speed."""
    speed_ms = np.array(drive.speeds_kmh if len(drive.speeds_kmh) > 1 else drive.speeds_kmh * 2) / 3.6
    knots_m = np.linspace(0, road.length_m, len(speed_ms))
    leg_s = 2 * np.diff(knots_m) / (speed_ms[:-1] + speed_ms[1:])
    knots_s = np.append(0, np.cumsum(leg_s))
    if len(set(drive.speeds_kmh)) == 1:
        time_s, reach_m = knots_s, knots_m
    else:
        time_s = np.unique(np.round(np.concatenate([np.arange(0, knots_s[-1], STEP_S), knots_s]), 6))
        leg = np.clip(np.searchsorted(knots_s, time_s, side="right") - 1, 0, len(leg_s) - 1)
        since_s = time_s - knots_s[leg]
        reach_m = knots_m[leg] + speed_ms[leg] * since_s + (np.diff(speed_ms) / leg_s)[leg] * since_s**2 / 2
    if spare_m:
        time_s, reach_m = np.append(time_s, knots_s[-1] + spare_m / speed_ms[-1]), np.append(reach_m, road.length_m + spare_m)
    return time_s, reach_m
