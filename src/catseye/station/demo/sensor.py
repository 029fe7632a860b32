"""What the camera itself adds: a mast that swings or is knocked, a lens that is darker in its corners, noise."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from catseye.core.arrays import Doubles, Ints, Pixels
from catseye.station.demo.camera import CameraPose

GRAIN_ROOM_PX = 64  # the noise is larger than the picture, and shifted from frame to frame


@dataclass(frozen=True, slots=True)
class CameraMove:
    """From `time_s` on the camera looks elsewhere: angles and place relative to how it was mounted."""

    time_s: float
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    shift_m: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def of(self, pose: CameraPose) -> CameraPose:
        """The pose after the move."""
        x_m, y_m, z_m = (float(at + by) for at, by in zip(pose.position_m, self.shift_m, strict=True))
        return replace(
            pose,
            position_m=(x_m, y_m, z_m),
            yaw_deg=pose.yaw_deg + self.yaw_deg,
            pitch_deg=pose.pitch_deg + self.pitch_deg,
            roll_deg=pose.roll_deg + self.roll_deg,
        )


def sway_px(time_s: float, shake_px: float, seed: int) -> Doubles:
    """Where a mast in the wind has swung the picture, right and down: slow swings of several periods, `shake_px` one sigma on each axis."""
    rng = np.random.default_rng([seed, 3])
    turn = rng.uniform(0, 2 * np.pi, (2, 4))
    swing = np.sin(2 * np.pi * np.array([0.31, 0.83, 1.27, 2.6]) * rng.uniform(0.85, 1.15, (2, 4)) * time_s + turn)
    weight = np.array([0.8, 0.9, 0.6, 0.4])
    return np.asarray(swing @ weight / np.sqrt((weight**2).sum() / 2) * shake_px)


def moved(layer: NDArray[np.generic], shift: Ints, border: int) -> NDArray[np.generic]:
    """The layer `shift` (right, down) pixels off."""
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float64)
    return np.asarray(cv2.warpAffine(layer, matrix, layer.shape[1::-1], flags=cv2.INTER_NEAREST, borderMode=border))


def grain(size_px: tuple[int, int], noise_ratio: float, seed: int) -> NDArray[np.int16]:
    """Sensor noise, a little larger than the picture so that it can be shifted."""
    width, height = size_px
    rng = np.random.default_rng([seed, 1])
    room = GRAIN_ROOM_PX
    grey = rng.normal(0, noise_ratio * 255, (height + room, width + room, 1))
    return np.asarray(np.round(grey + rng.normal(0, noise_ratio * 90, (height + room, width + room, 3))), np.int16)


def lens_light(size_px: tuple[int, int], vignette_ratio: float) -> Pixels:
    """How much light each pixel gets, uint8 (h, w, 3), 255 in the middle."""
    width, height = size_px
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    light = np.round(255 * (1 - vignette_ratio * (x**2 + y**2) ** 1.2 / 2)).astype(np.uint8)
    return np.repeat(light[..., None], 3, 2)
