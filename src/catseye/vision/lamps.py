"""What a traffic light shows in one picture: the colour of the lens that glows, held against where in the head it sits.

No weights: a lens glows when it is more colourful than the dark lenses of its head, and no surface beside the head has that colour too.
A colour in the wrong place, two lenses at once, or none at all is unknown. Only the pixels of the head and a strip around it are looked at.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from catseye.core.arrays import Bools, Doubles, Floats, Pixels
from catseye.core.signal import LAMP_AMBER, LAMP_GREEN, LAMP_RED, LAMP_UNKNOWN
from catseye.core.time import NS_PER_S
from catseye.vision.lamp_places import LensPlaces, places_in_head, places_of_lens

BoxPx: TypeAlias = tuple[float, float, float, float]

# Hues in degrees that a lens may have in its place, from → to. Red and amber overlap: there the place decides.
_HUES = {LAMP_RED: (315.0, 35.0), LAMP_AMBER: (12.0, 72.0), LAMP_GREEN: (78.0, 212.0)}
_ALONE_HUES = (315.0, 15.0)  # of a red lens nobody can compare with its neighbours
_LIKE_DEG = 35.0
_LEARN_RATIO = 0.1  # of a new look, into the memory
_KNOWN_LOOKS_COUNT = 16  # alike, one after the other: before that the head is not known well enough to say that it looks otherwise
_FROM_TOP = (LAMP_RED, LAMP_AMBER, LAMP_GREEN)


@dataclass(frozen=True, slots=True)
class LampSettings:
    """When a lens counts as lit.

    Colour is the spread between the strongest and the weakest channel, 0 to 1, of what a lens has more than a dark one. It must reach `least_colour_ratio`,
    `surround_ratio` of the brightness beside the head, and `over_noise_ratio` times the noise of the picture itself.
    `equal_ratio`: no other lens may be so bright; `rival_ratio`: none so bright and colourful in another hue. `alike_ratio`: nor may what lies on both
    sides of the head be so bright and colourful, in the same hue.
    A picture without colour (a night camera) is read by place alone, once it has had none for `grey_s`: the lens must be `outshining_ratio` times as bright
    as the others and the surround. A lens less colourful than `faded_ratio` of what it was when last lit is a dark one in daylight; that memory halves every
    `fade_s`. `normal_ratio`: how alike (cosine) the three lenses must look to what they looked like before in that state, unless that was `forget_s` ago.
    """

    least_colour_ratio: float = 0.035
    surround_ratio: float = 0.2
    over_noise_ratio: float = 4.0
    equal_ratio: float = 0.85
    rival_ratio: float = 0.6
    alike_ratio: float = 0.75
    dark_ratio: float = 0.6
    bleached_ratio: float = 0.84
    grey_ratio: float = 0.016
    grey_s: float = 30.0
    outshining_ratio: float = 2.0
    faded_ratio: float = 0.35
    fade_s: float = 60.0
    normal_ratio: float = 0.95
    forget_s: float = 300.0


@dataclass(frozen=True, slots=True)
class LampLook:
    """What one picture says: a code of `Lamp`, and how colourful the lens was, 0 to 1 (0: nothing lit)."""

    state: int = LAMP_UNKNOWN
    strength_ratio: float = 0.0


@dataclass(frozen=True, slots=True)
class _Memory:
    """What a state last looked like: how colourful it was at its best, the colours of all lenses (unit vector), when, and in how many looks."""

    strength_ratio: float
    lenses_ratio: Doubles
    time_ns: int
    looks_count: int


DARK = LampLook()


@dataclass(slots=True)
class LampReader:
    """Of one signal: `head_px` is its whole head, red on top (a lying one: red on the left), or `lens_px` its red lens alone; left, top, right, bottom.

    With the red lens alone nothing but red is ever told: a dark one may mean anything.
    """

    head_px: BoxPx | None = None
    lens_px: BoxPx | None = None
    settings: LampSettings = field(default_factory=LampSettings)
    _places: LensPlaces | None = None
    _colour_ns: int | None = None
    _lit: dict[int, _Memory] = field(default_factory=dict)

    def look(self, rgb: Pixels, time_ns: int) -> LampLook:
        """Read a picture, uint8 (h, w, 3), in whose pixels the boxes are given."""
        if self._places is None or self._places.picture_px != (rgb.shape[1], rgb.shape[0]):
            self._places = self._placed(rgb.shape[1], rgb.shape[0])
        places = self._places
        px = rgb[places.window].reshape(-1, 3).astype(np.float32) / np.float32(255)
        if not len(px):
            return DARK
        if self._has_colour(px, time_ns):
            found = self._by_colour(px, places)
            return found if found.state == LAMP_UNKNOWN else self._if_as_before(found, places.lens_means(px, np.ones(len(px))).ravel(), time_ns)
        return self._by_place(px, places) if self.head_px is not None else DARK

    def _if_as_before(self, found: LampLook, lenses: Doubles, time_ns: int) -> LampLook:
        """A head that does not look as it did when it showed that state has something before it, or shines back the sun."""
        rules, before = self.settings, self._lit.get(found.state)
        lenses = lenses / max(float(np.linalg.norm(lenses)), 1e-9)
        strength = found.strength_ratio
        looks_count = 1
        if before is not None:
            age_s = (time_ns - before.time_ns) / NS_PER_S
            faded = before.strength_ratio * 0.5 ** (age_s / rules.fade_s)
            is_as_before = float(lenses @ before.lenses_ratio) >= rules.normal_ratio
            if strength < rules.faded_ratio * faded or not (is_as_before or before.looks_count < _KNOWN_LOOKS_COUNT or age_s >= rules.forget_s):
                return DARK
            strength = max(strength, faded)
            if is_as_before:
                mixed = before.lenses_ratio + _LEARN_RATIO * (lenses - before.lenses_ratio)
                lenses, looks_count = mixed / max(float(np.linalg.norm(mixed)), 1e-9), before.looks_count + 1
        self._lit[found.state] = _Memory(strength, lenses, time_ns, looks_count)
        return found

    def _placed(self, width_px: int, height_px: int) -> LensPlaces:
        if self.head_px is not None:
            return places_in_head(self.head_px, width_px, height_px)
        if self.lens_px is None:
            raise ValueError("a lamp reader without a box; wanted head_px or lens_px")
        return places_of_lens(self.lens_px, width_px, height_px)

    def _has_colour(self, px: Floats, time_ns: int) -> bool:
        """Whether anything around the head was coloured lately; pictures of a colour camera always are, somewhere."""
        if self._colour_ns is None or float(np.percentile(px.max(1) - px.min(1), 99)) > self.settings.grey_ratio:
            self._colour_ns = time_ns
        return time_ns - self._colour_ns < self.settings.grey_s * NS_PER_S

    def _by_colour(self, px: Floats, places: LensPlaces) -> LampLook:
        rules = self.settings
        unbleached = np.where(px.min(1) > rules.bleached_ratio, 0.02, 1.0)  # a core burnt to white says nothing of its colour, the rim around it does
        lens, beside = places.lens_means(px, unbleached), places.beside_means(px)
        surround = float(np.percentile(beside.max(-1), 25)) if beside.size else 0.0
        least = max(rules.least_colour_ratio, rules.surround_ratio * surround, rules.over_noise_ratio * places.noise(px))
        dark = _dark_of(lens, beside, rules.dark_ratio)
        glows = _Glow.of(lens - dark)
        best = int(glows.light_ratio.argmax())
        hues = _HUES[_FROM_TOP[best]] if len(lens) > 1 else _ALONE_HUES
        if glows.colour_ratio[best] < least or not _is_in(float(glows.hue_deg[best]), *hues) or self._has_rival(glows, best):
            return DARK
        if beside.size and self._is_around(_Glow.of(beside[best] - dark), glows, best):
            return DARK
        return LampLook(_FROM_TOP[best], min(1.0, float(glows.colour_ratio[best])))

    def _has_rival(self, glows: "_Glow", best: int) -> bool:
        """Whether another lens is as bright, or nearly so in a colour of its own. Less of the same colour is only the light that spills over."""
        light, colour = glows.light_ratio / glows.light_ratio[best], glows.colour_ratio / glows.colour_ratio[best]
        is_other = ~glows.is_like(glows, best)
        rivals = (light > self.settings.equal_ratio) | (is_other & (np.minimum(light, colour) > self.settings.rival_ratio))
        return bool(np.delete(rivals, best).any())

    def _is_around(self, beside: "_Glow", glows: "_Glow", best: int) -> bool:
        """Whether what lies on every side has the lens's colour too: then something stands before the head."""
        colourful = beside.colour_ratio > self.settings.alike_ratio * glows.colour_ratio[best]
        bright = beside.light_ratio > self.settings.alike_ratio * glows.light_ratio[best]
        return bool((colourful & bright & beside.is_like(glows, best)).all())

    def _by_place(self, px: Floats, places: LensPlaces) -> LampLook:
        lens, beside = places.lens_means(px, np.ones(len(px))).max(1), places.beside_means(px).max(-1)
        best = int(lens.argmax())
        others = max(float(np.delete(lens, best).max()), float(beside[best].min()) if beside.size else 0.0)
        more = float(lens[best]) - others
        if (
            more < max(self.settings.least_colour_ratio, self.settings.over_noise_ratio * places.noise(px))
            or lens[best] < self.settings.outshining_ratio * others
        ):
            return DARK
        return LampLook(_FROM_TOP[best], min(1.0, more))


def _dark_of(lens: Doubles, beside: Doubles, most_ratio: float) -> Doubles:
    """What an unlit lens (3,) would look like: the darkest of a head; for a lone one the darkest side, but never nearly as bright as the lens is itself."""
    if len(lens) > 1:
        return np.asarray(lens[int(lens.max(1).argmin())], np.float64)
    if not beside.size:
        return np.zeros(3)
    dark = beside[0][int(beside[0].max(1).argmin())]
    brightest, limit = float(dark.max()), most_ratio * float(lens.max())
    return np.asarray(dark * (limit / brightest) if brightest > limit else dark, np.float64)


@dataclass(frozen=True, slots=True)
class _Glow:
    """What n places have more than a dark lens: light (its strongest channel), colour (strongest less weakest) and hue, each (n,)."""

    light_ratio: Doubles
    colour_ratio: Doubles
    hue_deg: Doubles

    @classmethod
    def of(cls, more: Doubles) -> "_Glow":
        """`more` (n, 3), shares of full white."""
        most, least = more.max(1), more.min(1)
        spread = np.maximum(most - least, 1e-9)
        red, green, blue = more.T
        sixth = np.where(most == red, ((green - blue) / spread) % 6, np.where(most == green, (blue - red) / spread + 2, (red - green) / spread + 4))
        return cls(np.maximum(most, 1e-9), np.where(most > 0, np.maximum(most - least, 1e-9), 1e-9), 60.0 * sixth)

    def is_like(self, other: "_Glow", index: int) -> Bools:
        """Whether each has the hue of that one of the others."""
        off_deg = np.abs(self.hue_deg - other.hue_deg[index])
        return np.asarray(np.minimum(off_deg, 360.0 - off_deg) < _LIKE_DEG)


def _is_in(hue_deg: float, from_deg: float, to_deg: float) -> bool:
    return from_deg <= hue_deg < to_deg if from_deg < to_deg else hue_deg >= from_deg or hue_deg < to_deg
