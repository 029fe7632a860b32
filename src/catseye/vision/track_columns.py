"""The tracker's memory: one record a track, fields as columns, and the constant-velocity filter that moves them.

A Kalman filter whose four coordinates (centre x, y, width, height) share one 2×2 covariance, held in units of the box's own size:
a far car and a near one are then the same car, and one look costs a few column operations, whatever the number of tracks.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from catseye.core.arrays import Doubles, Ints
from catseye.core.columns import Records
from catseye.core.road_user import ROAD_USERS
from catseye.core.time import NS_PER_S

# place: centre x, y, width, height now; found: as the detector gave it when last matched. seen: last matched.
# spread: variance of place, covariance, variance of rate, in box sizes.
# twin: the older track this one seems to double, 0 for none.
TRACK = np.dtype(
    [
        ("track", np.int64),
        ("born_ns", np.int64),
        ("seen_ns", np.int64),
        ("looks", np.int64),
        ("strong_looks", np.int64),
        ("sure", np.bool_),
        ("place_px", np.float64, 4),
        ("found_px", np.float64, 4),
        ("rate_pxs", np.float64, 4),
        ("spread", np.float64, 3),
        ("votes", np.float64, len(ROAD_USERS)),
        ("score_ratio", np.float32),
        ("moved", np.bool_),
        ("twin", np.int64),
        ("twin_looks", np.int64),
    ]
)


@dataclass(frozen=True, slots=True)
class Motion:
    """How boxes tremble and road users move. A ratio is in box sizes (mean of width and height), speeds a second, accelerations a second².

    `box_noise`: standard deviation of a detector's box. `first_speed`: of a road user seen once; 99 % of the tracks on our clips stay below 4.6.
    `acceleration`: at rest; `acceleration_by_speed`: added per unit of speed, since what drives towards the camera speeds up in the picture.
    `size_gain`: how much less than places sizes are trusted; `size_memory`: how long a growing box goes on growing unseen.
    """

    box_noise_ratio: float = 0.05
    box_noise_px: float = 0.7
    first_speed_ratio: float = 4.0
    acceleration_ratio: float = 0.5
    acceleration_by_speed_ratio: float = 0.5
    size_gain_ratio: float = 0.7
    size_memory_s: float = 0.5


def no_tracks() -> Records:
    """An empty memory."""
    return np.zeros(0, TRACK)


def kind_of(tracks: Records) -> Ints:
    """Code of the kind with most votes, (n,)."""
    kinds: Ints = np.argmax(tracks["votes"], axis=1)
    return kinds


def size_px(place_px: Doubles) -> Doubles:
    """Mean of width and height, (n,)."""
    return (place_px[:, 2] + place_px[:, 3]) * 0.5


def noise_ratio(size: Doubles, motion: Motion) -> Doubles:
    """Standard deviation of a detector's box, in box sizes."""
    return motion.box_noise_ratio + motion.box_noise_px / size


def acceleration_variance(tracks: Records, motion: Motion) -> Doubles:
    """How much rates may change in a second, squared, in box sizes."""
    speed = np.hypot(tracks["rate_pxs"][:, 0], tracks["rate_pxs"][:, 1]) / size_px(tracks["place_px"])
    variance: Doubles = np.square(motion.acceleration_ratio + motion.acceleration_by_speed_ratio * np.minimum(speed, motion.first_speed_ratio))
    return variance


def predict(tracks: Records, span_s: float, motion: Motion) -> None:
    """Move all tracks on by `span_s` at constant velocity, in place; their spread grows with the time."""
    if not len(tracks):
        return
    place, rate, spread = tracks["place_px"], tracks["rate_pxs"], tracks["spread"]
    push = acceleration_variance(tracks, motion) * span_s
    place += rate * span_s
    np.maximum(place[:, 2:], 1.0, out=place[:, 2:])
    rate[:, 2:] *= np.exp(-span_s / motion.size_memory_s)
    of_place, common, of_rate = spread[:, 0], spread[:, 1], spread[:, 2]
    carried = span_s * of_rate
    of_place += span_s * (2.0 * common + carried) + push * (span_s**2 / 3.0)
    common += carried + push * (span_s / 2.0)
    of_rate += push


def correct(tracks: Records, seen_px: Doubles, motion: Motion) -> None:
    """Pull tracks towards the boxes they were matched with, (n, 4) centre and size, in place."""
    place, spread = tracks["place_px"], tracks["spread"]
    of_place, common, of_rate = spread[:, 0], spread[:, 1], spread[:, 2]
    size = size_px(place)
    miss = seen_px - place
    # A box cut by what stands before it moves its centre by half of what it lost: trust it that much less.
    cut = (np.abs(miss[:, 2]) + np.abs(miss[:, 3])) / (4.0 * size)
    noise = np.square(noise_ratio(size, motion)) + np.square(cut)
    total = of_place + noise
    gain, rate_gain = of_place / total, common / total
    by_axis = _by_axis(motion.size_gain_ratio)
    place += miss * (gain[:, None] * by_axis)
    tracks["rate_pxs"] += miss * (rate_gain[:, None] * by_axis)
    of_rate -= rate_gain * common
    kept = noise / total
    of_place *= kept
    common *= kept


@lru_cache(maxsize=8)
def _by_axis(size_gain_ratio: float) -> Doubles:
    """How much of a miss places (x, y) and sizes (width, height) take in, (4,)."""
    return np.array([1.0, 1.0, size_gain_ratio, size_gain_ratio])


def as_last_seen(tracks: Records, time_ns: int, motion: Motion) -> Records:
    """Copies of tracks that stand at `time_ns`, put back to the place, and the certainty, of when they were seen last."""
    back = tracks.copy()
    unseen_s = (time_ns - tracks["seen_ns"]) / NS_PER_S
    back["place_px"][:, :2] -= tracks["rate_pxs"][:, :2] * unseen_s[:, None]
    back["spread"][:, 2] -= acceleration_variance(tracks, motion) * unseen_s
    return back
