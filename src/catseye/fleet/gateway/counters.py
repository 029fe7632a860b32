"""What the gateway has seen, for whoever looks after it: plain numbers, read at any time."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Counters:
    """Since the gateway began. `refused`, `closed`: by the reason; `unknown_messages`, `unknown_items`: by their id."""

    connections_count: int = 0
    connected_count: int = 0
    authenticated_count: int = 0
    accepted_count: int = 0
    duplicates_count: int = 0
    batches_count: int = 0
    keeper_faults_count: int = 0
    orders_sent_count: int = 0
    media_count: int = 0
    waiting_count: int = 0
    back_pressure_s: float = 0.0
    refused: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    unknown_messages: Counter[str] = field(default_factory=Counter)
    unknown_items: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """For a status page."""
        return {name: dict(value) if isinstance(value := getattr(self, name), Counter) else value for name in self.__slots__}
