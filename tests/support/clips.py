"""Real H.264 clips, made here, and what somebody may do to one without encoding it again."""

from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO

import av
import numpy as np

FPS, GOP_COUNT = 10, 10


def clip(count: int = 40, seed: int = 5, size_px: tuple[int, int] = (160, 96)) -> bytes:
    """A block that wanders over noise, a key frame every second, as MP4."""
    file, rng = BytesIO(), np.random.default_rng(seed)
    street = rng.integers(60, 120, (size_px[1], size_px[0], 3), np.uint8)
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "bf": "0", "sc_threshold": "0"})
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = *size_px, "yuv420p", GOP_COUNT
        for index in range(count):
            picture = street.copy()
            picture[20:60, 4 * index % (size_px[0] - 40) :][:, :40] = (220, 40, 40)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))
    return file.getvalue()


def payloads(data: bytes) -> list[tuple[bytes, bool]]:
    """Its packets: content, and whether a picture begins anew there."""
    with av.open(BytesIO(data)) as container:
        return [(bytes(packet), packet.is_keyframe) for packet in container.demux(video=0) if packet.size]


def remuxed(data: bytes, packets: Sequence[tuple[bytes, bool]], first: int = 0) -> bytes:
    """The same stream with these packets, one every tenth of a second from the `first` on."""
    file = BytesIO()
    with av.open(BytesIO(data)) as source, av.open(file, "w", format="mp4") as out:
        lane = out.add_stream_from_template(source.streams.video[0])
        for number, (payload, is_key) in enumerate(packets, first):
            packet = av.Packet(payload)
            packet.stream, packet.time_base, packet.is_keyframe = lane, Fraction(1, FPS), is_key
            packet.pts = packet.dts = number
            packet.duration = 1
            out.mux(packet)
    return file.getvalue()


def encoded_again(data: bytes) -> bytes:
    """Decoded and encoded anew."""
    file = BytesIO()
    with av.open(BytesIO(data)) as source, av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=FPS, options={"crf": "30"})
        stream.width, stream.height, stream.pix_fmt = source.streams.video[0].width, source.streams.video[0].height, "yuv420p"
        for frame in source.decode(video=0):
            out.mux(stream.encode(frame.reformat(format="yuv420p")))
        out.mux(stream.encode(None))
    return file.getvalue()
