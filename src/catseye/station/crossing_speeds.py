"""Speeds at lines, out of the boxes of a whole track: one body, one way, and no speed where they do not tell it well enough."""

import numpy as np

from catseye.core.arrays import Doubles
from catseye.core.road_user import RoadUser
from catseye.core.time import NS_PER_S
from catseye.traffic.speed import RIVALS_WINDOW_S, Rival, Speed, is_measured, speed_of_rivals
from catseye.traffic.trace import CLOCK_DOUBT_RATIO, Trace
from catseye.vision.body_fit import BodyFitter, Looks


def crossing_speed(fitter: BodyFitter, looks: Looks, kind: RoadUser, speed_doubt_ratio: Doubles, time_ns: int) -> Speed | None:
    """Speed over ground at a moment; None where it cannot be told as well as a meter in the field must tell it, the calibration's own doubt apart.

    `looks` of one road user, `speed_doubt_ratio` (n,) the share of a speed that the calibration leaves in doubt in each.
    """
    near = np.abs(looks.time_ns - time_ns) <= round(RIVALS_WINDOW_S * NS_PER_S)
    if not near.any():
        return None
    fits = fitter.fits(looks.keep(near), kind)
    speed = speed_of_rivals([Rival(fit.share_ratio, Trace(fit.time_ns, fit.place_m, fit.noise_m), fit.shared_m) for fit in fits], time_ns)
    if speed is None or not is_measured(speed):
        return None
    told = speed_doubt_ratio[near & np.isfinite(speed_doubt_ratio)]
    ratio = float(np.hypot(told.mean() if len(told) else 0.0, CLOCK_DOUBT_RATIO))
    return Speed(speed.kmh, float(np.hypot(speed.doubt_kmh, ratio * speed.kmh)))
