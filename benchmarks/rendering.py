"""How believable our renderer is to a network that was trained on photographs, and what a picture costs.

`python -m benchmarks.rendering [--detector NAME] [--frames N]`. Straight roads by day from several masts, near and far, along the road and across it,
through H.264 and back. A road user counts that nothing hides and that lies whole inside the picture; it is found by a box of IoU 0.5 and score 0.25
(what our tracker calls strong). The kind is that of the best such box.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.common import Table
from catseye.core.arrays import Bools
from catseye.core.detections import Detections
from catseye.core.picture import RawFrame
from catseye.core.road_user import ROAD_USERS, RoadUser
from catseye.station.demo import CameraPose, ClipTruth, Conditions, Renderer, Scenery, StraightRoad, render_clip, road_traffic
from catseye.vision.detect.boxes import iou_ratio
from catseye.vision.detect.detector import open_detector
from catseye.vision.sources import open_source

FOUND_IOU, STRONG, STARTS = 0.5, 0.25, 0.38
HEIGHTS_PX = (0, 16, 25, 40, 64, 110, 1000)
KINDS = (RoadUser.CAR, RoadUser.TRUCK, RoadUser.BUS, RoadUser.MOTORCYCLIST, RoadUser.CYCLIST, RoadUser.PEDESTRIAN)
MIX = {RoadUser.CAR: 0.4, RoadUser.TRUCK: 0.12, RoadUser.BUS: 0.08, RoadUser.MOTORCYCLIST: 0.2, RoadUser.CYCLIST: 0.2}
ROAD = StraightRoad(2, 2, begin_m=-60, end_m=110)
MASTS: Mapping[str, CameraPose] = {
    "along, 6 m": CameraPose.mounted(6, 12, at_m=(9.5, -30), pan_deg=-12, size_px=(640, 480)),
    "along, 9 m, wide": CameraPose.mounted(9, 26, at_m=(-10, -14), pan_deg=22, focal_mm=4, size_px=(640, 480), k1_ratio=-0.12),
    "across, 7 m": CameraPose.mounted(7, 20, at_m=(24, 0), pan_deg=-80, focal_mm=4, size_px=(640, 360)),
    "along, 8 m, 352×288": CameraPose.mounted(8, 20, at_m=(10, -26), pan_deg=-14, focal_mm=5, size_px=(352, 288)),
}
FPS = 2.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """One road user in one picture: how high its box is, whether it was found, with which score, and as what."""

    mast: str
    kind: RoadUser
    height_px: float
    score_ratio: float
    taken_for: RoadUser | None


def sightings(mast: str, detector_name: str, frames: int, seed: int, folder: Path) -> Iterator[Sighting]:
    """Render, encode, decode, detect, compare."""
    pose = MASTS[mast]
    traffic = road_traffic(ROAD, frames / FPS + 5, seed, per_minute_ratio=14, speeds_kmh=(30, 70), mix=MIX)
    path = folder / f"{abs(hash(mast))}-{seed}.mp4"
    truth = render_clip(path, traffic, pose, scenery=scenery(seed), fps=FPS, begin_s=5.0, seconds_s=frames / FPS, seed=seed)
    detector = open_detector(detector_name)
    with open_source(str(path)) as source:  # type: ignore[attr-defined]
        shots = [item for item in source if isinstance(item, RawFrame)]
    for index, frame in enumerate(shots):
        yield from compared(mast, truth.of_frame(index), detector.detect(frame), pose)


def scenery(seed: int) -> Scenery:
    return ROAD.scenery(seed)


def compared(mast: str, truth: ClipTruth, found: Detections, pose: CameraPose) -> Iterator[Sighting]:
    """Each road user that can be seen whole against the strongest box that fits it."""
    if not len(truth):
        return
    fits = iou_ratio(truth.box_px.astype(np.float32), found.box_px) >= FOUND_IOU if len(found) else np.zeros((len(truth), 0), np.bool_)
    for row in np.flatnonzero(is_whole(truth, pose)):
        scores = np.where(fits[row], found.score_ratio, 0)
        best = int(scores.argmax()) if len(scores) else -1
        score = float(scores[best]) if len(scores) else 0.0
        _, top, _, bottom = truth.box_px[row].tolist()
        yield Sighting(mast, ROAD_USERS[truth.kind[row]], bottom - top, score, ROAD_USERS[found.kind[best]] if score >= STRONG else None)


def is_whole(truth: ClipTruth, pose: CameraPose) -> Bools:
    inside = (truth.box_px[:, :2] > 1).all(axis=1) & (truth.box_px[:, 2:] < np.array(pose.size_px) - 1).all(axis=1)
    return np.asarray(inside & (truth.visible_ratio > 0.95))


def recall_table(seen: list[Sighting]) -> Table:
    """Share found by kind and height of the box."""
    spans = list(pairwise(HEIGHTS_PX))
    table = Table(["kind", *(f"{low}–{high} px" if high < 1000 else f"from {low} px" for low, high in spans), "from 25 px", "starts a track, from 25 px"])
    for kind in KINDS:
        mine = [one for one in seen if one.kind is kind]
        cells = [told([one.score_ratio >= STRONG for one in mine if low <= one.height_px < high]) for low, high in spans]
        large = [one for one in mine if one.height_px >= 25]
        if mine:
            table.add(kind.value, *cells, told([one.score_ratio >= STRONG for one in large]), told([one.score_ratio >= STARTS for one in large]))
    return table


def told(hits: list[bool]) -> str:
    return f"{np.mean(hits):.2f} ({len(hits)})" if hits else ""


def mast_table(seen: list[Sighting]) -> Table:
    table = Table(["mast", *(kind.value for kind in KINDS)])
    for mast in dict.fromkeys(one.mast for one in seen):
        large = [one for one in seen if one.mast == mast and one.height_px >= 25]
        table.add(mast, *(told([one.score_ratio >= STRONG for one in large if one.kind is kind]) for kind in KINDS))
    return table


def confusion_table(seen: list[Sighting]) -> Table:
    """What those that were found are taken for, from 25 px of height."""
    found = [one for one in seen if one.taken_for is not None and one.height_px >= 25]
    table = Table(["drawn", *(f"as {kind.value}" for kind in KINDS), "kind right"])
    for kind in KINDS:
        mine = [one for one in found if one.kind is kind]
        if mine:
            counts = [sum(one.taken_for is other for one in mine) for other in KINDS]
            table.add(kind.value, *counts, f"{sum(one.taken_for is kind for one in mine) / len(mine):.0%}")
    return table


def cost_table() -> Table:
    """CPU of drawing alone, 640×480, about ten vehicles in sight."""
    table = Table(["conditions", "vehicles in sight", "CPU-ms a picture", "pictures a second"])
    pose = MASTS["along, 6 m"]
    traffic = road_traffic(ROAD, 30, 3, per_minute_ratio=34, speeds_kmh=(30, 60))
    for name, conditions in {"day": Conditions()}.items():
        ms, count = cost_of(Renderer(pose, traffic, conditions=conditions, scenery=ROAD.scenery(3)))
        table.add(name, round(count, 1), round(ms, 1), round(1000 / ms))
    return table


def cost_of(renderer: Renderer) -> tuple[float, float]:
    times_s = np.arange(15, 23, 0.1).tolist()
    renderer.frame(14.0)
    begin_s, count = time.process_time(), 0
    for time_s in times_s:
        count += len(renderer.frame(time_s)[1])
    return (time.process_time() - begin_s) / len(times_s) * 1000, count / len(times_s)


def main() -> list[Sighting]:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--detector", default="yolox-nano")
    asked.add_argument("--frames", type=int, default=60, help="a mast and seed")
    asked.add_argument("--seeds", type=int, default=2)
    options = asked.parse_args()
    seen: list[Sighting] = []
    with tempfile.TemporaryDirectory() as folder:
        for mast in MASTS:
            for seed in range(options.seeds):
                seen += sightings(mast, options.detector, options.frames, seed, Path(folder))
    print(f"{options.detector} on rendered days, share found (of how many) by height of the box:\n\n{recall_table(seen)}\n")
    print(f"{mast_table(seen)}\n\n{confusion_table(seen)}\n\n{cost_table()}")
    return seen


if __name__ == "__main__":
    main()
