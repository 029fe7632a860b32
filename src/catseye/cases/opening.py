"""What a case begins with: the event, the law that holds for it, what the measurement rests on. Written once, into the first step."""

from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ConfigDict

from catseye.cases.terms import Term
from catseye.core.event import Event
from catseye.core.time import NS_PER_MS, Stamp

STRICT = ConfigDict(extra="forbid")  # a fact this catseye does not know may change what a step means

_LAST_NS = 1 << 63  # the year 2262, and what a database's integer holds
TERMINAL = "terminal"  # the lineage of events that a vehicle's terminal reported
MediaRole = Literal["still", "clip", "original", "plate", "track", "log"]


def refuse_beyond_our_time(*moments: Stamp | None) -> None:
    """ValueError for a moment that no calendar here can show."""
    for moment in moments:
        if moment is not None and not 0 <= moment.utc_ns < _LAST_NS:
            raise ValueError(f"{moment.utc_ns} ns since 1970; wanted a moment before the year 2262")


@dataclass(frozen=True, slots=True)
class Law:
    """What held when the case was opened, copied so that no later change of the data changes a case.

    `submit_by` is the first moment that is too late, None where nothing says when it happened; `statute` empty: no law is known for this kind,
    and the case can be looked at but never submitted. `sha256` is of the jurisdiction's file.
    """

    __pydantic_config__ = STRICT

    jurisdiction: str
    name: str
    timezone: str
    sha256: str
    offence: str
    statute: str
    statute_source: str
    reviewers_count: Literal[1, 2]
    reviewers_source: str
    submit: Term
    appeal: Term
    submit_by: Stamp | None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a place without clocks, and a term that began outside of our time."""
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, OSError):  # OSError: a name that is a folder of zones
            raise ValueError(f"timezone {self.timezone!r}; wanted one as in 'Europe/London'") from None
        refuse_beyond_our_time(self.submit_by)


@dataclass(frozen=True, slots=True)
class CalibrationReference:
    """The certificate a measurement rests on: its hash, who made it when, and from when to when it holds."""

    __pydantic_config__ = STRICT

    sha256: str
    issuer: str
    method: str
    made_on: str
    valid_from: Stamp
    valid_to: Stamp

    def __post_init__(self) -> None:
        """Refuse what no calendar can show."""
        refuse_beyond_our_time(self.valid_from, self.valid_to)

    def holds_at(self, moment: Stamp) -> bool:
        """Whether it holds wherever in its doubt the moment lies."""
        doubt_ns = moment.doubt_ms * NS_PER_MS
        return self.valid_from.utc_ns <= moment.utc_ns - doubt_ns and moment.utc_ns + doubt_ns < self.valid_to.utc_ns


@dataclass(frozen=True, slots=True)
class Measurement:
    """What the measures of the event are held against, and how to get them again: `replay` is a command line."""

    __pydantic_config__ = STRICT

    calibration: CalibrationReference | None = None
    limit_kmh: float | None = None
    tolerance_kmh: float | None = None
    replay: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class SignalState:
    """One state of a signal that mattered; the last one's end is as far as was looked. `source` is the lamps in the picture, or the site's timeline."""

    __pydantic_config__ = STRICT

    signal: str
    state: str
    begin_ns: int
    end_ns: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class Device:
    """The camera that saw it; `media_signing` as the camera's own signature was found: present and not verified, or unsigned."""

    __pydantic_config__ = STRICT

    camera: str
    model: str = ""
    firmware: str = ""
    media_signing: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MediaReference:
    """A picture, clip or file the vault keeps: `ref` is its name there. `original` and `plate` are sealed; `still` and `clip` are redacted."""

    __pydantic_config__ = STRICT

    role: MediaRole
    ref: str
    media_type: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Opening:
    """The facts of the first step. `run` is the vault's run the event is of; `place` is where, in words.

    `reason`: why a person opened it, where a person did: what a vehicle's terminal says becomes a case in no other way.
    """

    __pydantic_config__ = STRICT

    event: Event
    run: str
    site: str
    place: str
    law: Law
    measurement: Measurement
    device: Device
    signals: tuple[SignalState, ...] = ()
    media: tuple[MediaReference, ...] = ()
    position_deg: tuple[float, float] | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        """Refuse an event that nobody did, and one beyond every calendar."""
        refuse_beyond_our_time(self.event.when)
        if not self.event.subjects:
            raise ValueError(f"{self.event.kind} on {self.event.camera}: nobody did it; wanted the track of a road user")
        if self.is_by_person != any(character.isalnum() for character in self.reason):
            raise ValueError(f"a reason {self.reason!r} for {self.event.kind} of {self.event.lineage}; wanted one, in words, for a terminal's alarm alone")

    @property
    def is_by_person(self) -> bool:
        """Whether a person opens it, and never the machine: nobody but the terminal saw what it is about."""
        return self.event.lineage == TERMINAL
