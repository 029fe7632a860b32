"""What passages over lines say together: the speed of each, and how close one road user followed another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Bools, Doubles, Ints
from catseye.core.scene import KMH_PER_MS
from catseye.core.time import NS_PER_S
from catseye.traffic.speed import speed_at
from catseye.traffic.trace import Trace

SAME_LANE_M = 1.75  # half a lane: whose fronts passed a line no farther apart followed one another
MOST_HEADWAY_S = 60.0  # over more than a minute nobody follows anybody


@dataclass(frozen=True, slots=True)
class Passings:
    """Fronts that went over lines, a row a passage (k,) in any order; what nobody knows is NaN.

    `time_ns`, `line` and `forward` as in Passages; `across_m` where on the line, from its first point. `speed_kmh` there with its doubt,
    `length_m` of the road user with its doubt, `place_sigma_m` how well its front is known along the way.
    """

    time_ns: Ints
    line: Ints
    forward: Bools
    across_m: Doubles
    speed_kmh: Doubles
    speed_doubt_kmh: Doubles
    length_m: Doubles
    length_doubt_m: Doubles
    place_sigma_m: Doubles

    def __post_init__(self) -> None:
        """Refuse columns of unequal length."""
        lengths = {name: len(getattr(self, name)) for name in self.__slots__}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"passings: {lengths}; wanted as many of each")

    def __len__(self) -> int:
        """How many."""
        return len(self.time_ns)


@dataclass(frozen=True, slots=True)
class Following:
    """Who followed whom, a row a passage (k,) in the order of the passings; doubts are one sigma.

    `leader` index of the passage it followed, -1 and the rest NaN where nobody went before it.
    `headway_s` front to front; `gap_s` the leader's rear to the follower's front, below zero where they were side by side after all.
    """

    leader: Ints
    headway_s: Doubles
    headway_doubt_s: Doubles
    gap_s: Doubles
    gap_doubt_s: Doubles


def line_speeds_kmh(traces: Sequence[Trace], time_ns: Ints) -> tuple[Doubles, Doubles]:
    """Speeds (k,) at passages and their doubts, each from the trace of who passed; NaN where its points do not tell."""
    told = [speed_at(trace, when) for trace, when in zip(traces, time_ns.tolist(), strict=True)]
    kmh = np.array([speed.kmh if speed else np.nan for speed in told], np.float64)
    return kmh, np.array([speed.doubt_kmh if speed else np.nan for speed in told], np.float64)


def following(passings: Passings, same_lane_m: float = SAME_LANE_M) -> Following:
    """Each passage with the one before it over the same line, the same way, in the same lane (no farther along the line than `same_lane_m`)."""
    leader = _leaders(passings, same_lane_m)
    follows = leader >= 0
    ahead = np.where(follows, leader, 0)
    speed_ms = np.where(passings.speed_kmh > 0, passings.speed_kmh, np.nan) / KMH_PER_MS
    time_doubt_s = passings.place_sigma_m / speed_ms
    headway_s = np.where(follows, (passings.time_ns - passings.time_ns[ahead]) / NS_PER_S if len(passings) else np.empty(0), np.nan)
    headway_doubt_s = np.where(follows, np.hypot(time_doubt_s, time_doubt_s[ahead]), np.nan) if len(passings) else np.empty(0)
    clear_s = passings.length_m / speed_ms  # from a front to its rear
    clear_doubt_s = clear_s * np.hypot(passings.length_doubt_m / passings.length_m, passings.speed_doubt_kmh / (speed_ms * KMH_PER_MS))
    gap_s = headway_s - clear_s[ahead]
    return Following(leader, headway_s, headway_doubt_s, gap_s, np.asarray(np.hypot(headway_doubt_s, clear_doubt_s[ahead]), np.float64))


def _leaders(passings: Passings, same_lane_m: float) -> Ints:
    """Index (k,) of whom each followed, -1: nobody. Passages of one line and way in order of time, then back until one in the same lane is met."""
    leader = np.full(len(passings), -1, np.int64)
    order = np.lexsort((passings.time_ns, passings.forward, passings.line))
    stream = passings.line[order] * 2 + passings.forward[order]
    time_ns, across_m = passings.time_ns[order], passings.across_m[order]
    waiting = np.arange(len(order))
    for back in range(1, len(order)):
        waiting = waiting[waiting >= back]
        before = waiting - back
        near = (stream[before] == stream[waiting]) & (time_ns[waiting] - time_ns[before] <= MOST_HEADWAY_S * NS_PER_S)
        waiting, before = waiting[near], before[near]
        if not len(waiting):
            break
        same = np.abs(across_m[waiting] - across_m[before]) <= same_lane_m
        leader[order[waiting[same]]] = order[before[same]]
        waiting = waiting[~same]
    return leader
