"""How often the lamp reader is right: the labelled head of the Hanoi clip and worse copies of it, and rendered heads whose truth is known.

`python -m benchmarks.lamps [--rendered | --clip]`. Through `LineSignals`, as the line uses it, at the frames' own times. A label is right or wrong where the
lamp can be seen; told as unknown it is neither. Where no lamp is lit, anything but unknown is wrong. `told red` counts moments told red that were not.
"""

import argparse
import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.common import CLIPS, Table
from benchmarks.degraded import DAMAGES, STARVED, DegradedSource, as_it_is, frame_of, starved
from catseye.core.picture import RawFrame
from catseye.core.signal import LAMPS, Lamp
from catseye.core.sockets import Source, SourceNotice
from catseye.core.time import NS_PER_S
from catseye.station.demo import CameraPose, Conditions, Renderer, demo_site
from catseye.station.demo.props import PROPS
from catseye.station.demo.signals import SignalPlan
from catseye.station.demo.traffic import junction_traffic
from catseye.station.line_signals import LineSignals
from catseye.station.site_tables import Signal as SignalTable
from catseye.vision.sources import open_source

CLIP = CLIPS / "hanoi-giang-vo.mp4"
LABELS = Path(__file__).with_name("hanoi-lamp.csv")
CLIP_PX = (640, 480)
HEAD_PX, LENS_PX = (612.0, 172.0, 636.0, 225.0), (618.0, 174.0, 634.0, 190.0)
CHECKS_A_SECOND, LOOKS_A_SECOND = 4, 8
CAMERAS: Mapping[str, CameraPose] = {
    "640×360": demo_site().camera,
    "352×288": replace(demo_site().camera, focal_px=480.0, size_px=(352, 288)),
}
LIGHTS: Mapping[str, Conditions] = {
    "day": Conditions.day(),
    "rain": Conditions.rain(),
    "dusk": Conditions.dusk(),
    "night": Conditions.night(),
    "night, glaring lens": replace(Conditions.night(), glare_ratio=3.0),
}


@dataclass(frozen=True, slots=True)
class Label:
    """What is true of a signal at one moment; `wanted` is unknown where no lamp is lit, or nobody can see it."""

    time_s: float
    wanted: Lamp


@dataclass(frozen=True, slots=True)
class Score:
    """Labels by how they were met. `dark_count` of them have no lit lamp, and `dark_right_count` were told unknown."""

    visible_count: int
    right_count: int
    wrong_count: int
    unknown_count: int
    red_wrong_count: int
    dark_count: int
    dark_right_count: int

    @property
    def right_ratio(self) -> float:
        """Of the labels where a lamp can be seen."""
        return self.right_count / max(self.visible_count, 1)

    def __add__(self, other: "Score") -> "Score":
        """Of both."""
        return Score(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


NO_SCORE = Score(0, 0, 0, 0, 0, 0, 0)


def clip_labels() -> Mapping[str, list[Label]]:
    """Of hanoi-lamp.csv, for the whole head and for its red lens alone."""
    rows = list(csv.DictReader(line for line in LABELS.read_text("utf-8").splitlines() if not line.startswith("#")))
    head = [Label(float(row["time_s"]), Lamp(row["state"])) for row in rows]
    lens = [Label(float(row["time_s"]), Lamp.RED if row["red_lens"] == "lit" else Lamp.UNKNOWN) for row in rows]
    return {"head": head, "lens": lens}


def clip_tables(width_px: int, height_px: int) -> dict[str, SignalTable]:
    """The head of the clip and its red lens, in a copy of that size."""
    across, down = width_px / CLIP_PX[0], height_px / CLIP_PX[1]

    def scaled(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        return (box[0] * across, box[1] * down, box[2] * across, box[3] * down)

    return {"head": SignalTable(id="head", head_px=scaled(HEAD_PX)), "lens": SignalTable(id="lens", lamp_px=scaled(LENS_PX))}


def score(labels: Iterable[Label], told: Callable[[float], Lamp]) -> Score:
    """Hold what was told against every label."""
    met: Counter[str] = Counter()
    for label in labels:
        said = told(label.time_s)
        met["red wrong"] += said is Lamp.RED and label.wanted is not Lamp.RED
        if label.wanted is Lamp.UNKNOWN:
            met["dark"] += 1
            met["dark right"] += said is Lamp.UNKNOWN
        else:
            met["right" if said is label.wanted else "unknown" if said is Lamp.UNKNOWN else "wrong"] += 1
    visible_count = met["right"] + met["wrong"] + met["unknown"]
    return Score(visible_count, met["right"], met["wrong"], met["unknown"], met["red wrong"], met["dark"], met["dark right"])


def read(frames: Iterable[RawFrame | SourceNotice], tables: Callable[[int, int], Mapping[str, SignalTable]]) -> dict[str, Callable[[float], Lamp]]:
    """Play frames past the reader; what each signal showed, as a function of time (s)."""
    signals: LineSignals | None = None
    for frame in frames:
        if isinstance(frame, RawFrame):
            signals = signals or LineSignals(tables(frame.width_px, frame.height_px))
            signals.see(frame)
    timelines = dict(signals.signals) if signals else {}  # before the end of the clip, which ends what was shown
    return {name: lambda time_s, timeline=timeline: LAMPS[timeline.at(round(time_s * NS_PER_S))[0]] for name, timeline in timelines.items()}


def clip_scores(source: Source) -> dict[str, Score]:
    """Of a copy of the clip."""
    told = read(source, clip_tables)
    return {name: score(labels, told[name]) for name, labels in clip_labels().items()}


def clip_table() -> Table:
    """Every copy, the whole head and the red lens alone."""
    table = Table(COLUMNS)
    for name, damage in DAMAGES.items():
        _add(table, name, clip_scores(DegradedSource(open_source(str(CLIP)), damage)))
    for name, damage in STARVED:
        with starved(open_source(str(CLIP)), damage) as source:
            _add(table, name, clip_scores(source))
    return table


COLUMNS = ("copy", "read", "visible", "right", "wrong", "unknown", "right %", "unlit told unknown", "told red wrongly")


def _add(table: Table, name: str, scores: Mapping[str, Score]) -> None:
    for what, s in scores.items():
        share = f"{100 * s.right_ratio:.1f}"
        table.add(
            name, what, s.visible_count, s.right_count, s.wrong_count, s.unknown_count, share, f"{s.dark_right_count} of {s.dark_count}", s.red_wrong_count
        )


def head_boxes_px(camera: CameraPose) -> dict[str, tuple[float, float, float, float]]:
    """The heads of the demo junction, by arm, as somebody would draw them: whole pixels around each."""
    found = {}
    for prop in (prop for prop in PROPS if prop.kind == "lamp"):
        tall = prop.size_m[0]
        corners = np.array([(prop.x_m + x, prop.y_m + y, tall + z) for x in (-0.14, 0.14) for y in (-0.2, 0.2) for z in (-0.1, 1.0)])
        px, _ = camera.project(corners)
        left, top, right, bottom = (*np.floor(px.min(0)).tolist(), *np.ceil(px.max(0)).tolist())
        found[prop.arm] = (left, top, right, bottom)
    return found


def rendered_frames(camera: CameraPose, conditions: Conditions, plan: SignalPlan, seconds_s: float, seed: int) -> Iterator[RawFrame]:
    """The demo junction with its traffic, as the camera sees it, not encoded."""
    renderer = Renderer(camera, junction_traffic(seconds_s, seed, plan), conditions=conditions, seed=seed, lamp_state=plan.state)
    for index in range(round(seconds_s * LOOKS_A_SECOND)):
        time_ns = index * NS_PER_S // LOOKS_A_SECOND
        empty = RawFrame("rendered", index, time_ns, None, *camera.size_px, lambda *_: np.empty(0, np.uint8))
        yield frame_of(renderer.render(time_ns / NS_PER_S), empty)


class _Frames:
    """Frames as a source."""

    camera, is_live, duration_s = "rendered", False, None

    def __init__(self, frames: Iterable[RawFrame]) -> None:
        self._frames = frames

    def __iter__(self) -> Iterator[RawFrame | SourceNotice]:
        yield from self._frames

    def close(self) -> None:
        """Nothing to close."""


def rendered_scores(camera: CameraPose, conditions: Conditions, seconds_s: float, *, seed: int = 7, crf: int = 23) -> dict[str, Score]:
    """Every head of the junction, through H.264; labels four a second, not where the state changed within the look before."""
    plan = SignalPlan()
    boxes = head_boxes_px(camera)
    with starved(_Frames(rendered_frames(camera, conditions, plan, seconds_s, seed)), as_it_is, crf) as source:
        told = read(source, lambda *_: {arm: SignalTable(id=arm, head_px=box) for arm, box in boxes.items()})
    times_s = (np.arange(round((seconds_s - 1) * CHECKS_A_SECOND)) + 0.5) / CHECKS_A_SECOND
    labels = {
        arm: [Label(float(t), Lamp(plan.state(arm, t))) for t in times_s if plan.state(arm, t - 1 / LOOKS_A_SECOND) == plan.state(arm, t)] for arm in boxes
    }
    return {arm: score(labels[arm], told[arm]) for arm in boxes}


def rendered_table(seconds_s: float = 20.0) -> Table:
    """All lights and cameras; the size of a head in pixels stands beside its arm."""
    table = Table(COLUMNS)
    for size, camera in CAMERAS.items():
        boxes = head_boxes_px(camera)
        for light, conditions in LIGHTS.items():
            scores = rendered_scores(camera, conditions, seconds_s)
            sized = {f"{arm}, {round(boxes[arm][2] - boxes[arm][0])}×{round(boxes[arm][3] - boxes[arm][1])} px": s for arm, s in scores.items()}
            _add(table, f"rendered, {size}, {light}", sized)
    return table


def main() -> None:
    """Both tables, or the one asked for."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--clip", action="store_true", help="the labelled clip only")
    asked.add_argument("--rendered", action="store_true", help="the rendered junction only")
    asked.add_argument("--seconds", type=float, default=20.0, help="of each rendered scene")
    options = asked.parse_args()
    if not options.rendered:
        print(clip_table(), end="\n\n", flush=True)
    if not options.clip:
        print(rendered_table(options.seconds), flush=True)


if __name__ == "__main__":
    main()
