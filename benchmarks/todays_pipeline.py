"""The pipeline people write today: OpenCV reads, a square network looks at every frame, `trackers` ByteTrack, `supervision` LineZone.

Pre- and post-processing follow YOLOX's own ONNX Runtime demo (Megvii-BaseDetection/YOLOX, Apache-2.0, demo/ONNXRuntime and yolox/utils/demo_utils.py):
letterbox of 114, normalisation and decoding in numpy, NMS over all classes at 0.45 from a score of 0.1. One thread each.
"""

import os

os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "threads;1")  # read when a file is opened

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.common import TrueLine, Way

SIDE_PX = 416
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
ROAD_CLASSES = (0, 1, 2, 3, 5, 7)  # COCO: person, bicycle, car, motorcycle, bus, truck
SCORE, NMS_IOU = 0.1, 0.45
# As the library comes, and opened to the scores a nano network gives.
TRACKER_SETTINGS: dict[str, dict[str, float]] = {
    "defaults": {},
    "opened": {"track_activation_threshold": 0.35, "high_conf_det_threshold": 0.3},
}


@dataclass(frozen=True, slots=True)
class Found:
    """What the detector said of one frame; `time_s` by frame number and nominal rate, as OpenCV tells it."""

    time_s: float
    box_px: np.ndarray
    score: np.ndarray
    kind: np.ndarray


class YoloxDemo:
    """The network on ONNX Runtime, one thread."""

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def __call__(self, picture: np.ndarray, time_s: float) -> Found:
        """Boxes of one BGR picture, in its pixels."""
        pixels, ratio = preprocess(picture)
        rows = demo_postprocess(self._session.run(None, {self._input: pixels[None]})[0])[0]
        centre, size = rows[:, :2], rows[:, 2:4]
        box_px = np.concatenate([centre - size / 2, centre + size / 2], axis=1) / ratio
        scores = rows[:, 4:5] * rows[:, 5:]
        box_px, score, kind = nms_of_all_classes(box_px, scores)
        road = np.isin(kind, ROAD_CLASSES)
        return Found(time_s, box_px[road], score[road], kind[road])


def preprocess(picture: np.ndarray) -> tuple[np.ndarray, float]:
    """Letterbox and normalise, float32 (3, 416, 416), as the demo of 0.1.0 does for weights of 0.1.0."""
    padded = np.ones((SIDE_PX, SIDE_PX, 3)) * 114.0
    ratio = min(SIDE_PX / picture.shape[0], SIDE_PX / picture.shape[1])
    resized = cv2.resize(picture, (int(picture.shape[1] * ratio), int(picture.shape[0] * ratio)), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    padded[: resized.shape[0], : resized.shape[1]] = resized
    padded = padded[:, :, ::-1]
    padded /= 255.0
    padded -= MEAN
    padded /= STD
    return np.ascontiguousarray(padded.transpose(2, 0, 1), dtype=np.float32), ratio


def demo_postprocess(outputs: np.ndarray) -> np.ndarray:
    """Cells to pixels of the square."""
    grids, strides = [], []
    for stride in (8, 16, 32):
        cells = SIDE_PX // stride
        x, y = np.meshgrid(np.arange(cells), np.arange(cells))
        grid = np.stack((x, y), 2).reshape(1, -1, 2)
        grids.append(grid)
        strides.append(np.full((*grid.shape[:2], 1), stride))
    corner, stride_px = np.concatenate(grids, 1), np.concatenate(strides, 1)
    outputs[..., :2] = (outputs[..., :2] + corner) * stride_px
    outputs[..., 2:4] = np.exp(outputs[..., 2:4]) * stride_px
    return outputs


def nms_of_all_classes(box_px: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The demo's class-agnostic NMS, its default since 0.2: boxes, scores, classes."""
    kind = scores.argmax(1)
    score = scores[np.arange(len(kind)), kind]
    good = score > SCORE
    box_px, score, kind = box_px[good], score[good], kind[good]
    keep = greedy_nms(box_px, score)
    return box_px[keep], score[keep], kind[keep]


def greedy_nms(box_px: np.ndarray, score: np.ndarray) -> list[int]:
    """The numpy NMS that is copied from project to project."""
    x1, y1, x2, y2 = box_px.T
    areas = (x2 - x1 + 1) * (y2 - y1 + 1)
    order = score.argsort()[::-1]
    keep = []
    while order.size > 0:
        best = order[0]
        keep.append(int(best))
        width = np.maximum(0.0, np.minimum(x2[best], x2[order[1:]]) - np.maximum(x1[best], x1[order[1:]]) + 1)
        height = np.maximum(0.0, np.minimum(y2[best], y2[order[1:]]) - np.maximum(y1[best], y1[order[1:]]) + 1)
        overlap = width * height / (areas[best] + areas[order[1:]] - width * height)
        order = order[np.flatnonzero(overlap <= NMS_IOU) + 1]
    return keep


class TrackAndCount:
    """ByteTrack and one LineZone a line, triggered by the bottom centre of the box."""

    def __init__(self, lines: Sequence[TrueLine], frame_rate: float, settings: dict[str, float]) -> None:
        import supervision as sv
        from trackers import ByteTrackTracker

        self._sv = sv
        self._tracker: Any = ByteTrackTracker(frame_rate=frame_rate, **settings)
        anchors = (sv.Position.BOTTOM_CENTER,)
        self._zones = {line.id: sv.LineZone(start=sv.Point(*line.ends_px[0]), end=sv.Point(*line.ends_px[1]), triggering_anchors=anchors) for line in lines}

    def see(self, found: Found) -> None:
        """Take one frame."""
        tracked = self._tracker.update(self._sv.Detections(xyxy=found.box_px, confidence=found.score, class_id=found.kind))
        tracked = tracked[tracked.tracker_id >= 0]
        for zone in self._zones.values():
            zone.trigger(tracked)

    def counts(self) -> Counter[Way]:
        """By line and direction: walking begin to end, `in` is to the left hand, which is our backward."""
        told = {line: (zone.out_count, zone.in_count) for line, zone in self._zones.items()}
        return Counter({(line, way): count for line, pair in told.items() for way, count in zip(("forward", "backward"), pair, strict=True)})


def frames(path: Path) -> Iterator[tuple[float, np.ndarray]]:
    """Every frame with its time by number and rate."""
    video = cv2.VideoCapture(str(path))
    rate_fps = video.get(cv2.CAP_PROP_FPS)
    number = 0
    while True:
        is_read, picture = video.read()
        if not is_read:
            break
        yield number / rate_fps, picture
        number += 1
    video.release()


def frame_rate_fps(path: Path) -> float:
    """What the header says."""
    video = cv2.VideoCapture(str(path))
    rate_fps = float(video.get(cv2.CAP_PROP_FPS))
    video.release()
    return rate_fps


def replay(found: Sequence[Found], lines: Sequence[TrueLine], rate_fps: float, offset_ms: int, settings: dict[str, float]) -> Counter[Way]:
    """Counts of a run that began later: the detector has no memory, so its boxes need not be found again."""
    late = TrackAndCount(lines, rate_fps, settings)
    for each in found:
        if each.time_s >= offset_ms / 1000:
            late.see(each)
    return late.counts()
