"""Redacted pictures as PNG, with nothing but zlib: the vault holds no video library."""

import struct
import zlib
from typing import BinaryIO

import numpy as np

from catseye.core.picture import RedactedPicture

_RGB_8_BIT = (8, 2, 0, 0, 0)
_UP = 2


def write_png(file: BinaryIO, picture: RedactedPicture) -> None:
    """Write the picture as PNG; TypeError for anything that is not a RedactedPicture, whatever it looks like."""
    if type(picture) is not RedactedPicture:
        raise TypeError(f"vault: a {type(picture).__name__} came; wanted a RedactedPicture: nothing else may be stored")
    height_px, width_px, _ = picture.rgb.shape
    rows = picture.rgb.reshape(height_px, width_px * 3)
    above = np.vstack([np.zeros_like(rows[:1]), rows[:-1]])
    filtered = np.column_stack([np.full(height_px, _UP, np.uint8), rows - above])  # PNG 9.2: each byte minus the one above, modulo 256
    file.write(b"\x89PNG\r\n\x1a\n")
    file.write(_chunk(b"IHDR", struct.pack(">II5B", width_px, height_px, *_RGB_8_BIT)))
    file.write(_chunk(b"IDAT", zlib.compress(filtered.tobytes(), 6)))
    file.write(_chunk(b"IEND", b""))


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
