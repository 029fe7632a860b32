"""The labelled head of a real clip, and copies of it a poor camera would have made."""

from pathlib import Path

import numpy as np
import pytest
from benchmarks.degraded import DAMAGES, frame_of
from benchmarks.lamps import clip_labels, clip_tables, read, score

from catseye.core.picture import RawFrame
from catseye.vision.sources import open_source

SPAN_S = 12.0  # all that changes in the clip is in its first five seconds


@pytest.fixture(scope="module")
def frames(shared: Path) -> list[RawFrame]:
    found = []
    with open_source(str(shared / "video" / "hanoi-giang-vo.mp4")) as source:
        for item in source:
            if item.time_ns > SPAN_S * 1e9:
                break
            if isinstance(item, RawFrame):
                found.append(frame_of(item.rgb(item.width_px, item.height_px), item))
    return found


@pytest.mark.parametrize("copy", ["as it is", "352×288", "0.35 of the light", "352×288, half the light, noise"])
def test_every_label_is_met_and_what_nobody_sees_is_unknown(frames: list[RawFrame], copy: str) -> None:
    worse = [frame_of(DAMAGES[copy](frame.rgb(frame.width_px, frame.height_px), np.random.default_rng([7, frame.index])), frame) for frame in frames]
    told = read(worse, clip_tables)
    for name, labels in clip_labels().items():
        met = score([label for label in labels if label.time_s < SPAN_S], told[name])
        assert (met.wrong_count, met.unknown_count, met.red_wrong_count) == (0, 0, 0), name
        assert met.dark_right_count == met.dark_count, name
