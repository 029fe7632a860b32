"""Paints solids into a picture and into a buffer of who-owns-which-pixel, with one and the same geometry."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from catseye.core.arrays import Doubles, Ints, Pixels
from catseye.station.demo.camera import CameraPose
from catseye.station.demo.solids import Solid
from catseye.station.demo.weather import FOG, veil_ratio

SUN = np.array([-0.34, -0.30, 0.89]) / np.linalg.norm([-0.34, -0.30, 0.89])  # towards the sun: high in the south-west
AMBIENT, DIRECT = 0.62, 0.52
LABELS = 8  # owner codes: number * LABELS + label
SUBPIXEL_BITS = 4
NEAR_M = 0.5


@dataclass(slots=True)
class Canvas:
    """`rgb` uint8 (h, w, 3) and `owner` uint16 (h, w), painted together; `pose` is the camera at this very size.

    `sun_ratio`: how much of the light comes from one side; `fog_m`: how far one sees, 0 without fog.
    """

    rgb: Pixels
    owner: NDArray[np.uint16]
    pose: CameraPose
    sun_ratio: float = 1.0
    fog_m: float = 0.0


def place(points_m: Doubles, x_m: float, y_m: float, heading_deg: float) -> Doubles:
    """Local points (…, 3) to the street."""
    angle = np.radians(heading_deg)
    sine, cosine = float(np.sin(angle)), float(np.cos(angle))
    turn = np.array([[sine, cosine, 0.0], [-cosine, sine, 0.0], [0.0, 0.0, 1.0]])
    return np.asarray(points_m @ turn + np.array([x_m, y_m, 0.0]))


def paint_solid(canvas: Canvas, solid: Solid, number: int, x_m: float, y_m: float, heading_deg: float) -> None:
    """Painter's order inside the body: layers, then far parts first, then faces as built; hidden sides are left out."""
    eye = np.array(canvas.pose.position_m)
    corners = place(solid.corner_m, x_m, y_m, heading_deg)
    px, depth_m = canvas.pose.project(corners)
    limbs = place(solid.limb_m, x_m, y_m, heading_deg)
    limb_px, limb_depth_m = canvas.pose.project(limbs.reshape(-1, 3))
    if min(float(depth_m.min()), float(limb_depth_m.min(initial=np.inf))) < NEAR_M:
        return
    normals = place(solid.normal, 0, 0, heading_deg)
    colours = _shaded(solid, normals, canvas.sun_ratio, float(veil_ratio(np.hypot(x_m - eye[0], y_m - eye[1]), canvas.fog_m)))
    middles = place(solid.part_middle_m, x_m, y_m, heading_deg)
    away_m = np.round(np.linalg.norm(middles - eye, axis=1), 6)  # parts left and right of an axis are equally far, whatever the last bit says
    order = np.lexsort([np.arange(len(solid.part)), -away_m[solid.part], solid.part_layer[solid.part]])
    fixed = np.round((px - 0.5) * (1 << SUBPIXEL_BITS)).astype(np.int32)
    limb_fixed = np.round((limb_px - 0.5) * (1 << SUBPIXEL_BITS)).astype(np.int32).reshape(-1, 2, 2)
    thick_px = np.maximum(1, np.round(2 * solid.limb_radius_m * canvas.pose.focal_px / limb_depth_m.reshape(-1, 2).mean(1))).astype(int)
    outwards = np.einsum("ij,ij->i", normals, eye - corners[solid.first_corner])
    faces_away = (outwards <= 1e-9) & ~solid.both_sides
    for index in order[~faces_away[order]]:
        code = number * LABELS + int(solid.label[index])
        limb = solid.limb_of_face[index]
        if solid.ring_radius_m[index]:
            thick = 2 * solid.ring_radius_m[index] * canvas.pose.focal_px / float(depth_m[solid.faces[index]].mean())
            _loop(canvas, fixed[solid.faces[index]], max(1, round(thick)), colours[index], code)
        elif limb >= 0:
            _stroke(canvas, limb_fixed[limb], int(thick_px[limb]), colours[index], code)
        else:
            _fill(canvas, fixed[solid.faces[index]], colours[index], code)


def _shaded(solid: Solid, normals: Doubles, sun_ratio: float, fog_ratio: float) -> list[tuple[int, int, int]]:
    """Colours of all faces: the sun's side and the sky's, then the fog before them."""
    sun, sky = np.clip(normals @ SUN, 0, 1), 0.6 * np.clip(0.3 + 0.7 * normals[:, 2], 0, 1)
    light = AMBIENT + DIRECT * (sun_ratio * sun + (1 - sun_ratio) * sky) + 0.06 * normals[:, 2]
    light = np.where(solid.limb_of_face >= 0, 0.92, np.where(solid.glows, 1.0, light))
    colour = np.clip(solid.colour * light[:, None], 0, 255) * (1 - fog_ratio) + FOG * fog_ratio
    return [(int(r), int(g), int(b)) for r, g, b in np.round(colour, 6)]


def _fill(canvas: Canvas, fixed: Ints, colour: tuple[int, int, int], code: int) -> None:
    cv2.fillConvexPoly(canvas.rgb, fixed, colour, cv2.LINE_8, SUBPIXEL_BITS)
    cv2.fillConvexPoly(canvas.owner, fixed, code, cv2.LINE_8, SUBPIXEL_BITS)


def _loop(canvas: Canvas, fixed: Ints, thick_px: int, colour: tuple[int, int, int], code: int) -> None:
    cv2.polylines(canvas.rgb, [fixed], True, colour, thick_px, cv2.LINE_8, SUBPIXEL_BITS)
    cv2.polylines(canvas.owner, [fixed], True, code, thick_px, cv2.LINE_8, SUBPIXEL_BITS)


def _stroke(canvas: Canvas, ends: Ints, thick_px: int, colour: tuple[int, int, int], code: int) -> None:
    begin, end = ends.tolist()
    if begin == end:
        radius = max(thick_px, 2) << (SUBPIXEL_BITS - 1)
        cv2.circle(canvas.rgb, begin, radius, colour, -1, cv2.LINE_8, SUBPIXEL_BITS)
        cv2.circle(canvas.owner, begin, radius, code, -1, cv2.LINE_8, SUBPIXEL_BITS)
        return
    cv2.line(canvas.rgb, begin, end, colour, thick_px, cv2.LINE_8, SUBPIXEL_BITS)
    cv2.line(canvas.owner, begin, end, code, thick_px, cv2.LINE_8, SUBPIXEL_BITS)
    if thick_px >= 5:  # a lighter streak on the sun's side makes it round
        shift = max(1, thick_px // 5) << SUBPIXEL_BITS
        bright = tuple(min(255, int(part * 1.14)) for part in colour)
        cv2.line(canvas.rgb, [begin[0] - shift, begin[1]], [end[0] - shift, end[1]], bright, thick_px // 3, cv2.LINE_8, SUBPIXEL_BITS)
