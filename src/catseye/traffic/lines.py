"""Directed lines: walk from the first point to the second; *forward* is crossing from your left hand to your right hand.

In the picture y grows downwards, on the ground y grows northwards, so the same walk has its right hand on opposite signs of the cross product:
walking (100, 250) → (640, 250) in the picture the right hand points down the picture, and moving down is forward;
walking east on the ground the right hand points south, and moving south is forward.
"""

from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Doubles


def _valid_ends(line: str, ends: Doubles, unit: str) -> Doubles:
    ends = np.array(ends, np.float64)
    if ends.shape != (2, 2) or not np.isfinite(ends).all() or (ends[0] == ends[1]).all():
        raise ValueError(f"line {line}: {ends.tolist()} {unit}; wanted two different points [[x, y], [x, y]]")
    ends.flags.writeable = False
    return ends


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A directed line in the picture: `ends_px` float64 (2, 2), begin and end, native pixels, y down.

    >>> Line("stop-line", np.array([[100.0, 250.0], [640.0, 250.0]])).right_hand().tolist()
    [0.0, 1.0]
    """

    id: str
    ends_px: Doubles

    def __post_init__(self) -> None:
        """Refuse a line without length."""
        object.__setattr__(self, "ends_px", _valid_ends(self.id, self.ends_px, "px"))

    def right_hand(self) -> Doubles:
        """Unit vector (2,) to the right hand of who walks the line: forward is along it."""
        x, y = (self.ends_px[1] - self.ends_px[0]) / np.hypot(*(self.ends_px[1] - self.ends_px[0]))
        return np.array([-y, x]) + 0.0  # no -0.0


@dataclass(frozen=True, slots=True, eq=False)
class GroundLine:
    """A directed line on the ground: `ends_m` float64 (2, 2), begin and end, metres, x east-like, y north-like.

    >>> GroundLine("kerb", np.array([[0.0, 0.0], [10.0, 0.0]])).right_hand().tolist()
    [0.0, -1.0]
    """

    id: str
    ends_m: Doubles

    def __post_init__(self) -> None:
        """Refuse a line without length."""
        object.__setattr__(self, "ends_m", _valid_ends(self.id, self.ends_m, "m"))

    def right_hand(self) -> Doubles:
        """Unit vector (2,) to the right hand of who walks the line: forward is along it."""
        x, y = (self.ends_m[1] - self.ends_m[0]) / np.hypot(*(self.ends_m[1] - self.ends_m[0]))
        return np.array([y, -x]) + 0.0
