"""What lies under every pixel of a picture: street metres, how far away, how large, and two noises that stick to the ground."""

from dataclasses import dataclass

import cv2
import numpy as np

from catseye.core.arrays import Bools, Floats, Pixels
from catseye.station.demo.camera import CameraPose
from catseye.station.demo.weather import FOG, veil_ratio

FINE_PER_M, COARSE_PER_M = 9.0, 5.0
SKY_TOP, SKY_LOW = (150, 178, 206), (206, 214, 220)
HAZE = np.array([196, 206, 214], np.float32)
HAZE_FROM_M, HAZE_OVER_M, HAZE_MOST_RATIO = 60.0, 330.0, 0.62


@dataclass(frozen=True, slots=True)
class Surface:
    """All (h, w). `foot_m`: side of the ground a pixel shows, the longer one; `is_sky` above the horizon, where metres mean nothing."""

    x_m: Floats
    y_m: Floats
    away_m: Floats
    foot_m: Floats
    grain: Floats
    patches: Floats
    is_sky: Bools

    @classmethod
    def seen_by(cls, pose: CameraPose, seed: int) -> "Surface":
        """Every pixel's own ray meets the ground."""
        width, height = pose.size_px
        columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
        ground = pose.to_ground_m(np.column_stack([columns.ravel(), rows.ravel()])).reshape(height, width, 2)
        is_sky = np.isnan(ground[..., 0])
        ground = np.clip(np.nan_to_num(ground, nan=1e4), -1e4, 1e4)
        x, y = ground[..., 0].astype(np.float32), ground[..., 1].astype(np.float32)
        away = np.hypot(ground[..., 0] - pose.position_m[0], ground[..., 1] - pose.position_m[1]).astype(np.float32)
        slant = np.hypot(away, pose.position_m[2])
        foot = (slant**2 / (pose.focal_px * pose.position_m[2])).astype(np.float32)
        rng = np.random.default_rng(seed)
        fine = rng.normal(0, 1, (512, 512)).astype(np.float32)
        coarse = cv2.GaussianBlur(np.pad(rng.normal(0, 1, (512, 512)).astype(np.float32), 32, mode="wrap"), (0, 0), 7)[32:-32, 32:-32]  # a tile without seams
        coarse /= coarse.std()
        grain = sample(fine, x, y, FINE_PER_M) * np.clip(1 / (FINE_PER_M * foot), 0.08, 1)  # far away a pixel holds many grains
        return cls(x, y, away, foot, np.asarray(grain, np.float32), sample(coarse, x, y, COARSE_PER_M), is_sky)


def sample(tile: Floats, x: Floats, y: Floats, per_m: float) -> Floats:
    """The tile, repeated without end, at these metres."""
    size = tile.shape[0]
    return np.asarray(tile[(np.floor(y * per_m).astype(np.int64)) % size, (np.floor(x * per_m).astype(np.int64)) % size])


def band(off_m: Floats, half_m: float, foot_m: Floats) -> Floats:
    """Share of each pixel that lies within `half_m` of the middle of a band, `off_m` away from it: soft where a pixel is larger than its edge."""
    return np.asarray(np.clip((half_m - np.abs(off_m)) / np.maximum(foot_m, 1e-3) + 0.5, 0, 1), np.float32)


def steps_m(values_m: Floats, is_sky: Bools) -> Floats:
    """How much a coordinate changes from pixel to pixel, (h, w): the width of a soft edge across it."""
    down, right = np.gradient(values_m)
    return np.asarray(np.where(is_sky, 1e3, np.hypot(down, right)), np.float32)


def hazed(rgb: Floats, ground: Surface, seed: int) -> Pixels:
    """The finished street: far ground pales, above it a line of distant trees and the sky."""
    share = np.clip((ground.away_m - HAZE_FROM_M) / HAZE_OVER_M, 0, HAZE_MOST_RATIO)[..., None]
    out = rgb * (1 - share) + HAZE * share
    if ground.is_sky.any():
        _paint_sky(out, ground.is_sky, seed)
    return np.asarray(np.clip(out, 0, 255), np.uint8)


def veiled(rgb: Pixels, ground: Surface, fog_m: float) -> Pixels:
    """The empty street in fog."""
    share = np.where(ground.is_sky, 1.0, veil_ratio(ground.away_m, fog_m))[..., None]
    return np.asarray(rgb * (1 - share) + FOG * share, np.uint8)


def _paint_sky(out: Floats, is_sky: Bools, seed: int) -> None:
    height, width = is_sky.shape
    above = is_sky.sum(axis=0)  # rows of sky in each column
    row = np.arange(height)[:, None]
    share = np.clip(row / np.maximum(above[None, :], 1), 0, 1)[..., None]
    sky = np.array(SKY_TOP, np.float32) * (1 - share) + np.array(SKY_LOW, np.float32) * share
    out[is_sky] = sky[is_sky]
    rng = np.random.default_rng([seed, 5])
    waves = sum(rng.uniform(0.3, 1) * np.sin(np.arange(width) / width * 2 * np.pi * turns + rng.uniform(0, 6)) for turns in (3, 7, 17, 41, 83))
    tall = np.maximum(2, height * (0.028 + 0.007 * np.asarray(waves)))
    trees = is_sky & (row >= (above - tall)[None, :])
    out[trees] = (np.array([118, 134, 118], np.float32) + rng.normal(0, 5, (height, width, 1)).astype(np.float32))[trees]
