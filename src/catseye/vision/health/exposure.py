"""Too dark, or too bright: what share of the grey scale is left to see with.

Where the default detector has lost a third of the road users it finds in the picture as it came (docs/design/self-assessment.md).
"""

from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Pixels

_STEP_PX = 4  # every fourth pixel of every fourth row tells as much
_WHITE = 250
_SHARES = np.array([0.05, 0.5, 0.95])


@dataclass(frozen=True, slots=True)
class ExposureSettings:
    """Grey levels 0..255 that nineteen twentieths of the picture stay below, and the share of it that is white; one to open, one to close."""

    dark_level_count: int = 32
    light_again_level_count: int = 40
    white_ratio: float = 0.55
    white_no_more_ratio: float = 0.45


@dataclass(frozen=True, slots=True)
class Exposure:
    """Grey levels at the 5th, 50th and 95th hundredth of the picture, the share at 250 and above, and how many pixels were asked."""

    low_level_count: int
    middle_level_count: int
    high_level_count: int
    white_ratio: float
    sample_count: int

    @property
    def white_doubt_ratio(self) -> float:
        """One sigma of the share, from the sample's size."""
        return float(np.sqrt(max(self.white_ratio * (1 - self.white_ratio), 1 / self.sample_count) / self.sample_count))


def exposure_of(grey: Pixels) -> Exposure:
    """Read a grey picture, uint8 (h, w)."""
    sample = grey[::_STEP_PX, ::_STEP_PX]
    below = np.bincount(sample.ravel(), minlength=256).cumsum()
    low, middle, high = below.searchsorted(_SHARES * sample.size).tolist()
    return Exposure(low, middle, high, 1 - float(below[_WHITE - 1]) / sample.size, sample.size)
