"""What citizens and devices upload: taken in within bounds, recognised by content, sealed as it came, and copied from its pixels with heads and plates filled.

The original lies in memory, or in a file without a name, until both are on the disk; a process that is killed leaves nothing that could be opened.
Nothing of the original's metadata reaches a copy, because a copy is made of pixels and of nothing else.
"""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

import av
import cv2
import numpy as np

from catseye.core.arrays import Pixels
from catseye.core.errors import StoreError
from catseye.core.sealed import RedactedMedia, SealedMedia
from catseye.core.time import NS_PER_S, Stamp
from catseye.vision.elementary import H264, H265
from catseye.vision.evidence import EvidenceError, redacted_copy, seal
from catseye.vision.evidence.frames import MemoryVideo
from catseye.vision.likeness import looks_of
from catseye.vision.own_time import taken_at
from catseye.vision.upload_copies import CAMERA, StillCopy
from catseye.vision.upload_formats import JPEG, PNG, UploadError, recognised, segment, walked

__all__ = ["StillCopy", "Upload", "UploadError", "take_in"]

IN_MEMORY_BYTES = 64 << 20
MOST_BYTES = 500_000_000
MOST_S = 3600.0
MOST_PICTURE_PX2 = 120_000_000
MOST_VIDEO_PX2 = 8192 * 4320
LOOKS_OF_A_VIDEO_COUNT = 8
_CHUNK_BYTES = 1 << 20
_HEAD_BYTES = 64
_LOOKED_AT_EVERY_COUNT = 25


@dataclass(frozen=True, slots=True)
class Upload:
    """One file that is safe: sealed, and copied. `duration_s` is 0 for a photograph; `own_times_ns`: when it may have been taken as it says itself, UTC.

    `looks`: see `likeness`.
    """

    sealed: SealedMedia
    copy: RedactedMedia
    width_px: int
    height_px: int
    duration_s: float
    own_times_ns: tuple[int, ...]
    looks: tuple[str, ...]

    def own_time_ns(self, told: Stamp) -> int | None:
        """Of what it says of its own time, what is nearest to the time that was told: a dash camera's UTC is often its local time."""
        return min(self.own_times_ns, key=lambda time_ns: abs(time_ns - told.utc_ns), default=None)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a look into the original tells."""

    width_px: int
    height_px: int
    duration_s: float
    own_times_ns: tuple[int, ...]
    looks: tuple[str, ...]
    photograph: Pixels | None


def take_in(
    stream: BinaryIO,
    staging: Path,
    name: str,
    recipients: Sequence[str],
    stills: StillCopy,
    *,
    local: tzinfo = UTC,
    most_bytes: int = MOST_BYTES,
    announced_bytes: int | None = None,
    most_s: float = MOST_S,
    is_elementary: bool = False,
    is_in_cabin: bool = False,
) -> Upload:
    """Take one upload in: `<name>.age` and its copy lie in `staging` once this returns, and neither of them when it raises.

    `announced_bytes`: what the sender says will come (Content-Length); `local`: where a photograph without offset was taken.
    `is_elementary`: H.264 and H.265 without a container are taken too, as vehicle terminals send them; `is_in_cabin`: what shows no head is filled whole.
    UploadError: too large, of no kind we know, two kinds at once, cut. EvidenceError: a video that cannot be decoded. ModelError: nothing here can redact.
    """
    if announced_bytes is not None and announced_bytes > most_bytes:
        raise UploadError("upload", f"{announced_bytes} bytes announced", f"at most {most_bytes}")
    sealed_path, copy_path = staging / f"{name}.age", staging / f"{name}.copy"
    with _disk_faults(staging), SpooledTemporaryFile(max_size=IN_MEMORY_BYTES, dir=str(staging)) as spool:
        file = cast("BinaryIO", spool)
        digest = _received(stream, file, most_bytes, staging, is_elementary=is_elementary)
        file.seek(0)
        media_type = walked(file, recognised(file.read(_HEAD_BYTES), is_elementary=is_elementary))
        seen = _seen(file, media_type, local)
        if seen.duration_s > most_s:  # before it is copied, which takes as long as it is
            raise UploadError("upload", f"a video of {seen.duration_s:.1f} s", f"at most {most_s:g} s")
        try:
            file.seek(0)
            if seen.photograph is None:
                copy = redacted_copy(file, copy_path, camera=CAMERA, detector=stills.detector, is_in_cabin=is_in_cabin).media
            else:
                copy = stills.write(seen.photograph, copy_path, derived_from=digest, is_in_cabin=is_in_cabin)
            file.seek(0)
            sealed = seal(file, sealed_path, recipients, media_type)
        except BaseException:  # Ctrl-C too: one without the other is half of what was promised
            for path in (copy_path, sealed_path):
                path.unlink(missing_ok=True)
            raise
    return Upload(sealed, copy, seen.width_px, seen.height_px, seen.duration_s, seen.own_times_ns, seen.looks)


@contextmanager
def _disk_faults(staging: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        raise StoreError(str(staging), (fault.strerror or str(fault)).lower(), "a folder with room; nothing of the upload was kept") from fault


def _received(stream: BinaryIO, file: BinaryIO, most_bytes: int, staging: Path, *, is_elementary: bool) -> str:
    """SHA-256 of all that came; UploadError as soon as it is too much, no kind we know, or more than the disk has room for twice."""
    digest, so_far_bytes = hashlib.sha256(), 0
    room_bytes = shutil.disk_usage(staging).free // 2
    while chunk := stream.read(min(_CHUNK_BYTES, most_bytes + 1 - so_far_bytes)):
        if not so_far_bytes:
            while len(chunk) < _HEAD_BYTES and (more := stream.read(_HEAD_BYTES - len(chunk))):
                chunk += more
            recognised(chunk[:_HEAD_BYTES], is_elementary=is_elementary)
        so_far_bytes += len(chunk)
        if so_far_bytes > most_bytes:
            raise UploadError("upload", f"more than {most_bytes} bytes", f"at most {most_bytes}")
        if so_far_bytes > room_bytes:
            raise UploadError("upload", f"more than {room_bytes} bytes, half of what the disk has left", "a disk with room")
        digest.update(chunk)
        file.write(chunk)
    if not so_far_bytes:
        raise UploadError("upload", "nothing", "a photograph or a video")
    return digest.hexdigest()


def _seen(file: BinaryIO, media_type: str, local: tzinfo) -> _Seen:
    if media_type in (JPEG, PNG):
        return _photograph(file, media_type, local)
    return _elementary(file) if media_type in (H264, H265) else _video(file, local)


def _photograph(file: BinaryIO, media_type: str, local: tzinfo) -> _Seen:
    file.seek(0)
    data = file.read()
    width_px, height_px = _said_size_px(data, media_type)
    if not 0 < width_px * height_px <= MOST_PICTURE_PX2:
        raise UploadError("upload", f"a picture of {width_px}×{height_px}", f"at most {MOST_PICTURE_PX2 // 1_000_000} megapixels")
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)  # upright, as EXIF says
    if bgr is None:
        raise UploadError("upload", f"a damaged {media_type}", "a photograph that can be decoded")
    rgb = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
    exif = segment(data, 0xE1, b"Exif\0\0") if media_type == JPEG else _png_chunk(data, b"eXIf")
    taken = taken_at(exif, local) if exif else None
    luma = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8)
    return _Seen(rgb.shape[1], rgb.shape[0], 0.0, () if taken is None else (_ns(taken),), looks_of(luma), rgb)


def _said_size_px(data: bytes, media_type: str) -> tuple[int, int]:
    """What the header says, before anything is decoded: a bomb is small until then."""
    if media_type == PNG:
        return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    for marker in (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)):
        if frame := segment(data, marker, b""):
            return int.from_bytes(frame[3:5]), int.from_bytes(frame[1:3])
    return 0, 0


def _png_chunk(data: bytes, name: bytes) -> bytes | None:
    at = 8
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4])
        if data[at + 4 : at + 8] == name:
            return data[at + 8 : at + 8 + length]
        at += 12 + length
    return None


def _video(file: BinaryIO, local: tzinfo) -> _Seen:
    """Looked at in some places; how long it is follows from its packets and not from what its header says."""
    try:
        file.seek(0)
        with av.open(file, "r") as container:
            if not container.streams.video:
                raise UploadError("upload", "a file without pictures", "a video")
            lane = container.streams.video[0]
            width_px, height_px = lane.codec_context.width, lane.codec_context.height
            if not 0 < width_px * height_px <= MOST_VIDEO_PX2:
                raise UploadError("upload", f"a video of {width_px}×{height_px}", "pictures of at most 8192×4320")
            times = [(packet.pts, packet.duration or 0) for packet in container.demux(lane) if packet.pts is not None]
            if not times or lane.time_base is None:
                raise UploadError("upload", "a video without a picture", "a video")
            first, last = min(pts for pts, _ in times), max(pts + duration for pts, duration in times)
            duration_s = float((last - first) * lane.time_base)
            own = _video_times(container.metadata.get("creation_time", ""), duration_s, local)
            wanted = [first + (last - first) * (2 * nth + 1) // (2 * LOOKS_OF_A_VIDEO_COUNT) for nth in range(LOOKS_OF_A_VIDEO_COUNT)]
            shots = [luma for pts in wanted if (luma := _luma_at(container, lane, pts)) is not None]
    except (av.error.FFmpegError, ValueError, OverflowError) as fault:
        raise UploadError("upload", f"a video that cannot be read ({' '.join(str(fault).split())[:100]})", "a video as the camera wrote it") from fault
    if not shots:
        raise UploadError("upload", "a video without a picture that can be decoded", "a video as the camera wrote it")
    looks = tuple(dict.fromkeys(look for luma in shots for look in looks_of(luma)))
    return _Seen(width_px, height_px, duration_s, own, looks, None)


def _elementary(file: BinaryIO) -> _Seen:
    """A stream without a container has no clock: how long it is follows from the rate it says, or 25 a second."""
    try:
        file.seek(0)
        with MemoryVideo(file, CAMERA) as video:
            width_px, height_px = video.size_px
            if width_px * height_px > MOST_VIDEO_PX2:
                raise UploadError("upload", f"a video of {width_px}×{height_px}", "pictures of at most 8192×4320")
            shots: list[Pixels] = []
            last_ns = 0
            for shown in video.shown():
                last_ns = shown.frame.time_ns
                if last_ns > MOST_S * NS_PER_S:
                    raise UploadError("upload", f"a video of more than {MOST_S:g} s", f"at most {MOST_S:g} s")
                if shown.frame.index % _LOOKED_AT_EVERY_COUNT == 0 and len(shots) < LOOKS_OF_A_VIDEO_COUNT:
                    shots.append(shown.frame.grey(width_px, height_px))
            duration_s = last_ns / NS_PER_S + 1 / float(video.nominal_fps)
    except (EvidenceError, ValueError, OverflowError) as fault:
        raise UploadError("upload", f"a video that cannot be read ({' '.join(str(fault).split())[:100]})", "a video as the camera wrote it") from fault
    return _Seen(width_px, height_px, duration_s, (), tuple(dict.fromkeys(look for luma in shots for look in looks_of(luma))), None)


def _luma_at(container: "av.container.InputContainer", lane: "av.VideoStream", pts: int) -> Pixels | None:
    """Luma of the first whole picture at or after the keyframe before `pts`; None where nothing can be decoded."""
    with suppress(av.error.FFmpegError):
        container.seek(pts, stream=lane)
        for frame in container.decode(lane):
            return np.asarray(frame.to_ndarray(format="gray"), np.uint8)
    return None


def _video_times(said: str, duration_s: float, local: tzinfo) -> tuple[int, ...]:
    """The header's moment may be of its begin or end, in UTC as it should, or in local time as many cameras have it."""
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return ()
    if moment.year < 2000:  # a clock that was never set: QuickTime counts from 1904
        return ()
    readings = {moment.replace(tzinfo=moment.tzinfo or UTC), moment.replace(tzinfo=local)}
    return tuple(sorted(_ns(reading) - round(back_s * 1e9) for reading in readings for back_s in (0.0, duration_s)))


def _ns(moment: datetime) -> int:
    return Stamp.from_datetime(moment).utc_ns
