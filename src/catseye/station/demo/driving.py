"""How road users move: everybody follows a path, keeps a gap (IDM), obeys the lamps and gives way."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catseye.core.arrays import Bools, Doubles, Ints
from catseye.core.road_user import RoadUser
from catseye.station.demo.junction import FAR_M, PATH_STEP_M
from catseye.station.demo.signals import SignalPlan
from catseye.station.demo.trajectories import Trajectories
from catseye.station.demo.trips import BODIES, TURN_RANKS, TWO_WHEELED, WALKERS_BEGIN_S, Trip

STEP_S = 0.2
LOOK_STEP_M, LOOK_COUNT = 0.8, 40
HORIZONS_S = (0.0, 0.6, 1.2, 1.8, 2.4, 3.0)
CONFLICT_M = 17.0  # ways cross only so near the centre
AWAY_M = 1e6
OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}


@dataclass(slots=True)
class _Road:
    """Working columns of the simulation, one row a trip; only `reach_m` and `speed_ms` change."""

    paths: Doubles
    end_m: Doubles
    limit_ms: Doubles
    length_m: Doubles
    width_m: Doubles
    height_m: Doubles
    headway_s: Doubles
    kind: Ints
    rank: Ints
    stop_m: Doubles
    enter_s: Doubles
    reach_m: Doubles
    speed_ms: Doubles
    give_way_m: Doubles
    arms: NDArray[np.str_]
    runs_red: Bools


def drive(trips: list[Trip], duration_s: float, signals: SignalPlan) -> Trajectories:
    """Trajectories from 0 to `duration_s`, a row every `STEP_S`; a trip's track is its place in the list, from 1."""
    road = _road(trips)
    rows: list[tuple[float, Ints, Doubles, Doubles]] = []
    inside: Bools = np.zeros(len(trips), np.bool_)
    for step in range(round(WALKERS_BEGIN_S / STEP_S), int(np.ceil(duration_s / STEP_S)) + 1):
        time_s = step * STEP_S
        inside = _admit(road, inside, time_s)
        live = np.flatnonzero(inside)
        if step >= 0:
            at, ahead = _pose(road, live, road.reach_m[live])
            rows.append((time_s, live, at, ahead))
        _advance(road, live, time_s, signals)
        inside &= road.reach_m < road.end_m
    return _columns(road, rows)


def _road(trips: list[Trip]) -> _Road:
    longest = max(len(trip.path_m) for trip in trips)
    bodies = np.array([BODIES[trip.kind] for trip in trips])
    size = bodies[:, :1] * np.array([[trip.length_ratio] for trip in trips])
    wanted = np.array([trip.wanted_ms for trip in trips])
    paths = np.array([np.pad(trip.path_m, ((0, longest - len(trip.path_m)), (0, 0)), mode="edge") for trip in trips])
    limits = np.array([_limits_ms(path, speed) for path, speed in zip(paths, wanted, strict=True)])
    return _Road(
        paths,
        np.array([(len(trip.path_m) - 2) * PATH_STEP_M for trip in trips]),
        limits,
        size[:, 0],
        bodies[:, 1],
        bodies[:, 2],
        bodies[:, 4],
        np.array([trip.kind.code for trip in trips]),
        np.array([trip.yield_rank for trip in trips]),
        np.array([trip.stop_m for trip in trips]),
        np.array([trip.enter_s for trip in trips]),
        np.zeros(len(trips)),
        wanted.copy(),
        np.array([FAR_M - (4.0 if trip.arm in {"east", "west"} else 6.0) for trip in trips]),
        np.array([trip.arm for trip in trips]),
        np.array([trip.runs_red for trip in trips]),
    )


def _limits_ms(path_m: Doubles, wanted_ms: float) -> Doubles:
    """Speed along the path, lower in bends (2 m/s² sideways), and low soon enough before them (1.8 m/s²)."""
    ahead = np.diff(path_m, axis=0)
    heading = np.unwrap(np.arctan2(ahead[:, 1], ahead[:, 0]))
    bend = np.abs(np.gradient(heading)) / PATH_STEP_M
    limit = np.minimum(wanted_ms, np.sqrt(2.0 / np.maximum(np.convolve(bend, np.ones(5) / 5, "same"), 1e-3)))
    limit = np.append(limit, limit[-1])
    for index in range(len(limit) - 2, -1, -1):
        limit[index] = min(limit[index], np.sqrt(limit[index + 1] ** 2 + 2 * 1.8 * PATH_STEP_M))
    return np.asarray(limit)


def _admit(road: _Road, inside: Bools, time_s: float) -> Bools:
    """Let those whose time has come onto the street, where the place is free."""
    inside = inside.copy()
    for index in np.flatnonzero((road.enter_s <= time_s) & ~inside & (road.reach_m == 0)):
        live = np.flatnonzero(inside)
        away = np.hypot(*(_pose(road, live, road.reach_m[live])[0] - road.paths[index, 0]).T)
        if not (away < road.length_m[live] / 2 + road.length_m[index] / 2 + 4).any():
            inside[index] = True
    return inside


def _pose(road: _Road, who: Ints, reach_m: Doubles) -> tuple[Doubles, Doubles]:
    """Positions (…, 2) and unit headings (…, 2) at `reach_m` (…) along the paths of `who`."""
    at = np.clip(reach_m / PATH_STEP_M, 0, road.paths.shape[1] - 2.001)
    cell = at.astype(np.int64)
    left, right = road.paths[who, cell], road.paths[who, cell + 1]
    ahead = right - left
    size = np.hypot(ahead[..., 0], ahead[..., 1])[..., None]
    return left + ahead * (at - cell)[..., None], ahead / np.maximum(size, 1e-9)


def _advance(road: _Road, live: Ints, time_s: float, signals: SignalPlan) -> None:
    if not len(live):
        return
    reach, speed = road.reach_m[live], road.speed_ms[live]
    front = reach + road.length_m[live] / 2
    room = _room_to_lamp(road, live, front, speed, time_s, signals)
    gap, leader_ms = _nearest_ahead(road, live, front, room)
    limit = road.limit_ms[live, np.clip((reach / PATH_STEP_M).astype(np.int64), 0, road.limit_ms.shape[1] - 1)]
    push = np.minimum(_idm(speed, limit, gap, leader_ms, road.headway_s[live]), _idm(speed, limit, room, np.zeros(len(live)), np.full(len(live), 0.6)))
    after = np.clip(speed + push * STEP_S, 0, None)
    road.reach_m[live] = reach + (speed + after) / 2 * STEP_S
    road.speed_ms[live] = after


def _room_to_lamp(road: _Road, live: Ints, front: Doubles, speed: Doubles, time_s: float, signals: SignalPlan) -> Doubles:
    """Metres to the place where one must wait, for a lamp or to give way; far away when nothing holds."""
    room = road.stop_m[live] - front
    held = np.array([_is_held(road, index, room[row], speed[row], time_s, signals) for row, index in enumerate(live)])
    room = np.where(held, np.maximum(room + 1.0, 0.05), AWAY_M)
    to_give_way = road.give_way_m[live] - front
    for row in np.flatnonzero((road.rank[live] == TURN_RANKS[-1]) & (to_give_way > -0.6) & ~held):
        if _comes_towards(road, live, held, str(road.arms[live[row]])):
            room[row] = max(to_give_way[row] + 1.0, 0.05)
    return room


def _comes_towards(road: _Road, live: Ints, held: Bools, arm: str) -> bool:
    """Whether somebody from the other side, going straight on or right, is in the junction or will be within 4.5 s."""
    ahead_m = FAR_M - road.reach_m[live]
    soon = (ahead_m > -6) & (ahead_m < np.maximum(16, 4.5 * road.speed_ms[live]))
    drives_on = (road.rank[live] == TURN_RANKS[0]) | (road.rank[live] == TURN_RANKS[1])
    return bool((soon & drives_on & ~held & (road.arms[live] == OPPOSITE[arm])).any())


def _is_held(road: _Road, index: int, room_m: float, speed_ms: float, time_s: float, signals: SignalPlan) -> bool:
    if room_m < -0.6 or road.runs_red[index]:
        return False
    if road.kind[index] == RoadUser.PEDESTRIAN.code:
        return not signals.may_walk(str(road.arms[index]), time_s)
    state = signals.state(str(road.arms[index]), time_s)
    if state == "red" and road.kind[index] in TWO_WHEELED and signals.state(str(road.arms[index]), time_s + signals.bike_start_s) == "green":
        return False
    return state == "red" or (state == "amber" and room_m > speed_ms**2 / 6.0)


def _idm(speed: Doubles, limit: Doubles, gap: Doubles, leader_ms: Doubles, headway_s: Doubles) -> Doubles:
    """The intelligent driver model: acceleration m/s², never harder than 7 m/s² braking."""
    accel, brake, stand = 1.9, 2.6, 1.0
    wish = stand + np.maximum(0, speed * headway_s + speed * (speed - leader_ms) / (2 * np.sqrt(accel * brake)))
    return np.asarray(np.clip(accel * (1 - (speed / np.maximum(limit, 0.1)) ** 4 - (wish / np.maximum(gap, 0.05)) ** 2), -7.0, accel))


def _nearest_ahead(road: _Road, live: Ints, front: Doubles, room: Doubles) -> tuple[Doubles, Doubles]:
    """Gap in metres along one's own path to whoever is, or soon will be, in it, and that one's speed along it."""
    whose, when, discs, radius = _discs(road, live, room)
    look = front[:, None] + np.arange(LOOK_COUNT) * LOOK_STEP_M
    at, _ = _pose(road, np.repeat(live[:, None], LOOK_COUNT, 1), look)
    reach = (road.width_m[live][:, None] / 2 + radius[None, :] + 0.2).astype(np.float32)
    off = at.astype(np.float32)[:, :, None, :] - discs.astype(np.float32)[None, None, :, :]
    near = (off[..., 0] ** 2 + off[..., 1] ** 2) < (reach**2)[:, None, :]
    may = _must_heed(road, live, whose, when)
    near &= may[:, None, :]
    hit, first = near.any(1), near.argmax(1)
    _, heading = _pose(road, live, road.reach_m[live])
    along = np.maximum(heading @ (heading[whose] * road.speed_ms[live][whose][:, None]).T, 0) * (when == 0)[None, :]
    gap = np.where(hit, first * LOOK_STEP_M, AWAY_M)
    worst = gap.argmin(1)
    rows = np.arange(len(live))
    return gap[rows, worst], along[rows, worst]


def _must_heed(road: _Road, live: Ints, whose: Ints, when: Doubles) -> Bools:
    """(live, discs): present bodies always; where one will be only if that one goes first. Nobody heeds himself."""
    rank = road.rank[live] * 10_000 + live
    first = rank[whose][None, :] < rank[:, None]
    walker = (road.kind[live] == RoadUser.PEDESTRIAN.code)[:, None]
    return np.asarray((np.arange(len(live))[:, None] != whose[None, :]) & ((when == 0)[None, :] | (first & ~walker)))


def _discs(road: _Road, live: Ints, room: Doubles) -> tuple[Ints, Doubles, Doubles, Doubles]:
    """Bodies as discs, now and a few seconds on: row of `live` (d,), seconds ahead (d,), centres (d, 2), radii (d,)."""
    parts: list[tuple[Ints, Doubles, Doubles, Doubles]] = []
    radius = np.maximum(road.width_m[live] / 2, 0.25)
    count = np.maximum(1, np.ceil(road.length_m[live] / (2.2 * radius)).astype(np.int64))
    whose = np.repeat(np.arange(len(live)), count)
    nth = np.arange(len(whose)) - np.repeat(np.cumsum(count) - count, count)
    span = (road.length_m[live] / 2 - radius)[whose]
    offset = np.where(count[whose] > 1, -span + 2 * span * nth / np.maximum(count[whose] - 1, 1), 0.0)
    for ahead_s in HORIZONS_S:
        travel = np.minimum(road.speed_ms[live] * ahead_s, np.maximum(room - 1.0, 0))
        some = np.ones(len(whose), np.bool_) if ahead_s == 0 else (travel[whose] > 0.3)
        centre, _ = _pose(road, live[whose[some]], (road.reach_m[live] + travel)[whose[some]] + offset[some])
        near = (np.abs(centre) < CONFLICT_M).all(axis=1) | (ahead_s == 0)
        who = whose[some][near]
        parts.append((who, np.full(len(who), ahead_s), centre[near], radius[who]))
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))  # type: ignore[return-value] # as many columns as a part has


def _columns(road: _Road, rows: list[tuple[float, Ints, Doubles, Doubles]]) -> Trajectories:
    who = np.concatenate([live for _, live, _, _ in rows])
    time_s = np.concatenate([np.full(len(live), time_s) for time_s, live, _, _ in rows])
    at, ahead = np.vstack([row[2] for row in rows]), np.vstack([row[3] for row in rows])
    order = np.lexsort([time_s, who])
    who, time_s, at, ahead = who[order], time_s[order], at[order], ahead[order]
    heading_deg = np.degrees(np.arctan2(ahead[:, 0], ahead[:, 1])) % 360
    body = (road.kind[who].astype(np.uint8), road.length_m[who], road.width_m[who], road.height_m[who])
    return Trajectories(time_s, who + 1, at[:, 0], at[:, 1], heading_deg, *body)
