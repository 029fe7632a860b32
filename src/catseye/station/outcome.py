"""What a verb hands back to the command line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """`exit_code` 0 fine, 1 finished but needs a look, 2 wrong use; `summary` is what --json prints; `lines_of_text` is what people read."""

    exit_code: int
    summary: Mapping[str, Any]
    lines_of_text: list[str]

    def __post_init__(self) -> None:
        """Refuse a code that no script expects."""
        if self.exit_code not in (0, 1, 2):
            raise ValueError(f"exit code {self.exit_code}; wanted 0, 1 or 2")
