"""The conformance suite passes what is right and names what is wrong."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from catseye.core.picture import RawFrame
from catseye.core.sockets import SourceNotice
from catseye.testing.detector import passing_block
from catseye.testing.source import FACTS, check_source
from catseye.vision.sources import open_source

Item = RawFrame | SourceNotice


class Plugin:
    """A source whose items a test chooses; live, so it goes on until it is closed."""

    is_live = True
    duration_s: float | None = None

    def __init__(self, items: Sequence[Item], camera: str = "cam-1") -> None:
        self.camera = camera
        self._items = items
        self._closed = threading.Event()

    def __repr__(self) -> str:
        return "Plugin()"

    def __iter__(self) -> Iterator[Item]:
        for item in self._items:
            if self._closed.is_set():
                return
            yield item

    def close(self) -> None:
        self._closed.set()


def frames(count: int = 5) -> list[RawFrame]:
    return list(passing_block(count))


def notice(begin_ns: int = 0, end_ns: int = 5, kind: str = "source-gap", detail: str = "no pictures") -> SourceNotice:
    return SourceNotice(kind, begin_ns, end_ns, detail)


def made_grey(frame: RawFrame) -> RawFrame:
    return replace(frame, convert=lambda width_px, height_px, form: np.zeros((height_px, width_px), np.uint8), _made={})


def test_a_source_of_frames_and_notices_conforms() -> None:
    check_source(lambda: Plugin([notice(), *frames()]))


@pytest.mark.parametrize("fact", FACTS)
def test_our_file_source_conforms(fact: Callable[..., None], tmp_path: Path) -> None:
    with av.open(str(tmp_path / "clip.mp4"), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for index in range(20):
            shade = np.full((64, 96, 3), 10 * index, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(shade, format="rgb24")))
        out.mux(stream.encode())
    fact(lambda: open_source(str(tmp_path / "clip.mp4")))


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([], "gave no frame"),
        (frames()[1:], "began at 125000000 ns; wanted 0"),
        ([frames()[0], *frames()[:0:-1]], "let time run backwards"),
        ([frames()[0], frames()[0]], "gave an index twice"),
        ([replace(frames()[0], camera="another")], "gave frames of another camera"),
        ([made_grey(frames()[0])], r"gave \(96, 160\) and \(96, 160\) pixels"),
        ([frames()[0], notice(9, 3)], "told a source-gap that ends before it begins"),
        ([frames()[0], notice(detail="")], "told a notice without a kind or a sentence"),
    ],
)
def test_what_a_source_does_wrong_is_named(items: list[Item], said: str) -> None:
    with pytest.raises(AssertionError, match=rf"^Plugin\(\) {said}"):
        check_source(lambda: Plugin(items))


def test_a_source_that_does_not_end_when_closed_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catseye.testing.source.PATIENCE_S", 0.2)
    released = threading.Event()

    class Deaf(Plugin):
        def __iter__(self) -> Iterator[Item]:
            yield from self._items
            released.wait()

    with pytest.raises(AssertionError, match="went on for 0 s after it was closed"):
        FACTS[-1](lambda: Deaf(frames()))
    released.set()


def test_what_is_no_source_is_found_out() -> None:
    with pytest.raises(AssertionError, match="wanted camera, is_live, duration_s, close"):
        check_source(object)  # type: ignore[arg-type]


def test_every_fact_has_a_sentence() -> None:
    assert all(fact.__name__.startswith("it_") and fact.__doc__ for fact in FACTS)
