"""What one look at one frame found, and what the tracker made of it: columns, never lists of small objects."""

from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Bools, Codes, Floats, Ints


@dataclass(frozen=True, slots=True)
class Detections:
    """Road users seen in one frame, in pixels of the camera's native picture.

    `box_px` float32 (n, 4) left, top, right, bottom; `score_ratio` float32 (n,) 0..1; `kind` uint8 (n,) codes of RoadUser.
    Weak boxes (from the least score of the model manifest) are kept: they may keep a track alive, never start one.
    `moved` bool (n,): True for the outline of what moved, in place of a box that a network drew; None: no such row.
    """

    box_px: Floats
    score_ratio: Floats
    kind: Codes
    moved: Bools | None = None

    def __post_init__(self) -> None:
        """Refuse columns of unequal length."""
        n = len(self.box_px)
        moved_shape = (n,) if self.moved is None else self.moved.shape
        if self.box_px.shape != (n, 4) or self.score_ratio.shape != (n,) or self.kind.shape != (n,) or moved_shape != (n,):
            raise ValueError(f"detections: {self.box_px.shape}, {self.score_ratio.shape}, {self.kind.shape}; wanted (n, 4), (n,), (n,)")

    def __len__(self) -> int:
        """How many road users."""
        return len(self.box_px)

    def keep(self, which: Bools | Ints) -> "Detections":
        """The chosen rows, by mask or index."""
        moved = None if self.moved is None else self.moved[which]
        return Detections(self.box_px[which], self.score_ratio[which], self.kind[which], moved)

    @property
    def is_moved(self) -> Bools:
        """`moved`, a row each (n,)."""
        return np.zeros(len(self), np.bool_) if self.moved is None else self.moved

    def with_more(self, other: "Detections") -> "Detections":
        """The rows of both, ours first."""
        return Detections(
            np.concatenate([self.box_px, other.box_px]),
            np.concatenate([self.score_ratio, other.score_ratio]),
            np.concatenate([self.kind, other.kind]),
            None if self.moved is None and other.moved is None else np.concatenate([self.is_moved, other.is_moved]),
        )

    @classmethod
    def none(cls) -> "Detections":
        """An empty look."""
        return cls(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.uint8))


@dataclass(frozen=True, slots=True)
class Tracked:
    """The tracker's state after one frame: one row a live track, ids ascending.

    `track` int64 (m,) never reused; `box_px` float32 (m, 4) smoothed; `kind` uint8 (m,) the vote so far;
    `seen` bool (m,) False while it coasts on its last velocity; `sure` bool (m,) True once enough looks agreed:
    rows that are not sure may still turn out to be nothing. `score_ratio` float32 (m,) of the last match.
    `joined` int64 (k, 2): pairs absorbed → survivor, tracks found in this frame to be one road user;
    `ended` int64 (e,): tracks that will not come back (sure or not).
    `found_px` float32 (m, 4): boxes as the detector gave them when each was matched last, not smoothed: what is measured is measured on these; None: not told.
    `moved` bool (m,): True where that box is the outline of what moved and not a network's; None: not told.
    """

    time_ns: int
    track: Ints
    box_px: Floats
    kind: Codes
    seen: Bools
    sure: Bools
    score_ratio: Floats
    joined: Ints
    ended: Ints
    found_px: Floats | None = None
    moved: Bools | None = None

    def vetted(self, sure: Bools) -> "Tracked":
        """The same with fewer that are sure; several times quicker than `replace`, at every look."""
        return Tracked(self.time_ns, self.track, self.box_px, self.kind, self.seen, sure, self.score_ratio, self.joined, self.ended, self.found_px, self.moved)
