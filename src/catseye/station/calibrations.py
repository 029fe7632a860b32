"""From a camera's `[camera.calibration]` to its view of the ground."""

from pathlib import Path

import numpy as np

from catseye import __version__
from catseye.core.calibration import Calibration
from catseye.core.certificate import Certificate
from catseye.core.errors import SiteError
from catseye.core.geo import GeoPoint
from catseye.station.site import Camera, Site
from catseye.vision.calibrate import Solution, calibrate
from catseye.vision.reference_points import ReferencePoints

SIGMA_M, SIGMA_OF_DEGREES_M = 0.05, 0.2  # a tape on the road; a place clicked on an aerial photograph
_LARGEST_BYTES = 4 << 20

Size = tuple[int, int]


def calibration_of(site: Site, camera: Camera, size_px: Size | None = None) -> Calibration | None:
    """The camera's view of the ground, for pictures of `size_px` (default: the size the points were measured in); None without `[camera.calibration]`.

    CalibrationError or SiteError, with file and line, when the points cannot be meant or contradict each other: no measure may be built on them.
    """
    if camera.calibration is None:
        return None
    if camera.calibration.certificate is not None:
        calibration = certificate_of(site, camera).calibration
    else:
        solution = solution_of(site, camera, size_px)
        if solution.outliers:
            raise solution.outliers[0]
        calibration = solution.calibration
    return calibration if size_px is None or calibration.size_px is None else calibration.scaled_to(*size_px)


def solution_of(site: Site, camera: Camera, size_px: Size | None = None) -> Solution:
    """The fit to the site's own points, outliers and all; CalibrationError on points that cannot be meant."""
    return calibrate(reference_points(site, camera, size_px))


def reference_points(site: Site, camera: Camera, size_px: Size | None = None) -> ReferencePoints:
    """The points as the site file says them; `size_px` is the picture's, where the file does not say it."""
    table, index = camera.calibration, site.cameras.index(camera)
    if table is None or table.points is None:
        came = f"[[camera]] {camera.id} has no reference points"
        raise SiteError(site.where("camera", index, "calibration"), came, "points = [ … ] in [camera.calibration]")
    names = tuple(site.where("camera", index, "calibration", "points", nth) for nth in range(len(table.points)))
    px = np.array([point.px for point in table.points], np.float64)
    degrees = [point.deg for point in table.points if point.deg is not None]
    origin = None
    if degrees:
        try:
            origin = GeoPoint(*degrees[0])
        except ValueError as fault:
            raise SiteError(names[0], str(fault), "a place away from the poles") from None
    ground_m = origin.plane_m(np.array(degrees, np.float64)) if origin else np.array([point.m for point in table.points], np.float64)
    sigma_m = table.sigma_m or (SIGMA_OF_DEGREES_M if origin else SIGMA_M)
    whole = site.where("camera", index, "calibration", "points")
    return ReferencePoints(px, ground_m, names, whole, table.sigma_px, sigma_m, table.size_px or size_px, origin, table.lens == "auto")


def certified(site: Site, camera: Camera, size_px: Size | None = None) -> Certificate | None:
    """The certificate a measurement of this camera rests on: the one the site names, or one of its reference points where they say their date."""
    table = camera.calibration
    if table is None:
        return None
    if table.certificate is not None:
        return certificate_of(site, camera)
    return None if table.date is None else solution_of(site, camera, size_px).certificate(camera.id, table.date.isoformat(), __version__)


def certificate_of(site: Site, camera: Camera) -> Certificate:
    """The certificate that the site names; SiteError when it cannot be read or is none."""
    where = site.where("camera", site.cameras.index(camera), "calibration", "certificate")
    name = camera.calibration.certificate if camera.calibration else None
    if name is None:
        raise SiteError(where, f"[[camera]] {camera.id} names no certificate", 'certificate = "…" in [camera.calibration]')
    path = site.folder / Path(name).expanduser()
    try:
        with path.open("rb") as file:
            return Certificate.from_text(file.read(_LARGEST_BYTES).decode("utf-8"))
    except OSError as fault:
        raise SiteError(where, f"certificate {name}: {fault.strerror or fault}", "a file that `catseye calibrate` wrote") from None
    except ValueError as fault:
        raise SiteError(where, f"certificate {name}: {fault}", "a file that `catseye calibrate` wrote") from None
