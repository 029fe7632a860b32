"""A made-up street: blocks that drive through a quiet picture at known times. As a source for one line, or encoded as a clip."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from catseye.core.arrays import Pixels
from catseye.core.detections import Detections
from catseye.core.errors import SourceError
from catseye.core.picture import RawFrame
from catseye.core.road_user import RoadUser
from catseye.core.sockets import SourceNotice
from catseye.core.time import NS_PER_S, Stamp

WIDTH_PX, HEIGHT_PX = 320, 240


@dataclass(frozen=True)
class Block:
    """Drives at constant speed; the middle of its lower edge is at `from_px` at `begin_s`. Never seen before or after."""

    from_px: tuple[float, float]
    speed_pxs: tuple[float, float]
    begin_s: float
    end_s: float
    size_px: tuple[float, float] = (48, 36)
    kind: RoadUser = RoadUser.CAR

    def box_px(self, time_s: float) -> list[float]:
        x, y = (start + speed * (time_s - self.begin_s) for start, speed in zip(self.from_px, self.speed_pxs, strict=True))
        return [x - self.size_px[0] / 2, y - self.size_px[1], x + self.size_px[0] / 2, y]

    def crosses_s(self, y_px: float) -> float:
        return self.begin_s + (y_px - self.from_px[1]) / self.speed_pxs[1]


def down_the_street(begin_s: float, x_px: float = 160, speed_pxs: float = 60.0) -> Block:
    """Comes in above, leaves below: 5 s, over y = 120 after 2."""
    return Block((x_px, 0), (0, speed_pxs), begin_s, begin_s + 300 / speed_pxs)


def boxes_at(blocks: Sequence[Block], time_s: float) -> tuple[np.ndarray, np.ndarray]:
    there = [block for block in blocks if block.begin_s <= time_s <= block.end_s]
    box = np.array([block.box_px(time_s) for block in there], np.float32).reshape(-1, 4)
    return np.clip(box, 0, [WIDTH_PX, HEIGHT_PX] * 2).astype(np.float32), np.array([block.kind.code for block in there], np.uint8)


def picture(blocks: Sequence[Block], time_s: float, width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX) -> Pixels:
    """RGB, uint8 (height_px, width_px, 3)."""
    slope = np.linspace(80, 110, width_px, dtype=np.float32)[None, :] + np.linspace(0, 30, height_px, dtype=np.float32)[:, None]
    rgb = np.repeat(slope.astype(np.uint8)[:, :, None], 3, axis=2)
    scale = np.array([width_px / WIDTH_PX, height_px / HEIGHT_PX] * 2)
    for left, top, right, bottom in np.rint(boxes_at(blocks, time_s)[0] * scale).astype(int):
        rgb[top:bottom, left:right] = 230
    return rgb


class Seer:
    """A detector that knows the street; counts its looks."""

    name = "seer"

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.looks_count = 0
        self._blocks = blocks

    def detect(self, frame: RawFrame) -> Detections:
        self.looks_count += 1
        box, kind = boxes_at(self._blocks, frame.time_ns / NS_PER_S)
        there = ((box[:, 2:] - box[:, :2]) > 4).all(axis=1)
        scale = np.array([frame.width_px / WIDTH_PX, frame.height_px / HEIGHT_PX] * 2, np.float32)
        return Detections(box[there] * scale, np.full(int(there.sum()), 0.9, np.float32), kind[there])


class Street:
    """A source over blocks, `seconds_s` long at 25 a second. `items` may change, drop or add what comes."""

    def __init__(
        self,
        blocks: Sequence[Block],
        seconds_s: float,
        *,
        is_live: bool = False,
        start: Stamp | None = None,
        items: Callable[[RawFrame], Sequence[RawFrame | SourceNotice]] = lambda frame: [frame],
        fault: SourceError | None = None,
    ) -> None:
        self.camera, self.is_live, self.duration_s = "cam-1", is_live, seconds_s
        self.is_closed = False
        self._blocks, self._items, self._start, self._fault = blocks, items, start, fault

    def __iter__(self) -> Iterator[RawFrame | SourceNotice]:
        for index in range(round((self.duration_s or 0) * 25)):
            if self.is_closed:
                return
            time_ns = index * NS_PER_S // 25
            yield from self._items(
                RawFrame(self.camera, index, time_ns, self._start.plus_ns(time_ns) if self._start else None, WIDTH_PX, HEIGHT_PX, self._convert(time_ns))
            )
        if self._fault:
            raise self._fault

    def close(self) -> None:
        self.is_closed = True

    def _convert(self, time_ns: int) -> Callable[[int, int, str], Pixels]:
        def convert(width_px: int, height_px: int, form: str) -> Pixels:
            rgb = picture(self._blocks, time_ns / NS_PER_S, width_px, height_px)
            return rgb if form == "rgb24" else np.ascontiguousarray(rgb[:, :, 0])

        return convert


def encode_street(
    path: Path,
    blocks: Sequence[Block],
    seconds_s: float,
    *,
    fps: int = 25,
    size_px: tuple[int, int] = (WIDTH_PX, HEIGHT_PX),
    form: str | None = None,
    from_s: float = 0.0,
) -> Path:
    """The street as H.264, seconds `from_s` to `seconds_s`; `form` is a muxer's name where the suffix does not say it."""
    with av.open(str(path), "w", format=form) as out:
        stream = out.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "23", "g": "25", "threads": "1"})
        stream.width, stream.height = size_px
        stream.pix_fmt = "yuv420p"
        for index in range(round(from_s * fps), round(seconds_s * fps)):
            frame = av.VideoFrame.from_ndarray(picture(blocks, index / fps, *size_px), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path
