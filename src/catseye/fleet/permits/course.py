"""What is remembered of each terminal's vehicle, and from where on something is told of it."""

from dataclasses import dataclass
from typing import TypeAlias

from catseye.core.event import Event
from catseye.core.geo import GeoPoint

Details: TypeAlias = dict[str, str | int | float | bool | None]
ENDING = ("terminal-silent", "outside-permit-scope")  # kinds that end where it began until they are over: so a restart knows which are


@dataclass(frozen=True, slots=True)
class WatchLimits:
    """From where on something is told."""

    running_kmh: float = 10.0  # faster is driving, not shunting in a yard
    running_s: float = 60.0
    gap_s: float = 300.0  # a longer pause between fixes, and nobody knows what was in it
    silent_after_s: float = 300.0
    deaf_after_s: float = 30.0  # we ourselves heard nobody for so long: no terminal's silence
    edge_s: float = 300.0  # around the first and the last moment of a permit
    margin_m: float = 200.0  # around an area
    outside_count: int = 3
    possible_kmh: float = 250.0
    apart_m: float = 2_000.0  # nearer than that two terminals may be in one vehicle, whatever they say
    twin_s: float = 600.0


@dataclass(slots=True)
class Course:
    """Where a terminal's vehicle was last, since when it runs, and what was told of it. Moments are 0 where there is none."""

    heard_ns: int = 0
    time_ns: int = 0
    received_ns: int = 0
    lat_deg: float = 0.0
    lon_deg: float = 0.0
    running_since_ns: int = 0
    power_ns: int = 0
    was_on: bool = False
    is_off: bool = False
    permit_until_ns: int = 0
    permit_told_until_ns: int = 0
    scope_until_ns: int = 0
    outside_since_ns: int = 0
    outside_count: int = 0
    outside: Event | None = None
    outside_told_until_ns: int = 0
    silent: Event | None = None
    is_due: bool = False


def is_open(event: Event) -> bool:
    """Whether its end is still to come: it was told, and nothing that ends it was seen."""
    return event.kind in ENDING and event.end_time_ns == event.time_ns


def where(place: GeoPoint) -> Details:
    """A place as events say it."""
    return {"lat_deg": place.lat_deg, "lon_deg": place.lon_deg}
