"""The built-in detectors: a network behind the socket, and motion alone."""

from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points

import numpy as np

from catseye.core.arrays import Bools, Floats, Pixels
from catseye.core.detections import Detections
from catseye.core.errors import CatseyeError, ModelError
from catseye.core.picture import RawFrame
from catseye.core.road_user import RoadUser
from catseye.core.sockets import Detector
from catseye.core.time import NS_PER_S
from catseye.vision import models
from catseye.vision.detect.boxes import Limits, suppress, unite_riders
from catseye.vision.detect.network import Network, open_network
from catseye.vision.foreground import Foreground, ForegroundSettings, blobs_of

_CELL_PX = 32
RATE_LOOKS_COUNT = 3
_UNKNOWN = RoadUser.UNKNOWN.code


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """How a network is used. `input_width_px`: 0 lets the network's training size and the camera's frame rate decide: a camera of at most `slow_fps` frames a
    second is looked at `slow_input_px` wide, since its traffic moves far between frames and its few frames leave time for a better look.
    """

    input_width_px: int = 0
    slow_fps: float = 10.0
    slow_input_px: int = 640


def open_detector(name: str, settings: DetectorSettings | None = None) -> Detector:
    """A detector by name: of the manifest, `motion`, or a plug-in's. ModelError when there is none, or its weights are not right."""
    if name == models.MOTION:
        return MotionDetector()
    if name not in models.catalogue() and (plugins := tuple(entry_points(group=models.PLUGINS, name=name))):
        return _plugged_in(plugins[0])
    model = models.model_named(name)
    if not model.classes:
        raise ModelError("detector", f"{name!r} finds no road users", "one of " + ", ".join(models.detectors()))
    return NetworkDetector(open_network(name), settings or DetectorSettings())


def _plugged_in(plugin: EntryPoint) -> Detector:
    """What the entry point names, called without arguments. A plug-in may fail in any way: whatever it was is told, and the camera ends alone."""
    where = f"detector {plugin.name} ({plugin.value})"
    try:
        made = plugin.load()()
    except CatseyeError:
        raise
    except Exception as fault:  # somebody else's code: whatever it raises ends its own camera in one line
        raise ModelError(where, f"cannot be made ({type(fault).__name__}: {' '.join(str(fault).split())})", "a plug-in that works") from fault
    if not isinstance(made, Detector):
        raise ModelError(where, f"made a {type(made).__name__}", "a Detector: `name` and `detect` (docs/how-to/add-a-detector.md)")
    return made


def input_size_px(native_width_px: int, native_height_px: int, trained_px: int, wanted_width_px: int = 0) -> tuple[int, int]:
    """Network input (width, height) in multiples of 32 that fits the picture's shape: no letterbox, no wasted cell.

    Without a wanted width the long side is the side the network was trained on, but never more than the picture has:
    352×288 enlarged to 416 wide costs 1.4 times as much a look and counts one vehicle in a hundred better (docs/decisions/0004).

    >>> input_size_px(640, 360, 416)
    (416, 224)
    >>> input_size_px(352, 288, 416)
    (352, 288)
    """
    native_px = max(native_width_px, native_height_px)
    long_px = min(trained_px, -(-native_px // _CELL_PX) * _CELL_PX)
    scale = (wanted_width_px / native_width_px) if wanted_width_px else long_px / native_px
    return _in_cells(native_width_px * scale), _in_cells(native_height_px * scale)


def _in_cells(length_px: float) -> int:
    return max(_CELL_PX, int(np.ceil(length_px / _CELL_PX - 0.35)) * _CELL_PX)


class NetworkDetector:
    """A network of the manifest behind the socket; the weights are shared by all cameras of the process."""

    def __init__(self, network: Network, settings: DetectorSettings) -> None:
        """Hold the shared network; of this camera only its frame rate is kept, told by its first looks."""
        self.name = network.model.name
        self._network = network
        self._settings = settings
        self._limits = Limits(network.model.most_iou_ratio, most_inside_ratio=network.model.most_inside_ratio)
        self._is_fixed = network.model.runtime == "openvino"
        self._first: RawFrame | None = None
        self._looks_count = 0
        self._wanted_width_px = settings.input_width_px

    def size_px(self, width_px: int, height_px: int) -> tuple[int, int]:
        """The size a frame of this native size is scaled to: (width, height)."""
        side = self._network.model.input_px
        return (side, side) if self._is_fixed else input_size_px(width_px, height_px, side, self._wanted_width_px)

    def detect(self, frame: RawFrame) -> Detections:
        """See `Detector.detect`: a rider and a two-wheeler come as one, a vehicle two classes claim comes once."""
        self._learn_rate(frame)
        width_px, height_px = self.size_px(frame.width_px, frame.height_px)
        found = self._network.look(frame.rgb(width_px, height_px), self._network.model.least_score_ratio)
        found = unite_riders(suppress(found, self._limits))
        scale, limit = _to_native(width_px, height_px, frame.width_px, frame.height_px)
        box_px = np.minimum(np.maximum(found.box_px * scale, 0), limit)
        has_area: Bools = (box_px[:, 2] > box_px[:, 0]) & (box_px[:, 3] > box_px[:, 1])
        found = Detections(box_px, found.score_ratio, found.kind)
        return found if np.count_nonzero(has_area) == len(found) else found.keep(has_area)

    def _learn_rate(self, frame: RawFrame) -> None:
        """Decide the input's width for good at the third look, when the camera's frame rate is known."""
        self._looks_count += 1
        if self._looks_count > RATE_LOOKS_COUNT or self._settings.input_width_px:
            return
        self._first = self._first or frame
        if self._looks_count == RATE_LOOKS_COUNT:
            span_s = (frame.time_ns - self._first.time_ns) / NS_PER_S
            is_slow = frame.index - self._first.index <= self._settings.slow_fps * span_s
            if is_slow and frame.width_px >= self._settings.slow_input_px:
                self._wanted_width_px = self._settings.slow_input_px
            self._first = None


class MotionDetector:
    """No weights: what moves before a learnt background of a fixed camera. It cannot tell kinds: all are `unknown`."""

    name = models.MOTION

    def __init__(self, settings: ForegroundSettings | None = None, least_area_ratio: float = 0.0006) -> None:
        """One instance a camera: it holds that camera's background."""
        self.foreground = Foreground(settings)
        self.mask: Pixels = np.zeros((1, 1), np.uint8)
        self._least_area_ratio = least_area_ratio

    def detect(self, frame: RawFrame) -> Detections:
        """See `Detector.detect`; the score grows with how much of the box moves. `mask` keeps what moved."""
        self.mask = self.foreground.see(frame)
        blobs = blobs_of(self.mask, frame.width_px, frame.height_px, self._least_area_ratio)
        score = np.clip(0.35 + 0.65 * blobs.fill_ratio, 0, 1).astype(np.float32)
        kind, moved = np.full(len(score), _UNKNOWN, np.uint8), np.ones(len(score), np.bool_)
        return Detections(within(blobs.box_px, frame.width_px, frame.height_px), score, kind, moved)


@lru_cache(maxsize=64)
def _to_native(width_px: int, height_px: int, native_width_px: int, native_height_px: int) -> tuple[Floats, Floats]:
    """What the corners (4,) of a box in a scaled picture are multiplied by, and the most they may then be."""
    scale = np.array([native_width_px / width_px, native_height_px / height_px] * 2, np.float32)
    return scale, np.array([native_width_px, native_height_px] * 2, np.float32)


def within(box_px: Floats, width_px: int, height_px: int) -> Floats:
    """Boxes cut to the picture."""
    limit = np.array([width_px, height_px] * 2, np.float32)
    return np.asarray(np.clip(box_px, 0, limit), np.float32)
