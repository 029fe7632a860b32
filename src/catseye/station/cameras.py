"""From a camera's table in the site file to its source."""

from catseye.station.site import Camera, Site
from catseye.vision.ring import PacketRing
from catseye.vision.sources import FileSource, LiveSource, open_source


def open_camera(site: Site, camera: Camera, ring: PacketRing | None = None) -> FileSource | LiveSource:
    """The camera's source, as its table says; `ring` gets its packets."""
    return open_source(
        site.source_of(camera),
        camera=camera.id,
        start=camera.began,
        rtsp_transport=camera.transport,
        snapshot_every_s=camera.snapshot_every_s,
        verify_tls=camera.verify_tls,
        ring=ring,
    )
