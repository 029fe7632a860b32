"""Our own renderer: trajectories and a camera in, pictures and their exact truth out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from catseye.core.arrays import Bools, Doubles, Floats, Ints, Pixels
from catseye.core.road_user import ROAD_USERS, RoadUser
from catseye.station.demo.backdrop import lit, street
from catseye.station.demo.bodies import Look, body_of, moving_body
from catseye.station.demo.camera import CameraPose
from catseye.station.demo.conditions import Conditions
from catseye.station.demo.footprint import footprint_m
from catseye.station.demo.lights import BEAM_TINT, Glare, Lamps, StreetLight, beams, lamps_of, mast_lamps, signal_lamps, street_light
from catseye.station.demo.order import far_to_near
from catseye.station.demo.paint import LABELS, NEAR_M, SUBPIXEL_BITS, SUN, Canvas, paint_solid
from catseye.station.demo.props import PROPS, STREET_LIGHTS, Cutout, Prop, cut_out, lens_of, shade_of
from catseye.station.demo.sensor import GRAIN_ROOM_PX, grain, lens_light, moved, sway_px
from catseye.station.demo.solids import HEAD, LIT, PLATE_FRONT, PLATE_REAR, Solid
from catseye.station.demo.surface import Surface, veiled
from catseye.station.demo.trajectories import Moment, Timeline, Trajectories
from catseye.station.demo.truth import FrameTruth
from catseye.station.demo.weather import rained_on, veil_ratio

FINE = 2  # painted at twice the size, then averaged: smooth edges
WALKING_STEP_M = 0.09
PROP_FOOT_M = 0.3
OFF_ROAD_RATIO = 0.6
SUB_EXPOSURES = (-1 / 3, 1 / 3)  # beside the middle one
SHADE, UNDER = 205, 255  # how dark: a shadow, the ground under a body

Box: TypeAlias = tuple[int, int, int, int]
NOWHERE: Box = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Scenery:
    """What does not move: `paint_street(pose, seed)` gives the empty street, `props` stand on it and hide traffic,
    `lights` burn where conditions have street lights.
    """

    paint_street: Callable[[CameraPose, int], Pixels] = street
    props: tuple[Prop, ...] = PROPS
    lights: tuple[StreetLight, ...] = STREET_LIGHTS


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What one body drew, in fine pixels: its box, and how many before anybody came in front."""

    box: Box = NOWHERE
    pixels_count: int = 0


@dataclass(frozen=True, slots=True)
class _View:
    """The street that does not move as one camera pose sees it, at fine size: painted once."""

    camera: CameraPose
    fine: CameraPose
    cutouts: tuple[Cutout, ...]
    still: Pixels
    dark: Pixels
    light_ratio: Floats | None

    @property
    def eye_m(self) -> Doubles:
        """Where the camera stands, seen from above."""
        return np.array(self.camera.position_m[:2])


@dataclass(frozen=True, slots=True)
class _Shot:
    """One moment on canvas: who was there, what each drew, and how many fine pixels the mast was off."""

    canvas: Canvas
    moment: Moment
    drawn: list[_Drawn]
    shift_px: Ints
    signals: Lamps


class Renderer:
    """Draws any trajectories for any camera. The street that does not move is painted once for each pose the camera takes."""

    def __init__(
        self,
        camera: CameraPose,
        trajectories: Trajectories,
        *,
        conditions: Conditions | None = None,
        scenery: Scenery | None = None,
        seed: int = 7,
        lamp_state: Callable[[str, float], str] | None = None,
    ) -> None:
        """`lamp_state(arm, time_s)` says red, amber or green; without it the lamps stay dark."""
        self.camera = camera
        self._conditions, self._scenery = conditions or Conditions(), scenery or Scenery()
        self._seed, self._lamp_state = seed, lamp_state
        self._timeline = Timeline(trajectories)
        self._views: dict[CameraPose, _View] = {}
        self._grain = grain(camera.size_px, self._conditions.noise_ratio, seed)
        self._lens = lens_light(camera.size_px, self._conditions.vignette_ratio)
        self._solid = lru_cache(maxsize=4096)(self._build)

    def render(self, time_s: float) -> Pixels:
        """The picture at `time_s`, uint8 (h, w, 3) RGB."""
        return self.frame(time_s)[0]

    def frame(self, time_s: float) -> tuple[Pixels, FrameTruth]:
        """The picture at `time_s` and what is really in it; a long exposure lies around `time_s`, half before and half after."""
        view = self._view(self._conditions.pose_at(self.camera, time_s))
        middle = self._expose(view, time_s)
        truth = _truth(middle, view, time_s)
        if self._conditions.is_plain_day and not self._conditions.exposure_s:
            return self._sensed(_reduced(middle.canvas.rgb, self.camera.size_px), time_s), truth
        aside = (self._conditions.exposure_s * share for share in SUB_EXPOSURES if self._conditions.exposure_s)
        light = self._lit([middle, *(self._expose(view, time_s + aside_s) for aside_s in aside)], view)
        return self._sensed(self._through_air(light, time_s), time_s), truth

    def _expose(self, view: _View, time_s: float) -> _Shot:
        """Everybody where they are at one moment, shaken as the mast is then."""
        moment, c = self._timeline.at(time_s), self._conditions
        canvas = Canvas(_shadowed(view, moment, c.sun_ratio, c.fog_m), np.zeros(view.still.shape[:2], np.uint16), view.fine, c.sun_ratio, c.fog_m)
        drawn = self._paint_moving(view, canvas, moment)
        self._light_lamps(canvas, time_s)
        shift = np.asarray(np.round(sway_px(time_s, c.shake_px, self._seed) * FINE), np.int64)
        if shift.any():
            canvas.rgb = np.asarray(moved(canvas.rgb, shift, cv2.BORDER_REPLICATE), np.uint8)
            canvas.owner = np.asarray(moved(canvas.owner, shift, cv2.BORDER_CONSTANT), np.uint16)
        return _Shot(canvas, moment, drawn, shift, self._signal_lamps(time_s))

    def _lit(self, shots: Sequence[_Shot], view: _View) -> Floats:
        """What reaches the lens in all `shots` of one exposure, the middle one first, (h, w, 3) float32, 255 being white; more where a lamp glares."""
        reduced = [_reduced(shot.canvas.rgb, self.camera.size_px) for shot in shots]
        rgb = reduced[0] if len(shots) == 1 else np.asarray(np.mean(reduced, axis=0), np.float32)
        if view.light_ratio is None:
            return np.asarray(rgb, np.float32)
        c, middle = self._conditions, shots[0]
        light = view.light_ratio
        if c.is_dim:
            owner = middle.canvas.owner
            shining = _share(np.asarray(owner % LABELS == LIT), self.camera.size_px)
            on_road = 1 - OFF_ROAD_RATIO * _share(np.asarray(owner > 0), self.camera.size_px)  # beams lie low: bodies before the road they light get little
            headlamps = beams(view.camera, middle.moment, middle.shift_px / FINE) * on_road + 0.92 * shining
            light = np.asarray(cv2.add(light, cv2.merge([headlamps * tint for tint in BEAM_TINT])), np.float32)
        picture = np.asarray(cv2.multiply(rgb, light, dtype=cv2.CV_32F), np.float32)
        self._glare(picture, shots, view)
        return picture

    def _glare(self, picture: Floats, shots: Sequence[_Shot], view: _View) -> None:
        """The lamps of vehicles, smeared over all `shots`, and those on masts."""
        c = self._conditions
        glare = Glare(c.glare_ratio, c.rain_ratio, min(1.0, c.rain_ratio + (60 / c.fog_m if c.fog_m else 0)))
        for nth, shot in enumerate(shots if c.is_dim else ()):
            lamps, shift_px = lamps_of(shot.moment), shot.shift_px / FINE
            strength = glare.strength(view.camera, lamps, _seen_ratio(lamps, shot, view))
            glare.add_cores(picture, view.camera, lamps, strength, shift_px, 1 / len(shots))
            if nth == 0:
                glare.add_halos(picture, view.camera, lamps, strength, shift_px)
                at_signals = glare.strength(view.camera, shot.signals, np.ones(len(shot.signals.owner)))
                glare.add_cores(picture, view.camera, shot.signals, at_signals, shift_px, 1.0)
                glare.add_halos(picture, view.camera, shot.signals, at_signals, shift_px)
        if c.street_light_ratio:
            masts = mast_lamps(self._scenery.lights, c.street_light_ratio)
            strength, shift_px = glare.strength(view.camera, masts, np.ones(len(masts.owner))), shots[0].shift_px / FINE
            glare.add_cores(picture, view.camera, masts, strength, shift_px, 1.0)
            glare.add_halos(picture, view.camera, masts, strength, shift_px)

    def _through_air(self, light: Floats, time_s: float) -> Pixels:
        """Rain before the lens, colours taken away, and the sensor's own limit."""
        if self._conditions.rain_ratio:
            light = rained_on(light, self._conditions.rain_ratio, np.random.default_rng([self._seed, 9, round(time_s * 1000)]))
        if self._conditions.is_mono:
            light = np.repeat((light @ np.array([0.35, 0.5, 0.15], np.float32))[..., None], 3, axis=2)
        return np.asarray(np.clip(light, 0, 255), np.uint8)

    # --- the still street ---

    def _view(self, pose: CameraPose) -> _View:
        if pose not in self._views:
            self._views[pose] = self._look_from(pose)
        return self._views[pose]

    def _look_from(self, pose: CameraPose) -> _View:
        fine = pose.scaled(FINE)
        c = self._conditions
        painted = (cut_out(prop, fine, self._seed, sun_ratio=c.sun_ratio, fog_m=c.fog_m) for prop in self._scenery.props)
        cutouts = tuple(cutout for cutout in painted if cutout is not None)
        rgb = lit(shade_of(self._scenery.props, fine) * np.float32(c.sun_ratio), self._scenery.paint_street(fine, self._seed))
        if c.fog_m:
            rgb = veiled(rgb, Surface.seen_by(fine, self._seed), c.fog_m)
        eye_m = np.array(pose.position_m[:2])
        for cutout in sorted(cutouts, key=lambda one: -float(np.hypot(*(np.array([one.x_m, one.y_m]) - eye_m)))):
            left, top, right, bottom = cutout.box_px
            np.copyto(rgb[top:bottom, left:right], cutout.rgb, where=cutout.mask[..., None])
        lights = self._scenery.lights if c.street_light_ratio else ()
        light = None if c.is_plain_day else street_light(pose, lights, c.daylight_ratio, c.street_light_ratio, self._seed)
        return _View(pose, fine, cutouts, rgb, np.asarray(cv2.convertScaleAbs(rgb, alpha=0.5), np.uint8), light)

    # --- what moves ---

    def _build(self, track: int, kind: int, phase: int, length_m: float, width_m: float, height_m: float) -> Solid:
        look = Look.of(track, self._seed)
        return moving_body(kind, look, phase * WALKING_STEP_M, height_m) or body_of(kind, look, length_m, width_m, height_m)

    def _solid_at(self, moment: Moment, row: int) -> Solid:
        has_legs = ROAD_USERS[moment.kind[row]] in {RoadUser.PEDESTRIAN, RoadUser.CYCLIST}
        phase = round(float(moment.odometer_m[row]) / WALKING_STEP_M) if has_legs else 0
        length_m, width_m, height_m = (round(float(column[row]), 2) for column in (moment.length_m, moment.width_m, moment.height_m))
        return self._solid(int(moment.track[row]), int(moment.kind[row]), phase, length_m, width_m, height_m)

    def _paint_moving(self, view: _View, canvas: Canvas, moment: Moment) -> list[_Drawn]:
        """Far to near, with the props between them; what each row of `moment` drew."""
        count = len(moment)
        rough = [_rough_box(view.fine, moment, row) for row in range(count)]
        feet = [_feet(moment, row) for row in range(count)] + [_prop_feet(cutout) for cutout in view.cutouts]
        boxes = np.array([*rough, *(cutout.box_px for cutout in view.cutouts)], np.float64).reshape(-1, 4)
        drawn = [_Drawn()] * count
        for item in far_to_near(np.array(feet).reshape(-1, 4, 2), boxes, view.eye_m):
            if item < count:
                drawn[item] = self._paint_one(canvas, moment, item, rough[item])
            else:
                _hide_behind(canvas, view.cutouts[item - count])
        return drawn

    def _paint_one(self, canvas: Canvas, moment: Moment, row: int, rough: Box) -> _Drawn:
        if rough == NOWHERE:
            return _Drawn()
        paint_solid(canvas, self._solid_at(moment, row), row + 1, float(moment.x_m[row]), float(moment.y_m[row]), float(moment.heading_deg[row]))
        left, top, right, bottom = rough
        mine = (canvas.owner[top:bottom, left:right] // LABELS == row + 1).astype(np.uint8)
        x, y, wide, high = cv2.boundingRect(mine)
        return _Drawn((left + x, top + y, left + x + wide, top + y + high), cv2.countNonZero(mine)) if wide else _Drawn()

    def _light_lamps(self, canvas: Canvas, time_s: float) -> None:
        if self._lamp_state is None:
            return
        for prop in (prop for prop in self._scenery.props if prop.kind == "lamp"):
            at, colour = lens_of(prop, self._lamp_state(prop.arm, time_s))
            px, depth_m = canvas.pose.project(np.array([at]))
            if depth_m[0] > NEAR_M:
                radius = max(2, round(0.15 * canvas.pose.focal_px / float(depth_m[0])))
                cv2.circle(canvas.rgb, np.round(px[0]).astype(int).tolist(), radius, colour, -1, cv2.LINE_8)

    def _signal_lamps(self, time_s: float) -> Lamps:
        """Signals glow in the dark as lamps do; by day the lens that is drawn is all there is."""
        if self._lamp_state is None or not self._conditions.is_dim:
            return signal_lamps(())
        return signal_lamps([lens_of(prop, self._lamp_state(prop.arm, time_s)) for prop in self._scenery.props if prop.kind == "lamp"])

    # --- the camera ---

    def _sensed(self, clean: Pixels, time_s: float) -> Pixels:
        gain = 1 + self._conditions.drift_ratio * float(np.sin(time_s * 2 * np.pi / 23))
        rgb = cv2.multiply(clean, self._lens, scale=gain / 255)
        across, down = np.random.default_rng([self._seed, round(time_s * 1000)]).integers(0, GRAIN_ROOM_PX, 2)
        height, width = clean.shape[:2]
        noise = self._grain[down : down + height, across : across + width]
        return np.asarray(cv2.add(rgb, noise, dtype=cv2.CV_8U), np.uint8)


def _shadowed(view: _View, moment: Moment, sun_ratio: float, fog_m: float) -> Pixels:
    """The still street with the soft shadows of everybody."""
    width, height = view.camera.size_px
    mask = np.zeros((height, width), np.uint8)
    for row in range(len(moment)):
        feet = _feet(moment, row)
        px = view.camera.ground_px(np.vstack([feet, feet - SUN[:2] / SUN[2] * float(moment.height_m[row]) * 0.85]))
        if np.isfinite(px).all() and np.abs(px).max() < 10_000:
            fixed = np.round((px - 0.5) * (1 << SUBPIXEL_BITS)).astype(np.int32)
            clear = 1 - float(veil_ratio(np.hypot(*(feet.mean(axis=0) - view.eye_m)), fog_m))
            cv2.fillConvexPoly(mask, cv2.convexHull(fixed), round(SHADE * sun_ratio * clear), cv2.LINE_AA, SUBPIXEL_BITS)
            cv2.fillConvexPoly(mask, fixed[:4], round(UNDER * clear), cv2.LINE_AA, SUBPIXEL_BITS)
    soft = cv2.resize(cv2.GaussianBlur(mask, (0, 0), 1.4), view.fine.size_px, interpolation=cv2.INTER_LINEAR)
    dark = cv2.multiply(view.dark, cv2.merge([soft, soft, soft]), scale=1 / 255)
    return np.asarray(cv2.subtract(view.still, dark), np.uint8)


def _rough_box(fine: CameraPose, moment: Moment, row: int) -> Box:
    """Fine pixels that surely hold the whole body; nowhere when it lies outside the picture or beside the lens."""
    feet = np.vstack([_feet(moment, row, 1.3)] * 2)
    px, depth_m = fine.project(np.column_stack([feet, np.repeat([0.0, float(moment.height_m[row]) * 1.4 + 0.3], 4)]))
    if depth_m.min() < NEAR_M:
        return NOWHERE
    left, top = np.clip(np.floor(px.min(0)) - 4, 0, fine.size_px).astype(int).tolist()
    right, bottom = np.clip(np.ceil(px.max(0)) + 4, 0, fine.size_px).astype(int).tolist()
    return (left, top, right, bottom) if right > left and bottom > top else NOWHERE


def _reduced(rgb: Pixels, size_px: tuple[int, int]) -> Pixels:
    return np.asarray(cv2.resize(rgb, size_px, interpolation=cv2.INTER_AREA), np.uint8)


def _share(mask: Bools, size_px: tuple[int, int]) -> Floats:
    """Share of each pixel that the fine mask covers, (h, w)."""
    return np.asarray(cv2.resize(mask.view(np.uint8) * np.uint8(255), size_px, interpolation=cv2.INTER_AREA), np.float32) / np.float32(255)


def _seen_ratio(lamps: Lamps, shot: _Shot, view: _View) -> Doubles:
    """How much of each lamp nobody hides, (n,): by whose pixels lie around it; lamps outside the picture are not hidden."""
    px, _ = view.fine.project(lamps.at_m)
    px = np.where(np.isfinite(px), px, -1e6) + shot.shift_px
    width, height = view.fine.size_px
    seen = np.ones(len(lamps.owner))
    for n, (x, y) in enumerate(np.floor(px).astype(np.int64).tolist()):
        if 0 <= x < width and 0 <= y < height:
            window = shot.canvas.owner[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3]
            seen[n] = min(1.0, 2 * float((window // LABELS == lamps.owner[n] + 1).mean()))
    return seen


def _truth(shot: _Shot, view: _View, time_s: float) -> FrameTruth:
    canvas, moment, drawn, shift = shot.canvas, shot.moment, shot.drawn, shot.shift_px
    width, height = view.fine.size_px
    move = np.tile(shift, 2)
    boxes = {row: np.clip(np.array(one.box) + move, 0, [width, height, width, height]) for row, one in enumerate(drawn) if one.pixels_count}
    rows = [row for row, (left, top, right, bottom) in boxes.items() if right > left and bottom > top]
    windows = [canvas.owner[boxes[row][1] : boxes[row][3], boxes[row][0] : boxes[row][2]] for row in rows]
    seen = [np.count_nonzero(window // LABELS == row + 1) / drawn[row].pixels_count for row, window in zip(rows, windows, strict=True)]
    parts = [_part_boxes(windows, rows, boxes, labels) for labels in ((HEAD,), (PLATE_FRONT, PLATE_REAR))]
    contact = view.camera.ground_px(np.column_stack([moment.x_m[rows], moment.y_m[rows]])) + shift / FINE
    whole = np.array([_coarse(boxes[row]) for row in rows]).reshape(-1, 4)
    m = moment
    who = m.track[rows], m.kind[rows]
    where = m.x_m[rows], m.y_m[rows], m.heading_deg[rows], m.speed_kmh[rows]
    body = m.length_m[rows], m.width_m[rows], m.height_m[rows]
    return FrameTruth(time_s, *who, *where, *body, whole, contact, np.array(seen), parts[0], parts[1])


def _part_boxes(windows: Sequence[NDArray[np.uint16]], rows: Sequence[int], boxes: Mapping[int, Ints], labels: tuple[int, ...]) -> Doubles:
    found = [_part_box(window, boxes[row], (row + 1) * LABELS, labels) for row, window in zip(rows, windows, strict=True)]
    return np.array(found).reshape(-1, 4)


def _feet(moment: Moment, row: int, grow: float = 1.0) -> Doubles:
    x_m, y_m, heading_deg = float(moment.x_m[row]), float(moment.y_m[row]), float(moment.heading_deg[row])
    return footprint_m(x_m, y_m, heading_deg, float(moment.length_m[row]) * grow, float(moment.width_m[row]) * grow)


def _prop_feet(cutout: Cutout) -> Doubles:
    return footprint_m(cutout.x_m, cutout.y_m, 0.0, PROP_FOOT_M, PROP_FOOT_M)


def _coarse(box_px: Ints) -> Doubles:
    """A box of fine pixels in whole pixels of the picture."""
    return np.concatenate([np.floor(box_px[:2] / FINE), np.ceil(box_px[2:] / FINE)])


def _part_box(view: NDArray[np.uint16], box_px: Ints, base: int, labels: tuple[int, ...]) -> Doubles:
    """Box of the pixels of `view` (the owner buffer inside `box_px`) that belong to a part; nan when there are none."""
    mask = np.isin(view, [base + label for label in labels]).astype(np.uint8)
    x, y, wide, high = cv2.boundingRect(mask)
    left, top = box_px[:2]
    return _coarse(np.array([left + x, top + y, left + x + wide, top + y + high])) if wide else np.full(4, np.nan)


def _hide_behind(canvas: Canvas, cutout: Cutout) -> None:
    """Put a prop back in front of whoever was painted behind it."""
    left, top, right, bottom = cutout.box_px
    owner = canvas.owner[top:bottom, left:right]
    behind = (owner > 0) & cutout.mask
    if behind.any():
        np.copyto(canvas.rgb[top:bottom, left:right], cutout.rgb, where=behind[..., None])
        owner[behind] = 0
