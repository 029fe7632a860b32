"""The conformance suite passes what is right and names what is wrong."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from catseye.core.detections import Detections
from catseye.core.picture import RawFrame
from catseye.testing.detector import FACTS, check_detector, passing_block, still

Give = Callable[[RawFrame], Detections]


class Plugin:
    """A detector whose answer a test chooses."""

    name = "plugin"

    def __init__(self, give: Give) -> None:
        self._give = give

    def detect(self, frame: RawFrame) -> Detections:
        return self._give(frame)


def one_box(*sides: float, score: float = 0.5, kind: int = 3, dtype: Any = np.float32) -> Give:
    return lambda frame: Detections(np.array([sides], dtype), np.array([score], np.float32), np.array([kind], np.uint8))


def scribble(frame: RawFrame) -> Detections:
    frame.rgb(frame.width_px, frame.height_px)[:] = 0
    return Detections.none()


def test_an_empty_look_is_a_valid_answer() -> None:
    check_detector(lambda: Plugin(lambda frame: Detections.none()))


@pytest.mark.parametrize(
    ("give", "said"),
    [
        (one_box(0, 0, 1, 1, dtype=np.float64), "gave columns of"),
        (one_box(0, 0, 1, 1, score=1.5), "gave a score outside"),
        (one_box(0, 0, 1, 1, kind=99), "gave a kind that is no road user"),
        (one_box(-1, 0, 1, 1), "gave a box outside a picture"),
        (one_box(0, 0, 20_000, 1), "gave a box outside a picture"),
        (one_box(0, 0, float("nan"), 1), "gave a box outside a picture"),
        (one_box(1, 0, 1, 1), "gave a box without area"),
    ],
)
def test_what_a_detector_does_wrong_is_named(give: Give, said: str) -> None:
    with pytest.raises(AssertionError, match=f"^'plugin' {said}"):
        check_detector(lambda: Plugin(give))


def test_a_detector_may_not_draw_into_the_picture() -> None:
    with pytest.raises(ValueError, match="read-only"):
        check_detector(lambda: Plugin(scribble))


def test_a_detector_that_answers_by_chance_is_found_out() -> None:
    rng = np.random.default_rng(0)

    def chance(frame: RawFrame) -> Detections:
        return one_box(0, 0, 1, 1, score=float(rng.random()))(frame)

    with pytest.raises(AssertionError, match="gave other boxes for the same 1 frames"):
        check_detector(lambda: Plugin(chance))


def test_what_is_no_detector_is_found_out() -> None:
    with pytest.raises(AssertionError, match="wanted a `name` and a `detect`"):
        check_detector(object)  # type: ignore[arg-type]


def test_every_fact_has_a_sentence() -> None:
    assert all(fact.__name__.startswith("it_") and fact.__doc__ for fact in FACTS)


def test_a_still_shows_its_picture_in_any_size() -> None:
    rgb = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    frame = still(rgb, 5, 2, "gate")
    assert (frame.camera, frame.index, frame.time_ns, frame.width_px, frame.height_px) == ("gate", 2, 5, 6, 4)
    assert np.array_equal(frame.rgb(6, 4), rgb)
    assert frame.rgb(3, 9).shape == (9, 3, 3)
    assert frame.grey(3, 2).shape == (2, 3)
    assert not frame.grey(6, 4).flags.writeable


def test_the_passing_block_passes() -> None:
    frames = list(passing_block(10))
    assert [frame.time_ns for frame in frames] == [index * 125_000_000 for index in range(10)]
    dark = [int((frame.grey(160, 96) < 100).any(axis=0).argmax()) for frame in frames]
    assert dark == sorted(set(dark))
