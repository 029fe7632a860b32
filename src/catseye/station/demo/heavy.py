"""Buses and lorries."""

from itertools import pairwise

import numpy as np

from catseye.station.demo.looks import DARK, GLASS, GLASS_FRONT, LAMP_FRONT, LAMP_REAR, Look
from catseye.station.demo.patches import end_patch, face_patch, lamps, plates, side_patch, wheels
from catseye.station.demo.solids import GLOW, LIT, Rgb, Sketch, Solid, lighter, rectangle

_LIVERIES: tuple[tuple[Rgb, Rgb], ...] = (  # body and skirt
    ((226, 222, 212), (176, 36, 42)), ((196, 36, 38), (186, 34, 36)), ((236, 184, 40), (30, 92, 60)), ((40, 84, 146), (228, 228, 226)),
)  # fmt: skip


def bus(look: Look, length_m: float, width_m: float, height_m: float) -> Solid:
    """A city bus: window band, doors, a skirt of another colour, a destination display, roof units."""
    sketch, half, wide = Sketch(), length_m / 2, width_m / 2
    paint, stripe = _LIVERIES[look.variant % len(_LIVERIES)]
    sketch.box((-half, half), (-wide, wide), (0.3, height_m - 0.3), paint, lighter(paint, 1.05))
    for y in (-wide, wide):
        side_patch(sketch, (-half, half), y, (0.3, 0.42), DARK)
        side_patch(sketch, (-half, half), y, (0.42, 0.78), lighter(stripe, 0.95))
        side_patch(sketch, (-half, half), y, (0.78, 0.84), lighter(paint, 0.75))
        _windows(sketch, half, y, paint, has_doors=y < 0)
    _front(sketch, half, wide, paint, height_m)
    _rear(sketch, half, wide, stripe)
    wheels(sketch, (-half * 0.52, half * 0.56), wide + 0.01, 0.48, arch=(22, 23, 25))
    plates(sketch, half, look, 0.5)
    sketch.next_part(1)
    low, high = rectangle((-half, half), (-wide, wide)), rectangle((-half + 0.12, half - 0.12), (-wide + 0.22, wide - 0.22))
    sketch.prism(low, high, (height_m - 0.3, height_m - 0.06), [lighter(paint, 1.0)], lighter(paint, 0.96))
    for x in np.arange(-half + 1.4, half - 1.0, 1.7):  # roof beads
        sketch.face([(float(a), y, height_m - 0.055) for a, y in rectangle((float(x), float(x) + 0.05), (-wide + 0.3, wide - 0.3))], lighter(paint, 0.84))
    for x, reach in ((-half * 0.5, 1.1), (half * 0.28, 0.5)):
        sketch.next_part(2)
        sketch.box((x - reach, x + reach), (-0.75, 0.75), (height_m - 0.06, height_m + 0.14), (170, 172, 170), (184, 186, 184))
    for hand in (-1, 1):
        sketch.next_part(2)
        sketch.limb((half - 0.05, hand * wide, 2.2), (half + 0.14, hand * (wide + 0.18), 2.0), 0.09, DARK)
    return sketch.finish()


def _windows(sketch: Sketch, half_m: float, y: float, paint: Rgb, *, has_doors: bool) -> None:
    """A dark band with lighter panes; on the kerb side two glazed doors."""
    side_patch(sketch, (-half_m * 0.975, half_m * 0.975), y, (1.12, 2.48), (26, 30, 36))
    edges = np.linspace(-half_m * 0.965, half_m * 0.965, 9)
    for begin, end in pairwise(edges.tolist()):
        pane = begin + 0.06, end - 0.06
        side_patch(sketch, pane, y, (1.2, 1.9), GLASS, label=LIT)
        side_patch(sketch, pane, y, (1.9, 2.4), lighter(GLASS_FRONT, 1.25), label=LIT)
    for x in (half_m * 0.8, -half_m * 0.08) if has_doors else ():
        side_patch(sketch, (x - 0.62, x + 0.62), y, (0.4, 2.44), (30, 34, 40))
        for begin in (x - 0.56, x + 0.04):
            side_patch(sketch, (begin, begin + 0.52), y, (0.55, 2.35), lighter(GLASS_FRONT, 1.1))


def _front(sketch: Sketch, half_m: float, wide_m: float, paint: Rgb, height_m: float) -> None:
    end_patch(sketch, half_m, (-wide_m * 0.97, wide_m * 0.97), (1.02, height_m - 0.34), (24, 27, 32))
    for low, high, ratio in ((1.08, 1.6, 0.9), (1.6, 2.1, 1.15), (2.1, 2.42, 1.45)):
        end_patch(sketch, half_m, (-wide_m * 0.9, wide_m * 0.9), (low, high), lighter(GLASS_FRONT, ratio))
    end_patch(sketch, half_m, (-wide_m * 0.62, wide_m * 0.62), (2.48, 2.74), (20, 18, 16))
    end_patch(sketch, half_m, (-wide_m * 0.5, wide_m * 0.5), (2.54, 2.69), (255, 170, 40), glow=GLOW, label=LIT)
    end_patch(sketch, half_m, (-wide_m * 0.9, wide_m * 0.9), (0.3, 0.44), DARK)
    end_patch(sketch, half_m, (-wide_m * 0.3, wide_m * 0.3), (0.72, 0.94), lighter(paint, 0.8))
    for hand in (-1, 1):
        inner, outer = sorted((hand * wide_m * 0.56, hand * wide_m * 0.9))
        end_patch(sketch, half_m, (inner, outer), (0.56, 0.8), (206, 208, 208), glow=GLOW)
        inner, outer = sorted((hand * wide_m * 0.62, hand * wide_m * 0.78))
        end_patch(sketch, half_m, (inner, outer), (0.6, 0.76), LAMP_FRONT, glow=GLOW, label=LIT)


def _rear(sketch: Sketch, half_m: float, wide_m: float, stripe: Rgb) -> None:
    end_patch(sketch, -half_m, (-wide_m, wide_m), (0.3, 0.44), DARK)
    end_patch(sketch, -half_m, (-wide_m, wide_m), (0.44, 0.78), lighter(stripe, 0.9))
    end_patch(sketch, -half_m, (-wide_m * 0.86, wide_m * 0.86), (1.5, 2.5), (26, 30, 36))
    for low, high, ratio in ((1.58, 2.0, 0.95), (2.0, 2.42, 1.4)):
        end_patch(sketch, -half_m, (-wide_m * 0.8, wide_m * 0.8), (low, high), lighter(GLASS, ratio))
    for z in (0.95, 1.07, 1.19):  # engine grille
        end_patch(sketch, -half_m, (-wide_m * 0.5, wide_m * 0.5), (z, z + 0.05), DARK)
    for hand in (-1, 1):
        inner, outer = sorted((hand * wide_m * 0.8, hand * wide_m * 0.94))
        end_patch(sketch, -half_m, (inner, outer), (0.6, 1.2), LAMP_REAR, glow=GLOW, label=LIT)
        end_patch(sketch, -half_m, (inner, outer), (0.82, 0.94), (226, 140, 50), glow=GLOW)


def truck(look: Look, length_m: float, width_m: float, height_m: float) -> Solid:
    """A rigid lorry: chassis and wheels below, a box behind, a cab in front."""
    sketch, half, wide = Sketch(), length_m / 2, width_m / 2
    split = half - 1.95
    wheels(sketch, (-half * 0.52,) if length_m < 9 else (-half * 0.5, -half * 0.5 + 1.2), wide - 0.04, 0.46)
    sketch.box((-half + 0.05, split + 0.4), (-wide * 0.8, wide * 0.8), (0.48, 0.9), (44, 46, 50))
    for y in (-wide * 0.9, wide * 0.9):  # side guards
        side_patch(sketch, (-half * 0.25, split - 0.3), y, (0.5, 0.82), (112, 114, 116))
    end_patch(sketch, -half, (-wide * 0.92, wide * 0.92), (0.42, 0.62), (62, 64, 68))
    for hand in (-1, 1):
        inner, outer = sorted((hand * wide * 0.6, hand * wide * 0.9))
        end_patch(sketch, -half - 0.01, (inner, outer), (0.6, 0.78), LAMP_REAR, glow=GLOW, label=LIT)
    sketch.next_part(1)
    _cargo(sketch, look, (-half, split - 0.12), wide, height_m)
    sketch.next_part(1)
    _cab(sketch, look, (split, half), wide)
    return sketch.finish()


def _cargo(sketch: Sketch, look: Look, x_m: tuple[float, float], wide_m: float, height_m: float) -> None:
    cargo: Rgb = ((226, 226, 220), (206, 212, 218), lighter(look.paint, 0.9), (192, 190, 180))[look.variant % 4]
    sketch.box(x_m, (-wide_m, wide_m), (0.9, height_m), cargo, lighter(cargo, 1.0))
    for y in (-wide_m, wide_m):
        side_patch(sketch, x_m, y, (0.9, 1.0), (70, 72, 76))
        for x in np.arange(x_m[0] + 0.5, x_m[1] - 0.3, 0.62):  # ribs
            side_patch(sketch, (float(x), float(x) + 0.03), y, (1.0, height_m - 0.1), lighter(cargo, 0.86))
        if look.variant % 2:
            side_patch(sketch, (x_m[0] + 0.8, x_m[1] - 0.8), y, (1.45, 2.1), look.paint)
        side_patch(sketch, x_m, y, (height_m - 0.1, height_m), lighter(cargo, 0.8))
    for x in np.arange(x_m[0] + 0.6, x_m[1] - 0.3, 0.9):
        sketch.face([(float(a), y, height_m + 0.002) for a, y in rectangle((float(x), float(x) + 0.04), (-wide_m, wide_m))], lighter(cargo, 0.9))
    end_patch(sketch, x_m[0], (-wide_m * 0.94, wide_m * 0.94), (1.0, height_m - 0.08), lighter(cargo, 0.93))
    for y in (-wide_m * 0.94, -wide_m * 0.45, 0.0, wide_m * 0.45, wide_m * 0.94):  # door gap and bars
        end_patch(sketch, x_m[0] - 0.01, (y - 0.025, y + 0.025), (1.0, height_m - 0.1), lighter(cargo, 0.55))
    for z in (1.05, height_m - 0.16):
        end_patch(sketch, x_m[0] - 0.01, (-wide_m, wide_m), (z, z + 0.08), lighter(cargo, 0.65))


def _cab(sketch: Sketch, look: Look, x_m: tuple[float, float], wide_m: float) -> None:
    paint, (begin, end) = look.paint, x_m
    low, high = rectangle((begin, end), (-wide_m, wide_m)), rectangle((begin, end - 0.28), (-wide_m * 0.94, wide_m * 0.94))
    roof = rectangle((begin + 0.1, end - 0.6), (-wide_m * 0.86, wide_m * 0.86))
    sketch.prism(low, low, (0.4, 1.35), [paint], paint)
    sketch.prism(low, high, (1.35, 2.4), [lighter(paint, 1.05)], lighter(paint, 1.1))
    sketch.prism(high, roof, (2.4, 2.62), [lighter(paint, 1.1)], lighter(paint, 1.15))
    below, above = [(x, y, 1.35) for x, y in low], [(x, y, 2.4) for x, y in high]
    for side, across in ((0, (0.25, 0.86)), (1, (0.03, 0.97)), (2, (0.14, 0.75))):
        after = (side + 1) % 4
        corners = [below[side], below[after], above[after], above[side]]
        sketch.face(face_patch(corners, across, (0.08, 0.9)), (24, 27, 31))
        for low_ratio, high_ratio, ratio in ((0.12, 0.45, 0.9), (0.45, 0.68, 1.15), (0.68, 0.86, 1.5)):
            sketch.face(face_patch(corners, (across[0] + 0.03, across[1] - 0.03), (low_ratio, high_ratio)), lighter(GLASS_FRONT if side == 1 else GLASS, ratio))
    end_patch(sketch, end + 0.005, (-wide_m * 0.72, wide_m * 0.72), (0.78, 1.22), (30, 31, 34))
    for z in (0.86, 0.98, 1.1):
        end_patch(sketch, end + 0.01, (-wide_m * 0.66, wide_m * 0.66), (z, z + 0.04), (92, 94, 98))
    end_patch(sketch, end + 0.005, (-wide_m, wide_m), (0.4, 0.74), (54, 56, 60))
    for y in (-wide_m, wide_m):
        side_patch(sketch, (begin + 0.1, end), y, (0.4, 0.62), (54, 56, 60))
        side_patch(sketch, (begin + 0.72, begin + 0.75), y, (0.62, 1.3), lighter(paint, 0.6))
    wheels(sketch, (begin + 1.05,), wide_m + 0.01, 0.46, arch=(20, 21, 23))
    lamps(sketch, end + 0.01, wide_m, 0.66)
    plates(sketch, end + 0.012, look, 0.5)
    for hand in (-1, 1):
        sketch.limb((end - 0.2, hand * wide_m, 2.1), (end - 0.1, hand * (wide_m + 0.2), 1.75), 0.08, DARK)
