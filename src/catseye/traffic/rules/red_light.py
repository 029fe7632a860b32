"""Over a stop line while its signal is red: on past it before the green is a red-light run, no further is a stop-line overrun. Never both.

Amber is not red, unknown is nothing. The moment of crossing is doubtful by the road user's place over its speed, and the doubt is the driver's:
the light must have been red for longer than the grace and that doubt. Vienna Convention on Road Signs and Signals (1968), article 23.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from catseye.core.arrays import Ints
from catseye.core.columns import places_of
from catseye.core.event import Measure
from catseye.core.finding import Finding
from catseye.core.road_user import RoadUser
from catseye.core.rule import RuleError, World, key
from catseye.core.scene import KMH_PER_MS, Passages, Scene
from catseye.core.signal import LAMP_GREEN, LAMP_RED
from catseye.core.time import NS_PER_S
from catseye.traffic.doubt import SURE_SIGMAS

_PEDESTRIAN = RoadUser.PEDESTRIAN.code
_UNKNOWN_LENGTH_M, _UNKNOWN_LENGTH_PX = 5.0, 40.0
_LONGEST_WAIT_S = 30.0  # over the line and standing there so long: it went no further


@dataclass(frozen=True, slots=True)
class RedLightKeys:
    """`red-light` and `stop-line`."""

    line: str = key("the stop line", names="line")
    signal: str = key("the signal that holds at it", names="signal")
    direction: str = key("the way that the signal faces", "forward", choices=("forward", "backward"))
    grace_s: float = key("red for no longer than this is the amber dilemma, not a violation", 0.3, least=0, most=5)


@dataclass(slots=True)
class _Over:
    """One road user over the line while red: where it was, and how far it must go to have run the light."""

    kind: int
    time_ns: int
    red_s: float
    place: tuple[float, float]
    speed: float
    speed_sigma: float
    trusted: bool
    length: float
    beyond: float = 0.0
    last_ns: int = 0


class RedCrossing:
    """What both rules share: who is over the line while red, and how far past it."""

    needs_ground: ClassVar[bool] = False
    is_violation: ClassVar[bool] = True
    Keys = RedLightKeys

    def __init__(self, keys: RedLightKeys, world: World) -> None:
        """RuleError when the line is not there, or nothing tells the signal."""
        self._line = world.line_index(keys.line)
        self._ends, self._ahead = world.lines[self._line].ends, world.lines[self._line].right * (1.0 if keys.direction == "forward" else -1.0)
        self._is_forward = keys.direction == "forward"
        self._world, self._signal, self._grace_s = world, keys.signal, keys.grace_s
        self._is_on_ground = world.unit == "m"
        self._over: dict[int, _Over] = {}
        if keys.signal not in world.signals:
            raise RuleError(f"signal {keys.signal}", "nothing tells its states", "a lamp in the picture, a timeline, or --signals")

    def see(self, scene: Scene, passages: Passages) -> Sequence[Finding]:
        """Take the next moment."""
        told: list[Finding] = []
        mine = passages.line == self._line if len(passages) else _NO_PASSAGE
        if mine.any():
            self._cross(scene, passages, np.flatnonzero(mine), told)
        if self._over:
            self._follow(scene, told)
        return told

    def end(self, track: Ints, time_ns: int) -> Sequence[Finding]:
        """These tracks will not come back: they went as far as they went."""
        gone = [number for number in self._over if number in set(track.tolist())] if self._over else []
        return [finding for number in gone for finding in self._settled(number, self._over.pop(number), time_ns)]

    def finish(self, time_ns: int) -> Sequence[Finding]:
        """Nothing more comes."""
        return self.end(np.array(sorted(self._over), np.int64), time_ns)

    def _cross(self, scene: Scene, passages: Passages, which: Ints, told: list[Finding]) -> None:
        signal = self._world.signal(self._signal)
        states = signal.at(passages.time_ns[which])
        row, there = places_of(passages.track[which], scene.track)
        for index, state, at, is_there in zip(which.tolist(), states.tolist(), row.tolist(), there.tolist(), strict=True):
            track, time_ns = int(passages.track[index]), int(passages.time_ns[index])
            if bool(passages.forward[index]) != self._is_forward:
                told += self._settled(track, self._over.pop(track), time_ns) if track in self._over else []
                continue
            since_ns = signal.last_change_ns(time_ns)
            if state != LAMP_RED or since_ns is None or not is_there or scene.kind[at] == _PEDESTRIAN:
                continue
            speed = float(scene.speed[at])
            doubt_s = SURE_SIGMAS * float(scene.place_sigma[at]) / speed if speed > 0 else 0.0
            red_s = (time_ns - since_ns) / NS_PER_S
            if red_s < self._grace_s + (doubt_s if np.isfinite(doubt_s) else 0.0):
                continue
            length = float(scene.length[at])
            if not np.isfinite(length):
                length = _UNKNOWN_LENGTH_M if self._is_on_ground else _UNKNOWN_LENGTH_PX
            place = (float(passages.place[index, 0]), float(passages.place[index, 1]))
            sigma = float(scene.velocity_sigma[at])
            self._over[track] = _Over(int(scene.kind[at]), time_ns, red_s, place, speed, sigma, scene.trusted, length, last_ns=time_ns)

    def _follow(self, scene: Scene, told: list[Finding]) -> None:
        if self._world.signal(self._signal).at(scene.time_ns)[0] == LAMP_GREEN:  # whoever waited beyond the line may now drive on
            told += [finding for track, over in self._over.items() for finding in self._settled(track, over, scene.time_ns)]
            self._over.clear()
            return
        row, there = places_of(np.array(list(self._over), np.int64), scene.track)
        beyond = (scene.front[row] - self._ends[0]) @ self._ahead if len(scene) else np.zeros(len(row))
        sigma = SURE_SIGMAS * scene.place_sigma[row] if len(scene) else np.zeros(len(row))
        for track, far, doubt, is_there in zip(list(self._over), beyond.tolist(), sigma.tolist(), there.tolist(), strict=True):
            over = self._over[track]
            if is_there:
                over.beyond, over.last_ns = max(over.beyond, far - (doubt if np.isfinite(doubt) else 0.0)), scene.time_ns
            if over.beyond > over.length or scene.time_ns - over.time_ns > _LONGEST_WAIT_S * NS_PER_S:
                told += self._settled(track, self._over.pop(track), scene.time_ns)

    def _settled(self, track: int, over: _Over, time_ns: int) -> Sequence[Finding]:
        del time_ns
        if (over.beyond > over.length) != self._wants_a_run:
            return ()
        measures = [Measure("red", over.red_s, "s", 0.0)]
        if self._is_on_ground and np.isfinite(over.speed):
            measures.insert(0, Measure("speed", over.speed * KMH_PER_MS, "km/h", over.speed_sigma * KMH_PER_MS))
        details: dict[str, str | int | float | bool | None] = {"line": self._world.lines[self._line].id, "signal": self._signal, "grace_s": self._grace_s}
        return [Finding(over.time_ns, over.last_ns, (track,), (over.kind,), tuple(measures), over.place, over.trusted, details)]

    _wants_a_run: ClassVar[bool]


_NO_PASSAGE = np.zeros(0, np.bool_)


class RedLight(RedCrossing):
    """Over the line while red, and on past it by more than its own length before the signal turned green."""

    rule_kind: ClassVar[str] = "red-light"
    _wants_a_run: ClassVar[bool] = True


class StopLine(RedCrossing):
    """Over the line while red, and no further before the signal turned green."""

    rule_kind: ClassVar[str] = "stop-line"
    _wants_a_run: ClassVar[bool] = False
