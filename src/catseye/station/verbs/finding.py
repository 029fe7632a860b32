"""What a check found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `is_right` None: known, and nothing to be done about it today."""

    camera: str
    what: str
    is_right: bool | None
    detail: str
