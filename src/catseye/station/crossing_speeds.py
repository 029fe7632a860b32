"""Speeds at lines, out of the boxes of a whole track: one body, one way, and no speed where they do not tell it well enough.

A track may be no vehicle: half of one, two of them one after the other, or the second track on one. Such have no speed, whatever their doubt:
a doubt is about one body.
"""

from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Doubles, Ints
from catseye.core.road_user import RoadUser
from catseye.core.time import NS_PER_S
from catseye.traffic.footprints import Footprints, separation_m
from catseye.traffic.path_fit import fit_path
from catseye.traffic.speed import RIVALS_WINDOW_S, Rival, Speed, speed_of_rivals
from catseye.traffic.trace import Trace
from catseye.vision.body_fit import BodyFitter, Looks, headings

_LEAST_TRUST = 0.9  # of a path in its looks: it may do without a wild one here and there, not without one in ten
_SHARED_RATIO = 0.25  # of its looks: a second box on a vehicle for a moment is no second track


@dataclass(frozen=True, slots=True, eq=False)
class Stood:
    """Where road users stood as the network saw them: `track`, `time_ns` (n,), `place_m` (n, 2) middles of footprints of `length_m` × `width_m` (n,)."""

    track: Ints
    time_ns: Ints
    place_m: Doubles
    length_m: Doubles
    width_m: Doubles


def crossing_speed(fitter: BodyFitter, looks: Looks, kind: RoadUser, time_ns: int) -> Speed | None:
    """Speed over ground at a moment, from the looks of one track; None where its whole doubt, the calibration's with it, is beyond that of meters in the field.

    None too where no one body on one way fits the looks: then they are not of one vehicle.
    """
    near = np.abs(looks.time_ns - time_ns) <= round(RIVALS_WINDOW_S * NS_PER_S)
    if not near.any():
        return None
    fits = fitter.fits(looks.keep(near), kind)
    rivals = [Rival(fit.share_ratio, Trace(fit.time_ns, fit.place_m, fit.noise_m), fit.shared_m, fit.quarrel_m) for fit in fits]
    if not fits or not fits[0].is_body or not _is_one_way(rivals[0].trace):
        return None
    found = speed_of_rivals(rivals, time_ns)
    return found.speed if found is not None and found.is_measured else None


def shares_its_place(mine: Stood, others: Stood) -> bool:
    """Whether another track stood where this one did, in a quarter of its looks or more: two bodies cannot, so both tracks are of one vehicle.

    `mine` of one track, in order of time. Where two tracks went together all the way, nobody can tell which of them is the whole vehicle, if any.
    """
    row = np.minimum(mine.time_ns.searchsorted(others.time_ns), len(mine.time_ns) - 1)
    same = np.flatnonzero(mine.time_ns[row] == others.time_ns) if len(mine.time_ns) else row[:0]
    if not len(same):
        return False
    row = row[same]
    ahead = headings(mine.time_ns, mine.place_m, np.ones(len(mine.time_ns)))[row]
    one = Footprints.of(mine.place_m[row], ahead, mine.length_m[row], mine.width_m[row])
    other = Footprints.of(others.place_m[same], ahead, others.length_m[same], others.width_m[same])
    _, who = np.unique(others.track[same], return_inverse=True)
    return bool(np.bincount(who, separation_m(one, other) < 0).max() >= _SHARED_RATIO * len(mine.time_ns))


def _is_one_way(trace: Trace) -> bool:
    """Whether a path goes through the places without leaving many out."""
    path = fit_path(trace)
    return path is not None and float(path.trust.mean()) >= _LEAST_TRUST
