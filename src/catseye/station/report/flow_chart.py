"""Bars of flow: forward above the axis, backward below it, stacked by kind. Geometry in percent, so that a page of any width can show it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from catseye.core.road_user import RoadUser
from catseye.station.palette import PLURAL
from catseye.station.report.tally import Tally

_GAP_RATIO = 0.14
_LONG_LABEL = 6  # characters: with seconds in it a time of day takes twice the room
_TICKS_COUNT = 6
_TICKS_A_SIDE_COUNT = 3
_HEADROOM_RATIO = 1.06
_LEAST_SIDE_RATIO = 0.12


@dataclass(frozen=True, slots=True)
class Bar:
    """One kind in one bin and direction; edges in hundredths of the plot's width and height."""

    kind: RoadUser
    left_ratio: float
    top_ratio: float
    width_ratio: float
    height_ratio: float
    said: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A label on an axis, at hundredths of its length."""

    at_ratio: float
    text: str


@dataclass(frozen=True, slots=True)
class FlowChart:
    """One line's flow; `zero_ratio` is where the axis lies. `bin_text` says how long a bar lasts."""

    line: str
    bars: tuple[Bar, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    zero_ratio: float
    gaps: tuple[tuple[float, float], ...]
    bin_text: str
    forward_count: int
    backward_count: int


def nice_step(most_count: int, steps_count: int) -> int:
    """The smallest round step of which no more than `steps_count` fit below `most_count`.

    >>> nice_step(7, 4), nice_step(1, 4), nice_step(43, 4), nice_step(230, 4)
    (2, 1, 10, 50)
    """
    step = 1
    while most_count // step > steps_count:
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    return step


def time_step_s(length_s: float, most_count: int = _TICKS_COUNT) -> int:
    """A round step of time with which a few labels fill the axis.

    >>> time_step_s(28), time_step_s(64), time_step_s(3600), time_step_s(86400)
    (5, 15, 600, 14400)
    """
    steps_s = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)
    return next((step_s for step_s in steps_s if length_s / step_s <= most_count), 7 * 86400)


def flow_charts(tally: Tally, gaps_s: Sequence[tuple[float, float]], label: Callable[[float], str], into_day_s: float = 0.0) -> list[FlowChart]:
    """A chart a line, all on one scale; `label` tells a time of the source's clock; `gaps_s` are spans without pictures.

    `into_day_s`: time of day when the clip began, for round labels.
    """
    by_way = tally.crossed_count.sum(axis=3)
    most_up, most_down = (int(by_way[:, :, way].max(initial=0)) for way in (1, 0))
    step = nice_step(max(most_up, most_down, 1), _TICKS_A_SIDE_COUNT)
    up, down = (max(most, _LEAST_SIDE_RATIO * max(most_up, most_down, 1)) * _HEADROOM_RATIO for most in (most_up, most_down))
    whole = up + down
    zero = 100 * up / whole
    counts = range(-int(down // step) * step, int(up // step) * step + 1, step)
    y_ticks = [Tick(zero - 100 * count / whole, f"{abs(count):,}") for count in counts]
    step_s = time_step_s(tally.length_s, _TICKS_COUNT if len(label(0.0)) < _LONG_LABEL else _TICKS_COUNT // 2)
    at_s = np.arange(-into_day_s % step_s, tally.length_s + 0.001, step_s)
    x_ticks = [Tick(100 * at / tally.length_s, label(at)) for at in at_s.tolist()]
    dark = [(100 * begin_s / tally.length_s, 100 * (end_s - begin_s) / tally.length_s) for begin_s, end_s in gaps_s]
    return [
        FlowChart(
            line,
            tuple(_bars(tally, index, zero, whole, label)),
            tuple(x_ticks),
            tuple(y_ticks),
            zero,
            tuple(dark),
            bin_text(tally.bin_s),
            forward_count=tally.count(index, 1),
            backward_count=tally.count(index, 0),
        )
        for index, line in enumerate(tally.lines)
    ]


def bin_text(bin_s: int) -> str:
    """How long a bar lasts, in words.

    >>> bin_text(60), bin_text(5), bin_text(900), bin_text(21600)
    ('minute', '5 seconds', '15 minutes', '6 hours')
    """
    for unit_s, unit in ((3600, "hour"), (60, "minute"), (1, "second")):
        if bin_s % unit_s == 0:
            return unit if bin_s == unit_s else f"{bin_s // unit_s} {unit}s"
    raise ValueError(f"bin_s {bin_s}: wanted whole seconds")


def _bars(tally: Tally, line: int, zero: float, whole: float, label: Callable[[float], str]) -> list[Bar]:
    bars = []
    for index, way in ((index, way) for index in range(len(tally.crossed_count)) for way in (1, 0)):
        begin_s = index * tally.bin_s
        width = 100 * (min(begin_s + tally.bin_s, tally.length_s) - begin_s) / tally.length_s
        stacked = 0.0
        for kind in tally.kinds:
            count = int(tally.crossed_count[index, line, way, kind.code])
            if not count:
                continue
            height = 100 * count / whole
            top = zero - stacked - height if way else zero + stacked
            said = f"from {label(begin_s)}: {count} {PLURAL[kind] if count > 1 or kind is RoadUser.UNKNOWN else kind.value} {'forward' if way else 'backward'}"
            bars.append(Bar(kind, 100 * begin_s / tally.length_s + width * _GAP_RATIO / 2, top, width * (1 - _GAP_RATIO), height, said))
            stacked += height
    return bars
