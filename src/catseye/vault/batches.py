"""What the vault takes: columns of one camera. Unknown is NaN in numbers and None in text; a column nobody knows is None."""

from collections.abc import Sequence, Sized
from dataclasses import dataclass, fields, replace
from itertools import chain
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from catseye.core.arrays import Bools, Codes, Doubles, Floats, Ints
from catseye.core.road_user import ROAD_USERS

Tracks: TypeAlias = Ints | NDArray[np.str_]
"""Names of tracks: our own numbers, or the source's text; both are stored as text."""

_FARTHEST_M = 2**31 / 100 - 1


def _need(name: str, wanted_count: int, **columns: Sized | None) -> None:
    wrong = {key: len(column) for key, column in columns.items() if column is not None and len(column) != wanted_count}
    if wrong:
        raise ValueError(f"{name}: {wrong} rows in a batch of {wanted_count}; wanted columns of one length")


def _need_kinds(name: str, kind: Codes) -> None:
    if len(kind) and int(kind.max()) >= len(ROAD_USERS):
        raise ValueError(f"{name}: kind code {int(kind.max())}; wanted a code of RoadUser, 0..{len(ROAD_USERS) - 1}")


@dataclass(frozen=True, slots=True)
class PointBatch:
    """Settled points of one camera, any order: their track will not be joined or renamed any more.

    `time_ns` since the source's zero; `kind` uint8 codes of RoadUser; `px` float32 (n, 2) contact with the ground;
    `ground_m` (n, 2), its whole doubt `sigma_m`, the part of that which is new in every point `noise_m`, `length_m`, `width_m` are stored as whole centimetres.
    `speed_doubt_ratio`: share of a speed that the calibration leaves in doubt. One point a track and time.
    """

    camera: str
    track: Tracks
    kind: Codes
    time_ns: Ints
    px: Floats
    ground_m: Doubles | None = None
    sigma_m: Doubles | None = None
    length_m: Doubles | None = None
    width_m: Doubles | None = None
    heading_deg: Doubles | None = None
    speed_kmh: Doubles | None = None
    noise_m: Doubles | None = None
    speed_doubt_ratio: Doubles | None = None

    def __post_init__(self) -> None:
        """Refuse columns of unequal length, unknown codes, and ground that centimetres in 32 bits cannot hold."""
        n = len(self.time_ns)
        _need("points", n, track=self.track, kind=self.kind, px=self.px, ground_m=self.ground_m, sigma_m=self.sigma_m)
        _need("points", n, noise_m=self.noise_m, speed_doubt_ratio=self.speed_doubt_ratio)
        _need("points", n, length_m=self.length_m, width_m=self.width_m, heading_deg=self.heading_deg, speed_kmh=self.speed_kmh)
        _need_kinds("points", self.kind)
        for column in (self.ground_m, self.sigma_m, self.length_m, self.width_m, self.noise_m):
            if column is not None and bool((np.abs(column) > _FARTHEST_M).any()):
                raise ValueError(f"points of {self.camera}: {np.nanmax(np.abs(column))} m; wanted at most {_FARTHEST_M:.0f} m from the origin")

    def __len__(self) -> int:
        """How many points."""
        return len(self.time_ns)


def rows_of(points: PointBatch, rows: Ints | Bools) -> PointBatch:
    """Some of the points, by their numbers or a mask."""
    names = [each.name for each in fields(points) if each.name != "camera"]
    return replace(points, **{name: column[rows] for name in names if (column := getattr(points, name)) is not None})


@dataclass(frozen=True, slots=True)
class TrackBatch:
    """Settled tracks of one camera: when, how far, how fast on average, from which line to which."""

    camera: str
    track: Tracks
    kind: Codes
    begin_ns: Ints
    end_ns: Ints
    points_count: Ints
    length_m: Doubles | None = None
    speed_mean_kmh: Doubles | None = None
    from_line: tuple[str | None, ...] | None = None
    to_line: tuple[str | None, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse columns of unequal length and unknown codes."""
        _need("tracks", len(self.track), kind=self.kind, begin_ns=self.begin_ns, end_ns=self.end_ns, points_count=self.points_count)
        _need("tracks", len(self.track), length_m=self.length_m, speed_mean_kmh=self.speed_mean_kmh, from_line=self.from_line, to_line=self.to_line)
        _need_kinds("tracks", self.kind)

    def __len__(self) -> int:
        """How many tracks."""
        return len(self.track)


@dataclass(frozen=True, slots=True)
class CrossingBatch:
    """Crossings of one camera as they happen: `line`s by name, `direction` forward or backward, `utc_ns` where anything tells the wall clock."""

    camera: str
    time_ns: Ints
    line: tuple[str, ...]
    direction: tuple[str, ...]
    track: Tracks
    kind: Codes
    utc_ns: Ints | None = None
    speed_kmh: Doubles | None = None
    speed_doubt_kmh: Doubles | None = None

    def __post_init__(self) -> None:
        """Refuse columns of unequal length, unknown codes, and directions that are none."""
        n = len(self.time_ns)
        _need("crossings", n, line=self.line, direction=self.direction, track=self.track, kind=self.kind)
        _need("crossings", n, utc_ns=self.utc_ns, speed_kmh=self.speed_kmh, speed_doubt_kmh=self.speed_doubt_kmh)
        _need_kinds("crossings", self.kind)
        if strange := set(self.direction) - {"forward", "backward"}:
            raise ValueError(f"crossings of {self.camera}: direction {sorted(strange)}; wanted forward or backward")

    def __len__(self) -> int:
        """How many crossings."""
        return len(self.time_ns)


Settled = TypeVar("Settled", PointBatch, TrackBatch)


def joined(batches: Sequence[Settled]) -> Settled:
    """One batch of several that are `alike`, in columns of its own: whoever made them may go on and overwrite theirs."""
    columns = {field.name: [getattr(batch, field.name) for batch in batches] for field in fields(batches[0]) if field.name != "camera"}
    return replace(batches[0], **{name: _joined(column) for name, column in columns.items()})


def alike(batch: PointBatch | TrackBatch) -> tuple[object, ...]:
    """Equal for batches that may be joined: of one camera, the same columns known, tracks named in the same way."""
    return (batch.camera, batch.track.dtype.kind, *(getattr(batch, field.name) is None for field in fields(batch)))


def _joined(columns: Sequence[Any]) -> Any:
    if columns[0] is None:
        return None
    return tuple(chain.from_iterable(columns)) if isinstance(columns[0], tuple) else np.concatenate(columns)


@dataclass(frozen=True, slots=True)
class Crossing:
    """One crossing as kept."""

    camera: str
    time_ns: int
    line: str
    direction: str
    track: str
    kind: str
    utc_ns: int | None
    speed_kmh: float | None
    speed_doubt_kmh: float | None


@dataclass(frozen=True, slots=True)
class Flow:
    """Crossings of one line, direction and kind in the minute that begins at `minute_ns` of the source's clock."""

    camera: str
    minute_ns: int
    utc_ns: int | None
    line: str
    direction: str
    kind: str
    crossings_count: int
    speed_mean_kmh: float | None
