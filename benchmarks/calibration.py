"""What reference points are worth: how often the stated doubt covers the truth, how large it is, and whether a wrong point is named.

`python -m benchmarks.calibration [--cameras 300]`. Random road cameras (5 to 25 m high, 12° to 55° down, 78° to 28° of view, 1280×720), points
measured to 1 px and 5 cm, one sigma each. Coverage of the 95 % ellipse of a place and of the 95 % interval of a speed, at random places among the points.
"""

import argparse
import re
import time

import numpy as np
from tests.vision.views import any_camera, measured, place_of, points, px_of

from benchmarks.common import Table
from catseye.core.calibration import CalibrationError
from catseye.vision.calibrate import UNKNOWN_LENS_SIGMA, Solution, calibrate

COVERED = 5.991  # of a chi-square of two degrees of freedom: 95 %
AT_KMH = 50.0
WRONG_PX = 30.0


def coverage(count: int, cameras_count: int, k1_sigma: float) -> list[str]:
    refused_count, lenses_count, places, speeds, doubts = 0, 0, [], [], []
    for seed in range(cameras_count):
        chance = np.random.default_rng(seed)
        pose, k1 = any_camera(chance), float(chance.normal(0, k1_sigma)) if k1_sigma else 0.0
        given = measured(pose, count, chance, k1=k1, may_bend=k1_sigma > 0)
        try:
            solution = calibrate(given)
        except CalibrationError:  # a lens so bent that few points contradict each other
            refused_count += 1
            continue
        calibration, lenses_count = solution.calibration, lenses_count + (solution.lens_count > 0)
        px = chance.dirichlet(np.ones(count), 4) @ given.px
        true_m, angle = place_of(pose, px, k1), chance.uniform(0, np.pi, 4)
        off = calibration.place_of(px) - true_m
        places += (np.einsum("ni,nij,nj->n", off, np.linalg.inv(calibration.covariance_m2(px)), off) < COVERED).tolist()
        ahead = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        way = calibration.place_of(px_of(pose, true_m + ahead / 2, k1)) - calibration.place_of(px_of(pose, true_m - ahead / 2, k1))
        ratio = calibration.speed_doubt_ratio(px, ahead)
        speeds += (np.abs((way * ahead).sum(axis=1) - 1) < 1.96 * ratio).tolist()
        doubts += (AT_KMH * ratio).tolist()
    return [
        f"{np.mean(places):.1%}",
        f"{np.mean(speeds):.1%}",
        f"{np.median(doubts):.2f}",
        f"{lenses_count / cameras_count:.0%}",
        f"{refused_count / cameras_count:.1%}",
    ]


def naming(count: int, cameras_count: int) -> list[str]:
    """One point of so many is off by `WRONG_PX`: how often it is named, how often nobody is, how often a good one is (alone, or beside it)."""
    tally = {"named": 0, "named with a rival": 0, "refused": 0, "nobody": 0, "a good one": 0}
    for seed in range(cameras_count):
        chance = np.random.default_rng(seed)
        given = measured(any_camera(chance), count, chance)
        wrong, way = int(chance.integers(count)), chance.uniform(0, 2 * np.pi)
        px = given.px.copy()
        px[wrong] += WRONG_PX * np.array([np.cos(way), np.sin(way)])
        tally[_verdict(points(px, given.m, size_px=None), wrong)] += 1
    return [f"{times / cameras_count:.1%}" for times in tally.values()]


def _verdict(given: object, wrong: int) -> str:
    try:
        solution: Solution = calibrate(given)  # type: ignore[arg-type]
    except CalibrationError:
        return "refused"
    if not solution.outliers:
        return "nobody"
    said = [re.findall(r"point (\d+)|or (\d+) instead", fault.came) for fault in solution.outliers]
    suspects = [{int(one or other) - 1 for one, other in each} for each in said]
    if any(wrong not in each for each in suspects):
        return "a good one"
    return "named" if suspects == [{wrong}] else "named with a rival"


def false_alarms(count: int, cameras_count: int) -> str:
    found = sum(bool(calibrate(measured(any_camera(chance := np.random.default_rng(seed)), count, chance)).outliers) for seed in range(cameras_count))
    return f"{found / cameras_count:.1%}"


def refused(cameras_count: int) -> dict[str, str]:
    """Shares of points that cannot be meant and are refused."""
    shares = {"mirrored": 0, "on one line": 0, "in kilometres": 0}
    for seed in range(cameras_count):
        chance = np.random.default_rng(seed)
        given = measured(any_camera(chance), int(chance.integers(4, 13)), chance)
        line = given.px[:1] + np.linspace(0, 1, len(given))[:, None] * (given.px[1] - given.px[0])
        cases = {
            "mirrored": (given.px, given.m * [-1, 1]),
            "on one line": (line, given.m[:1] + (line - line[0]) * 0.05),
            "in kilometres": (given.px, given.m / 1000),
        }
        for name, (px, m) in cases.items():
            try:
                calibrate(points(px, m))
            except CalibrationError:
                shares[name] += 1
    return {name: f"{times / cameras_count:.1%}" for name, times in shares.items()}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--cameras", type=int, default=300)
    cameras_count = asked.parse_args().cameras
    table = Table(["points", "lens", "places covered", "speeds covered", f"median doubt at {AT_KMH:g} km/h", "a lens was fitted", "refused"])
    for count in (4, 6, 8, 12, 16):
        table.add(count, "known to be straight", *coverage(count, cameras_count, 0.0))
        table.add(count, f"unknown, k1 within ± {UNKNOWN_LENS_SIGMA:g}", *coverage(count, cameras_count, UNKNOWN_LENS_SIGMA))
    print(f"How often the doubt covers the truth (95 % wanted)\n\n{table}\n", flush=True)
    named = Table(["points", "named", "named with a rival", "refused", "nobody", "a good one", "named where nothing is wrong"])
    for count in (6, 8, 12):
        named.add(count, *naming(count, cameras_count), false_alarms(count, cameras_count))
    print(f"One point is off by {WRONG_PX:g} px\n\n{named}\n", flush=True)
    print("Refused: " + ", ".join(f"{name} {share}" for name, share in refused(cameras_count).items()), flush=True)
    began_s = time.thread_time()
    for seed in range(20):
        calibrate(measured(any_camera(chance := np.random.default_rng(seed)), 12, chance, may_bend=True))
    print(f"CPU for one calibration of 12 points, lens looked for: {(time.thread_time() - began_s) / 20 * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
