"""Who is on collision course with whom, how soon they meet and how hard one would have to brake: every pair of a moment at once."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from catseye.core.arrays import Bools, Doubles, Ints
from catseye.core.road_user import RoadUser
from catseye.core.scene import GroundScene
from catseye.traffic.bodies import Motion
from catseye.traffic.encounters import SAME_WAY_DEG, drac_ms2
from catseye.traffic.footprints import Meeting, meet, ttc_doubt_s
from catseye.traffic.turning import Turning

_SAME_WAY = float(np.cos(np.radians(SAME_WAY_DEG)))
_PEDESTRIAN = RoadUser.PEDESTRIAN.code
_STILL_SQUARE = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Approaching:
    """Pairs `index` (k, 2) of rows of the bodies that surely meet within the time asked for, not touching yet.

    `ttc_s` (k,) and `drac_ms2` (k,) (inf: braking helps nobody), each with one sigma; `axis` (k,) they meet along, as of a Meeting.
    """

    index: Ints
    ttc_s: Doubles
    ttc_sigma_s: Doubles
    drac_ms2: Doubles
    drac_sigma_ms2: Doubles
    axis: Ints


@dataclass(frozen=True, slots=True)
class Threshold:
    """What counts: meeting within `within_s`, at no less than `least_ms`, in spite of `sure_ratio` sigmas of doubt; `size_sigma_m` of lengths and widths."""

    within_s: float
    least_ms: float
    sure_ratio: float
    size_sigma_m: float


class CollisionCourses:
    """How pairs (n,) meet within a time if they hold their course: `ttc_s` (n,), inf for those that do not.

    Where one turns, going on straight and going on turning must both lead to it, and the later counts; but those that go the same way follow the same curve.
    """

    def __init__(self, one: Motion, other: Motion, within_s: float) -> None:
        """Both sides, row by row."""
        self.meeting: Meeting = meet(one.footprints, other.footprints, other.velocity - one.velocity)
        self.ttc_s = self.meeting.ttc_s()
        self._turns = np.flatnonzero((one.turn_rads != 0) | (other.turn_rads != 0))
        if len(self._turns):
            self._follow_turns(one, other, within_s)

    def _follow_turns(self, one: Motion, other: Motion, within_s: float) -> None:
        headings = one.table[2:4, self._turns] * other.table[2:4, self._turns]
        together = headings[0] + headings[1] > _SAME_WAY
        may = together | (self.ttc_s[self._turns] < within_s)
        self.ttc_s[self._turns[~may]] = np.inf
        self._turns, self._together = self._turns[may], together[may]
        if len(self._turns):
            self._turning = Turning(one.take(self._turns), other.take(self._turns), within_s)
            self.ttc_s = self._with_turns(self.ttc_s, np.zeros(len(one)))

    def surely_s(self, slack_m: Doubles) -> Doubles:
        """Time to collision (n,) if they must meet deeper than the slack (n,), of those that meet at all."""
        return self._with_turns(self.meeting.ttc_deeper_s(slack_m), slack_m) if len(self._turns) else self.meeting.ttc_deeper_s(slack_m)

    def _with_turns(self, ttc: Doubles, slack_m: Doubles) -> Doubles:
        straight, turning = ttc[self._turns], self._turning.ttc_s(slack_m[self._turns])
        ttc[self._turns] = np.where(np.isfinite(straight), np.maximum(straight, turning), np.where(self._together, turning, np.inf))
        return ttc


def approaching(bodies: GroundScene, motion: Motion, threshold: Threshold) -> Approaching | None:
    """All there are; None where there is none."""
    i, j = _near(bodies, motion, threshold)
    if not len(i):
        return None
    pairs = CollisionCourses(motion.take(i), motion.take(j), threshold.within_s)
    hits = (pairs.ttc_s > 0) & (pairs.ttc_s < threshold.within_s)
    if not hits.any():
        return None
    place_sigma, speed_sigma = bodies.place_sigma, bodies.velocity_sigma
    gap_sigma = np.sqrt(place_sigma[i] ** 2 + place_sigma[j] ** 2 + 0.5 * threshold.size_sigma_m**2)
    velocity_sigma = np.hypot(speed_sigma[i], speed_sigma[j])
    slack = threshold.sure_ratio * np.hypot(gap_sigma, np.where(hits, pairs.ttc_s, 0.0) * velocity_sigma)
    hits &= pairs.surely_s(slack) < threshold.within_s
    hits &= pairs.meeting.closing_ms() - threshold.sure_ratio * velocity_sigma > threshold.least_ms
    sure = hits.nonzero()[0]
    return _found(motion, (i[sure], j[sure]), pairs.meeting.take(sure), pairs.ttc_s[sure], (gap_sigma[sure], velocity_sigma[sure])) if len(sure) else None


def _found(motion: Motion, rows: tuple[Ints, Ints], meeting: Meeting, ttc: Doubles, sigmas: tuple[Doubles, Doubles]) -> Approaching:
    (gap_sigma, velocity_sigma), along = sigmas, motion.along_ms()
    drac, gap, closing = drac_ms2(meeting, np.stack([along[rows[0]], along[rows[1]]]))
    braked = np.isfinite(drac)
    gap, closing = np.where(braked, gap, 1.0), np.where(braked, closing, 1.0)
    drac_sigma = np.where(braked, drac, 0.0) * np.hypot(2 * velocity_sigma / closing, gap_sigma / gap)
    return Approaching(np.stack(rows, 1), ttc, ttc_doubt_s(meeting, ttc, gap_sigma, velocity_sigma), drac, drac_sigma, meeting.axis)


@lru_cache(maxsize=64)
def all_pairs(count: int) -> tuple[Ints, Ints]:
    """Every pair of so many rows once, the lower row first."""
    i, j = np.triu_indices(count, 1)
    return i, j


def _near(bodies: GroundScene, motion: Motion, threshold: Threshold) -> tuple[Ints, Ints]:
    """Rows of pairs whose surrounding circles meet in time if nobody turns, and of those going the same way of whom one turns."""
    i, j = all_pairs(len(bodies))
    table = motion.table[[0, 1, 6, 7]]
    (x, y, u, v), radius = table.take(j, 1) - table.take(i, 1), motion.footprints.radius
    reach = radius.take(j) + radius.take(i)
    square = u * u + v * v
    nearest_s = (x * u + y * v) / -np.maximum(square, _STILL_SQUARE)
    nearest_s = np.minimum(np.maximum(nearest_s, 0.0), threshold.within_s)
    u *= nearest_s
    u += x
    v *= nearest_s
    v += y
    near = u * u + v * v < reach * reach
    turns = motion.turn_rads != 0
    if turns.any():
        near |= _turning_together(motion, turns, (i, j), (x * x + y * y, reach + threshold.within_s * np.sqrt(square)))
    near &= square > threshold.least_ms**2
    rows = near.nonzero()[0]
    i, j = i[rows], j[rows]
    moving = (bodies.speed > threshold.least_ms) & (bodies.kind != _PEDESTRIAN)
    some = moving[i] | moving[j]
    return (i, j) if some.all() else (i[some], j[some])


def _turning_together(motion: Motion, turns: Bools, pair: tuple[Ints, Ints], squares: tuple[Doubles, Doubles]) -> Bools:
    (i, j), (apart_square, reach), (hx, hy) = pair, squares, motion.table[2:4]
    together = hx[i] * hx[j] + hy[i] * hy[j] > _SAME_WAY
    return np.asarray((turns[i] | turns[j]) & together & (apart_square < reach * reach), np.bool_)
