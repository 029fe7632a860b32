"""Who crossed which line, when, where and which way: a line with hysteresis, nobody counted twice.

A track takes a *side* of a line only where it is farther from it than a margin, a share of its own size. It has crossed once it was clearly on one side
and then clearly on the other; when and where is interpolated at the last zero of its distance, on real timestamps, and the place must lie on the segment.
After a count the margin for the way back is wider (`return_ratio`), so what stands and trembles on a line counts once at most,
and the counts of one road user on one line always alternate: forward, backward, forward.
A track born inside the margin has no side until it is clear of it, and so counts nothing on its way out: whoever it was before may have been counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from catseye.core.arrays import Bools, Doubles, Floats, Ints
from catseye.traffic.hysteresis import CrossingSettings, PlaneCounter
from catseye.traffic.lines import GroundLine, Line

__all__ = ["CrossingSettings", "Crossings", "GroundCrossings", "GroundLineCounter", "LineCounter"]

DEFAULT = CrossingSettings()


@dataclass(frozen=True, slots=True)
class Crossings:
    """Passages over lines of the picture, in order of time within one answer.

    `time_ns` int64 (k,) interpolated; `track` int64 (k,); `line` int64 (k,) index into the counter's lines; `forward` bool (k,); `point_px` float64 (k, 2).
    """

    time_ns: Ints
    track: Ints
    line: Ints
    forward: Bools
    point_px: Doubles

    def __len__(self) -> int:
        """How many passages."""
        return len(self.time_ns)


@dataclass(frozen=True, slots=True)
class GroundCrossings:
    """Passages over lines on the ground; columns as in `Crossings`, places in metres."""

    time_ns: Ints
    track: Ints
    line: Ints
    forward: Bools
    point_m: Doubles

    def __len__(self) -> int:
        """How many passages."""
        return len(self.time_ns)


class LineCounter(PlaneCounter[Crossings]):
    """Crossings of lines in the picture."""

    def __init__(self, lines: Sequence[Line], settings: CrossingSettings = DEFAULT) -> None:
        """No line at all is fine."""
        least = (settings.margin_px, settings.return_px)
        super().__init__([line.ends_px for line in lines], [line.right_hand() for line in lines], least, settings, Crossings)

    def update(self, time_ns: int, track: Ints, point_px: Floats | Doubles, size_px: Floats | Doubles, sure: Bools) -> Crossings:
        """Tracks (m,), in any order, are at `point_px` (m, 2) at `time_ns`; `size_px` (m,) sizes of their boxes, e.g. the root of the area.

        Answers what became sure by it.
        A passage of a track that is not `sure` (m,) yet is held and told, with its own earlier time, when the track is.
        """
        return self._move(time_ns, track, point_px, size_px, sure)


class GroundLineCounter(PlaneCounter[GroundCrossings]):
    """Crossings of lines on the ground, in metres: for calibrated cameras and imported trajectories."""

    def __init__(self, lines: Sequence[GroundLine], settings: CrossingSettings = DEFAULT) -> None:
        """No line at all is fine."""
        least = (settings.margin_m, settings.return_m)
        super().__init__([line.ends_m for line in lines], [line.right_hand() for line in lines], least, settings, GroundCrossings)

    def update(self, time_ns: int, track: Ints, point_m: Floats | Doubles, size_m: Floats | Doubles, sure: Bools) -> GroundCrossings:
        """Tracks (m,), in any order, are at `point_m` (m, 2) at `time_ns`; `size_m` (m,) sizes, e.g. lengths.

        Answers what became sure by it.
        A passage of a track that is not `sure` (m,) yet is held and told, with its own earlier time, when the track is.
        """
        return self._move(time_ns, track, point_m, size_m, sure)
