"""Traffic for the demo junction, with nobody in anybody's way: trajectories of a whole scene."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from catseye.core.road_user import RoadUser
from catseye.station.demo.driving import STEP_S, drive
from catseye.station.demo.footprint import footprint_m, footprints_touch
from catseye.station.demo.junction import PLAN
from catseye.station.demo.signals import SignalPlan
from catseye.station.demo.trajectories import Trajectories
from catseye.station.demo.trips import Trip, plan_trips, straight_trip

REFUSALS_COUNT = 5
STUCK_S = 9.0
NEVER_S = 1e9
LATE_S = (1.2, 1.6, 2.0, 2.4, 2.8)  # after the lamp turned red: later, others are on their way
LEAST_MS = 7.0
SEEN_S = 10.0  # of video before and after it


def junction_traffic(duration_s: float, seed: int, signals: SignalPlan, unwanted: Callable[[Trajectories], set[int]] = lambda _: set()) -> Trajectories:
    """Trajectories from 0 to `duration_s`. Whoever would touch another road user or block the junction never set out.

    Nor did whom `unwanted` names, asked anew in up to `REFUSALS_COUNT` rounds.
    """
    trips = plan_trips(duration_s, seed)
    for attempt in range(REFUSALS_COUNT + len(trips)):
        trajectories = drive(trips, duration_s, signals)
        guilty = {later for _, later in overlapping_tracks(trajectories)} | first_stuck(trajectories)
        if attempt < REFUSALS_COUNT:
            guilty |= unwanted(trajectories)
        if not guilty:
            break
        trips = [trip if index + 1 not in guilty else replace(trip, enter_s=NEVER_S) for index, trip in enumerate(trips)]
    return trajectories


def with_red_runner(duration_s: float, seed: int, signals: SignalPlan, unwanted: Callable[[Trajectories], set[int]]) -> tuple[Trajectories, int | None]:
    """The same traffic and one car more, which drives on where its lamp has just turned red, and its track; None where nobody could without a crash.

    Others may brake for it; whoever then meets somebody stays at home.
    """
    plain = junction_traffic(duration_s, seed, signals, unwanted)
    present = set(plain.track.tolist())
    trips = [trip if index + 1 in present else replace(trip, enter_s=NEVER_S) for index, trip in enumerate(plan_trips(duration_s, seed))]
    runner = len(trips) + 1
    for trip in _red_trips(duration_s, signals):
        others = list(trips)
        for _ in range(REFUSALS_COUNT):
            tried = drive([*others, trip], duration_s, signals)
            guilty = {track for pair in overlapping_tracks(tried) for track in pair} | first_stuck(tried) | unwanted(tried)
            if runner in guilty or not _is_red_at_its_line(tried, runner, trip, signals):
                break
            if not guilty:
                return tried, runner
            others = [each if index + 1 not in guilty else replace(each, enter_s=NEVER_S) for index, each in enumerate(others)]
    return plain, None


def _red_trips(duration_s: float, signals: SignalPlan) -> Iterator[Trip]:
    """Cars that go straight on and reach their stop line in the first seconds of red, with time to be seen before and after."""
    for arm, goal in (("south", "north"), ("west", "east"), ("east", "west"), ("north", "south")):
        for red_s in signals.red_begins_s(arm, duration_s):
            for late_s in LATE_S:
                if SEEN_S < red_s + late_s < duration_s - SEEN_S:
                    trip = straight_trip(arm, goal)
                    yield replace(trip, enter_s=red_s + late_s - trip.stop_m / trip.wanted_ms, runs_red=True)


def _is_red_at_its_line(trajectories: Trajectories, track: int, trip: Trip, signals: SignalPlan) -> bool:
    """Whether its front passes the stop line while its lamp is red and has been for a while, and it is through the junction without stopping."""
    mine = trajectories.track == track
    time_s, x_m, y_m = trajectories.time_s[mine], trajectories.x_m[mine], trajectories.y_m[mine]
    over = np.flatnonzero(np.hypot(x_m, y_m) < PLAN[trip.arm].stop_m + trajectories.length_m[mine] / 2)
    if not len(over):
        return False
    at_s, through = float(time_s[over[0]]), np.hypot(np.diff(x_m[over]), np.diff(y_m[over]))
    return bool((through > LEAST_MS * STEP_S).all()) and signals.state(trip.arm, at_s) == signals.state(trip.arm, at_s - LATE_S[0]) == "red"


def overlapping_tracks(trajectories: Trajectories) -> list[tuple[int, int]]:
    """Pairs of tracks (first, second) whose bodies touch at some row's time, in order of time."""
    t, found = trajectories, []
    for time_s in np.unique(t.time_s):
        rows = np.flatnonzero(t.time_s == time_s)
        near = np.hypot(t.x_m[rows][:, None] - t.x_m[rows], t.y_m[rows][:, None] - t.y_m[rows])
        pairs = np.argwhere(np.triu(near < (t.length_m[rows][:, None] + t.length_m[rows]) / 2 + 0.8, 1))
        found += [(int(t.track[rows[a]]), int(t.track[rows[b]])) for a, b in pairs if _touch(t, rows[a], rows[b])]
    return list(dict.fromkeys(found))


def _touch(t: Trajectories, a: int, b: int) -> bool:
    one, two = (footprint_m(*(float(column[row]) for column in (t.x_m, t.y_m, t.heading_deg, t.length_m, t.width_m))) for row in (a, b))
    return footprints_touch(one, two)


def first_stuck(trajectories: Trajectories) -> set[int]:
    """The track that first comes to stand in the middle of the junction for `STUCK_S`, if any: the others only wait behind it."""
    t = trajectories
    step_m = np.hypot(np.diff(t.x_m, prepend=np.nan), np.diff(t.y_m, prepend=np.nan))
    still = (step_m < 0.02) & (np.abs(t.x_m) < 9) & (np.abs(t.y_m) < 12) & (t.kind != RoadUser.PEDESTRIAN.code)
    tracks, first, counts = np.unique(t.track[still], return_index=True, return_counts=True)
    stuck = counts * STEP_S > STUCK_S
    begins_s = t.time_s[still][first[stuck]]
    return {int(tracks[stuck][begins_s.argmin()])} if stuck.any() else set()
