"""How values spread: bars of equal width in percent of the plot, with lines where a limit or a threshold stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Doubles
from catseye.core.event import Event
from catseye.core.rule import World, WorldLine
from catseye.station.report.flow_chart import Tick, nice_step
from catseye.station.site import Camera
from catseye.traffic.hazards import CLOSE_TTC_S, HARD_DRAC_MS2, NEAR_MISS
from catseye.traffic.zones import Zones
from catseye.vault.batches import Crossing

SPEED_BIN_KMH = 5.0
_FASTEST_PERCENT = 85.0
_Y_TICKS_COUNT = 3
_MOST_DRAC_MS2 = 12.0  # more than any tyre can: what lies beyond stands in the last bar


@dataclass(frozen=True, slots=True)
class Column:
    """One bar, in hundredths of the plot; `is_beyond`: on the wrong side of the line."""

    left_ratio: float
    width_ratio: float
    height_ratio: float
    is_beyond: bool
    said: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """A row of bars. `limits` are lines across it: where, and what they say."""

    title: str
    said: str
    columns: tuple[Column, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    limits: tuple[Tick, ...]
    unit: str
    values_count: int


@dataclass(frozen=True, slots=True)
class LineSpeeds:
    """Speeds over one line: how many, their mean, median and 85th percentile; `over` of them beyond the limit and their doubt."""

    line: str
    chart: Histogram
    speeds_count: int
    mean_kmh: float
    median_kmh: float
    fastest_kmh: float
    limit_kmh: float | None
    over_count: int


def histogram(
    title: str, values: Doubles, edges: Doubles, unit: str, limit: float | None = None, *, beyond_above: bool = True, is_open: bool = False
) -> Histogram:
    """Count `values` (n,) between `edges` (k + 1,), ascending and evenly apart; the last bin takes its upper edge, and all above it where it `is_open`."""
    if is_open:
        values = np.minimum(values, edges[-1])
    counts, _ = np.histogram(values, edges)
    low, span = float(edges[0]), float(edges[-1] - edges[0])
    most = max(int(counts.max(initial=0)), 1)
    columns = []
    for count, begin, end in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        middle = (begin + end) / 2
        beyond = limit is not None and (middle > limit) == beyond_above
        said = f"{begin:g} {unit} or more: {count}" if is_open and end == edges[-1] else f"{begin:g} to {end:g} {unit}: {count}"
        columns.append(Column(100 * (begin - low) / span, 100 * (end - begin) / span, 100 * count / (most * 1.08), beyond, said))
    step = nice_step(most, _Y_TICKS_COUNT)
    y_ticks = tuple(Tick(100 - 100 * count / (most * 1.08), f"{count:,}") for count in range(0, most + 1, step))
    apart = _tick_step(span)
    x_ticks = tuple(
        Tick(100 * (value - low) / span, f"{value:g}") for value in np.arange(np.ceil(low / apart) * apart, edges[-1] + 1e-9, apart).round(6).tolist()
    )
    limits = (Tick(100 * (limit - low) / span, f"{limit:g}"),) if limit is not None and low <= limit <= edges[-1] else ()
    return Histogram(title, "", tuple(c for c in columns if c.height_ratio), x_ticks, y_ticks, limits, unit, int(counts.sum()))


def _tick_step(span: float) -> float:
    power = 10.0 ** np.floor(np.log10(span / 4))
    return float(next(step * power for step in (1, 2, 2.5, 5, 10) if span / (step * power) <= 6))


def closeness(events: Sequence[Event]) -> list[Histogram]:
    """Smallest TTC, PET, and highest DRAC of near misses; those nobody measured have no chart."""
    said = [{measure.name: measure.value for measure in event.measures} for event in events if event.kind == NEAR_MISS]
    charts = []
    for name, title, unit, width, limit, above in (
        ("ttc_min", "Smallest time to collision", "s", 0.25, CLOSE_TTC_S, False),
        ("pet", "Post-encroachment time", "s", 0.25, None, False),
        ("drac_max", "Braking that was needed", "m/s²", 0.5, HARD_DRAC_MS2, True),
    ):
        values = np.array([one[name] for one in said if name in one])
        if not len(values):
            continue
        most = max(float(np.ceil(values.max() / width + 1e-9)) * width, 4 * width)
        is_open = name == "drac_max" and most > _MOST_DRAC_MS2
        edges = np.arange(0, (_MOST_DRAC_MS2 if is_open else most) + width / 2, width)
        charts.append(histogram(title, values, edges, unit, limit, beyond_above=above, is_open=is_open))
    return charts


def limit_at(camera: Camera, world: World, place: Doubles) -> float | None:
    """The lowest limit in km/h that a `speeding` rule sets at a place (2,); None where none does."""
    inside = {zone.id for zone, there in zip(world.zones, Zones(world.zones).inside(place[None])[0].tolist(), strict=True) if there} if world.zones else set()
    limits = []
    for table in camera.rules:
        if table.kind == "speeding":
            zone, limit = table.said.get("zone"), table.said.get("limit_kmh")
            if isinstance(limit, int | float) and (zone is None or zone in inside):
                limits.append(float(limit))
    return min(limits, default=None)


def speeds_by_line(crossings: Iterable[Crossing], camera: Camera, world: World) -> list[LineSpeeds]:
    """A chart a line with at least one known speed, all on one scale."""
    known: dict[str, list[tuple[float, float]]] = {}
    for crossing in crossings:
        if crossing.speed_kmh is not None:
            known.setdefault(crossing.line, []).append((crossing.speed_kmh, crossing.speed_doubt_kmh or 0.0))
    here = [(line, np.array(known[line.id])) for line in world.lines if line.id in known]
    most = max((float(speeds[:, 0].max()) for _, speeds in here), default=0.0)
    edges = np.arange(0, max(np.ceil(most / 10 + 1e-9) * 10, 20.0) + 0.1, SPEED_BIN_KMH)
    return [_line_speeds(line, speeds, edges, limit_at(camera, world, line.ends.mean(0))) for line, speeds in here]


def _line_speeds(line: WorldLine, speeds: Doubles, edges: Doubles, limit: float | None) -> LineSpeeds:
    """Of one line, `speeds` (n, 2) with their doubts."""
    values, doubts = speeds.T
    over = 0 if limit is None else int((values - 2 * doubts > limit).sum())
    middle, fastest = np.percentile(values, (50.0, _FASTEST_PERCENT)).tolist()
    return LineSpeeds(line.id, histogram(line.id, values, edges, "km/h", limit), len(values), float(values.mean()), middle, fastest, limit, over)
