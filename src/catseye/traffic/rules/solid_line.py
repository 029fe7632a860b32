"""Solid line: a marking that may not be crossed, crossed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from catseye.core.arrays import Ints
from catseye.core.columns import places_of, zero_if_unknown
from catseye.core.finding import Finding
from catseye.core.road_user import IS_DRIVEN
from catseye.core.rule import World, key
from catseye.core.scene import Passages, Scene
from catseye.core.time import NS_PER_S
from catseye.traffic.doubt import SURE_SIGMAS

_LONGEST_S = 10.0


@dataclass(frozen=True, slots=True)
class SolidLineKeys:
    """`solid-line`."""

    line: str = key("the marking", names="line")
    direction: str = key("which crossing is forbidden", "both", choices=("both", "forward", "backward"))


@dataclass(frozen=True, slots=True)
class _Crossed:
    time_ns: int
    kind: int
    forward: bool
    place: tuple[float, float]
    trusted: bool


class SolidLine:
    """One finding a road user and crossing, once its middle is past the marking by more than the doubt of its place."""

    rule_kind: ClassVar[str] = "solid-line"
    needs_ground: ClassVar[bool] = False
    is_violation: ClassVar[bool] = True
    Keys = SolidLineKeys

    def __init__(self, keys: SolidLineKeys, world: World) -> None:
        """RuleError when the line is not there."""
        self._line, self._name = world.line_index(keys.line), keys.line
        self._ends, self._right = world.lines[self._line].ends, world.lines[self._line].right
        self._ways = {"both": (True, False), "forward": (True,), "backward": (False,)}[keys.direction]
        self._waiting: dict[int, _Crossed] = {}

    def see(self, scene: Scene, passages: Passages) -> Sequence[Finding]:
        """Take the next moment."""
        if len(passages):
            self._cross(scene, passages)
        return self._settle(scene) if self._waiting else ()

    def end(self, track: Ints, time_ns: int) -> Sequence[Finding]:
        """Who is gone before it was surely past was never surely past."""
        del time_ns
        for number in track.tolist():
            self._waiting.pop(number, None)
        return ()

    def finish(self, time_ns: int) -> Sequence[Finding]:
        """Nothing more comes."""
        del time_ns
        self._waiting.clear()
        return ()

    def _cross(self, scene: Scene, passages: Passages) -> None:
        row, there = places_of(passages.track, scene.track)
        for index in np.flatnonzero((passages.line == self._line) & there).tolist():
            track, kind, forward = int(passages.track[index]), int(scene.kind[row[index]]), bool(passages.forward[index])
            self._waiting.pop(track, None)  # back again before it was sure
            if IS_DRIVEN[kind] and forward in self._ways:
                place = (float(passages.place[index, 0]), float(passages.place[index, 1]))
                self._waiting[track] = _Crossed(int(passages.time_ns[index]), kind, forward, place, scene.trusted)

    def _settle(self, scene: Scene) -> list[Finding]:
        tracks = np.fromiter(self._waiting, np.int64, len(self._waiting))
        row, there = places_of(tracks, scene.track)
        past = (scene.place[row] - self._ends[0]) @ self._right if len(scene) else np.zeros(len(row))
        doubt = SURE_SIGMAS * zero_if_unknown(scene.place_sigma[row]) if len(scene) else np.zeros(len(row))
        told: list[Finding] = []
        for track, far, least, here in zip(tracks.tolist(), past.tolist(), doubt.tolist(), there.tolist(), strict=True):
            crossed = self._waiting[track]
            if here and (far if crossed.forward else -far) > least:
                del self._waiting[track]
                details: dict[str, str | int | float | bool | None] = {"line": self._name, "direction": "forward" if crossed.forward else "backward"}
                told.append(Finding(crossed.time_ns, scene.time_ns, (track,), (crossed.kind,), (), crossed.place, crossed.trusted and scene.trusted, details))
            elif scene.time_ns - crossed.time_ns > _LONGEST_S * NS_PER_S:
                del self._waiting[track]
        return told
