"""Time is a value with a doubt, always UTC inside, always an argument."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
NS_PER_MINUTE = 60 * NS_PER_S

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """A wall-clock moment: nanoseconds since 1970-01-01 UTC, and how far it may be off (one sigma).

    >>> Stamp.from_datetime(datetime(2022, 9, 25, 9, 42, tzinfo=UTC)).iso()
    '2022-09-25T09:42:00.000Z'
    """

    utc_ns: int
    doubt_ms: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a negative doubt."""
        if self.doubt_ms < 0:
            raise ValueError(f"doubt_ms {self.doubt_ms}: a doubt is never negative")

    @classmethod
    def from_datetime(cls, moment: datetime, doubt_ms: float = 0.0) -> "Stamp":
        """Read an aware datetime; a naive one is refused, since nobody knows where it was meant."""
        if moment.tzinfo is None:
            raise ValueError(f"{moment.isoformat()}: a moment needs its offset from UTC")
        whole = (moment - _EPOCH) // timedelta(microseconds=1)
        return cls(whole * 1_000, doubt_ms)

    def plus_ns(self, span_ns: int) -> "Stamp":
        """The moment `span_ns` later, with the same doubt."""
        return Stamp(self.utc_ns + span_ns, self.doubt_ms)

    def iso(self) -> str:
        """ISO 8601 in UTC with milliseconds, as written into every file."""
        moment = _EPOCH + timedelta(milliseconds=self.utc_ns // NS_PER_MS)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
