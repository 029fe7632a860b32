"""The street that does not move: asphalt, markings, pavements, grass, houses; and the things that stand in front of traffic."""

from dataclasses import dataclass

import cv2
import numpy as np

from catseye.core.arrays import Bools, Floats, Pixels
from catseye.station.demo.camera import CameraPose
from catseye.station.demo.junction import BIKE_BOX_M, BUFFER_M, MEDIAN_HALF_M, PAVEMENT_M, PLAN, kerb_distance_m

PAINT = (222, 222, 212)


@dataclass(frozen=True, slots=True)
class Ground:
    """What the ground's pixels are: street metres, distance outside the kerb, noise; all (h, w)."""

    x_m: Floats
    y_m: Floats
    kerb_m: Floats
    grain: Floats
    patches: Floats


def street(pose: CameraPose, seed: int) -> Pixels:
    """The empty junction as seen by `pose`, uint8 (h, w, 3) RGB; every pixel's own ray meets the ground."""
    ground = _ground(pose, seed)
    rgb = _grass(ground)
    _pave(rgb, ground)
    _asphalt(rgb, ground)
    _kerbs(rgb, ground)
    _mark(rgb, ground)
    haze = np.clip((np.hypot(ground.x_m - pose.position_m[0], ground.y_m - pose.position_m[1]) - 45) / 170, 0, 0.55)[..., None]
    return np.asarray(np.clip(rgb * (1 - haze) + np.array([196, 206, 214], np.float32) * haze, 0, 255), np.uint8)


def _ground(pose: CameraPose, seed: int) -> Ground:
    width, height = pose.size_px
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    at = pose.to_ground_m(np.column_stack([columns.ravel(), rows.ravel()])).reshape(height, width, 2)
    at = np.clip(np.nan_to_num(at, nan=1e4), -1e4, 1e4)
    x, y = at[..., 0].astype(np.float32), at[..., 1].astype(np.float32)
    rng = np.random.default_rng(seed)
    fine = rng.normal(0, 1, (512, 512)).astype(np.float32)
    coarse = cv2.GaussianBlur(rng.normal(0, 1, (512, 512)).astype(np.float32), (0, 0), 7)
    coarse /= coarse.std()
    return Ground(x, y, kerb_distance_m(at[..., 0], at[..., 1]).astype(np.float32), _sample(fine, x, y, 9.0), _sample(coarse, x, y, 5.0))


def _sample(tile: Floats, x: Floats, y: Floats, per_m: float) -> Floats:
    size = tile.shape[0]
    return np.asarray(tile[(np.floor(y * per_m).astype(np.int64)) % size, (np.floor(x * per_m).astype(np.int64)) % size])


def _grass(g: Ground) -> Floats:
    rgb = np.empty((*g.x_m.shape, 3), np.float32)
    rgb[...] = (112, 146, 70)
    rgb += (g.grain * 6 + g.patches * 9)[..., None] * np.array([1.0, 1.0, 0.6], np.float32)
    return rgb


def _pave(rgb: Floats, g: Ground) -> None:
    paved = g.kerb_m < PAVEMENT_M
    joint = (np.mod(g.x_m, 0.8) < 0.06) | (np.mod(g.y_m, 0.8) < 0.06)
    near = np.abs(g.x_m) + np.abs(g.y_m) < 60
    tone = 182 + g.grain * 5 + g.patches * 5 - 16 * (joint & near)
    rgb[paved] = (tone[..., None] * np.array([1.0, 0.975, 0.93], np.float32))[paved]


def _asphalt(rgb: Floats, g: Ground) -> None:
    road = g.kerb_m < 0
    tone = 132 + g.grain * 5.5 + g.patches * 3.5
    for arm in PLAN.values():  # wheels polish, engines drip
        east_west = arm.out[0] != 0
        across, along = (g.y_m, g.x_m * arm.out[0]) if east_west else (g.x_m, g.y_m * arm.out[1])
        for offset in (arm.car_lane_m, -arm.car_lane_m):
            for rut in (-0.8, 0.8):
                tone -= 7 * np.exp(-(((across - offset - rut) / 0.32) ** 2)) * (along > 2)
            tone -= 7 * np.exp(-(((across - offset) / 0.3) ** 2)) * ((along > arm.stop_m) & (along < arm.stop_m + 16))
    repairs = ((-19.5, -7.9, -15.2, -5.4), (12.5, 2.4, 18.4, 3.8), (-3.6, 24.0, -1.0, 32.0), (1.2, -18.5, 3.6, -16.2))
    for left, low, right, high in repairs:
        tone -= 15 * ((g.x_m > left) & (g.x_m < right) & (g.y_m > low) & (g.y_m < high))
    for x, y in ((-6.2, 2.4), (3.2, -1.0), (14.2, -3.0), (-1.8, 13.0), (-14.0, 4.0)):
        ring = np.hypot(g.x_m - x, g.y_m - y)
        tone -= 30 * (ring < 0.42) - 12 * (ring < 0.32)
    gutter = np.clip((g.kerb_m + 0.5) / 0.5, 0, 1)
    tone -= 9 * gutter
    rgb[road] = (tone[..., None] * np.array([1.015, 1.0, 0.985], np.float32))[road]
    for arm in PLAN.values():
        along, across = g.x_m * arm.out[0] + g.y_m * arm.out[1], -g.x_m * arm.out[1] + g.y_m * arm.out[0]
        box = road & (along > arm.stop_m + 0.4) & (along < arm.stop_m + BIKE_BOX_M) & (across > (MEDIAN_HALF_M if arm.out[0] else 0.2))
        rgb[box] *= np.array([1.12, 0.82, 0.74], np.float32)


def _kerbs(rgb: Floats, g: Ground) -> None:
    kerb = (g.kerb_m >= 0) & (g.kerb_m < 0.28)
    rgb[kerb] = (200 + g.grain * 4)[kerb][:, None]
    lip = (g.kerb_m >= 0.28) & (g.kerb_m < 0.4)
    rgb[lip] *= 0.86
    island = (np.abs(g.y_m) < MEDIAN_HALF_M) & (np.abs(g.x_m) > PLAN["east"].stop_m + 1.5)
    rim = island & ((np.abs(g.y_m) > MEDIAN_HALF_M - 0.25) | (np.abs(g.x_m) < PLAN["east"].stop_m + 1.8))
    rgb[island] = ((104 + g.grain * 7 + g.patches * 8)[..., None] * np.array([0.86, 1.1, 0.6], np.float32))[island]
    rgb[rim] = (196 + g.grain * 4)[rim][:, None]


def _mark(rgb: Floats, g: Ground) -> None:
    worn = np.clip(0.86 + 0.12 * g.patches + 0.10 * g.grain, 0.35, 0.97)
    for mask in (*(_arm_marks(g, name) for name in PLAN), _arrows(g)):
        share = (worn * mask * (g.kerb_m < 0))[..., None]
        rgb += (np.array(PAINT, np.float32) - rgb) * share


def _arm_marks(g: Ground, name: str) -> Bools:
    """Zebra, stop line, lane lines and centre line of one arm."""
    arm = PLAN[name]
    ux, uy = arm.out
    along, across = g.x_m * ux + g.y_m * uy, -g.x_m * uy + g.y_m * ux  # across > 0: the inbound side
    zebra = (along > arm.zebra_m[0]) & (along < arm.zebra_m[1]) & (np.mod(across + 0.25, 1.0) < 0.5) & (np.abs(across) < arm.half_m - 0.2)
    bike_edge = BUFFER_M[0] if ux else (arm.car_lane_m + arm.bike_lane_m) / 2
    inbound = (across > (MEDIAN_HALF_M if ux else 0.1)) & (across < arm.half_m - 0.15)
    stop = inbound & (along > arm.stop_m) & (along < arm.stop_m + 0.4)
    stop |= inbound & (across < bike_edge) & (along > arm.stop_m + BIKE_BOX_M) & (along < arm.stop_m + BIKE_BOX_M + 0.4)
    beyond = along > np.where(across > 0, arm.stop_m + BIKE_BOX_M, arm.stop_m)
    solid = (along < arm.stop_m + 12) | (np.mod(along, 3.0) < 1.4)
    lanes = beyond & solid & (np.abs(np.abs(across) - bike_edge) < 0.07)
    if ux:
        aside = np.abs(across)
        hatch = (aside > BUFFER_M[0]) & (aside < BUFFER_M[1]) & (np.mod(along + aside * np.sign(across), 2.4) < 0.3)
        lanes |= beyond & (hatch | (np.abs(aside - BUFFER_M[1]) < 0.07) | (np.abs(aside - BUFFER_M[0]) < 0.07))
    centre = beyond & (np.abs(np.abs(across) - 0.16) < 0.07) if not ux else beyond & (np.abs(np.abs(across) - MEDIAN_HALF_M - 0.15) < 0.06)
    return np.asarray(zebra | stop | lanes | centre)


def _arrows(g: Ground) -> Bools:
    """A straight arrow in each inbound car lane."""
    mask = np.zeros(g.x_m.shape, np.bool_)
    for arm in PLAN.values():
        ux, uy = arm.out
        along, across = g.x_m * ux + g.y_m * uy - arm.stop_m - BIKE_BOX_M - 4.5, -g.x_m * uy + g.y_m * ux - arm.car_lane_m
        shaft = (np.abs(across) < 0.09) & (along > 0) & (along < 2.2)
        tip = (along > -1.1) & (along <= 0) & (np.abs(across) < 0.42 * (along + 1.1) / 1.1)
        mask |= shaft | tip
    return mask


def lit(shade: Floats, rgb: Pixels) -> Pixels:
    """The picture darkened by `shade` (0..1, (h, w))."""
    return np.asarray(np.clip(rgb * (1 - shade[..., None] * np.array([0.56, 0.54, 0.48], np.float32)), 0, 255), np.uint8)
