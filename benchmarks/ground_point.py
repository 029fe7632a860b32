"""Where a road user stands, and the speed that follows: the middle of the box's lower edge against the middle of the footprint, on exact truth.

`python -m benchmarks.ground_point [--seconds 24]`. First plain cuboids, projected through four known cameras: straight drives at 50 km/h in twelve directions,
bodies of the usual size and one sigma smaller and larger, boxes exact, so that what is left is bias. Then the renderer's bodies (which are no
cuboids and not of the usual sizes) and its whole-pixel boxes, on the demo's junction from a mast and from a low pole: speeds over 1 s at 5 frames a second.
"""

import argparse
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from tests.vision.drives import POSES, VEHICLES, boxes_px, calibrated, drive, lower_middles_px, speed_error_kmh
from tests.vision.views import place_of

from benchmarks.common import Table
from catseye.core.arrays import Doubles
from catseye.core.road_user import ROAD_USERS, RoadUser
from catseye.station.demo.camera import CameraPose
from catseye.station.demo.render import Renderer
from catseye.station.demo.scene import DEMO_CAMERA
from catseye.station.demo.signals import SignalPlan
from catseye.station.demo.traffic import junction_traffic
from catseye.station.demo.trajectories import Timeline
from catseye.vision.bodies import BODIES, CUBOIDS
from catseye.vision.calibrate import calibrate
from catseye.vision.ground_point import GroundPointFinder
from catseye.vision.reference_points import ReferencePoints

ANGLES = np.radians(np.arange(0, 360, 30))
KMH_PER_MS = 3.6
SIZE_PX = (1280, 720)
STREETS = {
    "mast, 21 m high, 31° down": CameraPose(DEMO_CAMERA.position_m, DEMO_CAMERA.yaw_deg, DEMO_CAMERA.pitch_deg, 2 * DEMO_CAMERA.focal_px, SIZE_PX),
    "pole, 7 m high, 13° down": CameraPose((16.0, -30.0, 7.0), -25.0, 13.0, 1100.0, SIZE_PX),
}
RENDERED_FPS, LOOKS_COUNT = 5, 6
SLOWEST_KMH = 5.0


def cuboids() -> Table:
    table = Table(["camera", "kind", "bottom centre, mean (most) km/h", "footprint", "footprint, heading unknown", "place off, m"])
    for (name, pose), kind in itertools.product(POSES.items(), VEHICLES):
        finder = GroundPointFinder(calibrated(pose), bodies=CUBOIDS)
        errors, places = [], []
        for angle, sigmas in itertools.product(ANGLES, (-1.0, 0.0, 1.0)):
            place_m, heading, box_px = drive(pose, kind, float(angle), sigmas)
            if len(box_px) < LOOKS_COUNT:
                continue
            code = np.full(len(box_px), kind.code, np.uint8)
            ways = (
                finder.calibration.place_of(lower_middles_px(box_px)),
                finder.find(box_px, code, heading).place_m,
                finder.find(box_px, code, np.full_like(heading, np.nan)).place_m,
            )
            errors.append([abs(speed_error_kmh(found, place_m, heading)) for found in ways])
            places.append([np.hypot(*(found - place_m).T).mean() for found in ways[:2]])
        off, (lower_m, ours_m) = np.array(errors), np.mean(places, axis=0)
        cells = [f"{column.mean():.2f} ({column.max():.2f})" for column in off.T]
        table.add(name, kind.value, *cells, f"{lower_m:.2f} → {ours_m:.2f}")
    return table


@dataclass(frozen=True)
class Passage:
    """One road user's boxes (n, 4) and truth: times (n,), places (n, 2), headings (n, 2)."""

    kind: RoadUser
    time_s: Doubles
    box_px: Doubles
    place_m: Doubles
    heading: Doubles


def passages(pose: CameraPose, seconds_s: float) -> Iterator[Passage]:
    """Whoever is wholly in the picture and hidden by nobody, in order of time."""
    signals = SignalPlan()
    traffic = junction_traffic(seconds_s, 7, signals)
    renderer, timeline = Renderer(pose, traffic, seed=7), Timeline(traffic)
    rows: dict[int, list[list[float]]] = {}
    for time_s in np.arange(1.0, seconds_s, 1 / RENDERED_FPS).tolist():
        truth, moment = renderer.frame(time_s)[1], timeline.at(time_s)
        whole = (truth.box_px[:, :2] > 3).all(axis=1) & (truth.box_px[:, 2:] < np.array(SIZE_PX) - 3).all(axis=1) & (truth.visible_ratio > 0.98)
        for row in np.flatnonzero(whole).tolist():
            at = int(np.flatnonzero(moment.track == truth.track[row])[0])
            turn = np.radians(moment.heading_deg[at])
            known = [time_s, *truth.box_px[row], moment.x_m[at], moment.y_m[at], np.sin(turn), np.cos(turn), truth.kind[row]]
            rows.setdefault(int(truth.track[row]), []).append(known)
    for seen in map(np.array, rows.values()):
        yield Passage(ROAD_USERS[int(seen[0, 9])], seen[:, 0], seen[:, 1:5], seen[:, 5:7], seen[:, 7:9])


def rendered(seconds_s: float) -> Table:
    table = Table(["camera", "kind", "speeds", "bottom centre, mean ± sd km/h", "footprint", "place off, m", "its own sigma, m"])
    for name, pose in STREETS.items():
        px = np.array([[0.1, 0.9], [0.9, 0.9], [0.2, 0.3], [0.8, 0.3], [0.5, 0.5], [0.5, 0.8], [0.15, 0.6], [0.85, 0.6]]) * SIZE_PX
        points = ReferencePoints(px, pose.to_ground_m(px), tuple("abcdefgh"), "drawn", 0.3, 0.01, SIZE_PX, may_bend=False)
        finder = GroundPointFinder(calibrate(points).calibration)
        rows: dict[RoadUser, list[tuple[float, ...]]] = {}
        for passage in passages(pose, seconds_s):
            found = finder.find(passage.box_px, np.full(len(passage.time_s), passage.kind.code, np.uint8), passage.heading)
            lower_m = finder.calibration.place_of(lower_middles_px(passage.box_px))
            for begin in range(0, len(passage.time_s) - LOOKS_COUNT + 1, LOOKS_COUNT // 2):
                window = slice(begin, begin + LOOKS_COUNT)
                true_kmh, lower_kmh, our_kmh = (speed_kmh(passage.time_s[window], way[window]) for way in (passage.place_m, lower_m, found.place_m))
                if true_kmh < SLOWEST_KMH and passage.kind is not RoadUser.PEDESTRIAN:
                    continue
                off_m = [float(np.hypot(*(way - passage.place_m)[window].T).mean()) for way in (lower_m, found.place_m)]
                rows.setdefault(passage.kind, []).append((lower_kmh - true_kmh, our_kmh - true_kmh, *off_m, float(found.sigma_m[window].mean())))
        for kind, each in rows.items():
            table.add(name, kind.value, len(each), *told(np.array(each)))
    return table


def speed_kmh(time_s: Doubles, place_m: Doubles) -> float:
    return float(np.hypot(*np.polyfit(time_s, place_m, 1)[0])) * KMH_PER_MS


def told(rows: Doubles) -> list[str]:
    lower, ours, lower_m, ours_m, sigma_m = rows.T
    speeds = [f"{column.mean():+.2f} ± {column.std():.2f}" for column in (lower, ours)]
    return [*speeds, f"{lower_m.mean():.2f} → {ours_m.mean():.2f}", f"{sigma_m.mean():.2f}"]


def cost_ms(count: int, *, is_heading_known: bool) -> float:
    """Thread CPU of one call for so many boxes."""
    pose, chance = POSES["mast"], np.random.default_rng(1)
    finder = GroundPointFinder(calibrated(pose))
    kind, angle = chance.integers(0, len(ROAD_USERS), count).astype(np.uint8), chance.uniform(0, 6.28, count)
    ahead = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    place_m = place_of(pose, chance.uniform([100, 280], [1180, 680], (count, 2)))
    box_px = boxes_px(pose, place_m, ahead, BODIES.size_m[kind], BODIES.outline_ratio[kind]) + chance.normal(0, 1.5, (count, 4))
    heading = ahead * (1.0 if is_heading_known else np.nan)
    finder.find(box_px, kind, heading)
    began_s = time.thread_time()
    for _ in range(50):
        finder.find(box_px, kind, heading)
    return (time.thread_time() - began_s) / 50 * 1e3


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=24.0, help="length of the rendered scene")
    options = asked.parse_args()
    print(f"Cuboids, exact boxes: error of a speed of 50 km/h\n\n{cuboids()}\n", flush=True)
    print(f"Rendered bodies, whole-pixel boxes\n\n{rendered(options.seconds)}\n", flush=True)
    known, unknown = (cost_ms(50, is_heading_known=known) for known in (True, False))
    print(f"CPU for 50 boxes: {known:.1f} ms, {unknown:.1f} ms where no heading is known")


if __name__ == "__main__":
    main()
