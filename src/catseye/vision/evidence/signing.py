"""Whether a camera signed its video: the signatures travel as SEI messages and are kept byte for byte; we do not check them, and say so.

They are user_data_unregistered messages (H.264 D.1.7, H.265 D.2.7) that begin with a UUID of their own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from catseye.vision.evidence.nal import NAL_CODECS, length_bytes_of, nal_units

UUIDS = {
    # ONVIF Media Signing Specification; onvif/media-signing-framework, kUuidMediaSigning
    bytes.fromhex("005bc93f2d715e95ada4796f90877a6f"): "ONVIF media signing",
    # AxisCommunications/signed-video-framework, kUuidSignedVideo: "Signed Video...0"
    bytes.fromhex("5369676e656420566964656f2e2e2e30"): "Signed Video",
}
PRESENT = "present, not verified"
UNSIGNED = "unsigned"
_USER_DATA_UNREGISTERED = 5
_UUID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Signing:
    """What a stretch of video says of its own signature. `messages` counts signing messages by scheme, `seis_count` the SEI messages of any sort."""

    status: str
    messages: dict[str, int] = field(default_factory=dict)
    seis_count: int = 0


def signing_of(codec: str, extradata: bytes, payloads: Iterable[bytes]) -> Signing:
    """Look through the packets of a stream; any bytes are taken."""
    if codec not in NAL_CODECS:
        return Signing(UNSIGNED)
    length_bytes, messages, seis_count = length_bytes_of(codec, extradata), Counter[str](), 0
    for payload in payloads:
        for unit in nal_units(payload, length_bytes):
            for kind, body in sei_messages(codec, unit):
                seis_count += 1
                if kind == _USER_DATA_UNREGISTERED and (scheme := UUIDS.get(body[:_UUID_BYTES])):
                    messages[scheme] += 1
    return Signing(PRESENT if messages else UNSIGNED, dict(sorted(messages.items())), seis_count)


def sei_messages(codec: str, unit: bytes) -> Iterator[tuple[int, bytes]]:
    """Payload type and payload of every SEI message of one NAL unit; nothing for a unit of another kind. A message cut short gives what there is."""
    if not is_sei(codec, unit):
        return
    rest = _unescaped(unit[1:] if codec == "h264" else unit[2:])
    at = 0
    while at + 1 < len(rest) and not (rest[at] == 0x80 and not rest[at + 1 :].strip(b"\x00")):
        kind, at = _number(rest, at)
        size_bytes, at = _number(rest, at)
        yield kind, rest[at : at + size_bytes]
        at += size_bytes


def is_sei(codec: str, unit: bytes) -> bool:
    """H.264 type 6; H.265 types 39 (prefix) and 40 (suffix)."""
    if not unit:
        return False
    return unit[0] & 0x1F == 6 if codec == "h264" else (unit[0] >> 1) & 0x3F in (39, 40)


def _number(rest: bytes, at: int) -> tuple[int, int]:
    """A number in the SEI's own code: 255 for each full byte of it, then the rest; and where to go on."""
    total = 0
    while at < len(rest):
        total += rest[at]
        at += 1
        if rest[at - 1] != 0xFF:
            break
    return total, at


def _unescaped(escaped: bytes) -> bytes:
    """Without the emulation prevention bytes: 00 00 03 stands for 00 00 (H.264 7.4.1)."""
    return escaped.replace(b"\x00\x00\x03", b"\x00\x00")
