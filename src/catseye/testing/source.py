"""What every source must do, whoever wrote it. `check_source(make)` in a test of the plug-in is all there is to it.

`make` gives a fresh source over the same camera or file. Of a live one only the first frames are looked at.
"""

import threading
from collections.abc import Callable, Iterable
from itertools import islice, pairwise

import numpy as np

from catseye.core.picture import RawFrame
from catseye.core.sockets import Source, SourceNotice

Make = Callable[[], Source]
ITEMS_COUNT = 50
PATIENCE_S = 20.0


def it_fills_the_socket(make: Make) -> None:
    """A camera's name, whether it is live, how long it lasts where that is known, frames and a way to end them."""
    source = make()
    _must(isinstance(source, Source) and isinstance(source.camera, str) and bool(source.camera), source, "wanted camera, is_live, duration_s, close")
    _must(source.duration_s is None or source.duration_s > 0, source, f"lasts {source.duration_s} s; wanted more than 0, or None")
    source.close()


def it_gives_frames_in_order_of_time(make: Make) -> None:
    """The first at zero, none before the one before it; indices rise; the wall clock, where there is one, goes with them."""
    source = make()
    frames = [item for item in _first_items(source) if isinstance(item, RawFrame)]
    _must(bool(frames), source, "gave no frame")
    _must(frames[0].time_ns == 0, source, f"began at {frames[0].time_ns} ns; wanted 0")
    _must(all(later.time_ns >= earlier.time_ns for earlier, later in pairwise(frames)), source, "let time run backwards")
    _must(all(later.index > earlier.index for earlier, later in pairwise(frames)), source, "gave an index twice, or out of order")
    _must({frame.camera for frame in frames} == {source.camera}, source, f"gave frames of another camera than {source.camera!r}")
    _must(len({frame.when is None for frame in frames}) == 1, source, "knew the wall clock of some frames only")


def it_gives_pixels_in_any_size(make: Make) -> None:
    """RGB (h, w, 3) and grey (h, w), uint8, in native size and in sizes of your asking."""
    source = make()
    frame = next(item for item in _first_items(source) if isinstance(item, RawFrame))
    for width_px, height_px in ((frame.width_px, frame.height_px), (64, 48), (33, 17), (1, 1)):
        rgb, grey = frame.rgb(width_px, height_px), frame.grey(width_px, height_px)
        _must(rgb.shape == (height_px, width_px, 3) and grey.shape == (height_px, width_px), source, f"gave {rgb.shape} and {grey.shape} pixels")
        _must(rgb.dtype == grey.dtype == np.uint8, source, f"gave {rgb.dtype} and {grey.dtype}; wanted uint8")


def it_tells_notices_of_spans(make: Make) -> None:
    """A kind, a sentence, and an end that is not before its beginning."""
    source = make()
    for item in _first_items(source):
        if isinstance(item, SourceNotice):
            _must(item.end_time_ns >= item.time_ns >= 0, source, f"told a {item.kind} that ends before it begins")
            _must(bool(item.kind and item.detail), source, "told a notice without a kind or a sentence")


def it_ends_when_it_is_closed(make: Make) -> None:
    """From another thread, in the middle, twice: the iteration ends by itself."""
    source = make()
    begun, ended = threading.Event(), threading.Event()

    def watch() -> None:
        for item in source:
            if isinstance(item, RawFrame):
                begun.set()
        ended.set()

    threading.Thread(target=watch, daemon=True).start()
    _must(begun.wait(PATIENCE_S), source, f"gave no frame in {PATIENCE_S:.0f} s")
    source.close()
    _must(ended.wait(PATIENCE_S), source, f"went on for {PATIENCE_S:.0f} s after it was closed")
    source.close()


FACTS: tuple[Callable[[Make], None], ...] = (
    it_fills_the_socket,
    it_gives_frames_in_order_of_time,
    it_gives_pixels_in_any_size,
    it_tells_notices_of_spans,
    it_ends_when_it_is_closed,
)


def check_source(make: Make) -> None:
    """Every fact in turn; AssertionError at the first that does not hold."""
    for fact in FACTS:
        fact(make)


def _first_items(source: Source) -> list[RawFrame | SourceNotice]:
    items: Iterable[RawFrame | SourceNotice] = source
    found = list(islice(items, ITEMS_COUNT))
    source.close()
    return found


def _must(holds: bool, source: object, otherwise: str) -> None:
    if not holds:
        raise AssertionError(f"{source!r} {otherwise}")
