"""Sources: everything that turns a camera or a file into frames with real presentation times. One door: `open_source`."""

from pathlib import Path

import av

from catseye.core.errors import SourceError
from catseye.core.secrets import shown_address
from catseye.core.time import Stamp
from catseye.vision.ring import PacketRing
from catseye.vision.sources.address import is_live, parse_address
from catseye.vision.sources.file import FileSource
from catseye.vision.sources.http import HttpLink
from catseye.vision.sources.live import LiveSource, RetryPolicy
from catseye.vision.sources.rtsp import RtspLink

__all__ = ["FileSource", "LiveSource", "RetryPolicy", "open_source"]

# libav tells of damage on the standard error stream, addresses with passwords included: we tell of it in notices.
av.logging.set_level(None)


def open_source(
    location: str,
    *,
    camera: str = "cam-1",
    start: Stamp | None = None,
    rtsp_transport: str = "tcp",
    ring: PacketRing | None = None,
    retry: RetryPolicy | None = None,
    snapshot_every_s: float = 1.0,
    verify_tls: bool = True,
) -> FileSource | LiveSource:
    """A file or a camera as a `Source`. `start` is the wall clock of a file's first frame; live frames carry the wall clock of their arrival.

    A file is opened here, a camera at the first iteration: SourceError then. `ring` gets the undecoded packets.
    `verify_tls` is for https; RTSPS certificates are never verified.
    """
    if rtsp_transport not in ("tcp", "udp"):
        raise SourceError(shown_address(location), f"rtsp_transport {rtsp_transport!r}", "tcp or udp")
    if not is_live(location):
        return FileSource(Path(location), camera, start, ring)
    address = parse_address(location)
    policy = retry or RetryPolicy()
    if address.scheme.startswith("rtsp"):
        return LiveSource(RtspLink(address, rtsp_transport, policy.stall_s, ring), camera, policy)
    return LiveSource(HttpLink(address, policy.stall_s, snapshot_every_s, ring, verify_tls=verify_tls), camera, policy)
