"""The last seconds of a camera's main stream, undecoded: evidence is cut from here without encoding again."""

from collections import deque
from dataclasses import dataclass, field
from threading import Lock

from catseye.core.time import NS_PER_S


@dataclass(frozen=True, slots=True)
class StreamParameters:
    """What muxing without re-encoding needs: the codec's name and extradata (SPS/PPS …), the picture's size, one tick of the source's clock."""

    codec: str
    extradata: bytes
    width_px: int
    height_px: int
    time_base_s: tuple[int, int] = (1, 90_000)


@dataclass(frozen=True, slots=True)
class KeptPacket:
    """One undecoded packet. `time_ns` is its presentation and `decode_ns` its decoding time on the source's repaired axis."""

    payload: bytes = field(repr=False)
    time_ns: int
    decode_ns: int
    is_key: bool
    stream: StreamParameters


@dataclass(slots=True)
class _Gop:
    packets: list[KeptPacket]
    size_bytes: int


class PacketRing:
    """Keeps whole groups of pictures, newest `seconds_s` and never more than `most_bytes`; fed in one thread, cut from another.

    A group larger than `most_bytes` is given up: the bound on memory is kept before the bound on time.
    `camera` says whose packets these are: evidence is cut from the ring of the violation's own camera, and of no other.
    """

    def __init__(self, seconds_s: float, most_bytes: int, camera: str = "") -> None:
        if seconds_s <= 0 or most_bytes <= 0:
            raise ValueError(f"packet ring: {seconds_s} s, {most_bytes} bytes; wanted both above zero")
        self.camera = camera
        self._span_ns = round(seconds_s * NS_PER_S)
        self._most_bytes = most_bytes
        self._gops: deque[_Gop] = deque()
        self._held_bytes = 0
        self._lock = Lock()

    @property
    def held_bytes(self) -> int:
        """Payload bytes held now."""
        return self._held_bytes

    @property
    def oldest_ns(self) -> int | None:
        """When the first picture that is held was shown."""
        with self._lock:
            return self._gops[0].packets[0].time_ns if self._gops else None

    def add(self, payload: bytes, pts_ns: int, is_key: bool, *, stream: StreamParameters, dts_ns: int | None = None) -> None:
        """Keep one packet, in decoding order, times on the source's axis. What comes before the first keyframe cannot be decoded and is not kept."""
        packet = KeptPacket(payload, pts_ns, pts_ns if dts_ns is None else dts_ns, is_key, stream)
        with self._lock:
            if is_key:
                self._gops.append(_Gop([], 0))
            if not self._gops:
                return
            self._gops[-1].packets.append(packet)
            self._gops[-1].size_bytes += len(payload)
            self._held_bytes += len(payload)
            self._forget(pts_ns)

    def cut(self, begin_ns: int, end_ns: int) -> list[KeptPacket]:
        """Packets from the keyframe at or before `begin_ns` (the oldest held, if none is) up to the last shown at `end_ns`, in decoding order.

        After a reconnect packets may carry other `stream` parameters than those before.
        """
        with self._lock:
            gops = [list(gop.packets) for gop in self._gops]
        starts = [index for index, gop in enumerate(gops) if gop[0].time_ns <= begin_ns]
        packets = [packet for gop in gops[starts[-1] if starts else 0 :] for packet in gop]
        last = max((index for index, packet in enumerate(packets) if packet.time_ns <= end_ns), default=-1)
        return packets[: last + 1]

    def part(self, begin_ns: int, end_ns: int) -> "PacketRing":
        """A ring of its own with what `cut` would give: it forgets nothing, whatever this one takes in meanwhile."""
        packets = self.cut(begin_ns, end_ns)
        size_bytes = sum(len(packet.payload) for packet in packets)
        kept = PacketRing(max(1.0, (end_ns - begin_ns) / NS_PER_S * 2), size_bytes + 1, self.camera)
        for packet in packets:
            if packet.is_key:
                kept._gops.append(_Gop([], 0))
            kept._gops[-1].packets.append(packet)
            kept._gops[-1].size_bytes += len(packet.payload)
        kept._held_bytes = size_bytes
        return kept

    def _forget(self, now_ns: int) -> None:
        while self._held_bytes > self._most_bytes or (len(self._gops) > 1 and now_ns - self._gops[1].packets[0].time_ns >= self._span_ns):
            self._held_bytes -= self._gops.popleft().size_bytes
            if not self._gops:
                return
