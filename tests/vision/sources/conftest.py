"""Clips encoded on the spot, single JPEG pictures, a camera's certificate."""

import functools
import shutil
import subprocess
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from tests.conftest import skip_or_fail

from catseye.core.picture import RawFrame
from catseye.core.sockets import SourceNotice

MS = Fraction(1, 1000)


def picture(index: int, width_px: int, height_px: int) -> np.ndarray:
    """A bright bar that wanders over a grey slope: its column tells the frame."""
    rgb = np.empty((height_px, width_px, 3), np.uint8)
    rgb[:] = np.linspace(40, 120, width_px, dtype=np.uint8)[None, :, None]
    left = index * 4 % (width_px - 8)
    rgb[:, left : left + 8] = 235
    return rgb


def encode_clip(
    path: Path,
    codec: str = "libx264",
    *,
    count: int = 30,
    size: tuple[int, int] = (96, 64),
    fps: int = 25,
    times_ms: Sequence[int] | None = None,
    **options: str,
) -> Path:
    """Encode `count` pictures; `times_ms` gives each its own presentation time."""
    quiet = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    muxing = {key: options.pop(key) for key in ("movflags",) if key in options}
    with av.open(str(path), "w", format=options.pop("format", None), options=muxing) as out:
        stream = out.add_stream(codec, rate=fps, options={**quiet, **options})
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if times_ms is not None:
            stream.codec_context.time_base = stream.time_base = MS
        for index in range(count):
            frame = av.VideoFrame.from_ndarray(picture(index, *size), format="rgb24")
            frame.pts = index if times_ms is None else times_ms[index]
            frame.time_base = Fraction(1, fps) if times_ms is None else MS
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


@functools.cache
def jpeg(index: int, width_px: int = 96, height_px: int = 64) -> bytes:
    codec = av.CodecContext.create("mjpeg", "w")
    codec.width, codec.height, codec.pix_fmt, codec.time_base = width_px, height_px, "yuvj420p", Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(picture(index, width_px, height_px), format="rgb24").reformat(format="yuvj420p")
    return b"".join(bytes(packet) for packet in codec.encode(frame) + codec.encode(None))


@pytest.fixture(scope="session")
def clip() -> Callable[..., Path]:
    return encode_clip


@pytest.fixture(scope="session")
def jpeg_picture() -> Callable[..., bytes]:
    return jpeg


@pytest.fixture
def parted() -> Callable[..., tuple[list[RawFrame], list[SourceNotice]]]:
    """Frames and notices apart; stops after `frames_count` frames."""

    def part(source: object, frames_count: int | None = None) -> tuple[list[RawFrame], list[SourceNotice]]:
        frames: list[RawFrame] = []
        notices: list[SourceNotice] = []
        for item in source:  # type: ignore[attr-defined]
            (frames if isinstance(item, RawFrame) else notices).append(item)
            if frames_count is not None and len(frames) >= frames_count:
                break
        return frames, notices

    return part


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate with its key, as cameras have them."""
    openssl = shutil.which("openssl")
    if openssl is None:
        skip_or_fail("no openssl to make a certificate with")
    pem = tmp_path_factory.mktemp("tls") / "camera.pem"
    subject = ["-subj", "/CN=camera", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-nodes"]
    subprocess.run([openssl, "req", "-x509", "-newkey", "rsa:2048", "-keyout", str(pem), "-out", f"{pem}.crt", *subject], check=True, capture_output=True)
    pem.write_bytes(pem.read_bytes() + Path(f"{pem}.crt").read_bytes())
    return pem
