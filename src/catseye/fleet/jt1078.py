"""Media packets of JT/T 1078: RTP with the terminal's SIM in the header. Bytes in, packets out, and back; then frames, where nothing was lost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from struct import Struct
from types import MappingProxyType
from typing import Self

from catseye.fleet.errors import FrameError, ShortError, ValueMismatchError

MAGIC = b"01cd"
KEY, PREDICTED, BIDIRECTIONAL, SOUND, PASS_THROUGH = range(5)  # what `data_type` says
ATOMIC, FIRST, LAST, MIDDLE = range(4)  # what `fragment` says
SIM_BYTES, LONG_SIM_BYTES = 6, 10  # the standard's, and that of some terminals of 2019
_HEADS = {size: Struct(f">BBH{size}sBB") for size in (SIM_BYTES, LONG_SIM_BYTES)}
_TIME, _SINCE, _LENGTH = Struct(">Q"), Struct(">HH"), Struct(">H")
_MOST_OPEN_BYTES, _MOST_PARTS_COUNT = 4 << 20, 1 << 13  # of one frame: a key frame of 4K is below


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet. `flags`: its first byte, 0x81 by the standard; `timestamp_ms` None for what is passed through, the two after it None for all but video."""

    flags: int
    is_marked: bool
    payload_type: int
    serial: int
    sim: str
    channel: int
    data_type: int
    fragment: int
    timestamp_ms: int | None
    since_key_ms: int | None
    since_frame_ms: int | None
    payload: bytes

    @classmethod
    def parse(cls, raw: bytes, sim_bytes: int = SIM_BYTES) -> tuple[Self, bytes]:
        """The first packet, and the bytes after it. ShortError: it is not whole yet, or never; FrameError: none begins here."""
        packet, end = cls.parse_at(raw, 0, sim_bytes)
        return packet, raw[end:]

    @classmethod
    def parse_at(cls, raw: bytes, begin: int, sim_bytes: int = SIM_BYTES) -> tuple[Self, int]:
        """As `parse`, from a place in a stream: the packet, and where the next one begins. Nothing else of the stream is copied."""
        found = raw[begin : begin + 4]
        if found != MAGIC[: len(found)] or not found:
            raise FrameError("packet", found.hex() or "nothing", "30316364")
        head = _HEADS[sim_bytes]
        at = begin + 4 + head.size
        _need(raw, begin, at)
        flags, marked, serial, sim, channel, kind = head.unpack_from(raw, begin + 4)
        data_type, fragment = kind >> 4, kind & 0x0F
        if data_type > PASS_THROUGH or fragment > MIDDLE:
            raise ValueMismatchError("packet, type", f"0x{kind:02x}", "a type of 0–4 and a part of 0–3")
        timestamp_ms = since_key_ms = since_frame_ms = None
        if data_type != PASS_THROUGH:
            _need(raw, begin, at + 8)
            timestamp_ms, at = _TIME.unpack_from(raw, at)[0], at + 8
        if data_type < SOUND:
            _need(raw, begin, at + 4)
            (since_key_ms, since_frame_ms), at = _SINCE.unpack_from(raw, at), at + 4
        _need(raw, begin, at + 2)
        length_bytes, at = _LENGTH.unpack_from(raw, at)[0], at + 2
        end = at + length_bytes
        _need(raw, begin, end)
        times = (timestamp_ms, since_key_ms, since_frame_ms)
        return cls(flags, marked >> 7 == 1, marked & 0x7F, serial, sim.hex(), channel, data_type, fragment, *times, raw[at:end]), end

    def __bytes__(self) -> bytes:
        """As on the wire; the width of the SIM is that of `sim`."""
        sim = bytes.fromhex(self.sim)
        if len(sim) not in _HEADS:
            raise ValueMismatchError("packet, sim", f"'{self.sim}'", "12 or 20 hex digits")
        kind = self.data_type << 4 | self.fragment
        head = MAGIC + _HEADS[len(sim)].pack(self.flags, self.is_marked << 7 | self.payload_type, self.serial, sim, self.channel, kind)
        head += _TIME.pack(self.timestamp_ms) if self.timestamp_ms is not None else b""
        head += _SINCE.pack(self.since_key_ms, self.since_frame_ms) if self.since_key_ms is not None else b""
        return head + _LENGTH.pack(len(self.payload)) + self.payload


def _need(raw: bytes, begin: int, end: int) -> None:
    if len(raw) < end:
        raise ShortError("packet", f"{len(raw) - begin} bytes", f"{end - begin} bytes")


def sim_bytes_of(stream: bytes) -> int:
    """How wide a sender's SIM is: the width with which the first packet ends where the next begins, or where the bytes end."""
    for sim_bytes in _HEADS:
        try:
            _, rest = Packet.parse(stream, sim_bytes)
        except (ShortError, ValueMismatchError):
            continue
        if rest[:4] == MAGIC[: len(rest[:4])]:
            return sim_bytes
    return SIM_BYTES


def packets_in(stream: bytes, sim_bytes: int = SIM_BYTES) -> tuple[list[Packet], bytes, int]:
    """Whole packets of a stream; what begins the next one; and how many bytes were skipped to the next magic, where one was damaged."""
    packets: list[Packet] = []
    at, skipped_bytes = 0, 0
    while at < len(stream):
        try:
            packet, at = Packet.parse_at(stream, at, sim_bytes)
            packets.append(packet)
        except ShortError:
            break
        except (FrameError, ValueMismatchError):
            begin = stream.find(MAGIC, at + 1)
            begin = begin if begin >= 0 else max(at + 1, len(stream) - len(MAGIC) + 1)
            skipped_bytes += begin - at
            at = begin
    return packets, stream[at:], skipped_bytes


@dataclass(frozen=True, slots=True)
class MediaFrame:
    """One whole frame of video or sound as a terminal encoded it: nothing in it is redacted, so it goes to `vision` or nowhere."""

    sim: str
    channel: int
    data_type: int
    payload_type: int
    timestamp_ms: int | None
    payload: bytes


@dataclass(frozen=True, slots=True)
class _Open:
    next_serial: int
    first: Packet
    parts: tuple[bytes, ...]
    held_bytes: int


@dataclass(frozen=True, slots=True)
class Reassembly:
    """Frames that are not whole yet, by channel and kind, and how many were given up because a part was lost."""

    opened: Mapping[tuple[str, int, bool], _Open] = field(default_factory=lambda: MappingProxyType({}))
    lost_count: int = 0

    def add(self, packet: Packet) -> tuple["Reassembly", MediaFrame | None]:
        """With this packet in it; and the frame it completed, if it did. A part that does not follow gives its frame up; the next first one begins anew."""
        key = (packet.sim, packet.channel, packet.data_type >= SOUND)
        before = self.opened.get(key)
        if packet.fragment in (ATOMIC, FIRST):
            lost_count = self.lost_count + (before is not None)
            if packet.fragment == ATOMIC:
                return self._with(key, None, lost_count), _frame(packet, (packet.payload,))
            return self._with(key, _Open(packet.serial + 1 & 0xFFFF, packet, (packet.payload,), len(packet.payload)), lost_count), None
        if before is None:
            return self, None  # its frame was given up already, or began before we listened
        held_bytes = before.held_bytes + len(packet.payload)
        if (
            packet.serial != before.next_serial
            or packet.data_type != before.first.data_type
            or held_bytes > _MOST_OPEN_BYTES
            or len(before.parts) >= _MOST_PARTS_COUNT
        ):
            return self._with(key, None, self.lost_count + 1), None
        parts = (*before.parts, packet.payload)
        if packet.fragment == LAST:
            return self._with(key, None, self.lost_count), _frame(before.first, parts)
        return self._with(key, _Open(packet.serial + 1 & 0xFFFF, before.first, parts, held_bytes), self.lost_count), None

    def _with(self, key: tuple[str, int, bool], opened: _Open | None, lost_count: int) -> "Reassembly":
        others = {each: value for each, value in self.opened.items() if each != key}
        return Reassembly(MappingProxyType(others if opened is None else {**others, key: opened}), lost_count)


def _frame(first: Packet, parts: tuple[bytes, ...]) -> MediaFrame:
    return MediaFrame(first.sim, first.channel, first.data_type, first.payload_type, first.timestamp_ms, b"".join(parts))
