"""Prohibited turn: from one line to another that may not be driven to from there; or a U-turn where none is allowed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from catseye.core.arrays import Doubles, Ints
from catseye.core.columns import places_of
from catseye.core.finding import Finding
from catseye.core.road_user import IS_DRIVEN, RoadUser
from catseye.core.rule import World, key
from catseye.core.scene import Passages, Scene
from catseye.core.time import NS_PER_S
from catseye.traffic.zones import WorldZones

LONGEST_S = 120.0
U_TURN_DEG = 150.0


@dataclass(frozen=True, slots=True)
class ProhibitedTurnKeys:
    """`prohibited-turn`: either two lines, or a zone in which nobody may turn round."""

    from_line: str | None = key("where the turn begins", None, names="line")
    to_line: str | None = key("where it may not lead", None, names="line")
    u_turn_zone: str | None = key("instead of lines: where nobody may turn round", None, names="zone")
    except_kinds: tuple[str, ...] = key("who may, all the same", (), choices=tuple(kind.value for kind in RoadUser))

    def __post_init__(self) -> None:
        """Either both lines or the zone."""
        lines = self.from_line is not None and self.to_line is not None
        if lines == (self.u_turn_zone is not None) or (self.from_line is None) != (self.to_line is None):
            raise ValueError("a turn from nowhere to nowhere" if self.u_turn_zone is None else "a turn that is both")


@dataclass(frozen=True, slots=True)
class _Began:
    time_ns: int
    place: tuple[float, float]
    trusted: bool


class ProhibitedTurn:
    """One finding a road user and turn."""

    rule_kind: ClassVar[str] = "prohibited-turn"
    needs_ground: ClassVar[bool] = False
    is_violation: ClassVar[bool] = True
    Keys = ProhibitedTurnKeys

    def __init__(self, keys: ProhibitedTurnKeys, world: World) -> None:
        """RuleError when a line or the zone is not there."""
        self._lines = None if keys.from_line is None or keys.to_line is None else (world.line_index(keys.from_line), world.line_index(keys.to_line))
        self._zones, self._zone = WorldZones.of(world), None if keys.u_turn_zone is None else world.zone_index(keys.u_turn_zone)
        self._name = f"{keys.from_line} → {keys.to_line}" if self._lines else f"U-turn in {keys.u_turn_zone}"
        self._free = {RoadUser(kind).code for kind in keys.except_kinds}
        self._began: dict[int, _Began] = {}
        self._entry: dict[int, tuple[Doubles, _Began]] = {}

    def see(self, scene: Scene, passages: Passages) -> Sequence[Finding]:
        """Take the next moment."""
        if self._lines is not None:
            return self._cross(scene, passages) if len(passages) else ()
        return self._turn(scene)

    def end(self, track: Ints, time_ns: int) -> Sequence[Finding]:
        """These tracks will not come back."""
        del time_ns
        for number in track.tolist():
            self._began.pop(number, None)
            self._entry.pop(number, None)
        return ()

    def finish(self, time_ns: int) -> Sequence[Finding]:
        """Nothing more comes."""
        del time_ns
        return ()

    def _cross(self, scene: Scene, passages: Passages) -> list[Finding]:
        assert self._lines is not None
        told: list[Finding] = []
        row, there = places_of(passages.track, scene.track)
        for index in np.argsort(passages.time_ns, kind="stable").tolist():
            track, time_ns, line = int(passages.track[index]), int(passages.time_ns[index]), int(passages.line[index])
            began = self._began.get(track)
            if line == self._lines[1] and began is not None and time_ns - began.time_ns <= LONGEST_S * NS_PER_S and there[index]:
                del self._began[track]
                told += self._finding(track, int(scene.kind[row[index]]), began, time_ns, trusted=began.trusted and scene.trusted)
            elif line == self._lines[0]:
                self._began[track] = _Began(time_ns, (float(passages.place[index, 0]), float(passages.place[index, 1])), scene.trusted)
        return told

    def _turn(self, scene: Scene) -> list[Finding]:
        assert self._zone is not None
        told: list[Finding] = []
        inside = self._zones.inside(scene)[:, self._zone] & (IS_DRIVEN[scene.kind] == 1) & np.isfinite(scene.heading).all(1)
        for at in np.flatnonzero(inside).tolist():
            track = int(scene.track[at])
            began = _Began(scene.time_ns, (float(scene.place[at, 0]), float(scene.place[at, 1])), scene.trusted)
            heading, entered = self._entry.setdefault(track, (scene.heading[at].copy(), began))
            if float(heading @ scene.heading[at]) < np.cos(np.radians(U_TURN_DEG)):
                self._entry[track] = (scene.heading[at].copy(), began)  # turning back again is a turn of its own
                told += self._finding(track, int(scene.kind[at]), entered, scene.time_ns, trusted=entered.trusted and scene.trusted)
        here = set(scene.track[inside].tolist())
        for track in [track for track in self._entry if track not in here and track in set(scene.track.tolist())]:
            del self._entry[track]
        return told

    def _finding(self, track: int, kind: int, began: _Began, end_ns: int, *, trusted: bool) -> list[Finding]:
        if kind in self._free or not IS_DRIVEN[kind]:
            return []
        return [Finding(began.time_ns, end_ns, (track,), (kind,), (), began.place, trusted, {"turn": self._name})]
