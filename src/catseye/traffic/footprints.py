"""Footprints: oriented rectangles on the ground, how far apart they are, and when moving ones meet.

Two convex bodies are apart exactly where some axis keeps their shadows apart; for rectangles the four edge directions are enough (separating axes,
Gottschalk, Lin & Manocha 1996). While both move without turning, each axis keeps them apart outside one interval of time, so they meet exactly
while all four intervals hold at once: the first contact is the latest beginning, no stepping through time is needed.
Everything is columns: row i of one side against row i of the other.
"""

from functools import cached_property

import numpy as np

from catseye.core.arrays import Bools, Doubles, Ints

_STILL_MS = 1e-9  # nothing is taken to move slower than this along an axis, so that every quotient is a number
_NEVER_S = 1e6
_CORNERS = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])


class Footprints:
    """Rectangles, one row each, as one table (6, n): place x, y of the centre; unit vector x, y of the heading; length along it, width across; metres."""

    def __init__(self, table: Doubles) -> None:
        """Takes the table as it is."""
        self.table: Doubles = table

    @classmethod
    def of(cls, place: Doubles, heading: Doubles, length: Doubles, width: Doubles) -> "Footprints":
        """From `place` (n, 2), `heading` (n, 2), `length` (n,), `width` (n,)."""
        table = np.empty((6, len(length)))
        table[0:2], table[2:4], table[4], table[5] = place.T, heading.T, length, width
        return cls(table)

    def __len__(self) -> int:
        """How many."""
        return len(self.table[0])

    @property
    def place(self) -> Doubles:
        """Centres (n, 2)."""
        return self.table[0:2].T

    @property
    def heading(self) -> Doubles:
        """Unit vectors (n, 2) along the length."""
        return self.table[2:4].T

    @property
    def length(self) -> Doubles:
        """(n,)."""
        column: Doubles = self.table[4]
        return column

    @property
    def width(self) -> Doubles:
        """(n,)."""
        column: Doubles = self.table[5]
        return column

    def take(self, rows: Ints | Bools) -> "Footprints":
        """The chosen rows, by index or mask."""
        return Footprints(self.table[:, rows])

    def moved(self, by: Doubles) -> "Footprints":
        """Shifted by (n, 2) metres."""
        table = self.table.copy()
        table[0:2] += by.T
        return Footprints(table)

    def grown(self, by_m: float) -> "Footprints":
        """By so much on each side."""
        table = self.table.copy()
        table[4:6] += 2 * by_m
        return Footprints(table)

    @cached_property
    def radius(self) -> Doubles:
        """Of the circle around each (n,)."""
        return np.asarray(0.5 * np.hypot(self.table[4], self.table[5]), np.float64)

    def corners(self) -> Doubles:
        """(n, 4, 2), counter-clockwise from front left."""
        along, across = 0.5 * self.length[:, None] * self.heading, 0.5 * self.width[:, None] * left_of(self.heading)
        return np.asarray(self.place[:, None] + _CORNERS[:, :1] * along[:, None] + _CORNERS[:, 1:] * across[:, None], np.float64)

    def holds(self, points: Doubles, tolerance_m: float = 0.0) -> Bools:
        """Which of the points (n, k, 2) lie in the footprint of their row (n, k), give or take the tolerance."""
        along, across = self._beside(points)
        return np.asarray((along <= tolerance_m) & (across <= tolerance_m), np.bool_)

    def nearest_m(self, points: Doubles) -> Doubles:
        """Distance from the footprint to the nearest of its row's points (n, k, 2): (n,), 0 inside."""
        along, across = self._beside(points)
        return np.asarray(np.hypot(np.maximum(along, 0), np.maximum(across, 0)).min(1), np.float64)

    def _beside(self, points: Doubles) -> tuple[Doubles, Doubles]:
        """How far beyond the ends and beyond the sides (n, k), negative within."""
        x, y, ahead_x, ahead_y, length, width = self.table[:, :, None]
        offset_x, offset_y = points[..., 0] - x, points[..., 1] - y
        return np.abs(ahead_x * offset_x + ahead_y * offset_y) - 0.5 * length, np.abs(ahead_x * offset_y - ahead_y * offset_x) - 0.5 * width


def left_of(vector: Doubles) -> Doubles:
    """Each (n, 2) turned by a quarter, to the left hand.

    >>> left_of(np.array([[1.0, 0.0]])).tolist()
    [[-0.0, 1.0]]
    """
    turned = np.empty_like(vector)
    turned[:, 0], turned[:, 1] = -vector[:, 1], vector[:, 0]
    return turned


def _sides(one: Footprints, other: Footprints) -> Doubles:
    """Both, (6, 2, n)."""
    sides = np.empty((6, 2, len(one)))
    sides[:, 0], sides[:, 1] = one.table, other.table
    return sides


def _reach(sides: Doubles) -> Doubles:
    """How near the centres may come before the shadows touch, (2, 2, n): on one's and other's axes, along and across."""
    (ax, bx), (ay, by), sizes = sides[2], sides[3], sides[4:6].swapaxes(0, 1)
    cos, sin = np.abs(ax * bx + ay * by), np.abs(ax * by - ay * bx)
    others = sizes[::-1]
    return np.asarray(0.5 * (sizes + cos * others + sin * others[:, ::-1]), np.float64)


def separation_m(one: Footprints, other: Footprints) -> Doubles:
    """Widest gap between the shadows on any axis (n,); below zero they overlap, and that deep: the shortest way out.

    Apart it never exceeds the distance, and equals it wherever an edge faces the other.
    """
    sides = _sides(one, other)
    (x, y), (ahead_x, ahead_y) = sides[0:2, 1] - sides[0:2, 0], sides[2:4]
    gap = np.empty((2, 2, len(one)))
    gap[:, 0], gap[:, 1] = ahead_x * x + ahead_y * y, ahead_x * y - ahead_y * x
    return np.asarray((np.abs(gap) - _reach(sides)).max((0, 1)), np.float64)


def distance_m(one: Footprints, other: Footprints) -> Doubles:
    """Shortest distance between the two areas (n,), 0 where they overlap."""
    nearest = np.minimum(other.nearest_m(one.corners()), one.nearest_m(other.corners()))
    return np.where(separation_m(one, other) <= 0, 0.0, nearest)


def contact_place(one: Footprints, other: Footprints, tolerance_m: float = 0.1) -> Doubles:
    """Where touching footprints touch (n, 2): the middle of those corners of either that lie in the other, give or take the tolerance.

    Two that cross without a corner in each other, or do not touch, give the middle between the centres.
    """
    sides = one.corners(), other.corners()
    inside = np.concatenate([other.holds(sides[0], tolerance_m), one.holds(sides[1], tolerance_m)], 1)
    count = inside.sum(1)
    middle = (np.concatenate(sides, 1) * inside[..., None]).sum(1) / np.maximum(count, 1)[:, None]
    return np.where((count > 0)[:, None], middle, 0.5 * (one.place + other.place))


class Meeting:
    """When pairs of footprints meet if both keep their velocity; seconds from now, negative in the past.

    By axis, in one table (5, 4, n), are offset, speed, gap, begin and end: along one's heading 0, one's left 1, other's heading 2, other's left 3.
    """

    def __init__(self, table: Doubles) -> None:
        """Takes the table as it is."""
        self.table: Doubles = table

    @cached_property
    def _together_s(self) -> tuple[Doubles, Doubles]:
        return _held_by_all(self.table[3], self.table[4])

    @property
    def enter_s(self) -> Doubles:
        """When they first touch (n,); nan where they never meet."""
        return self._together_s[0]

    @property
    def leave_s(self) -> Doubles:
        """When they last touch (n,); nan where they never meet."""
        return self._together_s[1]

    @cached_property
    def axis(self) -> Ints:
        """Which of the axes they meet along (n,)."""
        return np.asarray(self.table[3].argmax(0), np.int64)

    @property
    def offset_m(self) -> Doubles:
        """From one's centre to the other's, by axis (4, n)."""
        column: Doubles = self.table[0]
        return column

    @property
    def speed_ms(self) -> Doubles:
        """Of the other as the one sees it, by axis (4, n)."""
        column: Doubles = self.table[1]
        return column

    @property
    def gap_m(self) -> Doubles:
        """Between the shadows now, by axis (4, n); negative: they overlap."""
        column: Doubles = self.table[2]
        return column

    @property
    def end_s(self) -> Doubles:
        """When the shadows have passed each other, by axis (4, n)."""
        column: Doubles = self.table[4]
        return column

    def take(self, rows: Ints | Bools) -> "Meeting":
        """The chosen pairs."""
        return Meeting(self.table[:, :, rows])

    def ttc_s(self) -> Doubles:
        """Time to collision (n,), Hayward 1972: 0 while they overlap, inf where they never will."""
        return _ttc_s(self.enter_s, self.leave_s)

    def ttc_deeper_s(self, by_m: Doubles) -> Doubles:
        """Time until they meet that deep (n,), metres: what it would be if every reach were so much shorter."""
        _, speed, _, begin, end = self.table
        later = by_m / np.abs(speed)
        return _ttc_s(*_held_by_all(begin + later, end - later))

    def closing_ms(self) -> Doubles:
        """How fast the gap they meet along shrinks (n,)."""
        return np.abs(self.speed_ms[self.axis, np.arange(len(self.axis))])


def meet(one: Footprints, other: Footprints, velocity: Doubles) -> Meeting:
    """When `one` and `other` meet, `velocity` (n, 2) being other's minus one's, m/s; exact, since neither turns."""
    sides, ways = _sides(one, other), np.empty((2, 2, 1, len(one)))
    ways[:, 0, 0], ways[:, 1, 0] = sides[0:2, 1] - sides[0:2, 0], velocity.T
    (x, y), (ahead_x, ahead_y) = ways, sides[2:4]
    table = np.empty((5, 4, len(one)))
    offset, speed, gap, begin, end = table
    by_side = table[0:2].reshape(2, 2, 2, len(one))
    by_side[:, :, 0], by_side[:, :, 1] = ahead_x * x + ahead_y * y, ahead_x * y - ahead_y * x
    reach = _reach(sides).reshape(4, len(one))
    np.subtract(np.abs(offset), reach, out=gap)
    speed[np.abs(speed) < _STILL_MS] = _STILL_MS
    half, middle = reach / np.abs(speed), offset / speed
    np.subtract(-middle, half, out=begin)
    np.subtract(half, middle, out=end)
    return Meeting(table)


def _held_by_all(begin: Doubles, end: Doubles) -> tuple[Doubles, Doubles]:
    """From the latest beginning to the earliest end of the axes (n,); nan where there is nothing between."""
    enter, leave = begin.max(0), end.min(0)
    never = (enter >= leave) | (enter > _NEVER_S) | (leave < -_NEVER_S)
    enter[never] = leave[never] = np.nan
    return enter, leave


def _ttc_s(enter_s: Doubles, leave_s: Doubles) -> Doubles:
    return np.where(leave_s > 0, np.maximum(enter_s, 0.0), np.inf)


def ttc_doubt_s(meeting: Meeting, ttc_s: Doubles, gap_sigma_m: Doubles, velocity_sigma_ms: Doubles) -> Doubles:
    """One sigma (n,) of `ttc_s` (n,), first order: a gap of doubtful width closing at a doubtful speed.

    `gap_sigma_m` (n,): places of both and half their sizes, in quadrature; `velocity_sigma_ms` (n,) of the closing speed.
    """
    return np.asarray(np.hypot(gap_sigma_m, ttc_s * velocity_sigma_ms) / meeting.closing_ms(), np.float64)
