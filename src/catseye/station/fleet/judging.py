"""All that is judged of what terminals say, in one place: alarms and their corrections, fixes, permits. It decides nothing itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catseye.core.event import Event
from catseye.core.terminal import Enrolment, Order, Told
from catseye.core.time import Stamp
from catseye.fleet.alarms import LOCATION, LOCATION_BATCH, LOCATION_REPLY
from catseye.fleet.correction.corrections import Corrections
from catseye.fleet.errors import WireError
from catseye.fleet.fix import Fix
from catseye.fleet.fleet_watch import FleetWatch
from catseye.fleet.gateway.keeper import Heard

DEREGISTERED = 0x0003


@dataclass(frozen=True, slots=True)
class Judged:
    """What follows from a batch."""

    events: tuple[Event, ...]
    orders: tuple[Order, ...]


class FleetJudge:
    """Two folds side by side over the same messages; neither knows of the other."""

    def __init__(self, corrections: Corrections, watch: FleetWatch) -> None:
        """Both as they were resumed."""
        self._corrections, self.watch = corrections, watch

    def judge(self, heard: Sequence[Heard], told: Sequence[Told], now: Stamp, enrolments: Mapping[str, Enrolment], drivers: Mapping[str, str]) -> Judged:
        """One batch in the order it came; nothing came is a batch too, for silence is judged by the clock."""
        verdict = self._corrections.judge(heard, told, now, enrolments, drivers)
        self._corrections.settle(verdict)
        fixes: list[tuple[str, Fix | WireError, Stamp]] = []
        spoke: list[tuple[str, Stamp]] = []
        left: list[tuple[str, Stamp]] = []
        for each in heard:
            accepted, locations = each.accepted, _locations(each)
            if locations:
                fixes += ((accepted.identity, _fix(values), accepted.received) for values in locations)
            elif accepted.msg_id == DEREGISTERED:
                left.append((accepted.identity, accepted.received))
            else:
                spoke.append((accepted.identity, accepted.received))
        return Judged((*verdict.events, *self.watch.step(fixes, now, spoke, left)), verdict.orders)


def _locations(heard: Heard) -> Sequence[Mapping[str, object]]:
    """The locations in a message, in their order."""
    values, msg_id = heard.body.values, heard.accepted.msg_id
    if heard.body.layout is None:
        return ()
    if msg_id == LOCATION:
        return (values,)
    if msg_id == LOCATION_REPLY:
        return (values["location"],)
    return [each for each in values["list"] if "lat" in each] if msg_id == LOCATION_BATCH else ()


def _fix(values: Mapping[str, object]) -> Fix | WireError:
    try:
        return Fix.of(values)
    except WireError as fault:
        return fault
