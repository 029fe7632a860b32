"""Points in order of time become scenes, and scenes are judged: the same stage behind a camera and behind a file of trajectories."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from catseye.core.arrays import Doubles, Ints
from catseye.core.columns import places_of
from catseye.core.event import Event
from catseye.core.finding import Violation
from catseye.core.scene import GroundScene, Passages, PictureScene, Scene
from catseye.core.time import NS_PER_S
from catseye.traffic.judge import Judge, Judged
from catseye.traffic.motion import Moment, Motion

GONE_S = 2.0  # a road user not seen for so long has left: trajectories made by others do not say when one ends

Told = Callable[[Scene, Passages], None]


@dataclass(slots=True)
class JudgeStage:
    """Feeds one camera's judge. `told(scene, passages)` is called with every passage over a line, and the scene that settled it.

    `violations` are those among the events, gathered for whoever takes them out.
    """

    judge: Judge
    motion: Motion[GroundScene] | Motion[PictureScene]
    told: Told = lambda scene, passages: None
    events_count: dict[str, int] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    _doubt_ns: tuple[int, int] | None = None
    _doubts: dict[int, int] = field(default_factory=dict)
    _stays: deque[tuple[int, Ints, Doubles]] = field(default_factory=deque)
    _open: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    _last_ns: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    def see(self, moment: Moment, stays: Doubles | None = None) -> list[Event]:
        """Take the points of the next moment; the events that have become sure.

        `stays` (m,): the part of each place's doubt that is the same in the points around it, so that no fit makes it smaller.
        """
        self._note_trust(moment)
        if stays is not None:
            self._stays.append((moment.time_ns, moment.track, stays))
        return [event for scene in self.motion.see(moment) for event in self._scene(scene)]

    def doubted(self) -> list[Event]:
        """Stretches of moments that were taken in as not to be trusted, those that are new or have grown since they were asked for."""
        told, self._doubts = [self.judge.not_trusted(begin_ns, end_ns) for begin_ns, end_ns in self._doubts.items()], {}
        return told

    def _note_trust(self, moment: Moment) -> None:
        """From the first to the last of consecutive moments: a replay that marks these moments judges as it was judged here."""
        if moment.trusted:
            self._doubt_ns = None
            return
        begin_ns = moment.time_ns if self._doubt_ns is None else self._doubt_ns[0]
        self._doubt_ns = begin_ns, moment.time_ns
        self._doubts[begin_ns] = moment.time_ns

    def finish(self) -> list[Event]:
        """Nothing more comes."""
        events = [event for scene in self.motion.finish() for event in self._scene(scene)]
        return events + self._noted(self.judge.finish())

    def _scene(self, scene: Scene) -> list[Event]:
        scene, gone = self._doubted(scene), self._gone(scene)
        judged = self.judge.see(scene, gone)
        if len(judged.passages):
            self.told(scene, judged.passages)
        return self._noted(judged)

    def _doubted(self, scene: Scene) -> Scene:
        """With the doubt that stays added to that of the fit."""
        while self._stays and self._stays[0][0] < scene.time_ns:
            self._stays.popleft()
        if not self._stays or self._stays[0][0] != scene.time_ns:
            return scene
        _, track, stays = self._stays.popleft()
        order = np.argsort(track, kind="stable")
        place, there = places_of(scene.track, track[order])
        more = np.where(there, np.nan_to_num(stays[order])[place], 0.0)
        return replace(scene, place_sigma=np.hypot(scene.place_sigma, more))

    def _gone(self, scene: Scene) -> Ints:
        """Tracks (e,) that were last seen too long ago; the others are noted as seen now."""
        left = scene.time_ns - self._last_ns > GONE_S * NS_PER_S
        gone = self._open[left]
        if len(gone):
            self._open, self._last_ns = self._open[~left], self._last_ns[~left]
        place, there = places_of(scene.track, self._open)
        if not there.all():
            both = np.concatenate([self._open, scene.track[~there]])
            order = np.argsort(both, kind="stable")
            self._open = both[order]
            self._last_ns = np.concatenate([self._last_ns, np.full(int((~there).sum()), scene.time_ns)])[order]
            place, _ = places_of(scene.track, self._open)
        self._last_ns[place] = scene.time_ns
        return gone

    def _noted(self, judged: Judged) -> list[Event]:
        for event in judged.events:
            self.events_count[event.kind] = self.events_count.get(event.kind, 0) + 1
        self.violations += judged.violations
        return list(judged.events)
