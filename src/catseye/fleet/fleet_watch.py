"""All that fixes are judged for, in one fold: are they to be believed, and may the vehicle run where it runs."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from catseye.core.event import Event
from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.errors import WireError
from catseye.fleet.fix import Fix
from catseye.fleet.fix_quality import FixQuality, QualityLimits
from catseye.fleet.permits.register import Register
from catseye.fleet.permits.watch import PermitWatch, WatchLimits

Heard: TypeAlias = tuple[str, Fix | WireError, Stamp]
_KEPT_S, _TIDY_EVERY_S = 2 * 86_400.0, 3600.0


class FleetWatch:
    """Fixes in, events out. Pure: equal calls give equal events; time is an argument."""

    def __init__(self, register: Register, watch: WatchLimits | None = None, quality: QualityLimits | None = None) -> None:
        """With a register to begin with; `Register.of((), (), enrolments, zone)` where nobody has imported one."""
        self._watch = PermitWatch(register, watch or WatchLimits())
        self._quality = FixQuality(quality or QualityLimits())
        self._tidied_ns = 0

    @property
    def revision(self) -> int:
        """Of the register it judges by: when the vault's is another, load it and `take` it."""
        return self._watch.register.revision

    def take(self, register: Register) -> None:
        """Judge by this register from now on."""
        self._watch.take(register)

    def resume(self, events: Iterable[Event]) -> None:
        """After a restart, with the events of the last day: what was told today is not told again."""
        self._watch.resume(events)

    def step(self, fixes: Sequence[Heard], now: Stamp, spoke: Iterable[tuple[str, Stamp]] = (), left: Iterable[tuple[str, Stamp]] = ()) -> list[Event]:
        """Judge a batch in the order it came, then who is silent. An event that goes on comes again with its end: the same id.

        `fixes`: identity, the fix or what `Fix.of` raised, when it was received. `spoke`: terminals that sent anything else; `left`: those that signed off.
        Call it every second, with nothing too.
        """
        events: list[Event] = []
        watch, quality = self._watch, self._quality
        for identity, fix, received in fixes:
            watch.spoke(identity, received, events)
            said = quality.judge(identity, fix, received, events)
            if said.is_trusted and isinstance(fix, Fix):
                watch.see(identity, fix, received, events, is_clock_trusted=said.is_clock_trusted)
        for identity, received in spoke:
            watch.spoke(identity, received, events)
        for identity, received in left:
            watch.left(identity, received, events)
        watch.sweep(now, events)
        self._tidied_ns = self._tidied_ns or now.utc_ns
        if now.utc_ns - self._tidied_ns > _TIDY_EVERY_S * NS_PER_S:
            self._tidied_ns = now.utc_ns
            before_ns = now.utc_ns - round(_KEPT_S * NS_PER_S)
            watch.forget_before(before_ns)
            quality.forget_before(before_ns)
        return events
