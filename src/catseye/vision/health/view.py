"""A remembered view, and how the camera's view lies against it now: a direct fit of a similarity on cells of the still picture.

Lucas & Kanade's equations, summed over cells, solved for shift, turn and scale by reweighting (Cauchy), so that cells in which something else moved
or stands have no say. Contrast is matched cell by cell, so light that changes leaves the fit alone. The fit sees about a pixel far; what lies
farther is proposed by feature points (pyramids of Lucas & Kanade, RANSAC) and by phase correlation, and must then pass the same fit.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from catseye.core.arrays import Bools, Doubles, Floats, Pixels
from catseye.vision.health.similarity import STILL, Similarity

CELL_PX = 20
LEAST_CELLS_COUNT = 5
_FINE, _WIDE = 1.2, 15  # the band of detail that is compared: sigma and side in px of the small picture
_LEAST_TEXTURE = 1.2  # grey levels
_NOISE_FACTOR = 6.0
_STILL_SEEN_RATIO = 0.1  # of a cell's energy: a third of its contrast
_AGREES = 0.5  # of a cell's energy may be left unexplained
_REACH_PX = 1.0  # of one linear fit
_ROUNDS_COUNT = 4
_REWEIGHTED_COUNT = 4
_SETTLED_PX = 0.02  # a solution that reweighting moves by less is taken
_EYE = np.eye(4)
_CORNERS_COUNT, _CORNER_GAP_PX = 140, 9
_EDGE_REACH_PX = 6  # at half the size
_SAME_EDGES_RATIO, _EDGE_LEAD_RATIO = 0.22, 1.25
_TURN_LENGTH_PX = 100.0  # turn and scale are solved in px at this distance from the centre


def detail_of(grey: Pixels) -> Floats:
    """What is neither noise nor shading, float32 (h, w), in grey levels about 0."""
    level = grey.astype(np.float32)
    shading = cv2.blur(level, (_WIDE, _WIDE))
    cv2.GaussianBlur(level, (5, 5), _FINE, dst=level)
    return np.asarray(cv2.subtract(level, shading, dst=level), np.float32)


def cell_means(values: Floats) -> Floats:
    """Means over cells of 20 px, float32 (rows, columns), at least one; what is left at the right and below is in none."""
    rows, columns = cells_in(*values.shape)
    whole = values[: rows * CELL_PX, : columns * CELL_PX]
    return np.atleast_2d(np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), np.float32))


def at_share(values: Floats | Doubles | Pixels, share_ratio: float) -> float:
    """The value that this share of the others lies below: a percentile without interpolation, a tenth of numpy's time for few values."""
    flat = np.sort(values, axis=None)
    return float(flat[min(int(share_ratio * flat.size), flat.size - 1)])


def cells_in(rows_px: int, columns_px: int) -> tuple[int, int]:
    """How many cells down and across; at least one."""
    return max(1, rows_px // CELL_PX), max(1, columns_px // CELL_PX)


def cell_centres_px(rows_px: int, columns_px: int) -> tuple[Floats, Floats]:
    """X and y of cell centres against the picture's centre, (rows, columns) each."""
    rows, columns = cells_in(rows_px, columns_px)
    x = (np.arange(columns, dtype=np.float32) + 0.5) * min(CELL_PX, columns_px) - columns_px / 2
    y = (np.arange(rows, dtype=np.float32) + 0.5) * min(CELL_PX, rows_px) - rows_px / 2
    return np.broadcast_to(x, (rows, columns)).copy(), np.broadcast_to(y[:, None], (rows, columns)).copy()


@dataclass(frozen=True, slots=True)
class ViewFit:
    """How the view lies: `motion` since the view was remembered, in px of the small picture, with one sigma each.

    `agree_ratio`: share of the `cells_count` cells with texture that the motion explains; `agree_seen_ratio`: of those that still show texture.
    """

    motion: Similarity
    shift_sigma_px: float
    rotation_sigma_deg: float
    scale_sigma_ratio: float
    agree_ratio: float
    agree_seen_ratio: float
    cells_count: int


NO_FIT = ViewFit(STILL, math.inf, math.inf, math.inf, 0.0, 0.0, 0)


class View:
    """One still picture, remembered. `noise_level` is what cells without detail differ by from still to still, in grey levels."""

    def __init__(self, still: Pixels, noise_level: float = 0.0) -> None:
        """Remember a still picture, uint8 (h, w)."""
        self.still = still
        self._least_energy = max(_LEAST_TEXTURE**2, _NOISE_FACTOR * noise_level**2)
        self.detail = detail_of(still)
        self._aimed = _Aimed(self.detail, STILL, self._least_energy)

    @property
    def cells_count(self) -> int:
        """How many cells have texture to go by."""
        return int(np.count_nonzero(self._aimed.has_texture))

    def blurred(self, sigma_px: float) -> "View":
        """The same view out of focus."""
        return View(np.asarray(cv2.GaussianBlur(self.still, (0, 0), sigma_px), np.uint8))

    def fit(self, detail: Floats, near: Similarity = STILL) -> ViewFit:
        """The fit of a picture's detail (see `detail_of`) in the neighbourhood of a motion; `NO_FIT` where there is too little to go by."""
        motion, best = near, NO_FIT
        for _ in range(_ROUNDS_COUNT):
            if _distance_px(self._aimed.motion, motion, detail.shape) > 0.35:
                self._aimed = _Aimed(self.detail, motion, self._least_energy)
            found = self._aimed.fit(detail)
            if found.agree_ratio <= best.agree_ratio:
                break
            best, step_px = found, _distance_px(found.motion, self._aimed.motion, detail.shape)
            motion = found.motion
            if step_px < _REACH_PX / 2 or step_px > 4 * _REACH_PX:
                break
        return best

    def search(self, detail: Floats, near: Similarity) -> ViewFit:
        """The best fit anywhere: near a motion, at what feature points say, and at what phase correlation says."""
        best = self.fit(detail, near)
        for guess in (near, self._phase_guess(detail)):
            if best.agree_ratio > 0.6:
                break
            proposed = self._corners_guess(detail, guess)
            for motion in (proposed, guess) if proposed else (guess,):
                found = self.fit(detail, motion)
                best = found if found.agree_ratio > best.agree_ratio else best
        return best

    def shows_same_edges(self, detail: Floats, near: Similarity) -> bool:
        """Whether edges lie where they lay although the light is another one (headlamps, infra-red): then the camera has not moved.

        Strengths of edges, whatever side is the brighter, are correlated over shifts of up to 12 px: the best must be at none, and stand out.
        """
        rows, columns = detail.shape
        known = _edges_of(cv2.warpAffine(self.detail, near.matrix(columns, rows), (columns, rows), borderMode=cv2.BORDER_REFLECT))
        seen = _edges_of(detail)
        if min(seen.shape) < 4 * _EDGE_REACH_PX:
            return False
        reach = _EDGE_REACH_PX
        response = cv2.matchTemplate(known, seen[reach:-reach, reach:-reach], cv2.TM_CCOEFF_NORMED)
        row, column = (int(place) for place in np.unravel_index(int(response.argmax()), response.shape))
        best = float(response[row, column])
        response[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3] = -1
        stands_out = best > _SAME_EDGES_RATIO and best > _EDGE_LEAD_RATIO * float(response.max())
        return stands_out and abs(row - reach) <= 1 and abs(column - reach) <= 1

    @cached_property
    def _corners(self) -> Floats:
        """Corners of the still picture, float32 (n, 1, 2): the sixth of them in any ninth of the picture at most, so that no caption outvotes the street."""
        found = cv2.goodFeaturesToTrack(_as_bytes(self.detail), 3 * _CORNERS_COUNT, 0.01, _CORNER_GAP_PX)
        if found is None:
            return np.empty((0, 1, 2), np.float32)
        rows, columns = self.detail.shape
        ninth = (found[:, 0, 0] * 3 // columns).astype(int) + 3 * (found[:, 0, 1] * 3 // rows).astype(int)
        kept = [index for part in range(9) for index in np.flatnonzero(ninth == part)[: _CORNERS_COUNT // 6]]
        return np.asarray(found[sorted(kept)], np.float32)

    def _corners_guess(self, detail: Floats, near: Similarity) -> Similarity | None:
        corners = self._corners
        if len(corners) < 6:
            return None
        rows, columns = detail.shape
        begun = cv2.transform(corners, near.matrix(columns, rows)).astype(np.float32)
        found, was_found, _ = cv2.calcOpticalFlowPyrLK(
            _as_bytes(self.detail), _as_bytes(detail), corners, begun, winSize=(15, 15), maxLevel=3, flags=cv2.OPTFLOW_USE_INITIAL_FLOW
        )
        known = was_found[:, 0] > 0
        if np.count_nonzero(known) < 6:
            return None
        matrix, _ = cv2.estimateAffinePartial2D(corners[known], found[known], method=cv2.RANSAC, ransacReprojThreshold=1.0, maxIters=500)
        if matrix is None or not np.isfinite(matrix).all():
            return None
        guess = Similarity.of_matrix(np.asarray(matrix, np.float64), columns, rows)
        return guess if 0.5 < guess.scale_ratio < 2 else None

    def _phase_guess(self, detail: Floats) -> Similarity:
        rows, columns = detail.shape
        window = cv2.createHanningWindow((columns, rows), cv2.CV_32F) if min(rows, columns) > 1 else None
        (x_px, y_px), _ = cv2.phaseCorrelate(self.detail.copy(), detail.copy(), window)  # it writes the window into what it is given
        return Similarity(x_px, y_px) if math.isfinite(x_px) and math.isfinite(y_px) else STILL


class _Aimed:
    """A view's detail carried along a motion, with its gradients and what can be summed once."""

    def __init__(self, detail: Floats, motion: Similarity, least_energy: float) -> None:
        rows, columns = detail.shape
        self.motion = motion
        if motion == STILL:
            self._detail, inside = detail, np.ones((1, 1), np.float32)
        else:
            matrix = motion.matrix(columns, rows)
            self._detail = np.asarray(cv2.warpAffine(detail, matrix, (columns, rows), flags=cv2.INTER_LINEAR), np.float32)
            inside = cell_means(cv2.warpAffine(np.ones_like(detail), matrix, (columns, rows)))
        self._across = cv2.Sobel(self._detail, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
        self._down = cv2.Sobel(self._detail, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
        self._energy = cell_means(cv2.multiply(self._detail, self._detail))
        self.has_texture: Bools = np.asarray((self._energy > least_energy) & (inside > 0.98), np.bool_)
        which = self.has_texture
        a, b, c = (cell_means(cv2.multiply(u, v))[which] for u, v in ((self._across,) * 2, (self._across, self._down), (self._down,) * 2))
        self._own = [cell_means(cv2.multiply(self._detail, gradient))[which] for gradient in (self._across, self._down)]
        x_px, y_px = cell_centres_px(rows, columns)
        self._equations = _Equations.of(a, b, c, x_px[which], y_px[which])

    def fit(self, detail: Floats) -> ViewFit:
        """One linear fit at this motion."""
        which = self.has_texture
        count = int(np.count_nonzero(which))
        if count < LEAST_CELLS_COUNT:
            return NO_FIT
        energy = self._energy[which]
        product = np.empty_like(detail)
        others = (detail, self._detail, self._across, self._down)
        seen_energy, common, by_x, by_y = (cell_means(cv2.multiply(detail, other, dst=product))[which] for other in others)
        gain = np.sqrt(energy / (seen_energy + 1e-6))
        middle = at_share(gain, 0.5)
        gain = np.clip(gain, 0.6 * middle, 1.6 * middle)
        right_x, right_y = (np.asarray(own - gain * by, np.float32) for own, by in zip(self._own, (by_x, by_y), strict=True))
        left_over = np.asarray(energy - 2 * gain * common + gain**2 * seen_energy, np.float32)
        solved, covariance, agrees = self._equations.solve(right_x, right_y, left_over, energy)
        step = _similarity_of(solved)
        sigma = np.sqrt(np.maximum(np.diag(covariance), 0))
        agreeing_count, seen_count = (float(np.count_nonzero(cells)) for cells in (agrees, agrees | (seen_energy > _STILL_SEEN_RATIO * energy)))
        turn_sigma_deg = math.degrees(float(sigma[2]) / _TURN_LENGTH_PX)
        return ViewFit(
            self.motion.then(step),
            float(np.hypot(sigma[0], sigma[1])),
            turn_sigma_deg,
            float(sigma[3]) / _TURN_LENGTH_PX,
            agreeing_count / count,
            agreeing_count / seen_count if seen_count >= LEAST_CELLS_COUNT else 0.0,
            count,
        )


@dataclass(frozen=True, slots=True)
class _Equations:
    """Lucas & Kanade's for every cell: its own 2x3 sums `a, b, c`, how it moves with (x, y, turn, scale), and its 4x4 normal equations, flat (n, 16)."""

    a: Floats
    b: Floats
    c: Floats
    moves_x: Floats
    moves_y: Floats
    normal: Floats

    @classmethod
    def of(cls, a: Floats, b: Floats, c: Floats, x_px: Floats, y_px: Floats) -> "_Equations":
        """From the sums of squared gradients and the cells' places."""
        x, y = x_px / _TURN_LENGTH_PX, y_px / _TURN_LENGTH_PX
        one, none = np.ones_like(x), np.zeros_like(x)
        moves_x, moves_y = np.stack([one, none, -y, x], 1), np.stack([none, one, x, y], 1)
        towards_x, towards_y = a[:, None] * moves_x + b[:, None] * moves_y, b[:, None] * moves_x + c[:, None] * moves_y
        normal = moves_x[:, :, None] * towards_x[:, None] + moves_y[:, :, None] * towards_y[:, None]
        return cls(a, b, c, moves_x, moves_y, normal.reshape(-1, 16))

    def solve(self, right_x: Floats, right_y: Floats, left_over: Floats, energy: Floats) -> tuple[Doubles, Doubles, Bools]:
        """Robustly for (x, y, turn, scale) in px: the solution (4,), its covariance (4, 4), and which cells agree."""
        right = right_x[:, None] * self.moves_x + right_y[:, None] * self.moves_y
        unexplained, inverse, solved = left_over / energy, _EYE, np.zeros(4)
        weight = 1 / energy
        for _ in range(_REWEIGHTED_COUNT):
            weight = 1 / (energy * (1 + (unexplained / 0.2) ** 2))
            equations = (weight @ self.normal).reshape(4, 4).astype(np.float64)
            inverse = np.linalg.inv(equations + 1e-4 * (equations.trace() + 1e-9) * _EYE)
            before, solved = solved, inverse @ (weight @ right)
            dx, dy = self.moves_x @ solved, self.moves_y @ solved
            rest = left_over - 2 * (dx * right_x + dy * right_y) + self.a * dx * dx + 2 * self.b * dx * dy + self.c * dy * dy
            unexplained = np.maximum(rest, 0) / energy
            if np.abs(solved - before).max() < _SETTLED_PX:
                break
        agrees = np.asarray(unexplained < _AGREES, np.bool_)
        spread = float(weight @ (unexplained * energy)) / max(float(np.count_nonzero(agrees)), 1.0)
        return solved, inverse * spread, agrees


def _similarity_of(solved: Doubles) -> Similarity:
    turn, scale = solved[2] / _TURN_LENGTH_PX, 1 + solved[3] / _TURN_LENGTH_PX
    factor = complex(max(scale, 0.1), turn)
    return Similarity(float(solved[0]), float(solved[1]), math.degrees(math.atan2(factor.imag, factor.real)), abs(factor))


def _distance_px(one: Similarity, other: Similarity, shape: tuple[int, ...]) -> float:
    """How far apart two motions put the same corner of the picture, at most."""
    return one.apart_px(other, math.hypot(*shape) / 2)


def _as_bytes(detail: Floats) -> Pixels:
    return np.asarray(np.clip(detail * 4 + 128, 0, 255), np.uint8)


def _edges_of(detail: Floats) -> Floats:
    """Strength of edges at half the size, evened out so that no lamp outshines the street."""
    strength = cv2.magnitude(cv2.Sobel(detail, cv2.CV_32F, 1, 0, ksize=3), cv2.Sobel(detail, cv2.CV_32F, 0, 1, ksize=3))
    small = cv2.resize(cv2.GaussianBlur(strength, (5, 5), 1.2), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.asarray(small / (cv2.blur(small, (21, 21)) + np.float32(small.mean() + 1e-3)), np.float32)
