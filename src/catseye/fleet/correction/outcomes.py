"""Events of what was done about alarms, and what came of it. Nothing here says that a driver heard or read anything: no terminal can tell."""

from collections.abc import Mapping
from enum import StrEnum

from catseye.core.event import Event, Measure
from catseye.core.terminal import source_of
from catseye.core.time import Stamp
from catseye.fleet.alarms import LINEAGE


class OutcomeKind(StrEnum):
    """Kinds of events that follow an alarm; docs/reference/events.md says what each means."""

    WARNING_SENT = "warning-sent"
    WARNING_ACKNOWLEDGED = "warning-acknowledged"
    WARNING_REFUSED = "warning-refused"
    WARNING_UNANSWERED = "warning-unanswered"
    CORRECTED = "driver-corrected"
    WITHOUT_EFFECT = "warning-without-effect"
    UNKNOWN = "correction-unknown"
    NOTICE = "manager-notice"
    LIMIT_ORDERED = "limit-ordered"
    LIMIT_RESTORED = "limit-restored"


def outcome(
    kind: OutcomeKind,
    identity: str,
    alarm: str,
    when: Stamp,
    detail: str,
    more: Mapping[str, str | int | float | bool | None] | None = None,
    measures: tuple[Measure, ...] = (),
) -> Event:
    """`alarm`: the id of the event it belongs to."""
    details = {"alarm": alarm, "detail": detail, **(more or {})}
    return Event(
        kind.value,
        source_of(identity),
        when.utc_ns,
        when.utc_ns,
        when,
        subjects=(identity,),
        measures=measures,
        lineage=LINEAGE,
        details=details,
    )
