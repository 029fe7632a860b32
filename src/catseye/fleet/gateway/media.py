"""What the gateway asks of whoever takes what comes in 0x0801. Media never go to the `Keeper`: they are safe only sealed and redacted."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from catseye.core.terminal import Accepted
from catseye.fleet.message import Body


class Reply(Protocol):
    """What the terminal is told: 0x8800, or 0x8001 where nothing was kept."""

    @property
    def msg_id(self) -> int:
        """0x8800 or 0x8001."""

    @property
    def body(self) -> Body:
        """Its body."""


TakeMedia = Callable[[Accepted, Body], Awaitable[Reply]]
"""One whole 0x0801, read; the media are safe when 0x8800 without missing parts comes back. An exception: not taken, not acknowledged."""
