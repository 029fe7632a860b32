"""What a camera's line hands to whoever makes evidence; nothing of how that is done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from catseye.core.certificate import Certificate
from catseye.core.detections import Tracked
from catseye.core.finding import Violation
from catseye.core.signal import Signal
from catseye.core.time import Stamp
from catseye.vault.batches import PointBatch


@dataclass(frozen=True, slots=True)
class Told:
    """What the line knew besides points: signals as they were judged, the calibration's certificate, the wall clock of its time zero."""

    signals: Mapping[str, Signal]
    certificate: Certificate | None = None
    start: Stamp | None = None


class Evidence:
    """What becomes of violations; the plain one keeps nothing of them. `cpu_s`, by step, is for run.json; `troubles` are sentences that ask for a look."""

    cpu_s: Mapping[str, float] = {}
    troubles: Sequence[str] = ()
    notes: Sequence[str] = ()

    def look(self, time_ns: int, tracked: Tracked, size_px: tuple[int, int]) -> None:
        """Take one analysed frame's tracks."""

    def points(self, points: PointBatch) -> None:
        """Take settled points."""

    def violated(self, violations: Sequence[Violation], now_ns: int, told: Callable[[], Told]) -> None:
        """Take violations as they are told, and see whose clip is complete by now."""

    def close(self, told: Callable[[], Told]) -> None:
        """The stream is over: finish what is begun."""

    def give_up(self) -> None:
        """Somebody stops at once: begin nothing more, and wait for nothing in `close`."""
