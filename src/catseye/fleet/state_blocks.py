"""The record of a vehicle's state that comes with an alarm (`.bin`, T/JSATL 12): blocks of 64 bytes, each with a sum at its end."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Self

from catseye.fleet.errors import LengthError, ShortError, ValueMismatchError
from catseye.fleet.text import encoded_time, time_of

BLOCK_BYTES = 64
_BLOCK = struct.Struct(">4I2i3H6s6h2H4BHhB2s")  # all but the sum
_BEIJING = timedelta(hours=8)
_MOST_APART_S = 60.0  # from one block to the next


@dataclass(frozen=True, slots=True)
class StateBlock:
    """One moment: acceleration, rotation, speed, brake, steering and the like. `payload`: 63 bytes; `tail`: the last byte, as it came."""

    payload: bytes
    tail: bytes

    @property
    def is_sound(self) -> bool:
        """Whether the last byte is the low eight bits of the sum of those before it."""
        return bytes([sum(self.payload) & 0xFF]) == self.tail


@dataclass(frozen=True, slots=True)
class StateRecord:
    """All blocks of one file, in order."""

    blocks: tuple[StateBlock, ...]

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """ShortError for nothing, LengthError for what is no whole number of blocks; a block with a wrong sum is kept, and says so."""
        if not data:
            raise ShortError("state record", "0 bytes", f"blocks of {BLOCK_BYTES} bytes")
        if len(data) % BLOCK_BYTES:
            raise LengthError("state record", f"{len(data)} bytes", f"whole blocks of {BLOCK_BYTES} bytes")
        raws = (data[at : at + BLOCK_BYTES] for at in range(0, len(data), BLOCK_BYTES))
        return cls(tuple(StateBlock(raw[:-1], raw[-1:]) for raw in raws))

    def __bytes__(self) -> bytes:
        """As it came."""
        return b"".join(each.payload + each.tail for each in self.blocks)

    @property
    def unsound_count(self) -> int:
        """Blocks whose sum is wrong."""
        return sum(not each.is_sound for each in self.blocks)

    def columns(self) -> Mapping[str, Sequence[float]] | None:
        """What was measured, a column a quantity, a row a block; None where the record does not bear out that it is laid out so.

        The layout is how terminals are known to write it, and nobody who wrote this had the standard's table before him: so it is believed only of a record
        whose blocks count themselves, follow each other in time, and lie on the earth. Bytes that are not read are in no column.
        """
        if self.unsound_count:
            return None
        rows = [_BLOCK.unpack(each.payload) for each in self.blocks]
        first = rows[0][1]
        if first not in (0, 1) or any((row[0], row[1]) != (len(rows), first + at) for at, row in enumerate(rows)):
            return None
        times_s = [_utc_s(row[9]) for row in rows]
        known_s = [each for each in times_s if each is not None]
        if len(known_s) < len(rows) or any(not 0 <= after - before <= _MOST_APART_S for before, after in pairwise(known_s)):
            return None
        if any(abs(row[4]) > 90_000_000 or abs(row[5]) > 180_000_000 or row[8] > 360 for row in rows):
            return None
        columns: dict[str, Sequence[float]] = {"utc_s": known_s}
        return columns | {name: [row[at] / divisor for row in rows] for name, (at, divisor) in _COLUMNS.items()}

    @staticmethod
    def block(total: int, index: int, values: Mapping[str, float], when: datetime) -> bytes:
        """One block as `columns` reads it, with its sum; what `values` does not name is zero."""
        fields: list[int | bytes] = [0] * 26
        fields[0], fields[1], fields[9], fields[25] = total, index, encoded_time(f"{when.astimezone(UTC) + _BEIJING:%Y-%m-%d %H:%M:%S}"), bytes(2)
        for name, value in values.items():
            at, divisor = _COLUMNS[name]
            fields[at] = round(value * divisor)
        payload = _BLOCK.pack(*fields)
        return payload + bytes([sum(payload) & 0xFF])


def _utc_s(raw: bytes) -> float | None:
    try:
        return (datetime.fromisoformat(time_of(raw)).replace(tzinfo=UTC) - _BEIJING).timestamp()
    except (ValueError, ValueMismatchError):
        return None


_COLUMNS = {  # column → (place in `_BLOCK`, parts of a unit)
    "alarm_bits": (2, 1),
    "vehicle_state_bits": (3, 1),
    "lat_deg": (4, 1_000_000),
    "lon_deg": (5, 1_000_000),
    "altitude_m": (6, 1),
    "satellite_speed_kmh": (7, 10),
    "heading_deg": (8, 1),
    "acceleration_x_g": (10, 100),
    "acceleration_y_g": (11, 100),
    "acceleration_z_g": (12, 100),
    "rotation_x_deg_s": (13, 100),
    "rotation_y_deg_s": (14, 100),
    "rotation_z_deg_s": (15, 100),
    "pulse_speed_kmh": (16, 10),
    "obd_speed_kmh": (17, 10),
    "gear": (18, 1),
    "accelerator_percent": (19, 1),
    "brake_pedal_percent": (20, 1),
    "brake": (21, 1),
    "engine_rpm": (22, 1),
    "steering_deg": (23, 1),
    "turn_signal": (24, 1),
}
