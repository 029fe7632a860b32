"""What a location report means: a place, a speed and a moment, with signs and units applied."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, Self

from catseye.core.geo import GeoPoint
from catseye.core.time import Stamp
from catseye.fleet.errors import EncryptedError, ValueMismatchError

BEIJING = timezone(timedelta(hours=8))  # JT/T 808-2013 4.2: all times
_FIXED, _SOUTH, _WEST, _ENCRYPTED = 1 << 1, 1 << 2, 1 << 3, 1 << 5
_SOURCES = {18: "GPS", 19: "BeiDou", 20: "GLONASS", 21: "Galileo"}
_SOURCE_BITS = sum(1 << bit for bit in _SOURCES)


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a vehicle was. `is_fixed`: the terminal had a position then; without one `place` is the last it knew, or nothing at all."""

    place: GeoPoint
    when: Stamp
    speed_kmh: float
    heading_deg: float
    altitude_m: float
    is_fixed: bool
    sources: tuple[str, ...]

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """From the values of 0x0200. EncryptedError for coordinates somebody else holds the key of; ValueMismatchError for a place or a time that is none."""
        status: int = values["status"]
        if status & _ENCRYPTED:
            raise EncryptedError("0x0200, status", "encrypted coordinates", "coordinates in the clear")
        lat_deg, lon_deg = values["lat"] / 1e6, values["lon"] / 1e6
        try:
            place = GeoPoint(-lat_deg if status & _SOUTH else lat_deg, -lon_deg if status & _WEST else lon_deg)
        except ValueError:
            raise ValueMismatchError("0x0200, lat, lon", f"{lat_deg:.6f}, {lon_deg:.6f}", "a place on the map") from None
        try:
            when = _moment(values["time"])
        except ValueError:
            raise ValueMismatchError("0x0200, time", f"'{values['time']}'", "a date and a time") from None
        return cls(
            place,
            when,
            values["speed_0_1kmh"] / 10,
            float(values["direction"]),
            float(values["altitude"]),
            bool(status & _FIXED),
            _sources(status & _SOURCE_BITS),
        )


@lru_cache(maxsize=4096)
def _moment(text: str) -> Stamp:
    """ValueError for no moment. Remembered, since thousands of vehicles report in one second, and reading it is what a fix would cost most in."""
    return Stamp.from_datetime(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING))


@lru_cache(maxsize=1 << len(_SOURCES))
def _sources(bits: int) -> tuple[str, ...]:
    return tuple(name for bit, name in _SOURCES.items() if bits >> bit & 1)
