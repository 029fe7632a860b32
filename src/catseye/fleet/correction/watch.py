"""What is remembered of one terminal between its messages: little, bounded, and a value of its own so that a batch that was not kept leaves no trace."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from catseye.core.event import Event
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.alarms import Alarm, Stage
from catseye.fleet.frame808 import V2013

MOST_OPEN_COUNT, MOST_RECENT_COUNT, MOST_PENDING_COUNT = 64, 32, 16
_FORGOTTEN_AFTER_S = 3600.0  # an alarm that began and was never said to end
_GIVEN_UP_AFTER_S = 900.0  # a warning of which nothing was ever told


@dataclass(frozen=True, slots=True)
class Open:
    """An alarm that began and has not ended. `is_lasting`: a bit, which ends with the first report that lacks it."""

    key: tuple[str, int | None]
    event: Event
    event_id: str
    since_ns: int
    is_lasting: bool


@dataclass(frozen=True, slots=True)
class Recent:
    """An alarm of a kind the policy names. `is_decided`: its orders are known; of one that was read back from its event alone nobody can say so."""

    event_id: str
    kind: str
    at_ns: int
    is_decided: bool = True


@dataclass(frozen=True, slots=True)
class Cause:
    """The alarm behind an action: `alarm` is the id of its event. `ident`: by which its attachments are asked for, where it has any."""

    alarm: str
    kind: str
    received: Stamp
    speed_kmh: float
    ident: Mapping[str, Any] | None = None
    dialect: str = ""

    @classmethod
    def of(cls, alarm: Alarm, event_id: str) -> Self:
        """Of an alarm that is an event already."""
        return cls(event_id, alarm.kind.value, alarm.received, alarm.speed_kmh, alarm.ident if alarm.attach_count else None, alarm.dialect)


@dataclass(frozen=True, slots=True)
class Pending:
    """A warning on its way. `has_end`: the terminal says when its alarm is over."""

    order_id: str
    cause: Cause
    row: str
    at_ns: int
    has_end: bool
    sent_ns: int | None = None
    acknowledged_ns: int | None = None

    def due_ns(self, answer_within_s: float) -> int:
        """When it is judged if nothing else happens."""
        if self.acknowledged_ns is None:
            return self.at_ns + round(_GIVEN_UP_AFTER_S * NS_PER_S)
        return self.acknowledged_ns + round(answer_within_s * NS_PER_S)


@dataclass(frozen=True, slots=True)
class Restore:
    """A speed limit to set again."""

    alarm: str
    back_to_kmh: int
    due_ns: int


@dataclass(frozen=True, slots=True)
class Watch:
    """One terminal. Times are the platform's clock. `warned_ns`: of the last warning a kind; `fired_ns`: of the last time a row and kind.

    `bits`, `reported`: the alarm bits of its last report that had no alarm items, and the terminal's time of it.
    """

    identity: str
    version: str = V2013
    dialect: str = ""
    language: str = ""
    heard_ns: int = 0
    speed_kmh: float = 0.0
    bits: int = 0
    reported: str = ""
    open: tuple[Open, ...] = ()
    recent: tuple[Recent, ...] = ()
    warned_ns: Mapping[str, int] = field(default_factory=dict)
    fired_ns: Mapping[tuple[str, str], int] = field(default_factory=dict)
    spoken_ns: tuple[int, ...] = ()
    pending: tuple[Pending, ...] = ()
    restores: tuple[Restore, ...] = ()

    @property
    def is_busy(self) -> bool:
        """Whether its next report, whatever is in it, tells something."""
        return bool(self.open or self.pending)

    def opened(self, alarm: Alarm, event: Event, name: str) -> Self:
        """An alarm began, `name` the id of its event. Of too many the oldest that is no bit is forgotten."""
        entry = Open(alarm.key, event, name, alarm.received.utc_ns, alarm.stage is Stage.LASTS)
        oldest = next((each for each in self.open if not each.is_lasting), None) if len(self.open) >= MOST_OPEN_COUNT else None
        return replace(self, open=(*(each for each in self.open if each is not oldest), entry))

    def closed(self, entry: Open) -> Self:
        """It ended."""
        return replace(self, open=tuple(each for each in self.open if each is not entry))

    def found(self, key: tuple[str, int | None]) -> Open | None:
        """The open alarm of this key."""
        return next((each for each in self.open if each.key == key), None)

    def noted(self, event_id: str, kind: str, now_ns: int) -> Self:
        """An alarm the policy counts, once."""
        rest = tuple(each for each in self.recent if each.event_id != event_id)
        return replace(self, recent=(*rest, Recent(event_id, kind, now_ns))[-MOST_RECENT_COUNT:])

    def is_news(self, event_id: str) -> bool:
        """Whether nothing was decided about it so far."""
        return not any(each.event_id == event_id and each.is_decided for each in self.recent)

    def times_count(self, kinds: tuple[str, ...], now_ns: int, within_s: float) -> int:
        """How many alarms of these kinds there were lately."""
        since_ns = now_ns - round(within_s * NS_PER_S)
        return sum(each.kind in kinds and each.at_ns >= since_ns for each in self.recent)

    def with_pending(self, entry: Pending, now_ns: int) -> Self:
        """A warning goes out."""
        spoken = (*(each for each in self.spoken_ns if each > now_ns - 60 * NS_PER_S), now_ns)
        warned = {**self.warned_ns, entry.cause.kind: now_ns}
        return replace(self, pending=(*self.pending, entry)[-MOST_PENDING_COUNT:], spoken_ns=spoken, warned_ns=warned)

    def changed(self, old: Pending, new: Pending | None) -> Self:
        """A warning came to another state, or to its end."""
        rest = [new if each is old else each for each in self.pending]
        return replace(self, pending=tuple(each for each in rest if each is not None))

    def without_old(self, now_ns: int) -> Self:
        """Alarms whose end was never told are open no longer."""
        since_ns = now_ns - round(_FORGOTTEN_AFTER_S * NS_PER_S)
        kept = tuple(each for each in self.open if each.is_lasting or each.since_ns > since_ns)
        return self if len(kept) == len(self.open) else replace(self, open=kept)
