"""What a session asks of the committer: to keep a message and then answer it, or a call of the keeper that is no message."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from catseye.core.time import Stamp
from catseye.fleet.frame808 import Header
from catseye.fleet.gateway.keeper import Heard, Keeper, Registration

if TYPE_CHECKING:
    from catseye.fleet.gateway.session import Session


@dataclass(slots=True)
class Waiting:
    """A message that is answered with `result` when it, and all that came before it, is kept. Without `heard`: it is kept already, or about to be."""

    session: "Session"
    header: Header
    result: int
    heard: Heard | None = None


@dataclass(slots=True)
class Registering:
    """0x0100: the keeper decides."""

    session: "Session"
    header: Header
    identity: str
    said: Registration


@dataclass(slots=True)
class Confirming:
    """A terminal used its token, or turned out to speak another version or dialect. Without `header` nobody waits for it."""

    session: "Session"
    header: Header | None
    identity: str
    version: str
    dialect: str


@dataclass(slots=True)
class Deregistering:
    """0x0003: it gives its token back."""

    session: "Session"
    header: Header
    identity: str


Call = Registering | Confirming | Deregistering
Ask = Waiting | Call
Finish = Callable[[], bytes]


def asked(calls: Sequence[Call], keeper: Keeper, now: Stamp) -> list[Finish]:
    """Ask the keeper, in the worker; answers with what to do in the loop, for each: it gives the frame to send. One write for all of one kind."""
    registering = [each for each in calls if isinstance(each, Registering)]
    results = keeper.register_all([(each.identity, each.said) for each in registering], now) if registering else ()
    given = iter(results)
    confirming = [each for each in calls if isinstance(each, Confirming)]
    if confirming:
        keeper.authenticated_all([(each.identity, each.version, each.dialect) for each in confirming], now)
    return [_finish_of(each, next(given) if isinstance(each, Registering) else (0, ""), keeper, now) for each in calls]


def _finish_of(call: Call, result: tuple[int, str], keeper: Keeper, now: Stamp) -> Finish:
    session = call.session
    if isinstance(call, Registering):
        return partial(session.registered, call.header, call.identity, *result)
    if isinstance(call, Confirming):
        return partial(session.confirmed, call.header, call.identity, call.version, call.dialect)
    keeper.deregister(call.identity, now)
    return partial(session.deregistered, call.header, call.identity)
