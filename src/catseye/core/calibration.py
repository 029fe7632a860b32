"""Picture to street and back: a plane seen through a lens, with the doubt of every parameter."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import numpy as np

from catseye.core.arrays import Bools, Doubles
from catseye.core.errors import CatseyeError
from catseye.core.geo import GeoPoint
from catseye.core.lens import bent, straightened, straightening

PARAMETERS_COUNT = 10
_SHAPE_RATIO = 0.01  # encoders round sizes: 854×480 is the shape of 640×360
_WAY_M = 1.0
_WAYS_COUNT = 16


class CalibrationError(CatseyeError):
    """Reference points that cannot be meant, or a calibration used on a picture it was not made for."""


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """One camera's view of the ground plane: pixels (native, top left corner the origin) and metres (x east-like, y north-like).

    `homography` float64 (3, 3), last element 1: ground → straight picture, both normalised; normalised picture = (px − `centre_px`) / `radius_px`,
    normalised ground = (m − `centre_m`) / `radius_m`. `lens` float64 (2,): k1, k2 of core/lens.py.
    `covariance` float64 (10, 10) of the homography's first eight elements, row by row, then k1, k2: one error, shared by every point.
    `size_px` (width, height) of the picture, where known; `origin` of the metres, where the reference points were in degrees.
    """

    homography: Doubles
    lens: Doubles
    covariance: Doubles
    centre_px: tuple[float, float]
    radius_px: tuple[float, float]
    centre_m: tuple[float, float]
    radius_m: float
    size_px: tuple[int, int] | None = None
    origin: GeoPoint | None = None
    _back: Doubles = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse what is no view of the ground from above."""
        shapes = (self.homography.shape, self.lens.shape, self.covariance.shape)
        if shapes != ((3, 3), (2,), (PARAMETERS_COUNT, PARAMETERS_COUNT)):
            raise ValueError(f"calibration: {shapes}; wanted (3, 3), (2,), (10, 10)")
        numbers = np.concatenate([self.homography.ravel(), self.lens, self.covariance.ravel(), self.centre_px, self.centre_m])
        if not np.isfinite(numbers).all() or not min(*self.radius_px, self.radius_m) > 0 or self.homography[2, 2] != 1:
            raise ValueError("calibration: a number that is none, a size that is not above 0, or a homography whose last element is not 1")
        if not np.linalg.det(self.homography) < 0:
            raise ValueError("calibration: the ground is mirrored; wanted it seen from above")
        object.__setattr__(self, "_back", np.linalg.inv(self.homography))

    def __eq__(self, other: object) -> bool:
        """Equal in every number, bit for bit."""
        if not isinstance(other, Calibration):
            return NotImplemented
        return all(np.array_equal(getattr(self, each.name), getattr(other, each.name)) for each in fields(self) if each.init)

    __hash__ = None  # type: ignore[assignment]

    # --- there and back ---

    def place_of(self, px: Doubles) -> Doubles:
        """Pixels (n, 2) to metres (n, 2); NaN at and above the horizon."""
        straight = straightened(self._normal_px(px), self.lens)
        return self._ground(straight) * self.radius_m + self.centre_m

    def ground_of(self, px: Doubles) -> tuple[Doubles, Doubles]:
        """Pixels (n, 2) to metres (n, 2), and their doubt on each axis (n,), root mean square of the two, from calibration alone.

        At and above the horizon the place is NaN and the doubt infinite.
        """
        place_m = self.place_of(px)
        variance = np.trace(self.covariance_m2(px), axis1=1, axis2=2) / 2
        return place_m, np.sqrt(np.where(np.isnan(variance), np.inf, variance))

    def px_of(self, m: Doubles) -> Doubles:
        """Metres (n, 2) to pixels (n, 2); NaN behind the camera, and where the lens shows nothing."""
        straight, _ = self._picture(self._normal_m(m))
        return bent(straight, self.lens) * self.radius_px + self.centre_px

    def is_ground(self, px: Doubles) -> Bools:
        """Which pixels (n, 2) lie below the horizon, (n,)."""
        return np.asarray(np.isfinite(self.place_of(px)).all(axis=1))

    def horizon_px(self) -> Doubles:
        """The horizon across the picture and as far again on both sides, (k, 2) pixels; empty when the camera looks straight down."""
        a, b, c = self._back[2]
        steep = np.hypot(a, b)
        if steep < 1e-6 * abs(c):
            return np.empty((0, 2))
        along = np.linspace(-3, 3, 241)[:, None] * np.array([-b, a]) / steep
        line = bent(np.array([-a, -b]) * c / steep**2 + along, self.lens)
        return line[np.isfinite(line).all(axis=1)] * self.radius_px + self.centre_px

    # --- scale ---

    def ground_jacobian(self, px: Doubles) -> Doubles:
        """Metres a pixel: derivative of the place by the pixel, (n, 2, 2); rows x, y, columns right, down."""
        normal = self._normal_px(px)
        by_point, _ = straightening(normal, self.lens)
        ground = self._ground(straightened(normal, self.lens))
        return np.asarray(self._inverse_slope(ground) @ by_point * self.radius_m / np.array(self.radius_px), np.float64)

    def metres_per_px(self, px: Doubles) -> Doubles:
        """What one pixel covers on the ground, (n, 2): in the direction where it covers least, and where it covers most."""
        a, b, c, d = np.moveaxis(self.ground_jacobian(px).reshape(-1, 4), 1, 0)
        half, part = (a * a + b * b + c * c + d * d) / 2, np.abs(a * d - b * c)
        most = np.sqrt(half + np.sqrt(np.maximum(half**2 - part**2, 0)))
        return np.stack([part / most, most], axis=1)

    # --- doubt ---

    def parameter_jacobian(self, px: Doubles) -> Doubles:
        """Derivative of the place by the parameters, (n, 2, 10), metres: `A`. One draw δ of the parameters' error shifts all places by `A @ δ` at once."""
        normal = self._normal_px(px)
        _, by_lens = straightening(normal, self.lens)
        return self._shift(self._ground(straightened(normal, self.lens)), by_lens)

    def covariance_m2(self, px: Doubles) -> Doubles:
        """Covariance (n, 2, 2) of each place from calibration alone. The same error for all points of a track: see `combined_covariance_m2`."""
        a = self.parameter_jacobian(px)
        return np.asarray(a @ self.covariance @ a.transpose(0, 2, 1), np.float64)

    def shared_shifts_m(self, px: Doubles) -> Doubles:
        """What one sigma of each of ten independent errors of the calibration moves the places of all these pixels at once, (n, 2, 10)."""
        strength, way = np.linalg.eigh(self.covariance)
        return np.asarray(self.parameter_jacobian(px) @ (way * np.sqrt(np.maximum(strength, 0.0))), np.float64)

    def pixel_covariance_m2(self, px: Doubles, sigma_px: Doubles | float) -> Doubles:
        """Covariance (n, 2, 2) of each place from pixel noise alone; `sigma_px` on each axis: a number or (n,). Independent from point to point."""
        j = self.ground_jacobian(px) * np.reshape(np.asarray(sigma_px, np.float64), (-1, 1, 1))
        return np.asarray(j @ j.transpose(0, 2, 1), np.float64)

    def combined_covariance_m2(self, px: Doubles, weight: Doubles) -> Doubles:
        """Covariance (2, 2) of Σ weight · place over pixels (n, 2), from calibration: its error is one for all points, so much of it cancels in a difference.

        A least-squares velocity is such a sum (weights in 1/s): the result is then (m/s)².
        """
        a = np.tensordot(np.asarray(weight, np.float64), self.parameter_jacobian(px), 1)
        return np.asarray(a @ self.covariance @ a.T, np.float64)

    def speed_doubt_ratio(self, px: Doubles, heading: Doubles | None = None) -> Doubles:
        """Relative doubt (one sigma) that calibration leaves in a speed measured around each pixel (n, 2), (n,); infinite above the horizon.

        Along `heading`, unit vectors (n, 2) on the ground; without one: in the worst direction. Over `_WAY_M` of way; over a longer one use
        `combined_covariance_m2`.
        """
        ground = self._ground(straightened(self._normal_px(px), self.lens))
        step = _WAY_M / 2 / self.radius_m
        stretch = [(self._shift_at(ground + by) - self._shift_at(ground - by)) / _WAY_M for by in np.eye(2) * step]
        if heading is not None:
            return self._stretched(stretch, np.asarray(heading, np.float64))
        angles = np.arange(_WAYS_COUNT) * np.pi / _WAYS_COUNT
        each = [self._stretched(stretch, np.broadcast_to([np.cos(angle), np.sin(angle)], ground.shape)) for angle in angles]
        return np.asarray(np.max(each, axis=0), np.float64)

    # --- other sizes, other frames ---

    def scaled_to(self, width_px: int, height_px: int) -> Self:
        """The same view in a stream of another size; CalibrationError when its shape is another, or the picture's size was never told."""
        if self.size_px == (width_px, height_px):
            return self
        if self.size_px is None:
            raise CalibrationError("calibration", "made without the size of its picture", "size_px in [camera.calibration]")
        across, down = width_px / self.size_px[0], height_px / self.size_px[1]
        if not abs(across / down - 1) <= _SHAPE_RATIO:
            came = f"made for {self.size_px[0]}×{self.size_px[1]} pixels, used on {width_px}×{height_px}"
            raise CalibrationError("calibration", came, "a picture of the same shape")
        centre = (self.centre_px[0] * across, self.centre_px[1] * down)
        return replace(self, centre_px=centre, radius_px=(self.radius_px[0] * across, self.radius_px[1] * down), size_px=(width_px, height_px))

    def degrees_of(self, m: Doubles) -> Doubles | None:
        """Metres (n, 2) as latitude, longitude (n, 2); None when the reference points were not on the globe."""
        return self.origin.degrees_of(m) if self.origin else None

    def as_json(self) -> dict[str, Any]:
        """Plain values; `from_json` gives the equal calibration back, bit for bit."""
        plain = {each.name: getattr(self, each.name) for each in fields(self) if each.init}
        arrays = {name: value.tolist() for name, value in plain.items() if isinstance(value, np.ndarray)}
        origin = [self.origin.lat_deg, self.origin.lon_deg] if self.origin else None
        return plain | arrays | {"origin": origin}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """Read what `as_json` gave; ValueError, KeyError or TypeError on anything else."""
        homography, lens, covariance = (np.array(said[name], np.float64) for name in ("homography", "lens", "covariance"))
        centre_px, radius_px, centre_m = ((float(said[name][0]), float(said[name][1])) for name in ("centre_px", "radius_px", "centre_m"))
        size_px = (int(said["size_px"][0]), int(said["size_px"][1])) if said["size_px"] else None
        origin = GeoPoint(float(said["origin"][0]), float(said["origin"][1])) if said["origin"] else None
        return cls(homography, lens, covariance, centre_px, radius_px, centre_m, float(said["radius_m"]), size_px, origin)

    # --- in normalised coordinates ---

    def _normal_px(self, px: Doubles) -> Doubles:
        return np.asarray((np.asarray(px, np.float64).reshape(-1, 2) - self.centre_px) / self.radius_px, np.float64)

    def _normal_m(self, m: Doubles) -> Doubles:
        return np.asarray((np.asarray(m, np.float64).reshape(-1, 2) - self.centre_m) / self.radius_m, np.float64)

    def _ground(self, straight: Doubles) -> Doubles:
        """Straight picture to ground; NaN at and above the horizon."""
        seen = straight @ self._back[:, :2].T + self._back[:, 2]
        depth = np.where(seen[:, 2] > 1e-12, seen[:, 2], np.nan)
        return np.asarray(seen[:, :2] / depth[:, None], np.float64)

    def _picture(self, ground: Doubles) -> tuple[Doubles, Doubles]:
        """Ground to straight picture (n, 2), and depth (n,); NaN behind the camera."""
        seen = ground @ self.homography[:, :2].T + self.homography[:, 2]
        depth = np.where(seen[:, 2] > 1e-12, seen[:, 2], np.nan)
        return np.asarray(seen[:, :2] / depth[:, None], np.float64), depth

    def _inverse_slope(self, ground: Doubles) -> Doubles:
        """Derivative (n, 2, 2) of the ground by the straight picture."""
        straight, depth = self._picture(ground)
        slope = (self.homography[:2, :2] - straight[:, :, None] * self.homography[2, :2]) / depth[:, None, None]
        a, b, c, d = np.moveaxis(slope.reshape(-1, 4), 1, 0)
        return np.asarray(np.stack([d, -b, -c, a], 1).reshape(-1, 2, 2) / (a * d - b * c)[:, None, None], np.float64)

    def _shift(self, ground: Doubles, by_lens: Doubles) -> Doubles:
        """`A` at normalised ground places, in metres: the picture holds still, so ground = slope⁻¹ · (what the lens moves − what the homography moves)."""
        moved = np.concatenate([-homography_slope(self.homography, ground), by_lens], axis=2)
        return np.asarray(self._inverse_slope(ground) @ moved * self.radius_m, np.float64)

    def _shift_at(self, ground: Doubles) -> Doubles:
        seen = bent(self._picture(ground)[0], self.lens)
        return self._shift(ground, straightening(seen, self.lens)[1])

    def _stretched(self, stretch: list[Doubles], heading: Doubles) -> Doubles:
        along = heading[:, :1, None] * stretch[0] + heading[:, 1:, None] * stretch[1]
        a = np.einsum("ni,nip->np", heading, along)
        variance = np.einsum("np,pq,nq->n", a, self.covariance, a)
        return np.sqrt(np.where(np.isnan(variance), np.inf, np.maximum(variance, 0)))


def homography_slope(homography: Doubles, ground: Doubles) -> Doubles:
    """Derivative (n, 2, 8) of the straight picture by the first eight elements of the homography, at ground places (n, 2), all normalised."""
    seen = ground @ homography[:, :2].T + homography[:, 2]
    depth = np.where(seen[:, 2] > 1e-12, seen[:, 2], np.nan)
    straight = seen[:, :2] / depth[:, None]
    row = np.column_stack([ground, np.ones(len(ground))]) / depth[:, None]
    slope = np.zeros((len(ground), 2, 8))
    slope[:, 0, :3] = slope[:, 1, 3:6] = row
    slope[:, :, 6:] = -straight[:, :, None] * row[:, None, :2]
    return slope
