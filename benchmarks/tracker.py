"""Our tracker against `trackers` SORT, ByteTrack and OC-SORT on one synthetic scene: thread CPU a frame and identity.

`python -m benchmarks.tracker` prints a markdown table. The scene (../shared/bench/scene.py, 25 fps) scores boxes anywhere in 0.35..0.95, so each
peer is run at its defaults and with its thresholds opened to that; `ours, opened` is ours with the same courtesy, `ours` is the product's default.
All trackers see the same frames in one process and take turns second by second, so that a loaded machine slows all alike.
"""

import importlib.util
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from catseye.core.detections import Detections
from catseye.core.road_user import RoadUser
from catseye.core.time import NS_PER_S
from catseye.vision.tracker import Tracker, TrackerSettings

SHARED = Path(__file__).parents[1].resolve().parent / "shared" / "bench"
FPS = 25.0
FRAMES = {10: 400, 50: 300, 200: 150}
TURN_FRAMES = 25
WARM_UP_FRAMES = 25
SHORT_COAST_S = 0.1  # a row unseen for no longer still tells where the road user is

Frame = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # true boxes, true names, found boxes, scores
Rows = tuple[np.ndarray, np.ndarray]  # boxes, names
Step = Callable[[int, np.ndarray, np.ndarray], Rows]


def shared_module(name: str) -> ModuleType:
    """A yardstick all projects share, loaded from beside the project."""
    spec = importlib.util.spec_from_file_location(name, SHARED / f"{name}.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(SHARED / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Entrant:
    """One tracker in the race; `step` is timed, `rows` are what it said, frame by frame."""

    name: str
    step: Step
    rows: list[Rows] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)

    def see(self, time_ns: int, boxes: np.ndarray, scores: np.ndarray) -> None:
        """One frame, on the clock."""
        before_s = time.thread_time()
        found = self.step(time_ns, boxes, scores)
        self.cpu_s.append(time.thread_time() - before_s)
        self.rows.append(found)

    @property
    def cpu_ms(self) -> float:
        """Mean thread CPU a frame, after warming up."""
        return 1e3 * float(np.mean(self.cpu_s[WARM_UP_FRAMES:]))


class Ours:
    """The product's tracker, and the three ways its rows are used."""

    def __init__(self, settings: TrackerSettings) -> None:
        self.tracker, self.reports = Tracker(settings), []

    def step(self, time_ns: int, boxes: np.ndarray, scores: np.ndarray) -> Rows:
        """One frame into the tracker."""
        report = self.tracker.update(time_ns, Detections(boxes, scores, np.full(len(boxes), RoadUser.CAR.code, np.uint8)))
        self.reports.append(report)
        return report.box_px, report.track

    def seen(self) -> Iterator[Rows]:
        """Sure tracks matched in the frame, nothing else: what the peers say too."""
        return ((r.box_px[r.sure & r.seen], r.track[r.sure & r.seen]) for r in self.reports)

    def with_short_coasts(self) -> Iterator[Rows]:
        """Also where a sure track must be that was missed a moment ago."""
        seen_ns: dict[int, int] = {}
        for r in self.reports:
            seen_ns.update(dict.fromkeys(r.track[r.seen].tolist(), r.time_ns))
            fresh = np.array([r.time_ns - seen_ns[track] <= SHORT_COAST_S * NS_PER_S for track in r.track.tolist()], np.bool_)
            yield r.box_px[r.sure & fresh], r.track[r.sure & fresh]

    def held(self) -> Iterator[Rows]:
        """As the product counts: a track's rows are held until it is sure, then all of them count."""
        sure = {track for r in self.reports for track in r.track[r.sure].tolist()}
        for r in self.reports:
            counts = r.seen & np.isin(r.track, list(sure))
            yield r.box_px[counts], r.track[counts]


def peers(fps: float) -> list[Entrant]:
    """Every peer at its defaults and at the settings that suit this scene better."""
    from trackers import ByteTrackTracker, OCSORTTracker, SORTTracker  # an optional extra

    made: dict[str, Any] = {
        "SORT": SORTTracker(frame_rate=fps),
        "SORT, from the first frame": SORTTracker(frame_rate=fps, minimum_consecutive_frames=1),
        "SORT, overlap 0.15": SORTTracker(frame_rate=fps, minimum_iou_threshold=0.15, minimum_consecutive_frames=1),
        "ByteTrack": ByteTrackTracker(frame_rate=fps),
        "ByteTrack, opened": ByteTrackTracker(frame_rate=fps, track_activation_threshold=0.35, high_conf_det_threshold=0.3),
        "ByteTrack, opened, first frame": ByteTrackTracker(
            frame_rate=fps, track_activation_threshold=0.35, high_conf_det_threshold=0.3, minimum_consecutive_frames=1
        ),
        "OC-SORT": OCSORTTracker(frame_rate=fps),
        "OC-SORT, opened, first frame": OCSORTTracker(frame_rate=fps, high_conf_det_threshold=0.3, minimum_consecutive_frames=1),
        "OC-SORT, opened, no direction": OCSORTTracker(
            frame_rate=fps, high_conf_det_threshold=0.3, minimum_consecutive_frames=1, direction_consistency_weight=0.0
        ),
    }
    return [Entrant(name, peer_step(tracker)) for name, tracker in made.items()]


def peer_step(tracker: Any) -> Step:
    import supervision as sv

    def step(_time_ns: int, boxes: np.ndarray, scores: np.ndarray) -> Rows:
        found = tracker.update(sv.Detections(xyxy=boxes, confidence=scores, class_id=np.zeros(len(boxes), int)))
        named = found.tracker_id >= 0
        return found.xyxy[named], found.tracker_id[named]

    return step


def judged(truth: list[Frame], rows: Iterator[Rows] | list[Rows]) -> dict[str, float]:
    """IDF1, MOTA and identity switches against the truth (IoU >= 0.5)."""
    quality = shared_module("quality").Quality()
    for (boxes, names, _, _), (found, tracks) in zip(truth, rows, strict=True):
        quality.add(boxes, names, found, tracks)
    result = quality.result()
    return {"idf1": float(result["idf1"]), "mota": float(result["mota"]), "switches": float(result["idsw"])}


def race(objects_count: int, nth_frame: int = 1) -> list[dict[str, Any]]:
    """All trackers over one scene; one row of figures each, ours first."""
    truth: list[Frame] = shared_module("scene").make(objects_count, FRAMES[objects_count] * nth_frame)[::nth_frame]
    opened = TrackerSettings(new_track_score_ratio=0.3, sure_looks_count=2)
    ours = {"ours": Ours(TrackerSettings()), "ours, opened": Ours(opened)}
    entrants = [Entrant(name, tracker.step) for name, tracker in ours.items()] + peers(FPS / nth_frame)
    for start in range(0, len(truth), TURN_FRAMES):
        for entrant in entrants:
            for number, (_, _, boxes, scores) in enumerate(truth[start : start + TURN_FRAMES], start):
                entrant.see(round(number * nth_frame / FPS * NS_PER_S), boxes.copy(), scores.copy())
    figures = []
    for entrant in entrants:
        own = ours.get(entrant.name)
        says = {"seen": own.seen(), "short coasts": own.with_short_coasts(), "held": own.held()} if own else {"seen": entrant.rows}
        for rows_name, rows in says.items():
            figures.append({"objects": objects_count, "fps": FPS / nth_frame, "tracker": entrant.name, "rows": rows_name, "cpu_ms": entrant.cpu_ms})
            figures[-1] |= judged(truth, rows) | {"times_ours": entrant.cpu_ms / entrants[0].cpu_ms}
    return figures


def measure() -> dict[str, Any]:
    """Figures of all races: 10, 50 and 200 objects at 25 fps, and 50 at the 6 looks a second the product takes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peers' own deprecations
        figures = [row for objects, nth in ((10, 1), (50, 1), (200, 1), (50, 4)) for row in race(objects, nth)]
    return {"benchmark": "tracker", "rows": figures}


def table(result: dict[str, Any]) -> str:
    """The figures as markdown."""
    lines = ["| objects | fps | tracker | rows | CPU-ms a frame | × ours | IDF1 | MOTA | switches |", "|---|---|---|---|---|---|---|---|---|"]
    for row in result["rows"]:
        cost = f"{row['cpu_ms']:.2f} | {row['times_ours']:.1f}"
        grades = f"{row['idf1']:.3f} | {row['mota']:.3f} | {row['switches']:.0f}"
        lines.append(f"| {row['objects']} | {row['fps']:g} | {row['tracker']} | {row['rows']} | {cost} | {grades} |")
    return "\n".join(lines)


def main() -> dict[str, Any]:
    result = measure()
    print(table(result))
    return result


if __name__ == "__main__":
    main()
