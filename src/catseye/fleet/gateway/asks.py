"""What a session asks of the committer: to keep a message and then answer it, or a call of the keeper that is no message."""

from collections.abc import Callable
from dataclasses import dataclass
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

    def ask(self, keeper: Keeper, now: Stamp) -> Callable[[], bytes]:
        """In the worker; answers with what to do in the loop: it gives the frame to send."""
        result, token = keeper.register(self.identity, self.said, now)
        return lambda: self.session.registered(self.header, self.identity, result, token)


@dataclass(slots=True)
class Confirming:
    """A terminal used its token, or turned out to speak another version or dialect. Without `header` nobody waits for it."""

    session: "Session"
    header: Header | None
    identity: str
    version: str
    dialect: str

    def ask(self, keeper: Keeper, now: Stamp) -> Callable[[], bytes]:
        """As `Registering.ask`."""
        keeper.authenticated(self.identity, self.version, self.dialect, now)
        return lambda: self.session.confirmed(self.header, self.identity, self.version, self.dialect)


@dataclass(slots=True)
class Deregistering:
    """0x0003: it gives its token back."""

    session: "Session"
    header: Header
    identity: str

    def ask(self, keeper: Keeper, now: Stamp) -> Callable[[], bytes]:
        """As `Registering.ask`."""
        keeper.deregister(self.identity, now)
        return lambda: self.session.deregistered(self.header, self.identity)


Call = Registering | Confirming | Deregistering
Ask = Waiting | Call
