"""Draws what was found over a redacted picture: road users, the way they came, lines with their counters, the clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from catseye.core.arrays import Codes, Doubles, Floats, Pixels
from catseye.core.road_user import ROAD_USERS
from catseye.station.palette import RGB_BY_CODE

_INK, _PAPER, _FRESH = (16, 20, 26), (255, 255, 255), (255, 214, 90)
_SHIFT_BITS = 3


@dataclass(frozen=True, slots=True)
class Gate:
    """A counting line in the picture: `ends_px` (2, 2), `right_hand` unit vector (2,) of forward; `is_fresh`: somebody has just crossed it."""

    ends_px: Doubles
    right_hand: Doubles
    forward_count: int
    backward_count: int
    is_fresh: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """What to draw over one picture, in its pixels: boxes (n, 4) of `kind` (n,), trails (kind code, float32 (k, 2)), gates, captions.

    `legend`: codes of the kinds to name. `is_schematic`: the picture does not show the road users themselves, so they are drawn as solid shapes.
    """

    time_ns: int
    box_px: Floats
    kind: Codes
    trails: Sequence[tuple[int, Floats]]
    gates: Sequence[Gate]
    clock: str
    said: str
    legend: Sequence[int] = ()
    is_schematic: bool = False


class Pen:
    """Draws scenes on pictures of one size; holds the font, so it serves one thread."""

    def __init__(self, size_px: tuple[int, int]) -> None:
        """The size is (width, height)."""
        self._font: Any = cv2.FontFace("sans")
        self._text_px = int(np.clip(min(size_px) / 24, 11, 16))

    def draw(self, rgb: Pixels, scene: Scene) -> None:
        """Over the pixels of `rgb`, in place."""
        if scene.is_schematic:
            self._shapes(rgb, scene)
        for kind, trail in scene.trails:
            _polylines(rgb, [trail], RGB_BY_CODE[kind], 1)
        for kind in np.unique(scene.kind).tolist():
            brackets = np.round(corners_px(scene.box_px[scene.kind == kind])).astype(np.int32)
            cv2.polylines(rgb, list(brackets.reshape(-1, 3, 2)), False, RGB_BY_CODE[kind], 2, cv2.LINE_4)
        places = tag_places_px([gate.ends_px for gate in scene.gates], (rgb.shape[1], rgb.shape[0]))
        for gate, place in zip(scene.gates, places, strict=True):
            self._gate(rgb, gate, place)
        self._plate(rgb, scene.clock, (0, 0))
        width_px = self._width_px(scene.said)
        self._plate(rgb, scene.said, (rgb.shape[1] - width_px - 2 * self._text_px, 0))
        if scene.legend:
            self._legend(rgb, scene.legend)

    def _shapes(self, rgb: Pixels, scene: Scene) -> None:
        for (left, top, right, bottom), kind in zip(np.clip(scene.box_px, 0, None).astype(int).tolist(), scene.kind.tolist(), strict=True):
            part = rgb[top:bottom, left:right]
            part[:] = (part * 0.45 + np.array(RGB_BY_CODE[kind]) * 0.55).astype(np.uint8)

    def _gate(self, rgb: Pixels, gate: Gate, place_px: Doubles) -> None:
        _polylines(rgb, [gate.ends_px], _INK, 4)
        _polylines(rgb, [gate.ends_px], _FRESH if gate.is_fresh else _PAPER, 2)
        texts = (str(gate.forward_count), str(gate.backward_count))
        step_px = self._text_px
        width_px = sum(self._width_px(text) for text in texts) + 5 * step_px
        height_px = round(step_px * 1.7)
        left, top = _inside(place_px - (width_px / 2, height_px / 2), (width_px, height_px), rgb)
        _shade(rgb, left, top, width_px, height_px, 0.25)
        at = left + step_px
        for text, way in zip(texts, (gate.right_hand, -gate.right_hand), strict=True):
            _arrow(rgb, np.array([at, top + height_px / 2]), way, step_px * 0.42)
            self._write(rgb, text, at + step_px * 0.8, top + height_px / 2)
            at += self._width_px(text) + 2 * step_px + step_px // 2

    def _plate(self, rgb: Pixels, text: str, corner_px: tuple[int, int]) -> None:
        height_px = round(self._text_px * 1.8)
        _shade(rgb, corner_px[0], corner_px[1], self._width_px(text) + 2 * self._text_px, height_px, 0.35)
        self._write(rgb, text, corner_px[0] + self._text_px, corner_px[1] + height_px / 2)

    def _legend(self, rgb: Pixels, codes: Sequence[int]) -> None:
        """A square and a name a kind, along the lower edge."""
        names = [ROAD_USERS[code].value for code in codes]
        side = self._text_px * 3 // 4
        height_px = round(self._text_px * 1.8)
        top = rgb.shape[0] - height_px
        _shade(rgb, 0, top, sum(self._width_px(name) + side * 3 for name in names) + side, height_px, 0.35)
        left = side
        for code, name in zip(codes, names, strict=True):
            cv2.rectangle(rgb, (left, top + (height_px - side) // 2), (left + side - 1, top + (height_px + side) // 2 - 1), RGB_BY_CODE[code], cv2.FILLED)
            self._write(rgb, name, left + side * 1.5, top + height_px / 2)
            left += self._width_px(name) + side * 3

    def _write(self, rgb: Pixels, text: str, left_px: float, middle_px: float) -> None:
        """One line of text, its digits centred on `middle_px`."""
        cv2.putText(rgb, text, (round(left_px), round(middle_px + self._text_px * 0.35)), _PAPER, self._font, self._text_px, 500)

    def _width_px(self, text: str) -> int:
        left, _, right, _ = cv2.getTextSize((0, 0), text, (0, 0), self._font, self._text_px, 500)
        return int(right - left)


def tag_places_px(ends_px: Sequence[Doubles], size_px: tuple[int, int]) -> list[Doubles]:
    """Where each line's tag stands: on the line, within the picture (width, height), as far from the others as it can."""
    places: list[Doubles] = []
    for ends in ends_px:
        inside = np.clip(ends, 0, np.array(size_px, np.float64))
        spots = [inside[0] + (inside[1] - inside[0]) * share for share in (0.5, 0.2, 0.8)]
        apart = [min((float(np.abs(spot - place).max()) for place in places), default=0.0) for spot in spots]
        places.append(spots[int(np.argmax(apart))])
    return places


def corners_px(box_px: Floats) -> Floats:
    """The four corner brackets of each box, (n, 4, 3, 2): a quarter of its shorter side long, 3 px at least."""
    left, top, right, bottom = box_px.T
    arm = np.maximum(np.minimum(right - left, bottom - top) * 0.25, 3)
    ways = ((left, top, 1, 1), (right, top, -1, 1), (right, bottom, -1, -1), (left, bottom, 1, -1))
    brackets = [np.stack([np.stack([x + sx * arm, y], 1), np.stack([x, y], 1), np.stack([x, y + sy * arm], 1)], 1) for x, y, sx, sy in ways]
    return np.stack(brackets, 1).astype(np.float32)


def _polylines(rgb: Pixels, ways: Sequence[Floats | Doubles], colour: tuple[int, int, int], thickness_px: int) -> None:
    points = [np.round(np.asarray(way, np.float64) * (1 << _SHIFT_BITS)).astype(np.int32) for way in ways]
    cv2.polylines(rgb, points, False, colour, thickness_px, cv2.LINE_AA, _SHIFT_BITS)


def _arrow(rgb: Pixels, middle_px: Doubles, way: Doubles, size_px: float) -> None:
    across = np.array([-way[1], way[0]])
    tip = np.stack([middle_px + way * size_px, middle_px - way * size_px + across * size_px, middle_px - way * size_px - across * size_px])
    cv2.fillConvexPoly(rgb, np.round(tip * (1 << _SHIFT_BITS)).astype(np.int32), _PAPER, cv2.LINE_AA, _SHIFT_BITS)


def _inside(corner_px: Doubles, size_px: tuple[int, int], rgb: Pixels) -> tuple[int, int]:
    """The corner nearest to the wanted one with which a field of that size lies in the picture, if it can."""
    room = (rgb.shape[1] - size_px[0], rgb.shape[0] - size_px[1])
    left, top = (max(0, min(round(float(at)), most)) for at, most in zip(corner_px, room, strict=True))
    return left, top


def _shade(rgb: Pixels, left_px: int, top_px: int, width_px: int, height_px: int, light_ratio: float) -> None:
    left, top = max(left_px, 0), max(top_px, 0)
    part = rgb[top : top + height_px, left : left + width_px]
    part[:] = (part * light_ratio + np.array(_INK) * (1 - light_ratio)).astype(np.uint8)
