"""Other places than the demo junction: a straight road with any lanes, and a plane with the lanes that somebody's map draws."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from catseye.core.arrays import Doubles, Floats, Pixels
from catseye.core.errors import SiteError
from catseye.station.demo.camera import CameraPose
from catseye.station.demo.lights import StreetLight
from catseye.station.demo.props import Prop
from catseye.station.demo.render import Scenery
from catseye.station.demo.surface import Surface, band, hazed, steps_m

MARK = np.array([218, 218, 208], np.float32)
EDGE_HALF_M, DASH_M, DASH_EVERY_M = 0.06, 3.0, 9.0
MAST_M, MAST_ARM_M = 8.0, 2.2
RASTER_MOST_PX, RASTER_LEAST_M, SEEN_M = 5000, 0.04, 160.0


@dataclass(frozen=True, slots=True)
class StraightRoad:
    """A straight road through the origin, right-hand traffic: forward lanes lie right of its middle, seen along `heading_deg` (clockwise from north).

    It runs from `begin_m` to `end_m` along itself; `median_m` is the strip in the middle, `shoulder_m` the asphalt outside the edge lines.
    """

    forward_lanes_count: int = 1
    backward_lanes_count: int = 1
    lane_width_m: float = 3.5
    median_m: float = 0.0
    shoulder_m: float = 0.8
    heading_deg: float = 0.0
    begin_m: float = -80.0
    end_m: float = 160.0

    def __post_init__(self) -> None:
        """Refuse a road without lanes or length."""
        counts_right = min(self.forward_lanes_count, self.backward_lanes_count) >= 0 < self.forward_lanes_count + self.backward_lanes_count
        if not (counts_right and self.lane_width_m > 0 and self.median_m >= 0 and self.shoulder_m >= 0 and self.end_m > self.begin_m):
            raise SiteError("straight road", str(self), "at least one lane, widths >= 0, end_m beyond begin_m")

    @property
    def length_m(self) -> float:
        """From begin to end."""
        return self.end_m - self.begin_m

    @property
    def right_half_m(self) -> float:
        """From the middle to the right edge line."""
        return self.median_m / 2 + self.forward_lanes_count * self.lane_width_m

    @property
    def left_half_m(self) -> float:
        """From the middle to the left edge line."""
        return self.median_m / 2 + self.backward_lanes_count * self.lane_width_m

    def forward_lanes_m(self) -> Doubles:
        """Middles of the forward lanes, metres right of the middle of the road, from there outwards."""
        return np.asarray(self.median_m / 2 + (np.arange(self.forward_lanes_count) + 0.5) * self.lane_width_m, np.float64)

    def backward_lanes_m(self) -> Doubles:
        """Middles of the backward lanes, metres right of the middle of the road (so below 0), from there outwards."""
        return np.asarray(-self.median_m / 2 - (np.arange(self.backward_lanes_count) + 0.5) * self.lane_width_m, np.float64)

    def street_m(self, along_m: Doubles, right_m: Doubles) -> Doubles:
        """Places on the road (n,), (n,) to street metres (n, 2)."""
        along_m, right_m = np.broadcast_arrays(np.asarray(along_m, np.float64), np.asarray(right_m, np.float64))
        sine, cosine = np.sin(np.radians(self.heading_deg)), np.cos(np.radians(self.heading_deg))
        return np.stack([along_m * sine + right_m * cosine, along_m * cosine - right_m * sine], axis=-1)

    def scenery(self, seed: int = 7, *, with_trees: bool = True, lights_every_m: float = 0.0) -> Scenery:
        """The empty road with its verge, trees beside it, and street lamps in turn on either side, on their masts, every so often (0: none)."""
        masts, lights = self._masts(lights_every_m) if lights_every_m else ((), ())
        return Scenery(self.paint, (*(self._props(seed) if with_trees else ()), *masts), lights)

    def _masts(self, every_m: float) -> tuple[tuple[Prop, ...], tuple[StreetLight, ...]]:
        masts: list[Prop] = []
        lights: list[StreetLight] = []
        for nth, along_m in enumerate(np.arange(self.begin_m, self.end_m + 40, every_m).tolist()):
            hand, half_m = (1, self.right_half_m) if nth % 2 else (-1, self.left_half_m)
            right_m = hand * (half_m + self.shoulder_m + 1.2)
            (x_m, y_m), (lamp_x_m, lamp_y_m) = self.street_m(np.full(2, along_m), np.array([right_m, right_m - hand * MAST_ARM_M])).tolist()
            masts.append(Prop("pole", x_m, y_m, (MAST_M, MAST_ARM_M), self.heading_deg - hand * 90.0))
            lights.append(StreetLight(lamp_x_m, lamp_y_m, MAST_M))
        return tuple(masts), tuple(lights)

    def paint(self, pose: CameraPose, seed: int) -> Pixels:
        """The empty road as seen by `pose`, uint8 (h, w, 3) RGB."""
        ground = Surface.seen_by(pose, seed)
        sine, cosine = np.float32(np.sin(np.radians(self.heading_deg))), np.float32(np.cos(np.radians(self.heading_deg)))
        along = np.asarray(ground.x_m * sine + ground.y_m * cosine, np.float32)
        right = np.asarray(ground.x_m * cosine - ground.y_m * sine, np.float32)
        foot_right, foot_along = steps_m(right, ground.is_sky), steps_m(along, ground.is_sky)
        rgb = _grass(ground)
        paved = np.maximum(right - self.right_half_m, -right - self.left_half_m) - self.shoulder_m
        _blend(rgb, (150 + ground.grain * 9 + ground.patches * 6)[..., None] * np.array([1.0, 0.96, 0.86], np.float32), _inside(paved - 0.7, foot_right))
        tone = 128 + ground.grain * 6 + ground.patches * 4 - self._wear(right)
        _blend(rgb, tone[..., None] * np.array([1.01, 1.0, 0.985], np.float32), _inside(paved, foot_right))
        if self.median_m > 0.6:
            _blend(rgb, _grass(ground) * np.float32(0.96), _inside(np.abs(right) - np.float32(self.median_m / 2 - 0.25), foot_right))
        worn = np.clip(0.88 + 0.10 * ground.patches + 0.10 * ground.grain, 0.4, 0.97)
        dashes = band(np.mod(along, np.float32(DASH_EVERY_M)) - np.float32(DASH_EVERY_M / 2), DASH_M / 2, foot_along)
        for offset_m, is_dashed in self._marks():
            mark = band(right - np.float32(offset_m), EDGE_HALF_M, foot_right)
            _blend(rgb, MARK, mark * worn * (dashes if is_dashed else 1))
        return hazed(rgb, ground, seed)

    def _wear(self, right: Floats) -> Floats:
        """Wheels polish two ruts in every lane, engines drip between them."""
        tone = np.zeros_like(right)
        for middle_m in (*self.forward_lanes_m(), *self.backward_lanes_m()):
            for rut_m in (-0.8, 0.8):
                tone += 7 * np.exp(-(((right - middle_m - rut_m) / 0.34) ** 2))
            tone += 4 * np.exp(-(((right - middle_m) / 0.3) ** 2))
        return tone

    def _marks(self) -> list[tuple[float, bool]]:
        """Lines along the road: metres right of the middle, and whether dashed."""
        inner_m = self.median_m / 2
        marks = [(self.right_half_m - 0.12, False), (-self.left_half_m + 0.12, False)]
        marks += [(inner_m + n * self.lane_width_m, True) for n in range(1, self.forward_lanes_count)]
        marks += [(-inner_m - n * self.lane_width_m, True) for n in range(1, self.backward_lanes_count)]
        if self.forward_lanes_count and self.backward_lanes_count:
            is_wide = max(self.forward_lanes_count, self.backward_lanes_count) > 1
            marks += [(inner_m + 0.1, False), (-inner_m - 0.1, False)] if is_wide or self.median_m else [(0.0, True)]
        return marks

    def _props(self, seed: int) -> tuple[Prop, ...]:
        rng = np.random.default_rng([seed, 6])
        props: list[Prop] = []
        for hand, half_m in ((1, self.right_half_m), (-1, self.left_half_m)):
            along_m = self.begin_m - 10 + float(rng.uniform(0, 14))
            while along_m < self.end_m + 60:
                tall_m = float(rng.uniform(4.5, 8.5))
                away_m = half_m + self.shoulder_m + 3 + 0.42 * tall_m + float(rng.uniform(0, 14))
                x_m, y_m = self.street_m(np.array(along_m), np.array(hand * away_m)).tolist()
                props.append(Prop("tree", x_m, y_m, (tall_m,)))
                along_m += float(rng.uniform(9, 30))
        return tuple(props)


@dataclass(frozen=True, slots=True)
class LanePlan:
    """A plane with the lanes of a map, polygons (n, 2) in street metres: `lanes_m` with their borders painted, over them `areas_m` of bare asphalt."""

    lanes_m: tuple[Doubles, ...]
    areas_m: tuple[Doubles, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is no polygon."""
        for ring in (*self.lanes_m, *self.areas_m):
            if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < 3 or not np.isfinite(ring).all():
                raise SiteError("lane plan", f"an array {ring.shape}", "polygons (n, 2) of at least three finite corners in metres")

    def scenery(self, props: Sequence[Prop] = (), lights: Sequence[StreetLight] = ()) -> Scenery:
        """The empty plane with its lanes."""
        return Scenery(self.paint, tuple(props), tuple(lights))

    def paint(self, pose: CameraPose, seed: int) -> Pixels:
        """The empty lanes as seen by `pose`, uint8 (h, w, 3) RGB."""
        ground = Surface.seen_by(pose, seed)
        rgb = _grass(ground)
        asphalt, marks = self._raster(ground, pose)
        tone = 128 + ground.grain * 6 + ground.patches * 4
        _blend(rgb, tone[..., None] * np.array([1.01, 1.0, 0.985], np.float32), asphalt)
        _blend(rgb, MARK, marks * np.clip(0.88 + 0.10 * ground.patches + 0.10 * ground.grain, 0.4, 0.97))
        return hazed(rgb, ground, seed)

    def _raster(self, ground: Surface, pose: CameraPose) -> tuple[Floats, Floats]:
        """Shares of asphalt and of paint at every pixel, (h, w) each: the plan drawn once from above, then looked up."""
        eye_m = np.array(pose.position_m[:2])
        corners = np.vstack([*self.lanes_m, *self.areas_m, eye_m[None]]) if self.lanes_m or self.areas_m else eye_m[None]
        low_m, high_m = np.maximum(corners.min(0) - 2, eye_m - SEEN_M), np.minimum(corners.max(0) + 2, eye_m + SEEN_M)
        step_m = max(RASTER_LEAST_M, float((high_m - low_m).max()) / RASTER_MOST_PX)
        width, height = np.ceil((high_m - low_m) / step_m).astype(int).tolist()
        asphalt, marks = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)

        def fixed(ring: Doubles) -> NDArray[np.int32]:
            return np.asarray(np.round(((ring - low_m) / step_m - 0.5) * 16), np.int32)

        for ring in self.lanes_m:
            cv2.fillPoly(asphalt, [fixed(ring)], 255, cv2.LINE_AA, 4)
            cv2.polylines(marks, [fixed(ring)], True, 255, max(1, round(2 * EDGE_HALF_M / step_m)), cv2.LINE_AA, 4)
        for ring in self.areas_m:
            cv2.fillPoly(asphalt, [fixed(ring)], 255, cv2.LINE_AA, 4)
            cv2.fillPoly(marks, [fixed(ring)], 0, cv2.LINE_8, 4)
        across, down = (ground.x_m - low_m[0]) / step_m - 0.5, (ground.y_m - low_m[1]) / step_m - 0.5
        return tuple(_looked_up(layer, across, down, ground.foot_m / step_m) for layer in (asphalt, marks))  # type: ignore[return-value] # two in, two out


def _looked_up(layer: Pixels, across: Floats, down: Floats, foot: Floats) -> Floats:
    """The layer at these places, blurred as much as a pixel's foot is large: a pyramid of halves."""
    out = np.zeros(across.shape, np.float32)
    level = np.clip(np.floor(np.log2(np.maximum(foot, 1))), 0, 6)
    for each in range(7):
        here = level == each
        if here.any():
            scale = np.float32(2.0**each)
            at_x, at_y = (np.asarray((axis + 0.5) / scale - 0.5, np.float32) for axis in (across, down))
            seen = cv2.remap(layer, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
            out[here] = np.asarray(seen, np.float32)[here] / 255
        layer = np.asarray(cv2.resize(layer, (max(1, layer.shape[1] // 2), max(1, layer.shape[0] // 2)), interpolation=cv2.INTER_AREA), np.uint8)
    return out


def _grass(ground: Surface) -> Floats:
    rgb = np.empty((*ground.x_m.shape, 3), np.float32)
    rgb[...] = (108, 136, 72)
    rgb += (ground.grain * 8 + ground.patches * 9)[..., None] * np.array([1.0, 1.0, 0.6], np.float32)
    return rgb


def _inside(outside_m: Floats, foot_m: Floats) -> Floats:
    """Share of each pixel inside an edge it lies `outside_m` of."""
    return np.asarray(np.clip(0.5 - outside_m / np.maximum(foot_m, 1e-3), 0, 1), np.float32)


def _blend(rgb: Floats, colour: Floats, share: Floats) -> None:
    rgb += (colour - rgb) * share[..., None]
