"""Tracks as columns."""

from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Doubles, Floats, Ints


@dataclass(frozen=True, slots=True)
class Track:
    """One road user's way through one camera's picture.

    `time_ns` int64 (n,) ascending; `px` float32 (n, 2) contact point with the ground, in native pixels;
    `ground_m` float64 (n, 2) and `sigma_m` float64 (n,) once the camera is calibrated.
    """

    camera: str
    track: str
    kind: str
    time_ns: Ints
    px: Floats
    ground_m: Doubles | None = None
    sigma_m: Doubles | None = None

    def __post_init__(self) -> None:
        """Refuse columns of unequal length and time that runs backwards."""
        n = len(self.time_ns)
        if self.px.shape != (n, 2):
            raise ValueError(f"track {self.track}: px {self.px.shape} for {n} times; wanted ({n}, 2)")
        if n > 1 and bool((np.diff(self.time_ns) < 0).any()):
            raise ValueError(f"track {self.track}: time runs backwards; wanted ascending time_ns")
