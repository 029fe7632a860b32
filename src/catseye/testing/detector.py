"""What every detector must do, whoever wrote it. `check_detector(make)` in a test of the plug-in is all there is to it.

Each fact takes `make`, which gives a fresh detector, and raises AssertionError in a sentence that names the detector.
"""

from collections.abc import Callable, Iterator

import numpy as np

from catseye.core.arrays import Pixels
from catseye.core.detections import Detections
from catseye.core.picture import RawFrame
from catseye.core.road_user import ROAD_USERS
from catseye.core.sockets import Detector
from catseye.core.time import NS_PER_MS, NS_PER_S

Make = Callable[[], Detector]
STRANGE_SIZES_PX = ((1, 1), (3, 2), (33, 17), (352, 288), (120, 640), (900, 20), (20, 900))
SMALL_PX = (160, 96)


def still(rgb: Pixels, time_ns: int = 0, index: int = 0, camera: str = "cam-1") -> RawFrame:
    """A frame that shows this picture, uint8 (h, w, 3); scaled by the nearest pixel, and nobody may write into what it gives."""
    height_px, width_px = rgb.shape[:2]

    def convert(wanted_width_px: int, wanted_height_px: int, form: str) -> Pixels:
        rows = np.arange(wanted_height_px) * height_px // wanted_height_px
        columns = np.arange(wanted_width_px) * width_px // wanted_width_px
        scaled = rgb[rows[:, None], columns]
        made = np.asarray(scaled @ np.array([0.299, 0.587, 0.114]) + 0.5, np.uint8) if form == "gray8" else scaled
        made.flags.writeable = False
        return made

    return RawFrame(camera, index, time_ns, None, width_px, height_px, convert)


def passing_block(count: int = 40, size_px: tuple[int, int] = SMALL_PX, step_ms: int = 125) -> Iterator[RawFrame]:
    """A dark block that crosses a bright road from left to right, the same on every machine."""
    width_px, height_px = size_px
    for index in range(count):
        rgb = np.full((height_px, width_px, 3), 150, np.uint8)
        left = round(index * width_px / count)
        rgb[height_px // 3 : 2 * height_px // 3, left : left + width_px // 5] = (30, 40, 90)
        yield still(rgb, index * step_ms * NS_PER_MS, index)


def it_fills_the_socket(make: Make) -> None:
    """A name, and `detect`."""
    detector = make()
    _must(isinstance(detector, Detector) and isinstance(detector.name, str) and bool(detector.name), detector, "wanted a `name` and a `detect`")


def it_gives_columns_of_the_right_types(make: Make) -> None:
    """float32 boxes and scores from 0 to 1, uint8 codes of RoadUser."""
    detector = make()
    for frame in passing_block():
        found = detector.detect(frame)
        types = [str(column.dtype) for column in (found.box_px, found.score_ratio, found.kind)]
        _must(types == ["float32", "float32", "uint8"], detector, f"gave columns of {types}; wanted float32, float32, uint8")
        _must(bool((found.kind < len(ROAD_USERS)).all()), detector, "gave a kind that is no road user")
        _must(bool(((found.score_ratio >= 0) & (found.score_ratio <= 1)).all()), detector, "gave a score outside 0..1")


def it_gives_boxes_inside_the_picture(make: Make) -> None:
    """In native pixels, left before right, top before bottom, nothing outside."""
    detector = make()
    for frame in passing_block():
        _must_lie_inside(detector, detector.detect(frame), frame)


def it_takes_any_picture(make: Make) -> None:
    """One pixel, a tower, a ribbon; black, white, noise: an answer, never an error."""
    rng = np.random.default_rng(0)
    for width_px, height_px in STRANGE_SIZES_PX:
        shape = (height_px, width_px, 3)
        detector = make()
        for index, rgb in enumerate((np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8), rng.integers(0, 256, shape, np.uint8))):
            frame = still(rgb, index * NS_PER_S, index)
            _must_lie_inside(detector, detector.detect(frame), frame)


def it_takes_a_change_of_size_and_a_broken_clock(make: Make) -> None:
    """Another size in the middle, time that stands still, a gap of an hour."""
    detector = make()
    rgb = np.full((96, 160, 3), 90, np.uint8)
    for index, (time_ns, picture) in enumerate(((0, rgb), (0, rgb), (3600 * NS_PER_S, rgb), (3601 * NS_PER_S, rgb[:50, :70]), (3602 * NS_PER_S, rgb))):
        frame = still(picture, time_ns, index)
        _must_lie_inside(detector, detector.detect(frame), frame)


def it_answers_the_same_again(make: Make) -> None:
    """Two fresh detectors, the same frames: the same columns, bit for bit. A replay must give the same events."""
    one, other = make(), make()
    for first, second in zip(passing_block(), passing_block(), strict=True):
        a, b = one.detect(first), other.detect(second)
        same = all(np.array_equal(x, y) for x, y in ((a.box_px, b.box_px), (a.score_ratio, b.score_ratio), (a.kind, b.kind)))
        _must(same, one, f"gave other boxes for the same {first.index + 1} frames")


FACTS: tuple[Callable[[Make], None], ...] = (
    it_fills_the_socket,
    it_gives_columns_of_the_right_types,
    it_gives_boxes_inside_the_picture,
    it_takes_any_picture,
    it_takes_a_change_of_size_and_a_broken_clock,
    it_answers_the_same_again,
)


def check_detector(make: Make) -> None:
    """Every fact in turn; AssertionError at the first that does not hold."""
    for fact in FACTS:
        fact(make)


def _must_lie_inside(detector: Detector, found: Detections, frame: RawFrame) -> None:
    box_px, size_px = found.box_px, (frame.width_px, frame.height_px)
    inside = (box_px[:, :2] >= 0).all() and (box_px[:, 2:] <= np.array(size_px)).all()
    _must(bool(np.isfinite(box_px).all() and inside), detector, f"gave a box outside a picture of {size_px} px")
    _must(bool((box_px[:, 2:] > box_px[:, :2]).all()), detector, "gave a box without area")


def _must(holds: bool, detector: object, otherwise: str) -> None:
    if not holds:
        raise AssertionError(f"{getattr(detector, 'name', detector)!r} {otherwise}")
