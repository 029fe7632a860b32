"""How a view moved in the picture: a shift, a turn and a change of scale about the picture's centre."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from catseye.core.arrays import Doubles


@dataclass(frozen=True, slots=True)
class Similarity:
    """Where what was at one place of the picture is now. x to the right, y down, in px; a turn above 0 is clockwise as one looks at the picture.

    >>> Similarity(3.0, -4.0).length_px
    5.0
    """

    shift_x_px: float = 0.0
    shift_y_px: float = 0.0
    rotation_deg: float = 0.0
    scale_ratio: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what maps onto nothing."""
        if not (self.scale_ratio > 0 and all(map(math.isfinite, (self.shift_x_px, self.shift_y_px, self.rotation_deg, self.scale_ratio)))):
            raise ValueError(f"{self}: wanted finite numbers and a scale above 0")

    @property
    def length_px(self) -> float:
        """How far the picture's centre went."""
        return math.hypot(self.shift_x_px, self.shift_y_px)

    @property
    def _factor(self) -> complex:
        turn = math.radians(self.rotation_deg)
        return self.scale_ratio * complex(math.cos(turn), math.sin(turn))

    def matrix(self, width_px: int, height_px: int) -> Doubles:
        """The 2x3 matrix that takes pixel indices of one picture of this size to the other's."""
        factor = self._factor
        linear = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
        centre = np.array([(width_px - 1) / 2, (height_px - 1) / 2])
        offset = centre + np.array([self.shift_x_px, self.shift_y_px]) - linear @ centre
        return np.column_stack([linear, offset])

    @classmethod
    def of_matrix(cls, matrix: Doubles, width_px: int, height_px: int) -> Self:
        """The similarity of a 2x3 matrix between pictures of this size."""
        factor = complex(matrix[0, 0], matrix[1, 0])
        centre = np.array([(width_px - 1) / 2, (height_px - 1) / 2])
        shift_px = matrix[:, :2] @ centre + matrix[:, 2] - centre
        return cls._of_factor(complex(shift_px[0], shift_px[1]), factor)

    @classmethod
    def _of_factor(cls, shift: complex, factor: complex) -> Self:
        return cls(shift.real, shift.imag, math.degrees(math.atan2(factor.imag, factor.real)), abs(factor))

    def then(self, later: "Similarity") -> "Similarity":
        """Both, one after the other."""
        shift = complex(self.shift_x_px, self.shift_y_px) * later._factor + complex(later.shift_x_px, later.shift_y_px)
        return Similarity._of_factor(shift, self._factor * later._factor)

    def inverse(self) -> "Similarity":
        """The way back."""
        factor = 1 / self._factor
        return Similarity._of_factor(-complex(self.shift_x_px, self.shift_y_px) * factor, factor)

    def apart_px(self, other: "Similarity", radius_px: float) -> float:
        """How far apart the two put a point that lies this far from the centre, at most."""
        shift = complex(self.shift_x_px - other.shift_x_px, self.shift_y_px - other.shift_y_px)
        return abs(shift) + radius_px * abs(self._factor - other._factor)

    def enlarged(self, times_ratio: float) -> "Similarity":
        """The same motion in a picture that many times as large."""
        return Similarity(self.shift_x_px * times_ratio, self.shift_y_px * times_ratio, self.rotation_deg, self.scale_ratio)

    def portion(self, share_ratio: float) -> "Similarity":
        """That share of it, for motions that are small against the picture."""
        share = share_ratio
        return Similarity(self.shift_x_px * share, self.shift_y_px * share, self.rotation_deg * share, self.scale_ratio**share)


STILL = Similarity()
