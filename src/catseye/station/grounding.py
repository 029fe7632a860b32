"""From boxes in the picture to places on the ground, for a calibrated camera.

Every road user's footprint, with the doubt that is new in every look, and the doubt that stays.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catseye.core.arrays import Bools, Codes, Doubles, Floats, Ints
from catseye.core.calibration import Calibration
from catseye.core.columns import places_of
from catseye.vision.ground_point import GroundPointFinder

LEAST_WAY_M, SURE_SIGMAS = 1.5, 3.0  # a heading is known once it has gone so far, and farther than its place trembles
TRAIL_M = 4.0  # the heading is that of the last so many metres
USELESS_SIGMA_M = 15.0

_HEADED = np.dtype([("track", np.int64), ("anchor", np.float64, (2,)), ("heading", np.float64, (2,))])


@dataclass(frozen=True, slots=True)
class Grounded:
    """One row a box: `place_m` (m, 2) middle of the footprint, NaN where none can be told; `sigma_m` (m,) its whole doubt on each axis.

    `noise_m` (m,) is the part of it that is new in every look; `speed_doubt_ratio` (m,) the share of a speed that the calibration leaves in doubt;
    all three NaN without a place. `length_m`, `width_m` (m,) as seen.
    """

    place_m: Doubles
    sigma_m: Doubles
    noise_m: Doubles
    speed_doubt_ratio: Doubles
    length_m: Doubles
    width_m: Doubles

    def take(self, rows: Ints | Bools) -> "Grounded":
        """The chosen rows."""
        return Grounded(*(getattr(self, name)[rows] for name in self.__slots__))


class Grounding:
    """Of one camera. Remembers where each track came from, since a body's outline depends on where it points."""

    def __init__(self, calibration: Calibration) -> None:
        """`calibration` of the picture the boxes are in."""
        self._calibration, self._finder = calibration, GroundPointFinder(calibration)
        self._known: NDArray[np.void] = np.empty(0, _HEADED)

    def of(self, track: Ints, box_px: Floats, kind: Codes) -> Grounded:
        """Places of boxes (m, 4) of tracks (m,), in any order."""
        self._make_room(track)
        row, _ = places_of(track, self._known["track"])
        found = self._finder.find(box_px, kind, self._known["heading"][row])
        px = self._calibration.px_of(found.place_m)
        stays = np.full(len(row), np.inf)
        on_ground = np.isfinite(px).all(1)
        stays[on_ground] = np.sqrt(np.trace(self._calibration.covariance_m2(px[on_ground]), axis1=1, axis2=2) / 2)
        noise = np.sqrt(np.trace(found.noise_covariance_m2, axis1=1, axis2=2) / 2)
        sigma = np.hypot(found.sigma_m, stays)
        useful = sigma < USELESS_SIGMA_M  # NaN is not
        place = np.where(useful[:, None], found.place_m, np.nan)
        self._turn(row, place, np.nan_to_num(noise))
        sigma, noise = np.where(useful, sigma, np.nan), np.where(useful & np.isfinite(noise), noise, np.nan)  # no place, no doubt of it: files hold no infinity
        return Grounded(place, sigma, noise, self._ratio(px, row, useful), found.size_m[:, 0], found.size_m[:, 1])

    def forget(self, track: Ints) -> None:
        """These tracks will not come back."""
        if len(track):
            self._known = self._known[~np.isin(self._known["track"], track)]

    def _make_room(self, track: Ints) -> None:
        _, there = places_of(track, self._known["track"])
        if there.all():
            return
        fresh = np.zeros(int((~there).sum()), _HEADED)
        fresh["track"], fresh["anchor"], fresh["heading"] = track[~there], np.nan, np.nan
        both = np.concatenate([self._known, fresh])
        self._known = both[np.argsort(both["track"], kind="stable")]

    def _turn(self, row: Ints, place: Doubles, noise: Doubles) -> None:
        """A track points the way it has come; who has not gone far yet keeps its heading, or has none."""
        anchor = self._known["anchor"][row]
        begins = np.isnan(anchor[:, 0])
        way = place - anchor
        far = np.hypot(way[:, 0], way[:, 1])
        moved = far > np.maximum(LEAST_WAY_M, SURE_SIGMAS * noise)
        heading = self._known["heading"][row]
        heading[moved] = way[moved] / far[moved, None]
        anchor[begins] = place[begins]
        pulled = moved & (far > TRAIL_M)
        anchor[pulled] = place[pulled] - heading[pulled] * TRAIL_M
        self._known["heading"][row], self._known["anchor"][row] = heading, anchor

    def _ratio(self, px: Doubles, row: Ints, useful: Bools) -> Doubles:
        heading = self._known["heading"][row]
        ratio = np.full(len(row), np.nan)
        headed = np.isfinite(heading).all(1)
        if (both := useful & headed).any():
            ratio[both] = self._calibration.speed_doubt_ratio(px[both], heading[both])
        if (alone := useful & ~headed).any():
            ratio[alone] = self._calibration.speed_doubt_ratio(px[alone])
        return ratio
