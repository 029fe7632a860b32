"""Events: what the house says happened. Everything that leaves a camera's loop is one, or a column of points."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from catseye.core.time import Stamp


@dataclass(frozen=True, slots=True)
class Measure:
    """A number with its unit and its doubt (one sigma, same unit): the only kind that reaches a case."""

    name: str
    value: float
    unit: str
    doubt: float

    def __post_init__(self) -> None:
        """Refuse what is no number, and a doubt below zero."""
        if not math.isfinite(self.value) or not self.doubt >= 0:
            raise ValueError(f"measure {self.name}: {self.value} ± {self.doubt} {self.unit}; wanted a finite value and a doubt >= 0")


# A camera is not to be believed from the beginning of such an event to its end, if it is not trusted itself.
NOT_TRUSTED = "not-trusted"  # a stretch as the rules judged it: what a replay marks again
SPOILED_BY = frozenset({"picture-dark", "picture-overexposed", "picture-blurred", "picture-frozen", "picture-occluded", "camera-moved", "clock-drift"})


@dataclass(frozen=True, slots=True)
class Event:
    """One occurrence. `time_ns` counts from the source's zero; `when` is the wall clock, where anything tells it.

    `kind` is of the table in docs/reference/events.md; `rule` is the site's name for the rule (default: the kind).
    `subjects` are track names; `details` are plain JSON values that belong to the kind (line, direction, reason …).
    `lineage` names the source and the licence it came under. Equal content gives an equal `id`: a replay doubles nothing.
    """

    kind: str
    camera: str
    time_ns: int
    end_time_ns: int
    when: Stamp | None = None
    rule: str = ""
    subjects: tuple[str, ...] = ()
    road_users: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = ()
    px: tuple[float, float] | None = None
    ground_m: tuple[float, float] | None = None
    trusted: bool = True
    evidence: tuple[str, ...] = ()
    lineage: str = ""
    details: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse an event that ends before it begins."""
        if self.end_time_ns < self.time_ns:
            raise ValueError(f"event {self.kind} on {self.camera}: ends {self.end_time_ns} ns before it begins at {self.time_ns} ns")

    @property
    def is_spoiled_stretch(self) -> bool:
        """Whether all that its camera measured meanwhile is marked as not trusted."""
        return not self.trusted and (self.kind in SPOILED_BY or self.kind == NOT_TRUSTED)

    @property
    def id(self) -> str:
        """Deterministic: SHA-256 of what happened, where, when and to whom, 32 hex digits."""
        wall_ns = self.when.utc_ns if self.when else None
        facts = [self.kind, self.camera, self.rule or self.kind, self.time_ns, wall_ns, list(self.subjects), self.lineage, dict(self.details)]
        text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]
