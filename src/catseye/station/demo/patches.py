"""Pieces every vehicle has: patches on its sides and ends, wheels, lamps, plates."""

import numpy as np

from catseye.station.demo.looks import LAMP_FRONT, LAMP_REAR, PLATE, RIM, RUBBER, Look
from catseye.station.demo.solids import GLOW, LIT, PLATE_FRONT, PLATE_REAR, Point, Rgb, Sketch


def face_patch(corners: list[Point], across: tuple[float, float], up: tuple[float, float]) -> list[Point]:
    """A part of a four-cornered face (low begin, low end, high end, high begin), by shares."""
    quad = np.array(corners)

    def at(u: float, v: float) -> Point:
        low, high = quad[0] + (quad[1] - quad[0]) * u, quad[3] + (quad[2] - quad[3]) * u
        x, y, z = low + (high - low) * v
        return float(x), float(y), float(z)

    return [at(across[0], up[0]), at(across[1], up[0]), at(across[1], up[1]), at(across[0], up[1])]


def side_patch(sketch: Sketch, x_m: tuple[float, float], y: float, z_m: tuple[float, float], colour: Rgb, *, label: int = 0) -> None:
    """A rectangle on the right (y < 0) or left side."""
    begin, end = x_m if y < 0 else x_m[::-1]
    sketch.face([(begin, y, z_m[0]), (end, y, z_m[0]), (end, y, z_m[1]), (begin, y, z_m[1])], colour, label=label)


def end_patch(sketch: Sketch, x: float, y_m: tuple[float, float], z_m: tuple[float, float], colour: Rgb, *, glow: int = 0, label: int = 0) -> None:
    """A rectangle on the front (x > 0) or rear end."""
    begin, end = y_m if x > 0 else y_m[::-1]
    sketch.face([(x, begin, z_m[0]), (x, end, z_m[0]), (x, end, z_m[1]), (x, begin, z_m[1])], colour, glow=glow, label=label)


def wheels(sketch: Sketch, axles_m: tuple[float, ...], wide_m: float, radius_m: float, arch: Rgb | None = None) -> None:
    """Wheels on both sides, in dark arches where `arch` says their colour."""
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    sizes = ((radius_m, RUBBER), (radius_m * 0.6, RIM), (radius_m * 0.46, (104, 106, 110)), (radius_m * 0.18, (60, 60, 64)))
    for x in axles_m:
        for y in (-wide_m, wide_m):
            turn = angles if y < 0 else angles[::-1]
            if arch is not None:
                upper = [a for a in turn if np.sin(a) >= -0.3]
                sketch.face([(x + radius_m * 1.2 * float(np.cos(a)), y, radius_m + radius_m * 1.2 * float(np.sin(a))) for a in _from_right(upper)], arch)
            for size_m, colour in sizes:
                sketch.face([(x + size_m * float(np.cos(a)), y, radius_m + size_m * float(np.sin(a))) for a in turn], colour)


def _from_right(angles: list[float]) -> list[float]:
    """In the same turning sense, beginning after the gap."""
    if len(angles) < 2:
        return angles
    steps = np.abs(np.diff([*angles, angles[0]]))
    cut = int(np.argmax(np.where(steps > np.pi, 2 * np.pi - steps, steps))) + 1
    return angles[cut:] + angles[:cut]


def lamps(sketch: Sketch, half_m: float, wide_m: float, z: float) -> None:
    """Two headlamps, two rear lamps with their indicators, a grille."""
    end_patch(sketch, half_m, (-wide_m * 0.4, wide_m * 0.4), (z - 0.12, z + 0.04), (26, 27, 30))
    for hand in (-1, 1):
        inner, outer = sorted((hand * wide_m * 0.42, hand * wide_m * 0.74))
        end_patch(sketch, half_m, (inner, outer), (z - 0.11, z + 0.06), (210, 212, 210), glow=GLOW)
        inner, outer = sorted((hand * wide_m * 0.48, hand * wide_m * 0.66))
        end_patch(sketch, half_m, (inner, outer), (z - 0.08, z + 0.03), LAMP_FRONT, glow=GLOW, label=LIT)
        inner, outer = sorted((hand * wide_m * 0.55, hand * wide_m * 0.86))
        end_patch(sketch, -half_m, (inner, outer), (z - 0.1, z + 0.1), LAMP_REAR, glow=GLOW, label=LIT)
        inner, outer = sorted((hand * wide_m * 0.55, hand * wide_m * 0.64))
        end_patch(sketch, -half_m, (inner, outer), (z - 0.02, z + 0.08), (222, 150, 120), glow=GLOW)


def plates(sketch: Sketch, half_m: float, look: Look, z: float, wide_m: float = 0.26) -> None:
    """White plates with dark strokes for text, front and rear."""
    for x, label in ((half_m, PLATE_FRONT), (-half_m, PLATE_REAR)):
        end_patch(sketch, x, (-wide_m, wide_m), (z - 0.07, z + 0.07), PLATE, label=label, glow=GLOW)
        for nth, gap in enumerate(look.plate_text):
            y = -wide_m * 0.86 + nth * wide_m * 0.25
            end_patch(sketch, x, (y, y + wide_m * (0.1 + 0.03 * gap)), (z - 0.045, z + 0.045), (26, 28, 60), label=label, glow=GLOW)
