"""Which pixels of a picture belong to each lens of a signal head, and which lie beside it: weights, worked out once a picture size."""

from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Doubles, Floats

_LENS_RATIO = 0.42  # a lens's radius, of the shorter side of its third of the head
_STRIP_RATIO = 0.6  # a strip beside a lens, of the same
_GAP_RATIO = 0.15
_LEAST_RADIUS_PX = 0.8


@dataclass(frozen=True, slots=True)
class LensPlaces:
    """Weights of the n pixels of `window` (rows, columns of the picture): `lens_ratio` (lenses, n), `beside_ratio` (lenses, sides, n); each row sums to 1.

    A strip that lies outside of the picture is not among the sides.
    """

    picture_px: tuple[int, int]
    window: tuple[slice, slice]
    lens_ratio: Doubles
    beside_ratio: Doubles

    def lens_means(self, px: Floats, trust: Doubles) -> Doubles:
        """Mean colour of each lens (lenses, 3), of pixels (n, 3) that are trusted (n,) more or less."""
        weight = self.lens_ratio * trust
        return np.asarray(weight @ px / np.maximum(weight.sum(1, keepdims=True), 1e-9), np.float64)

    def beside_means(self, px: Floats) -> Doubles:
        """Mean colour on each side of each lens, (lenses, sides, 3)."""
        return np.asarray(self.beside_ratio @ px, np.float64)

    def noise(self, px: Floats) -> float:
        """One sigma of the noise in the colour of a lens, as the pixels (n, 3) are scaled: from what neighbouring pixels differ by, mostly."""
        rows, columns = (part.stop - part.start for part in self.window)
        step = np.abs(np.diff(px.reshape(rows, columns, 3), axis=1))
        if not step.size:
            return 0.0
        sigma = 1.4826 * float(np.median(step)) / np.sqrt(2)
        return float(sigma * np.sqrt(2 * (self.lens_ratio**2).sum(1).max()))


def places_in_head(head_px: tuple[float, float, float, float], width_px: int, height_px: int) -> LensPlaces:
    """Three lenses one above the other, or side by side in a head that lies; beside them the strips along its long sides."""
    left, top, right, bottom = head_px
    lies = right - left > bottom - top
    step_x, step_y = ((right - left) / 3, 0.0) if lies else (0.0, (bottom - top) / 3)
    wide, high = ((right - left) / 3, bottom - top) if lies else (right - left, (bottom - top) / 3)
    thirds = [(left + nth * step_x, top + nth * step_y, left + nth * step_x + wide, top + nth * step_y + high) for nth in range(3)]
    sides = ((0, -1), (0, 1)) if lies else ((-1, 0), (1, 0))
    return _places(thirds, sides, width_px, height_px)


def places_of_lens(lens_px: tuple[float, float, float, float], width_px: int, height_px: int) -> LensPlaces:
    """One lens, and strips on its four sides."""
    return _places([lens_px], ((-1, 0), (1, 0), (0, -1), (0, 1)), width_px, height_px)


def _places(boxes: list[tuple[float, float, float, float]], sides: tuple[tuple[int, int], ...], width_px: int, height_px: int) -> LensPlaces:
    strips = [[_strip(box, side) for side in sides] for box in boxes]
    every = np.array([*boxes, *(strip for row in strips for strip in row)])
    left, top = np.clip(np.floor(every[:, :2].min(0)), 0, [width_px, height_px]).astype(int).tolist()
    right, bottom = np.clip(np.ceil(every[:, 2:].max(0)), 0, [width_px, height_px]).astype(int).tolist()
    x, y = np.meshgrid(np.arange(left, right) + 0.5, np.arange(top, bottom) + 0.5)
    lens = np.array([_lens_weight(box, x, y) for box in boxes])
    beside = np.array([[_strip_weight(strip, x, y) for strip in row] for row in strips])
    there = (beside.sum(-1) > 0.5).all(0) if beside.size else np.zeros(len(sides), np.bool_)
    return LensPlaces((width_px, height_px), (slice(top, bottom), slice(left, right)), lens, beside[:, there])


def _strip(box: tuple[float, float, float, float], side: tuple[int, int]) -> tuple[float, float, float, float]:
    left, top, right, bottom = box
    reach = max(1.5, _STRIP_RATIO * min(right - left, bottom - top))
    gap = _GAP_RATIO * min(right - left, bottom - top)
    if side[0]:
        near = left - gap if side[0] < 0 else right + gap
        return (min(near, near + side[0] * reach), top, max(near, near + side[0] * reach), bottom)
    near = top - gap if side[1] < 0 else bottom + gap
    return (left, min(near, near + side[1] * reach), right, max(near, near + side[1] * reach))


def _lens_weight(box: tuple[float, float, float, float], x: Doubles, y: Doubles) -> Doubles:
    """A soft disc in the middle of the box, (n,)."""
    left, top, right, bottom = box
    radius = max(_LEAST_RADIUS_PX, _LENS_RATIO * min(right - left, bottom - top))
    off2 = ((x - (left + right) / 2) ** 2 + (y - (top + bottom) / 2) ** 2) / radius**2
    weight = np.where(off2 <= 1.5, np.exp(-1.2 * off2), 0.0).ravel()
    return np.asarray(weight / max(float(weight.sum()), 1e-9))


def _strip_weight(box: tuple[float, float, float, float], x: Doubles, y: Doubles) -> Doubles:
    """All pixels whose share lies in the box, evenly, (n,); zeros where it is outside of the picture."""
    left, top, right, bottom = box
    across = np.clip(np.minimum(x + 0.5, right) - np.maximum(x - 0.5, left), 0, 1)
    down = np.clip(np.minimum(y + 0.5, bottom) - np.maximum(y - 0.5, top), 0, 1)
    weight = (across * down).ravel()
    return np.asarray(weight / weight.sum() if weight.sum() > 0.5 else np.zeros_like(weight))
