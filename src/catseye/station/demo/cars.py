"""Passenger cars and small vans: sills, bonnet, cabin with glass on four sides, mirrors, wheels in their arches, lamps, plates."""

from catseye.station.demo.looks import DARK, GLASS, GLASS_FRONT, Look
from catseye.station.demo.patches import end_patch, face_patch, lamps, plates, side_patch, wheels
from catseye.station.demo.solids import Rgb, Sketch, Solid, lighter, rectangle

_SHAPES = {  # cabin: rear foot, rear roof, front roof, front foot as shares of the length; height ratio
    "saloon": (-0.40, -0.24, 0.10, 0.27, 0.96),
    "hatchback": (-0.47, -0.38, 0.10, 0.27, 1.0),
    "estate": (-0.49, -0.44, 0.12, 0.28, 0.98),
    "van": (-0.495, -0.48, 0.26, 0.42, 1.28),
}
BELT_M = 0.92


def car(look: Look, length_m: float, width_m: float, height_m: float) -> Solid:
    """A car of this size, in its own style and paint."""
    sketch, half, wide = Sketch(), length_m / 2, width_m / 2
    paint = look.paint
    roof_m = height_m * _SHAPES[look.style][4]
    right = [(-half, -wide * 0.85), (-half + 0.06, -wide), (half - 0.22, -wide), (half, -wide * 0.72)]
    lower = right + [(x, -y) for x, y in reversed(right)]
    middle, upper = [(x * 0.996, y * 0.99) for x, y in lower], [(x * 0.985, y * 0.945) for x, y in lower]
    sketch.prism(lower, lower, (0.18, 0.34), [_sheen(paint, 0.42)], paint)
    sketch.prism(lower, lower, (0.34, 0.56), [_sheen(paint, 0.84)], paint)
    sketch.prism(lower, middle, (0.56, 0.74), [paint], paint)
    sketch.prism(middle, upper, (0.74, BELT_M), [_sheen(paint, 1.14)], _sheen(paint, 1.08))
    _bonnet(sketch, look, half, wide)
    _doors(sketch, look, half, wide)
    wheels(sketch, (-half * 0.62, half * 0.64), wide + 0.01, 0.33, arch=(20, 21, 23))
    lamps(sketch, half, wide, BELT_M - 0.2)
    for x in (half, -half):
        end_patch(sketch, x, (-wide * 0.62, wide * 0.62), (0.2, 0.36), (40, 42, 46))
    plates(sketch, half, look, 0.5)
    sketch.next_part(1)
    _cabin(sketch, look, half * 2, wide, (BELT_M, roof_m))
    for hand in (-1, 1):
        at_x = _SHAPES[look.style][3] * length_m - 0.32
        sketch.limb((at_x, hand * wide * 0.98, 0.98), (at_x + 0.04, hand * (wide + 0.12), 1.0), 0.065, lighter(paint, 0.9))
    return sketch.finish()


def _sheen(paint: Rgb, ratio: float) -> Rgb:
    """What a painted panel shows: its colour, and a little of the sky or the road."""
    sky = 18 * (ratio - 0.6)
    return lighter(tuple(int(part + sky) for part in paint), ratio)  # type: ignore[arg-type] # three in, three out


def _bonnet(sketch: Sketch, look: Look, half_m: float, wide_m: float) -> None:
    """The lids before and behind the cabin shine, and their gaps are dark lines."""
    front_m, rear_m = _SHAPES[look.style][3] * 2 * half_m, _SHAPES[look.style][0] * 2 * half_m
    z = BELT_M + 0.002
    for near_m, far_m, ratio in ((front_m, half_m * 0.96, 1.22), (-half_m * 0.97, rear_m, 1.16)):
        if far_m - near_m > 0.25:
            sketch.face([(x, y, z) for x, y in rectangle((near_m, far_m), (-wide_m * 0.62, wide_m * 0.62))], _sheen(look.paint, ratio))
            edge_m = far_m - 0.05 if ratio > 1.2 else near_m + 0.05
            sketch.face([(x, y, z) for x, y in rectangle((edge_m - 0.02, edge_m + 0.02), (-wide_m * 0.8, wide_m * 0.8))], _sheen(look.paint, 0.6))


def _doors(sketch: Sketch, look: Look, half_m: float, wide_m: float) -> None:
    dark = lighter(look.paint, 0.55)
    for y in (-wide_m, wide_m):
        for x in (-half_m * 0.28, half_m * 0.2):
            side_patch(sketch, (x, x + 0.035), y * 0.99, (0.4, 0.88), dark)
            side_patch(sketch, (x + 0.12, x + 0.32), y * 0.985, (0.76, 0.8), lighter(look.paint, 0.7))


def _cabin(sketch: Sketch, look: Look, length_m: float, wide_m: float, z_m: tuple[float, float]) -> None:
    rear_foot, rear_roof, front_roof, front_foot, _ = (share * length_m for share in _SHAPES[look.style])
    foot, roof = wide_m * 0.93, wide_m * 0.74
    low, high = rectangle((rear_foot, front_foot), (-foot, foot)), rectangle((rear_roof, front_roof), (-roof, roof))
    paint = look.paint
    sketch.prism(low, high, z_m, [lighter(paint, 0.92)], _sheen(paint, 1.12))
    lid = rectangle((rear_roof + 0.14, front_roof - 0.14), (-roof * 0.84, roof * 0.84))
    sketch.face([(x, y, z_m[1] + 0.002) for x, y in lid], _sheen(paint, 1.2))
    below, above = [(x, y, z_m[0]) for x, y in low], [(x, y, z_m[1]) for x, y in high]
    for side in range(4):
        after = (side + 1) % 4
        corners = [below[side], below[after], above[after], above[side]]
        for begin, end in ((0.05, 0.95),) if side % 2 else ((0.07, 0.47), (0.53, 0.93)):
            if look.style == "van" and side % 2 == 0 and (begin < 0.5) == (side == 0):
                continue
            _pane(sketch, corners, (begin, end), GLASS_FRONT if side == 1 else GLASS)


def _pane(sketch: Sketch, corners: list[tuple[float, float, float]], across: tuple[float, float], glass: Rgb) -> None:
    """Glass: dark at its foot, the sky in its upper part."""
    for low, high, ratio in ((0.1, 0.4, 0.8), (0.4, 0.68, 1.0), (0.68, 0.88, 1.35)):
        sketch.face(face_patch(corners, across, (low, high)), lighter(glass, ratio))
    sketch.face(face_patch(corners, (across[0], across[1]), (0.06, 0.1)), DARK)
