"""Road users of known truth, seen as boxes by a known camera."""

import numpy as np
from tests.vision.views import CENTRE_PX, RADIUS_PX, SIZE_PX, camera, place_of, points, spread_px

from catseye.core.arrays import Codes, Doubles
from catseye.core.calibration import Calibration
from catseye.core.lens import bent
from catseye.core.road_user import RoadUser
from catseye.station.demo.camera import CameraPose
from catseye.vision.bodies import CUBOIDS, Bodies
from catseye.vision.calibrate import calibrate

POSES = {
    "mast": camera(9, 25, 1000, 0),
    "roadside": camera(5, 10, 1400, 0),
    "bridge": camera(12, 20, 2200, 0),
    "roof": camera(25, 45, 1000, 0),
}
VEHICLES = (RoadUser.CAR, RoadUser.BUS, RoadUser.TRUCK, RoadUser.MOTORCYCLIST, RoadUser.CYCLIST)


def calibrated(pose: CameraPose, k1: float = 0.0) -> Calibration:
    """As good as exact."""
    px = spread_px(16, np.random.default_rng(0), pose)
    return calibrate(points(px, place_of(pose, px, k1), may_bend=k1 != 0, sigma_px=0.1, sigma_m=0.01)).calibration


def boxes_px(pose: CameraPose, place_m: Doubles, ahead: Doubles, size_m: Doubles, outline_ratio: Doubles, k1: float = 0.0) -> Doubles:
    """Boxes (n, 4) around outlines (n, k, 3) that stand at (n, 2) and face `ahead` (n, 2); the camera's own projection, none of ours."""
    left = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    reach = outline_ratio * size_m[:, None]
    ground = place_m[:, None] + reach[..., :1] * ahead[:, None] + reach[..., 1:2] * left[:, None]
    px, _ = pose.project(np.concatenate([ground, reach[..., 2:]], axis=2).reshape(-1, 3))
    px = bent((px - CENTRE_PX) / RADIUS_PX, np.array([k1, 0.0])) * RADIUS_PX + CENTRE_PX
    corners = px.reshape(len(place_m), -1, 2)
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)


def are_whole(box_px: Doubles) -> Codes:
    """Which boxes (n, 4) lie in the picture, clear of its edges."""
    return np.asarray((box_px[:, :2] > 5).all(axis=1) & (box_px[:, 2:] < np.array(SIZE_PX) - 5).all(axis=1))


def drive(pose: CameraPose, kind: RoadUser, angle: float, sigmas: float = 0.0, bodies: Bodies = CUBOIDS) -> tuple[Doubles, Doubles, Doubles]:
    """A straight drive through the picture's middle: places (n, 2), headings (n, 2), boxes (n, 4), those that lie in it whole."""
    ahead = np.array([np.cos(angle), np.sin(angle)])
    middle_m = place_of(pose, np.array([[SIZE_PX[0] / 2, 0.62 * SIZE_PX[1]]]))[0]
    place_m = middle_m + np.linspace(-10, 10, 21)[:, None] * ahead
    headings, ones = np.tile(ahead, (21, 1)), np.ones((21, 1))
    size_m = ones * (bodies.size_m[kind.code] + sigmas * bodies.sigma_m[kind.code])
    box_px = boxes_px(pose, place_m, headings, size_m, np.repeat(bodies.outline_ratio[kind.code][None], 21, axis=0))
    whole = are_whole(box_px)
    return place_m[whole], headings[whole], box_px[whole]


def speed_error_kmh(found_m: Doubles, true_m: Doubles, ahead: Doubles, speed_kmh: float = 50.0) -> float:
    """What a least-squares speed along the way is off, at an even speed."""
    way = true_m @ ahead[0]
    return float(speed_kmh * (np.polyfit(way, found_m @ ahead[0], 1)[0] - 1))


def lower_middles_px(box_px: Doubles) -> Doubles:
    """The bottom centre of boxes: (n, 2)."""
    return np.stack([(box_px[:, 0] + box_px[:, 2]) / 2, box_px[:, 3]], axis=1)
