"""Rendered pictures to an H.264 file with their real presentation times. Nobody real is in them: the only unredacted writer of the house."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from catseye.core.arrays import Doubles, Ints, Pixels
from catseye.core.errors import SiteError, StoreError
from catseye.core.time import NS_PER_S

CLOCK_HZ = 90_000
_FORMATS = {".mp4": ("mp4", CLOCK_HZ, {"video_track_timescale": str(CLOCK_HZ)}), ".mkv": ("matroska", 1_000, {})}


def stored_ns(path: Path, times_s: Doubles) -> Ints:
    """What `times_s` (n,) become in a file of this name: whole ticks of its clock (mp4: 1/90,000 s, mkv: 1 ms), in nanoseconds."""
    ticks, clock_hz = np.round(np.asarray(times_s) * _format(path)[1]).astype(np.int64), _format(path)[1]
    return np.asarray((ticks * NS_PER_S + clock_hz // 2) // clock_hz)


def encode_h264(path: Path, pictures: Iterable[tuple[float, Pixels]], size_px: tuple[int, int], nominal_fps: float, *, quality_crf: int = 23) -> int:
    """Write (time in seconds, RGB picture) pairs, times strictly ascending; how many frames. The file, .mp4 or .mkv, appears whole or not at all.

    `nominal_fps` is only what the headers say (H.264's own timing, and mkv's default duration; mp4 has no such field), the frames keep their times.
    Raises StoreError when the disk refuses, SiteError on another suffix or an odd size.
    """
    _format(path)
    if size_px[0] % 2 or size_px[1] % 2:
        raise SiteError(str(path), f"a picture of {size_px[0]}×{size_px[1]}", "even width and height: H.264 halves its colours")
    part = path.with_name(f".{path.name}.part")
    try:
        count = _encode(part, path, pictures, size_px, nominal_fps, quality_crf)
        part.replace(path)
    except OSError as fault:
        raise StoreError(str(path), fault.strerror or str(fault), "a folder with room to write a video") from fault
    finally:
        part.unlink(missing_ok=True)
    return count


def _format(path: Path) -> tuple[str, int, dict[str, str]]:
    if path.suffix not in _FORMATS:
        raise SiteError(str(path), f"suffix {path.suffix!r}", "a file that ends in .mp4 or .mkv")
    return _FORMATS[path.suffix]


def _encode(part: Path, path: Path, pictures: Iterable[tuple[float, Pixels]], size_px: tuple[int, int], nominal_fps: float, quality_crf: int) -> int:
    count = 0
    container, clock_hz, options = _format(path)
    with av.open(str(part), "w", format=container, options=options) as file:
        stream = file.add_stream("libx264", rate=Fraction(nominal_fps).limit_denominator(1001))
        stream.width, stream.height = size_px
        stream.pix_fmt = "yuv420p"
        gop = str(max(1, round(nominal_fps * 4)))
        # force-cfr writes the nominal rate into the stream's own header, as cameras do; the times stay ours.
        stream.options = {"preset": "veryfast", "crf": str(quality_crf), "g": gop, "threads": "1", "x264-params": "force-cfr=1"}
        stream.codec_context.time_base = Fraction(1, clock_hz)
        for time_s, rgb in pictures:
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = round(time_s * clock_hz), Fraction(1, clock_hz)
            file.mux(stream.encode(frame))
            count += 1
        file.mux(stream.encode(None))
    return count
