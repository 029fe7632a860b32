"""Speed arithmetic: from picture points with 1 px of jitter, over an exact oblique homography, to km/h, whatever the frame rate does; and what others do.

`python -m benchmarks.speed_arithmetic`. Vehicles at 30 to 90 km/h on two roads under one camera, driving evenly. Distances are exact; what differs is time:
frames dropped, a rate that is not the nominal one, stamps that tremble, few frames. All methods get the same points and stamps.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.common import Table
from catseye.core.arrays import Doubles
from catseye.core.time import NS_PER_S
from catseye.traffic.speed import speed_at, speed_max, track_speed
from catseye.traffic.trace import Trace

JITTER_PX = 1.0
NOMINAL_FPS = 25.0
SIZE_PX = (1280, 720)
COVERED = 1.96  # sigmas that hold 95 %


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with the frames. `stamp_sigma_s`: stamps are off by that; `uneven_ratio`: frames really are early or late, and their stamps say so."""

    name: str
    fps: float = NOMINAL_FPS
    dropped_ratio: float = 0.0
    uneven_ratio: float = 0.0
    stamp_sigma_s: float = 0.0


FAULTS = (
    Faults("25 fps"),
    Faults("10 % of the frames dropped", dropped_ratio=0.1),
    Faults("'25' really 22 fps", fps=22.0),
    Faults("frames uneven by 40 %, stamps off by 5 ms", uneven_ratio=0.4, stamp_sigma_s=0.005),
    Faults("6 fps", fps=6.0),
)


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera over flat ground: `homography` float64 (3, 3) takes metres (x right, y away) to pixels."""

    homography: Doubles

    def px(self, ground_m: Doubles) -> Doubles:
        """Pixels (n, 2) of points on the ground (n, 2)."""
        return _through(self.homography, ground_m)

    def ground_m(self, px: Doubles) -> Doubles:
        """Points on the ground (n, 2) under pixels (n, 2)."""
        return _through(np.linalg.inv(self.homography), px)

    def sigma_m(self, px: Doubles, sigma_px: float) -> Doubles:
        """What a pixel's doubt means on the ground (n,): root mean square over the two axes."""
        steps = [np.hypot(*(self.ground_m(px + step) - self.ground_m(px - step)).T) / 2 for step in (np.array([0.5, 0.0]), np.array([0.0, 0.5]))]
        return np.asarray(sigma_px * np.sqrt((4 * steps[0] ** 2 + 4 * steps[1] ** 2) / 2), np.float64)


def _through(homography: Doubles, points: Doubles) -> Doubles:
    mapped = np.column_stack([points, np.ones(len(points))]) @ homography.T
    return np.asarray(mapped[:, :2] / mapped[:, 2:], np.float64)


def roadside_camera(height_m: float = 8.0, tilt_deg: float = 14.0, focal_px: float = 1100.0) -> Camera:
    """At the kerb, eight metres up, looking down the road: an ordinary pole."""
    tilt = np.radians(tilt_deg)
    rotation = np.array([[1, 0, 0], [0, -np.sin(tilt), -np.cos(tilt)], [0, np.cos(tilt), -np.sin(tilt)]])
    intrinsic = np.array([[focal_px, 0, SIZE_PX[0] / 2], [0, focal_px, SIZE_PX[1] / 2], [0, 0, 1]])
    pose = np.column_stack([rotation[:, 0], rotation[:, 1], rotation @ np.array([0, 0, -height_m])])
    return Camera(intrinsic @ pose)


@dataclass(frozen=True, slots=True)
class Passage:
    """One vehicle through the picture: points as seen (n, 2) and stamped (n,). `nominal_s` (n,): what a count of frames over `nominal_fps` would say."""

    speed_kmh: float
    px: Doubles
    stamp_s: Doubles
    nominal_s: Doubles
    nominal_fps: float


def passages(camera: Camera, faults: Faults, count: int, seed: int = 7) -> list[Passage]:
    """Vehicles along the road before the camera and across it, as `faults` let them be seen."""
    chance = np.random.default_rng(seed)
    found = []
    for number in range(count):
        speed_kmh = chance.uniform(30, 90)
        turn = np.radians(chance.uniform(-20, 20) + (180 if number % 2 else 0))
        way = np.array([np.sin(turn), np.cos(turn)])
        middle_m = np.array([chance.uniform(-6, 6), 36.0])
        time_s = np.arange(-8.0, 8.0, 1 / faults.fps) + chance.uniform(0, 1 / faults.fps)
        seen_s = time_s + chance.uniform(-faults.uneven_ratio / 2, faults.uneven_ratio / 2, len(time_s)) / faults.fps
        ground_m = middle_m + np.outer(seen_s * speed_kmh / 3.6, way)
        inside = (ground_m[:, 1] > 15) & (ground_m[:, 1] < 62)
        inside &= chance.random(len(time_s)) >= faults.dropped_ratio
        px = camera.px(ground_m[inside])
        within = ((px >= 0) & (px < SIZE_PX)).all(1)
        px, stamp_s = px[within], (seen_s + chance.normal(0, faults.stamp_sigma_s, len(time_s)))[inside][within]
        nominal_s = np.arange(len(px)) / nominal_fps(faults)  # a count of frames knows nothing of those that were dropped
        found.append(Passage(speed_kmh, px + chance.normal(0, JITTER_PX, px.shape), np.sort(stamp_s), nominal_s, nominal_fps(faults)))
    return found


def nominal_fps(faults: Faults) -> float:
    """What the camera says its rate is: only the one that says 25 and gives 22 is wrong."""
    return NOMINAL_FPS if faults.fps > 20 else faults.fps


def trace_of(camera: Camera, passage: Passage) -> Trace:
    """As stored: nanoseconds and centimetres."""
    ground_m = np.round(camera.ground_m(passage.px), 2)
    return Trace(np.round(passage.stamp_s * NS_PER_S).astype(np.int64), ground_m, camera.sigma_m(passage.px, JITTER_PX))


def by_end_points(camera: Camera, passage: Passage) -> float:
    """Homography, first point to last, nominal rate."""
    ends_m = camera.ground_m(passage.px[[0, -1]])
    return float(np.hypot(*(ends_m[1] - ends_m[0])) / (passage.nominal_s[-1] - passage.nominal_s[0]) * 3.6)


def by_one_scale(camera: Camera, passage: Passage) -> float:
    """One metre-per-pixel for the whole picture, that of its middle; first point to last, nominal rate."""
    column, row = SIZE_PX[0] / 2, SIZE_PX[1] / 2
    below_m, above_m = camera.ground_m(np.array([[column, row + 1], [column, row - 1]]))
    scale_m = float(np.hypot(*(above_m - below_m))) / 2
    return float(np.hypot(*(passage.px[-1] - passage.px[0])) * scale_m / (passage.nominal_s[-1] - passage.nominal_s[0]) * 3.6)


def by_supervision_example(camera: Camera, passage: Passage) -> float:
    """The arithmetic of supervision's speed_estimation example: whole metres along the road, over the last second of frame numbers; mean of what it shows."""
    along_m = camera.ground_m(passage.px).astype(int)[:, 1]
    fps = round(passage.nominal_fps)
    shown = []
    for last in range(len(along_m)):
        first = max(0, last - fps + 1)
        if last - first + 1 >= fps / 2:
            shown.append(abs(along_m[last] - along_m[first]) / ((last - first + 1) / fps) * 3.6)
    return float(np.mean(shown)) if shown else float("nan")


PEERS: dict[str, Callable[[Camera, Passage], float]] = {
    "one metre-per-pixel": by_one_scale,
    "supervision example": by_supervision_example,
    "homography, end points, nominal fps": by_end_points,
}


@dataclass(frozen=True, slots=True)
class Result:
    """Errors of one method under one fault: km/h (n,), and how often the doubt held the truth, where there is one."""

    error_kmh: Doubles
    covered_ratio: float = float("nan")

    @property
    def mae_kmh(self) -> float:
        """Mean absolute error."""
        return float(np.nanmean(np.abs(self.error_kmh)))


def peers(camera: Camera, shown: Sequence[Passage]) -> dict[str, Result]:
    return {name: Result(np.array([method(camera, passage) - passage.speed_kmh for passage in shown])) for name, method in PEERS.items()}


def ours(camera: Camera, shown: Sequence[Passage]) -> dict[str, Result]:
    """The whole track, at a line in the middle of it, and the highest speed of the track."""
    methods = {
        "catseye, whole track": track_speed,
        "catseye, at a line": lambda trace: speed_at(trace, int(trace.time_ns[len(trace) // 2])),
        "catseye, speed_max": speed_max,
    }
    found = {}
    for name, method in methods.items():
        told = [method(trace_of(camera, passage)) for passage in shown]
        error = np.array([speed.kmh - passage.speed_kmh if speed else np.nan for speed, passage in zip(told, shown, strict=True)])
        doubt = np.array([speed.doubt_kmh if speed else np.nan for speed in told])
        found[name] = Result(error, float(np.mean(np.abs(error) <= COVERED * doubt)))
    return found


def measure(count: int = 300, seed: int = 7) -> dict[str, dict[str, Result]]:
    """Method -> fault -> result."""
    camera = roadside_camera()
    found: dict[str, dict[str, Result]] = {}
    for faults in FAULTS:
        shown = passages(camera, faults, count, seed)
        for name, result in (peers(camera, shown) | ours(camera, shown)).items():
            found.setdefault(name, {})[faults.name] = result
    return found


def main() -> dict[str, dict[str, Result]]:
    found = measure()
    table = Table(["method: MAE km/h", *(faults.name for faults in FAULTS)])
    for name, results in found.items():
        table.add(name, *(f"{result.mae_kmh:.2f}" for result in results.values()))
    print(f"{table}\n")
    covered = Table(["the doubt (± 1.96) holds the truth; bias km/h", *(faults.name for faults in FAULTS)])
    for name, results in found.items():
        if name not in PEERS:
            covered.add(name, *(f"{100 * result.covered_ratio:.1f} %; {np.nanmean(result.error_kmh):+.2f}" for result in results.values()))
    print(covered)
    return found


if __name__ == "__main__":
    main()
