"""The packets of a clip as hashes: demuxed, never decoded. Made of a clip before it is sealed, and of one that the authority opened."""

from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import av
from av.error import FFmpegError

from catseye.core.errors import SourceError
from catseye.core.packets import Packet, PacketList

_SHOWN = "a clip in memory"


def packet_list_of(clip: Path | bytes) -> PacketList:
    """What the first video stream of a clip consists of; as far as it can be read, when it is cut short. SourceError when it is no video at all."""
    shown = str(clip) if isinstance(clip, Path) else _SHOWN
    try:
        with av.open(str(clip) if isinstance(clip, Path) else BytesIO(clip), "r") as container:
            if not container.streams.video:
                raise SourceError(shown, "no video in it", "a clip")
            return PacketList.of(container.streams.video[0].codec_context.name, list(_packets(container)))
    except (FFmpegError, OSError, ValueError) as error:
        raise SourceError(shown, f"no clip that can be read ({' '.join(str(error).split())[:120]})", "a video file") from error


def _packets(container: "av.container.InputContainer") -> Iterator[Packet]:
    try:
        for packet in container.demux(video=0):
            if packet.size:  # the last one of a stream is empty
                yield Packet(packet.pts, packet.is_keyframe, packet.size, sha256(bytes(packet)).hexdigest())
    except (FFmpegError, OSError):
        return  # cut short or damaged from here on: what is missing is told by whoever compares
