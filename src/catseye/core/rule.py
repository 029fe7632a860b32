"""The socket of rules: a rule is a plug-in with keys of its own, a page in the docs, and tests."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, Protocol, runtime_checkable

from catseye.core.arrays import Doubles, Ints
from catseye.core.errors import CatseyeError
from catseye.core.finding import Finding
from catseye.core.scene import Passages, Scene
from catseye.core.signal import Signal


class RuleError(CatseyeError):
    """A rule that cannot be meant: it names what is not there, or lacks what it needs."""


def key(doc: str, default: Any = MISSING, *, least: float | None = None, most: float | None = None, choices: Sequence[str] = (), names: str = "") -> Any:
    """A field of a rule's keys: `doc` goes into the reference and into error messages; numbers lie in [least, most].

    `names`: the text is the id of a line, zone, signal or type of the camera ("line", "zone", "signal"). Without a default the key is required.
    """
    facts = {"doc": doc, "least": least, "most": most, "choices": tuple(choices), "names": names}
    return field(metadata=facts) if default is MISSING else field(default=default, metadata=facts)


@dataclass(frozen=True, slots=True, eq=False)
class WorldLine:
    """A directed line: `ends` float64 (2, 2) in the plane's unit, `right` unit vector (2,) to the right hand: forward is along it."""

    id: str
    ends: Doubles
    right: Doubles


@dataclass(frozen=True, slots=True, eq=False)
class WorldZone:
    """An area: `corners` float64 (n, 2) in the plane's unit; `heading` unit vector (2,) of the lawful direction, where it has one."""

    id: str
    corners: Doubles
    heading: Doubles | None = None


@dataclass(frozen=True, eq=False)
class World:
    """What the site says stands there, in the one plane its scenes are in (`unit`: m or px). Equal only to itself: rules of one world share look-ups."""

    unit: str
    lines: tuple[WorldLine, ...] = ()
    zones: tuple[WorldZone, ...] = ()
    signals: Mapping[str, Signal] = field(default_factory=dict)

    def line_index(self, line: str) -> int:
        """Where a line stands; RuleError when it is not there."""
        return _index("line", line, [each.id for each in self.lines])

    def zone_index(self, zone: str) -> int:
        """Where a zone stands; RuleError when it is not there."""
        return _index("zone", zone, [each.id for each in self.zones])

    def zone(self, zone: str) -> WorldZone:
        """A zone by its id; RuleError when it is not there."""
        return self.zones[self.zone_index(zone)]

    def signal(self, signal: str) -> Signal:
        """A signal by its id, as far as it is known now; RuleError when nothing tells its states."""
        if signal not in self.signals:
            raise RuleError(f"signal {signal}", "nothing tells its states", "a lamp in the picture, a timeline, or --signals")
        return self.signals[signal]


def _index(what: str, name: str, known: Sequence[str]) -> int:
    if name not in known:
        raise RuleError(f"{what} {name}", "is not there", "one of " + ", ".join(known) if known else f"a [[camera.{what}]] of that id")
    return known.index(name)


@runtime_checkable
class Rule(Protocol):
    """Judges scenes in order of time. Pure: what it says depends on what it saw, nothing else; it never raises on any scene.

    A class of this shape is registered under the entry points `catseye.rules`, its `rule_kind` as name. `Keys` is a frozen dataclass of `key(...)` fields.
    `needs_ground`: judged only in metres. `is_violation`: its findings are violations, somebody may have to answer for them.
    """

    rule_kind: ClassVar[str]
    needs_ground: ClassVar[bool]
    is_violation: ClassVar[bool]

    def see(self, scene: Scene, passages: Passages) -> Sequence[Finding]:
        """Take the next moment; what has just become sure and is over."""
        ...

    def end(self, track: Ints, time_ns: int) -> Sequence[Finding]:
        """These tracks (e,) ascending will not come back; `time_ns` is now."""
        ...

    def finish(self, time_ns: int) -> Sequence[Finding]:
        """Nothing more comes: close what is open."""
        ...


def required_keys(keys: type) -> tuple[str, ...]:
    """Names of the keys without a default, in order."""
    return tuple(each.name for each in fields(keys) if each.default is MISSING)
