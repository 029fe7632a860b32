"""The still picture: what does not move, as the median of the last few small pictures."""

from collections import deque

import cv2

from catseye.core.arrays import Pixels
from catseye.core.time import NS_PER_S

PICTURES_COUNT = 5
EVERY_S = 0.38


class StillPicture:
    """Median of five grey pictures that lie at least 0.38 s apart: passing road users and a camera that shakes once leave no trace."""

    def __init__(self) -> None:
        """Empty."""
        self._pictures: deque[Pixels] = deque(maxlen=PICTURES_COUNT)
        self._last_ns: int | None = None

    def see(self, grey: Pixels, time_ns: int) -> bool:
        """Take a picture, uint8 (h, w), when it is time for one; True when it was taken."""
        if self._pictures and self._pictures[-1].shape != grey.shape:
            self._pictures.clear()
            self._last_ns = None
        if self._last_ns is not None and time_ns - self._last_ns < EVERY_S * NS_PER_S:
            return False
        self._pictures.append(grey)
        self._last_ns = time_ns
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
