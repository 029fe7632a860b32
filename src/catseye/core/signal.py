"""States of a traffic light over time."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from catseye.core.arrays import Codes, Ints


class Lamp(StrEnum):
    """What a signal shows to those who face it. Unknown never makes a violation."""

    UNKNOWN = "unknown"
    RED = "red"
    AMBER = "amber"
    GREEN = "green"

    @property
    def code(self) -> int:
        """Index into `LAMPS`; stored nowhere."""
        return LAMPS.index(self)


LAMPS: tuple[Lamp, ...] = tuple(Lamp)
LAMP_UNKNOWN, LAMP_RED, LAMP_AMBER, LAMP_GREEN = range(4)


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal: from `time_ns[i]` (int64 (n,), ascending) on it shows `state[i]` (uint8 (n,), codes of Lamp). Before the first it is unknown.

    `end_ns`: nothing is known after it (None: the last state holds).
    """

    id: str
    time_ns: Ints
    state: Codes
    end_ns: int | None = None

    def __post_init__(self) -> None:
        """Refuse columns of unequal length, and time that runs backwards."""
        if len(self.time_ns) != len(self.state) or bool((np.diff(self.time_ns) < 0).any()):
            raise ValueError(f"signal {self.id}: {len(self.time_ns)} times, {len(self.state)} states; wanted as many, times ascending")

    def at(self, time_ns: Ints | int) -> Codes:
        """State codes at these moments (n,): the latest at or before each."""
        when = np.atleast_1d(np.asarray(time_ns, np.int64))
        index = np.searchsorted(self.time_ns, when, side="right") - 1
        known = index >= 0
        if self.end_ns is not None:
            known &= when <= self.end_ns
        states = np.zeros(len(when), np.uint8)
        states[known] = self.state[index[known]]
        return states

    def last_change_ns(self, time_ns: int) -> int | None:
        """When the state shown at this moment began; None when it is unknown."""
        index = int(np.searchsorted(self.time_ns, time_ns, side="right")) - 1
        if index < 0:
            return None
        same = np.flatnonzero(self.state[: index + 1] != self.state[index])
        return int(self.time_ns[same[-1] + 1]) if len(same) else int(self.time_ns[0])
