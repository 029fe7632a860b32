"""What stands between street and file: light, weather, the mast, the sensor."""

from dataclasses import dataclass

from catseye.core.errors import SiteError
from catseye.station.demo.camera import CameraPose
from catseye.station.demo.sensor import CameraMove

DIM_RATIO = 0.6  # of the daylight: below, vehicles have their lamps on


@dataclass(frozen=True, slots=True)
class Conditions:
    """What stands between street and file.

    Light: `daylight_ratio` of a clear day's (a moonless night 0.01), `sun_ratio` how sharp its shadows are; `street_light_ratio` of the lamps the scenery has;
    `glare_ratio` how much the lens makes of a lamp; under `DIM_RATIO` of daylight vehicles have their lamps on.
    Weather: `rain_ratio` (1: a downpour; the road is wet and mirrors lamps), `fog_m` how far one sees (0: no fog).
    Sensor: `noise_ratio` of full white, one sigma; `vignette_ratio` and `drift_ratio` of the light; `exposure_s` smears what moves; `is_mono` has no colours.
    Mast: `shake_px` one sigma of its slow swing on each axis; `moves`: from their times on the camera looks elsewhere, the latest one holds.
    """

    noise_ratio: float = 0.012
    vignette_ratio: float = 0.16
    drift_ratio: float = 0.02
    shake_px: float = 0.0
    moves: tuple[CameraMove, ...] = ()
    daylight_ratio: float = 1.0
    sun_ratio: float = 1.0
    street_light_ratio: float = 0.0
    glare_ratio: float = 1.0
    rain_ratio: float = 0.0
    fog_m: float = 0.0
    exposure_s: float = 0.0
    is_mono: bool = False

    def __post_init__(self) -> None:
        """Refuse ratios outside of what they can be."""
        shares = (self.noise_ratio, self.vignette_ratio, self.drift_ratio, self.sun_ratio, self.rain_ratio)
        lights = (self.daylight_ratio, self.street_light_ratio, self.glare_ratio)
        if not (all(0 <= share <= 1 for share in shares) and all(0 <= light <= 4 for light in lights)):
            raise SiteError("conditions", str(self), "shares in [0, 1], light ratios in [0, 4]")
        if not (0 <= self.shake_px < 200 and self.fog_m >= 0 and 0 <= self.exposure_s <= 1):
            raise SiteError("conditions", str(self), "shake_px in [0, 200), fog_m >= 0, exposure_s in [0, 1]")

    @classmethod
    def day(cls) -> "Conditions":
        """A clear day."""
        return cls()

    @classmethod
    def overcast(cls) -> "Conditions":
        """A grey day: no shadows but those right under bodies."""
        return cls(daylight_ratio=0.85, sun_ratio=0.15)

    @classmethod
    def dusk(cls) -> "Conditions":
        """After sunset: blue light, lamps on, more noise."""
        return cls(noise_ratio=0.022, daylight_ratio=0.4, sun_ratio=0.0, street_light_ratio=0.5, glare_ratio=0.55, exposure_s=0.012)

    @classmethod
    def night(cls) -> "Conditions":
        """A lit street at night: dark bodies, glaring headlamps, noise."""
        return cls(noise_ratio=0.035, daylight_ratio=0.03, sun_ratio=0.0, street_light_ratio=1.0, exposure_s=0.03)

    @classmethod
    def dark_night(cls) -> "Conditions":
        """A road without lamps of its own: what one sees is what headlamps show."""
        return cls(noise_ratio=0.05, daylight_ratio=0.025, sun_ratio=0.0, street_light_ratio=0.0, glare_ratio=1.2, exposure_s=0.035)

    @classmethod
    def rain(cls) -> "Conditions":
        """A wet day."""
        return cls(noise_ratio=0.016, daylight_ratio=0.55, sun_ratio=0.0, glare_ratio=0.5, rain_ratio=0.5, fog_m=400.0)

    @property
    def is_dim(self) -> bool:
        """Whether vehicles have their lamps on."""
        return self.daylight_ratio < DIM_RATIO

    @property
    def is_plain_day(self) -> bool:
        """Whether the picture is what was painted: no light but the day's."""
        return self.daylight_ratio == 1.0 and not self.rain_ratio and not self.is_mono

    def pose_at(self, mounted: CameraPose, time_s: float) -> CameraPose:
        """How the camera looks at `time_s`."""
        done = [move for move in self.moves if move.time_s <= time_s]
        return max(done, key=lambda move: move.time_s).of(mounted) if done else mounted
