"""The speed-doubt map: what calibration leaves in doubt, drawn over the empty road, with the points it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from catseye.core.arrays import Bools, Doubles, Pixels
from catseye.core.calibration import Calibration
from catseye.station.palette import DOUBT_BANDS, rgb_of

AT_KMH = 50.0
GRID_M = 5.0
WIDTH_PX = 1600
_INK, _PAPER, _DIM, _WRONG = (16, 20, 26), (255, 255, 255), (168, 176, 186), (255, 92, 92)
_SHIFT_BITS = 4
_CELL_PX = 8
_SHADE_RATIO, _SHEET_SHADE_RATIO = 0.46, 0.8  # of a band's colour over a picture, and over a plain sheet
_GRID_LEAST_PX = 7.0
_ENLARGED = (1, 2, 5, 10, 20, 50, 100, 200)
_ARROW_LEAST_PX, _ARROW_MOST_PX = 14.0, 60.0
_STRIP_PX = 104

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class MapOrder:
    """What to draw: reference points `px` (n, 2) as measured and `put_px` (n, 2) where the calibration puts them, native pixels; which are used (n,).

    `title` and `subtitle` stand under the picture.
    """

    calibration: Calibration
    px: Doubles
    put_px: Doubles
    is_used: Bools
    size_px: tuple[int, int]
    title: str
    subtitle: str


def draw_map(rgb: Pixels, order: MapOrder) -> Pixels:
    """The map, uint8 RGB, `WIDTH_PX` wide, from a picture of the camera's shape in any size."""
    canvas = _Canvas(rgb, order)
    canvas.shade()
    canvas.grid()
    canvas.horizon()
    canvas.axes()
    canvas.points()
    return np.vstack([canvas.rgb, canvas.strip()])


class _Canvas:
    """One drawing in the making; `_scale` output pixels a native one."""

    def __init__(self, rgb: Pixels, order: MapOrder) -> None:
        width, height = order.size_px
        self._scale = WIDTH_PX / width
        self._order = order
        size = WIDTH_PX, max(2, round(height * self._scale))
        resized = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if rgb.shape[1] > WIDTH_PX else cv2.INTER_CUBIC)
        grey = cv2.cvtColor(cv2.cvtColor(resized, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        self.rgb: Pixels = np.asarray(cv2.addWeighted(resized, 0.42, grey, 0.5, 8), np.uint8)
        self._shade_ratio = _SHADE_RATIO if np.ptp(rgb) else _SHEET_SHADE_RATIO
        self._font: Any = cv2.FontFace("sans")
        self._doubt_kmh = self._doubts((size[1], size[0]))

    # --- the doubt ---

    def _doubts(self, shape: tuple[int, int]) -> Doubles:
        """km/h at every output pixel, (h, w), worst direction; infinite in the sky. Worked out in cells, smooth between them."""
        rows, columns = (np.arange(0, side + _CELL_PX, _CELL_PX) for side in shape)
        x, y = np.meshgrid(columns, rows)
        kmh = AT_KMH * self._order.calibration.speed_doubt_ratio(np.column_stack([x.ravel(), y.ravel()]) / self._scale)
        logs = np.log(np.clip(kmh, 1e-3, 1e3)).reshape(x.shape).astype(np.float32)
        matrix = np.array([[1 / _CELL_PX, 0, 0], [0, 1 / _CELL_PX, 0]], np.float64)
        smooth = cv2.warpAffine(logs, matrix, (shape[1], shape[0]), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(np.exp(smooth.astype(np.float64)), np.float64)

    def shade(self) -> None:
        """One colour a band; no colour where nothing should be measured."""
        below = 0.0
        for limit, colour in DOUBT_BANDS:
            band = (self._doubt_kmh > below) & (self._doubt_kmh <= limit)
            self.rgb[band] = (self.rgb[band] * (1 - self._shade_ratio) + np.array(rgb_of(colour)) * self._shade_ratio).astype(np.uint8)
            below = limit
        beyond = self._doubt_kmh > below
        self.rgb[beyond] = (self.rgb[beyond] * 0.55).astype(np.uint8)
        for limit, _ in DOUBT_BANDS:
            lines, _ = cv2.findContours((self._doubt_kmh <= limit).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
            cv2.polylines(self.rgb, [line for line in lines if len(line) > 40], True, _INK, 1, cv2.LINE_AA)

    # --- the ground ---

    def grid(self) -> None:
        """Every five metres, where they are far enough apart to be told apart and near enough to be believed."""
        sheet = np.zeros(self.rgb.shape[:2], np.uint8)
        for way in self._ground_lines():
            px = self._order.calibration.px_of(way)
            most = self._order.calibration.metres_per_px(px)[:, 1]
            clear = np.isfinite(px).all(axis=1) & (GRID_M / most * self._scale > _GRID_LEAST_PX)
            at = np.where(clear[:, None], px, 0) * self._scale
            clear &= self._is_believed(at)
            for run in np.split(np.arange(len(at)), np.flatnonzero(np.diff(clear.astype(int))) + 1):
                if clear[run[0]] and len(run) > 1:
                    cv2.polylines(sheet, [_fixed(at[run])], False, 255, 1, cv2.LINE_AA, _SHIFT_BITS)
        share = (sheet.astype(np.float32) / 255 * 0.6)[..., None]
        self.rgb = np.asarray(self.rgb * (1 - share) + 255 * share, np.uint8)

    def _ground_lines(self) -> list[Doubles]:
        height, width = self.rgb.shape[:2]
        x, y = np.meshgrid(np.linspace(0, width, 41), np.linspace(0, height, 41))
        at = np.column_stack([x.ravel(), y.ravel()])
        seen = self._order.calibration.place_of(at[self._is_believed(at)] / self._scale)
        seen = seen[np.isfinite(seen).all(axis=1)]
        if not len(seen):
            return []
        low, high = np.floor(seen.min(axis=0) / GRID_M) * GRID_M, np.ceil(seen.max(axis=0) / GRID_M) * GRID_M
        along = [np.arange(low[axis], high[axis] + 0.25, 0.5) for axis in (0, 1)]
        stops = [np.arange(low[axis], high[axis] + 0.1, GRID_M) for axis in (0, 1)]
        across = [np.column_stack([np.full(len(along[1]), stop), along[1]]) for stop in stops[0]]
        return across + [np.column_stack([along[0], np.full(len(along[0]), stop)]) for stop in stops[1]]

    def _is_believed(self, at: Doubles) -> Bools:
        height, width = self._doubt_kmh.shape
        inside = ((at >= 0) & (at <= [width, height])).all(axis=1)
        column, row = (np.clip(at[:, axis].astype(int), 0, side - 1) for axis, side in ((0, width), (1, height)))
        return np.asarray(inside & (self._doubt_kmh[row, column] <= DOUBT_BANDS[-1][0]))

    def horizon(self) -> None:
        """Dashed, where it lies in the picture."""
        height, width = self.rgb.shape[:2]
        line = self._order.calibration.horizon_px() * self._scale
        line = line[(line[:, 0] >= 0) & (line[:, 0] <= width) & (line[:, 1] >= 0) & (line[:, 1] <= height)]
        if len(line) < 2:
            return
        line = line[np.argsort(line[:, 0])]
        fine_x = np.arange(line[0, 0], line[-1, 0], 4.0)
        fine = np.column_stack([fine_x, np.interp(fine_x, line[:, 0], line[:, 1])])
        for begin in range(0, len(fine) - 4, 8):
            self._stroke(fine[begin : begin + 5], _PAPER, 2)
        self._plate("horizon", fine[len(fine) // 2] + [0, -16], _DIM)

    def axes(self) -> None:
        """Where the metres begin, and which way they go."""
        calibration, begin = self._order.calibration, np.zeros((1, 2))
        for tip, name in (([GRID_M, 0.0], "x"), ([0.0, GRID_M], "y")):
            way = calibration.px_of(np.vstack([begin, [tip]])) * self._scale
            if not np.isfinite(way).all() or not self._is_believed(way).all():
                return
            self._arrow(way[0], way[1], _PAPER, 3)
            beyond = way[1] + (way[1] - way[0]) / max(float(np.hypot(*(way[1] - way[0]))), 1.0) * 14
            self._write(name, float(beyond[0]), float(beyond[1]), 17, _PAPER)

    # --- the points ---

    def points(self) -> None:
        """Numbered rings; arrows to where the calibration puts them, enlarged; what contradicts in red."""
        order, scale = self._order, self._scale
        for nth in np.flatnonzero(~order.is_used).tolist():
            if np.isfinite(order.put_px[nth]).all():
                self._stroke(np.stack([order.px[nth], order.put_px[nth]]) * scale, _WRONG, 2)
                self._ring(order.put_px[nth] * scale, 5, _WRONG)
        for nth in range(len(order.px)):
            at = order.px[nth] * scale
            if order.is_used[nth]:
                tip = at + (order.put_px[nth] - order.px[nth]) * scale * self.enlarged
                if np.hypot(*(tip - at)) > _ARROW_LEAST_PX:
                    self._arrow(at, tip, _PAPER, 2)
            self._ring(at, 8, _PAPER if order.is_used[nth] else _WRONG)
        places = _label_places(order.px * scale, (self.rgb.shape[1], self.rgb.shape[0]))
        for nth, place in enumerate(places):
            self._plate(str(nth + 1), place, _PAPER if order.is_used[nth] else _WRONG)

    @property
    def enlarged(self) -> int:
        """How many times the arrows are longer than what they show; 0 where there is nothing to show."""
        off = np.hypot(*((self._order.put_px - self._order.px)[self._order.is_used] * self._scale).T)
        longest = float(off.max(initial=0.0))
        return max((times for times in _ENLARGED if longest * times <= _ARROW_MOST_PX), default=1) if longest > 0.05 else 0

    # --- the strip below ---

    def strip(self) -> Pixels:
        """What the colours, arrows and lines mean."""
        sheet, self.rgb = self.rgb, np.full((_STRIP_PX, WIDTH_PX, 3), _INK, np.uint8)
        self._write(self._order.title, 28, 36, 21, _PAPER, centred=False)
        self._write(self._order.subtitle, 28, 66, 15, _DIM, centred=False)
        arrows = f" · arrows from a point to where the calibration puts it, ×{self.enlarged}" if self.enlarged else " · every point is where it was put"
        self._write(f"grid {GRID_M:g} m{arrows}", 28, 89, 15, _DIM, centred=False)
        left, wide = WIDTH_PX - 28 - 6 * 92, 92
        self._write(f"doubt of a speed of {AT_KMH:g} km/h, one sigma, worst direction", left, 26, 15, _PAPER, centred=False)
        colours = [*(rgb_of(colour) for _, colour in DOUBT_BANDS), (58, 62, 70)]
        for nth, colour in enumerate(colours):
            cv2.rectangle(self.rgb, (left + nth * wide, 42), (left + (nth + 1) * wide - 3, 64), colour, cv2.FILLED)
        for nth, (limit, _) in enumerate(DOUBT_BANDS):
            self._write(f"± {limit:g}", left + (nth + 1) * wide - 2, 84, 15, _DIM)
        self._write("km/h", left + 6 * wide - 40, 84, 15, _DIM)
        strip, self.rgb = self.rgb, sheet
        return strip

    # --- strokes ---

    def _stroke(self, way: Doubles, colour: Rgb, thickness: int) -> None:
        cv2.polylines(self.rgb, [_fixed(way)], False, _INK, thickness + 2, cv2.LINE_AA, _SHIFT_BITS)
        cv2.polylines(self.rgb, [_fixed(way)], False, colour, thickness, cv2.LINE_AA, _SHIFT_BITS)

    def _arrow(self, begin: Doubles, end: Doubles, colour: Rgb, thickness: int) -> None:
        length = max(float(np.hypot(*(end - begin))), 1e-6)
        way, head = (end - begin) / length, min(12.0, 0.6 * length)
        across = np.array([-way[1], way[0]])
        tip = np.stack([end, end - way * head + across * head * 0.45, end - way * head - across * head * 0.45])
        self._stroke(np.stack([begin, end - way * head * 0.7]), colour, thickness)
        cv2.polylines(self.rgb, [_fixed(tip)], True, _INK, 2, cv2.LINE_AA, _SHIFT_BITS)
        cv2.fillConvexPoly(self.rgb, _fixed(tip), colour, cv2.LINE_AA, _SHIFT_BITS)

    def _ring(self, middle: Doubles, radius: int, colour: Rgb) -> None:
        centre = [round(float(value) * (1 << _SHIFT_BITS)) for value in middle]
        for size, tone in ((4, _INK), (2, colour)):
            cv2.circle(self.rgb, centre, radius << _SHIFT_BITS, tone, size, cv2.LINE_AA, _SHIFT_BITS)
        cv2.circle(self.rgb, centre, 2 << _SHIFT_BITS, colour, cv2.FILLED, cv2.LINE_AA, _SHIFT_BITS)

    def _plate(self, text: str, middle: Doubles, colour: Rgb) -> None:
        wide, high = self._text_px(text, 15) + 12, 22
        left, top = (int(np.clip(round(float(middle[axis] - side / 2)), 0, self.rgb.shape[1 - axis] - side)) for axis, side in ((0, wide), (1, high)))
        part = self.rgb[top : top + high, left : left + wide]
        part[:] = (part * 0.2 + np.array(_INK) * 0.8).astype(np.uint8)
        self._write(text, left + wide / 2, top + high / 2 + 5, 15, colour)

    def _write(self, text: str, x: float, y: float, size: int, colour: Rgb, *, centred: bool = True) -> None:
        """A line of text on the base line `y`, about `x` or from it on."""
        left = x - self._text_px(text, size) / 2 if centred else x
        cv2.putText(self.rgb, text, (round(left), round(y)), colour, self._font, size, 500)

    def _text_px(self, text: str, size: int) -> int:
        left, _, right, _ = cv2.getTextSize((0, 0), text, (0, 0), self._font, size, 500)
        return int(right - left)


def _fixed(way: Doubles) -> Any:
    return np.round(np.asarray(way) * (1 << _SHIFT_BITS)).astype(np.int32)


def _label_places(at: Doubles, size_px: tuple[int, int]) -> Sequence[Doubles]:
    """Beside each point, on the side away from the middle of all: there labels meet least."""
    away = at - at.mean(axis=0)
    length = np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-6)[:, None]
    return list(np.clip(at + away / length * 26, 12, np.array(size_px) - 12.0))
