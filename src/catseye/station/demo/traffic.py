"""Traffic for the demo junction, with nobody in anybody's way: trajectories of a whole scene."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from catseye.core.road_user import RoadUser
from catseye.station.demo.driving import STEP_S, drive
from catseye.station.demo.footprint import footprint_m, footprints_touch
from catseye.station.demo.signals import SignalPlan
from catseye.station.demo.trajectories import Trajectories
from catseye.station.demo.trips import plan_trips

REFUSALS_COUNT = 5
STUCK_S = 9.0
NEVER_S = 1e9


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
