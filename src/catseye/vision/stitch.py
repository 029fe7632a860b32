"""One road user, two tracks: a track broken by an occlusion and its newborn other half, or two boxes on one vehicle."""

import numpy as np

from catseye.core.arrays import Bools, Codes, Doubles, Ints
from catseye.core.columns import Records
from catseye.core.road_user import IS_FOUR_WHEELED, RoadUser
from catseye.core.time import NS_PER_S
from catseye.vision.assignment import Pairs, assign, pairs_within
from catseye.vision.track_columns import kind_of, size_px

# Standard deviations, in box sizes (a second, a second²): of two halves that are one. Chosen on scenes with an occluder of known truth.
PLACE_DOUBT_RATIO = 0.2
RATE_DOUBT_RATIO = 0.3
ACCELERATION_RATIO = 0.35
LOG_SIZE_DOUBT_RATIO = 0.3
MOST_COST_RATIO = 12.0  # chi-square of six terms: 94 % of true halves lie under it
REACH_RATIO = 3.0
LEAST_COSINE_RATIO = 0.7
SLOW_RATIO = 0.5
SAME_PLACE_RATIO = 0.6


def are_alike(kind: Codes | Ints, other: Codes | Ints) -> Bools:
    """Whether two kinds can be one road user: four wheels with four wheels, all others among themselves, unknown with any."""
    unknown = RoadUser.UNKNOWN.code
    alike: Bools = (IS_FOUR_WHEELED[kind] == IS_FOUR_WHEELED[other]) | (kind == unknown) | (other == unknown)
    return alike


def overlap_ratio(place_px: Doubles, other_px: Doubles) -> Doubles:
    """Intersection over union, row by row, of boxes (n, 4) given as centre and size."""
    apart = np.abs(place_px[:, :2] - other_px[:, :2])
    common = np.minimum((place_px[:, 2:] + other_px[:, 2:]) * 0.5 - apart, np.minimum(place_px[:, 2:], other_px[:, 2:]))
    shared = np.maximum(common[:, 0], 0.0) * np.maximum(common[:, 1], 0.0)
    union: Doubles = place_px[:, 2] * place_px[:, 3] + other_px[:, 2] * other_px[:, 3] - shared
    return shared / union


def births(newborn: Records, time_ns: int) -> Doubles:
    """Where the tracks that stand at `time_ns` were born, (n, 2) pixels."""
    age_s = (time_ns - newborn["born_ns"]) / NS_PER_S
    born_px: Doubles = newborn["place_px"][:, :2] - newborn["rate_pxs"][:, :2] * age_s[:, None]
    return born_px


def born_near(hidden: Records, newborn: Records, time_ns: int) -> Pairs:
    """Rows (hidden, newborn) where a birth lies within reach of where a hidden track, which stands there, was seen last."""
    place, speed = hidden["place_px"], np.abs(hidden["rate_pxs"])
    longest_s = np.maximum(newborn["born_ns"].max(initial=0) - hidden["seen_ns"], 0) / NS_PER_S
    reach = REACH_RATIO * size_px(place) + np.maximum(speed[:, 0], speed[:, 1]) * longest_s
    return pairs_within(reach, place[:, :2], births(newborn, time_ns))


def other_halves(lost: Records, newborn: Records, time_ns: int, pairs: Pairs) -> Ints:
    """Which of `pairs`, told row by row by `lost` as it was seen last and `newborn` as it stands at `time_ns`, are one road user; each in one pair at most."""
    gap_s = (newborn["born_ns"] - lost["seen_ns"]) / NS_PER_S
    with np.errstate(divide="ignore", invalid="ignore"):  # born before the other was lost: out, whatever it costs
        cost = _cost_of_being_one(lost, newborn, births(newborn, time_ns) - lost["place_px"][:, :2], gap_s)
        fits = np.flatnonzero((gap_s > 0) & (cost < MOST_COST_RATIO) & are_alike(kind_of(lost), kind_of(newborn)))
    return fits[assign(pairs[0][fits], pairs[1][fits], cost[fits], MOST_COST_RATIO)]


def _cost_of_being_one(lost: Records, newborn: Records, moved_px: Doubles, gap_s: Doubles) -> Doubles:
    """How badly two halves meet over the gap, row by row, in squared standard deviations; infinite if the road user had to turn round."""
    size = size_px(lost["place_px"])[:, None]
    moved, rate, later_rate = moved_px / size, lost["rate_pxs"][:, :2] / size, newborn["rate_pxs"][:, :2] / size
    # Between two known places and two known velocities, at constant acceleration, the way is the mean velocity times the time.
    miss = moved - (rate + later_rate) * (gap_s * 0.5)[:, None]
    rate_variance = lost["spread"][:, 2] + newborn["spread"][:, 2]
    change_variance = np.square(ACCELERATION_RATIO * gap_s)
    place_variance = PLACE_DOUBT_RATIO**2 + np.square(gap_s) * (rate_variance / 4.0 + change_variance / 12.0)
    cost = np.square(miss).sum(axis=1) / place_variance
    cost += np.square(later_rate - rate).sum(axis=1) / (RATE_DOUBT_RATIO**2 + rate_variance + change_variance)
    cost += np.square(np.log(newborn["place_px"][:, 2:] / lost["place_px"][:, 2:])).sum(axis=1) / LOG_SIZE_DOUBT_RATIO**2
    speed, later_speed = np.hypot(rate[:, 0], rate[:, 1]), np.hypot(later_rate[:, 0], later_rate[:, 1])
    onward = ((rate * later_rate).sum(axis=1) >= LEAST_COSINE_RATIO * speed * later_speed) & (np.maximum(speed, later_speed) >= SLOW_RATIO)
    waited = (np.minimum(speed, later_speed) < SLOW_RATIO) & (np.abs(moved).max(axis=1, initial=0.0) < SAME_PLACE_RATIO)
    return np.where(onward | waited, cost, np.inf)


def twins(tracks: Records, young: Ints, least_overlap_ratio: float) -> Pairs:
    """Rows (young, older) where a young track covers and moves with an older one; at most one older row for each young."""
    place, rate = tracks["place_px"], tracks["rate_pxs"]
    young_px, track = place[young], tracks["track"]
    which, older = pairs_within(size_px(young_px) * 0.5, young_px[:, :2], place[:, :2])
    if len(which) == len(young):  # each is near itself alone
        return young[:0], older[:0]
    rows = young[which]
    after = track[older] < track[rows]
    rows, older = rows[after], older[after]
    if not len(rows):
        return rows, older
    overlap = overlap_ratio(place[rows], place[older])
    slip = np.abs(rate[rows, :2] - rate[older, :2]).max(axis=1, initial=0.0) / size_px(place[rows])
    kind = kind_of(tracks)
    same = (overlap >= least_overlap_ratio) & (slip < 1.0) & are_alike(kind[rows], kind[older])
    rows, older = rows[same], older[same]
    order = np.lexsort((-overlap[same], rows))
    rows, first = np.unique(rows[order], return_index=True)
    return rows, older[order[first]]
