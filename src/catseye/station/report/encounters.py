"""The worst encounters as small plans: where the two came from, where they were at the worst moment, and where they went."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Doubles
from catseye.core.event import Event
from catseye.core.road_user import RoadUser
from catseye.core.rule import World
from catseye.core.time import NS_PER_S
from catseye.station.report.found import said_of
from catseye.station.report.plan import Frame, nice_length
from catseye.station.report.trails import Trail
from catseye.traffic.footprints import Footprints
from catseye.traffic.hazards import COLLISION, NEAR_MISS
from catseye.traffic.sizes import lengths_m, widths_m

WORST_COUNT = 9
SIDE = 300.0
_AROUND_S = 3.0
_GHOSTS_S = (-2.0, -1.0, 1.0)
_LEAST_SIDE, _MOST_SIDE = 24.0, 60.0
_USUAL_M = 4.5, 1.8
_NOSE_RATIO = 0.72


@dataclass(frozen=True, slots=True)
class Body:
    """One of the two: its way before and after the worst moment, its outline then, the mark of its front, and faint outlines around that moment."""

    before: str
    after: str
    outline: str
    front: str
    ghosts: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True)
class Encounter:
    """A square picture of 300 × 300 units. `place` is where they met or would have; `size` the length of the scale bar."""

    kind: str
    title: str
    when: str
    said: tuple[str, ...]
    is_trusted: bool
    bodies: tuple[Body, ...]
    lines: tuple[str, ...]
    left: float
    top: float
    size: float
    bar_text: str


def worst_of(events: Sequence[Event], most_count: int = WORST_COUNT) -> list[Event]:
    """Collisions first, then near misses by their smallest TTC, then those that have a PET alone; what was not trusted comes last of all.

    Each pair once: who collides had a near miss first.
    """
    dangers = [event for event in events if event.kind in (NEAR_MISS, COLLISION) and len(event.subjects) > 1 and event.ground_m is not None]

    def gravity(event: Event) -> tuple[bool, bool, float, float, int]:
        said = {measure.name: measure.value for measure in event.measures}
        return (not event.trusted, event.kind != COLLISION, said.get("ttc_min", 1e6), said.get("pet", 1e6), event.time_ns)

    worst: dict[frozenset[str], Event] = {}
    for event in sorted(dangers, key=gravity):
        worst.setdefault(frozenset(event.subjects), event)
    return list(worst.values())[:most_count]


def encounter_of(event: Event, trails: Mapping[str, Trail], world: World, label: Callable[[float], str]) -> Encounter | None:
    """The picture of one; None where the points of either are gone."""
    pair = [trails[track] for track in event.subjects[:2] if track in trails]
    if len(pair) < 2 or event.ground_m is None:
        return None
    worst_ns = _worst_ns(event, pair)
    place = np.array(event.ground_m)
    frame = _frame(pair, place, worst_ns)
    at = frame.drawn(place)[0] * SIDE / 1000
    bar = nice_length(frame.span[0] / 3)
    near = [line for line in world.lines if np.abs(line.ends - (np.array(frame.low) + frame.high) / 2).max() < 1.5 * frame.span[0]]
    return Encounter(
        event.kind,
        str(event.details.get("type", event.kind)) if event.kind == NEAR_MISS else event.kind,
        label(worst_ns / NS_PER_S),
        tuple(map(said_of, event.measures)),
        event.trusted,
        tuple(_body(trail, f"{kind} {track}", worst_ns, frame) for trail, kind, track in zip(pair, event.road_users, event.subjects, strict=False)),
        tuple(_path(frame, line.ends) for line in near),
        float(at[0]),
        float(at[1]),
        bar * SIDE / frame.span[0],
        f"{bar:g} m",
    )


def _worst_ns(event: Event, pair: Sequence[Trail]) -> int:
    """The moment the rule names; else, of a collision, its end: when the contact was sure."""
    told = event.details.get("worst_s")
    wanted = round(float(told) * NS_PER_S) if isinstance(told, int | float) else event.end_time_ns
    begin, end = max(trail.time_ns[0] for trail in pair), min(trail.time_ns[-1] for trail in pair)
    return int(np.clip(wanted, begin, max(begin, end)))


def _frame(pair: Sequence[Trail], place: Doubles, worst_ns: int) -> Frame:
    """Square, around where they were at the worst moment and where they met or would have."""
    points = np.array([place, *(trail.at(worst_ns) for trail in pair)])
    points = points[np.isfinite(points).all(1)]
    low, high = points.min(0), points.max(0)
    side = float(np.clip((high - low).max() + 18.0, _LEAST_SIDE, _MOST_SIDE))
    middle = (low + high) / 2
    (left, bottom), (right, top) = (middle - side / 2).tolist(), (middle + side / 2).tolist()
    return Frame(((left, bottom), (right, top)), is_upward=True)


def _body(trail: Trail, name: str, worst_ns: int, frame: Frame) -> Body:
    around = round(_AROUND_S * NS_PER_S)
    here = trail.at(worst_ns)
    now = here[None] if np.isfinite(here).all() else np.empty((0, 2))
    before = np.concatenate([trail.between(worst_ns - around, worst_ns), now])
    after = np.concatenate([now, trail.between(worst_ns, worst_ns + around)])
    ghosts = [_outline(trail, worst_ns + round(by_s * NS_PER_S), frame)[0] for by_s in _GHOSTS_S]
    outline, front = _outline(trail, worst_ns, frame)
    return Body(_path(frame, before), _path(frame, after), outline, front, tuple(filter(None, ghosts)), name)


def _path(frame: Frame, places: Doubles) -> str:
    drawn = frame.drawn(places) * SIDE / 1000
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in drawn.tolist()) if len(drawn) > 1 else ""


def _outline(trail: Trail, time_ns: int, frame: Frame) -> tuple[str, str]:
    """SVG path data of the footprint and of the line behind its front; empty where it was not seen then."""
    place = trail.at(time_ns)
    heading = trail.heading_at(time_ns)
    if not np.isfinite(place).all() or not np.isfinite(heading).all():
        return "", ""
    code = np.array([RoadUser(trail.kind).code], np.uint8)
    length, width = (
        next(size for size in (told, float(usual(code)[0]), fallback) if np.isfinite(size))
        for told, usual, fallback in zip((trail.length_m, trail.width_m), (lengths_m, widths_m), _USUAL_M, strict=True)
    )
    corners = Footprints.of(place[None], heading[None], np.array([length]), np.array([width])).corners()[0]
    nose = corners[[0, 3]] - heading * length * (1 - _NOSE_RATIO) / 2
    return _path(frame, corners) + "Z", _path(frame, nose)
