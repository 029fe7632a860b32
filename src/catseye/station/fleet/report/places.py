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
    """Cells and their alarms: cell → kind → how many. A cell is 100 m high, and as wide at the nearest whole degree of latitude."""

    cells: dict[tuple[int, int, int], Counter[str]] = field(default_factory=dict)

    def add(self, lat_deg: float, lon_deg: float, kind: str) -> None:
        """One alarm there."""
        band = round(lat_deg)
        cell = band, math.floor(lat_deg * M_PER_DEG / CELL_M), math.floor(lon_deg * _east_m_per_deg(band) / CELL_M)
        if cell not in self.cells:
            self.cells[cell] = Counter()
        self.cells[cell][kind] += 1

    def drawing(self) -> Drawing | None:
        """None where no alarm told its place. The largest circles are drawn first, so that none hides another."""
        if not self.cells:
            return None
        totals = sorted(((cell, kinds.total()) for cell, kinds in self.cells.items()), key=lambda each: (-each[1], each[0]))
        middles_deg = [_middle_deg(cell) for cell, _ in totals]
        lows, lefts = ([each[axis] for each in middles_deg] for axis in (0, 1))
        middle_lat_deg, middle_lon_deg = (min(lows) + max(lows)) / 2, (min(lefts) + max(lefts)) / 2
        east_m = _east_m_per_deg(middle_lat_deg)
        across_m = max((max(lefts) - min(lefts)) * east_m, _LEAST_SPAN_M)
        up_m = max((max(lows) - min(lows)) * M_PER_DEG, _LEAST_SPAN_M)
        px_per_m = min((_WIDE_PX - 2 * _MARGIN_PX) / across_m, (_MOST_HIGH_PX - 2 * _MARGIN_PX) / up_m)
        high_px = max(up_m * px_per_m + 2 * _MARGIN_PX, _LEAST_HIGH_PX)
        named = [cell for cell, count in totals[:NAMED_COUNT] if count >= _LEAST_GATHERED_COUNT]
        numbers = {cell: number for number, cell in enumerate(named, 1)}
        spots = tuple(
            Spot(
                _WIDE_PX / 2 + (lon_deg - middle_lon_deg) * east_m * px_per_m,
                high_px / 2 - (lat_deg - middle_lat_deg) * M_PER_DEG * px_per_m,
                max(_SMALLEST_PX, _LARGEST_PX * math.sqrt(count / max(totals[0][1], 12))),
                count,
                numbers.get(cell, 0),
            )
            for (cell, count), (lat_deg, lon_deg) in zip(totals, middles_deg, strict=True)
        )
        bar_m = _round_length(_WIDE_PX / px_per_m / 6)
        step_px = bar_m * px_per_m
        columns, rows = (tuple(side / 2 + step_px * n for n in range(-20, 21) if 0 < side / 2 + step_px * n < side) for side in (_WIDE_PX, high_px))
        return Drawing(_WIDE_PX, high_px, spots, tuple(self._gathering(cell, number) for cell, number in numbers.items()), step_px, bar_m, columns, rows)

    def _gathering(self, cell: tuple[int, int, int], number: int) -> Gathering:
        kinds, (lat_deg, lon_deg) = self.cells[cell], _middle_deg(cell)
        return Gathering(number, lat_deg, lon_deg, kinds.total(), tuple(sorted(kinds.items(), key=lambda each: (-each[1], each[0]))[:2]))


def _east_m_per_deg(lat_deg: float) -> float:
    return max(M_PER_DEG * math.cos(math.radians(lat_deg)), 1.0)


def _middle_deg(cell: tuple[int, int, int]) -> tuple[float, float]:
    band, low, left = cell
    return (low + 0.5) * CELL_M / M_PER_DEG, (left + 0.5) * CELL_M / _east_m_per_deg(band)


def _round_length(length_m: float) -> float:
    """The round one below.

    >>> _round_length(7300.0), _round_length(260.0)
    (5000.0, 200.0)
    """
    power = 10.0 ** math.floor(math.log10(length_m))
    return max(step * power for step in (1, 2, 5) if step * power <= length_m)
