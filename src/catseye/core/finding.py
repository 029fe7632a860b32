"""What a rule says it saw, before it becomes an event; and the violations among the events, which only `traffic` may construct."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from catseye.core.event import Event, Measure


@dataclass(frozen=True, slots=True)
class Finding:
    """One occurrence a rule is sure of, closed. `track` numbers and their `kind` codes stand in one order, whoever did it first.

    `place` in the unit of the scene's plane; `details` are plain JSON values, documented with the rule.
    """

    time_ns: int
    end_time_ns: int
    track: tuple[int, ...]
    kind: tuple[int, ...]
    measures: tuple[Measure, ...] = ()
    place: tuple[float, float] | None = None
    trusted: bool = True
    details: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Violation:
    """An event that a person may have to answer for. Evidence and plates hang on it: without one, no plate is ever read.

    `event.trusted` is False where the camera said not to believe it: such a violation may be looked at, never submitted.
    """

    event: Event

    def __post_init__(self) -> None:
        """Refuse an event without anybody in it."""
        if not self.event.subjects:
            raise ValueError(f"violation {self.event.kind} on {self.event.camera}: nobody did it; wanted the track of a road user")
