"""Trajectories made by others, or by us before: SUMO FCD, OpenTrafficCam's tracks, our own points.parquet."""

from pathlib import Path

from catseye.core.errors import SourceError
from catseye.station.site import Camera
from catseye.station.trajectories.columns import Trajectories

__all__ = ["Trajectories", "read_trajectories"]


def read_trajectories(path: Path, camera: Camera) -> Trajectories:
    """What the file holds of this camera, by its content; SourceError in one line where it cannot be believed."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as fault:
        raise SourceError(str(path), (fault.strerror or "cannot be read").lower(), "a file of trajectories") from None
    if head[:4] == b"PAR1":
        from catseye.station.trajectories.points import read_points

        return read_points(path, camera)
    if head[:2] == b"BZ" or head.lstrip()[:1] == b"{":
        from catseye.station.trajectories.opentrafficcam import read_ottrk

        return read_ottrk(path, camera.types)
    from catseye.station.trajectories.fcd import read_fcd

    return read_fcd(path, camera.types)
