"""A camera's own doubts, kept beside its line: looked at a few times a second, told as events, and remembered as stretches nothing may be believed from."""

from dataclasses import dataclass, field

import numpy as np

from catseye.core.arrays import Floats
from catseye.core.picture import RawFrame
from catseye.vision.health import HealthFinding, PictureHealth
from catseye.vision.health.still import next_due_ns

LOOK_EVERY_S = 0.25  # findings need seconds of evidence; more looks make them no surer


@dataclass(slots=True)
class LineHealth:
    """Of one camera. `doubts` are the findings that blind it, the latest telling of each."""

    health: PictureHealth = field(default_factory=PictureHealth)
    doubts: dict[tuple[str, int], HealthFinding] = field(default_factory=dict)
    _due_ns: int | None = None
    _users_px: Floats = field(default_factory=lambda: np.empty((0, 4), np.float32))

    def see(self, frame: RawFrame) -> list[HealthFinding]:
        """Look at an analysed frame, if it is time to; what opened, goes on or closed."""
        if self._due_ns is not None and frame.time_ns < self._due_ns:
            return []
        self._due_ns = next_due_ns(self._due_ns, frame.time_ns, LOOK_EVERY_S)
        return self._noted(self.health.see(frame, self._users_px))

    def know(self, box_px: Floats) -> None:
        """Boxes (n, 4) of known road users: what they cover is not held against the lens."""
        self._users_px = box_px

    def close(self) -> list[HealthFinding]:
        """The stream is over."""
        return self._noted(self.health.close())

    def begin_anew(self) -> list[HealthFinding]:
        """The picture is another one from here on (its size changed): what the old one looked like says nothing about it."""
        ended = self.close()
        self.health, self._due_ns = PictureHealth(), None
        return ended

    def is_trusted(self, time_ns: int) -> bool:
        """Whether nothing blinded the camera at this moment, as far as is known now."""
        return not any(finding.overlaps(time_ns, time_ns) for finding in self.doubts.values())

    def _noted(self, told: list[HealthFinding]) -> list[HealthFinding]:
        self.doubts |= {(str(finding.kind), finding.time_ns): finding for finding in told if finding.blinds}
        return told
