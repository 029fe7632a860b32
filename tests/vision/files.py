"""Photographs and videos of nobody, drawn here, with markers in every place where a file can carry more than pixels."""

import struct
import zlib
from fractions import Fraction
from io import BytesIO
from typing import Any

import av
import cv2
import numpy as np

from catseye.core.arrays import Pixels
from catseye.vision.detect.selftest import drawn_picture

MARKER = b"Anh-Lan-lives-here-21.0285N"


def scene(seed: int = 0, width_px: int = 640, height_px: int = 480) -> Pixels:
    """A drawn street with patches that differ from seed to seed, RGB."""
    rng = np.random.default_rng(seed)
    rgb = cv2.resize(drawn_picture(416), (width_px, height_px))
    for _ in range(12):
        left, top = (int(rng.integers(0, most)) for most in (width_px - 80, height_px - 80))
        rgb[top : top + int(rng.integers(20, 160)), left : left + int(rng.integers(20, 160))] = rng.integers(0, 255, 3)
    return np.asarray(rgb, np.uint8)


def jpeg(rgb: Pixels | None = None, quality_percent: int = 92) -> bytes:
    rgb = scene() if rgb is None else rgb
    return bytes(cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality_percent])[1])


def png(rgb: Pixels | None = None) -> bytes:
    return bytes(cv2.imencode(".png", cv2.cvtColor(scene() if rgb is None else rgb, cv2.COLOR_RGB2BGR))[1])


def with_segments(picture: bytes, *segments: tuple[int, bytes]) -> bytes:
    """A JPEG with these marker segments right behind its start."""
    inserted = b"".join(struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content for marker, content in segments)
    return picture[:2] + inserted + picture[2:]


def with_chunk(picture: bytes, name: bytes, content: bytes) -> bytes:
    """A PNG with this chunk behind its header."""
    chunk = struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return picture[:33] + chunk + picture[33:]


def exif(taken: str = "", offset: str = "", thumbnail: bytes = b"", marker: bytes = MARKER, orientation: int = 1) -> bytes:
    """A TIFF block with a maker, a GPS directory, a moment and a thumbnail behind it."""
    texts: list[tuple[int, int, bytes]] = []  # tag, place in the block, text
    first = [(0x010F, marker + b"\0"), (0x010E, b"description " + marker + b"\0")]
    inner = [(0x9003, taken.encode() + b"\0"), (0x9011, offset.encode() + b"\0"), (0x9286, marker + b"\0")]
    gps = [(0x0001, b"N\0"), (0x001D, marker + b"\0")]
    blocks = {"first": 8, "inner": 8 + 2 + 12 * 5 + 4, "gps": 8 + 2 + 12 * 5 + 4 + 2 + 12 * 3 + 4}
    heap_at = blocks["gps"] + 2 + 12 * 2 + 4
    heap = b""
    out = struct.pack("<2sHI", b"II", 42, 8)

    def entry(tag: int, text: bytes) -> bytes:
        nonlocal heap
        if len(text) <= 4:
            return struct.pack("<HHI4s", tag, 2, len(text), text)
        place = heap_at + len(heap)
        heap += text
        texts.append((tag, place, text))
        return struct.pack("<HHII", tag, 2, len(text), place)

    out += struct.pack("<H", 5) + b"".join(entry(*each) for each in first) + struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    out += struct.pack("<HHII", 0x8769, 4, 1, blocks["inner"]) + struct.pack("<HHII", 0x8825, 4, 1, blocks["gps"]) + struct.pack("<I", 0)
    out += struct.pack("<H", len(inner)) + b"".join(entry(*each) for each in inner) + struct.pack("<I", 0)
    out += struct.pack("<H", len(gps)) + b"".join(entry(*each) for each in gps) + struct.pack("<I", 0)
    return out + heap + thumbnail


def loaded_jpeg(taken: str = "2026:09-22", offset: str = "") -> bytes:
    """A JPEG with the marker in EXIF, GPS, maker note, thumbnail, XMP, ICC, IPTC and a comment."""
    return with_segments(
        jpeg(),
        (0xE1, b"Exif\0\0" + exif(taken, offset, thumbnail=with_segments(jpeg(scene(0, 160, 120)), (0xFE, MARKER)))),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0<?xpacket begin=''?><x:xmpmeta>" + MARKER + b"</x:xmpmeta>"),
        (0xE2, b"ICC_PROFILE\0\x01\x01" + MARKER),
        (0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\x1b" + MARKER),
        (0xFE, MARKER),
    )


def video(
    duration_s: float = 2.0,
    form: str = "mp4",
    fps: int = 10,
    size_px: tuple[int, int] = (320, 240),
    metadata: dict[str, str] | None = None,
    more: str = "",
) -> bytes:
    """A drawn street that moves a little; with `more` ("subtitles", "data"), a track that says the marker."""
    file = BytesIO()
    base = scene(3, *size_px)
    with av.open(file, "w", format=form) as out:
        out.metadata.update(metadata or {})
        lane: Any = out.add_stream("mpeg4" if form != "webm" else "libvpx", rate=fps)
        lane.width, lane.height = size_px
        lane.pix_fmt = "yuv420p"
        lane.codec_context.time_base = Fraction(1, fps)
        words: Any = None
        if more == "data":
            words = out.add_data_stream("bin_data")
        elif more:
            words = out.add_mux_stream("mov_text" if form in ("mp4", "mov") else "subrip", rate=Fraction(1000), time_base=Fraction(1, 1000))
        for nth in range(round(duration_s * fps)):
            frame = av.VideoFrame.from_ndarray(np.roll(base, nth * 2, axis=1), format="rgb24")
            frame.pts = nth
            for packet in lane.encode(frame):
                out.mux(packet)
        for packet in lane.encode():
            out.mux(packet)
        if words is not None:
            said = av.Packet(struct.pack(">H", len(MARKER)) + MARKER if form in ("mp4", "mov") else MARKER)
            said.stream, said.pts, said.dts, said.duration, said.time_base = words, 0, 0, 1000, Fraction(1, 1000)
            out.mux(said)
    return file.getvalue()
