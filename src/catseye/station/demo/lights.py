"""Night: what street lamps and headlamps light up, and what they do to a lens. The street is painted as by a grey day, then lit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from catseye.core.arrays import Doubles, Floats, Ints, Pixels
from catseye.core.road_user import ROAD_USERS, RoadUser
from catseye.station.demo.camera import CameraPose
from catseye.station.demo.surface import Surface
from catseye.station.demo.trajectories import Moment

SKY_TINT = np.array([0.86, 0.95, 1.12], np.float32)
STREET_TINT = np.array([1.0, 0.87, 0.66], np.float32)
BEAM_TINT = np.array([1.0, 0.98, 0.9], np.float32)
WHITE, RED = np.array([255.0, 250, 236]), np.array([255.0, 46, 30])
STREET_PEAK, BEAM_PEAK = 0.8, 0.5  # of a painted day's light, right under a lamp and right before a car
BEAM_COARSE = 4  # beams are soft: drawn at a quarter of the size
BEAM_REACH_M = (0.3, 1.5, 3.0, 5.0, 7.5, 10.5, 14.0, 19.0, 26.0, 36.0)
BEAM_SHARES = (0.3, 0.7, 1.0, 0.9, 0.7, 0.5, 0.34, 0.2, 0.09)
NEAR_M = 1.0
LEAST_STRENGTH = 0.004
SIGNAL_POWER = 0.22  # of a headlamp that shines straight at the lens
BEAM_POWER = np.array([{RoadUser.PEDESTRIAN: 0.0, RoadUser.CYCLIST: 0.08, RoadUser.MOTORCYCLIST: 0.6}.get(kind, 1.0) for kind in ROAD_USERS])


@dataclass(frozen=True, slots=True)
class StreetLight:
    """A lamp on its mast beside the road; `reach_m` how far its arm stands out over (x_m, y_m), which is the lamp's own place."""

    x_m: float
    y_m: float
    height_m: float = 8.0
    power_ratio: float = 1.0


@dataclass(frozen=True, slots=True)
class Lamps:
    """Burning lamps of everybody: place (n, 3) in metres, the way `out` they shine (n, 2) on the ground, colour (n, 3).

    `power_ratio`, half-width `radius_m`, `focus_ratio` (how narrow it shines) and `owner` (whose it is, a row of the moment) are (n,).
    """

    at_m: Doubles
    out: Doubles
    colour: Doubles
    power_ratio: Doubles
    radius_m: Doubles
    focus_ratio: Doubles
    owner: Ints


def lamps_of(moment: Moment) -> Lamps:
    """Head and rear lamps: two of each for four wheels, one for two; walkers have none."""
    kinds = [ROAD_USERS[code] for code in moment.kind]
    angle = np.radians(moment.heading_deg)
    ahead = np.column_stack([np.sin(angle), np.cos(angle)])
    rows, places, ways, colours, powers, radii, focus = [], [], [], [], [], [], []
    for row, kind in enumerate(kinds):
        for along, aside, height_m, colour, power, radius_m, narrow in _sockets(kind, moment, row):
            way = ahead[row] * np.sign(along)
            right = np.array([ahead[row, 1], -ahead[row, 0]])
            place = np.array([moment.x_m[row], moment.y_m[row]]) + ahead[row] * along + right * aside
            rows.append(row)
            places.append((*place, height_m))
            ways.append(way)
            colours.append(colour)
            powers.append(power)
            radii.append(radius_m)
            focus.append(narrow)
    return Lamps(
        np.array(places).reshape(-1, 3),
        np.array(ways).reshape(-1, 2),
        np.array(colours).reshape(-1, 3),
        np.array(powers, np.float64),
        np.array(radii, np.float64),
        np.array(focus, np.float64),
        np.array(rows, np.int64),
    )


def _sockets(kind: RoadUser, moment: Moment, row: int) -> Iterator[tuple[float, float, float, Doubles, float, float, float]]:
    """(metres ahead of the middle, metres to the right, height, colour, power, radius, focus) of every lamp."""
    half_m, wide_m = float(moment.length_m[row]) / 2, float(moment.width_m[row]) / 2
    if kind is RoadUser.PEDESTRIAN:
        return
    if kind is RoadUser.CYCLIST:
        yield half_m * 0.6, 0.0, 0.9, WHITE, 0.12, 0.03, 4.0
        yield -half_m * 0.75, 0.0, 0.75, RED, 0.1, 0.03, 2.0
        return
    if kind is RoadUser.MOTORCYCLIST:
        yield half_m * 0.6, 0.0, 0.9, WHITE, 0.8, 0.08, 5.0
        yield -half_m * 0.95, 0.0, 0.66, RED, 0.22, 0.06, 2.0
        return
    height_m = 0.7 if kind is RoadUser.CAR else 0.75
    for hand in (-1.0, 1.0):
        yield half_m, hand * wide_m * 0.62, height_m, WHITE, 1.0, 0.09, 6.0
        yield -half_m, hand * wide_m * 0.74, height_m + 0.08, RED, 0.26, 0.09, 2.0


def street_light(camera: CameraPose, lights: Sequence[StreetLight], daylight_ratio: float, street_light_ratio: float, seed: int) -> Floats:
    """What lights every pixel when nobody is there, (h, w, 3), 1 being a painted day."""
    ground = Surface.seen_by(camera, seed)
    pools = np.zeros(ground.x_m.shape, np.float32)
    for light in lights:
        off2 = (ground.x_m - light.x_m) ** 2 + (ground.y_m - light.y_m) ** 2
        pools += light.power_ratio * (1 + off2 / (1.5 * light.height_m) ** 2) ** -1.5
    pools[ground.is_sky] = 0.0
    sky = np.where(ground.is_sky, min(1.0, 0.4 + daylight_ratio), 1.0).astype(np.float32) * daylight_ratio
    tint = 1 + (SKY_TINT - 1) * (1 - min(1.0, daylight_ratio))
    return np.asarray(sky[..., None] * tint + (pools * STREET_PEAK * street_light_ratio)[..., None] * STREET_TINT, np.float32)


def beams(camera: CameraPose, moment: Moment, shift_px: Doubles) -> Floats:
    """What headlamps light up on the road before their vehicles, (h, w) float32, 1 being a painted day."""
    width, height = camera.size_px
    small = np.zeros((-(-height // BEAM_COARSE), -(-width // BEAM_COARSE)), np.uint8)
    ground_m, value = _beam_pieces(moment)
    px, depth_m = camera.project(np.column_stack([ground_m.reshape(-1, 2), np.zeros(ground_m.size // 2)]))
    rings = (px.reshape(-1, 4, 2) + shift_px) / BEAM_COARSE
    in_front = depth_m.reshape(-1, 4).min(axis=1, initial=np.inf) >= NEAR_M
    near = in_front & (rings.max(axis=1) > 0).all(axis=1) & (rings.min(axis=1) < [small.shape[1], small.shape[0]]).all(axis=1)
    for ring, one in zip(rings[near], value[near].tolist(), strict=True):
        _add_polygon(small, ring, one)
    soft = cv2.GaussianBlur(small, (0, 0), 1.7 * width / 352)
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), np.float32) / np.float32(255)


def _beam_pieces(moment: Moment) -> tuple[Doubles, Ints]:
    """Pieces of every beam, (k, 4, 2) metres on the ground, and how bright each is, (k,) 0..255."""
    power = BEAM_POWER[moment.kind]
    rows = np.flatnonzero(power)
    angle = np.radians(moment.heading_deg[rows])
    ahead = np.column_stack([np.sin(angle), np.cos(angle)])
    right = np.column_stack([ahead[:, 1], -ahead[:, 0]])
    nose = np.column_stack([moment.x_m[rows], moment.y_m[rows]]) + ahead * moment.length_m[rows, None] / 2
    reach = np.array(BEAM_REACH_M)
    half_m = moment.width_m[rows, None] * 0.42 + 0.16 * reach[None]
    middle = nose[:, None] + ahead[:, None] * reach[None, :, None]
    left_m, right_m = middle - right[:, None] * half_m[..., None], middle + right[:, None] * half_m[..., None]
    pieces = np.stack([left_m[:, :-1], right_m[:, :-1], right_m[:, 1:], left_m[:, 1:]], axis=2)
    value = np.round(255 * BEAM_PEAK * power[rows, None] * np.array(BEAM_SHARES)[None]).astype(np.int64)
    return np.asarray(pieces.reshape(-1, 4, 2)), np.asarray(value.reshape(-1))


def _add_polygon(small: Pixels, ring: Doubles, value: int) -> None:
    height, width = small.shape
    left, top = np.clip(np.floor(ring.min(0)).astype(int), 0, [width, height]).tolist()
    right, bottom = np.clip(np.ceil(ring.max(0)).astype(int) + 1, 0, [width, height]).tolist()
    if right <= left or bottom <= top:
        return
    patch = np.zeros((bottom - top, right - left), np.uint8)
    cv2.fillConvexPoly(patch, np.round((ring - [left, top] - 0.5) * 16).astype(np.int32), value, cv2.LINE_AA, 4)
    window = small[top:bottom, left:right]
    cv2.add(window, patch, window)


@dataclass(frozen=True, slots=True)
class Glare:
    """What a lens makes of lamps. `power_ratio` scales all of it, `wet_ratio` is how well the road mirrors, `haze_ratio` how much fog or rain spreads it."""

    power_ratio: float
    wet_ratio: float
    haze_ratio: float

    def strength(self, camera: CameraPose, lamps: Lamps, seen_ratio: Doubles) -> Doubles:
        """How bright each lamp is to this lens, (n,): where it aims, how far it is, and how much of it (`seen_ratio`) nobody hides."""
        to_eye = np.array(camera.position_m) - lamps.at_m
        away_m = np.linalg.norm(to_eye, axis=1)
        cosine = np.einsum("ij,ij->i", to_eye[:, :2], lamps.out) / np.maximum(away_m, 1e-6)
        aimed = np.where(cosine > 0, np.clip(cosine, 0, 1) ** lamps.focus_ratio + 0.03, np.where(lamps.focus_ratio == 0, 1.0, 0.0))
        return np.asarray(lamps.power_ratio * aimed * seen_ratio * self.power_ratio * np.clip((26 / np.maximum(away_m, 8)) ** 1.4, 0.05, 1.6))

    def add_cores(self, picture: Floats, camera: CameraPose, lamps: Lamps, strength: Doubles, shift_px: Doubles, share: float) -> None:
        """Add the lamps themselves to `picture` (h, w, 3) in place, and on a wet road their mirror images; `share` of the exposure."""
        px, depth_m = camera.project(lamps.at_m)
        mirrored, _ = camera.project(lamps.at_m * [1, 1, -1])
        size = camera.size_px[0] / 352
        for n in np.flatnonzero((strength > LEAST_STRENGTH) & (depth_m > NEAR_M)).tolist():
            at, power = px[n] + shift_px, float(strength[n])
            lens_px = float(lamps.radius_m[n] * camera.focal_px / depth_m[n])
            core_px = float(np.hypot(0.6 * size, lens_px)) * (1 + 0.28 * np.log1p(6 * power))
            _add_spot(picture, at, (core_px, core_px), lamps.colour[n] * min(4.0, 8 * power) * share)
            if self.wet_ratio:
                below = mirrored[n] + shift_px
                long_px = max(2.0, float(np.abs(below - at)[1]) * 0.8)
                _add_spot(picture, (at + 2 * below) / 3, (max(1.0, 1.5 * lens_px), long_px), lamps.colour[n] * 0.5 * self.wet_ratio * min(1.6, power) * share)

    def add_halos(self, picture: Floats, camera: CameraPose, lamps: Lamps, strength: Doubles, shift_px: Doubles) -> None:
        """Add what the lens and the air scatter around the lamps; broad and soft, so worked out at a quarter of the size."""
        width, height = camera.size_px
        small = np.zeros((-(-height // BEAM_COARSE), -(-width // BEAM_COARSE), 3), np.float32)
        px, depth_m = camera.project(lamps.at_m)
        size = width / 352 / BEAM_COARSE
        for n in np.flatnonzero((strength > LEAST_STRENGTH) & (depth_m > NEAR_M)).tolist():
            at, power = (px[n] + shift_px) / BEAM_COARSE, min(1.4, float(strength[n]))
            inner_px, outer_px = 4.6 * size * (1 + 1.2 * self.haze_ratio), 14 * size
            _add_spot(small, at, (inner_px, inner_px), lamps.colour[n] * 0.34 * power * (1 + self.haze_ratio))
            _add_spot(small, at, (outer_px, outer_px), lamps.colour[n] * 0.06 * power * (1 + 2 * self.haze_ratio))
        cv2.add(picture, cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), picture)


def _add_spot(picture: Floats, at_px: Doubles, sigma_px: tuple[float, float], colour: Doubles) -> None:
    """A soft spot, added in place."""
    height, width = picture.shape[:2]
    reach = 3 * np.array(sigma_px) + 1
    left, top = np.clip(np.floor(at_px - reach).astype(int), 0, [width, height]).tolist()
    right, bottom = np.clip(np.ceil(at_px + reach).astype(int), 0, [width, height]).tolist()
    if right <= left or bottom <= top:
        return
    across = np.exp(-0.5 * ((np.arange(left, right) + 0.5 - at_px[0]) / sigma_px[0]) ** 2)
    down = np.exp(-0.5 * ((np.arange(top, bottom) + 0.5 - at_px[1]) / sigma_px[1]) ** 2)
    picture[top:bottom, left:right] += (np.outer(down, across)[..., None] * colour).astype(np.float32)


def mast_lamps(lights: Sequence[StreetLight], street_light_ratio: float) -> Lamps:
    """Street lamps as lenses see them: they shine every way, and straight down most."""
    n = len(lights)
    at_m = np.array([(light.x_m, light.y_m, light.height_m) for light in lights], np.float64).reshape(-1, 3)
    power = np.array([light.power_ratio for light in lights]) * 0.5 * street_light_ratio
    colour = np.tile(255 * np.array([1.0, 0.93, 0.8]), (n, 1))
    return Lamps(at_m, np.zeros((n, 2)), colour, power, np.full(n, 0.16), np.zeros(n), np.full(n, -1))


def signal_lamps(lenses: Sequence[tuple[tuple[float, float, float], tuple[int, int, int]]]) -> Lamps:
    """The burning lenses of traffic lights, each its place in metres and its colour: small, even, weaker than a headlamp."""
    n = len(lenses)
    at_m = np.array([at for at, _ in lenses], np.float64).reshape(-1, 3)
    colour = np.array([colour for _, colour in lenses], np.float64).reshape(-1, 3)
    return Lamps(at_m, np.zeros((n, 2)), colour, np.full(n, SIGNAL_POWER), np.full(n, 0.09), np.zeros(n), np.full(n, -1))
