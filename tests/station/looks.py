"""Looks that nobody had to film: a grey street, a bright body that drives down it, a tracker that is sure of it."""

from collections.abc import Iterator

import numpy as np

from catseye.core.arrays import Pixels
from catseye.core.detections import Detections, Tracked
from catseye.core.picture import RawFrame
from catseye.core.road_user import RoadUser
from catseye.core.time import NS_PER_S
from catseye.station.line import Look, Seen

WIDTH_PX, HEIGHT_PX = 320, 240
BODY_RGB = (255, 0, 200)
NO_TRACKS = np.empty(0, np.int64)


def street(width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX) -> Pixels:
    across = np.linspace(60, 120, width_px).astype(np.uint8)
    return np.repeat(np.repeat(across[None, :, None], height_px, axis=0), 3, axis=2).copy()


def look_at(time_s: float, kind: RoadUser = RoadUser.CAR, *, speed_px_s: float = 60.0, size_px: tuple[int, int] = (WIDTH_PX, HEIGHT_PX)) -> Look:
    """One body, 30 px wide and 40 high, at the height it reached by then; it comes anew from above when it has left."""
    width_px, height_px = size_px
    top = (time_s * speed_px_s) % height_px
    box_px = np.array([[width_px / 2, top, width_px / 2 + 30, min(top + 40, height_px)]], np.float32)
    rows = slice(int(top), int(min(top + 40, height_px)))
    columns = slice(width_px // 2, width_px // 2 + 30)

    def convert(to_width_px: int, to_height_px: int, form: str) -> Pixels:
        picture = street(width_px, height_px)
        picture[rows, columns] = BODY_RGB
        down, across = (np.arange(to) * whole // to for to, whole in ((to_height_px, height_px), (to_width_px, width_px)))
        scaled = picture[down][:, across]
        return scaled[:, :, 0].copy() if form == "gray8" else scaled.copy()

    mask = np.zeros((height_px, width_px), np.uint8)
    mask[rows, columns] = 255
    track = np.array([1 + int(time_s * speed_px_s) // height_px])
    code = np.array([kind.code], np.uint8)
    yes, score = np.ones(1, np.bool_), np.ones(1, np.float32)
    frame = RawFrame("cam-1", int(time_s * 25), int(time_s * NS_PER_S), None, width_px, height_px, convert)
    tracked = Tracked(frame.time_ns, track, box_px, code, yes, yes, score, np.empty((0, 2), np.int64), NO_TRACKS)
    found = Detections(box_px, score, code)
    return Look(frame, tracked, Seen(found, found, mask))


def looks(length_s: float, fps: float = 8.0, kind: RoadUser = RoadUser.CAR, **more: object) -> Iterator[Look]:
    return (look_at(number / fps, kind, **more) for number in range(int(length_s * fps)))  # type: ignore[arg-type] # keywords are passed on as they came
