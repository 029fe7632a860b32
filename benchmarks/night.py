"""Counts at dusk, at night and in rain, at 352×288: rendered roads of known truth, through H.264 and the whole line, beside the same roads by day.

`python -m benchmarks.night [CONDITION ...] [--seconds S] [--seeds N] [--detector NAME]`. Three masts over two-way roads, the same traffic in every light.
No clip of ../shared shows a road at night that could be counted by hand; a rendering is no photograph, so read the loss against the same road by day.
Reach: within ±1 or 25 % at night, by direction.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.common import ANNOTATOR_S, DIRECTIONS, Passage, Span, Table, TrueClip, TrueLine, run_line
from catseye.core.road_user import RoadUser
from catseye.station.demo import CameraPose, Conditions, DemoLine, StraightRoad, Trajectories, render_clip, road_traffic, true_crossings

SIZE_PX, FPS, BEGIN_S = (352, 288), 12.5, 6.0
MIX: Mapping[RoadUser, float] = {RoadUser.CAR: 0.6, RoadUser.TRUCK: 0.12, RoadUser.BUS: 0.06, RoadUser.MOTORCYCLIST: 0.22}
LIGHTS: Mapping[str, Conditions] = {
    "day": Conditions.day(),
    "dusk": Conditions.dusk(),
    "rain": Conditions.rain(),
    "lit street at night": Conditions.night(),
    "unlit road at night": Conditions.dark_night(),
}
MOST_WRONG_RATIO, LAMPS_EVERY_M = 0.25, 28.0


@dataclass(frozen=True, slots=True)
class View:
    """A mast over a road; vehicles are counted `line_m` along it."""

    camera: CameraPose
    road: StraightRoad
    line_m: float


VIEWS: Mapping[str, View] = {
    "along, 8 m, two lanes": View(CameraPose.mounted(8, 20, at_m=(8, -26), pan_deg=-14, focal_mm=5, size_px=SIZE_PX), StraightRoad(1, 1), -4.0),
    "gantry, 7 m, four lanes": View(CameraPose.mounted(7, 20, at_m=(0, -22), size_px=SIZE_PX), StraightRoad(2, 2), -4.0),
    "across, 7 m, two lanes": View(CameraPose.mounted(7, 22, at_m=(20, 0), pan_deg=-75, focal_mm=4, size_px=SIZE_PX), StraightRoad(1, 1), 2.0),
}


@dataclass(frozen=True, slots=True)
class WayResult:
    """One direction of one view in one light."""

    view: str
    light: str
    direction: str
    span: Span
    count: int

    @property
    def is_within(self) -> bool:
        """Whether it is wrong by 1 at most, or by a quarter."""
        return abs(self.span.error(self.count)) <= max(1.0, MOST_WRONG_RATIO * self.span.least_count)


def true_line(view: View, traffic: Trajectories, seconds_s: float) -> TrueLine:
    """The line across the whole road, and who truly crossed it while the clip lasts; what happens at its very ends may be counted, it need not."""
    road, ends_m = view.road, np.array([[-view.road.left_half_m, view.line_m], [view.road.right_half_m, view.line_m]])
    (x1, y1), (x2, y2) = view.camera.ground_px(ends_m).tolist()
    assert road.heading_deg == 0
    crossings = true_crossings(traffic, [DemoLine("road", (x1, y1), (x2, y2))], view.camera)
    passages = (Passage(one.time_s - BEGIN_S, one.direction, ANNOTATOR_S * 2 < one.time_s - BEGIN_S < seconds_s - ANNOTATOR_S * 2) for one in crossings)
    return TrueLine("road", ((x1, y1), (x2, y2)), tuple(passage for passage in passages if 0 <= passage.time_s <= seconds_s))


def counted(name: str, light: str, seconds_s: float, seed: int, detector: str, folder: Path) -> Iterator[WayResult]:
    """Render one road in one light, run the whole line over it, compare."""
    view = VIEWS[name]
    traffic = road_traffic(view.road, BEGIN_S + seconds_s + 10, seed, per_minute_ratio=16, speeds_kmh=(30, 70), mix=MIX)
    path = folder / f"{list(VIEWS).index(name)}-{list(LIGHTS).index(light)}-{seed}.mp4"
    scenery = view.road.scenery(seed, lights_every_m=LAMPS_EVERY_M)
    render_clip(path, traffic, view.camera, conditions=LIGHTS[light], scenery=scenery, fps=FPS, begin_s=BEGIN_S, seconds_s=seconds_s, seed=seed)
    line = true_line(view, traffic, seconds_s)
    run = run_line(TrueClip(str(path), "night" in light, (line,)), detector)
    path.unlink()
    for direction in DIRECTIONS:
        yield WayResult(name, light, direction, line.span(direction), run.counts[line.id, direction])


def table(results: Sequence[WayResult]) -> Table:
    """A row a view and direction, a column a light."""
    lights = list(dict.fromkeys(one.light for one in results))
    shown = Table(["view", "direction", "true", *lights])
    for view in dict.fromkeys(one.view for one in results):
        for direction in DIRECTIONS:
            mine = [[one for one in results if (one.view, one.direction, one.light) == (view, direction, light)] for light in lights]
            cells = [" ".join(str(one.count) if one.is_within else f"**{one.count}**" for one in ones) for ones in mine]
            shown.add(view, direction, " ".join(str(one.span) for one in mine[0]), *cells)
    return shown


def sums(results: Sequence[WayResult]) -> Table:
    """What each light costs."""
    shown = Table(["light", "true passages", "counted", "wrong", "of true", "ways within ±1 or 25 %"])
    for light in dict.fromkeys(one.light for one in results):
        mine = [one for one in results if one.light == light]
        sure, wrong = sum(one.span.least_count for one in mine), sum(abs(one.span.error(one.count)) for one in mine)
        true = str(Span(sure, sum(one.span.most_count for one in mine)))
        shown.add(light, true, sum(one.count for one in mine), wrong, f"{wrong / sure:.1%}", f"{sum(one.is_within for one in mine)} of {len(mine)}")
    return shown


def main() -> list[WayResult]:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("lights", nargs="*", default=list(LIGHTS), metavar="CONDITION", help=f"of {', '.join(LIGHTS)}")
    asked.add_argument("--seconds", type=float, default=40.0, help="of each clip")
    asked.add_argument("--seeds", type=int, default=1)
    asked.add_argument("--detector", default="")
    words = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = [(view, light, seed) for light in words.lights for view in VIEWS for seed in range(1, words.seeds + 1)]
        results = [result for view, light, seed in runs for result in counted(view, light, words.seconds, seed, words.detector, Path(folder))]
    print(table(results), end="\n\n")
    print(sums(results))
    return results


if __name__ == "__main__":
    main()
