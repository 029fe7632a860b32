"""Colours of road users: each one's own, drawn from its track number."""

from dataclasses import dataclass

import numpy as np

from catseye.station.demo.solids import Rgb

PAINTS: tuple[Rgb, ...] = (
    (190, 26, 30), (24, 66, 140), (242, 243, 244), (236, 238, 240), (244, 244, 242), (22, 24, 30), (30, 32, 36), (40, 42, 48),
    (108, 112, 118), (198, 202, 206), (24, 80, 66), (236, 186, 40), (110, 20, 38), (30, 84, 160), (206, 198, 174),
)  # fmt: skip
CLOTHES: tuple[Rgb, ...] = (
    (196, 58, 58), (44, 74, 130), (225, 225, 220), (36, 40, 46), (58, 62, 72), (28, 30, 36), (70, 110, 84), (120, 84, 66), (214, 116, 56), (112, 150, 180),
)  # fmt: skip
TROUSERS: tuple[Rgb, ...] = ((38, 44, 66), (60, 56, 52), (30, 30, 34), (104, 92, 74), (54, 66, 88))
SKIN: tuple[Rgb, ...] = ((232, 190, 160), (216, 168, 132), (186, 134, 98), (140, 94, 66), (240, 204, 176))
HAIR: tuple[Rgb, ...] = ((34, 26, 22), (70, 48, 30), (22, 22, 24), (150, 116, 66))
HELMETS: tuple[Rgb, ...] = ((235, 235, 235), (190, 30, 36), (40, 60, 140), (30, 30, 32), (60, 62, 66))
GLASS: Rgb = (34, 44, 54)
GLASS_FRONT: Rgb = (56, 70, 84)
RUBBER: Rgb = (24, 24, 26)
RIM: Rgb = (150, 152, 156)
STEEL: Rgb = (168, 170, 174)
DARK: Rgb = (34, 35, 38)
PLATE: Rgb = (244, 244, 238)
LAMP_FRONT: Rgb = (255, 250, 226)
LAMP_REAR: Rgb = (176, 22, 26)


@dataclass(frozen=True, slots=True)
class Look:
    """One road user's own appearance, drawn from its track number: repeatable, never of a real person."""

    style: str
    paint: Rgb
    shirt: Rgb
    trousers: Rgb
    skin: Rgb
    hair: Rgb
    helmet: Rgb
    plate_text: tuple[int, ...]

    @classmethod
    def of(cls, track: int, seed: int) -> "Look":
        """The look of this track in this scene."""
        rng = np.random.default_rng([seed, track])

        def one(colours: tuple[Rgb, ...]) -> Rgb:
            return colours[int(rng.integers(len(colours)))]

        style = str(rng.choice(["saloon", "hatchback", "estate", "van"], p=[0.42, 0.28, 0.18, 0.12]))
        text = tuple(int(gap) for gap in rng.integers(0, 3, 7))
        return cls(style, one(PAINTS), one(CLOTHES), one(TROUSERS), one(SKIN), one(HAIR), one(HELMETS), text)

    @property
    def variant(self) -> int:
        """A number of its own, to choose between kinds of one thing."""
        return sum(self.plate_text)
