"""Who can meet whom: the road users of a scene whose place, motion and size are known, and where they were in the last seconds.

Where a size is not known the smallest of its kind is taken, and where the heading is not known only the width counts: what meets then surely meets.
"""

import numpy as np

from catseye.core.arrays import Bools, Doubles, Ints
from catseye.core.columns import places_of
from catseye.core.road_user import ROAD_USERS, RoadUser
from catseye.core.scene import GroundScene
from catseye.core.time import NS_PER_S
from catseye.traffic.footprints import Footprints, left_of

# Length and width in metres of the smallest of each kind that is met on roads.
SMALLEST_M = {
    RoadUser.PEDESTRIAN: (0.3, 0.4),
    RoadUser.CYCLIST: (1.4, 0.4),
    RoadUser.MOTORCYCLIST: (1.7, 0.6),
    RoadUser.CAR: (3.0, 1.5),
    RoadUser.BUS: (7.0, 2.2),
    RoadUser.TRUCK: (5.0, 2.0),
    RoadUser.UNKNOWN: (0.3, 0.3),
}
_SMALLEST_M = np.array([SMALLEST_M[kind] for kind in ROAD_USERS])
_EAST = np.array([1.0, 0.0])
_FARTHEST_M, _LONGEST_M, _FASTEST_MS, _UNIT = 1e7, 100.0, 150.0, 1.001
_POSSIBLE = np.array([[_FARTHEST_M], [_FARTHEST_M], [_UNIT], [_UNIT], [_LONGEST_M], [_LONGEST_M], [_FASTEST_MS], [_FASTEST_MS], [np.inf]])


def known_bodies(scene: GroundScene) -> tuple[GroundScene, "Motion"]:
    """Those with a known and possible place and velocity, every heading and size filled in; and their motion, straight on."""
    motion = Motion.of(scene)
    sigma = scene.place_sigma + scene.velocity_sigma
    if bool((np.abs(motion.table) <= _POSSIBLE).all() and (motion.table[4:6] > 0).all() and (sigma < _FARTHEST_M).all()):
        return scene, motion
    near = (np.abs(motion.table[[0, 1, 6, 7]]) <= _POSSIBLE[[0, 1, 6, 7]]).all(0)
    scene = _filled(scene.keep(np.flatnonzero(near & (sigma < _FARTHEST_M))))
    return scene, Motion.of(scene)


def _filled(scene: GroundScene) -> GroundScene:
    smallest = _SMALLEST_M[np.minimum(scene.kind, len(_SMALLEST_M) - 1)]
    told = ((scene.length, smallest[:, 0]), (scene.width, smallest[:, 1]))
    length, width = (np.where((size > 0) & (size <= _LONGEST_M), size, least) for size, least in told)
    turned = np.asarray((np.abs(scene.heading) <= _UNIT).all(1), np.bool_)
    columns = (scene.track, scene.kind, scene.place, scene.place_sigma, scene.velocity, scene.velocity_sigma)
    heading = np.where(turned[:, None], scene.heading, _EAST)
    return GroundScene(scene.time_ns, *columns, heading, np.where(turned, length, np.minimum(length, width)), width, scene.trusted)


class Motion:
    """Bodies that keep their speed and turn rate, one row each, as one table (9, n).

    A footprint's six; velocity x, y in m/s; the turn rate in radians a second, left positive, 0 for straight on.
    """

    def __init__(self, table: Doubles) -> None:
        """Takes the table as it is."""
        self.table: Doubles = table
        self.footprints = Footprints(table[:6])

    @classmethod
    def of(cls, bodies: GroundScene) -> "Motion":
        """Of the bodies as they go, straight on."""
        table = np.empty((9, len(bodies)))
        table[0:2], table[2:4], table[4], table[5] = bodies.place.T, bodies.heading.T, bodies.length, bodies.width
        table[6:8], table[8] = bodies.velocity.T, 0.0
        return cls(table)

    def __len__(self) -> int:
        """How many."""
        return len(self.table[0])

    @property
    def velocity(self) -> Doubles:
        """(n, 2), m/s."""
        return self.table[6:8].T

    @property
    def turn_rads(self) -> Doubles:
        """(n,), radians a second."""
        column: Doubles = self.table[8]
        return column

    def take(self, rows: Ints | Bools) -> "Motion":
        """The chosen rows."""
        return Motion(self.table[:, rows])

    def along_ms(self) -> Doubles:
        """Speed along the heading (n,), negative in reverse."""
        return np.asarray(self.table[2] * self.table[6] + self.table[3] * self.table[7], np.float64)

    def after(self, time_s: Doubles) -> Footprints:
        """Where they are `time_s` (n,) later."""
        if not np.count_nonzero(self.table[8]):
            table = self.table[:6].copy()
            table[0:2] += time_s * self.table[6:8]
            return Footprints(table)
        half = 0.5 * self.turn_rads * time_s
        chord = (np.sinc(half / np.pi) * time_s)[:, None] * _turned(self.velocity, half)
        now = self.footprints
        return Footprints.of(now.place + chord, _turned(now.heading, 2 * half), now.length, now.width)

    def swept(self, step_s: Doubles | float) -> Footprints:
        """What they went over in the last `step_s` (n,), as rectangles: road users move along their length."""
        table = self.table[:6].copy()
        table[0:2] -= 0.5 * step_s * self.table[6:8]
        table[4] += np.abs(self.along_ms()) * step_s
        return Footprints(table)


def _turned(vector: Doubles, by_rad: Doubles) -> Doubles:
    return np.asarray(vector * np.cos(by_rad)[:, None] + left_of(vector) * np.sin(by_rad)[:, None], np.float64)


SPACING_S = 0.08
LONGEST_STEP_S = 0.5  # a pause is no motion: nobody is believed to have been where nobody looked
_NEVER_NS = -(1 << 62)
_ROUNDING_S = 1e-9
_COLUMNS_COUNT = 64  # at first; they double when they do not do


class Trails:
    """Where everybody was in the last seconds, sampled at least 0.08 s apart, the newest always there. Bounded by time and by who is in view.

    A sample stands for the step that led to it: the way between two samples is the later one's velocity backwards, never the difference of places.
    A track may be moved without having driven: SUMO changes lanes sideways in one step, a tracker corrects itself.
    """

    def __init__(self, span_s: float) -> None:
        """`span_s`: how far back."""
        self._moments_count = int(np.ceil(span_s / SPACING_S)) + 2
        self._span_s, self._span_ns = span_s, int(span_s * NS_PER_S)
        self._track: Ints = np.empty(0, np.int64)  # ascending
        self._column: Ints = np.empty(0, np.int64)  # of each, where it stays: to move all others for each that comes would cost most of a moment
        self._free: Ints = np.arange(_COLUMNS_COUNT)
        self._seen_ns: Ints = np.zeros(_COLUMNS_COUNT, np.int64)  # by column
        self._time_ns: Ints = np.full(self._moments_count, _NEVER_NS, np.int64)
        self._step_s: Doubles = np.zeros(self._moments_count)
        self._newest = 0
        self._table: Doubles = np.full((9, self._moments_count, _COLUMNS_COUNT), np.nan)  # nan: not seen then
        self._orders: Ints = (np.arange(self._moments_count)[:, None] - np.arange(self._moments_count)) % self._moments_count
        self._order: Ints = np.zeros(0, np.int64)  # newest first
        self._ago_s: Doubles = np.zeros(self._moments_count)

    def note(self, track: Ints, time_ns: int, motion: Motion) -> Ints:
        """Take the next moment of tracks (m,); who is who (m,) in all the rest."""
        columns = self._columns(track, time_ns)
        self._advance(time_ns)
        newest = self._table[:, self._newest]
        newest[...] = np.nan
        newest[:, columns] = motion.table
        self._seen_ns[columns] = time_ns
        return columns

    def _advance(self, time_ns: int) -> None:
        last = (self._newest - 1) % self._moments_count
        if self._time_ns[self._newest] - self._time_ns[last] >= SPACING_S * NS_PER_S:
            last, self._newest = self._newest, (self._newest + 1) % self._moments_count
        self._time_ns[self._newest] = time_ns
        self._step_s[self._newest] = min((time_ns - int(self._time_ns[last])) / NS_PER_S, LONGEST_STEP_S)
        self._ago_s = (time_ns - self._time_ns) / NS_PER_S
        self._order = self._orders[self._newest]

    def _columns(self, track: Ints, time_ns: int) -> Ints:
        place, there = places_of(track, self._track)
        if np.count_nonzero(there) < len(there):
            self._begin(track[~there], time_ns)
            place = self._track.searchsorted(track)
        return self._column[place]

    def _begin(self, new: Ints, time_ns: int) -> None:
        """Columns for tracks that come, of those that were forgotten if need be."""
        stays = time_ns - self._seen_ns[self._column] <= self._span_ns
        free = np.concatenate([self._free, self._column[~stays]])
        if len(free) < len(new):
            more = max(len(self._seen_ns), len(new))
            free = np.concatenate([free, len(self._seen_ns) + np.arange(more)])
            self._seen_ns = np.concatenate([self._seen_ns, np.zeros(more, np.int64)])
            self._table = np.concatenate([self._table, np.empty((9, self._moments_count, more))], 2)
        taken, self._free = free[: len(new)], free[len(new) :]
        self._table[:, :, taken] = np.nan
        tracks, columns = np.concatenate([self._track[stays], new]), np.concatenate([self._column[stays], taken])
        order = np.argsort(tracks, kind="stable")
        self._track, self._column = tracks[order], columns[order]

    def moments(self, since_s: float | None = None) -> Ints:
        """Indices (k,) of the samples of the last `since_s` seconds (all that are kept), newest first."""
        since_s = self._span_s if since_s is None else since_s
        return self._order[: int(self._ago_s[self._order].searchsorted(since_s + _ROUNDING_S))]

    def moment(self, ago_s: float) -> int:
        """Index of the oldest sample not older than that."""
        return int(self.moments(ago_s)[-1])

    def ago_s(self, moments: Ints) -> Doubles:
        """How long before the newest (k,)."""
        return self._ago_s[moments]

    def turned_rads(self, over_s: float, columns: Ints) -> Doubles:
        """Radians a second (n,) by which the heading of those noted last has turned since `over_s` ago, left positive; nan where one was not seen then."""
        moment = self.moment(over_s)
        (x, y), (now_x, now_y) = self._table[2:4, moment, columns], self._table[2:4, self._newest, columns]
        ago_s = float(self._ago_s[moment])
        if ago_s < 0.5 * over_s:
            return np.full(len(columns), np.nan)
        return np.asarray(np.arctan2(x * now_y - y * now_x, x * now_x + y * now_y) / ago_s, np.float64)

    def step_s(self, moments: Ints) -> Doubles:
        """How long a way each sample stands for (k,)."""
        return self._step_s[moments]

    def longest_step_s(self) -> float:
        """Of all samples."""
        return float(self._step_s.max())

    def places(self, moments: Ints, columns: Ints) -> Doubles:
        """Centres x, y (2, k, n); nan where one was not seen."""
        return self._table[0:2, moments[:, None], columns]

    def headings(self, moments: Ints, columns: Ints) -> Doubles:
        """Unit vectors x, y (2, k, n); nan where one was not seen."""
        return self._table[2:4, moments[:, None], columns]

    def motions(self, moments: Ints | int, columns: Ints) -> Motion:
        """Moments (n,), or one, of columns (n,), one to one."""
        return Motion(self._table[:, moments, columns])
