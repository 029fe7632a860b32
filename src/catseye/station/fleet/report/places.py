"""Where alarms gather: cells of 100 m, and a drawing of them without any map but north and a scale."""

import math
from collections import Counter
from dataclasses import dataclass, field

CELL_M = 100.0
M_PER_DEG = 111_195.0  # of latitude, on a sphere of 6371 km
_WIDE_PX, _LEAST_HIGH_PX, _MOST_HIGH_PX, _MARGIN_PX = 1000.0, 420.0, 720.0, 40.0
_LEAST_SPAN_M = 2000.0
_LARGEST_PX, _SMALLEST_PX = 22.0, 2.6
NAMED_COUNT = 5
_LEAST_GATHERED_COUNT = 3


@dataclass(frozen=True, slots=True)
class Spot:
    """A cell in the drawing; `number` is of the list beside it, 0 for most."""

    x_px: float
    y_px: float
    radius_px: float
    alarms_count: int
    number: int


@dataclass(frozen=True, slots=True)
class Gathering:
    """A place of the list: the middle of its cell."""

    number: int
    lat_deg: float
    lon_deg: float
    alarms_count: int
    kinds: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """The plot, in pixels of its own; `bar_m` is as long as `bar_px`, and the grid's lines are as far apart."""

    wide_px: float
    high_px: float
    spots: tuple[Spot, ...]
    gatherings: tuple[Gathering, ...]
    bar_px: float
    bar_m: float
    columns_px: tuple[float, ...]
    rows_px: tuple[float, ...]

    @property
    def bar_said(self) -> str:
        """Its length in words."""
        return f"{self.bar_m / 1000:g} km" if self.bar_m >= 1000 else f"{self.bar_m:g} m"


@dataclass(slots=True)
class Places:
    """Cells and their alarms. All share the scale of the first place's latitude."""

    cells: dict[tuple[int, int], Counter[str]] = field(default_factory=dict)
    _east_m_per_deg: float = 0.0

    def add(self, lat_deg: float, lon_deg: float, kind: str) -> None:
        """One alarm there."""
        if not self._east_m_per_deg:
            self._east_m_per_deg = max(M_PER_DEG * math.cos(math.radians(lat_deg)), 1.0)
        cell = math.floor(lon_deg * self._east_m_per_deg / CELL_M), math.floor(lat_deg * M_PER_DEG / CELL_M)
        self.cells.setdefault(cell, Counter())[kind] += 1

    def drawing(self) -> Drawing | None:
        """None where no alarm told its place. The largest circles are drawn first, so that none hides another."""
        if not self.cells:
            return None
        lefts, lows = [cell[0] for cell in self.cells], [cell[1] for cell in self.cells]
        across_m, up_m = (max((max(side) - min(side) + 1) * CELL_M, _LEAST_SPAN_M) for side in (lefts, lows))
        within_px = _WIDE_PX - 2 * _MARGIN_PX
        px_per_m = min(within_px / across_m, (_MOST_HIGH_PX - 2 * _MARGIN_PX) / up_m)
        high_px = max(up_m * px_per_m + 2 * _MARGIN_PX, _LEAST_HIGH_PX)
        middle = (min(lefts) + max(lefts) + 1) / 2, (min(lows) + max(lows) + 1) / 2
        totals = sorted(((cell, kinds.total()) for cell, kinds in self.cells.items()), key=lambda each: (-each[1], each[0]))
        named = [cell for cell, count in totals[:NAMED_COUNT] if count >= _LEAST_GATHERED_COUNT]
        numbers = {cell: number for number, cell in enumerate(named, 1)}
        spots = tuple(
            Spot(
                _WIDE_PX / 2 + (cell[0] + 0.5 - middle[0]) * CELL_M * px_per_m,
                high_px / 2 - (cell[1] + 0.5 - middle[1]) * CELL_M * px_per_m,
                max(_SMALLEST_PX, _LARGEST_PX * math.sqrt(count / max(totals[0][1], 12))),
                count,
                numbers.get(cell, 0),
            )
            for cell, count in totals
        )
        bar_m = _round_length(_WIDE_PX / px_per_m / 6)
        step_px = bar_m * px_per_m
        columns, rows = (tuple(side / 2 + step_px * n for n in range(-20, 21) if 0 < side / 2 + step_px * n < side) for side in (_WIDE_PX, high_px))
        return Drawing(_WIDE_PX, high_px, spots, tuple(self._gathering(cell, number) for cell, number in numbers.items()), step_px, bar_m, columns, rows)

    def _gathering(self, cell: tuple[int, int], number: int) -> Gathering:
        kinds = self.cells[cell]
        lat_deg, lon_deg = (cell[1] + 0.5) * CELL_M / M_PER_DEG, (cell[0] + 0.5) * CELL_M / self._east_m_per_deg
        return Gathering(number, lat_deg, lon_deg, kinds.total(), tuple(kinds.most_common(2)))


def _round_length(length_m: float) -> float:
    """The round one below.

    >>> _round_length(7300.0), _round_length(260.0)
    (5000.0, 200.0)
    """
    power = 10.0 ** math.floor(math.log10(length_m))
    return max(step * power for step in (1, 2, 5) if step * power <= length_m)
