"""Drawable bodies: convex parts made of flat faces, limbs with round ends, and balls, in a local frame.

Local frame, metres: x forward, y left, z up, the ground-plane centre at the origin.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from catseye.core.arrays import Bools, Doubles, Ints

Rgb: TypeAlias = tuple[int, int, int]
Point: TypeAlias = tuple[float, float, float]

BODY, HEAD, PLATE_FRONT, PLATE_REAR, LIT = 0, 1, 2, 3, 4  # LIT: it shines by itself at night
GLOW = 1  # a lamp shines by itself: no shading


@dataclass(slots=True)
class Sketch:
    """Collects faces, limbs and balls while a body is built; `finish` freezes it."""

    corners: list[Point] = field(default_factory=list)
    faces: list[tuple[list[int], Rgb, int, int, int, bool]] = field(default_factory=list)
    rings: dict[int, float] = field(default_factory=dict)
    limbs: list[tuple[Point, Point, float, Rgb, int]] = field(default_factory=list)
    _group: int = 0
    _layers: list[int] = field(default_factory=lambda: [0])

    def next_part(self, layer: int = 0) -> None:
        """What follows is a part of its own: drawn after lower layers, sorted by distance inside its layer."""
        self._group += 1
        self._layers.append(layer)

    @property
    def layers(self) -> list[int]:
        """The layer of each part."""
        return self._layers

    def face(self, points: Sequence[Point], colour: Rgb, *, label: int = BODY, glow: int = 0, both_sides: bool = False) -> None:
        """A convex face; its corners run counter-clockwise seen from outside."""
        start = len(self.corners)
        self.corners.extend(points)
        self.faces.append((list(range(start, start + len(points))), colour, label, glow, self._group, both_sides))

    def ring(self, points: Sequence[Point], radius_m: float, colour: Rgb, *, label: int = BODY) -> None:
        """A closed round bar through these points: a tyre one can see through."""
        self.rings[len(self.faces)] = radius_m
        self.face(points, colour, label=label, both_sides=True)

    def prism(self, low: Sequence[tuple[float, float]], high: Sequence[tuple[float, float]], z_m: tuple[float, float], sides: Sequence[Rgb], top: Rgb) -> None:
        """A frustum: outline `low` at the lower height, `high` at the upper, both counter-clockwise seen from above."""
        below, above = [(x, y, z_m[0]) for x, y in low], [(x, y, z_m[1]) for x, y in high]
        for index in range(len(low)):
            after = (index + 1) % len(low)
            self.face([below[index], below[after], above[after], above[index]], sides[index % len(sides)])
        self.face(above, top)

    def box(self, x_m: tuple[float, float], y_m: tuple[float, float], z_m: tuple[float, float], colour: Rgb, top: Rgb | None = None) -> None:
        """An upright box."""
        outline = rectangle(x_m, y_m)
        self.prism(outline, outline, z_m, [colour], top or colour)

    def limb(self, begin: Point, end: Point, radius_m: float, colour: Rgb, label: int = BODY) -> None:
        """A round bar; begin == end makes a ball."""
        self.next_part()
        self.limbs.append((begin, end, radius_m, colour, label))
        self.faces.append(([], colour, label, 0, self._group, True))

    def finish(self) -> "Solid":
        """Columns for the renderer."""
        return Solid.of(self)


def rectangle(x_m: tuple[float, float], y_m: tuple[float, float]) -> list[tuple[float, float]]:
    """Outline counter-clockwise from above: rear right, front right, front left, rear left. Sides: right, front, left, rear."""
    return [(x_m[0], y_m[0]), (x_m[1], y_m[0]), (x_m[1], y_m[1]), (x_m[0], y_m[1])]


def lighter(colour: Rgb, ratio: float) -> Rgb:
    """The colour times `ratio`, kept in range."""
    return tuple(int(min(255, max(0, part * ratio))) for part in colour)  # type: ignore[return-value] # three in, three out


@dataclass(frozen=True, slots=True)
class Solid:
    """A finished body. Faces keep their order inside a part (decals follow their host); parts are sorted when drawn."""

    corner_m: Doubles
    faces: tuple[Ints, ...]
    first_corner: Ints
    colour: Doubles
    normal: Doubles
    label: Ints
    glows: Bools
    both_sides: Bools
    part: Ints
    part_middle_m: Doubles
    part_layer: Ints
    limb_of_face: Ints
    limb_m: Doubles
    limb_radius_m: Doubles
    ring_radius_m: Doubles

    @classmethod
    def of(cls, sketch: Sketch) -> "Solid":
        """Work out normals and the middles of parts once."""
        corners = np.array(sketch.corners or [(0, 0, 0)], np.float64)
        limbs = np.array([[begin, end] for begin, end, *_ in sketch.limbs], np.float64).reshape(-1, 2, 3)
        limb_of_face = np.full(len(sketch.faces), -1)
        limb_of_face[[index for index, face in enumerate(sketch.faces) if not face[0]]] = np.arange(len(limbs))
        normals = np.array([_normal(corners[face[0]]) if face[0] else (0, 0, 1) for face in sketch.faces])
        middles = np.array([corners[face[0]].mean(0) if face[0] else limbs[limb_of_face[i]].mean(0) for i, face in enumerate(sketch.faces)])
        part = np.array([face[4] for face in sketch.faces])
        used, part = np.unique(part, return_inverse=True)
        part_middles = np.array([middles[part == index].mean(0) for index in range(part.max() + 1)])
        return cls(
            corners,
            tuple(np.array(face[0], np.int64) for face in sketch.faces),
            np.array([face[0][0] if face[0] else 0 for face in sketch.faces]),
            np.array([face[1] for face in sketch.faces], np.float64),
            normals,
            np.array([face[2] for face in sketch.faces]),
            np.array([face[3] == GLOW for face in sketch.faces]),
            np.array([face[5] for face in sketch.faces]),
            part,
            part_middles,
            np.array(sketch.layers)[used],
            limb_of_face,
            limbs,
            np.array([radius for _, _, radius, *_ in sketch.limbs], np.float64),
            np.array([sketch.rings.get(index, 0.0) for index in range(len(sketch.faces))]),
        )


def _normal(corners: Doubles) -> Doubles:
    across = np.cross(corners[1] - corners[0], corners[2] - corners[0])
    return np.asarray(across / max(float(np.linalg.norm(across)), 1e-9))
