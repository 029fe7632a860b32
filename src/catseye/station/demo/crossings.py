"""The truth about lines: when each road user's contact point crossed each line, from the trajectories alone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Doubles
from catseye.core.road_user import ROAD_USERS
from catseye.station.demo.camera import CameraPose
from catseye.station.demo.trajectories import Trajectories


@dataclass(frozen=True, slots=True)
class DemoLine:
    """A counting line in pixels: forward is crossing from the left hand to the right hand of who walks from `begin_px` to `end_px` in the picture."""

    id: str
    begin_px: tuple[float, float]
    end_px: tuple[float, float]


@dataclass(frozen=True, slots=True)
class TrueCrossing:
    """One road user's contact point (its ground-plane centre, projected) on one line; `direction` forward or backward, `speed_kmh` as it crosses."""

    time_s: float
    line: str
    direction: str
    track: int
    kind: str
    speed_kmh: float


def true_crossings(trajectories: Trajectories, lines: Sequence[DemoLine], camera: CameraPose) -> list[TrueCrossing]:
    """Every crossing, in order of time; exact for ways that are straight and even between rows.

    A line that is straight in the picture is straight on the ground, so we intersect in metres.
    """
    found = [crossing for line in lines for crossing in _crossings_of(trajectories, line, camera)]
    return sorted(found, key=lambda crossing: (crossing.time_s, crossing.track, crossing.line))


def count_crossings(crossings: Sequence[TrueCrossing]) -> dict[tuple[str, str, str], int]:
    """How many by (line, direction, kind)."""
    return dict(sorted(Counter((crossing.line, crossing.direction, crossing.kind) for crossing in crossings).items()))


def _crossings_of(t: Trajectories, line: DemoLine, camera: CameraPose) -> list[TrueCrossing]:
    begin, end = camera.to_ground_m(np.array([line.begin_px, line.end_px]))
    along, points = end - begin, np.column_stack([t.x_m, t.y_m]) - begin
    # Seen from above (x east, y north) the right hand of `along` is (along_y, -along_x); a camera without roll keeps hands.
    right_m = (points[:, 0] * along[1] - points[:, 1] * along[0]) / np.hypot(*along)
    share = np.where(right_m[:-1] != right_m[1:], right_m[:-1] / np.where(right_m[:-1] != right_m[1:], right_m[:-1] - right_m[1:], 1), 0)
    at = (points[:-1] + (points[1:] - points[:-1]) * share[:, None]) @ along / (along @ along)
    hit = (t.track[:-1] == t.track[1:]) & ((right_m[:-1] > 0) != (right_m[1:] > 0)) & (at >= 0) & (at <= 1)
    return [_crossing(t, line.id, row, share, right_m) for row in np.flatnonzero(hit).tolist()]


def _crossing(t: Trajectories, line: str, row: int, share: Doubles, right_m: Doubles) -> TrueCrossing:
    time_s = float(t.time_s[row] + (t.time_s[row + 1] - t.time_s[row]) * share[row])
    speed_kmh = float(np.hypot(t.x_m[row + 1] - t.x_m[row], t.y_m[row + 1] - t.y_m[row]) / (t.time_s[row + 1] - t.time_s[row]) * 3.6)
    direction = "forward" if right_m[row + 1] > right_m[row] else "backward"
    return TrueCrossing(time_s, line, direction, int(t.track[row]), ROAD_USERS[t.kind[row]].value, speed_kmh)
