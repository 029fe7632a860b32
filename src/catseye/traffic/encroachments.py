"""Post-encroachment time: how soon one road user is where another just was (Allen, Shin & Cooper 1978).

Between footprints: from the moment the first left a place to the moment the second reached it, the smallest of all places both went over. Where the paths
cross at a right angle that is: first's rear out of the shared area, second's front into it. Who follows is always soon where another was, so only
paths that cross at an angle count, and none that parted only because one turned off. The ways are those of `Trails`, exact between its samples.
"""

from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Bools, Doubles, Ints
from catseye.core.road_user import RoadUser
from catseye.core.scene import GroundScene
from catseye.core.time import NS_PER_S
from catseye.traffic.bodies import LONGEST_STEP_S, Motion, Trails
from catseye.traffic.footprints import Footprints, contact_place, meet, separation_m

LEAST_ANGLE_DEG = 30.0  # SSAM's limit (FHWA-HRT-08-051): below, one follows the other
_COS = float(np.cos(np.radians(LEAST_ANGLE_DEG)))
_EVERY_S = 0.19
_TOUCHING_M = 1e-3
_SHARES = np.linspace(1.0, 0.0, 5)  # of the way from first touch to now
_TOUCHING_S = 1e-6  # the one is not gone: they touch
_PEDESTRIAN = RoadUser.PEDESTRIAN.code


@dataclass(frozen=True, slots=True, eq=False)
class Passings:
    """Pairs `index` (k, 2) of rows of the bodies: the second reached, since the moment before, a place that the first had left `pet_s` (k,) earlier.

    `speed_ms` (k, 2) of both there; `place` (k, 2).
    """

    index: Ints
    pet_s: Doubles
    speed_ms: Doubles
    place: Doubles


@dataclass(frozen=True, slots=True, eq=False)
class _Visits:
    """Samples (q,) of the ways of some pairs' first that lie on the way of their second, at an angle.

    `group` (q,): index of the pair; `motion`: the first's then; `ago_s` (q,) and `step_s` (q,) as in Trails.
    """

    group: Ints
    motion: Motion
    ago_s: Doubles
    step_s: Doubles

    def take(self, rows: Bools) -> "_Visits":
        """The chosen samples."""
        return _Visits(self.group[rows], self.motion.take(rows), self.ago_s[rows], self.step_s[rows])

    def repeated(self, times_count: int) -> "_Visits":
        """The same for so many moments of each pair: group g becomes g·times … g·times + times - 1; which sample is which stays its index divided by times."""
        rows = np.repeat(np.arange(len(self.group)), times_count)
        moment = np.tile(np.arange(times_count), len(self.group))
        return _Visits(self.group[rows] * times_count + moment, self.motion.take(rows), self.ago_s[rows], self.step_s[rows])

    def swept(self) -> Footprints:
        """All that each went over in its step."""
        return self.motion.swept(self.step_s)

    def deeper(self, areas: Footprints, by_m: Doubles) -> "_Visits | None":
        """Those of pairs any of whose visits reach deeper than (n,) metres into their area (n,) of now."""
        if not by_m.any():
            return self
        reaches = separation_m(self.swept(), areas.take(self.group)) < -by_m[self.group]
        deep = np.zeros(len(areas), np.bool_)
        deep[self.group[reaches]] = True
        return self.take(deep[self.group]) if np.count_nonzero(reaches) else None


@dataclass(frozen=True, slots=True, eq=False)
class _Left:
    """By pair (n,): how long ago the first was last in an area, inf where it never was, and the index of the visit that tells."""

    ago_s: Doubles
    index: Ints


class PassingWatch:
    """Finds passings as they happen, each the first time and whenever it turns out to be closer."""

    def __init__(self, within_s: float, least_ms: float, sure_sigmas: float) -> None:
        """Only up to `within_s`; both must move at least so fast, for sure."""
        self._within_s, self._least_ms, self._sure_sigmas = within_s, least_ms, sure_sigmas
        self._best: dict[tuple[int, int], tuple[float, int]] = {}
        self._last_ns: int | None = None

    def update(self, bodies: GroundScene, motion: Motion, trails: Trails, columns: Ints) -> Passings | None:
        """The next moment, already noted in the trails. Five times a second is enough: between, everybody is followed backwards."""
        step_s = LONGEST_STEP_S if self._last_ns is None else min((bodies.time_ns - self._last_ns) / NS_PER_S, LONGEST_STEP_S)
        if step_s < _EVERY_S:
            return None
        self._last_ns = bodies.time_ns
        slack = self._sure_sigmas * bodies.place_sigma
        back_s = np.minimum(step_s + 2 * slack / np.maximum(bodies.speed, self._least_ms), LONGEST_STEP_S)
        least_ms = self._least_ms + self._sure_sigmas * bodies.velocity_sigma
        first, second, reach = _near(bodies, motion, trails, columns, self._within_s, (least_ms, back_s))
        if not len(first):
            return None
        comer, back_s = motion.take(second), back_s[second]
        visits = _visits(trails, columns[first], comer.swept(back_s), reach, self._within_s + LONGEST_STEP_S)
        if visits is not None:
            visits = visits.deeper(comer.footprints, np.hypot(slack[first], slack[second]))
        return None if visits is None else self._closer(bodies, (first, second, comer), visits, trails, columns, back_s)

    def _closer(
        self, bodies: GroundScene, pairs: tuple[Ints, Ints, Motion], visits: _Visits, trails: Trails, columns: Ints, back_s: Doubles
    ) -> Passings | None:
        """Of some moments from the second's first touch of the first's way until now, the one that was soonest after the first had gone."""
        first, second, comer = pairs
        back = (_touched_ago_s(visits, comer, back_s)[:, None] * _SHARES).ravel()
        areas = comer.take(np.repeat(np.arange(len(comer)), len(_SHARES))).after(-back)
        left = _left(visits.repeated(len(_SHARES)), areas, back)
        later_s = (left.ago_s - back).reshape(len(comer), len(_SHARES))
        closest, pet = later_s.argmin(1), later_s.min(1)
        at = np.arange(len(comer)) * len(_SHARES) + closest
        pet[later_s[:, -1] <= _TOUCHING_S] = 0.0
        told = np.flatnonzero(pet <= self._within_s)
        told = told[self._is_new(bodies, first[told], second[told], pet[told])]
        if not len(told):
            return None
        gone = visits.motion.take(left.index[at[told]] // len(_SHARES))
        parted = ~_came_one_way(bodies, trails, columns, (first[told], second[told]), gone.footprints, left.ago_s[at[told]])
        told, gone = told[parted], gone.take(parted)
        speed = np.stack([np.hypot(*gone.velocity.T), np.hypot(*comer.velocity[told].T)], 1)
        place = contact_place(gone.footprints, areas.take(at[told]))
        return Passings(np.stack([first[told], second[told]], 1), pet[told], speed, place) if len(told) else None

    def _is_new(self, bodies: GroundScene, first: Ints, second: Ints, pet_s: Doubles) -> Bools:
        """Which were never told, or not so close; remembered for a while. Who touched has met: nothing that follows is an encounter avoided."""
        new = np.zeros(len(first), np.bool_)
        pairs = zip(bodies.track[first].tolist(), bodies.track[second].tolist(), pet_s.tolist(), strict=True)
        for at, (one, other, pet) in enumerate(pairs):
            if pet < self._best.get((one, other), (np.inf, 0))[0] - _TOUCHING_S:
                new[at], self._best[one, other] = pet > _TOUCHING_S, (pet, bodies.time_ns)
        if len(first):
            oldest_ns = bodies.time_ns - int(2 * self._within_s * NS_PER_S)
            self._best = {pair: best for pair, best in self._best.items() if best[1] >= oldest_ns}
        return new


def _near(bodies: GroundScene, motion: Motion, trails: Trails, columns: Ints, within_s: float, each: tuple[Doubles, Doubles]) -> tuple[Ints, Ints, Doubles]:
    """Pairs of rows whose second may touch the first's way of the last seconds, at an angle; and how near a sample of the one must be to the other (n,).

    `each`: the least speeds (m,) of bodies, and how far back (m,) to follow them as second.
    """
    least_ms, back_s = each
    radius, speed, heading = motion.footprints.radius, bodies.speed, bodies.heading
    then = trails.motions(trails.moment(within_s), columns).table
    seen = np.isfinite(then[0])
    way = np.where(seen, motion.table[:2] - then[:2], within_s * motion.table[6:8])
    fastest = np.fmax(speed, np.hypot(then[6], then[7]))
    one, other = (fastest >= least_ms).nonzero()[0], (speed >= least_ms).nonzero()[0]
    around = 0.5 * np.maximum(np.hypot(way[0], way[1]), within_s * fastest) + radius
    middle, place = (motion.table[:2] - 0.5 * way)[:, one], motion.table[:2, other]
    x, y, reach = middle[0][:, None] - place[0], middle[1][:, None] - place[1], around[one][:, None] + radius[other]
    near = x * x + y * y < reach * reach
    headed, aim = np.where(seen, then[2:4], motion.table[2:4])[:, one].T, heading[other].T
    near &= (heading[one] @ aim < _COS) | (headed @ aim < _COS)
    near &= one[:, None] != other
    walks = bodies.kind == _PEDESTRIAN
    if walks.any():
        near &= ~(walks[one][:, None] & walks[other])
    at, by = near.nonzero()
    first, second = one[at], other[by]
    return first, second, radius[first] + radius[second] + fastest[first] * trails.longest_step_s() + speed[second] * back_s[second]


def _visits(trails: Trails, columns: Ints, areas: Footprints, reach: Doubles, within_s: float) -> _Visits | None:
    """Which samples of the bodies `columns` (n,) went over the areas (n,), at an angle; centres farther than `reach` (n,) apart cannot."""
    moments = trails.moments(within_s)
    (x, y), (ahead_x, ahead_y), area = trails.places(moments, columns), trails.headings(moments, columns), areas.table
    near = (x - area[0]) ** 2 + (y - area[1]) ** 2 < reach * reach
    near &= ahead_x * area[2] + ahead_y * area[3] < _COS
    which, pair = near.nonzero()
    if not len(pair):
        return None
    visits = _Visits(pair, trails.motions(moments[which], columns[pair]), trails.ago_s(moments[which]), trails.step_s(moments[which]))
    met = separation_m(visits.swept(), areas.take(pair)) <= 0
    return visits.take(met) if met.any() else None


def _touched_ago_s(visits: _Visits, comer: Motion, back_s: Doubles) -> Doubles:
    """How long ago (n,), at most `back_s` (n,), the second first touched the way of the first; 0 where it did not."""
    meeting = meet(visits.swept(), comer.footprints.take(visits.group), comer.velocity[visits.group])
    most_s = back_s[visits.group]
    touches = (meeting.enter_s <= 0) & (meeting.leave_s > -most_s)
    ago = np.zeros(len(comer))
    np.maximum.at(ago, visits.group[touches], np.minimum(-meeting.enter_s, most_s)[touches])
    return ago


def _left(visits: _Visits, areas: Footprints, back_s: Doubles) -> _Left:
    """When the first was last in areas (n,), at moments that lie `back_s` (n,) ago or earlier."""
    meeting = meet(visits.motion.footprints, areas.take(visits.group).grown(_TOUCHING_M), -visits.motion.velocity)
    last_s = np.minimum(np.minimum(meeting.leave_s, 0.0), visits.ago_s - back_s[visits.group])
    inside = (last_s >= -visits.step_s) & (last_s > meeting.enter_s)
    ago_s = np.where(inside, visits.ago_s - last_s, np.inf)
    order = np.lexsort((ago_s, visits.group))
    group = visits.group[order]
    begins = np.concatenate([[0], (group[1:] != group[:-1]).nonzero()[0] + 1])
    pair = group[begins]
    found = _Left(np.full(len(areas), np.inf), np.zeros(len(areas), np.int64))
    found.ago_s[pair], found.index[pair] = ago_s[order[begins]], order[begins]
    return found


def _came_one_way(bodies: GroundScene, trails: Trails, columns: Ints, pairs: tuple[Ints, Ints], left: Footprints, left_ago_s: Doubles) -> Bools:
    """Whether both came along one way, and their paths part only since one turned off it: then the other merely drives on."""
    first, second = pairs
    moments = trails.moments()
    before = trails.ago_s(moments)[:, None] > left_ago_s
    half = 0.5 * (bodies.width[first] + bodies.width[second])
    sides = ((columns[first], bodies.place[second], bodies.heading[second]), (columns[second], left.place, left.heading))
    came = np.zeros(len(first), np.bool_)
    for column, place, heading in sides:
        (x, y), (along_x, along_y), (ahead_x, ahead_y) = trails.places(moments, column), trails.headings(moments, column), heading.T
        aside = np.abs(ahead_x * (y - place[:, 1]) - ahead_y * (x - place[:, 0]))
        same_way = (along_x * ahead_x + along_y * ahead_y > _COS) & (aside < half)
        came |= (same_way & before).any(0)
    return came
