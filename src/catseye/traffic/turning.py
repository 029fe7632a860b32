"""Road users that turn: how fast, and when they meet if they go on turning.

A car in the middle of a left turn points for a moment at the queue beside it. Whoever only prolongs its velocity sees a crash coming (the tested tools
over-report so, arXiv 2503.09807); whoever only prolongs the turn sees it drive in circles. Both are possible futures (constant velocity, and constant turn rate
and velocity: Schubert, Richter & Wanielik 2008): what comes true in both is a conflict.
"""

import numpy as np

from catseye.core.arrays import Doubles, Ints
from catseye.core.scene import GroundScene
from catseye.traffic.bodies import Motion, Trails
from catseye.traffic.footprints import separation_m

OVER_S = 0.6  # a turn is seen over so long
LEAST_TURN_RADS = 0.04  # below, 3 s ahead, a car at 50 km/h is within its lane of the straight
LEAST_SPEED_MS = 1.0
STEPS_COUNT = 24


def turn_rads(bodies: GroundScene, trails: Trails, columns: Ints, sure_sigmas: float) -> Doubles:
    """Radians a second (m,), left positive; 0 for those that do not surely turn."""
    rate, speed = trails.turned_rads(OVER_S, columns), bodies.speed
    size = np.abs(rate)
    doubt_ms = (sure_sigmas * np.sqrt(2.0) / OVER_S) * bodies.velocity_sigma
    turns = (size > LEAST_TURN_RADS) & (size * speed > doubt_ms) & (speed > LEAST_SPEED_MS)
    return np.where(turns, rate, 0.0)


class Turning:
    """Pairs (n,) that keep their turn rates, over the next seconds: sampled, then interpolated, to a few ms."""

    def __init__(self, one: Motion, other: Motion, within_s: float) -> None:
        """Looks `within_s` ahead."""
        self._after = np.linspace(0.0, within_s, STEPS_COUNT + 1)
        count = len(one)
        rows, at = np.repeat(np.arange(count), len(self._after)), np.tile(self._after, count)
        self._apart = separation_m(one.take(rows).after(at), other.take(rows).after(at)).reshape(count, len(self._after))

    def ttc_s(self, slack_m: Doubles) -> Doubles:
        """Time to collision (n,) of those that meet deeper than the slack (n,), inf for the others."""
        apart = self._apart + slack_m[:, None]
        meets = apart < 0
        step, row = np.maximum(meets.argmax(1), 1), np.arange(len(apart))
        share = apart[row, step - 1] / (apart[row, step - 1] - apart[row, step])
        met = np.where(meets[:, 0], 0.0, self._after[step - 1] + share * (self._after[1] - self._after[0]))
        return np.where(meets.any(1), met, np.inf)
