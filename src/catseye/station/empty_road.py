"""The road without its users, from a clip: the one picture of a real place that may be drawn on and kept."""

from pathlib import Path

from catseye.core.errors import CatseyeError
from catseye.core.picture import RawFrame, RedactedPicture
from catseye.core.secrets import is_url, masked
from catseye.core.time import NS_PER_S
from catseye.station.cameras import open_camera
from catseye.station.pictures import STILL_MOST_PX
from catseye.station.preview import fitted_px
from catseye.station.site import Camera, Site
from catseye.vision.foreground import Foreground
from catseye.vision.redact import BackgroundRedactor
from catseye.vision.region_adders import adders_here

LOOK_S = 60.0
_LOOKS_PER_S = 4


def empty_road(site: Site, camera: Camera) -> tuple[RedactedPicture | None, tuple[int, int] | None, str]:
    """The empty road from the first minute of a file, the native size of its picture, and why there is none of the two; live cameras are not asked."""
    if camera.source is None:
        return None, None, "the camera has no source"
    if is_url(camera.source) or not Path(site.source_of(camera)).is_file():
        return None, None, f"source {masked(camera.source)} is no file here"
    try:
        return _looked_at(site, camera)
    except CatseyeError as fault:
        return None, None, masked(str(fault))


def _looked_at(site: Site, camera: Camera) -> tuple[RedactedPicture | None, tuple[int, int] | None, str]:
    foreground, redactor = Foreground(), BackgroundRedactor(camera.id, adders=adders_here())
    source = open_camera(site, camera)
    size_px, due_ns = None, 0
    try:
        for frame in source:
            if not isinstance(frame, RawFrame) or frame.time_ns < due_ns:
                continue
            if frame.time_ns > LOOK_S * NS_PER_S or (size_px and size_px != (frame.width_px, frame.height_px)):
                break
            size_px, due_ns = (frame.width_px, frame.height_px), due_ns + NS_PER_S // _LOOKS_PER_S
            redactor.see(frame.time_ns, frame.rgb(*fitted_px(*size_px, STILL_MOST_PX)), foreground.see(frame))
    finally:
        source.close()
    picture = redactor.picture()
    return picture, size_px, "" if picture else "the clip is too short to tell the road from its users"
