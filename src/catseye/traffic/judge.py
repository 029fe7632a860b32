"""The judge: one camera's scenes in order of time become crossings and events. Pure: the same scenes give the same events, bit for bit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from catseye.core.arrays import Ints
from catseye.core.columns import zero_if_unknown
from catseye.core.event import Event
from catseye.core.finding import Finding, Violation
from catseye.core.road_user import ROAD_USERS
from catseye.core.rule import Rule, World
from catseye.core.scene import Passages, Scene
from catseye.core.time import Stamp
from catseye.traffic.hysteresis import CrossingSettings, PlaneCounter


@dataclass(frozen=True, slots=True)
class Judged:
    """What one moment settled: passages over lines, and events; `violations` are those of the events that somebody may have to answer for."""

    passages: Passages
    events: tuple[Event, ...] = ()
    violations: tuple[Violation, ...] = ()


class WorldCounter(PlaneCounter[Passages]):
    """Counts fronts over the lines of a world, in its plane."""

    def __init__(self, world: World, settings: CrossingSettings) -> None:
        """No line at all is fine."""
        least = (settings.margin_m, settings.return_m) if world.unit == "m" else (settings.margin_px, settings.return_px)
        super().__init__([line.ends for line in world.lines], [line.right for line in world.lines], least, settings, Passages)

    def update(self, scene: Scene) -> Passages:
        """Move everybody to where they are now; who went over what since."""
        return self._move(scene.time_ns, scene.track, scene.front, zero_if_unknown(scene.length), np.ones(len(scene), np.bool_))


class Judge:
    """Feeds passages and rules. Scenes must come with ascending times."""

    def __init__(
        self,
        camera: str,
        world: World,
        rules: Mapping[str, Rule],
        name_of: Callable[[int], str] = str,
        when_of: Callable[[int], Stamp | None] = lambda _: None,
        lineage: str = "",
        settings: CrossingSettings | None = None,
    ) -> None:
        """`rules` by the name their events bear; `name_of` gives a track its text; `when_of(time_ns)` the wall clock, where anything tells it."""
        self._camera, self._world, self._rules = camera, world, dict(rules)
        self._name_of, self._when_of, self._lineage = name_of, when_of, lineage
        self._counter = WorldCounter(world, settings or CrossingSettings())
        self._last_ns: int | None = None

    def see(self, scene: Scene, ended: Ints | None = None) -> Judged:
        """Take the next moment; `ended` (e,) tracks were last seen before it and will not come back. ValueError when time runs backwards."""
        if self._last_ns is not None and scene.time_ns <= self._last_ns:
            raise ValueError(f"scene of {self._camera} at {scene.time_ns} ns after {self._last_ns} ns; wanted ascending times")
        over = self._end(ended, scene.time_ns) if ended is not None and len(ended) else Judged(Passages.none())
        self._last_ns = scene.time_ns
        passages = self._counter.update(scene)
        found = [(name, finding) for name, rule in self._rules.items() for finding in rule.see(scene, passages)]
        return _together(over, self._judged(passages, found))

    def finish(self) -> Judged:
        """Nothing more comes."""
        now_ns = self._last_ns or 0
        passages = self._counter.finish()
        return self._judged(passages, [(name, finding) for name, rule in self._rules.items() for finding in rule.finish(now_ns)])

    def not_trusted(self, begin_ns: int, end_ns: int) -> Event:
        """A stretch whose scenes were not to be trusted, as it was judged: told again with a later end it keeps its id."""
        details = {"detail": "what was measured meanwhile is marked: the camera was not to be trusted"}
        when = self._when_of(begin_ns)
        return Event("not-trusted", self._camera, begin_ns, end_ns, when, trusted=False, lineage=self._lineage, details=details)

    def _end(self, track: Ints, time_ns: int) -> Judged:
        passages = self._counter.end(track)
        return self._judged(passages, [(name, finding) for name, rule in self._rules.items() for finding in rule.end(track, time_ns)])

    def _judged(self, passages: Passages, found: Sequence[tuple[str, Finding]]) -> Judged:
        if not found:
            return Judged(passages)
        events = [(self._event(name, finding), self._rules[name].is_violation) for name, finding in found]
        return Judged(passages, tuple(event for event, _ in events), tuple(Violation(event) for event, is_one in events if is_one))

    def _event(self, name: str, finding: Finding) -> Event:
        place = {"ground_m" if self._world.unit == "m" else "px": finding.place}
        return Event(
            self._rules[name].rule_kind,
            self._camera,
            finding.time_ns,
            finding.end_time_ns,
            self._when_of(finding.time_ns),
            name,
            tuple(self._name_of(track) for track in finding.track),
            tuple(ROAD_USERS[kind].value for kind in finding.kind),
            finding.measures,
            trusted=finding.trusted,
            lineage=self._lineage,
            details=finding.details,
            **place,  # type: ignore[arg-type]  # the one key of the plane
        )


def _together(one: Judged, other: Judged) -> Judged:
    if not (len(one.passages) or one.events):
        return other
    columns = [np.concatenate([getattr(one.passages, name), getattr(other.passages, name)]) for name in ("time_ns", "track", "line", "forward", "place")]
    return Judged(Passages(*columns), one.events + other.events, one.violations + other.violations)
