"""What a site says stands on the road, as the rules take it: in metres where that can be had, else in pixels; and the rules that can be judged there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from catseye.core.arrays import Doubles
from catseye.core.errors import CatseyeError
from catseye.core.rule import Rule, World, WorldLine, WorldZone
from catseye.core.signal import Signal
from catseye.station.calibrations import calibration_of
from catseye.station.rule_keys import names_in, rule_classes
from catseye.station.site import Camera, Site
from catseye.traffic.lines import GroundLine, Line

_IN_PIXELS = "it is drawn in pixels, and nothing tells where they are on the ground"
_IN_METRES = "it is drawn in metres, and the camera is not calibrated"
ToGround = Callable[[Doubles], Doubles]
Points: TypeAlias = Sequence[Sequence[float]] | None


@dataclass(frozen=True, slots=True)
class Bench:
    """The world of one camera, its rules by name, and those of the site's rules that cannot be judged there, each with the reason."""

    world: World
    rules: Mapping[str, Rule]
    not_judged: Mapping[str, str]


def bench_of(camera: Camera, signals: Mapping[str, Signal], *, on_ground: bool, to_ground: ToGround | None = None) -> Bench:
    """`on_ground`: scenes come in metres; `signals` is kept as it is, so timelines may grow in it.

    `to_ground` turns pixels (n, 2) of a calibrated camera into metres; without it what is drawn in pixels has no place there.
    """
    placed = _Placed(camera, on_ground, to_ground)
    world = World("m" if on_ground else "px", tuple(placed.lines), tuple(placed.zones), signals)
    rules: dict[str, Rule] = {}
    not_judged: dict[str, str] = {}
    for table in camera.rules:
        kind = rule_classes()[table.kind]
        if kind.needs_ground and not on_ground:
            not_judged[table.name] = "it measures in metres, and the camera is not calibrated"
        elif lost := [name for _, what, name in names_in(kind, table.said) if what in ("line", "zone") and name in placed.lost]:
            not_judged[table.name] = f"{', '.join(lost)}: {placed.lost[lost[0]]}"
        else:
            try:
                rules[table.name] = kind(table.keys(), world)
            except CatseyeError as fault:
                not_judged[table.name] = str(fault)
    return Bench(world, rules, not_judged)


def world_of(camera: Camera, signals: Mapping[str, Signal], *, on_ground: bool, to_ground: ToGround | None = None) -> World:
    """What stands there, without any rule: lines and zones that have a place in the plane."""
    placed = _Placed(camera, on_ground, to_ground)
    return World("m" if on_ground else "px", tuple(placed.lines), tuple(placed.zones), dict(signals))


def ground_world(site: Site, camera: Camera, size_px: tuple[int, int] | None = None) -> World:
    """What stands there in metres: as drawn in metres, or through the calibration (for pictures of that size), where there is one."""
    calibration = calibration_of(site, camera, size_px)
    return world_of(camera, {}, on_ground=True, to_ground=calibration.place_of if calibration is not None else None)


class _Placed:
    """Lines and zones of a camera in one plane; `lost` are those that have no place in it, each with the reason."""

    def __init__(self, camera: Camera, on_ground: bool, to_ground: ToGround | None) -> None:
        self._on_ground, self._to_ground = on_ground, to_ground
        self.lost: dict[str, str] = {}
        self.lines = [made for line in camera.lines if (made := self._line(line.id, line.px, line.m))]
        self.zones = [area for zone in camera.zones if (area := self._zone(zone.id, zone.px, zone.m, zone.heading))]

    def _line(self, name: str, px: Points, m: Points) -> WorldLine | None:
        ends = self._points(name, px, m)
        if ends is None:
            return None
        line = GroundLine(name, ends) if self._on_ground else Line(name, ends)
        return WorldLine(name, ends, line.right_hand())

    def _zone(self, name: str, px: Points, m: Points, heading: Points) -> WorldZone | None:
        corners = self._points(name, px, m)
        if corners is None:
            return None
        if heading is None:
            return WorldZone(name, corners)
        way = self._points(name, heading if px is not None else None, heading if m is not None else None)
        if way is None:
            return None
        along = way[1] - way[0]
        return WorldZone(name, corners, along / np.hypot(*along))

    def _points(self, name: str, px: Points, m: Points) -> Doubles | None:
        """Points in this plane (n, 2); None, noted as lost, where they have no place in it."""
        if m is not None and self._on_ground:
            return np.array(m, np.float64)
        if px is not None and not self._on_ground:
            return np.array(px, np.float64)
        if px is not None and self._to_ground is not None:
            points = self._to_ground(np.array(px, np.float64))
            if np.isfinite(points).all():
                return points
            self.lost[name] = "it reaches above the horizon"
        else:
            self.lost[name] = (
                "it is drawn in pixels, and nothing tells where they are on the ground"
                if m is None
                else "it is drawn in metres, and the camera is not calibrated"
            )
        return None
