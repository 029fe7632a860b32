"""Where the servers for media listen. The gateway's own doors fit; so does `LocalDoors`, on this machine only."""

from collections.abc import Callable
from dataclasses import dataclass
from ssl import SSLContext
from typing import Protocol

Admits = Callable[[str], bool]
"""Whether a peer's address may talk at all."""


def anybody(peer: str) -> bool:
    """For doors that let nobody near who may not come in."""
    del peer
    return True


class Doors(Protocol):
    """Says where to listen, and refuses to where strangers could come in unencrypted."""

    @property
    def host(self) -> str:
        """Address to listen on."""
        ...

    @property
    def port(self) -> int:
        """TCP port; 0: any free one."""
        ...

    def refuse_open(self) -> None:
        """A CatseyeError where the address is not of a private network and there is no TLS."""

    def ssl_context(self) -> SSLContext | None:
        """TLS, or None for a private network."""


@dataclass(frozen=True, slots=True)
class LocalDoors:
    """Nobody from elsewhere."""

    port: int = 0
    host: str = "127.0.0.1"

    def refuse_open(self) -> None:
        """ValueError for another address than that of this machine."""
        if self.host not in ("127.0.0.1", "::1"):
            raise ValueError(f"local doors on {self.host}; wanted 127.0.0.1 or ::1")

    def ssl_context(self) -> SSLContext | None:
        """None is needed."""
        return None
