"""Every detector fills the socket; a network's boxes come in native pixels, of any picture; a plug-in is found by its entry point."""

from importlib.metadata import EntryPoint
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catseye.core.detections import Detections
from catseye.core.errors import ModelError
from catseye.core.picture import RawFrame
from catseye.core.road_user import RoadUser
from catseye.core.sockets import Detector
from catseye.testing.detector import FACTS, Make, check_detector, passing_block, still
from catseye.vision import models as manifest
from catseye.vision.detect import detector as detectors
from catseye.vision.detect.detector import DetectorSettings, MotionDetector, NetworkDetector, input_size_px, open_detector, within


@pytest.fixture
def weights(models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CATSEYE_MODELS", str(models))
    return models


def first_frame(clip: Path, index: int = 20) -> RawFrame:
    with av.open(str(clip)) as container:
        for at, frame in enumerate(container.decode(video=0)):
            if at == index:
                rgb = frame.to_ndarray(format="rgb24")
                return still(np.ascontiguousarray(rgb))
    raise IndexError(index)


@pytest.mark.parametrize("fact", FACTS)
@pytest.mark.parametrize("name", ["motion", "yolox-nano", "picodet-s-320", "person-vehicle-bike-2001-int8"])
def test_every_detector_of_ours_fills_the_socket(name: str, fact: object, weights: Path) -> None:
    make: Make = lambda: open_detector(name)  # noqa: E731
    fact(make)  # type: ignore[operator]


@pytest.mark.parametrize("name", ["yolox-nano", "picodet-s-416", "person-vehicle-bike-2001-int8"])
def test_a_street_shows_cars_in_native_pixels(name: str, weights: Path, shared: Path) -> None:
    frame = first_frame(shared / "video" / "suburban-street.mp4")
    found = open_detector(name).detect(frame)
    cars = found.keep(np.flatnonzero((found.kind == RoadUser.CAR.code) & (found.score_ratio > 0.5)))
    assert len(cars) > 0
    assert cars.box_px[:, 2].max() > 0.4 * frame.width_px


def test_the_same_street_in_another_size_shows_the_same_cars(weights: Path, shared: Path) -> None:
    frame = first_frame(shared / "video" / "suburban-street.mp4")
    double = still(np.repeat(np.repeat(frame.rgb(frame.width_px, frame.height_px), 2, axis=0), 2, axis=1))
    one, two = open_detector("yolox-nano").detect(frame), open_detector("yolox-nano").detect(double)
    assert two.box_px[0] / 2 == pytest.approx(one.box_px[0], abs=8)


@given(st.integers(1, 5000), st.integers(1, 5000), st.sampled_from([320, 416]), st.sampled_from([0, 352, 500, 640]))
def test_the_input_is_in_whole_cells_and_never_empty(width_px: int, height_px: int, trained_px: int, wanted_px: int) -> None:
    width, height = input_size_px(width_px, height_px, trained_px, wanted_px)
    assert width % 32 == height % 32 == 0
    assert width >= 32
    assert height >= 32
    if not wanted_px:
        assert max(width, height) <= trained_px + 32


def test_a_wanted_width_is_taken(weights: Path) -> None:
    detector = open_detector("yolox-nano", DetectorSettings(input_width_px=640))
    assert isinstance(detector, NetworkDetector)
    assert detector.size_px(1280, 720) == (640, 352)


def test_a_network_of_fixed_size_gets_its_own_size(weights: Path) -> None:
    detector = open_detector("person-vehicle-bike-2001-int8")
    assert isinstance(detector, NetworkDetector)
    assert detector.size_px(1280, 720) == (384, 384)


@settings(max_examples=50)
@given(st.lists(st.tuples(*[st.floats(-1e4, 1e4, width=32)] * 4), max_size=8))
def test_boxes_are_cut_to_the_picture(boxes: list[tuple[float, ...]]) -> None:
    cut = within(np.array(boxes, np.float32).reshape(-1, 4), 64, 48)
    assert ((cut >= 0) & (cut <= [64, 48, 64, 48])).all()


def test_motion_sees_what_passes_and_calls_it_unknown() -> None:
    detector = MotionDetector()
    looks = [detector.detect(frame) for frame in passing_block(80, (320, 180))]
    seen = [look for look in looks[40:] if len(look)]
    assert len(seen) > 30
    assert {int(kind) for look in seen for kind in look.kind} == {RoadUser.UNKNOWN.code}
    assert all((look.score_ratio > 0.35).all() for look in seen)
    centres = [float(look.box_px[0, [0, 2]].mean()) for look in seen if len(look) == 1]
    assert centres == sorted(centres)


def test_two_motion_detectors_hold_two_backgrounds() -> None:
    one, other = open_detector("motion"), open_detector("motion")
    assert isinstance(one, MotionDetector)
    assert isinstance(other, MotionDetector)
    one.detect(still(np.full((60, 80, 3), 200, np.uint8)))
    assert other.foreground.background() is None


def test_an_unknown_name_is_one_line_with_the_nearest_known_one() -> None:
    with pytest.raises(ModelError) as fault:
        open_detector("yolo-nano")
    assert str(fault.value) == "detector: no model is called 'yolo-nano'; wanted 'yolox-nano'"


def test_a_finder_of_regions_is_no_detector_of_road_users() -> None:
    with pytest.raises(ModelError, match=r"^detector: 'yunet-n-640' finds no road users; wanted one of yolox-nano, .*, motion$"):
        open_detector("yunet-n-640")


class EverythingEverywhere:
    """A plug-in: one car as large as the picture."""

    name = "everything"

    def detect(self, frame: RawFrame) -> Detections:
        box_px = np.array([[0, 0, frame.width_px, frame.height_px]], np.float32)
        return Detections(box_px, np.ones(1, np.float32), np.array([RoadUser.CAR.code], np.uint8))


def not_a_detector() -> object:
    return object()


def broken() -> Detector:
    raise RuntimeError("no\nlicence")


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = {
        name: EntryPoint(name, f"{__name__}:{thing.__name__}", manifest.PLUGINS)
        for name, thing in {"everything": EverythingEverywhere, "nothing": not_a_detector, "broken": broken}.items()
    }
    loads = {"everything": EverythingEverywhere, "nothing": not_a_detector, "broken": broken}
    monkeypatch.setattr(EntryPoint, "load", lambda self: loads[self.name])
    monkeypatch.setattr(detectors, "entry_points", lambda group, name: [installed[name]] if group == manifest.PLUGINS and name in installed else [])


@pytest.mark.usefixtures("plugins")
def test_a_plugin_is_opened_by_the_name_of_its_entry_point() -> None:
    assert isinstance(open_detector("everything"), EverythingEverywhere)
    check_detector(lambda: open_detector("everything"))


@pytest.mark.usefixtures("plugins")
def test_a_plugin_that_fails_is_one_line() -> None:
    for name, said in (
        ("nothing", "made a object; wanted a Detector"),
        ("broken", r"cannot be made \(RuntimeError: no licence\); wanted a plug-in that works"),
    ):
        with pytest.raises(ModelError, match=said):
            open_detector(name)


def test_motion_registers_as_a_plugin_would() -> None:
    from importlib.metadata import entry_points

    (motion,) = entry_points(group=manifest.PLUGINS, name="motion")
    check_detector(motion.load())
