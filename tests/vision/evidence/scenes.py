"""What the tests of evidence share: streams encoded as cameras send them, rings filled with them, violations that happened in them."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

import av
import numpy as np

from catseye.core.event import Event
from catseye.core.finding import Violation
from catseye.core.time import NS_PER_S, Stamp
from catseye.vision.evidence.signing import UUIDS
from catseye.vision.ring import PacketRing, StreamParameters

ENCODERS = {"h264": "libx264", "hevc": "libx265", "mjpeg": "mjpeg", "mpeg4": "mpeg4"}
FPS = 10
STEP_NS = NS_PER_S // FPS
ONVIF, SIGNED_VIDEO = (uuid for uuid in UUIDS)
WHEN = Stamp(1_664_095_320 * NS_PER_S, 12.0)


def pictures(count: int, size_px: tuple[int, int] = (160, 96)) -> Iterator[np.ndarray]:
    """A bright block that wanders over noise."""
    rng = np.random.default_rng(5)
    street = rng.integers(60, 120, (size_px[1], size_px[0], 3), np.uint8)
    for index in range(count):
        picture = street.copy()
        picture[20:60, 4 * index % (size_px[0] - 40) :][:, :40] = (220, 40, 40)
        yield picture


def stream_of(
    codec: str = "h264", count: int = 40, size_px: tuple[int, int] = (160, 96), bframes: int = 0, shown: Sequence[np.ndarray] = ()
) -> tuple[StreamParameters, list[av.Packet]]:
    """An encoder's packets as a camera sends them: after start codes, in decoding order, in ticks of 1/90,000 s. `shown` instead of a wandering block."""
    encoder = av.CodecContext.create(ENCODERS[codec], "w")
    encoder.width, encoder.height = size_px
    encoder.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    encoder.time_base = Fraction(1, 90_000) if codec != "mpeg4" else Fraction(1, FPS)
    encoder.framerate = Fraction(FPS)
    encoder.gop_size = FPS
    if codec in ("h264", "hevc"):
        encoder.options = {
            "preset": "ultrafast",
            "crf": "18",
            "bf": str(bframes),
            "x265-params": f"log-level=none:bframes={bframes}:keyint={FPS}:repeat-headers=1",
        }
    packets = []
    for index, picture in enumerate(shown or pictures(count, size_px)):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=encoder.pix_fmt)
        frame.pts, frame.time_base = index * (90_000 // FPS if codec != "mpeg4" else 1), encoder.time_base
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return StreamParameters(codec, encoder.extradata or b"", *size_px), packets


def ring_of(stream: StreamParameters, packets: Sequence[av.Packet], *, camera: str = "cam-1", begin_ns: int = 0, ring: PacketRing | None = None) -> PacketRing:
    """A ring that holds them all."""
    ring = ring or PacketRing(600.0, 10**9, camera)
    for packet in packets:
        times_ns = [begin_ns + round(ticks * float(packet.time_base) * NS_PER_S) for ticks in (packet.pts, packet.dts)]
        ring.add(bytes(packet), times_ns[0], packet.is_keyframe, stream=stream, dts_ns=times_ns[1])
    return ring


def violation_at(time_s: float, until_s: float | None = None, *, camera: str = "cam-1", when: Stamp | None = WHEN) -> Violation:
    time_ns = round(time_s * NS_PER_S)
    return Violation(Event("red-light", camera, time_ns, round((until_s or time_s) * NS_PER_S), when, subjects=("7",), road_users=("car",)))


def sei(codec: str, uuid: bytes, body: bytes = b"\x00\x00\x01\x00\x00\x00\xff" * 90) -> bytes:
    """A NAL unit that holds one user_data_unregistered message, escaped as the standard wants it."""
    content = uuid + body
    size = bytes([255] * (len(content) // 255)) + bytes([len(content) % 255])
    plain = b"\x05" + size + content + b"\x80"
    escaped, zeros = bytearray(), 0
    for byte in plain:
        if zeros >= 2 and byte <= 3:
            escaped.append(3)
            zeros = 0
        escaped.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return (b"\x06" if codec == "h264" else b"\x4e\x01") + bytes(escaped)
