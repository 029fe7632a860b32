"""What the gateway asks of whoever keeps things; `station` answers with the vault. Called from one worker thread, never from the event loop."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from catseye.core.terminal import Accepted, Enrolment, Order, Told
from catseye.core.time import Stamp
from catseye.fleet.message import Body


@dataclass(frozen=True, slots=True)
class Heard:
    """A message and what it says: `body` is read already, `accepted.body` are its bytes."""

    accepted: Accepted
    body: Body


@dataclass(frozen=True, slots=True)
class Registration:
    """What 0x0100 says of the terminal."""

    plate: str
    plate_colour: int
    maker: str
    model: str
    terminal_id: str
    version: str


class Keeper(Protocol):
    """Keeps what terminals say, and says what they shall be told. An exception of any call means: nothing of it was kept, nothing may be acknowledged."""

    def keep(self, heard: Sequence[Heard], told: Sequence[Told], now: Stamp) -> Sequence[Order]:
        """Durable when it returns, in order, each message once; `told` is what became of orders. Answers with the orders to send now, to any terminal.

        Called with nothing once a second too: silence is something to judge.
        """

    def enrolments(self) -> Sequence[Enrolment]:
        """Every terminal that may report, and those whose right was taken."""

    def enrolments_revision(self) -> int:
        """Changes whenever an enrolment does, by whichever process; asked every second or two."""

    def register_all(self, wanted: Sequence[tuple[str, Registration]], now: Stamp) -> Sequence[tuple[int, str]]:
        """For each identity the result of 0x8100 and the token.

        0 fine, 1 vehicle registered already, 2 no such vehicle, 3 terminal registered already, 4 no such terminal. A token that was
        never used is replaced; one that was used is not: only who runs the gateway may let a terminal register anew. All or none: many that come at once are
        one write.
        """

    def authenticated_all(self, said: Sequence[tuple[str, str, str]], now: Stamp) -> None:
        """Terminals used their tokens (identity, version, dialect): from now on they are confirmed. A dialect is "" while none is known."""

    def deregister(self, identity: str, now: Stamp) -> None:
        """It gave its token back (0x0003)."""

    def recent(self, since: Stamp) -> Iterable[Accepted]:
        """What was kept since then, in order, to know what is said twice after a restart: a million and more, read one after the other."""

    def open_orders(self) -> Sequence[Order]:
        """Orders that were queued or sent and have come to no end: a restart goes on with them."""
