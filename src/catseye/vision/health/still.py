"""The still picture: what does not move, as the median of the last few small pictures."""

from collections import deque

import cv2

from catseye.core.arrays import Pixels
from catseye.core.time import NS_PER_S

PICTURES_COUNT = 5
STILL_LAG_S = 1.5  # a still picture may show what was there so long ago: three of its five pictures outvote two
EVERY_S = 0.48


def next_due_ns(due_ns: int | None, time_ns: int, every_s: float) -> int:
    """When the next look is due after one at `time_ns`: counted from when that one was due, so that looks that come late do not make all later ones late.

    >>> next_due_ns(250_000_000, 333_000_000, 0.25), next_due_ns(250_000_000, 900_000_000, 0.25)
    (500000000, 1150000000)
    """
    every_ns = int(every_s * NS_PER_S)
    return due_ns + every_ns if due_ns is not None and time_ns - due_ns < every_ns else time_ns + every_ns


class StillPicture:
    """Median of five grey pictures, one each 0.48 s as near as looks allow: passing road users and a camera that shakes once leave no trace."""

    def __init__(self) -> None:
        """Empty."""
        self._pictures: deque[Pixels] = deque(maxlen=PICTURES_COUNT)
        self._due_ns: int | None = None

    def see(self, grey: Pixels, time_ns: int) -> bool:
        """Take a picture, uint8 (h, w), when it is time for one; True when it was taken."""
        if self._pictures and self._pictures[-1].shape != grey.shape:
            self._pictures.clear()
            self._due_ns = None
        if self._due_ns is not None and time_ns < self._due_ns:
            return False
        self._pictures.append(grey)
        self._due_ns = next_due_ns(self._due_ns, time_ns, EVERY_S)
        return True

    def median(self) -> Pixels | None:
        """The still picture, uint8 (h, w); None before five pictures."""
        if len(self._pictures) < PICTURES_COUNT:
            return None
        a, b, c, d, e = self._pictures
        low, high = cv2.max(cv2.min(a, b), cv2.min(d, e)), cv2.min(cv2.max(a, b), cv2.max(d, e))
        low, high = cv2.min(low, high), cv2.max(low, high)
        median: Pixels = cv2.max(low, cv2.min(c, high))
        return median
