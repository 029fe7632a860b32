"""Who follows whom: for every vehicle the nearest one ahead in its own lane, all pairs at once."""

from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Doubles, Ints
from catseye.core.road_user import IS_DRIVEN
from catseye.core.scene import GroundScene

SAME_WAY_COSINE = float(np.cos(np.radians(25.0)))
FARTHEST_M = 150.0
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Following:
    """`leader` int64 (m,) row of the vehicle ahead, or NOBODY; `gap_m` (m,) from own front to its rear; `spacing_m` (m,) front to front (HCM 2016, ch. 4)."""

    leader: Ints
    gap_m: Doubles
    spacing_m: Doubles


def followers(scene: GroundScene) -> Following:
    """A leader drives the same way (within 25°), its lateral offset is under half of both widths, and it is the nearest within 150 m.

    Rows without a heading, and people on foot, neither lead nor follow.
    """
    m = len(scene)
    driven = (IS_DRIVEN[scene.kind] == 1) & np.isfinite(scene.heading[:, 0])
    if m < 2 or np.count_nonzero(driven) < 2:
        return Following(np.full(m, NOBODY, np.int64), np.full(m, np.nan), np.full(m, np.nan))
    heading = np.where(driven[:, None], scene.heading, 0.0)
    length, width = np.where(np.isfinite(scene.length), scene.length, 4.5), np.where(np.isfinite(scene.width), scene.width, 1.8)
    front = scene.front
    ahead = heading @ front.T - (heading * front).sum(1)[:, None]
    side = np.empty_like(heading)
    side[:, 0], side[:, 1] = heading[:, 1], -heading[:, 0]
    aside = np.abs(side @ scene.place.T - (side * front).sum(1)[:, None])
    same = (heading @ heading.T > SAME_WAY_COSINE) & (aside < 0.25 * (width[:, None] + width[None, :]) + 0.2)
    ahead = np.where(same & (ahead > 0.1) & (ahead < FARTHEST_M), ahead, np.inf)
    leader = ahead.argmin(1)
    spacing = ahead[np.arange(m), leader]
    found = np.isfinite(spacing)
    return Following(np.where(found, leader, NOBODY), np.where(found, spacing - length[leader], np.nan), np.where(found, spacing, np.nan))
