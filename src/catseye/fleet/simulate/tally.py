"""What a run of simulated terminals comes to: counts and waiting times, shared by all of them."""

from array import array
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

SHARES = (50.0, 99.0, 100.0)


@dataclass(slots=True)
class Tally:
    """`counts` by name; `waits_s`: from each message to its answer; `warned_s`: from an alarm to the next text to its driver."""

    counts: Counter[str] = field(default_factory=Counter)
    waits_s: "array[float]" = field(default_factory=lambda: array("f"))
    warned_s: "array[float]" = field(default_factory=lambda: array("f"))

    def summary(self) -> dict[str, object]:
        """For `--json`."""
        waits = {"answer": self.waits_s, "alarm_to_warning": self.warned_s}
        return {**dict(sorted(self.counts.items())), **{f"{name}_s": percentiles_s(each) for name, each in waits.items()}}


def percentiles_s(waits_s: "array[float]") -> dict[str, float] | None:
    """The median, the 99th of a hundred, and the longest; None of nothing.

    >>> percentiles_s(array("f", [0.1, 0.2, 0.3]))
    {'p50': 0.2, 'p99': 0.298, 'max': 0.3}
    """
    if not waits_s:
        return None
    found = np.percentile(np.frombuffer(waits_s, np.float32), SHARES)
    return {name: round(float(value), 4) for name, value in zip(("p50", "p99", "max"), found, strict=True)}
