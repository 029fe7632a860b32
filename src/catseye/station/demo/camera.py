"""Where a camera stands and how it looks: metres on the street to pixels of the picture, and back to the ground."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from catseye.core.arrays import Bools, Doubles
from catseye.core.errors import SiteError

_LEAST_SLOPE = 0.05  # a lens that gains less radius than this is continued evenly: so every street point has one pixel and every pixel one ray
_TABLE_COUNT = 512
_TRIES_COUNT = 4096


@dataclass(frozen=True, slots=True)
class CameraPose:
    """A camera with square pixels and, if wanted, a radially distorting lens.

    Street frame: x east, y north, z up, ground at z = 0. `yaw_deg` clockwise from north, `pitch_deg` down from the horizon, `roll_deg` clockwise as seen by the
    camera (what it sees turns the other way). Pixels are continuous: (0, 0) is the top left corner of the picture, the centre of the first pixel is (0.5, 0.5).
    Distortion as in Brown 1966 and OpenCV: a ray at tangent r from the axis lands at r (1 + k1 r² + k2 r⁴), in focal lengths from the centre of the picture.
    """

    position_m: tuple[float, float, float]
    yaw_deg: float
    pitch_deg: float
    focal_px: float
    size_px: tuple[int, int]
    roll_deg: float = 0.0
    k1_ratio: float = 0.0
    k2_ratio: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a camera that cannot see the ground, and a lens that folds the picture over itself."""
        if not (self.position_m[2] > 0 and -90 < self.pitch_deg <= 90 and self.focal_px > 0 and min(self.size_px) > 0):
            raise ValueError(f"camera pose: {self}; wanted height, focal length and size > 0 and pitch in (-90, 90]")
        corner_ratio = float(np.hypot(*self.size_px)) / 2 / self.focal_px
        if self.is_distorted and _lens_edge(self.k1_ratio, self.k2_ratio)[1] < corner_ratio:
            raise ValueError(f"camera pose: lens k1 {self.k1_ratio}, k2 {self.k2_ratio} folds inside the picture; wanted one that still widens in its corners")

    @classmethod
    def mounted(
        cls,
        height_m: float,
        tilt_deg: float,
        *,
        at_m: tuple[float, float] = (0.0, 0.0),
        pan_deg: float = 0.0,
        roll_deg: float = 0.0,
        focal_mm: float = 6.0,
        sensor_width_mm: float = 5.37,
        size_px: tuple[int, int] = (640, 480),
        k1_ratio: float = 0.0,
        k2_ratio: float = 0.0,
    ) -> "CameraPose":
        """From what an installer knows: the mast, the angles, the lens and the sensor (1/2.7″, 5.37 mm wide, unless told otherwise)."""
        focal_px = focal_mm / sensor_width_mm * size_px[0]
        return cls((*at_m, height_m), pan_deg, tilt_deg, focal_px, size_px, roll_deg, k1_ratio, k2_ratio)

    @property
    def is_distorted(self) -> bool:
        """Whether straight lines bend."""
        return bool(self.k1_ratio or self.k2_ratio)

    @property
    def axes(self) -> Doubles:
        """Rows: right, down, forward in the street frame, (3, 3)."""
        return _axes(self.yaw_deg, self.pitch_deg, self.roll_deg)

    @property
    def homography(self) -> Doubles:
        """Ground metres (x, y, 1) to pixels, (3, 3), up to scale; it holds for a lens without distortion."""
        axes = self.axes
        rotated = np.column_stack([axes[:, 0], axes[:, 1], -axes @ np.array(self.position_m)])
        width, height = self.size_px
        return np.asarray(np.array([[self.focal_px, 0, width / 2], [0, self.focal_px, height / 2], [0, 0, 1]]) @ rotated)

    def scaled(self, ratio: float) -> "CameraPose":
        """The same view in a picture `ratio` times as large."""
        width, height = self.size_px
        return replace(self, focal_px=self.focal_px * ratio, size_px=(round(width * ratio), round(height * ratio)))

    def project(self, points_m: Doubles) -> tuple[Doubles, Doubles]:
        """Street points (n, 3) to pixels (n, 2) and their depth in metres (n,); pixels are nan at depth <= 0."""
        seen = (np.asarray(points_m, np.float64) - self.position_m) @ self.axes.T
        depth_m = seen[:, 2]
        safe = np.where(depth_m > 0, depth_m, np.nan)
        rays = seen[:, :2] / safe[:, None]
        if self.is_distorted:
            rays *= self._stretch(np.hypot(rays[:, 0], rays[:, 1]))[:, None]
        return rays * self.focal_px + np.array(self.size_px) / 2, depth_m

    def ground_px(self, ground_m: Doubles) -> Doubles:
        """Points on the ground (n, 2) in metres to pixels (n, 2)."""
        ground = np.asarray(ground_m, np.float64).reshape(-1, 2)
        return self.project(np.column_stack([ground, np.zeros(len(ground))]))[0]

    def to_ground_m(self, px: Doubles) -> Doubles:
        """Pixels (n, 2) to points on the ground (n, 2) in metres; nan at or above the horizon."""
        offset = (np.asarray(px, np.float64).reshape(-1, 2) - np.array(self.size_px) / 2) / self.focal_px
        if self.is_distorted:
            offset = self._undistorted(offset)
        rays = np.column_stack([offset, np.ones(len(offset))]) @ self.axes
        reach = np.where(rays[:, 2] < 0, -self.position_m[2] / np.where(rays[:, 2] < 0, rays[:, 2], 1), np.nan)
        return np.array(self.position_m[:2]) + rays[:, :2] * reach[:, None]

    def contains(self, px: Doubles, margin_px: float = 0.0) -> Bools:
        """Which pixels (n, 2) lie inside the picture, `margin_px` away from its edge."""
        return np.asarray(((px >= margin_px) & (px <= np.array(self.size_px) - margin_px)).all(axis=1))

    def reference_points(self, count: int, *, most_away_m: float = 60.0, margin_px: float = 8.0, seed: int = 0) -> tuple[Doubles, Doubles]:
        """Exact pairs for a calibration: pixels (count, 2) and the same places on the ground (count, 2) in metres.

        Spread evenly over the part of the picture that shows ground at most `most_away_m` from the mast. SiteError where there is none.
        """
        # Roberts' R2 sequence: even in the plane for any count, shifted by the seed.
        share = (np.random.default_rng(seed).random(2) + np.arange(_TRIES_COUNT)[:, None] * np.array([0.7548776662466927, 0.5698402909980532])) % 1
        px = margin_px + share * (np.array(self.size_px) - 2 * margin_px)
        ground_m = self.to_ground_m(px)
        near = np.flatnonzero(np.hypot(*(ground_m - np.array(self.position_m[:2])).T) <= most_away_m)[:count]
        if len(near) < count:
            raise SiteError("reference points", f"{len(near)} of {count} found", f"a camera that sees ground within {most_away_m} m")
        return px[near], ground_m[near]

    def _stretch(self, tangent: Doubles) -> Doubles:
        """By how much the lens moves rays at this tangent away from the centre, (n,)."""
        edge, edge_reach = _lens_edge(self.k1_ratio, self.k2_ratio)
        inside = np.minimum(tangent, edge)
        reach = np.where(tangent <= edge, _reach(self.k1_ratio, self.k2_ratio, inside), edge_reach + _LEAST_SLOPE * (tangent - edge))
        return np.asarray(np.where(tangent > 1e-12, reach / np.maximum(tangent, 1e-12), 1.0))

    def _undistorted(self, offset: Doubles) -> Doubles:
        """Back to tangents, (n, 2): a table's guess, made exact by Newton's steps."""
        edge, edge_reach = _lens_edge(self.k1_ratio, self.k2_ratio)
        reach = np.hypot(offset[:, 0], offset[:, 1])
        most = min(edge, float(reach.max(initial=0.0)) * 4 + 1)
        table = np.linspace(0, most, _TABLE_COUNT)
        tangent = np.interp(reach, _reach(self.k1_ratio, self.k2_ratio, table), table)
        for _ in range(4):
            slope = 1 + 3 * self.k1_ratio * tangent**2 + 5 * self.k2_ratio * tangent**4
            tangent = np.clip(tangent - (_reach(self.k1_ratio, self.k2_ratio, tangent) - reach) / np.maximum(slope, _LEAST_SLOPE), 0, most)
        tangent = np.where(reach > edge_reach, edge + (reach - edge_reach) / _LEAST_SLOPE, tangent)
        return np.asarray(offset * np.where(reach > 1e-12, tangent / np.maximum(reach, 1e-12), 1.0)[:, None])


@lru_cache(maxsize=256)
def _axes(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Doubles:
    yaw, pitch, roll = np.radians([yaw_deg, pitch_deg, roll_deg])
    level = np.array([np.cos(yaw), -np.sin(yaw), 0.0])
    forward = np.array([np.sin(yaw) * np.cos(pitch), np.cos(yaw) * np.cos(pitch), -np.sin(pitch)])
    down = np.cross(forward, level)
    right = level * np.cos(roll) + down * np.sin(roll)
    axes = np.array([right, np.cross(forward, right), forward], np.float64)
    axes.flags.writeable = False  # one array for all who ask
    return axes


def _reach(k1_ratio: float, k2_ratio: float, tangent: Doubles) -> Doubles:
    return np.asarray(tangent * (1 + k1_ratio * tangent**2 + k2_ratio * tangent**4))


@lru_cache(maxsize=64)
def _lens_edge(k1_ratio: float, k2_ratio: float) -> tuple[float, float]:
    """The tangent up to which the lens formula widens the picture, and where it lands; far away for a lens that always does."""
    spread = 9 * k1_ratio**2 - 20 * k2_ratio * (1 - _LEAST_SLOPE)  # of 5 k2 r⁴ + 3 k1 r² + 1 = least slope
    if spread < 0:
        return 1e6, 1e30
    below = (-3 * k1_ratio + sign * np.sqrt(spread) for sign in (1, -1))
    squares = [2 * (1 - _LEAST_SLOPE) / each for each in below if each > 1e-9]
    if not squares:
        return 1e6, 1e30
    edge = float(np.sqrt(min(squares)))
    return edge, float(_reach(k1_ratio, k2_ratio, np.array([edge]))[0])
