"""Retention classes, and how many days each is kept."""

from dataclasses import dataclass, fields

from catseye.core.time import NS_PER_S

UNCONFIRMED, CASE, REPORT, IDENTITY, STANDING = "unconfirmed", "case", "report", "identity", "standing"
POINTS, POSITIONS, ALARMS, DRIVER, AGGREGATES = "points", "positions", "alarms", "driver", "aggregates"
CLASSES = (
    POINTS,
    POSITIONS,
    ALARMS,
    DRIVER,
    UNCONFIRMED,
    CASE,
    REPORT,
    IDENTITY,
    AGGREGATES,
)  # what has days; what is standing is kept until somebody says otherwise
BY_DAY = (UNCONFIRMED, POSITIONS)  # a drawer a UTC day
BY_SUBJECT = (CASE, REPORT, IDENTITY, DRIVER, STANDING)
NS_PER_DAY = 86_400 * NS_PER_S


@dataclass(frozen=True, slots=True)
class KeptFor:
    """Days that each retention class is kept.

    `points_days` (points and tracks), `positions_days` (what vehicle terminals said and were told), `unconfirmed_days` (violations nobody confirmed, their
    pictures and cases), `alarms_days` (events of vehicle terminals, and who closed them) and `aggregates_days` (counts, flows, findings about the camera) count
    from when it was kept; `driver_days` (who a driver's pseudonym stands for) from when the driver was last seen; `case_days`, `report_days`, `identity_days`
    from when the case or report was told to be over.
    """

    points_days: int = 7
    unconfirmed_days: int = 14
    case_days: int = 180
    report_days: int = 30
    identity_days: int = 90
    aggregates_days: int = 1826
    positions_days: int = 7
    alarms_days: int = 30
    driver_days: int = 30

    def __post_init__(self) -> None:
        """Refuse days below zero."""
        for one in fields(self):
            if getattr(self, one.name) < 0:
                raise ValueError(f"{one.name} {getattr(self, one.name)}: wanted 0 days or more")

    def span_ns(self, retention: str) -> int:
        """How long a class is kept."""
        return int(getattr(self, f"{retention}_days")) * NS_PER_DAY
