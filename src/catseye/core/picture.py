"""Pictures. A `RawFrame` may show a face or a plate and can never be stored; a `RedactedPicture` may.

`RawFrame` may be named only in core, vision, fleet and (to carry it) station: tests/laws/test_raw_frame_fence.py.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from catseye.core.arrays import Pixels
from catseye.core.time import Stamp


@dataclass(frozen=True, slots=True)
class RawFrame:
    """One decoded frame, not yet converted: pixels are made only when somebody asks, in the size they need.

    `time_ns` is presentation time since the source's first decoded frame, never running backwards.
    `convert(width_px, height_px, "rgb24" | "gray8")` -> uint8 (h, w, 3) or (h, w), scaled inside the decoder's scaler.
    """

    camera: str
    index: int
    time_ns: int
    when: Stamp | None
    width_px: int
    height_px: int
    convert: Callable[[int, int, str], Pixels]
    _made: dict[tuple[int, int, str], Pixels] = field(default_factory=dict, repr=False, compare=False)

    def rgb(self, width_px: int, height_px: int) -> Pixels:
        """RGB pixels, uint8 (height_px, width_px, 3); asked twice in one size, converted once. Treat as read-only."""
        return self._in(width_px, height_px, "rgb24")

    def grey(self, width_px: int, height_px: int) -> Pixels:
        """Luma, uint8 (height_px, width_px); converted once per size. Treat as read-only."""
        return self._in(width_px, height_px, "gray8")

    def _in(self, width_px: int, height_px: int, form: str) -> Pixels:
        key = (width_px, height_px, form)
        if key not in self._made:
            self._made[key] = self.convert(width_px, height_px, form)
        return self._made[key]


@dataclass(frozen=True, slots=True)
class RedactedPicture:
    """A picture whose head regions and plate bands were filled solid. Only `vision.redact` makes one (a law test says so).

    `rgb` uint8 (h, w, 3); `filled_ratio` is the share of the picture that was filled.
    """

    camera: str
    time_ns: int
    rgb: Pixels
    filled_ratio: float

    def __post_init__(self) -> None:
        """Refuse what is not a colour picture."""
        if self.rgb.ndim != 3 or self.rgb.shape[2] != 3 or self.rgb.dtype != np.uint8:
            raise ValueError(f"redacted picture of {self.camera}: {self.rgb.dtype} {self.rgb.shape}; wanted uint8 (h, w, 3)")
