"""Number plates of nobody, and the rear of a car that carries one: drawn by us, so that the reader can be tried without a real plate.

The province is 京, drawn with seven strokes: no font with Chinese characters needs to be there.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

WHITE, BLUE, BLACK = (255, 255, 255), (20, 50, 160), (15, 15, 15)
PLATE_PX = (440, 140)
_TOP, _TALL, _WIDE = 26, 90, 45


def chinese_plate(text: str = "A12345") -> np.ndarray:
    """A blue plate, 440×140: 京, a letter, five characters. RGB."""
    picture, pen = _blank(BLUE, WHITE)
    _capital(pen)
    pen.ellipse((129, 66, 141, 78), fill=WHITE)
    for character, left in zip(text, [73, *(151 + 57 * place for place in range(5))], strict=True):
        _character(picture, character, left, WHITE)
    return np.asarray(picture)


def latin_plate(text: str = "KXR582") -> np.ndarray:
    """A white plate with black letters, as half the world has: no model of ours reads it."""
    picture, _ = _blank(WHITE, BLACK)
    for place, character in enumerate(text):
        _character(picture, character, 40 + 62 * place, BLACK)
    return np.asarray(picture)


def rear_of_a_car(plate: np.ndarray, size_px: tuple[int, int] = (640, 480), car_px: int = 300, left_px: int = 170) -> tuple[np.ndarray, tuple[int, ...]]:
    """A street with one car seen from behind, its plate included, RGB; and the car's box."""
    picture = Image.new("RGB", size_px, (120, 124, 128))
    pen = ImageDraw.Draw(picture)
    top, tall = 120, round(car_px * 0.8)
    right, bottom = left_px + car_px, top + tall
    pen.rectangle((0, 0, size_px[0], 100), fill=(170, 190, 210))
    for wheel in (left_px + 0.08 * car_px, right - 0.22 * car_px):
        pen.rectangle((wheel, bottom - 0.2 * tall, wheel + 0.14 * car_px, bottom), fill=(25, 25, 25))
    pen.rounded_rectangle((left_px, top + 0.3 * tall, right, bottom - 0.1 * tall), 14, fill=(150, 30, 34))
    pen.polygon(
        [
            (left_px + 0.12 * car_px, top + 0.32 * tall),
            (left_px + 0.22 * car_px, top),
            (right - 0.22 * car_px, top),
            (right - 0.12 * car_px, top + 0.32 * tall),
        ],
        fill=(140, 26, 30),
    )
    pen.polygon(
        [
            (left_px + 0.2 * car_px, top + 0.28 * tall),
            (left_px + 0.26 * car_px, top + 0.05 * tall),
            (right - 0.26 * car_px, top + 0.05 * tall),
            (right - 0.2 * car_px, top + 0.28 * tall),
        ],
        fill=(50, 60, 70),
    )
    for lamp in (left_px + 0.03 * car_px, right - 0.15 * car_px):
        pen.rectangle((lamp, top + 0.4 * tall, lamp + 0.12 * car_px, top + 0.52 * tall), fill=(230, 60, 40))
    wide = round(car_px * 0.36)
    small = Image.fromarray(plate).resize((wide, round(wide * PLATE_PX[1] / PLATE_PX[0])), Image.Resampling.LANCZOS)
    picture.paste(small, (left_px + (car_px - wide) // 2, round(top + 0.6 * tall)))
    return np.asarray(picture), (left_px, top, right, bottom)


def _blank(ground: tuple[int, int, int], ink: tuple[int, int, int]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("RGB", PLATE_PX, ground)
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((4, 4, 435, 135), 8, outline=ink, width=3)
    return picture, pen


def _character(picture: Image.Image, character: str, left: int, ink: tuple[int, int, int]) -> None:
    """Each as wide as a plate's characters are, whatever the font makes of it."""
    font = ImageFont.load_default(118)
    edges = font.getbbox(character)
    shape = Image.new("L", (round(edges[2] - edges[0]), round(edges[3] - edges[1])))
    ImageDraw.Draw(shape).text((-edges[0], -edges[1]), character, fill=255, font=font, stroke_width=3, stroke_fill=255)
    wide = 18 if character in "1I" else _WIDE
    picture.paste(ink, (left + (_WIDE - wide) // 2, _TOP), shape.resize((wide, _TALL)))


def _capital(pen: ImageDraw.ImageDraw) -> None:
    """京: a dot, a line, a box, a hook, two strokes."""
    x, y, k = 16, _TOP, _TALL // 11
    for line in (
        [(0.5, 0), (0.5, 0.16)],
        [(0.05, 0.22), (0.95, 0.22)],
        [(0.22, 0.36), (0.78, 0.36), (0.78, 0.58), (0.22, 0.58), (0.22, 0.36)],
        [(0.5, 0.58), (0.5, 0.95), (0.36, 0.88)],
        [(0.28, 0.68), (0.12, 0.88)],
        [(0.72, 0.68), (0.88, 0.88)],
    ):
        pen.line([(x + across * _WIDE, y + down * _TALL) for across, down in line], fill=WHITE, width=k)
