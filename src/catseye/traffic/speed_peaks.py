"""The highest speed of every track so far, from scenes as they come: for rules, which see scenes and not points."""

import numpy as np

from catseye.core.arrays import Doubles, Ints
from catseye.core.columns import places_of
from catseye.core.scene import KMH_PER_MS, GroundScene
from catseye.core.time import NS_PER_S
from catseye.traffic.speed import Speed

# Expected highest of n standard normals, n = 1 … 12 (Tippett 1925): what the best of n measurements of one value exceeds it by, in doubts.
_EXCESS = np.array([0.0, 0.564, 0.846, 1.029, 1.163, 1.267, 1.352, 1.424, 1.485, 1.539, 1.586, 1.629])
_PEAK = np.dtype([("speed_ms", np.float64), ("sigma_ms", np.float64), ("time_ns", np.int64), ("last_ns", np.int64), ("rival_s", np.float64)])


class SpeedPeaks:
    """Feed every scene once, in order of time; `take` tracks when they have ended.

    Of many measurements of one speed the highest is too high. What is kept is the one with the highest speed less its doubt; how long others stood as high
    within their doubts says of how many independent measurements it was the best, and what such a best exceeds the truth by is taken off.
    Exact speeds stay exact.
    """

    def __init__(self, window_s: float = 1.2) -> None:
        """`window_s`: speeds farther apart than this are independent: the whole window of the motion they come from."""
        self._window_s = window_s
        self._track: Ints = np.empty(0, np.int64)
        self._peak = np.empty(0, _PEAK)

    def see(self, scene: GroundScene) -> None:
        """Take in one moment."""
        known = np.isfinite(scene.speed) & np.isfinite(scene.velocity_sigma)
        track, speed, sigma = scene.track[known], scene.speed[known], scene.velocity_sigma[known]
        place, there = places_of(track, self._track)
        if not there.all():
            self._begin(track[~there], scene.time_ns)
            place, _ = places_of(track, self._track)
        peak = self._peak[place]
        since_s = np.minimum((scene.time_ns - peak["last_ns"]) / NS_PER_S, self._window_s)
        is_best = speed - sigma > peak["speed_ms"] - peak["sigma_ms"]
        far = 2.0 * np.hypot(sigma, peak["sigma_ms"])
        rises = is_best & (speed - peak["speed_ms"] > far)
        rivals = ~rises & (np.abs(speed - peak["speed_ms"]) <= far)
        peak["rival_s"] = np.where(rises, 0.0, peak["rival_s"] + rivals * since_s)
        for name, value in (("speed_ms", speed), ("sigma_ms", sigma), ("time_ns", scene.time_ns)):
            peak[name] = np.where(is_best, value, peak[name])
        peak["last_ns"] = scene.time_ns
        self._peak[place] = peak

    def speeds(self, track: Ints) -> tuple[Doubles, Doubles]:
        """Highest speeds (e,) of these tracks so far in km/h, and their doubts; NaN for who never had one."""
        place, there = places_of(np.asarray(track, np.int64), self._track)
        if not len(self._track):
            return np.full(len(track), np.nan), np.full(len(track), np.nan)
        peak = self._peak[place]
        count = np.minimum(1 + (peak["rival_s"] / self._window_s).astype(np.int64), len(_EXCESS))
        speed_kmh = np.maximum(peak["speed_ms"] - _EXCESS[count - 1] * peak["sigma_ms"], 0.0) * KMH_PER_MS
        there &= np.isfinite(peak["speed_ms"])
        return np.where(there, speed_kmh, np.nan), np.where(there, peak["sigma_ms"] * KMH_PER_MS, np.nan)

    def take(self, track: int) -> Speed | None:
        """The highest speed of a track that has ended, which is then forgotten; None if it never had one."""
        one = np.array([track], np.int64)
        kmh, doubt_kmh = self.speeds(one)
        kept = self._track != track
        self._track, self._peak = self._track[kept], self._peak[kept]
        return Speed(float(kmh[0]), float(doubt_kmh[0])) if np.isfinite(kmh[0]) else None

    def _begin(self, track: Ints, time_ns: int) -> None:
        fresh = np.zeros(len(track), _PEAK)
        fresh["speed_ms"], fresh["last_ns"] = -np.inf, time_ns
        known = np.concatenate([self._track, track])
        order = np.argsort(known)
        self._track, self._peak = known[order], np.concatenate([self._peak, fresh])[order]
