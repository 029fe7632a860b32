"""The camera's own witness: one object a camera, that looks at every analysed frame and says what is wrong with the picture.

Every look costs a difference and a histogram of the small picture that foreground uses too; the view is placed once a second, sharpness measured every
one or two. Time is the frames' own, so a replay finds the same.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from catseye.core.arrays import Floats, Pixels
from catseye.core.event import Measure
from catseye.core.picture import RawFrame
from catseye.core.time import NS_PER_S
from catseye.vision.health.clock import MOST_SEEN_RATIO, CameraClock
from catseye.vision.health.exposure import Exposure, ExposureSettings, exposure_of
from catseye.vision.health.finding import Alarm, HealthFinding, HealthKind, Patience, Turn
from catseye.vision.health.frozen import Standstill
from catseye.vision.health.lens import Lens, LensLook, LensSettings
from catseye.vision.health.placement import Placed, Placement
from catseye.vision.health.sharpness import WINDOW_PX, Sharpness
from catseye.vision.health.still import STILL_LAG_S, StillPicture
from catseye.vision.health.view import detail_of

_Telling = Callable[[], tuple[str, tuple[Measure, ...]]]
_SMALL_WIDTH_PX = 320  # the foreground's, so that one conversion serves both
_COUNTING_BLUR_RATIO = 1.5 / 320  # of the picture's width: from there on the default detector loses road users


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """How patient each alarm is. A finding that lasts is told again every `retell_s`, with its later end."""

    patience: dict[HealthKind, Patience] = field(
        default_factory=lambda: {
            HealthKind.PICTURE_DARK: Patience(2.0, 3.0),
            HealthKind.PICTURE_OVEREXPOSED: Patience(2.0, 3.0),
            HealthKind.PICTURE_BLURRED: Patience(2.0, 4.0),
            HealthKind.PICTURE_FROZEN: Patience(0.0, 0.0, 1),
            HealthKind.PICTURE_OCCLUDED: Patience(1.2, 3.0),
            HealthKind.LENS_DIRTY: Patience(3.0, 30.0),
            HealthKind.LENS_RAIN: Patience(8.0, 30.0, 5),
            HealthKind.CAMERA_MOVED: Patience(0.9, 3.0),
            HealthKind.CLOCK_DRIFT: Patience(60.0, 120.0),
        }
    )
    exposure_every_s: float = 0.45
    place_every_s: float = 1.2
    lens_every_s: float = 2.0
    suspicious_every_s: float = 0.45
    sharpness_every_s: float = 2.4
    retell_s: float = 60.0


class PictureHealth:
    """Looks at the analysed frames of one camera in order and returns what opened, what closed, and what still lasts after a minute."""

    def __init__(self, settings: HealthSettings | None = None) -> None:
        """All is well until seen otherwise."""
        self._settings = settings or HealthSettings()
        self._alarms = {kind: Alarm(patience) for kind, patience in self._settings.patience.items()}
        self._open: dict[HealthKind, HealthFinding] = {}
        self._told_ns: dict[HealthKind, int] = {}
        self._exposures, self._lens_settings = ExposureSettings(), LensSettings()
        self._standstill, self._still, self._placement = Standstill(), StillPicture(), Placement()
        self._lens, self._sharpness, self._clock = Lens(), Sharpness(), CameraClock()
        self._placed_ns: int | None = None
        self._sharp_ns: int | None = None
        self._exposed_ns: int | None = None
        self._lens_ns: int | None = None
        self._last_ns = 0
        self._size_px = (0, 0)

    @property
    def trusted(self) -> bool:
        """False while something is open that blinds the camera: what is measured now must be marked."""
        return not any(finding.blinds for finding in self._open.values())

    @property
    def suspicious(self) -> bool:
        """Whether something may be about to open: its beginning will then lie before now, at most a few seconds."""
        return any(alarm.is_suspicious for kind, alarm in self._alarms.items() if kind is not HealthKind.LENS_DIRTY)

    @property
    def open_findings(self) -> tuple[HealthFinding, ...]:
        """What is wrong now."""
        return tuple(self._open.values())

    def see(self, frame: RawFrame, road_users_px: Floats | None = None) -> list[HealthFinding]:
        """Look at a frame. `road_users_px` (n, 4), native px, are known road users: what they cover is not held against the lens."""
        small_px = self.small_size_px(frame)
        grey = frame.grey(*small_px)
        self._last_ns = max(frame.time_ns, self._last_ns)
        if self._size_px != (frame.width_px, frame.height_px):
            self._size_px = (frame.width_px, frame.height_px)
        told = [*self._exposed(grey), *self._stands_still(grey), *self._ticks(frame)]
        shows_something = not (self._bad_light or self._standstill.is_frozen)
        took = self._still.see(grey, frame.time_ns) if shows_something else False
        if took and self._is_due(self._placed_ns, self._place_every_s):
            told += self._place(frame, road_users_px)
        if shows_something and self._is_due(self._sharp_ns, self._sharp_every_s):
            told += self._sharp(frame)
        return [*told, *self._lasting()]

    def close(self) -> list[HealthFinding]:
        """The stream is over: what is open ends with it."""
        ended = [replace(finding, end_time_ns=max(self._last_ns, finding.end_time_ns), is_open=False) for finding in self._open.values()]
        self._open.clear()
        return ended

    @staticmethod
    def small_size_px(frame: RawFrame) -> tuple[int, int]:
        """The size of `foreground.Foreground`: one conversion serves both."""
        width = min(_SMALL_WIDTH_PX, frame.width_px)
        return width, max(1, round(frame.height_px * width / frame.width_px))

    def _exposed(self, grey: Pixels) -> Iterator[HealthFinding]:
        if not self._is_due(self._exposed_ns, self._settings.exposure_every_s):
            return
        self._exposed_ns, exposure = self._last_ns, exposure_of(grey)
        settings, high = self._exposures, exposure.high_level_count
        dark, white = self._alarms[HealthKind.PICTURE_DARK], self._alarms[HealthKind.PICTURE_OVEREXPOSED]
        is_dark = high < (settings.light_again_level_count if dark.is_open else settings.dark_level_count)
        is_white = exposure.white_ratio > (settings.white_no_more_ratio if white.is_open else settings.white_ratio)
        yield from self._judged(HealthKind.PICTURE_DARK, is_dark, lambda: _told_dark(high))
        yield from self._judged(HealthKind.PICTURE_OVEREXPOSED, is_white, lambda: _told_white(exposure))

    @property
    def _bad_light(self) -> bool:
        return self._is_doubtful(HealthKind.PICTURE_DARK, HealthKind.PICTURE_OVEREXPOSED)

    def _stands_still(self, grey: Pixels) -> Iterator[HealthFinding]:
        is_frozen: bool | None = self._standstill.see(grey, self._last_ns)
        if self._bad_light and not self._alarms[HealthKind.PICTURE_FROZEN].is_open:
            is_frozen = None  # all black, or all white, is the same again and again too
        yield from self._judged(HealthKind.PICTURE_FROZEN, is_frozen, lambda: _told_frozen(self._standstill.lasted_s), self._standstill.since_ns)

    def _ticks(self, frame: RawFrame) -> Iterator[HealthFinding]:
        if frame.when is None or not self._clock.see(frame.time_ns, frame.when.utc_ns):
            return
        drift = self._clock.drift()
        if drift is None:
            return
        way, most = ("loses" if drift.rate_ratio > 0 else "gains"), " or more" if drift.rate_ratio > MOST_SEEN_RATIO else ""
        detail = f"the camera's clock {way} {abs(drift.rate_ratio) * 1000:.2g} ms a second{most} against the clock of this computer"
        measures = (Measure("clock_rate", drift.rate_ratio * 1e6, "ppm", drift.sigma_ratio * 1e6),)
        blinds = abs(drift.rate_ratio) > MOST_SEEN_RATIO
        yield from self._judged(HealthKind.CLOCK_DRIFT, self._clock.is_off(), lambda: (detail, measures), blinds=blinds)

    @property
    def _place_every_s(self) -> float:
        waits = self._placement.is_suspicious and not self._alarms[HealthKind.CAMERA_MOVED].is_open
        return self._settings.suspicious_every_s if waits or self._is_doubtful(HealthKind.PICTURE_OCCLUDED) else self._settings.place_every_s

    def _place(self, frame: RawFrame, road_users_px: Floats | None) -> Iterator[HealthFinding]:
        still = self._still.median()
        if still is None:
            return
        self._placed_ns = frame.time_ns
        detail = detail_of(still)
        scale = still.shape[1] / frame.width_px
        is_blurred, is_hidden = self._is_doubtful(HealthKind.PICTURE_BLURRED), self._is_doubtful(HealthKind.PICTURE_OCCLUDED)
        blur_px = self._sharpness.sigma_px * scale if is_blurred else 0.0
        placed = self._placement.see(still, detail, frame.time_ns, frame.width_px, blur_px=blur_px, is_hidden=is_hidden)
        yield from self._moved(placed)
        every_s = self._settings.suspicious_every_s if is_hidden or self._is_doubtful(HealthKind.LENS_RAIN) else self._settings.lens_every_s
        if self._is_due(self._lens_ns, every_s) and not (is_blurred or (placed.is_strange and placed.is_moved)):
            self._lens_ns = self._last_ns
            look = self._lens.see(still, frame.time_ns, road_users_px * scale if road_users_px is not None else None)
            yield from self._hidden(look)
            yield from self._spotted(look)

    def _moved(self, placed: Placed) -> Iterator[HealthFinding]:
        alarm = self._alarms[HealthKind.CAMERA_MOVED]
        turns = list(self._judged(HealthKind.CAMERA_MOVED, placed.is_moved, lambda: _told_of(placed)))
        if alarm.is_open and any(finding.is_open for finding in turns):
            self._lens.forget()
            self._sharpness.forget()
        if not alarm.is_open and not placed.is_moved and placed.is_moved is not None:
            self._placement.settle()
        yield from turns

    def _hidden(self, look: LensLook) -> Iterator[HealthFinding]:
        share = look.hidden_ratio or 0.0
        measures = (Measure("hidden_share", share, "1", _doubt_of_share(share, look.cells_count)),)
        is_hidden = None if look.hidden_ratio is None else share > self._lens_settings.occluded_ratio
        yield from self._judged(HealthKind.PICTURE_OCCLUDED, is_hidden, lambda: (f"something hides {share:.0%} of what the camera used to show", measures))

    def _spotted(self, look: LensLook) -> Iterator[HealthFinding]:
        """Spots that come and go are drops, spots that stay are dirt; a picture that is hidden is neither."""
        if look.spots_ratio is None or look.turnover_ratio is None:
            return
        settings, drops, dirt = self._lens_settings, look.spots_ratio, look.stuck_ratio
        of_drops, of_dirt = (Measure("spoiled_share", share, "1", _doubt_of_share(share, look.spot_cells_count)) for share in (drops, dirt))
        is_dirty = dirt > settings.dirt_ratio
        rains = drops - dirt > settings.drops_ratio and look.turnover_ratio > settings.turnover_ratio and look.drops_count >= settings.drops_count
        yield from self._judged(HealthKind.LENS_RAIN, rains, lambda: (f"drops on the lens spoil {drops:.0%} of the picture", (of_drops,)))
        yield from self._judged(HealthKind.LENS_DIRTY, is_dirty, lambda: (f"dirt on the lens spoils {dirt:.0%} of the picture", (of_dirt,)))

    @property
    def _sharp_every_s(self) -> float:
        """Rarer for large pictures, whose conversion costs; oftener once there is a suspicion."""
        if self._is_doubtful(HealthKind.PICTURE_BLURRED):
            return self._settings.suspicious_every_s
        return self._settings.sharpness_every_s * (2 if self._size_px[0] * self._size_px[1] > 1_000_000 else 1)

    def _sharp(self, frame: RawFrame) -> Iterator[HealthFinding]:
        self._sharp_ns = frame.time_ns
        is_blurred = self._sharpness.see(_window_of(frame.grey(frame.width_px, frame.height_px)), frame.time_ns)
        sigma_px = self._sharpness.sigma_px
        measures = (Measure("blur_sigma", sigma_px, "px", 0.25 * sigma_px),)
        blinds = sigma_px > _COUNTING_BLUR_RATIO * frame.width_px
        detail = f"blurred as by a Gaussian of sigma {sigma_px:.1f} px"
        yield from self._judged(HealthKind.PICTURE_BLURRED, is_blurred, lambda: (detail, measures), blinds=blinds)

    def _judged(
        self, kind: HealthKind, is_bad: bool | None, told: _Telling, begin_ns: int | None = None, *, blinds: bool | None = None
    ) -> Iterator[HealthFinding]:
        alarm = self._alarms[kind]
        turn = alarm.see(self._last_ns, is_bad)
        if turn is Turn.OPENED:
            detail, measures = told()
            begin_ns = min(alarm.begin_ns, begin_ns if begin_ns is not None else alarm.begin_ns)
            if kind in _SEEN_IN_STILLS:
                begin_ns = max(0, begin_ns - int(STILL_LAG_S * NS_PER_S))
            blinding = blinds if blinds is not None else kind not in _BLINDS_NOT
            self._open[kind] = HealthFinding(kind, begin_ns, self._last_ns, detail, measures, blinding, True)
            self._told_ns[kind] = self._last_ns
            yield self._open[kind]
        elif turn is Turn.CLOSED:
            finding = self._open.pop(kind)
            yield replace(finding, end_time_ns=max(alarm.last_bad_ns, finding.end_time_ns), is_open=False)

    def _lasting(self) -> Iterator[HealthFinding]:
        for kind, finding in self._open.items():
            if self._last_ns - self._told_ns[kind] >= self._settings.retell_s * NS_PER_S:
                self._told_ns[kind] = self._last_ns
                self._open[kind] = replace(finding, end_time_ns=self._last_ns)
                yield self._open[kind]

    def _is_due(self, last_ns: int | None, every_s: float) -> bool:
        return last_ns is None or self._last_ns - last_ns >= every_s * NS_PER_S

    def _is_doubtful(self, *kinds: HealthKind) -> bool:
        return any(self._alarms[kind].is_doubtful for kind in kinds)


_SEEN_IN_STILLS = frozenset({HealthKind.CAMERA_MOVED, HealthKind.PICTURE_OCCLUDED, HealthKind.LENS_DIRTY, HealthKind.LENS_RAIN})
_BLINDS_NOT = frozenset({HealthKind.LENS_DIRTY, HealthKind.LENS_RAIN, HealthKind.TOO_FEW_PIXELS})


def _told_of(placed: Placed) -> tuple[str, tuple[Measure, ...]]:
    moved = placed.moved
    if placed.is_strange or moved is None:
        return "the camera shows another view: nothing of the former one is found in it", (Measure("view_left", 0.0, "1", 0.03),)
    words = f"the camera moved: the picture shifted by {moved.length_px:.0f} px and turned by {moved.rotation_deg:.1f} degrees"
    return words, (
        Measure("shift_px", moved.length_px, "px", placed.shift_sigma_px),
        Measure("shift_x", moved.shift_x_px, "px", placed.shift_sigma_px),
        Measure("shift_y", moved.shift_y_px, "px", placed.shift_sigma_px),
        Measure("rotation_deg", moved.rotation_deg, "deg", placed.rotation_sigma_deg),
    )


def _told_dark(high_level_count: int) -> tuple[str, tuple[Measure, ...]]:
    brightness = Measure("brightness", float(high_level_count), "level of 255", 1.0)
    return f"too dark: 95 % of the picture is below level {high_level_count} of 255", (brightness,)


def _told_white(exposure: Exposure) -> tuple[str, tuple[Measure, ...]]:
    share = Measure("white_share", exposure.white_ratio, "1", exposure.white_doubt_ratio)
    return f"over-exposed: {exposure.white_ratio:.0%} of the picture is white", (share,)


def _told_frozen(lasted_s: float) -> tuple[str, tuple[Measure, ...]]:
    return "frozen: the same picture again and again while time goes on", (Measure("standstill", lasted_s, "s", 0.1),)


def _doubt_of_share(share: float, count: int) -> float:
    return float(np.sqrt(max(share * (1 - share), 0.01) / max(count, 1)))


def _window_of(grey: Pixels) -> Pixels:
    """The middle of a native picture, below the middle of its height: the road, not the sky."""
    rows, columns = grey.shape
    width, height = min(WINDOW_PX[0], columns), min(WINDOW_PX[1], rows)
    left, top = (columns - width) // 2, min(rows - height, (rows - height) * 2 // 3)
    return grey[top : top + height, left : left + width]
