"""A terminal's real video as it goes over the wire: pictures of an H.264 stream, packetised by JT/T 1078."""

from collections.abc import Iterator
from pathlib import Path

import av

from catseye.fleet.jt1078 import ATOMIC, FIRST, KEY, LAST, MIDDLE, PREDICTED, Packet

FRAME_MS, PACKET_BYTES = 40, 950


def pictures(path: Path, most_count: int | None = None) -> Iterator[tuple[bool, bytes]]:
    """(is a keyframe, Annex B bytes) of each picture in decoding order."""
    with av.open(str(path)) as container:
        for number, packet in enumerate(container.demux(container.streams.video[0])):
            if packet.size and (most_count is None or number < most_count):
                yield packet.is_keyframe, bytes(packet)


def packetised(path: Path, most_count: int | None = None, sim: str = "013800138000", channel: int = 1) -> list[Packet]:
    """Packets of at most 950 bytes, as the standard wants them."""
    packets: list[Packet] = []
    key_ms = 0
    for number, (is_key, raw) in enumerate(pictures(path, most_count)):
        time_ms = number * FRAME_MS
        key_ms = time_ms if is_key else key_ms
        parts = [raw[at : at + PACKET_BYTES] for at in range(0, len(raw), PACKET_BYTES)]
        for at, part in enumerate(parts):
            fragment = ATOMIC if len(parts) == 1 else FIRST if at == 0 else LAST if at == len(parts) - 1 else MIDDLE
            kind, since = KEY if is_key else PREDICTED, (time_ms, time_ms - key_ms, FRAME_MS)
            packets.append(Packet(0x81, at == len(parts) - 1, 98, len(packets) & 0xFFFF, sim, channel, kind, fragment, *since, part))
    return packets
