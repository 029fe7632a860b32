"""Whether a calibrated camera has pixels enough where the site asks for something: at its counting lines, and in the zones of rules that need a speed."""

import numpy as np

from catseye.core.arrays import Doubles
from catseye.core.calibration import Calibration
from catseye.station.site import Camera
from catseye.vision.health import HealthFinding, pixel_findings

SPEED_RULES = frozenset({"speeding", "average-speed", "hard-braking", "tailgating"})
_SAMPLES_COUNT = 11


def coarse_places(camera: Camera, calibration: Calibration, size_px: tuple[int, int]) -> list[HealthFinding]:
    """What the site asks for and the picture of `size_px` (width, height) has too few pixels for, at the farthest visible point of each place."""
    scale_m = metres_per_px(camera, calibration, size_px)
    return pixel_findings(scale_m, [(place, task) for place, task in asked_of(camera) if place in scale_m])


def asked_of(camera: Camera) -> list[tuple[str, str]]:
    """Pairs of a place and what is asked there. A calibrated camera tells a speed at every line; plates are not read yet, so nobody asks for them."""
    asked = [(line.id, task) for line in camera.lines for task in ("counting", "two-wheelers", "speed")]
    zones = sorted({str(rule.said["zone"]) for rule in camera.rules if rule.kind in SPEED_RULES and rule.said.get("zone")})
    return asked + [(zone, "speed") for zone in zones]


def metres_per_px(camera: Camera, calibration: Calibration, size_px: tuple[int, int]) -> dict[str, float]:
    """Metres across the line of sight that a pixel covers at each line and zone, where it is coarsest; places that are not in the picture are left out."""
    rings = {line.id: _in_picture(line.px, line.m, calibration) for line in camera.lines}
    rings |= {zone.id: _in_picture(zone.px, zone.m, calibration) for zone in camera.zones}
    found = {}
    for name, ring in rings.items():
        shares = np.linspace(0, 1, _SAMPLES_COUNT)[:, None, None]
        edge = (ring * (1 - shares) + np.roll(ring, -1, axis=0) * shares).reshape(-1, 2)
        inside = np.isfinite(edge).all(1) & (edge >= 0).all(1) & (edge <= size_px).all(1)
        edge = edge[inside]
        edge = edge[calibration.is_ground(edge)] if len(edge) else edge
        if len(edge):
            found[name] = float(calibration.metres_per_px(edge)[:, 0].max())
    return found


def _in_picture(px: object, m: object, calibration: Calibration) -> Doubles:
    return np.array(px, np.float64) if px else calibration.px_of(np.array(m, np.float64))
