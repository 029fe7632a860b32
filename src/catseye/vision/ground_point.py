"""Where a road user stands: the middle of its footprint, from its box. Not the middle of the box's lower edge: that is where its near side is.

A body of the kind's size, turned as the track moves, is put where its outline fits the four edges of the box best; length, width and height may
differ from the usual within their spread. Gauss and Newton, all boxes at once. Why, and what it is worth: docs/design/calibration.md.
"""

from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Bools, Codes, Doubles, Floats, Ints
from catseye.core.calibration import Calibration
from catseye.vision.bodies import BODIES, Bodies
from catseye.vision.body_edges import OUTWARD, Turned, View, edges_seen
from catseye.vision.camera_geometry import geometry_of

ROUNDS_COUNT = 8
_STEP_MOST_M, _STILL_M, _SHORTER_RATIO = 4.0, 0.003, 0.35
_FENCE_SIGMA_M = 30.0  # around the start
_SIZE_MOST_RATIO = 2.5  # of the usual, and its inverse
_LIKELY_MISFIT = 6.0  # a chi-square of two degrees of freedom stays below it in 19 of 20 cases
_TURNS = np.stack([np.cos(_ANGLES := np.arange(8) * np.pi / 8), np.sin(_ANGLES)], axis=1)  # tried where the heading is unknown


@dataclass(frozen=True, slots=True)
class BoxNoise:
    """How well the edges of a box are known: `sigma_px`, and `sigma_ratio` of its width or height; an edge within `cut_px` of the picture's is cut off."""

    sigma_px: float = 1.0
    sigma_ratio: float = 0.02
    cut_px: float = 2.0

    def __post_init__(self) -> None:
        """Refuse edges without doubt."""
        if not (self.sigma_px > 0 and self.sigma_ratio >= 0 and self.cut_px >= 0):
            raise ValueError(f"{self}; wanted sigma_px > 0, sigma_ratio and cut_px >= 0")


@dataclass(frozen=True, slots=True, eq=False)
class GroundPoints:
    """Middles of footprints, one row a box; NaN where none can be told (above the horizon, or cut by three edges of the picture).

    `place_m` (n, 2); `covariance_m2` (n, 2, 2) from box noise, spread of sizes and camera geometry;
    `noise_covariance_m2` (n, 2, 2): of that only the box noise, which is new in every frame; the rest stays with a road user for a while.
    `size_m`, `size_sigma_m` (n, 3): length, width, height as seen. The doubt of the calibration itself is not in it: see `Calibration.covariance_m2`.
    """

    place_m: Doubles
    covariance_m2: Doubles
    noise_covariance_m2: Doubles
    size_m: Doubles
    size_sigma_m: Doubles

    @property
    def sigma_m(self) -> Doubles:
        """Doubt on each axis (n,), root mean square of the two; infinite where there is no place."""
        variance = np.trace(self.covariance_m2, axis1=1, axis2=2) / 2
        return np.sqrt(np.where(np.isnan(variance), np.inf, variance))


class GroundPointFinder:
    """Of one camera. Made once; `find` keeps nothing."""

    def __init__(self, calibration: Calibration, *, noise: BoxNoise | None = None, bodies: Bodies = BODIES) -> None:
        """Boxes are in the pixels of `calibration`; where its picture's size is unknown, lower edges are all there is."""
        self.calibration, self.noise, self.bodies = calibration, noise or BoxNoise(), bodies
        self.geometry = geometry_of(calibration)
        self._view = View.of(calibration, self.geometry) if self.geometry else None

    def find(self, box_px: Floats | Doubles, kind: Codes, heading: Doubles, size_m: Doubles | None = None, size_sigma_m: Doubles | None = None) -> GroundPoints:
        """Boxes (n, 4) left, top, right, bottom; codes (n,); unit vectors (n, 2) of motion on the ground, NaN where unknown.

        `size_m`, `size_sigma_m` (n, 3): what is known of this one's size instead of its kind's (from its track so far, say); NaN where nothing is.
        """
        box = np.asarray(box_px, np.float64).reshape(-1, 4)
        ahead = np.asarray(heading, np.float64).reshape(-1, 2)
        if self._view is None:
            return self._lower_edges(box, kind)
        usual, spread = self.bodies.size_m[kind], self.bodies.sigma_m[kind]
        if size_m is not None and size_sigma_m is not None:
            told = np.isfinite(size_m) & (size_sigma_m > 0)
            usual, spread = np.where(told, size_m, usual), np.where(told, size_sigma_m, spread)
        known = np.asarray(np.isfinite(ahead).all(axis=1))
        turns_count = np.where(known, 1, len(_TURNS))
        rows = np.repeat(np.arange(len(box)), turns_count)
        turn = np.arange(len(rows)) - np.repeat(np.cumsum(turns_count) - turns_count, turns_count)
        facing = np.where(known[rows][:, None], ahead[rows], _TURNS[turn])
        fitted, cost = self._fitted(self._view, box[rows], Turned(facing, self.bodies.outline_ratio[kind][rows]), usual[rows], spread[rows])
        return fitted if known.all() else _mixed(fitted, cost, rows, len(box))

    def _fitted(self, view: View, box: Doubles, body: Turned, usual: Doubles, spread: Doubles) -> tuple[GroundPoints, Doubles]:
        start = np.concatenate([view.places_of(box, usual[:, 2] / 2), usual], axis=1)
        sigma = np.concatenate([np.full((len(box), 2), _FENCE_SIGMA_M), spread], axis=1)
        return _fitted(view, body, _Edges.of(box, self.noise, self.calibration), start, sigma**-2)

    def _lower_edges(self, box: Doubles, kind: Codes) -> GroundPoints:
        """Without a camera geometry: the middle of the lower edge, and the doubt of how far behind it the middle of the body is."""
        low_px = np.stack([(box[:, 0] + box[:, 2]) / 2, box[:, 3]], axis=1)
        sigma_px = np.hypot(self.noise.sigma_px, self.noise.sigma_ratio * (box[:, 2:] - box[:, :2]).max(axis=1))
        noise = self.calibration.pixel_covariance_m2(low_px, sigma_px)
        away = -self.calibration.ground_jacobian(low_px)[:, :, 1]
        away /= np.hypot(away[:, 0], away[:, 1])[:, None]
        hidden_m2 = np.square(self.bodies.size_m[kind, :2]).sum(axis=1) / 8  # mean square of half a body over all headings
        covariance = noise + hidden_m2[:, None, None] * away[:, :, None] * away[:, None, :]
        size_m, size_sigma_m = self.bodies.size_m[kind], self.bodies.sigma_m[kind]
        return GroundPoints(self.calibration.place_of(low_px), covariance, noise, size_m, size_sigma_m)


@dataclass(frozen=True, slots=True, eq=False)
class _Edges:
    """Edges of boxes (n, 4): where, how well known (1 / variance), which of them the picture cuts off."""

    at_px: Doubles
    weight: Doubles
    cut: Bools

    @classmethod
    def of(cls, box: Doubles, noise: BoxNoise, calibration: Calibration) -> "_Edges":
        sides_px = np.maximum(box[:, 2:] - box[:, :2], 0)
        sigma_px = np.hypot(noise.sigma_px, noise.sigma_ratio * sides_px)
        width, height = calibration.size_px or (np.inf, np.inf)
        cut = np.column_stack([box[:, :2] <= noise.cut_px, box[:, 2:] >= np.array([width, height]) - noise.cut_px])
        return cls(box, np.tile(sigma_px**-2.0, (1, 2)), cut)

    def weighed(self, seen_px: Doubles) -> Doubles:
        """Weights (n, 4): a body may reach beyond the picture's edge as far as it likes."""
        return np.where(self.cut & ((seen_px - self.at_px) * OUTWARD >= 0), 0.0, self.weight)


def _fitted(view: View, body: Turned, edges: _Edges, start: Doubles, prior: Doubles) -> tuple[GroundPoints, Doubles]:
    """The best places, and what is left over, (n,). `start` (n, 5): x, y, length, width, height; `prior` (n, 5): 1 / variance around it.

    A step that makes it worse is taken back, and a shorter one tried.
    """
    smallest, largest = start[:, 2:] / _SIZE_MOST_RATIO, start[:, 2:] * _SIZE_MOST_RATIO
    best, tried, least = start, start, np.full(len(start), np.inf)
    step = np.zeros_like(start)
    for _ in range(ROUNDS_COUNT):
        seen, slope, _ = edges_seen(view, body, tried)
        weight, off, drawn = edges.weighed(seen), edges.at_px - seen, start - tried
        cost = (weight * off**2).sum(axis=1) + (prior * drawn**2).sum(axis=1)
        is_better = (cost <= least)[:, None]
        best, least = np.where(is_better, tried, best), np.where(is_better[:, 0], cost, least)
        pull = np.einsum("nep,ne->np", slope, weight * off) + prior * drawn
        onward = np.linalg.solve(_normal(slope, weight, prior), np.nan_to_num(pull)[:, :, None])[:, :, 0]
        onward /= np.maximum(1.0, np.hypot(onward[:, 0], onward[:, 1]) / _STEP_MOST_M)[:, None]
        step = np.where(is_better, onward, _SHORTER_RATIO * step)
        if not (np.abs(step) > _STILL_M).any():
            break
        tried = best + step
        tried[:, 2:] = np.clip(tried[:, 2:], smallest, largest)
    return _told(view, body, edges, best, start, prior), least


def _told(view: View, body: Turned, edges: _Edges, sought: Doubles, start: Doubles, prior: Doubles) -> GroundPoints:
    seen, slope, by_focal = edges_seen(view, body, sought)
    off = edges.at_px - seen
    weight = np.where(edges.cut, 0.0, edges.weight)
    spread = np.linalg.inv(_normal(slope, weight, prior))
    gain = spread @ (slope * weight[:, :, None]).transpose(0, 2, 1)
    noise = np.einsum("npe,ne,nqe->npq", gain, 1 / edges.weight, gain)[:, :2, :2]
    tilted = np.einsum("npe,ne->np", gain, by_focal)[:, :2]
    misfit = (weight * off**2).sum(axis=1) + (prior[:, 2:] * np.square(start[:, 2:] - sought[:, 2:])).sum(axis=1)
    strain = np.maximum(1.0, misfit / _LIKELY_MISFIT)[:, None, None]
    covariance = (spread[:, :2, :2] + tilted[:, :, None] * tilted[:, None, :]) * strain
    lost = ~(np.isfinite(sought).all(axis=1) & np.isfinite(seen).all(axis=1)) | (edges.cut.sum(axis=1) > 2)
    sigmas = np.sqrt(np.diagonal(spread, axis1=1, axis2=2)[:, 2:])
    flat, square = lost[:, None], lost[:, None, None]
    columns = (np.where(flat, np.nan, sought[:, :2]), np.where(square, np.nan, covariance), np.where(square, np.nan, noise * strain))
    return GroundPoints(*columns, np.where(flat, np.nan, sought[:, 2:]), np.where(flat, np.nan, sigmas))


def _mixed(fitted: GroundPoints, cost: Doubles, rows: Ints, count: int) -> GroundPoints:
    """One row a box from one row a heading tried: means weighted by how well each fits, and their spread added to the doubt."""
    first = np.searchsorted(rows, np.arange(count))
    odds = np.where(np.isfinite(cost) & np.isfinite(fitted.place_m).all(axis=1), cost, np.inf)
    least = np.minimum.reduceat(odds, first)[rows] if count else odds
    share = np.exp(-np.where(np.isfinite(least), odds - np.where(np.isfinite(least), least, 0.0), np.nan) / 2)
    share /= np.add.reduceat(share, first)[rows] if count else 1.0

    def mean(column: Doubles) -> Doubles:
        weight = share.reshape(-1, *[1] * (column.ndim - 1))
        return np.asarray(np.add.reduceat(np.where(weight > 0, weight * column, 0 * weight), first), np.float64) if count else column[:0]

    place = mean(fitted.place_m)
    apart = fitted.place_m - place[rows]
    covariance = mean(fitted.covariance_m2 + apart[:, :, None] * apart[:, None, :])
    size_m = mean(fitted.size_m)
    size_sigma = np.sqrt(mean(fitted.size_sigma_m**2 + (fitted.size_m - size_m[rows]) ** 2))
    return GroundPoints(place, covariance, mean(fitted.noise_covariance_m2), size_m, size_sigma)


def _normal(slope: Doubles, weight: Doubles, prior: Doubles) -> Doubles:
    normal = (slope * weight[:, :, None]).transpose(0, 2, 1) @ slope
    normal[~np.isfinite(normal).all(axis=(1, 2))] = 0.0
    return np.asarray(normal + prior[:, :, None] * np.eye(5), np.float64)
