"""What comes of some bytes of a terminal, and where answers to it go."""

from dataclasses import dataclass, field
from typing import Protocol

from catseye.core.terminal import Accepted, Told
from catseye.fleet.frame808 import Header
from catseye.fleet.gateway.asks import Ask


class Way(Protocol):
    """Where frames to a terminal go."""

    is_known: bool
    address: str

    def answer(self, frame: bytes) -> None:
        """Later, with others."""

    def flush(self) -> None:
        """Now."""


@dataclass(slots=True)
class Turn:
    """What comes of some bytes: frames to write at once, what is asked of the committer, what became of orders, media, and why to part ("" not at all)."""

    answers: list[bytes] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    media: list[tuple[Header, Accepted]] = field(default_factory=list)
    closing: str = ""
