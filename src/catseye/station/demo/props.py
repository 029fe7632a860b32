"""Things that stand still and hide traffic: trees, poles, signs, lamps; and houses at the back."""

from dataclasses import dataclass

import cv2
import numpy as np

from catseye.core.arrays import Bools, Doubles, Floats, Pixels
from catseye.station.demo.camera import CameraPose
from catseye.station.demo.lights import StreetLight
from catseye.station.demo.paint import SUBPIXEL_BITS, SUN, Canvas, paint_solid
from catseye.station.demo.solids import GLOW, Rgb, Sketch, lighter, rectangle
from catseye.station.demo.weather import FOG, veil_ratio

PROP_OWNER = 1


@dataclass(frozen=True, slots=True)
class Prop:
    """A thing at a place. `kind`: tree, pole, sign, lamp or house; `size_m` is height (houses: width, depth, height; poles: height, arm)."""

    kind: str
    x_m: float
    y_m: float
    size_m: tuple[float, ...]
    heading_deg: float = 0.0
    arm: str = ""


@dataclass(frozen=True, slots=True)
class Cutout:
    """A prop already painted: where it lies in the picture, its pixels, which of them it covers, and where it stands."""

    box_px: tuple[int, int, int, int]
    rgb: Pixels
    mask: Bools
    x_m: float
    y_m: float


PROPS: tuple[Prop, ...] = (
    Prop("house", -27.0, 34.0, (26.0, 18.0, 17.0)),
    Prop("house", -62.0, 36.0, (30.0, 18.0, 12.0)),
    Prop("house", 25.0, 36.0, (20.0, 20.0, 21.0)),
    Prop("house", 52.0, 34.0, (24.0, 16.0, 13.0)),
    Prop("house", -24.0, 74.0, (24.0, 30.0, 15.0)),
    Prop("house", 24.0, 80.0, (22.0, 34.0, 12.0)),
    Prop("tree", -10.7, 24.5, (8.0,)),
    Prop("tree", -10.8, 41.0, (8.5,)),
    Prop("tree", 10.6, 27.0, (7.5,)),
    Prop("tree", 10.8, 46.0, (8.0,)),
    Prop("tree", -22.0, 14.8, (6.5,)),
    Prop("tree", -34.0, 15.0, (7.0,)),
    Prop("tree", 24.0, 15.0, (7.0,)),
    Prop("tree", -21.5, -14.4, (5.6,)),
    Prop("tree", 20.5, -13.6, (5.0,)),
    Prop("lamp", 7.6, -11.6, (4.2,), arm="south"),
    Prop("lamp", -7.6, 11.6, (4.2,), arm="north"),
    Prop("lamp", -10.6, -9.6, (4.2,), arm="west"),
    Prop("lamp", 10.6, 9.4, (4.2,), arm="east"),
    Prop("sign", -16.4, -9.2, (2.7,), heading_deg=200.0),
    Prop("pole", 15.5, -9.3, (8.0,)),
    Prop("pole", -14.5, 9.3, (8.0,)),
    Prop("tree", -24.5, 0.0, (4.6,)),
    Prop("tree", 24.0, 0.0, (4.2,)),
)


STREET_LIGHTS: tuple[StreetLight, ...] = (
    StreetLight(15.5, -7.5), StreetLight(-14.5, 7.5), StreetLight(4.6, 15.0), StreetLight(-4.6, -15.0), StreetLight(40.0, 7.5), StreetLight(-40.0, -7.5),
    StreetLight(-4.6, 44.0),
)  # fmt: skip


def cut_out(prop: Prop, pose: CameraPose, seed: int, *, sun_ratio: float = 1.0, fog_m: float = 0.0) -> Cutout | None:
    """Paint a prop alone; None when it is out of the picture."""
    width, height = pose.size_px
    canvas = Canvas(np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.uint16), pose, sun_ratio, fog_m)
    _PAINTERS[prop.kind](canvas, prop, np.random.default_rng([seed, int(abs(prop.x_m) * 10), int(abs(prop.y_m) * 10)]))
    left, top, wide, high = cv2.boundingRect((canvas.owner > 0).astype(np.uint8))
    if wide == 0:
        return None
    window = slice(top, top + high), slice(left, left + wide)
    return Cutout((left, top, left + wide, top + high), canvas.rgb[window].copy(), canvas.owner[window] > 0, prop.x_m, prop.y_m)


def _dots(canvas: Canvas, at_m: Doubles, radius_m: Doubles, colours: Doubles) -> None:
    px, depth_m = canvas.pose.project(at_m)
    if depth_m.min() <= 1:
        return
    centre = np.round((px - 0.5) * (1 << SUBPIXEL_BITS)).astype(int)
    radius = np.round(radius_m * canvas.pose.focal_px / depth_m * (1 << SUBPIXEL_BITS)).astype(int)
    for index in np.argsort(-depth_m, kind="stable"):
        colour = tuple(int(part) for part in colours[index])
        cv2.circle(canvas.rgb, centre[index].tolist(), int(radius[index]), colour, -1, cv2.LINE_8, SUBPIXEL_BITS)
        cv2.circle(canvas.owner, centre[index].tolist(), int(radius[index]), PROP_OWNER, -1, cv2.LINE_8, SUBPIXEL_BITS)


def _tree(canvas: Canvas, prop: Prop, rng: np.random.Generator) -> None:
    tall = prop.size_m[0]
    trunk = Sketch()
    trunk.limb((0, 0, 0), (0, 0, tall * 0.5), 0.16, (92, 72, 54))
    paint_solid(canvas, trunk.finish(), PROP_OWNER, prop.x_m, prop.y_m, 0)
    count = 420
    ball = rng.normal(0, 1, (count, 3))
    ball *= (rng.uniform(0.25, 1, count) ** (1 / 3) / np.linalg.norm(ball, axis=1))[:, None]
    lumps = 1 + 0.16 * np.sin(3 * np.arctan2(ball[:, 1], ball[:, 0]) + rng.uniform(0, 6))
    at = np.array([prop.x_m, prop.y_m, tall * 0.66]) + ball * lumps[:, None] * np.array([0.3, 0.3, 0.34]) * tall
    light = 0.62 + 0.42 * np.clip(ball @ SUN, -0.6, 1) * canvas.sun_ratio + 0.25 * ball[:, 2] * (1 - canvas.sun_ratio) + rng.uniform(-0.1, 0.1, count)
    hue = np.array([84, 128, 52]) + rng.uniform(-10, 10, 3)
    fog = float(veil_ratio(np.hypot(prop.x_m - canvas.pose.position_m[0], prop.y_m - canvas.pose.position_m[1]), canvas.fog_m))
    _dots(canvas, at, rng.uniform(0.022, 0.05, count) * tall, np.clip(hue * light[:, None] * 1.15, 0, 255) * (1 - fog) + FOG * fog)


def _pole(canvas: Canvas, prop: Prop, _: np.random.Generator) -> None:
    sketch = Sketch()
    sketch.limb((0, 0, 0), (0, 0, prop.size_m[0]), 0.09, (126, 130, 134))
    sketch.limb((0, 0, 0), (0, 0, 0.8), 0.14, (96, 100, 104))
    arm_m = prop.size_m[1] if len(prop.size_m) > 1 else 1.8 * -float(np.sign(prop.y_m))
    sketch.limb((0, 0, prop.size_m[0]), (arm_m, 0, prop.size_m[0] + 0.25), 0.06, (126, 130, 134))
    paint_solid(canvas, sketch.finish(), PROP_OWNER, prop.x_m, prop.y_m, prop.heading_deg)


def _sign(canvas: Canvas, prop: Prop, _: np.random.Generator) -> None:
    sketch, tall = Sketch(), prop.size_m[0]
    sketch.limb((0, 0, 0), (0, 0, tall), 0.05, (140, 142, 146))
    sketch.next_part(1)
    for half_m, low_m, high_m, colour in ((0.7, 0.9, 0.0, (238, 240, 242)), (0.64, 0.84, 0.06, (22, 84, 160)), (0.4, 0.5, 0.36, (238, 240, 242))):
        low, high = tall - low_m, tall - high_m
        sketch.face([(0.06, -half_m, low), (0.06, half_m, low), (0.06, half_m, high), (0.06, -half_m, high)], colour, both_sides=True, glow=GLOW)
    paint_solid(canvas, sketch.finish(), PROP_OWNER, prop.x_m, prop.y_m, prop.heading_deg)


def _lamp(canvas: Canvas, prop: Prop, _: np.random.Generator) -> None:
    sketch, tall = Sketch(), prop.size_m[0]
    sketch.limb((0, 0, 0), (0, 0, tall), 0.07, (84, 90, 92))
    sketch.next_part(1)
    sketch.box((-0.14, 0.14), (-0.2, 0.2), (tall - 0.1, tall + 1.0), (30, 34, 32), (44, 48, 46))
    paint_solid(canvas, sketch.finish(), PROP_OWNER, prop.x_m, prop.y_m, 0)


def _house(canvas: Canvas, prop: Prop, rng: np.random.Generator) -> None:
    wide, deep, tall = prop.size_m
    walls: tuple[Rgb, ...] = ((206, 190, 166), (182, 160, 144), (196, 198, 196), (176, 120, 98), (216, 206, 184))
    wall = walls[int(rng.integers(len(walls)))]
    sketch, outline = Sketch(), rectangle((-deep / 2, deep / 2), (-wide / 2, wide / 2))
    sketch.prism(outline, outline, (0, tall), [wall], (150, 148, 146))
    for floor in range(int(tall // 3.2)):
        _windows(sketch, rng, wide, deep, 1.0 + floor * 3.2, wall)
    sketch.next_part(1)
    inner = rectangle((-deep / 2 + 0.5, deep / 2 - 0.5), (-wide / 2 + 0.5, wide / 2 - 0.5))
    sketch.prism(outline, outline, (tall, tall + 0.5), [lighter(wall, 0.9)], (176, 174, 170))
    sketch.face([(x, y, tall + 0.5) for x, y in inner], (128, 128, 130))
    paint_solid(canvas, sketch.finish(), PROP_OWNER, prop.x_m, prop.y_m, 0)


def _windows(sketch: Sketch, rng: np.random.Generator, wide: float, deep: float, z: float, wall: Rgb) -> None:
    """One storey of panes on the faces that can be seen from the street: south, east and west."""
    for y in np.arange(-wide / 2 + 1.2, wide / 2 - 1.2, 2.6):
        pane = lighter((70, 88, 104), float(rng.uniform(0.7, 1.25)))
        sketch.face([(-deep / 2, y + 1.4, z), (-deep / 2, y, z), (-deep / 2, y, z + 1.6), (-deep / 2, y + 1.4, z + 1.6)], pane)
    for x in np.arange(-deep / 2 + 1.2, deep / 2 - 1.2, 2.6):
        pane = lighter((70, 88, 104), float(rng.uniform(0.7, 1.25)))
        sketch.face([(x, -wide / 2, z), (x + 1.4, -wide / 2, z), (x + 1.4, -wide / 2, z + 1.6), (x, -wide / 2, z + 1.6)], pane)
        sketch.face([(x + 1.4, wide / 2, z), (x, wide / 2, z), (x, wide / 2, z + 1.6), (x + 1.4, wide / 2, z + 1.6)], pane)
    ledge = [(wide / 2, z - 0.55), (-wide / 2, z - 0.55), (-wide / 2, z - 0.4), (wide / 2, z - 0.4)]
    sketch.face([(-deep / 2, y, high) for y, high in ledge], lighter(wall, 0.86))


_PAINTERS = {"tree": _tree, "pole": _pole, "sign": _sign, "lamp": _lamp, "house": _house}


def lens_of(prop: Prop, state: str) -> tuple[tuple[float, float, float], Rgb]:
    """Where the burning lens of a signal lamp is, in metres, and its colour."""
    tall = prop.size_m[0]
    up, colour = {"red": (0.82, (255, 48, 40)), "amber": (0.48, (255, 184, 40)), "green": (0.14, (60, 240, 150))}[state]
    return (prop.x_m, prop.y_m, tall + up - 0.02), colour


def shade_of(props: tuple[Prop, ...], pose: CameraPose) -> Floats:
    """Soft shadows of the props on the ground, 0..1, (h, w)."""
    width, height = pose.size_px
    mask = np.zeros((height, width), np.uint8)
    for prop in props:
        for ring in _shadow_rings(prop):
            px = pose.ground_px(ring)
            if np.isfinite(px).all() and np.abs(px).max() < 20_000:
                cv2.fillConvexPoly(mask, cv2.convexHull(np.round(px).astype(np.int32)), 255)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), width / 400), np.float32) / np.float32(255)


def _shadow_rings(prop: Prop) -> list[Doubles]:
    """Outlines on the ground whose hulls are the shadow."""
    slide = -SUN[:2] / SUN[2]
    at = np.array([prop.x_m, prop.y_m])
    if prop.kind == "house":
        wide, deep, tall = prop.size_m
        base = at + np.array([[-wide, -deep], [wide, -deep], [wide, deep], [-wide, deep]]) / 2
        return [np.vstack([base, base + slide * tall])]
    tall, turn = prop.size_m[0], np.linspace(0, 2 * np.pi, 14)
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    stem = np.vstack([at + circle * 0.09, at + slide * tall * 0.9 + circle * 0.09])
    if prop.kind != "tree":
        return [stem]
    crown = at + slide * tall * 0.66
    lumps = [crown + tall * 0.2 * np.array([np.cos(a), np.sin(a)]) + circle * tall * 0.15 for a in np.linspace(0, 6, 8)]
    return [stem, *lumps, crown + circle * tall * 0.2]
