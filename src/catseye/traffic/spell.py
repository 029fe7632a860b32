"""Occurrences of a place rather than of a road user: a queue, a jam. The same as `episodes`, for one condition."""

from dataclasses import dataclass

from catseye.core.time import NS_PER_S


@dataclass(frozen=True, slots=True)
class Spell:
    """From the first to the last moment it held; `peak` the largest value, `peak_count` the road users of that moment."""

    begin_ns: int
    end_ns: int
    peak: float
    peak_sigma: float
    peak_count: int
    trusted: bool

    @property
    def lasted_s(self) -> float:
        """From the first to the last moment it held."""
        return (self.end_ns - self.begin_ns) / NS_PER_S


class Spells:
    """At most one is open."""

    def __init__(self, least_s: float, gap_s: float) -> None:
        """Shorter than `least_s` is dropped; `gap_s` without the condition ends it."""
        self._least_ns, self._gap_ns = least_s * NS_PER_S, gap_s * NS_PER_S
        self._open: Spell | None = None

    def update(self, time_ns: int, holds: bool, value: float = 0.0, sigma: float = 0.0, count: int = 0, *, trusted: bool = True) -> Spell | None:
        """The condition holds now, or not; the spell that is over by now."""
        over = None
        if self._open is not None and time_ns - self._open.end_ns > self._gap_ns:
            over = self.finish()
        if holds:
            old = self._open or Spell(time_ns, time_ns, float("-inf"), 0.0, 0, True)
            peak = (value, sigma, count) if value > old.peak else (old.peak, old.peak_sigma, old.peak_count)
            self._open = Spell(old.begin_ns, time_ns, *peak, old.trusted and trusted)
        return over

    def finish(self) -> Spell | None:
        """Nothing more comes."""
        over, self._open = self._open, None
        return over if over is not None and over.end_ns - over.begin_ns >= self._least_ns else None
