"""Reference points as they were measured, and what can be said against them before anything is fitted."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from catseye.core.arrays import Bools, Doubles, Ints
from catseye.core.calibration import CalibrationError
from catseye.core.geo import GeoPoint
from catseye.vision.plane_fit import Points, homographies_of_four, subsets_of_four

LEAST_COUNT = 4
_LEAST_ALTITUDE_RATIO = 0.01  # of a triangle, as a share of what all points span
_MARGIN_RATIO = 0.01
_SPANS_M = (1.0, 5000.0)


@dataclass(frozen=True, slots=True, eq=False)
class ReferencePoints:
    """Places in the picture and the same places on the ground: `px` (n, 2) native pixels, `m` (n, 2) metres; how well each coordinate was measured.

    `names` tell where each point was written (`site.toml:14`), `whole` where they all were. `size_px` of the picture, where known.
    `origin` of the metres, where the points came as degrees. `may_bend`: nobody said that the lens is straight.
    """

    px: Doubles
    m: Doubles
    names: tuple[str, ...]
    whole: str
    sigma_px: float = 1.0
    sigma_m: float = 0.05
    size_px: tuple[int, int] | None = None
    origin: GeoPoint | None = None
    may_bend: bool = True

    def __post_init__(self) -> None:
        """Refuse columns of unequal length, what is no number, and a doubt that is none."""
        n = len(self.names)
        if self.px.shape != (n, 2) or self.m.shape != (n, 2):
            raise ValueError(f"reference points: {self.px.shape}, {self.m.shape} for {n} names; wanted ({n}, 2)")
        if not (np.isfinite(self.px).all() and np.isfinite(self.m).all() and self.sigma_px > 0 and self.sigma_m >= 0):
            raise ValueError("reference points: a number that is none, or a doubt that is not above 0")

    def __len__(self) -> int:
        """How many."""
        return len(self.names)

    @property
    def centre_px(self) -> tuple[float, float]:
        """Middle of the picture; of the points where its size is not known."""
        middle = np.array(self.size_px) / 2 if self.size_px else (self.px.min(axis=0) + self.px.max(axis=0)) / 2
        return float(middle[0]), float(middle[1])

    @property
    def radius_px(self) -> float:
        """Half the picture's diagonal; of what the points span where its size is not known."""
        return float(np.hypot(*(self.size_px or np.ptp(self.px, axis=0)))) / 2

    @property
    def centre_m(self) -> tuple[float, float]:
        """Mean of the points."""
        middle = self.m.mean(axis=0)
        return float(middle[0]), float(middle[1])

    @property
    def radius_m(self) -> float:
        """Root mean square distance from the mean."""
        return float(np.sqrt(np.square(self.m - self.centre_m).sum(axis=1).mean()))

    def normalised(self) -> Points:
        """As the fit takes them."""
        picture, ground = (self.px - self.centre_px) / self.radius_px, (self.m - self.centre_m) / self.radius_m
        return Points(picture, ground, self.sigma_px / self.radius_px, self.sigma_m / self.radius_m)


def refuse_impossible(points: ReferencePoints) -> None:
    """CalibrationError at the first thing that no camera over no street can be: too few, outside, twice, in other units,
    on one line, mirrored, in the sky, out of order.
    """
    if len(points) < LEAST_COUNT:
        raise CalibrationError(points.whole, f"{len(points)} reference points", "four or more")
    _refuse_outside(points)
    _refuse_doubles(points)
    _refuse_other_units(points)
    subsets = subsets_of_four(len(points))
    _refuse_one_line(points, subsets)
    _refuse_from_below(points, subsets)


def _refuse_outside(points: ReferencePoints) -> None:
    if points.size_px is None:
        return
    width, height = points.size_px
    margin = _MARGIN_RATIO * max(width, height)
    for nth, (x, y) in enumerate(points.px.tolist()):
        if not (-margin <= x <= width + margin and -margin <= y <= height + margin):
            raise CalibrationError(points.names[nth], f"point {nth + 1} at [{x:g}, {y:g}] is outside the picture", f"a place within {width}×{height} pixels")


def _refuse_doubles(points: ReferencePoints) -> None:
    for one, other in combinations(range(len(points)), 2):
        apart_px, apart_m = (float(np.hypot(*(column[one] - column[other]))) for column in (points.px, points.m))
        near_px, near_m = apart_px < 0.5, apart_m < max(1e-9, 1e-6 * points.radius_m)
        if near_px and near_m:
            raise CalibrationError(points.names[other], f"point {other + 1} repeats point {one + 1}", "a place of its own for each point")
        if near_px or near_m:
            came = f"one place in the picture and {apart_m:.3g} m apart on the ground" if near_px else f"one place on the ground and {apart_px:.0f} px apart"
            raise CalibrationError(points.names[other], f"points {one + 1} and {other + 1} are {came}", "a place of its own for each point")


def _refuse_other_units(points: ReferencePoints) -> None:
    """What a street camera can see is neither as small as a table nor as large as a country; the camera's height is looked at later."""
    span_m = float(np.hypot(*np.ptp(points.m, axis=0)))
    if not _SPANS_M[0] <= span_m <= _SPANS_M[1]:
        unit = "kilometres" if span_m < _SPANS_M[0] else "millimetres"
        raise CalibrationError(points.whole, f"the reference points span {span_m:.3g} m", f"metres: are they {unit}?")


def _refuse_one_line(points: ReferencePoints, subsets: Ints) -> None:
    """No four of them, of which no three lie on one line, beyond what their doubts could feign."""
    room = []
    for column, sigma in ((points.px, points.sigma_px), (points.m, points.sigma_m)):
        span = float(np.hypot(*np.ptp(column, axis=0)))
        room.append(_least_altitudes(column[subsets]) / max(4 * sigma, _LEAST_ALTITUDE_RATIO * span))
    if float(np.minimum(*room).max()) < 1:
        side = " on the ground" if float(room[0].max()) >= 1 else " in the picture" if float(room[1].max()) >= 1 else ""
        came = f"the {len(points)} reference points lie on one line{side}, or all but one do"
        raise CalibrationError(points.whole, came, "four points, well apart, no three of them on one line")


def _least_altitudes(fours: Doubles) -> Doubles:
    """Of the four triangles in each four (k, 4, 2): the least altitude (k,)."""
    altitudes = []
    for corners in combinations(range(4), 3):
        a, b, c = (fours[:, corner] for corner in corners)
        one, other = b - a, c - a
        doubled = np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])
        longest = np.sqrt(np.max([np.square(side).sum(axis=1) for side in (one, other, one - other)], axis=0))
        altitudes.append(doubled / np.maximum(longest, 1e-300))
    return np.asarray(np.min(altitudes, axis=0), np.float64)


def _refuse_from_below(points: ReferencePoints, subsets: Ints) -> None:
    """No four points are seen as from above, with all four before the camera."""
    normal = points.normalised()
    homographies = homographies_of_four(normal, subsets)
    depths = np.einsum("ki,kni->kn", homographies[:, 2], np.concatenate([normal.ground[subsets], np.ones((*subsets.shape, 1))], axis=2))
    before = (depths > 1e-6).all(axis=1)
    above = np.linalg.det(np.nan_to_num(homographies)) < 0
    if (before & above).any():
        _refuse_sky(points, homographies[before & above], subsets[before & above])
        return
    if before.any():
        order = "[latitude, longitude], latitude first" if points.origin else "x east-like, y north-like"
        raise CalibrationError(points.whole, "the ground is mirrored: the points go round the other way than in the picture", f"it seen from above, {order}")
    if len(points) == LEAST_COUNT and (odd := _odd_one(depths[0])) is not None:
        raise CalibrationError(points.names[odd], f"point {odd + 1} lies above the horizon of the others", "a place on the ground")
    came = "the points go round in another order on the ground than in the picture"
    raise CalibrationError(points.whole, came, "each px with its own place on the ground")


def _odd_one(depths: Doubles) -> int | None:
    """Of four depths (4,) the one whose sign is not that of the other three."""
    ahead: Bools = depths > 0
    if int(ahead.sum()) not in (1, 3):
        return None
    return int(np.flatnonzero(ahead == (int(ahead.sum()) == 1))[0])


def _refuse_sky(points: ReferencePoints, homographies: Doubles, subsets: Ints) -> None:
    """One point of five that four others agree to have above their horizon. From six points on the fit names it."""
    if len(points) != LEAST_COUNT + 1:
        return
    normal = points.normalised()
    straight = np.column_stack([normal.picture, np.ones(len(points))])
    ahead = np.einsum("ki,ni->kn", np.linalg.inv(homographies)[:, 2], straight) > 0
    if ahead.all(axis=1).any():
        return
    left_out = sorted({int(nth) for four, row in zip(subsets, ahead, strict=True) for nth in set(range(5)) - set(four.tolist()) if not row[nth]})
    if len(left_out) == 1:
        odd = left_out[0]
        raise CalibrationError(points.names[odd], f"point {odd + 1} lies above the horizon of the others", "a place on the ground")
