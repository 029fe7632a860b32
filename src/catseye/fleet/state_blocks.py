"""The record of a vehicle's state that comes with an alarm (`.bin`, T/JSATL 12): blocks of 64 bytes, each with a sum at its end."""

from dataclasses import dataclass
from typing import Self

from catseye.fleet.errors import LengthError, ShortError

BLOCK_BYTES = 64


@dataclass(frozen=True, slots=True)
class StateBlock:
    """One moment: acceleration, rotation, speed, brake, steering and the like. `payload`: 63 bytes; no text at hand tells which are which.

    `tail`: the last byte, as it came.
    """

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
