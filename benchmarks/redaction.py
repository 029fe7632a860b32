"""How many road users leave a redacted picture with a readable head or plate: on rendered truth, and on 200 real frames labelled by eye.

`python -m benchmarks.redaction [--detector yolox-nano] [--seconds 80] [--leaks]`. The whole line runs: source, detector, foreground, tracker, redactor.
A head or plate counts from 8 px of height in the released picture. That is strict: EN 62676-4 asks 125 px/m to recognise a known person (29 px of head)
and 62 px/m to observe one (14 px); people have named familiar faces of 12×14 px (Sinha 2002). A plate 8 px high has characters of 5 px.
It leaks where less than 90 % of it is filled; a track leaks when any of its labels does.
Labels: readable-heads-and-plates.csv, native pixels, seconds since the first frame, numbers only; `none` is a frame in which nothing can be read.
"""

import argparse
import csv
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from catseye.core.arrays import Pixels
from catseye.core.picture import RawFrame, RedactedPicture
from catseye.station.demo.camera import CameraPose
from catseye.station.demo.encode import encode_h264
from catseye.station.demo.render import Renderer
from catseye.station.demo.scene import DEMO_CAMERA, frame_times_s
from catseye.station.demo.traffic import SignalPlan, junction_traffic
from catseye.station.demo.truth import FrameTruth
from catseye.vision.detect.detector import open_detector
from catseye.vision.foreground import Foreground
from catseye.vision.redact import FILL_RGB
from catseye.vision.region_adders import open_redactor
from catseye.vision.sources import open_source
from catseye.vision.tracker import Tracker

CLIPS = Path(__file__).parents[1] / ".." / "shared" / "video"
LABELS = Path(__file__).with_name("readable-heads-and-plates.csv")
READABLE_PX = 8.0
COVERED_RATIO = 0.9
ANALYSED_FPS = 8.0
PREVIEW_WIDTH_PX = 640
RENDERED_FPS = 10.0
SEED = 7


@dataclass(frozen=True)
class Label:
    """One readable head or plate of one track in one frame, in native pixels."""

    kind: str
    track: str
    box_px: tuple[float, float, float, float]


@dataclass
class Tally:
    """What was released and what of it could be read."""

    tracks: set[str] = field(default_factory=set)
    leaked: set[str] = field(default_factory=set)
    labels: int = 0
    leaked_labels: int = 0
    pictures: int = 0
    filled: float = 0.0
    redact_s: float = 0.0

    def add(self, clip: str, picture: RedactedPicture, labels: Sequence[Label], native_width_px: int) -> None:
        """Judge one released picture by the labels of its frame."""
        scale = picture.rgb.shape[1] / native_width_px
        self.pictures += 1
        self.filled += picture.filled_ratio
        for label in labels:
            left, top, right, bottom = (value * scale for value in label.box_px)
            if bottom - top < READABLE_PX:
                continue
            name = f"{clip}/{label.kind}/{label.track}"
            self.tracks.add(name)
            self.labels += 1
            if covered_ratio(picture, (left, top, right, bottom)) < COVERED_RATIO:
                self.leaked.add(name)
                self.leaked_labels += 1

    def row(self, title: str) -> str:
        """One line of the table."""
        pictures = max(1, self.pictures)
        counts = f"{self.pictures} | {len(self.tracks)} | {len(self.leaked)} | {len(self.leaked) / max(1, len(self.tracks)):.1%}"
        return f"| {title} | {counts} | {self.labels} | {self.leaked_labels} | {self.filled / pictures:.0%} | {self.redact_s * 1e3 / pictures:.1f} |"


def covered_ratio(picture: RedactedPicture, box_px: tuple[float, float, float, float]) -> float:
    height, width = picture.rgb.shape[:2]
    left, top = (int(np.clip(np.floor(value), 0, limit - 1)) for value, limit in zip(box_px[:2], (width, height), strict=True))
    right, bottom = (int(np.clip(np.ceil(value), 1, limit)) for value, limit in zip(box_px[2:], (width, height), strict=True))
    return float((picture.rgb[top:bottom, left:right] == FILL_RGB).all(axis=2).mean())


def read_labels() -> dict[str, dict[float, list[Label]]]:
    found: dict[str, dict[float, list[Label]]] = defaultdict(lambda: defaultdict(list))
    with LABELS.open(newline="") as file:
        for row in csv.DictReader(file):
            at = found[row["file"]][float(row["time_s"])]
            if row["kind"] != "none":
                at.append(Label(row["kind"], row["track"], (float(row["x1"]), float(row["y1"]), float(row["x2"]), float(row["y2"]))))
    return found


def render(folder: Path, seconds_s: float) -> tuple[Path, dict[float, list[Label]]]:
    """The demo's junction seen at twice its size, so that heads and plates can be read at all; with labels from the renderer."""
    seen = DEMO_CAMERA
    camera = CameraPose(seen.position_m, seen.yaw_deg, seen.pitch_deg, 2 * seen.focal_px, (2 * seen.size_px[0], 2 * seen.size_px[1]))
    signals = SignalPlan()
    renderer = Renderer(camera, junction_traffic(seconds_s, SEED, signals), seed=SEED, lamp_state=signals.state)
    labels: dict[float, list[Label]] = {}

    def pictures() -> Iterator[tuple[float, Pixels]]:
        for time_s in frame_times_s(seconds_s, RENDERED_FPS, SEED).tolist():
            rgb, truth = renderer.frame(time_s)
            labels[time_s] = list(true_labels(truth))
            yield time_s, rgb

    video = folder / "junction.mp4"
    encode_h264(video, pictures(), camera.size_px, RENDERED_FPS)
    return video, labels


def true_labels(truth: FrameTruth) -> Iterator[Label]:
    for kind, boxes in (("head", truth.head_box_px), ("plate", truth.plate_box_px)):
        for track, (left, top, right, bottom) in zip(truth.track.tolist(), boxes.tolist(), strict=True):
            if not np.isnan(left):
                yield Label(kind, str(track), (left, top, right, bottom))


def redacted(clip: Path, detector_name: str, times_s: Sequence[float], is_still: bool, tally: Tally) -> Iterator[tuple[float, RedactedPicture, int]]:
    """Pictures of the frames nearest to `times_s`, through the whole line, with their time and the native width."""
    detector, foreground, tracker = open_detector(detector_name), Foreground(), Tracker()
    redactor = open_redactor(detector_name)
    wanted_ns = np.round(np.array(times_s) * 1e9).astype(np.int64)
    next_look_ns, width_px = 0, 0
    for frame in open_source(str(clip)):
        if not isinstance(frame, RawFrame):
            continue
        width_px = frame.width_px
        is_wanted = bool((np.abs(wanted_ns - frame.time_ns) < 2_000_000).any())
        is_analysed = frame.time_ns >= next_look_ns
        if not (is_wanted or is_analysed):
            continue
        picture_px = (width_px, frame.height_px) if is_still else (PREVIEW_WIDTH_PX, round(frame.height_px * PREVIEW_WIDTH_PX / width_px))
        rgb = frame.rgb(*picture_px) if is_wanted else None
        detections = tracked = mask = None
        if is_analysed:
            next_look_ns += int(1e9 / ANALYSED_FPS)
            detections, mask = detector.detect(frame), foreground.see(frame)
            tracked = tracker.update(frame.time_ns, detections)
        began = time.thread_time()
        safe = redactor.see(frame, tracked, detections, foreground=mask, rgb=rgb, is_still=is_still)
        tally.redact_s += time.thread_time() - began
        yield from ((picture.time_ns / 1e9, picture, width_px) for picture in safe)
    yield from ((picture.time_ns / 1e9, picture, width_px) for picture in redactor.close())


def measure(clip: Path, labels: dict[float, list[Label]], detector_name: str, is_still: bool, tally: Tally) -> None:
    times_s = np.array(sorted(labels))
    for time_s, picture, width_px in redacted(clip, detector_name, times_s.tolist(), is_still, tally):
        nearest = float(times_s[np.abs(times_s - time_s).argmin()])
        tally.add(clip.name, picture, labels[nearest], width_px)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--detector", default="yolox-nano")
    asked.add_argument("--seconds", type=float, default=80.0)
    asked.add_argument("--leaks", action="store_true", help="name every track that leaks")
    options = asked.parse_args()
    print("| truth, pictures | pictures | readable tracks | leaked | share | labels | leaked | filled | redaction, CPU-ms a picture |")
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        video, rendered = render(Path(folder), options.seconds)
        truths = {
            "rendered": {video: rendered},
            "200 real frames": {CLIPS / name: labels for name, labels in read_labels().items()},
        }
        for title, truth in truths.items():
            for is_still in (True, False):
                tally = Tally()
                for clip, labels in truth.items():
                    measure(clip, some_of(labels) if is_still and clip == video else labels, options.detector, is_still, tally)
                print(tally.row(f"{title}, {'stills (native size)' if is_still else f'preview ({PREVIEW_WIDTH_PX} px)'}"), flush=True)
                if options.leaks:
                    print("\n".join(f"    {name}" for name in sorted(tally.leaked)))


def some_of(labels: dict[float, list[Label]]) -> dict[float, list[Label]]:
    """Every fifth frame: a still costs a tenth of a second."""
    return {time_s: labels[time_s] for time_s in sorted(labels)[::5]}


if __name__ == "__main__":
    main()
