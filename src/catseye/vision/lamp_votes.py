"""From what single pictures say to what a signal shows: a state must hold before it is told, and dark pictures of a flickering lamp are bridged."""

from dataclasses import dataclass

from catseye.core.signal import LAMP_RED, LAMP_UNKNOWN
from catseye.core.time import NS_PER_S

Change = tuple[int, int]
"""From this moment (ns) on the signal shows this state (a code of Lamp)."""


@dataclass(frozen=True, slots=True)
class VoteSettings:
    """`hold_s`: a new state is told once seen for so long, in two pictures or more; it began with the first of them.

    `patience_s`: so long a state is believed that no picture shows any more, since LED lamps flicker and things pass before them; then it is unknown
    right from its last sight. `gap_s`: after a pause of so long nothing is known of what was before.
    """

    hold_s: float = 0.25
    patience_s: float = 0.6
    gap_s: float = 1.5


class LampVotes:
    """Takes looks in order of time and tells changes, in order of time, some of them a little later than they happened (`known_until_ns`).

    A red ends right after its last sight: until the first sight of what comes next it is unknown, so that no red reaches into the green behind it.
    """

    def __init__(self, settings: VoteSettings | None = None) -> None:
        """Nothing seen yet."""
        settings = settings or VoteSettings()
        self._hold_ns, self._patience_ns, self._gap_ns = (round(each * NS_PER_S) for each in (settings.hold_s, settings.patience_s, settings.gap_s))
        self._state = self._next = LAMP_UNKNOWN
        self._seen_ns = self._next_ns = self._next_seen_ns = 0
        self._last_ns: int | None = None

    @property
    def known_until_ns(self) -> int:
        """No change before this moment will be told any more."""
        open_ns = [self._last_ns or 0]
        open_ns += [self._seen_ns] if self._state != LAMP_UNKNOWN else []
        open_ns += [self._next_ns] if self._next != LAMP_UNKNOWN else []
        return min(open_ns)

    def hear(self, time_ns: int, state: int) -> list[Change]:
        """What one picture shows; the changes that are sure now. ValueError when time runs backwards."""
        if self._last_ns is not None and time_ns < self._last_ns:
            raise ValueError(f"a look at {time_ns} ns after one at {self._last_ns} ns; wanted ascending times")
        told = self._lost() if self._last_ns is not None and time_ns - self._last_ns > self._gap_ns else []
        self._last_ns = time_ns
        if self._next != LAMP_UNKNOWN and time_ns - self._next_seen_ns > self._patience_ns:
            self._next = LAMP_UNKNOWN
        if state != LAMP_UNKNOWN:
            told += self._see(time_ns, state)
        if self._state != LAMP_UNKNOWN and time_ns - self._seen_ns > self._patience_ns:
            told += self._unknown()
        return told

    def close(self) -> list[Change]:
        """No picture comes any more: the state ends with its last sight."""
        return self._lost()

    def _see(self, time_ns: int, state: int) -> list[Change]:
        if state == self._state:
            self._seen_ns, self._next = time_ns, LAMP_UNKNOWN
            return []
        if state != self._next:
            self._next, self._next_ns = state, time_ns
        self._next_seen_ns = time_ns
        if time_ns - self._next_ns < self._hold_ns:
            return []
        told = [*(self._unknown() if self._state == LAMP_RED else []), (self._next_ns, state)]
        self._state, self._seen_ns, self._next = state, time_ns, LAMP_UNKNOWN
        return told

    def _unknown(self) -> list[Change]:
        self._state = LAMP_UNKNOWN
        return [(self._seen_ns + 1, LAMP_UNKNOWN)]

    def _lost(self) -> list[Change]:
        self._next = LAMP_UNKNOWN
        return self._unknown() if self._state != LAMP_UNKNOWN else []
