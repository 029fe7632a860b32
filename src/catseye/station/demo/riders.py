"""People on the street: walkers, cyclists, motorcyclists. Their limbs move with the way covered."""

import numpy as np

from catseye.station.demo.looks import DARK, LAMP_FRONT, LAMP_REAR, PLATE, RIM, RUBBER, STEEL, Look
from catseye.station.demo.patches import end_patch
from catseye.station.demo.solids import GLOW, HEAD, LIT, PLATE_REAR, Point, Rgb, Sketch, Solid, lighter, rectangle

STRIDE_M, PEDAL_M = 1.45, 2.6


def walker(look: Look, odometer_m: float, height_m: float) -> Solid:
    """A pedestrian in mid-stride: one stride is 1.45 m of way."""
    sketch, size = Sketch(), height_m / 1.72
    swing = float(np.sin(odometer_m / STRIDE_M * 2 * np.pi))
    for hand, phase in ((-1, swing), (1, -swing)):
        hip, knee = (0.0, hand * 0.09 * size, 0.88 * size), (0.22 * phase * size + 0.04, hand * 0.1, 0.48 * size)
        foot = (0.34 * phase * size - 0.06, hand * 0.1, 0.08)
        sketch.limb(hip, knee, 0.085, look.trousers)
        sketch.limb(knee, foot, 0.062, lighter(look.trousers, 0.92))
        sketch.limb(foot, (foot[0] + 0.15, foot[1], 0.05), 0.05, (30, 28, 28))
        shoulder, elbow = (0.0, hand * 0.19 * size, 1.36 * size), (-0.1 * phase - 0.03, hand * 0.25, 1.08 * size)
        sketch.limb(shoulder, elbow, 0.055, lighter(look.shirt, 0.86))
        sketch.limb(elbow, (-0.2 * phase + 0.05, hand * 0.25, 0.86 * size), 0.042, look.skin if look.variant % 3 == 0 else lighter(look.shirt, 0.8))
    _torso(sketch, look.shirt, (0.0, 0.0, 0.93 * size), (0.02, 0.0, 1.34 * size), (0.085 * size, 0.125 * size))
    sketch.limb((0.02, 0, 1.44 * size), (0.03, 0, 1.5 * size), 0.05, lighter(look.skin, 0.85))
    _head(sketch, (0.04, 0, 1.6 * size), look.skin, look.hair)
    return sketch.finish()


def _torso(sketch: Sketch, shirt: Rgb, hips: Point, chest: Point, half_m: tuple[float, float]) -> None:
    """A trunk: broad at the shoulders, narrow at the hips."""
    for hand in (-1, 1):
        low, high = (hips[0], hand * half_m[0], hips[2]), (chest[0], hand * half_m[1], chest[2])
        sketch.limb(low, high, 0.105, lighter(shirt, 0.97 if hand < 0 else 1.03))
    sketch.limb(hips, chest, 0.12, shirt)


def _head(sketch: Sketch, at: Point, skin: Rgb, hair: Rgb) -> None:
    x, y, z = at
    sketch.limb((x, y, z - 0.015), (x, y, z + 0.015), 0.1, skin, HEAD)
    sketch.limb((x - 0.025, y, z + 0.055), (x - 0.025, y, z + 0.055), 0.1, hair, HEAD)


def _helmeted(sketch: Sketch, at: Point, look: Look) -> None:
    """A full helmet, its visor in front."""
    x, y, z = at
    sketch.limb((x + 0.03, y, z - 0.03), (x + 0.03, y, z - 0.03), 0.115, lighter(look.skin, 0.7), HEAD)
    sketch.limb((x, y, z), (x, y, z), 0.145, look.helmet, HEAD)
    sketch.limb((x + 0.1, -0.055, z - 0.01), (x + 0.1, 0.055, z - 0.01), 0.05, (26, 28, 34), HEAD)


def _hoop(x: float, radius_m: float, axle_m: float, count: int = 18) -> list[Point]:
    return [(x + radius_m * float(np.cos(a)), 0.0, axle_m + radius_m * float(np.sin(a))) for a in np.linspace(0, 2 * np.pi, count, endpoint=False)]


def _spoked_wheel(sketch: Sketch, x: float, radius_m: float, turn: float) -> None:
    """A bicycle's wheel: tyre, rim, a few spokes, and the street behind them."""
    sketch.next_part()
    for angle in np.arange(4) * np.pi / 4 + turn:
        reach = radius_m - 0.02
        tip = (reach * float(np.cos(angle)), reach * float(np.sin(angle)))
        sketch.limb((x - tip[0], 0, radius_m - tip[1]), (x + tip[0], 0, radius_m + tip[1]), 0.004, (140, 142, 146))
    sketch.next_part()
    sketch.ring(_hoop(x, radius_m - 0.03, radius_m), 0.01, STEEL)
    sketch.ring(_hoop(x, radius_m - 0.014, radius_m), 0.014, RUBBER)
    sketch.limb((x, -0.04, radius_m), (x, 0.04, radius_m), 0.03, DARK)


def _disc_wheel(sketch: Sketch, x: float, radius_m: float, half_m: float, hub: Rgb) -> None:
    """A motorcycle's wheel: a fat tyre around a rim with a disc brake."""
    sketch.next_part()
    hoop = _hoop(x, radius_m - half_m, radius_m)
    sketch.ring(hoop, half_m, RUBBER)
    sketch.ring(_hoop(x, radius_m - 2 * half_m - 0.01, radius_m), 0.015, hub)
    for angle in np.arange(5) * 2 * np.pi / 5:
        reach = radius_m - 2 * half_m
        sketch.limb((x, 0, radius_m), (x + reach * float(np.cos(angle)), 0, radius_m + reach * float(np.sin(angle))), 0.018, lighter(hub, 0.8))
    sketch.limb((x, -0.06, radius_m), (x, 0.06, radius_m), 0.07, STEEL)


def cyclist(look: Look, odometer_m: float) -> Solid:
    """A bicycle and its rider, pedalling."""
    sketch = Sketch()
    angle = odometer_m / PEDAL_M * 2 * np.pi
    for x in (-0.52, 0.52):
        _spoked_wheel(sketch, x, 0.345, -angle * 1.2)
    frame, crank, seat, bars = look.paint, (-0.05, 0.0, 0.3), (-0.2, 0.0, 0.9), (0.4, 0.0, 1.0)
    rear, front, head = (-0.52, 0.0, 0.345), (0.52, 0.0, 0.345), (0.36, 0.0, 0.81)
    for begin, end in ((crank, seat), (crank, head), (seat, head)):
        sketch.limb(begin, end, 0.022, frame)
    for hand in (-1, 1):
        sketch.limb((rear[0], hand * 0.05, rear[2]), (crank[0], hand * 0.03, crank[2]), 0.014, frame)
        sketch.limb((rear[0], hand * 0.05, rear[2]), (seat[0] - 0.02, hand * 0.02, 0.84), 0.014, frame)
        sketch.limb((front[0], hand * 0.05, front[2]), (bars[0], hand * 0.02, bars[2]), 0.016, lighter(frame, 0.9))
    sketch.limb((-0.3, 0, 0.95), (-0.1, 0, 0.95), 0.045, DARK)
    sketch.limb((0.4, -0.28, 1.04), (0.4, 0.28, 1.04), 0.018, (44, 44, 48))
    if look.variant % 2:  # a carrier with a bag
        sketch.limb((-0.72, 0, 0.74), (-0.35, 0, 0.74), 0.02, DARK)
        sketch.limb((-0.6, -0.13, 0.6), (-0.45, -0.13, 0.6), 0.11, (58, 50, 44))
    sketch.next_part(1)
    end_patch(sketch, -0.8 if look.variant % 2 else -0.66, (-0.03, 0.03), (0.72, 0.78), LAMP_REAR, glow=GLOW, label=LIT)
    for hand, phase in ((-1, angle), (1, angle + np.pi)):
        foot = (-0.05 + 0.17 * float(np.cos(phase)), hand * 0.12, 0.3 + 0.17 * float(np.sin(phase)))
        sketch.limb((-0.05, hand * 0.07, 0.3), foot, 0.014, STEEL)
        knee = (foot[0] + 0.26, hand * 0.13, (foot[2] + 0.98) / 2 + 0.06)
        sketch.limb((-0.2, hand * 0.1, 0.98), knee, 0.08, look.trousers)
        sketch.limb(knee, foot, 0.058, lighter(look.trousers, 0.92))
        sketch.limb((foot[0] - 0.06, foot[1], foot[2] - 0.02), (foot[0] + 0.12, foot[1], foot[2] - 0.02), 0.04, (40, 38, 38))
        elbow = (0.24, hand * 0.29, 1.2)
        sketch.limb((0.13, hand * 0.19, 1.4), elbow, 0.052, lighter(look.shirt, 0.92))
        sketch.limb(elbow, (0.4, hand * 0.25, 1.07), 0.04, look.skin)
    _torso(sketch, look.shirt, (-0.2, 0, 1.03), (0.08, 0, 1.4), (0.075, 0.12))
    _head(sketch, (0.22, 0, 1.62), look.skin, look.helmet if look.variant % 3 == 0 else look.hair)
    return sketch.finish()


def motorcyclist(look: Look) -> Solid:
    """A scooter or a motorcycle, and its rider with a helmet."""
    sketch = Sketch()
    (_scooter if look.variant % 2 else _motorcycle)(sketch, look)
    for hand in (-1, 1):
        knee, foot = (0.24, hand * 0.3, 0.74), (0.1 if look.variant % 2 else -0.05, hand * 0.27, 0.34)
        sketch.limb((-0.26, hand * 0.12, 0.86), knee, 0.092, look.trousers)
        sketch.limb(knee, foot, 0.07, lighter(look.trousers, 0.9))
        sketch.limb((foot[0] - 0.05, foot[1], foot[2] - 0.03), (foot[0] + 0.15, foot[1], foot[2] - 0.03), 0.05, (30, 28, 28))
        elbow = (0.16, hand * 0.36, 1.12)
        sketch.limb((-0.02, hand * 0.22, 1.34), elbow, 0.065, lighter(look.shirt, 0.92))
        sketch.limb(elbow, (0.42, hand * 0.33, 1.04), 0.05, lighter(look.shirt, 0.85))
    _torso(sketch, look.shirt, (-0.3, 0, 0.92), (-0.06, 0, 1.33), (0.1, 0.13))
    _helmeted(sketch, (0.04, 0, 1.56), look)
    return sketch.finish()


def _handlebar(sketch: Sketch, x: float, z: float) -> None:
    """Bar, grips and mirrors on their stalks."""
    sketch.limb((x, -0.36, z), (x, 0.36, z), 0.02, (36, 36, 40))
    for hand in (-1, 1):
        sketch.limb((x, hand * 0.3, z), (x + 0.02, hand * 0.4, z + 0.17), 0.01, DARK)
        sketch.limb((x + 0.02, hand * 0.36, z + 0.19), (x + 0.02, hand * 0.46, z + 0.19), 0.05, (50, 54, 60))


def _tail(sketch: Sketch, x: float, z: float) -> None:
    """Rear lamp, indicators, plate."""
    end_patch(sketch, x, (-0.1, 0.1), (z + 0.02, z + 0.1), LAMP_REAR, glow=GLOW, label=LIT)
    for hand in (-1, 1):
        inner, outer = sorted((hand * 0.13, hand * 0.17))
        end_patch(sketch, x, (inner, outer), (z + 0.02, z + 0.07), (226, 130, 30), glow=GLOW)
    end_patch(sketch, x - 0.02, (-0.11, 0.11), (z - 0.2, z - 0.04), PLATE, glow=GLOW, label=PLATE_REAR)
    for row_m in (z - 0.155, z - 0.085):
        end_patch(sketch, x - 0.02, (-0.08, 0.08), (row_m - 0.02, row_m + 0.02), (26, 28, 60), glow=GLOW, label=PLATE_REAR)


def _motorcycle(sketch: Sketch, look: Look) -> None:
    for x, half_m in ((-0.66, 0.085), (0.7, 0.07)):
        _disc_wheel(sketch, x, 0.31, half_m, RIM)
    sketch.next_part()
    sketch.box((-0.22, 0.3), (-0.16, 0.16), (0.26, 0.64), (66, 67, 70), (60, 60, 64))
    for z in (0.36, 0.44, 0.52):  # cooling fins
        for y in (-0.165, 0.165):
            sketch.limb((-0.16, y, z), (0.24, y, z), 0.014, (132, 134, 138))
    for hand in (-1, 1):
        sketch.limb((0.7, hand * 0.1, 0.31), (0.44, hand * 0.1, 0.98), 0.03, STEEL)
        sketch.limb((-0.66, hand * 0.11, 0.31), (-0.1, hand * 0.12, 0.36), 0.026, DARK)
        sketch.limb((-0.62, hand * 0.12, 0.36), (-0.45, hand * 0.11, 0.72), 0.024, STEEL)
    sketch.limb((0.12, -0.17, 0.3), (-0.25, -0.19, 0.26), 0.035, STEEL)
    sketch.limb((-0.25, -0.2, 0.28), (-0.8, -0.22, 0.42), 0.06, lighter(STEEL, 0.85))
    sketch.next_part()
    tank_low, tank_high = rectangle((-0.02, 0.42), (-0.15, 0.15)), rectangle((0.02, 0.36), (-0.11, 0.11))
    sketch.prism(tank_low, tank_low, (0.66, 0.8), [look.paint], look.paint)
    sketch.prism(tank_low, tank_high, (0.8, 0.92), [lighter(look.paint, 1.1)], lighter(look.paint, 1.2))
    sketch.next_part()
    sketch.prism(rectangle((-0.72, 0.0), (-0.14, 0.14)), rectangle((-0.76, -0.02), (-0.12, 0.12)), (0.72, 0.82), [DARK], (44, 42, 42))
    sketch.next_part()
    sketch.prism(rectangle((-0.92, -0.55), (-0.15, 0.15)), rectangle((-0.94, -0.57), (-0.12, 0.12)), (0.64, 0.84), [look.paint], look.paint)
    _tail(sketch, -0.95, 0.68)
    sketch.limb((-0.7, 0.0, 0.56), (-0.96, 0.0, 0.4), 0.085, (30, 30, 32))  # mudguard
    sketch.limb((0.62, -0.04, 0.68), (0.86, 0.0, 0.62), 0.05, look.paint)  # front mudguard
    sketch.next_part()
    sketch.box((0.44, 0.6), (-0.13, 0.13), (0.78, 1.0), lighter(look.paint, 0.8), DARK)
    end_patch(sketch, 0.605, (-0.1, 0.1), (0.8, 0.96), LAMP_FRONT, glow=GLOW, label=LIT)
    _handlebar(sketch, 0.42, 1.03)


def _scooter(sketch: Sketch, look: Look) -> None:
    for x in (-0.62, 0.66):
        _disc_wheel(sketch, x, 0.25, 0.07, RIM)
    paint = look.paint
    sketch.next_part()  # the body under the seat, rounded towards the tail
    sketch.prism(rectangle((-0.8, -0.02), (-0.22, 0.22)), rectangle((-0.86, -0.06), (-0.24, 0.24)), (0.34, 0.56), [paint], paint)
    sketch.prism(rectangle((-0.86, -0.06), (-0.24, 0.24)), rectangle((-0.92, -0.08), (-0.18, 0.18)), (0.56, 0.72), [lighter(paint, 1.08)], paint)
    sketch.prism(rectangle((-0.86, -0.02), (-0.18, 0.18)), rectangle((-0.84, -0.04), (-0.15, 0.15)), (0.72, 0.83), [(40, 36, 36)], (48, 44, 44))
    _tail(sketch, -0.92, 0.6)
    sketch.limb((-0.35, -0.24, 0.3), (-0.82, -0.26, 0.36), 0.065, (70, 72, 76))
    sketch.limb((-0.62, -0.05, 0.5), (-0.92, -0.0, 0.3), 0.08, (30, 30, 32))  # mudguard
    sketch.next_part()
    sketch.box((-0.05, 0.46), (-0.19, 0.19), (0.2, 0.3), lighter(paint, 0.55), (46, 46, 48))
    sketch.next_part()
    shield_low, shield_high = rectangle((0.42, 0.6), (-0.23, 0.23)), rectangle((0.34, 0.46), (-0.17, 0.17))
    sketch.prism(shield_low, shield_high, (0.26, 0.88), [paint], lighter(paint, 0.9))
    sketch.prism(rectangle((0.32, 0.52), (-0.17, 0.17)), rectangle((0.34, 0.46), (-0.14, 0.14)), (0.88, 1.04), [lighter(paint, 1.05)], DARK)
    end_patch(sketch, 0.525, (-0.1, 0.1), (0.88, 0.99), LAMP_FRONT, glow=GLOW, label=LIT)
    sketch.limb((0.6, 0, 0.5), (0.8, 0, 0.46), 0.07, lighter(paint, 0.95))
    for hand in (-1, 1):
        sketch.limb((0.66, hand * 0.08, 0.25), (0.5, hand * 0.08, 0.6), 0.025, STEEL)
    _handlebar(sketch, 0.4, 1.04)
