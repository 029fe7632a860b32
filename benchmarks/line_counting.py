"""Line counting beside `supervision` LineZone, in one run: a vehicle that stands on the line, and a scene whose truth is known.

`python -m benchmarks.line_counting`. Both counters get the very same boxes and ids; time is thread CPU. LineZone runs as it comes (all four corners
must have passed) and with the anchor most people set for roads (bottom centre, the point we use too).
"""

import importlib.util
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Protocol

import numpy as np
import supervision as sv

from catseye.core.arrays import Doubles, Floats, Ints
from catseye.traffic.crossings import Crossings, LineCounter
from catseye.traffic.lines import Line

SCENE = Path(__file__).parents[1] / ".." / "shared" / "bench" / "scene.py"
FRAME_NS = 40_000_000
JITTER_PX = 1.5
Counts = dict[int, list[int]]  # id -> [forward, backward]


class Counter(Protocol):
    """One of those compared; `ended` are tracks that will not come back."""

    name: str
    counts: Counts

    def look(self, frame: int, box_px: Floats, track: Ints, ended: Ints) -> None:
        """Take one frame."""
        ...


def add(counts: Counts, track: Ints, way: int) -> None:
    for one in track.tolist():
        counts.setdefault(one, [0, 0])[way] += 1


@dataclass
class Ours:
    """Our counter, at the bottom centre of each box."""

    lines: list[Line]
    name: str = "catseye LineCounter"
    counts: Counts = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.counter = LineCounter(self.lines)

    def look(self, frame: int, box_px: Floats, track: Ints, ended: Ints) -> None:
        """Take one frame, forget what ended before it."""
        self.note(self.counter.end(ended))
        point_px = np.stack([(box_px[:, 0] + box_px[:, 2]) / 2, box_px[:, 3]], 1)
        size_px = np.sqrt((box_px[:, 2] - box_px[:, 0]) * (box_px[:, 3] - box_px[:, 1]))
        self.note(self.counter.update(frame * FRAME_NS, track, point_px, size_px, np.ones(len(track), np.bool_)))

    def note(self, crossings: Crossings) -> None:
        """Add to the counts by id and direction."""
        if len(crossings):
            add(self.counts, crossings.track[crossings.forward], 0)
            add(self.counts, crossings.track[~crossings.forward], 1)


@dataclass
class LineZones:
    """One LineZone a line, with its default anchors or others."""

    lines: list[Line]
    name: str
    anchors: tuple[sv.Position, ...] | None = None
    counts: Counts = field(default_factory=dict)

    def __post_init__(self) -> None:
        ends = [[sv.Point(*end) for end in line.ends_px.tolist()] for line in self.lines]
        more = {"triggering_anchors": self.anchors} if self.anchors else {}
        self.zones = [sv.LineZone(start=start, end=end, **more) for start, end in ends]

    def look(self, frame: int, box_px: Floats, track: Ints, ended: Ints) -> None:
        """Take one frame; a LineZone forgets by itself."""
        seen = sv.Detections(xyxy=box_px, tracker_id=track)
        for zone in self.zones:
            leftwards, rightwards = zone.trigger(seen)  # walking begin -> end, `in` goes to the left hand
            if leftwards.any() or rightwards.any():
                add(self.counts, track[rightwards], 0)
                add(self.counts, track[leftwards], 1)


def everybody(lines: list[Line]) -> list[Counter]:
    return [Ours(lines), LineZones(lines, "supervision LineZone"), LineZones(lines, "supervision LineZone, bottom centre", (sv.Position.BOTTOM_CENTER,))]


def play(counters: list[Counter], frames: Iterator[tuple[Floats, Ints, Ints]]) -> dict[str, float]:
    """Thread CPU ms a frame of each, every frame given to all in turn."""
    spent_s, shown = dict.fromkeys((counter.name for counter in counters), 0.0), 0
    for frame, (box_px, track, ended) in enumerate(frames):
        shown += 1
        for counter in counters:
            begin_s = time.thread_time()
            counter.look(frame, box_px, track, ended)
            spent_s[counter.name] += time.thread_time() - begin_s
    for counter in counters:
        if isinstance(counter, Ours):
            counter.note(counter.counter.finish())
    return {name: 1000 * total / shown for name, total in spent_s.items()}


def standing_vehicle(seeds: int = 100, frames: int = 500) -> dict[str, dict[str, float]]:
    """One vehicle of 60 x 40 px standing with its wheels (bottom centre) on the line; every seed a new counter, a vehicle at a time."""
    line = [Line("line", np.array([[100.0, 250.0], [640.0, 250.0]]))]
    totals: dict[str, list[int]] = {}
    for seed in range(seeds):
        jitter = np.random.default_rng(seed).normal(0, JITTER_PX, (frames, 1, 4))
        shown = (np.array([300.0, 210.0, 360.0, 250.0]) + jitter).astype(np.float32)
        counters = everybody(line)
        play(counters, ((box, np.array([1]), np.empty(0, np.int64)) for box in shown))
        for counter in counters:
            totals.setdefault(counter.name, []).append(sum(counter.counts.get(1, [0, 0])))
    return {name: {"count_mean": float(np.mean(count)), "count_max": float(max(count))} for name, count in totals.items()}


def scene() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scene", SCENE)
    if spec is None or spec.loader is None or not SCENE.exists():
        raise SystemExit(f"{SCENE}: the shared scene is missing; this benchmark needs ../shared")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def truth(shown: list[tuple[Floats, Ints]], line_y: Doubles) -> Counts:
    """Passages of the noiseless bottom centre, by id, over all lines."""
    last: dict[int, float] = {}
    counts: Counts = {}
    for box_px, track in shown:
        for one, y in zip(track.tolist(), box_px[:, 3].tolist(), strict=True):
            before = last.get(one, y)
            counts.setdefault(one, [0, 0])[0] += int(((before < line_y) & (y >= line_y)).sum())
            counts[one][1] += int(((before >= line_y) & (y < line_y)).sum())
            last[one] = y
    return counts


def noisy(shown: list[tuple[Floats, Ints]], seed: int = 11) -> Iterator[tuple[Floats, Ints, Ints]]:
    """What a perfect tracker would hand on: true ids, jittered boxes, 8 % of the looks missing."""
    chance, before = np.random.default_rng(seed), np.empty(0, np.int64)
    for box_px, track in shown:
        seen = chance.random(len(track)) > 0.08
        yield (box_px[seen] + chance.normal(0, JITTER_PX, (int(seen.sum()), 4))).astype(np.float32), track[seen].astype(np.int64), np.setdiff1d(before, track)
        before = track


def wrong(counts: Counts, true: Counts) -> int:
    """Passages too many or too few, summed over ids and directions."""
    nothing = [0, 0]
    return sum(abs(counts.get(one, nothing)[way] - true.get(one, nothing)[way]) for one in counts.keys() | true.keys() for way in (0, 1))


def moving_scene(objects: int, frames: int = 1000, lines: int = 4) -> dict[str, dict[str, float]]:
    line_y = np.linspace(250.0, 800.0, lines)
    shown = [(gt, ids) for gt, ids, _, _ in scene().make(objects, frames)]
    true = truth(shown, line_y)
    counters = everybody([Line(f"y{y:.0f}", np.array([[-500.0, y], [2500.0, y]])) for y in line_y])
    cpu_ms = play(counters, noisy(shown))
    passages = sum(map(sum, true.values()))
    return {
        counter.name: {
            "true": passages,
            "counted": sum(map(sum, counter.counts.values())),
            "wrong": wrong(counter.counts, true),
            "cpu_ms": cpu_ms[counter.name],
        }
        for counter in counters
    }


def main() -> dict[str, dict[str, dict[str, float]]]:
    found = {"standing": standing_vehicle(), "scene_50": moving_scene(50), "scene_200": moving_scene(200)}
    print(f"supervision {sv.__version__}; standing: 100 seeds x 500 frames, {JITTER_PX} px jitter; scene: 1000 frames, 4 lines, true ids, 8 % missed looks\n")
    print("| counter | standing vehicle: counts, mean (max) | 50 objects: wrong of true | CPU-ms a frame (ratio) |", end="")
    print(" 200 objects: wrong of true | CPU-ms a frame (ratio) |\n|---|---|---|---|---|---|")
    ours = Ours([]).name
    for name, standing in found["standing"].items():
        cells = [f"{standing['count_mean']:.2f} ({standing['count_max']:.0f})"]
        for key in ("scene_50", "scene_200"):
            row = found[key][name]
            ratio = row["cpu_ms"] / found[key][ours]["cpu_ms"]
            cells += [f"{row['wrong']:.0f} of {row['true']:.0f}", f"{row['cpu_ms']:.3f} ({ratio:.1f})"]
        print(f"| {name} | {' | '.join(cells)} |")
    return found


if __name__ == "__main__":
    main()
