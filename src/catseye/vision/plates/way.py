"""Where the violator was in the picture: the only places a plate is looked for."""

from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Floats, Ints
from catseye.core.track import Track
from catseye.vision.plates.errors import PlateError


@dataclass(frozen=True, slots=True)
class Way:
    """The boxes of one track: `time_ns` int64 (n,) ascending, `box_px` float32 (n, 4) left, top, right, bottom, in a picture of `size_px`.

    The picture may be another stream of the same camera: boxes are scaled to the main stream's size.
    """

    track: str
    time_ns: Ints
    box_px: Floats
    size_px: tuple[int, int]

    def __post_init__(self) -> None:
        """Refuse a way without places, or whose time does not ascend."""
        n = len(self.time_ns)
        if not n or self.box_px.shape != (n, 4) or not np.isfinite(self.box_px).all():
            raise PlateError(f"way of track {self.track}", f"boxes {self.box_px.shape} for {n} times", "one finite box a time, one time at least")
        if bool((np.diff(self.time_ns) <= 0).any()) or min(self.size_px) < 1:
            raise PlateError(f"way of track {self.track}", f"times that do not ascend, or a picture of {self.size_px}", "ascending times and a picture")

    @classmethod
    def around(cls, track: Track, size_px: tuple[int, int], reach_px: float) -> "Way":
        """Where only points of contact with the ground are kept: `reach_px` to either side of them, twice as far upwards, a quarter below."""
        x, y = track.px.T
        box_px = np.stack([x - reach_px, y - 2 * reach_px, x + reach_px, y + reach_px / 4], axis=1).astype(np.float32)
        return cls(track.track, track.time_ns, box_px, size_px)

    def at(self, time_ns: int, size_px: tuple[int, int]) -> Floats | None:
        """The box at a time, between two known ones, in a picture of this size; None before the first and after the last."""
        if not self.time_ns[0] <= time_ns <= self.time_ns[-1]:
            return None
        sides = [np.interp(time_ns, self.time_ns, self.box_px[:, side]) for side in range(4)]
        scale = np.array([size_px[0] / self.size_px[0], size_px[1] / self.size_px[1]] * 2)
        return np.asarray(np.array(sides) * scale, np.float32)
