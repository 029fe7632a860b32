"""Points become scenes: velocity, heading and acceleration of every road user from the points around each moment, and their doubt.

A scene waits until its centred window is full (`half_window_s` of lag) or nothing can fill it any more. Where a source measured speed and heading itself
(SUMO's FCD), those are taken as they are: no smoothing and no difference of positions, which knows of leaps (a lane change in one step) that are no motion;
moments of such points alone come back at once.
"""

from collections import deque
from dataclasses import dataclass, fields, replace
from typing import Any, Generic, TypeVar

import numpy as np

from catseye.core.arrays import Bools, Codes, Doubles, Ints
from catseye.core.scene import KMH_PER_MS, GroundScene, PictureScene, Scene
from catseye.core.time import NS_PER_S
from catseye.traffic.local_fit import NOWHERE, LocalFit, Plane, fit_rows
from catseye.traffic.motion_memory import MotionMemory
from catseye.traffic.sizes import lengths_m, widths_m
from catseye.traffic.trace import MotionError

__all__ = ["GROUND", "PICTURE", "Moment", "Motion", "MotionError", "MotionSettings"]

_EVER, _NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """How points become motion; what has no unit in its name is in the plane's own, metres or pixels.

    `accel_sigma`: usual accelerations, a prior that matters where a window is short or has one side only. `place_sigma`: of points that bring none.
    `least_speed`: whoever is slower keeps the heading, however sure the fit is; so does who is slower than `moving_sigmas_ratio` doubts of velocity.
    `noise_memory_s`: how long the error of a point goes on in those after it (smoothed boxes); 0 for errors that are new in every point.
    `memory_s`: how long the heading of somebody unseen is kept.
    """

    half_window_s: float = 0.6
    accel_sigma: float = 4.0
    place_sigma: float = 0.25
    least_speed: float = 0.5
    moving_sigmas_ratio: float = 4.5
    noise_memory_s: float = 0.0
    memory_s: float = 10.0

    def __post_init__(self) -> None:
        """Refuse what is negative, and a window, prior or doubt of nothing."""
        values = [getattr(self, name.name) for name in fields(self)]
        if not all(value >= 0 for value in values) or min(self.half_window_s, self.accel_sigma, self.place_sigma) <= 0:
            raise ValueError(f"{self}: wanted a window, a prior and a doubt above 0, and nothing negative")


GROUND = MotionSettings()
PICTURE = MotionSettings(accel_sigma=600.0, place_sigma=2.0, least_speed=6.0)


@dataclass(frozen=True, slots=True)
class Moment:
    """Points of one moment as stored, a row a road user (m,) in any order; columns nobody gave are None, values nobody knows NaN.

    `track` int64, `kind` uint8 codes of RoadUser, `place` float64 (m, 2) centre of the footprint and `place_sigma` its doubt on each axis, in the plane's unit.
    `speed_doubt_ratio`: share of the speed that is in doubt along the whole track (scale of the calibration, rate of the clock), one sigma.
    `speed_kmh` and `heading_deg` (clockwise from north) as measured by the source itself; `length_m`, `width_m` of the footprint.
    """

    time_ns: int
    track: Ints
    kind: Codes
    place: Doubles
    place_sigma: Doubles | None = None
    speed_doubt_ratio: Doubles | None = None
    speed_kmh: Doubles | None = None
    heading_deg: Doubles | None = None
    length_m: Doubles | None = None
    width_m: Doubles | None = None
    trusted: bool = True

    def __post_init__(self) -> None:
        """Refuse columns of unequal length."""
        m = len(self.track)
        lengths = {name: len(column) for name in ("kind", *_OPTIONAL) if (column := getattr(self, name)) is not None}
        if self.place.shape != (m, 2) or any(n != m for n in lengths.values()):
            raise ValueError(f"moment at {self.time_ns} ns: place {self.place.shape}, {lengths} for {m} tracks; wanted ({m}, 2) and ({m},)")

    def rows(self, which: Ints) -> "Moment":
        """The chosen rows, in that order."""
        columns: dict[str, Any] = {name: None if (column := getattr(self, name)) is None else column[which] for name in ("track", "kind", "place", *_OPTIONAL)}
        return replace(self, **columns)


_OPTIONAL = ("place_sigma", "speed_doubt_ratio", "speed_kmh", "heading_deg", "length_m", "width_m")


@dataclass(frozen=True, slots=True)
class _Pending:
    """A moment whose scene is still to come, and where its tracks stand in the memory."""

    moment: Moment
    row: Ints
    is_told: Bools


@dataclass(slots=True)
class _Columns:
    """What a scene will hold, as it is found out; the plane is complex."""

    place: Plane
    place_sigma: Doubles
    velocity: Plane
    velocity_sigma: Doubles
    heading: Plane
    accel: Doubles
    accel_sigma: Doubles

    @classmethod
    def unknown(cls, place: Plane, place_sigma: Doubles) -> "_Columns":
        """Nothing but the places."""
        number, point = np.full((3, len(place)), np.nan), np.full((2, len(place)), NOWHERE)
        return cls(place, place_sigma, point[0], number[0], point[1], number[1], number[2])


_S = TypeVar("_S", bound=Scene)


class Motion(Generic[_S]):
    """Of one camera: call `see` once a moment, times strictly ascending, and take the scenes that come back, in order of time; at the end `finish`.

    `lag_s` is how long a scene waits at most, apart from the step to the next moment. Replays give the same scenes, bit for bit.

    A point without a finite place is passed over: its road user is not in that scene. A road user with a single point in its window has no velocity (NaN).
    One that was gone for longer than half a window begins anew, but keeps its heading for `memory_s`.
    """

    def __init__(self, plane: type[_S], settings: MotionSettings | None = None) -> None:
        """`plane`: GroundScene for points in metres, PictureScene for points in pixels."""
        self._plane = plane
        self._settings = settings or (PICTURE if issubclass(plane, PictureScene) else GROUND)
        self._half_ns = round(self._settings.half_window_s * NS_PER_S)
        self._pending: deque[_Pending] = deque()
        self._memory = MotionMemory(self._settings.memory_s)

    @property
    def lag_s(self) -> float:
        """How long a scene waits for the points after it."""
        return self._settings.half_window_s

    def see(self, moment: Moment) -> list[_S]:
        """Take the next moment, somebody in it or nobody; the scenes it completes. MotionError when time does not go on, or a track comes twice."""
        moment = self._checked(moment)
        oldest_ns = self._pending[0].moment.time_ns if self._pending else moment.time_ns
        column = self._memory.begin_column(moment.time_ns, oldest_ns - self._half_ns)
        row, is_told = self._memory.rows(moment.time_ns, moment.track), _is_told(moment)
        if not is_told.all():
            seen = ~is_told
            self._memory.note(row[seen], column, _complex(moment.place[seen]), np.square(1.0 / self._sigma(moment, is_told)[seen]))
        self._pending.append(_Pending(moment, row, is_told))
        return self._due(moment.time_ns - self._half_ns)

    def end(self, track: Ints) -> list[_S]:
        """These tracks (e,) will not come back: scenes of nobody else need not wait any longer."""
        self._memory.end(np.asarray(track, np.int64))
        return self._due(_EVER)

    def finish(self) -> list[_S]:
        """Nothing more comes: the scenes that still wait."""
        return self._due(_NEVER)

    def _checked(self, moment: Moment) -> Moment:
        """Rows with a finite place, tracks ascending."""
        last_ns = self._memory.last_ns
        if last_ns is not None and moment.time_ns <= last_ns:
            raise MotionError(f"moment at {moment.time_ns} ns", f"comes after {last_ns} ns", "times that ascend")
        whole = np.asarray(np.isfinite(moment.place).all(1), np.bool_)
        if whole.all() and (moment.track[1:] > moment.track[:-1]).all():
            return moment
        order = np.argsort(moment.track, kind="stable")
        moment = moment.rows(order[whole[order]])
        if len(twice := np.flatnonzero(np.diff(moment.track) == 0)):
            raise MotionError(f"moment at {moment.time_ns} ns", f"track {int(moment.track[twice[0]])} is there twice", "one place a road user")
        return moment

    def _sigma(self, moment: Moment, is_told: Bools) -> Doubles:
        """Doubt of each place; without one it is the usual, or nothing where the source measured the speed as well."""
        usual = np.where(is_told, 0.0, self._settings.place_sigma)
        if moment.place_sigma is None:
            return usual
        given = np.asarray(moment.place_sigma, np.float64)
        return np.where(np.isfinite(given) & ((given > 0) | is_told), given, usual)

    def _due(self, until_ns: int) -> list[_S]:
        """Scenes up to a time, and beyond it those that no further point can change."""
        scenes = []
        while self._pending and (self._pending[0].moment.time_ns <= until_ns or self._is_complete(self._pending[0])):
            scenes.append(self._scene(self._pending.popleft()))
        return scenes

    def _is_complete(self, pending: _Pending) -> bool:
        return bool((pending.is_told | self._memory.ended[pending.row]).all())

    def _scene(self, pending: _Pending) -> _S:
        moment, is_told, m = pending.moment, pending.is_told, len(pending.row)
        columns = _Columns.unknown(_complex(moment.place), self._sigma(moment, is_told))
        ratio = np.zeros(m) if moment.speed_doubt_ratio is None else np.nan_to_num(np.asarray(moment.speed_doubt_ratio, np.float64))
        if not is_told.all():
            self._find_out(columns, np.flatnonzero(~is_told), pending, ratio)
        if is_told.any():
            self._take(columns, np.flatnonzero(is_told), pending, ratio)
        return self._plane(
            moment.time_ns,
            moment.track,
            moment.kind,
            _pairs(columns.place),
            columns.place_sigma,
            _pairs(columns.velocity),
            columns.velocity_sigma,
            _pairs(columns.heading),
            *self._sizes(moment),
            moment.trusted,
            accel=columns.accel,
            accel_sigma=columns.accel_sigma,
        )

    def _take(self, columns: _Columns, which: Ints, pending: _Pending, ratio: Doubles) -> None:
        """Velocity as the source measured it; acceleration is the change since it told the speed before."""
        assert pending.moment.speed_kmh is not None and pending.moment.heading_deg is not None
        memory, row, time_ns = self._memory, pending.row[which], pending.moment.time_ns
        speed = np.asarray(pending.moment.speed_kmh[which], np.float64) / KMH_PER_MS
        heading = _unit(np.asarray(pending.moment.heading_deg[which], np.float64))
        since_s = (time_ns - memory.told_ns[row]) / NS_PER_S
        accel = np.where(since_s <= 2 * self._settings.half_window_s, (speed - memory.told_speed[row]) / np.maximum(since_s, 1e-9), np.nan)
        memory.told_speed[row], memory.told_ns[row], memory.heading[row] = speed, time_ns, heading
        columns.velocity[which], columns.velocity_sigma[which], columns.heading[which] = speed * heading, ratio[which] * np.abs(speed), heading
        columns.accel[which], columns.accel_sigma[which] = accel, ratio[which] * np.abs(accel)

    def _find_out(self, columns: _Columns, which: Ints, pending: _Pending, ratio: Doubles) -> None:
        """Velocity and all else from the points around the moment."""
        row, moment, sigma = pending.row[which], pending.moment, columns.place_sigma[which]
        fit, is_moving = self._fitted(row, moment.time_ns, columns.place[which])
        speed = np.abs(fit.velocity)
        heading = np.where(is_moving, np.where(is_moving, fit.velocity, 1.0) / np.where(is_moving, speed, 1.0), self._memory.heading[row])
        if moment.heading_deg is not None:
            told = _unit(np.asarray(moment.heading_deg[which], np.float64))
            heading = np.where(np.isfinite(told), told, heading)
        self._memory.heading[row] = heading
        velocity, velocity_sigma = fit.velocity, np.hypot(fit.velocity_sigma, ratio[which] * speed)
        if moment.speed_kmh is not None:
            told_speed = np.asarray(moment.speed_kmh[which], np.float64) / KMH_PER_MS
            is_known = np.isfinite(told_speed) & np.isfinite(heading)
            velocity = np.where(is_known, told_speed * heading, velocity)
            velocity_sigma = np.where(is_known, ratio[which] * np.abs(told_speed), velocity_sigma)
        columns.place[which] = fit.place
        # What is not seen to jitter stays in doubt however many points there are: the calibration's share of it.
        columns.place_sigma[which] = np.sqrt(np.square(fit.place_sigma) + np.square(sigma) * np.maximum(0.0, 1.0 - np.square(fit.scale)))
        columns.velocity[which], columns.velocity_sigma[which], columns.heading[which] = velocity, velocity_sigma, heading
        columns.accel[which] = fit.accel.real * heading.real + fit.accel.imag * heading.imag
        columns.accel_sigma[which] = np.where(np.isfinite(columns.accel[which]), fit.accel_sigma, np.nan)

    def _fitted(self, row: Ints, time_ns: int, place: Plane) -> tuple[LocalFit, Bools]:
        """The fit around a moment, its places on the plane again, and who moves beyond doubt; velocities of single points are NaN."""
        settings = self._settings
        window = self._memory.window(row, time_ns, self._half_ns)
        count = np.count_nonzero(window.weight, axis=1)
        around = window.place - place[:, None]
        fit = fit_rows(window.offset_s, around, window.weight, window.trust, settings.accel_sigma, settings.noise_memory_s, self._memory.scale[row])
        self._memory.keep(row, window, fit.trust, fit.scale)
        lone = count < 2
        velocity, sigma = np.where(lone, NOWHERE, fit.velocity), np.where(lone, np.nan, fit.velocity_sigma)
        fit = replace(fit, place=fit.place + place, velocity=velocity, velocity_sigma=sigma, accel=np.where(lone, NOWHERE, fit.accel))
        is_moving = np.abs(velocity) > np.maximum(settings.moving_sigmas_ratio * sigma, settings.least_speed)
        return fit, is_moving

    def _sizes(self, moment: Moment) -> tuple[Doubles, Doubles]:
        """Lengths and widths as given, else usual ones of the kind; in a picture nobody knows them."""
        if self._plane is not GroundScene:
            return np.full(len(moment.track), np.nan), np.full(len(moment.track), np.nan)
        return _given(moment.length_m, lengths_m(moment.kind)), _given(moment.width_m, widths_m(moment.kind))


def _given(told: Doubles | None, usual: Doubles) -> Doubles:
    if told is None:
        return usual
    return np.where(np.isfinite(told) & (told > 0), told, usual)


def _is_told(moment: Moment) -> Bools:
    """Who comes with speed and heading as measured by the source."""
    if moment.speed_kmh is None or moment.heading_deg is None:
        return np.zeros(len(moment.track), np.bool_)
    return np.asarray(np.isfinite(moment.speed_kmh) & np.isfinite(moment.heading_deg), np.bool_)


def _complex(pairs: Doubles) -> Plane:
    return np.asarray(pairs[:, 0] + 1j * pairs[:, 1], np.complex128)


def _pairs(plane: Plane) -> Doubles:
    """(m, 2)."""
    return np.stack([plane.real, plane.imag], 1)


def _unit(heading_deg: Doubles) -> Plane:
    """Compass headings (m,) as directions on a plane whose x is east and y north."""
    turn = np.radians(heading_deg)
    return np.asarray(np.sin(turn) + 1j * np.cos(turn), np.complex128)
