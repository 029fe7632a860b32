"""Terms of the law: so many days, working days, months or years after the day something happened, to the end of the last day where it happened."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from catseye.core.time import NS_PER_S, Stamp

Unit = Literal["days", "business-days", "months", "years"]
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Term:
    """`within_count` units after the day of the happening, which itself is not counted. `holidays` are ISO dates that are no working days."""

    within_count: int
    unit: Unit
    source: str
    holidays: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a term that is over before it begins, or that nobody set."""
        if not 0 < self.within_count <= 3660 or not self.source.strip():
            raise ValueError(f"a term of {self.within_count} {self.unit}, source {self.source!r}; wanted 1 to 3660, and where the law says so")
        for day in self.holidays:
            date.fromisoformat(day)

    def end_after(self, happened: Stamp, timezone: str) -> Stamp:
        """The first moment that is too late: midnight after the last day, by the clocks there.

        >>> Term(14, "days", "s.1(1)(c)").end_after(Stamp.from_datetime(datetime.fromisoformat("2026-03-20T09:00:00+00:00")), "Europe/London").iso()
        '2026-04-03T23:00:00.000Z'
        """
        zone = ZoneInfo(timezone)
        last = self._last_day(local(happened, timezone).date())
        return Stamp.from_datetime(datetime.combine(last + timedelta(days=1), time(), zone))

    def in_words(self) -> str:
        """As a clerk says it: `14 days`."""
        return f"{self.within_count} {self.unit.replace('business-days', 'working days')}"

    def _last_day(self, day: date) -> date:
        match self.unit:
            case "days":
                return day + timedelta(days=self.within_count)
            case "business-days":
                left = self.within_count
                while left:
                    day += timedelta(days=1)
                    left -= day.weekday() < _SATURDAY and day.isoformat() not in self.holidays
                return day
            case "months":
                return _months_later(day, self.within_count)
            case "years":
                return _months_later(day, 12 * self.within_count)


def local(moment: Stamp, timezone: str) -> datetime:
    """The wall clock there, to the microsecond."""
    return datetime.fromtimestamp(moment.utc_ns // NS_PER_S, ZoneInfo(timezone)) + timedelta(microseconds=moment.utc_ns % NS_PER_S // 1000)


def clock(moment: Stamp, timezone: str) -> str:
    """Local time as people write it, with its offset.

    >>> clock(Stamp(1_790_000_000_000_000_000), "Asia/Ho_Chi_Minh")
    '2026-09-21 21:13:20 +07:00'
    """
    text = local(moment, timezone).replace(microsecond=0).isoformat(" ")
    return f"{text[:19]} {text[19:]}"


def last_minute(end: Stamp, timezone: str) -> str:
    """The end of a term, as the last minute in which a step is in time.

    >>> last_minute(Stamp.from_datetime(datetime.fromisoformat("2026-04-03T23:00:00+00:00")), "Europe/London")
    '2026-04-03 23:59'
    """
    return f"{local(end.plus_ns(-60 * NS_PER_S), timezone):%Y-%m-%d %H:%M}"


def _months_later(day: date, months: int) -> date:
    """The same day of a later month, or its last one where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has a 28th")
