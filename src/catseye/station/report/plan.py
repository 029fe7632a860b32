"""The ground seen from above (or, uncalibrated, the picture's plane): ways, lines, zones, and what happened where it happened. In units of a drawing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Bools, Doubles
from catseye.core.event import Event
from catseye.core.rule import World
from catseye.core.time import NS_PER_S
from catseye.station.report.found import said_of
from catseye.station.report.marks import LOOKS, Look, look_of
from catseye.station.report.paths import smoothed
from catseye.station.report.trails import Trail
from catseye.station.report.words import counted

WIDTH = 1000.0
_MARK_SIZE = 10.0
_CELL = 34.0
_GROWTH, _MOST_GROWTH = 0.28, 2.0
_PUSHES_COUNT, _MOST_MARKS_COUNT = 60, 400
_NAMED_COUNT = 6
_LETTER, _LABEL_HEIGHT = 8.6, 18.0
_WAY_STEP, _WAY_BEND_DEG = 5.0, 3.0
_TALLEST_RATIO, _FLATTEST_RATIO = 1.05, 0.4
_CLOSE_UP_RATIO, _LEAST_CLOSE_UP = 0.2, {"m": 40.0, "px": 200.0}
_WORTH_SHARE = 0.3
_MOST_COMPARED_COUNT = 1500


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle of the plane: its corners with the lowest and the highest coordinates. `is_upward`: y goes up (ground), else down (picture)."""

    corners: tuple[tuple[float, float], tuple[float, float]]
    is_upward: bool

    @property
    def low(self) -> tuple[float, float]:
        """Lowest x and y."""
        return self.corners[0]

    @property
    def high(self) -> tuple[float, float]:
        """Highest x and y."""
        return self.corners[1]

    @property
    def span(self) -> tuple[float, float]:
        """Its sides, in the plane's unit."""
        return self.high[0] - self.low[0], self.high[1] - self.low[1]

    @property
    def scale(self) -> float:
        """Units of the drawing a unit of the plane."""
        return WIDTH / self.span[0]

    def drawn(self, places: Doubles) -> Doubles:
        """Places (n, 2) of the plane in the drawing."""
        away = np.asarray(places, np.float64).reshape(-1, 2) - (self.low[0], self.high[1] if self.is_upward else self.low[1])
        return np.asarray(away * np.array([1.0, -1.0 if self.is_upward else 1.0]) * self.scale, np.float64)

    def holds(self, places: Doubles) -> Bools:
        """Which places (n, 2) lie in it."""
        return np.asarray(((places >= self.low) & (places <= self.high)).all(1), np.bool_)


@dataclass(frozen=True, slots=True)
class Mark:
    """Events of one kind at one spot. `size` is half its breadth."""

    kind: str
    look: Look
    left: float
    top: float
    size: float
    events_count: int
    is_trusted: bool
    said: str


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A line with its label, empty where there is no room for one; `arrow` points forward from its middle."""

    line: str
    path: str
    arrow: str
    label: str
    left: float
    top: float


@dataclass(frozen=True, slots=True)
class PlanZone:
    """A zone's outline; an arrow along its lawful direction where it has one."""

    zone: str
    path: str
    arrow: str


@dataclass(frozen=True, slots=True)
class Axis:
    """A tick: where it stands along its side, and its number."""

    left: float
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything of one drawing, `height` units high and 1,000 wide. `bar` is the scale bar's length, `bar_text` what it stands for."""

    unit: str
    title: str
    height: float
    ways: tuple[str, ...]
    way_opacity_ratio: float
    zones: tuple[PlanZone, ...]
    lines: tuple[PlanLine, ...]
    marks: tuple[Mark, ...]
    x_axis: tuple[Axis, ...]
    y_axis: tuple[Axis, ...]
    size: float
    bar_text: str
    is_north_up: bool


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What is drawn: the world, the trails, the events that have a place there, and how to tell a time of the source's clock."""

    world: World
    trails: Mapping[str, Trail]
    events: Sequence[Event]
    label: Callable[[float], str]
    is_north_up: bool = False

    def places(self, events: Sequence[Event]) -> Doubles:
        """Where events were (n, 2), NaN where they have no place in this plane."""
        found = [event.ground_m if self.world.unit == "m" else event.px for event in events]
        return np.array([place or (np.nan, np.nan) for place in found], np.float64).reshape(-1, 2)


def nice_length(most: float) -> float:
    """The longest of 1, 2, 5 × 10ⁿ that is no longer than that.

    >>> nice_length(73.0), nice_length(0.34), nice_length(1000.0)
    (50.0, 0.2, 1000.0)
    """
    power = 10.0 ** np.floor(np.log10(most))
    return float(max(step for step in (1, 2, 5, 10) if step * power <= most * (1 + 1e-9)) * power)


def whole_frame(ground: Ground) -> Frame:
    """What road users went over, with all lines and events; a little room around it."""
    ends = [np.asarray(line.ends, np.float64) for line in ground.world.lines]
    seen = np.concatenate([np.empty((0, 2)), *(trail.place for trail in ground.trails.values())])
    edges = [np.percentile(seen, (0.2, 99.8), axis=0)] if len(seen) else []
    placed = ground.places(ground.events)
    corners = np.concatenate([*edges, *ends, placed[np.isfinite(placed).all(1)], np.empty((0, 2))])
    if not len(corners):
        corners = np.zeros((1, 2))
    return _shaped(corners.min(0), corners.max(0), ground.world.unit == "m")


def _shaped(low: Doubles, high: Doubles, is_upward: bool) -> Frame:
    """With room around it, neither too tall nor too flat."""
    middle, span = (low + high) / 2, np.maximum(high - low, 1.0) * 1.08
    if span[1] > span[0] * _TALLEST_RATIO:
        span[0] = span[1] / _TALLEST_RATIO
    span[1] = max(span[1], span[0] * _FLATTEST_RATIO)
    (left, bottom), (right, top) = (middle - span / 2).tolist(), (middle + span / 2).tolist()
    return Frame(((left, bottom), (right, top)), is_upward)


def close_up_frame(ground: Ground, whole: Frame) -> tuple[Frame, float] | None:
    """The square where most happened, and its share of all that has a place; None where it would show little more than the whole plan does."""
    places = ground.places(ground.events)
    places = places[np.isfinite(places).all(1)]
    side = max(_CLOSE_UP_RATIO * whole.span[0], _LEAST_CLOSE_UP[ground.world.unit])
    if len(places) < 3 or side > 0.5 * whole.span[0]:
        return None
    some = places[:: -(-len(places) // _MOST_COMPARED_COUNT)]
    near = np.abs(some[:, None] - some[None]).max(2) <= side / 2
    middle = some[near[int(near.sum(1).argmax())]].mean(0)
    inside = np.abs(places - middle).max(1) <= side / 2
    if inside.mean() < _WORTH_SHARE:
        return None
    (left, bottom), (right, top) = (middle - side / 2).tolist(), (middle + side / 2).tolist()
    return Frame(((left, bottom), (right, top)), whole.is_upward), float(inside.mean())


def plan_of(ground: Ground, frame: Frame, title: str) -> Plan:
    """The drawing of one frame."""
    height = frame.span[1] * frame.scale
    ways = tuple(filter(None, (_way(trail.place, frame) for trail in ground.trails.values())))
    bar = nice_length(frame.span[0] / 4)
    step = nice_length(frame.span[0] / 4)
    marks = _marks(ground, frame, height)
    return Plan(
        ground.world.unit,
        title,
        height,
        ways,
        max(0.12, min(0.6, 4 / (1 + len(ways)) ** 0.5)),
        tuple(_zones(ground.world, frame)),
        tuple(_lines(ground.world, frame, height, marks)),
        tuple(marks),
        _ticks(frame.low[0], frame.high[0], step, frame.scale, is_reversed=False),
        _ticks(frame.low[1], frame.high[1], step, frame.scale, is_reversed=frame.is_upward),
        bar * frame.scale,
        f"{bar:g} {ground.world.unit}",
        ground.is_north_up,
    )


def _ticks(low: float, high: float, step: float, scale: float, *, is_reversed: bool) -> tuple[Axis, ...]:
    at = np.arange(np.ceil(low / step) * step, high, step)
    return tuple(Axis(float(high - value if is_reversed else value - low) * scale, f"{value + 0.0:g}") for value in at.round(6).tolist())


def _way(places: Doubles, frame: Frame) -> str:
    """SVG path data of one way, with as many points as its bends need; empty where it does not come into the frame."""
    drawn = frame.drawn(smoothed(smoothed(places)))
    room = np.array([0.0, WIDTH * 0.1])
    near = ((drawn > -room[1]) & (drawn < np.array([WIDTH, frame.span[1] * frame.scale]) + room[1])).all(1)
    if np.count_nonzero(near) < 2:
        return ""
    parts = np.split(np.flatnonzero(near), np.flatnonzero(np.diff(np.flatnonzero(near)) > 1) + 1)
    return "".join("M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in _thinned(drawn[part]).tolist()) for part in parts if len(part) > 1)


def _thinned(points: Doubles) -> Doubles:
    """Without points that stand close to the last one kept, or between two on one straight line."""
    far = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    _, first = np.unique((far // _WAY_STEP).astype(np.int64), return_index=True)
    kept = points[np.unique(np.append(first, len(points) - 1))]
    if len(kept) < 3:
        return np.asarray(kept, np.float64)
    way = np.degrees(np.unwrap(np.arctan2(*np.diff(kept, axis=0).T[::-1])))
    bends = np.flatnonzero(np.diff(np.floor(way / _WAY_BEND_DEG)) != 0) + 1
    return np.asarray(kept[np.concatenate([[0], bends, [len(kept) - 1]])], np.float64)


def _zones(world: World, frame: Frame) -> list[PlanZone]:
    zones = []
    for zone in world.zones:
        corners = frame.drawn(zone.corners)
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in corners.tolist()) + "Z"
        middle = np.clip(corners.mean(0), corners.min(0), corners.max(0))
        zones.append(PlanZone(zone.id, path, "" if zone.heading is None else _arrow(middle, _way_drawn(zone.heading, frame), 9.0)))
    return zones


def _way_drawn(heading: Doubles, frame: Frame) -> Doubles:
    return np.asarray(heading * np.array([1.0, -1.0 if frame.is_upward else 1.0]), np.float64)


def _arrow(middle: Doubles, way: Doubles, size: float) -> str:
    across = np.array([-way[1], way[0]])
    tips = [middle + way * size, middle - way * size * 0.7 + across * size * 0.6, middle - way * size * 0.7 - across * size * 0.6]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in (tip.tolist() for tip in tips)) + "Z"


def _lines(world: World, frame: Frame, height: float, marks: Sequence[Mark]) -> list[PlanLine]:
    """Lines that come into the frame; each is named where its name covers nothing that was there before."""
    taken = [(mark.left - mark.size, mark.top - mark.size, mark.left + mark.size, mark.top + mark.size) for mark in marks]
    taken += [(0.0, height - 46.0, WIDTH, height), (0.0, 0.0, 46.0, height), (WIDTH - 90, 0.0, WIDTH, 90.0)]  # axes, scale bar, compass
    drawn = []
    for line in world.lines:
        ends = frame.drawn(line.ends)
        middle = ends.mean(0)
        if not (0 <= middle[0] <= WIDTH and 0 <= middle[1] <= height):
            continue
        way = _way_drawn(line.right, frame)
        label, place = _labelled(line.id, ends, way, height, taken)
        (x1, y1), (x2, y2) = ends.tolist()
        drawn.append(PlanLine(line.id, f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}", _arrow(middle + way * 13, way, 8.0), label, *place))
    return drawn


def _labelled(text: str, ends: Doubles, way: Doubles, height: float, taken: list[tuple[float, float, float, float]]) -> tuple[str, tuple[float, float]]:
    half = np.array([_LETTER * len(text) / 2 + 3, _LABEL_HEIGHT / 2])
    middle, along = ends.mean(0), ends[1] - ends[0]
    along = along / max(float(np.hypot(*along)), 1e-9)
    reach = np.hypot(*(ends[1] - ends[0])) / 2
    spots = [middle + way * sign * (float(np.abs(way) @ half) + far) for far in (24, 50) for sign in (-1, 1)]
    spots += [middle + along * sign * (reach + float(np.abs(along) @ half) + 8) for sign in (-1, 1)]
    for spot in spots:
        (left, top), (right, bottom) = (spot - half).tolist(), (spot + half).tolist()
        inside = left >= 0 and top >= 0 and right <= WIDTH and bottom <= height
        if inside and not any(left < r and right > x and top < b and bottom > y for x, y, r, b in taken):
            taken.append((left, top, right, bottom))
            return text, (float(spot[0]), float(spot[1]))
    return "", (0.0, 0.0)


def _marks(ground: Ground, frame: Frame, height: float) -> list[Mark]:
    """One mark for the events of a kind that lie close together; those that would lie over one another stand side by side. The gravest come last."""
    places = ground.places(ground.events)
    there = np.flatnonzero(np.isfinite(places).all(1))
    there = there[frame.holds(places[there])] if len(there) else there
    drawn = frame.drawn(places)
    spots: dict[tuple[str, int, int], list[int]] = {}
    for index in there.tolist():
        cell = (drawn[index] // _CELL).astype(int).tolist()
        spots.setdefault((ground.events[index].kind, cell[0], cell[1]), []).append(index)
    grave = {kind: rank for rank, kind in enumerate(LOOKS)}
    order = sorted(spots, key=lambda spot: (-grave.get(spot[0], len(grave)), spot))
    counts = np.array([len(spots[spot]) for spot in order], np.float64)
    sizes = _MARK_SIZE * np.minimum(1 + _GROWTH * np.log2(np.maximum(counts, 1)), _MOST_GROWTH)
    centres = np.array([drawn[spots[spot]].mean(0) for spot in order]).reshape(-1, 2)
    centres = _apart(centres, sizes * 1.1, np.array([WIDTH, height]))
    return [
        _mark(ground, [ground.events[index] for index in spots[spot]], centre, size)
        for spot, centre, size in zip(order, centres.tolist(), sizes.tolist(), strict=True)
    ]


def _mark(ground: Ground, events: Sequence[Event], centre: Sequence[float], size: float) -> Mark:
    lines = [f"{ground.label(event.time_ns / NS_PER_S)} {_users(event)}: {', '.join(map(said_of, event.measures)) or event.rule}" for event in events]
    more = [f"and {len(lines) - _NAMED_COUNT} more"] if len(lines) > _NAMED_COUNT else []
    head = counted(len(events), events[0].kind, f"{events[0].kind} events")
    trusted = all(event.trusted for event in events)
    said = "\n".join([head, *lines[:_NAMED_COUNT], *more, *([] if trusted else ["not trusted: the camera doubted itself then"])])
    return Mark(events[0].kind, look_of(events[0].kind), centre[0], centre[1], size, len(events), trusted, said)


def _users(event: Event) -> str:
    return " and ".join(f"{kind} {track}" for kind, track in zip(event.road_users, event.subjects, strict=False))


def _apart(centres: Doubles, sizes: Doubles, box: Doubles) -> Doubles:
    """Circles (n, 2) of those sizes (n,) pushed off one another, and into the box; the same every time."""
    if not 0 < len(centres) <= _MOST_MARKS_COUNT:
        return centres
    place = centres.copy()
    wanted = sizes[:, None] + sizes[None]
    turn = np.arange(len(place)) * 2.4  # the golden angle: two at one point part in a direction of their own
    for _ in range(_PUSHES_COUNT):
        away = place[:, None] - place[None]
        far = np.hypot(away[..., 0], away[..., 1])
        near = (far < wanted) & ~np.eye(len(place), dtype=bool)
        if not near.any():
            break
        nowhere = near & (far < 1e-6)
        sign = np.sign(np.arange(len(place))[:, None] - np.arange(len(place))[None])
        aside = np.stack([np.cos(turn), np.sin(turn)], 1)
        away = np.where(nowhere[..., None], aside[None] * sign[..., None], away)
        far = np.where(nowhere, 1.0, np.maximum(far, 1e-9))
        overlap = np.where(near, wanted - np.where(nowhere, 0.0, far), 0.0)
        place = place + 0.35 * (away / far[..., None] * overlap[..., None]).sum(1)
        place = np.clip(place, sizes[:, None], box - sizes[:, None])
    return place
