"""Speeds from video, end to end: rendered traffic through H.264, decoder, network, tracker, calibration and line, against what was drawn.

`python -m benchmarks.speed_from_video [--seconds S] [--seeds N] [--detector NAME ...] [--pose NAME ...]`. Three cameras over straight roads, traffic both
ways at 30 to 90 km/h, one in four changing its speed on the way; frames dropped and uneven, and one file whose header tells a wrong rate. The camera is
calibrated through the site file, from eight points read to 1 px. Every speed of `crossings.csv` is held against the speed of that road user in that moment.
The yardstick is that of meters in the field: mean within 1, one sigma within 1, none off by more than 3 km/h (OIML R 91).
"""

import argparse
import csv
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benchmarks.common import Table
from catseye.core.arrays import Doubles
from catseye.core.road_user import ROAD_USERS, RoadUser
from catseye.core.time import NS_PER_S
from catseye.station.demo import CameraPose, ClipTruth, Conditions, StraightRoad, render_clip, road_traffic
from catseye.station.site import DETECTOR, load_site
from catseye.station.watch import run_watch

SIZE_PX = (1280, 720)
MIX: Mapping[RoadUser, float] = {RoadUser.CAR: 0.55, RoadUser.TRUCK: 0.15, RoadUser.BUS: 0.1, RoadUser.MOTORCYCLIST: 0.2}
POINTS_COUNT, POINT_SIGMA_PX, POINT_SIGMA_M = 8, 1.0, 0.02
SAME_BODY_RATIO = 0.7  # of its box: how far a contact point may be from the true one
SAME_MOMENT_S = 0.5
COVERED = 1.96
LIMITS_KMH = (1.0, 1.0, 3.0)  # mean, one sigma, most


@dataclass(frozen=True, slots=True)
class View:
    """One camera over one road, and how its frames come. `line_m` along the road is where speeds are told."""

    camera: CameraPose
    road: StraightRoad
    line_m: float
    fps: float
    dropped_ratio: float
    jitter_ratio: float = 0.1
    nominal_fps: float | None = None
    conditions: Conditions = field(default_factory=Conditions.day)
    points_within_m: float = 60.0


VIEWS: Mapping[str, View] = {
    "gantry, 7 m": View(CameraPose.mounted(7, 17, at_m=(0, -24), size_px=SIZE_PX), StraightRoad(2, 2, begin_m=-60, end_m=110), 2.0, 20.0, 0.15),
    "roadside mast, 8 m": View(
        CameraPose.mounted(8, 18, at_m=(12, -24), pan_deg=-24, focal_mm=5, size_px=SIZE_PX),
        StraightRoad(2, 2, begin_m=-60, end_m=110),
        2.0,
        22.0,
        0.1,
        nominal_fps=25.0,
        conditions=Conditions.overcast(),
    ),
    "long lens, 9 m": View(
        CameraPose.mounted(9, 8.5, at_m=(9, -62), pan_deg=-9, focal_mm=12, size_px=SIZE_PX),
        StraightRoad(2, 2, begin_m=-60, end_m=110),
        2.0,
        16.0,
        0.2,
        points_within_m=110.0,
    ),
}


@dataclass(frozen=True, slots=True)
class Passage:
    """A true passage of the line: who, when, how fast; and what the product said of it, NaN where it said nothing.

    A stray is a speed that the product told of a crossing which is no passage: its `true_kmh` is NaN.
    """

    view: str
    kind: RoadUser
    time_s: float
    true_kmh: float
    said_kmh: float = np.nan
    doubt_kmh: float = np.nan
    taken_for: str = ""
    is_counted: bool = False

    @property
    def is_stray(self) -> bool:
        """Whether nobody came over the line in that moment and place."""
        return bool(np.isnan(self.true_kmh))

    @property
    def error_kmh(self) -> float:
        """Above 0: said to be faster than it was."""
        return self.said_kmh - self.true_kmh


def measured(name: str, folder: Path, *, seconds_s: float, seed: int, detectors: Sequence[str]) -> dict[str, list[Passage]]:
    """Render one view once, watch it with every detector; the passages by detector."""
    view = VIEWS[name]
    traffic = road_traffic(view.road, seconds_s + 5, seed, per_minute_ratio=14, changing_ratio=0.25, mix=MIX, begin_s=-10.0)
    clip = folder / f"{seed}.mp4"
    truth = render_clip(
        clip,
        traffic,
        view.camera,
        conditions=view.conditions,
        scenery=view.road.scenery(seed),
        fps=view.fps,
        nominal_fps=view.nominal_fps,
        dropped_ratio=view.dropped_ratio,
        jitter_ratio=view.jitter_ratio,
        begin_s=5.0,
        seconds_s=seconds_s,
        seed=seed,
    )
    found = {}
    for detector in detectors:
        site = folder / f"{seed}-{detector}.toml"
        site.write_text(site_text(view, clip, detector, seed), "utf-8")
        out = folder / f"{seed}-{detector}"
        run_watch(load_site(site), out, camera=None, limit_s=None, progress=False, wants_pictures=False)
        found[detector] = list(passages(name, truth, out))
    return found


def site_text(view: View, clip: Path, detector: str, seed: int) -> str:
    """The site file: a line across the road, and eight points read to a pixel."""
    px, ground_m = view.camera.reference_points(POINTS_COUNT, most_away_m=view.points_within_m, seed=seed)
    chance = np.random.default_rng([seed, 21])
    read_px, taped_m = px + chance.normal(0, POINT_SIGMA_PX, px.shape), ground_m + chance.normal(0, POINT_SIGMA_M, px.shape)
    points = ",\n".join(f"  {{ px = [{u:.1f}, {v:.1f}], m = [{x:.2f}, {y:.2f}] }}" for (u, v), (x, y) in zip(read_px.tolist(), taped_m.tolist(), strict=True))
    (u1, v1), (u2, v2) = _line_px(view).tolist()
    return f"""[site]
id = "road"
[[camera]]
id = "cam"
source = "{clip.name}"
detector = "{detector}"
[camera.calibration]
lens = "none"
sigma_px = {POINT_SIGMA_PX}
sigma_m = {POINT_SIGMA_M}
size_px = [{SIZE_PX[0]}, {SIZE_PX[1]}]
points = [
{points}
]
[[camera.line]]
id = "line"
px = [[{u1:.1f}, {v1:.1f}], [{u2:.1f}, {v2:.1f}]]
"""


def passages(name: str, truth: ClipTruth, out: Path) -> Iterator[Passage]:
    """Every true passage of the line, with the crossing that is it: of the same body, and when its lower edge came over the line; then the strays."""
    with (out / "crossings.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    whose, strays = _true_tracks(rows, truth, out), list(rows)
    for track in np.unique(truth.track).tolist():
        mine = truth.of_track(track)
        passed_s = _passed_s(mine, VIEWS[name])
        if passed_s is None:
            continue
        kind = ROAD_USERS[int(mine.kind[0])]
        told = [row for row, owner in zip(rows, whose, strict=True) if owner == track and abs(float(row["time_s"]) - passed_s) < SAME_MOMENT_S]
        for row in sorted(told, key=lambda row: abs(float(row["time_s"]) - passed_s))[:1]:
            said_kmh, doubt_kmh = (float(row[column]) if row[column] else np.nan for column in ("speed_kmh", "speed_doubt_kmh"))
            time_s = float(row["time_s"])
            strays.remove(row)
            yield Passage(name, kind, time_s, _true_kmh(mine, time_s), said_kmh, doubt_kmh, row["kind"], is_counted=True)
        if not told:
            yield Passage(name, kind, passed_s, _true_kmh(mine, passed_s))
    for row in strays:
        if row["speed_kmh"]:
            said_kmh, doubt_kmh = float(row["speed_kmh"]), float(row["speed_doubt_kmh"])
            yield Passage(name, RoadUser.UNKNOWN, float(row["time_s"]), np.nan, said_kmh, doubt_kmh, row["kind"], is_counted=True)


def _true_kmh(mine: ClipTruth, time_s: float) -> float:
    return float(np.interp(time_s * NS_PER_S, mine.time_ns, mine.speed_kmh))


def _passed_s(mine: ClipTruth, view: View) -> float | None:
    """When the middle of a body's lower edge came over the line; None where it never did."""
    (u1, v1), (u2, v2) = _line_px(view).tolist()
    box = mine.box_px.astype(np.float64)
    side = (u2 - u1) * (box[:, 3] - v1) - (v2 - v1) * ((box[:, 0] + box[:, 2]) / 2 - u1)
    over = np.flatnonzero(np.diff(side > 0))
    if not len(over):
        return None
    at = int(over[0])
    share = side[at] / (side[at] - side[at + 1])
    return float(mine.time_ns[at] + share * (mine.time_ns[at + 1] - mine.time_ns[at])) / NS_PER_S


def _line_px(view: View) -> Doubles:
    """Across the whole road, (2, 2)."""
    ends_m = view.road.street_m(np.full(2, view.line_m), np.array([-view.road.left_half_m, view.road.right_half_m]))
    return view.camera.ground_px(ends_m)


def _true_tracks(rows: Sequence[Mapping[str, str]], truth: ClipTruth, out: Path) -> list[int]:
    """Who each crossing really was: whose lower edge is nearest to its contact point in that moment; -1 for nobody."""
    points = pq.read_table(out / "points.parquet").to_pydict()
    names, time_ns = np.array(points["track"]), np.array(points["time_ns"], np.int64)
    px = np.stack([points["px_x"], points["px_y"]], 1).astype(np.float64)
    whose = []
    for row in rows:
        own = np.flatnonzero(names == row["track"])
        if not len(own):
            whose.append(-1)
            continue
        at = int(own[np.abs(time_ns[own] - float(row["time_s"]) * NS_PER_S).argmin()])
        frame = truth.of_frame(int(np.abs(truth.frame_time_ns - time_ns[at]).argmin()))
        whose.append(_nearest(frame, px[at]))
    return whose


def _nearest(frame: ClipTruth, px: Doubles) -> int:
    if not len(frame):
        return -1
    box = frame.box_px.astype(np.float64)
    size = np.sqrt((box[:, 2:] - box[:, :2]).prod(1))
    off = np.hypot((box[:, 0] + box[:, 2]) / 2 - px[0], box[:, 3] - px[1]) / size
    best = int(off.argmin())
    return int(frame.track[best]) if off[best] < SAME_BODY_RATIO else -1


def table_of(found: Sequence[Passage], by: str) -> Table:
    """One row a view, or a kind."""
    columns = [by, "passages", "counted", "with a speed", "mean, km/h", "sd", "most", "mean doubt", "truth inside 1.96 doubts", "yardstick"]
    table = Table([*columns, "strays"] if by == "view" else columns)
    strays, found = [one for one in found if one.is_stray], [one for one in found if not one.is_stray]
    groups = dict.fromkeys(_name(one, by) for one in found)
    for name in [*groups, "all"]:
        mine = [one for one in found if name == "all" or _name(one, by) == name]
        told = [one for one in mine if np.isfinite(one.said_kmh)]
        last = [sum(name in {"all", one.view} for one in strays)] if by == "view" else []
        error, doubt = np.array([one.error_kmh for one in told]), np.array([one.doubt_kmh for one in told])
        cells = figures(error)
        counted = sum(one.is_counted for one in mine)
        if not told:
            table.add(name, len(mine), counted, 0, *[""] * (len(table.columns) - 4))
            continue
        inside = float((np.abs(error) <= COVERED * doubt).mean())
        holds = all(abs(cell) <= limit for cell, limit in zip(cells, LIMITS_KMH, strict=True))
        shown = [f"{cells[0]:+.2f}", *(f"{cell:.2f}" for cell in cells[1:])]
        table.add(name, len(mine), counted, len(told), *shown, f"{doubt.mean():.2f}", f"{inside:.0%}", "holds" if holds else "broken", *last)
    return table


def _name(one: Passage, by: str) -> str:
    return one.view if by == "view" else one.kind.value


def figures(error_kmh: Doubles) -> tuple[float, float, float]:
    """Mean, one sigma, and the most off."""
    return (float(error_kmh.mean()), float(error_kmh.std()), float(np.abs(error_kmh).max())) if len(error_kmh) else (np.nan,) * 3


def worst(found: Sequence[Passage], count: int = 5) -> str:
    """The passages that are farthest off, a line each."""
    strays = [
        f"- {one.view}, {one.time_s:.1f} s: a stray (seen as {one.taken_for}), said {one.said_kmh:.1f} ± {one.doubt_kmh:.1f}" for one in found if one.is_stray
    ]
    told = sorted((one for one in found if np.isfinite(one.error_kmh)), key=lambda one: -abs(one.error_kmh))[:count]
    lines = [
        f"- {one.view}, {one.time_s:.1f} s: a {one.kind.value} (seen as {one.taken_for}) at {one.true_kmh:.1f} km/h, "
        f"said {one.said_kmh:.1f} ± {one.doubt_kmh:.1f}"
        for one in told
    ]
    return "\n".join(lines + strays)


def main() -> dict[str, list[Passage]]:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=50.0, help="of every clip")
    asked.add_argument("--seeds", type=int, default=1, help="how many clips a camera")
    asked.add_argument("--first-seed", type=int, default=1)
    asked.add_argument("--detector", action="append", default=None)
    asked.add_argument("--pose", action="append", default=None, choices=list(VIEWS))
    options = asked.parse_args()
    detectors = options.detector or [DETECTOR, "picodet-s-416"]
    found: dict[str, list[Passage]] = {detector: [] for detector in detectors}
    for name in options.pose or VIEWS:
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            with tempfile.TemporaryDirectory() as folder:
                for detector, some in measured(name, Path(folder), seconds_s=options.seconds, seed=seed, detectors=detectors).items():
                    found[detector] += some
    for detector, mine in found.items():
        print(f"{detector}\n\n{table_of(mine, 'view')}\n\n{table_of(mine, 'kind')}\n\nFarthest off:\n\n{worst(mine)}\n")
    return found


if __name__ == "__main__":
    main()
