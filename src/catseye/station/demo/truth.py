"""What is really in a rendered picture, and in a whole clip: columns, a row a road user and frame."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from catseye.core.arrays import Bools, Codes, Doubles, Ints

_PER_ROW = (
    "track", "kind", "x_m", "y_m", "heading_deg", "speed_kmh", "length_m", "width_m", "height_m", "box_px", "contact_px", "visible_ratio", "head_box_px",
    "plate_box_px",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FrameTruth:
    """What is really in one frame: one row a road user with at least one pixel in the picture if nobody hid it.

    `x_m`, `y_m` (n,) the middle of its footprint on the ground, `speed_kmh` as it moves in this very moment; `heading_deg` clockwise from north;
    `box_px` (n, 4) whole pixels, tight around what was drawn of it, hidden parts included; `contact_px` (n, 2) its ground-plane centre, projected;
    `visible_ratio` share of its drawn pixels that nothing hides; `head_box_px`, `plate_box_px` (n, 4) around the visible pixels of head and plate,
    nan where none is seen: what a redactor must cover.
    """

    time_s: float
    track: Ints
    kind: Codes
    x_m: Doubles
    y_m: Doubles
    heading_deg: Doubles
    speed_kmh: Doubles
    length_m: Doubles
    width_m: Doubles
    height_m: Doubles
    box_px: Doubles
    contact_px: Doubles
    visible_ratio: Doubles
    head_box_px: Doubles
    plate_box_px: Doubles

    def __len__(self) -> int:
        """How many road users."""
        return len(self.track)


@dataclass(frozen=True, slots=True)
class ClipTruth:
    """What is really in a rendered clip: rows by frame, then track.

    `frame_time_ns` (f,) the presentation time of every frame in the file, since its first; `lost_time_ns` when frames were taken that the file lacks.
    `index` (n,) is the place in `frame_time_ns`, `time_ns` that frame's time; all other columns as in `FrameTruth`.
    """

    frame_time_ns: Ints
    lost_time_ns: Ints
    index: Ints
    time_ns: Ints
    track: Ints
    kind: Codes
    x_m: Doubles
    y_m: Doubles
    heading_deg: Doubles
    speed_kmh: Doubles
    length_m: Doubles
    width_m: Doubles
    height_m: Doubles
    box_px: Doubles
    contact_px: Doubles
    visible_ratio: Doubles
    head_box_px: Doubles
    plate_box_px: Doubles

    def __len__(self) -> int:
        """How many rows."""
        return len(self.track)

    @classmethod
    def of(cls, frame_time_ns: Ints, lost_time_ns: Ints, truths: Sequence[FrameTruth]) -> "ClipTruth":
        """All frames as one table; `truths` as many as `frame_time_ns`, at least one."""
        index = np.repeat(np.arange(len(truths)), [len(truth) for truth in truths])
        columns = {name: np.concatenate([getattr(truth, name) for truth in truths]) for name in _PER_ROW}
        return cls(frame_time_ns, lost_time_ns, index, frame_time_ns[index], **columns)

    def keep(self, which: Bools) -> "ClipTruth":
        """The chosen rows; the frames' times stay."""
        whole = {"frame_time_ns", "lost_time_ns"}
        return ClipTruth(*(getattr(self, each.name) if each.name in whole else getattr(self, each.name)[which] for each in fields(self)))

    def of_track(self, track: int) -> "ClipTruth":
        """One road user's rows."""
        return self.keep(np.asarray(self.track == track))

    def of_frame(self, index: int) -> "ClipTruth":
        """One frame's rows."""
        return self.keep(np.asarray(self.index == index))
