"""Sockets: what a plug-in must offer. Found by entry points; our own parts register the same way (`catseye.testing` has the conformance suites)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from catseye.core.detections import Detections
from catseye.core.dialect import DialectItem
from catseye.core.picture import RawFrame


@dataclass(frozen=True, slots=True)
class SourceNotice:
    """Something a source must tell beside its frames; it becomes an event of the same kind.

    `kind`: source-gap (no pictures between the two times), clock-restart, resolution-change, frames-dropped, source-damaged.
    `detail` is one plain sentence.
    """

    kind: str
    time_ns: int
    end_time_ns: int
    detail: str


@runtime_checkable
class Source(Protocol):
    """Frames of one camera with real presentation times, in order, and notices between them.

    Iterating raises `SourceError` only when nothing can be read at all. `close()` may be called from another thread and ends the iteration.
    """

    camera: str
    is_live: bool
    duration_s: float | None

    def __iter__(self) -> Iterator[RawFrame | SourceNotice]:
        """Yield frames, none skipped by the source unless a notice says so."""
        ...

    def close(self) -> None:
        """Give the camera or file back; idempotent."""
        ...


@runtime_checkable
class Detector(Protocol):
    """Finds road users in one frame of a fixed or moving camera. One instance serves one camera at a time."""

    name: str

    def detect(self, frame: RawFrame) -> Detections:
        """Boxes in native pixels; an empty look is a valid answer. Never raises on any picture."""
        ...


@runtime_checkable
class TerminalDialect(Protocol):
    """How the terminals of one province or programme write an alarm's identification, and what they add. Data alone: nothing of it runs.

    The identification is: the terminal's id in `terminal_bytes_count` bytes, a time, two counters, and zeros up to `ident_bytes_count`.
    """

    @property
    def name(self) -> str:
        """Lower-case, one word; events and enrolments name the dialect by it."""
        ...

    @property
    def terminal_bytes_count(self) -> int:
        """Length of the terminal's id inside the identification."""
        ...

    @property
    def ident_bytes_count(self) -> int:
        """Length of the identification. It tells dialects apart on the wire, so no two may have the same."""
        ...

    @property
    def sender_bytes_count(self) -> int:
        """Length of the terminal's id before the identification in 0x1210; 0 where that is left out."""
        ...

    @property
    def events(self) -> Mapping[tuple[int, int], str]:
        """Names of the alarms this dialect has of its own, by (item, event number)."""
        ...

    @property
    def items(self) -> tuple[DialectItem, ...]:
        """Items of a location report that only this dialect has."""
        ...
