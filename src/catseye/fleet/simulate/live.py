"""Live video of a simulated terminal: encoded pictures that somebody else made, cut into packets of JT/T 1078 and paced by their own clock."""

from collections.abc import Sequence
from dataclasses import dataclass

from catseye.fleet.jt1078 import ATOMIC, FIRST, KEY, LAST, MIDDLE, PREDICTED, Packet

_MOST_PAYLOAD_BYTES = 950
_H264 = 98


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """One picture of a clip as a coder gave it; `is_key`: it needs none before it."""

    is_key: bool
    payload: bytes


def packets_of(picture: EncodedPicture, sim: str, channel: int, serial: int, time_ms: int, since_key_ms: int, since_frame_ms: int) -> list[Packet]:
    """The packets of one picture, with serials from `serial` on."""
    parts = [picture.payload[at : at + _MOST_PAYLOAD_BYTES] for at in range(0, len(picture.payload), _MOST_PAYLOAD_BYTES)] or [b""]
    last = len(parts) - 1
    kind = KEY if picture.is_key else PREDICTED
    places = [ATOMIC if not last else FIRST if index == 0 else LAST if index == last else MIDDLE for index in range(len(parts))]
    return [
        Packet(0x81, index == last, _H264, serial + index & 0xFFFF, sim, channel, kind, place, time_ms, since_key_ms & 0xFFFF, since_frame_ms & 0xFFFF, part)
        for index, (part, place) in enumerate(zip(parts, places, strict=True))
    ]


class LiveVideo:
    """A clip that begins anew when it is over. The SIM has the standard's six bytes, the last digits of a longer number."""

    def __init__(self, pictures: Sequence[EncodedPicture], phone: str, channel: int, fps: float) -> None:
        """At its beginning."""
        self._pictures, self._sim, self._channel, self._fps = pictures, phone[-12:].rjust(12, "0"), channel, fps
        self._shown_count = self._serial = self._key_ms = 0

    def due(self, elapsed_s: float) -> bytes:
        """Packets of the pictures up to this moment since the begin that were not sent before."""
        out = bytearray()
        while self._pictures and self._shown_count <= elapsed_s * self._fps:
            picture = self._pictures[self._shown_count % len(self._pictures)]
            time_ms = round(self._shown_count / self._fps * 1000)
            if picture.is_key:
                self._key_ms = time_ms
            for packet in packets_of(picture, self._sim, self._channel, self._serial, time_ms, time_ms - self._key_ms, round(1000 / self._fps)):
                out += bytes(packet)
                self._serial = self._serial + 1 & 0xFFFF
            self._shown_count += 1
        return bytes(out)
