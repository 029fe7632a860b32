"""One body a track: where a road user stood in each of its looks, if it was the same body, of one kind and one size, in all of them.

A box alone leaves the size to its kind's usual one, and the kind to a vote that may change on the way; then places jump, and a speed is wrong.
Here all looks of a track share length, width and height, for every kind of body that it could be; the boxes themselves say which.
Edges that lie at the picture's edge, or on the box of somebody nearer, are left out; an edge that fits none of the rest loses its weight.
What all looks share in error (the size, a network that draws its boxes too high or too large, edges that tell different stories, the calibration) is told
apart from what is new in each.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catseye.core.arrays import Bools, Doubles, Ints
from catseye.core.calibration import Calibration
from catseye.core.road_user import RoadUser
from catseye.core.time import NS_PER_S
from catseye.vision.bodies import BODIES, Bodies
from catseye.vision.body_edges import Turned, View, edges_seen
from catseye.vision.camera_geometry import geometry_of

_FOUR_WHEELED = (RoadUser.CAR, RoadUser.TRUCK, RoadUser.BUS)
_LIGHT = (RoadUser.MOTORCYCLIST, RoadUser.CYCLIST, RoadUser.PEDESTRIAN)
_RIVALS = dict.fromkeys((*_FOUR_WHEELED, RoadUser.UNKNOWN), (*_FOUR_WHEELED, RoadUser.MOTORCYCLIST)) | dict.fromkeys(_LIGHT, _LIGHT)
LEAST_LOOKS_COUNT = 4
_FENCE_SIGMA_M = 30.0
_STEP_MOST_M, _STILL_M = 4.0, 0.01
_SIZE_MOST_RATIO = 2.5
_ROUNDS_COUNT, _TRUSTING_ROUNDS_COUNT = 9, 2
_MORE_ROUNDS_COUNT = 3  # from an answer that is nearly right
_TRUSTED_SIGMAS = 2.5
_MOST_MISFIT = 20.0  # of a look: beyond it something else is wrong than the kind
_WORTH_COUNT = 6  # looks at one vehicle err alike: however many there are, they weigh no more than so many when kinds are compared
_MOST_COST_RATIO = (0.0, 13.8, 18.5, 22.5, 26.1, 29.6, 32.9)  # by looks: chi-square of two degrees each, 99.9 %
_NAMED_KIND_COST = 2.0  # what the network called it has this much of an advantage
_LEAST_SHARE = 0.02
_HEADING_WINDOW_S, _HEADING_SIGMA_DEG = 2.0, 0.5
_TURNS_COUNT = 5  # places tell the heading, and the heading moves the places, of a bus by as much as half of what it was wrong
_COVERED_RATIO = 0.4
_QUARREL_RATIO = 0.45  # a jackknife over four edges says √¾; but edges differ by their noise too, which is counted elsewhere


@dataclass(frozen=True, slots=True)
class EdgeNoise:
    """How well the edges of a network's boxes are known; pixels are those of the network, `network_px` of which make the picture's longer side.

    `sigma_…`: new in every look. `habit_…`: the same in all looks at one road user, and in all looks of one network: boxes drawn too high or too large.
    Ratios are of the box's width or height. An edge within `cut_px` of the picture's may be cut off by it.
    """

    network_px: float = 416.0
    sigma_px: float = 0.65
    sigma_ratio: float = 0.03
    habit_px: float = 0.55
    habit_ratio: float = 0.025
    cut_px: float = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """Of one road user, in order of time: `box_px` (n, 4) as found; `hidden` (n, 4) its edges that lie on somebody nearer; `moved` (n,) not a network's boxes.

    `place_m` (n, 2): roughly where it stood, NaN where nobody knows.
    """

    time_ns: Ints
    box_px: Doubles
    hidden: Bools
    moved: Bools
    place_m: Doubles

    def keep(self, which: Bools) -> "Looks":
        """The chosen ones."""
        return Looks(self.time_ns[which], self.box_px[which], self.hidden[which], self.moved[which], self.place_m[which])


@dataclass(frozen=True, slots=True, eq=False)
class BodyFit:
    """A track as one body of `kind`, in the looks at `time_ns` (n,). `share_ratio`: how probable that kind is; `cost_ratio`: minus twice its log likelihood.

    `place_m` (n, 2) middles of the footprint; `noise_m` (n,) on each axis, new in every look; `shared_m` (n, 2, k): what one sigma of each of k errors that
    all looks share moves them; `quarrel_m` (n, 2, 4): what it would move them to leave out each edge, as one sigma; `size_m` (3,).
    """

    kind: RoadUser
    share_ratio: float
    cost_ratio: float
    time_ns: Ints
    place_m: Doubles
    noise_m: Doubles
    shared_m: Doubles
    quarrel_m: Doubles
    size_m: Doubles

    @property
    def is_body(self) -> bool:
        """Whether a vehicle of its kind would fit its boxes as badly once in a thousand times: else they are of half a vehicle, or of two.

        Each look counted brings four edges and takes two numbers of a place; sizes bring as many numbers as they take.
        """
        return self.cost_ratio <= _MOST_COST_RATIO[min(len(self.time_ns), len(_MOST_COST_RATIO) - 1)]


class BodyFitter:
    """Of one camera; keeps nothing between tracks."""

    def __init__(self, calibration: Calibration, *, noise: EdgeNoise | None = None, bodies: Bodies = BODIES) -> None:
        """`calibration` of the picture the boxes are in."""
        self.noise, self.bodies = noise or EdgeNoise(), bodies
        geometry = geometry_of(calibration)
        self._view = View.of(calibration, geometry) if geometry else None
        self._calibration, self._size_px = calibration, calibration.size_px or (0, 0)

    def fits(self, looks: Looks, kind: RoadUser) -> list[BodyFit]:
        """One fit a kind of body that it could be, the most probable first; `kind` is what it was called. Empty where there are too few looks to tell."""
        looks = self._usable(looks)
        if self._view is None or len(looks.time_ns) < LEAST_LOOKS_COUNT:
            return []
        rivals: Sequence[RoadUser] = _RIVALS[kind]
        solved = [self._solved(self._view, looks, rival, 2) for rival in rivals]
        likely = np.flatnonzero(_shares(solved, rivals, kind)).tolist()
        rivals, solved = [rivals[at] for at in likely], [self._solved(self._view, looks, rivals[at], _TURNS_COUNT, solved[at]) for at in likely]
        share = _shares(solved, rivals, kind)
        order = [at for at in np.argsort(-share, kind="stable").tolist() if share[at] > 0]
        return [self._told(looks, rivals[at], float(share[at]), solved[at]) for at in order]

    def _usable(self, looks: Looks) -> Looks:
        """Those of the network, with three good edges or more and a place to begin with: an outline of what moved may be a roof or a shadow, and no body."""
        return looks.keep(~looks.moved & np.isfinite(looks.place_m).all(1) & ((looks.hidden | self._cut(looks.box_px)).sum(1) <= 1))

    def _cut(self, box_px: Doubles) -> Bools:
        width, height = self._size_px
        cut_px = self.noise.cut_px * max(width, height) / self.noise.network_px
        return np.column_stack([box_px[:, :2] <= cut_px, box_px[:, 2:] >= np.array([width, height]) - cut_px])

    def _solved(self, view: View, looks: Looks, kind: RoadUser, turns_count: int, before: "_Solved | None" = None) -> "_Solved":
        """Again and again, each answer telling better which way it headed."""
        problem = _Problem(view, looks.box_px, self._sigma_px(looks), looks.hidden | self._cut(looks.box_px), kind, self.bodies)
        found = before
        for _ in range(turns_count):
            place_m, size_m, noise_m = (found.place_m, found.size_m, found.noise_m) if found else (looks.place_m, problem.usual_m, np.ones(len(looks.time_ns)))
            found = problem.solved(place_m, size_m, headings(looks.time_ns, place_m, noise_m), is_near=found is not None)
        assert found is not None
        return found

    def _misread_m(self, place_m: Doubles) -> Doubles:
        """What the calibration's own errors move the places, (n, 2, 10)."""
        px = self._calibration.px_of(place_m)
        return np.nan_to_num(self._calibration.shared_shifts_m(px))

    def _native_px(self, network_px: float) -> float:
        return network_px * max(self._size_px) / self.noise.network_px

    def _sigma_px(self, looks: Looks) -> Doubles:
        return np.hypot(self._native_px(self.noise.sigma_px), self.noise.sigma_ratio * _sides_px(looks.box_px))

    def _told(self, looks: Looks, kind: RoadUser, share_ratio: float, solved: "_Solved") -> BodyFit:
        habits = np.zeros((len(looks.time_ns), 4, 8))
        for edge in range(4):
            habits[:, edge, edge] = self._native_px(self.noise.habit_px)
            habits[:, edge, 4 + edge] = self.noise.habit_ratio * _sides_px(looks.box_px)[:, edge]
        turned = solved.shifts_m(-solved.turned_px[:, :, None])
        shared = np.concatenate([solved.size_shifts_m, solved.shifts_m(habits), turned, self._misread_m(solved.place_m)], axis=2)
        return BodyFit(kind, share_ratio, solved.cost_ratio, looks.time_ns, solved.place_m, solved.noise_m, shared, solved.quarrel_m, solved.size_m)


def headings(time_ns: Ints, place_m: Doubles, sigma_m: Doubles, window_s: float = _HEADING_WINDOW_S) -> Doubles:
    """Which way a track moved at each of its places (n, 2): unit vectors (n, 2), of straight lines through the places around; NaN for who stood still."""
    time_s = (time_ns - time_ns[0]) / NS_PER_S
    near = np.maximum(1.0 - np.abs(time_s[:, None] - time_s) / window_s, 0.0)
    weight = np.where((near > 0).sum(1)[:, None] > 2, near, 1.0) / np.square(np.maximum(sigma_m, 0.05))
    weight /= weight.sum(1, keepdims=True)
    lag_s = time_s - (weight @ time_s)[:, None]
    way = (weight * lag_s) @ place_m
    length = np.hypot(way[:, 0], way[:, 1])
    return np.asarray(np.where(length[:, None] > 0, way / np.where(length > 0, length, 1.0)[:, None], np.nan), np.float64)


def hidden_edges(box_px: NDArray[np.floating]) -> Bools:
    """Of boxes (m, 4) of one look: which edges (m, 4) lie on the box of somebody nearer, so that they may be that one's, not their own.

    Nearer is whose lower edge is lower in the picture. An edge lies on a box if it passes through it over `_COVERED_RATIO` of its length.
    """
    left, top, right, bottom = np.asarray(box_px, np.float64).T
    nearer = bottom[None] > bottom[:, None]
    across = np.minimum(right[:, None], right) - np.maximum(left[:, None], left) > _COVERED_RATIO * (right - left)[:, None]
    down = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top) > _COVERED_RATIO * (bottom - top)[:, None]
    upright, level = nearer & down, nearer & across
    on = (_within(left, left, right), _within(top, top, bottom), _within(right, left, right), _within(bottom, top, bottom))
    return np.stack([(runs & inside).any(1) for runs, inside in zip((upright, level) * 2, on, strict=True)], axis=1)


def _within(edge: Doubles, low: Doubles, high: Doubles) -> Bools:
    return np.asarray((edge[:, None] > low) & (edge[:, None] < high), np.bool_)


def _rotated(ahead: Doubles, angle: float) -> Doubles:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.asarray(ahead @ np.array([[cosine, sine], [-sine, cosine]]), np.float64)


def _shares(solved: Sequence["_Solved"], rivals: Sequence[RoadUser], called: RoadUser) -> Doubles:
    """How probable each rival is (k,), 0 for those that hardly are."""
    cost = np.array([each.cost_ratio - _NAMED_KIND_COST * (rival is called) for each, rival in zip(solved, rivals, strict=True)])
    cost = np.where(np.isfinite(cost), cost, np.inf)
    if not np.isfinite(cost).any():
        return np.zeros(len(cost))
    share = np.exp((cost.min() - cost) / 2)
    share = np.where(share >= _LEAST_SHARE * share.sum(), share, 0.0)
    return np.asarray(share / share.sum(), np.float64)


def _sides_px(box_px: Doubles) -> Doubles:
    """Width, height, width, height (n, 4)."""
    return np.tile(np.maximum(box_px[:, 2:] - box_px[:, :2], 0), (1, 2))


@dataclass(frozen=True, slots=True, eq=False)
class _Solved:
    """The least squares of one body. `cost_ratio`: minus twice the log likelihood of its kind; `noise_m` (n,) of places if the size were known.

    `back_m2` (n, 2, 2) and `by_size_ratio` (n, 2, 3), `size_spread_m2` (3, 3) are the pieces of the normal matrix's inverse, `pull` (n, 4, 5) weighted slopes.
    `turned_px` (n, 4): what one sigma of heading moves the edges.
    """

    place_m: Doubles
    size_m: Doubles
    cost_ratio: float
    back_m2: Doubles
    by_size_ratio: Doubles
    size_spread_m2: Doubles
    pull: Doubles
    slope: Doubles
    off_px: Doubles
    turned_px: Doubles

    @property
    def quarrel_m(self) -> Doubles:
        """What it would move the places (n, 2, 4) to leave out each edge in turn, as one sigma: edges that drift apart on the way show here."""
        pull = self.pull[:, :, :2]
        without = np.linalg.inv(self.back_m2)[:, None] - np.einsum("nep,neq->nepq", pull, self.slope[:, :, :2])
        shift = np.linalg.solve(without + 1e-9 * np.eye(2), (pull * self.off_px[:, :, None])[..., None])[..., 0]
        return np.asarray(_QUARREL_RATIO * shift.transpose(0, 2, 1), np.float64)

    @property
    def noise_m(self) -> Doubles:
        return np.asarray(np.sqrt(np.trace(self.back_m2, axis1=1, axis2=2) / 2), np.float64)

    @property
    def size_shifts_m(self) -> Doubles:
        """What one sigma of each of three errors of the size moves (n, 2, 3)."""
        return np.asarray(-self.by_size_ratio @ np.linalg.cholesky(self.size_spread_m2), np.float64)

    def shifts_m(self, edges_px: Doubles) -> Doubles:
        """What edges that are off by (n, 4, k) pixels move the places (n, 2, k)."""
        towards = np.einsum("nep,nek->npk", self.pull, edges_px)
        place, size = towards[:, :2], towards[:, 2:].sum(0)
        moved_size = self.size_spread_m2 @ (size - np.einsum("nps,npk->sk", self.by_size_ratio, place))
        return np.asarray(self.back_m2 @ place - self.by_size_ratio @ moved_size, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """Boxes (n, 4) of one road user, `sigma_px` (n, 4), which of their edges say nothing, and the kind of body sought in them."""

    view: View
    box_px: Doubles
    sigma_px: Doubles
    mute: Bools
    kind: RoadUser
    bodies: Bodies

    @property
    def usual_m(self) -> Doubles:
        return np.asarray(self.bodies.size_m[self.kind.code], np.float64)

    def solved(self, place_m: Doubles, size_m: Doubles, ahead: Doubles, *, is_near: bool) -> _Solved:
        """Gauss and Newton from a start, which may be near the answer; places are eliminated look by look (Schur), so the work grows with the looks only."""
        usual, spread = self.usual_m, self.bodies.sigma_m[self.kind.code]
        turned = Turned(ahead, np.broadcast_to(self.bodies.outline_ratio[self.kind.code], (len(place_m), *self.bodies.outline_ratio.shape[1:])))
        trust = np.ones_like(self.sigma_px)
        for round_count in range(_MORE_ROUNDS_COUNT if is_near else _ROUNDS_COUNT):
            off, slope = self._off(turned, place_m, size_m)
            if is_near or round_count >= _TRUSTING_ROUNDS_COUNT:
                trust = np.square(np.minimum(_TRUSTED_SIGMAS / np.maximum(np.abs(off) / self.sigma_px, 1e-9), 1.0))
            pull = slope * self._weight(trust)[:, :, None]
            back, by_size, size_spread = self._inverse(pull, slope, spread)
            towards = np.einsum("nep,ne->np", pull, off)
            drawn = towards[:, 2:].sum(0) - (size_m - usual) / spread**2
            size_step = size_spread @ (drawn - np.einsum("nps,np->s", by_size, towards[:, :2]))
            step = np.einsum("npq,nq->np", back, towards[:, :2]) - by_size @ size_step
            step /= np.maximum(1.0, np.hypot(step[:, 0], step[:, 1]) / _STEP_MOST_M)[:, None]
            place_m, size_m = place_m + step, np.clip(size_m + size_step, usual / _SIZE_MOST_RATIO, usual * _SIZE_MOST_RATIO)
            if (is_near or round_count > _TRUSTING_ROUNDS_COUNT) and not (np.abs(step) > _STILL_M).any():
                break
        off, slope = self._off(turned, place_m, size_m)
        by_turn = off - self._off(Turned(_rotated(ahead, np.radians(_HEADING_SIGMA_DEG)), turned.outline_ratio), place_m, size_m)[0]
        misfit = np.minimum((self._weight(trust) * off**2).sum(1), _MOST_MISFIT)
        cost = float(misfit.mean() * min(len(misfit), _WORTH_COUNT) + np.square((size_m - usual) / spread).sum())
        return _Solved(place_m, size_m, cost, back, by_size, size_spread, pull, slope, off, by_turn)

    def _weight(self, trust: Doubles) -> Doubles:
        return np.where(self.mute, 0.0, trust / np.square(self.sigma_px))

    def _off(self, turned: Turned, place_m: Doubles, size_m: Doubles) -> tuple[Doubles, Doubles]:
        """How far edges are from where they should be (n, 4), and the slopes (n, 4, 5); 0 where the body would be behind the camera."""
        seen, slope, _ = edges_seen(self.view, turned, np.column_stack([place_m, np.broadcast_to(size_m, (len(place_m), 3))]))
        there = np.isfinite(seen) & np.isfinite(slope).all(2)
        return np.where(there, self.box_px - np.where(there, seen, 0.0), 0.0), np.where(there[:, :, None], slope, 0.0)

    def _inverse(self, pull: Doubles, slope: Doubles, spread: Doubles) -> tuple[Doubles, Doubles, Doubles]:
        """Of the normal matrix's inverse: each place if the size were known (n, 2, 2), what a size moves it (n, 2, 3), the size's spread (3, 3)."""
        normal = np.einsum("nep,neq->npq", pull, slope)
        back = np.linalg.inv(normal[:, :2, :2] + np.eye(2) / _FENCE_SIGMA_M**2)
        across = normal[:, :2, 2:]
        by_size = back @ across
        left = normal[:, 2:, 2:].sum(0) + np.diag(spread**-2.0) - np.einsum("nps,npt->st", across, by_size)
        return back, by_size, np.asarray(np.linalg.inv(left), np.float64)
