"""What a terminal makes of its sensors: alarms that begin and end, gated by speed. Pure: a moment in, what is raised out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType

from catseye.core.time import NS_PER_S
from catseye.fleet.simulate.driving import Moment

Code = int  # a number that names something on the wire


class AlarmItem(IntEnum):
    """Items of 0x0200 that carry alarms."""

    ASSISTANCE = 0x64
    MONITORING = 0x65
    BLIND_SPOT = 0x67


class Flag(IntEnum):
    """Where an alarm stands."""

    AT_ONCE = 0
    BEGINS = 1
    ENDS = 2


@dataclass(frozen=True, slots=True)
class AlarmKind:
    """How an alarm is called on the wire, in both dialects. `holds_s`: how long its cause must last before it begins; one that is `is_moment` has no end."""

    name: str
    item: AlarmItem
    event: Code
    holds_s: float = 0.0
    is_moment: bool = False


TOO_CLOSE = AlarmKind("tailgating", AlarmItem.ASSISTANCE, 3, 2.0)
COLLISION = AlarmKind("forward-collision", AlarmItem.ASSISTANCE, 1, is_moment=True)
KINDS = (
    TOO_CLOSE,
    COLLISION,
    AlarmKind("lane-departure", AlarmItem.ASSISTANCE, 2, is_moment=True),
    AlarmKind("fatigue", AlarmItem.MONITORING, 1, 2.0),
    AlarmKind("phone", AlarmItem.MONITORING, 2, 2.0),
    AlarmKind("smoking", AlarmItem.MONITORING, 3, 2.0),
    AlarmKind("distraction", AlarmItem.MONITORING, 4, 3.0),
    AlarmKind("blind-spot", AlarmItem.BLIND_SPOT, 2, is_moment=True),
)
_QUIET_S = 60.0  # between two of one momentary kind, and before a lasting one is raised anew


@dataclass(frozen=True, slots=True)
class Thresholds:
    """As the platform may set them (0xF364): no alarm below `gate_kmh`; level 2 from `level_kmh` on."""

    gate_kmh: float = 30.0
    headway_s: float = 1.0
    collision_s: float = 2.7
    level_kmh: float = 50.0


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm to report. `number`: the same when it begins and when it ends."""

    kind: AlarmKind
    number: int
    flag: Flag
    level: Code
    moment: Moment
    begun_ns: int
    time_ns: int


@dataclass(frozen=True, slots=True)
class _Cause:
    since_ns: int
    open: tuple[Raised, ...] = ()
    last_ns: int = 0


@dataclass(frozen=True, slots=True)
class Watch:
    """Which causes hold since when, which alarms are open, and the next number."""

    causes: Mapping[str, _Cause] = field(default_factory=lambda: MappingProxyType({}))
    number: int = 0

    def at(self, now_ns: int, moment: Moment, doing: frozenset[str], limits: Thresholds) -> tuple["Watch", list[Raised]]:
        """After this moment, and what it raised. A cause that lasts raises its alarm anew every minute; when it is over, each of them ends."""
        number, raised, causes = self.number, [], dict(self.causes)
        for kind in KINDS:
            cause = causes.get(kind.name)
            if not _holds(kind, moment, doing, limits, is_open=bool(cause and cause.open)):
                if cause is not None and (cause.open or now_ns - cause.last_ns > _QUIET_S * NS_PER_S):
                    raised += [Raised(kind, each.number, Flag.ENDS, each.level, moment, each.begun_ns, now_ns) for each in cause.open]
                    del causes[kind.name]
                continue
            cause = cause or _Cause(now_ns)
            if now_ns - cause.since_ns >= kind.holds_s * NS_PER_S and now_ns - cause.last_ns >= _QUIET_S * NS_PER_S:
                flag = Flag.AT_ONCE if kind.is_moment else Flag.BEGINS
                one = Raised(kind, number, flag, 2 if moment.speed_kmh >= limits.level_kmh else 1, moment, now_ns, now_ns)
                raised.append(one)
                number += 1
                cause = _Cause(cause.since_ns, (*cause.open, one) if flag is Flag.BEGINS else (), now_ns)
            causes[kind.name] = cause
        return Watch(MappingProxyType(causes), number), raised


def _holds(kind: AlarmKind, moment: Moment, doing: frozenset[str], limits: Thresholds, *, is_open: bool) -> bool:
    """Whether its cause is there; an open alarm ends a little beyond where it began, so that it does not flicker."""
    slack_ratio = 1.2 if is_open else 1.0
    if moment.speed_kmh * slack_ratio < limits.gate_kmh:
        return False
    if kind is TOO_CLOSE:
        return moment.headway_s < limits.headway_s * slack_ratio
    if kind is COLLISION:
        return moment.collision_s < limits.collision_s
    return kind.name in doing
