"""What a camera says about itself: findings with a beginning, an end, a number and its doubt; and the hysteresis that opens and closes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from catseye.core.event import Event, Measure
from catseye.core.time import NS_PER_S, Stamp


class HealthKind(StrEnum):
    """Every kind stands in docs/reference/events.md: a law test says so."""

    PICTURE_DARK = "picture-dark"
    PICTURE_OVEREXPOSED = "picture-overexposed"
    PICTURE_BLURRED = "picture-blurred"
    PICTURE_FROZEN = "picture-frozen"
    PICTURE_OCCLUDED = "picture-occluded"
    LENS_DIRTY = "lens-dirty"
    LENS_RAIN = "lens-rain"
    CAMERA_MOVED = "camera-moved"
    CLOCK_DRIFT = "clock-drift"
    TOO_FEW_PIXELS = "too-few-pixels"


@dataclass(frozen=True, slots=True)
class HealthFinding:
    """One thing that is wrong with a camera, from the first sign to the last; `end_time_ns` grows while `is_open`.

    `blinds`: what is measured meanwhile is not to be trusted. `detail` is one plain sentence, the same in every telling of one finding,
    so that its event keeps its id and only its end moves.
    """

    kind: HealthKind
    time_ns: int
    end_time_ns: int
    detail: str
    measures: tuple[Measure, ...]
    blinds: bool
    is_open: bool
    place: str = ""
    details: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a finding that ends before it begins, and one without a sentence."""
        if self.end_time_ns < self.time_ns or not self.detail:
            raise ValueError(f"{self.kind}: {self.time_ns} to {self.end_time_ns} ns, {self.detail!r}; wanted an end after the beginning, and a sentence")

    def overlaps(self, begin_ns: int, end_ns: int) -> bool:
        """Whether any of this stretch, ends included, lies in the finding; an open one has no end yet."""
        return self.time_ns <= end_ns and (self.is_open or begin_ns <= self.end_time_ns)

    def event(self, camera: str, start: Stamp | None = None, lineage: str = "") -> Event:
        """As an event; `start` is the wall clock of the source's zero. Told again with a later end it has the same id."""
        when = start.plus_ns(self.time_ns) if start else None
        details = {"detail": self.detail, **self.details} | ({"place": self.place} if self.place else {})
        return Event(
            str(self.kind), camera, self.time_ns, self.end_time_ns, when, measures=self.measures, trusted=not self.blinds, lineage=lineage, details=details
        )


LONGEST_BLIND_S = 5.0


class Turn(Enum):
    """What an alarm did at a look."""

    NONE = 0
    OPENED = 1
    CLOSED = 2


@dataclass(frozen=True, slots=True)
class Patience:
    """How long evidence must last to open, and be absent to close, on stream time; and in how many looks at least it must have been seen."""

    open_s: float
    close_s: float
    least_count: int = 3

    def __post_init__(self) -> None:
        """Refuse impatience."""
        if self.open_s < 0 or self.close_s < 0 or self.least_count < 1:
            raise ValueError(f"{self}: wanted times of at least 0 s and at least one look")


class Alarm:
    """Opens after enough evidence without a break, closes after enough time without any. What cannot be judged changes nothing.

    `begin_ns` is when all was last known to be well, at most `LONGEST_BLIND_S` before the first evidence: what was measured between may be spoilt too.
    """

    def __init__(self, patience: Patience) -> None:
        """Closed."""
        self._patience = patience
        self.is_open = False
        self.begin_ns = self.last_bad_ns = self._first_bad_ns = 0
        self._last_well_ns: int | None = None
        self._bad_count = 0
        self._well_since_ns: int | None = None

    @property
    def is_suspicious(self) -> bool:
        """Whether there is evidence that has not lasted long enough yet."""
        return self._bad_count > 0 and not self.is_open

    @property
    def is_doubtful(self) -> bool:
        """Whether it is open, or there is evidence."""
        return self.is_open or self._bad_count > 0

    def see(self, time_ns: int, is_bad: bool | None) -> Turn:
        """Take one judgement; None is no judgement."""
        if is_bad is None:
            return Turn.NONE
        if is_bad:
            return self._bad(time_ns)
        return self._well(time_ns)

    def reset(self) -> None:
        """Forget evidence that did not open anything."""
        if not self.is_open:
            self._bad_count = 0

    def _bad(self, time_ns: int) -> Turn:
        if not self._bad_count:
            self._first_bad_ns = time_ns
            known_ns = time_ns if self._last_well_ns is None else self._last_well_ns
            self.begin_ns = max(known_ns, time_ns - int(LONGEST_BLIND_S * NS_PER_S))
        self._bad_count += 1
        self.last_bad_ns = time_ns
        self._well_since_ns = None
        lasted = time_ns - self._first_bad_ns >= self._patience.open_s * NS_PER_S
        if self.is_open or not lasted or self._bad_count < self._patience.least_count:
            return Turn.NONE
        self.is_open = True
        return Turn.OPENED

    def _well(self, time_ns: int) -> Turn:
        self._last_well_ns = time_ns
        if not self.is_open:
            self._bad_count = 0
            return Turn.NONE
        if self._well_since_ns is None:
            self._well_since_ns = time_ns
        if time_ns - self._well_since_ns < self._patience.close_s * NS_PER_S:
            return Turn.NONE
        self.is_open, self._bad_count, self._well_since_ns = False, 0, None
        return Turn.CLOSED
