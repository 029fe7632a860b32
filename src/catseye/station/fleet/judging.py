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
from catseye.station.log import logger

DEREGISTERED = 0x0003


@dataclass(frozen=True, slots=True)
class Judged:
    """What follows from a batch."""

    events: tuple[Event, ...]
    orders: tuple[Order, ...]


class FleetJudge:
    """Two folds side by side over the same messages; neither knows of the other."""

    def __init__(self, corrections: Corrections, watch: FleetWatch) -> None:
        """Both as they were resumed. `unjudged_count`: what a judge fell over, a fault of ours each."""
        self._corrections, self.watch = corrections, watch
        self.unjudged_count = 0

    def judge(self, heard: Sequence[Heard], told: Sequence[Told], now: Stamp, enrolments: Mapping[str, Enrolment], drivers: Mapping[str, str]) -> Judged:
        """One batch in the order it came; nothing came is a batch too, for silence is judged by the clock."""
        events, orders = self._corrected(heard, told, now, enrolments, drivers)
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
        return Judged((*events, *self._watched(fixes, now, spoke, left)), tuple(orders))

    def _corrected(
        self, heard: Sequence[Heard], told: Sequence[Told], now: Stamp, enrolments: Mapping[str, Enrolment], drivers: Mapping[str, str]
    ) -> tuple[list[Event], list[Order]]:
        """All at once; where the judge falls over something in it, one by one without that."""
        try:
            verdict = self._corrections.judge(heard, told, now, enrolments, drivers)
        except Exception as fault:  # noqa: BLE001 - the edge of a judge: what one terminal says keeps no other from being judged, now or at a restart
            if len(heard) + len(told) < 2:
                self._fell(fault, heard[0].accepted.identity if heard else told[0].identity if told else "")
                return [], []
        else:
            self._corrections.settle(verdict)
            return list(verdict.events), list(verdict.orders)
        events: list[Event] = []
        orders: list[Order] = []
        alone: list[tuple[Sequence[Heard], Sequence[Told]]] = [*(((), (each,)) for each in told), *(((each,), ()) for each in heard)]
        for message, news in alone:
            more_events, more_orders = self._corrected(message, news, now, enrolments, drivers)
            events += more_events
            orders += more_orders
        return events, orders

    def _watched(
        self, fixes: Sequence[tuple[str, Fix | WireError, Stamp]], now: Stamp, spoke: Sequence[tuple[str, Stamp]], left: Sequence[tuple[str, Stamp]]
    ) -> list[Event]:
        """As `_corrected`; what was judged before the fault is judged once more, to the same events."""
        try:
            return self.watch.step(fixes, now, spoke, left)
        except Exception as fault:  # noqa: BLE001 - as above
            if len(fixes) < 2:
                self._fell(fault, fixes[0][0] if fixes else "")
                return []
        events = [event for each in fixes for event in self._watched((each,), now, (), ())]
        return events + self._watched((), now, spoke, left)

    def _fell(self, fault: Exception, identity: str) -> None:
        self.unjudged_count += 1
        logger("fleet").error("cannot be judged", terminal=identity, fault=repr(fault))


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
