"""One mark a kind of event: told apart by shape alone, and by colours that people with any colour vision tell apart (after Okabe and Ito 2008)."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """How a kind is drawn: `path` is SVG path data in a field from -1 to 1; `ink` is the colour of a number within."""

    path: str
    fill: str
    ink: str


def _ring(corners_count: int, turn_deg: float = 0.0, inner_ratio: float = 1.0, reach_ratio: float = 1.0) -> str:
    """A closed polygon, its first corner straight up; with an inner ratio a star."""
    count = corners_count * (2 if inner_ratio < 1 else 1)
    points = []
    for index in range(count):
        angle = math.radians(turn_deg + 360 * index / count)
        reach = reach_ratio * (inner_ratio if inner_ratio < 1 and index % 2 else 1.0)
        points.append(f"{reach * math.sin(angle):.3f} {-reach * math.cos(angle):.3f}")
    return "M" + "L".join(points) + "Z"


CIRCLE = "M0-1A1 1 0 0 1 0 1A1 1 0 0 1 0-1Z"
_STAR, _SQUARE, _UP, _DOWN = _ring(8, 0, 0.55, 1.3), _ring(4, 45, 1.0, 1.28), _ring(3, 0, 1.0, 1.3), _ring(3, 180, 1.0, 1.3)
_DIAMOND, _PENTAGON, _HEXAGON = _ring(4, 0, 1.0, 1.25), _ring(5, 0, 1.0, 1.15), _ring(6, 30, 1.0, 1.1)
_CROSS = "M-.42-1.1H.42V-.42H1.1V.42H.42V1.1H-.42V.42H-1.1V-.42H-.42Z"
_LIGHT, _DARK = "#ffffff", "#111111"

LOOKS = {
    "collision": Look(_STAR, "#a50f15", _LIGHT),
    "near-miss": Look(CIRCLE, "#e69f00", _DARK),
    "red-light": Look(_SQUARE, "#aa3377", _LIGHT),
    "stop-line": Look(_SQUARE, "#e6a0c4", _DARK),
    "wrong-way": Look(_DOWN, "#1b1b1b", _LIGHT),
    "speeding": Look(_UP, "#0072b2", _LIGHT),
    "average-speed": Look(_UP, "#56b4e9", _DARK),
    "failure-to-yield": Look(_PENTAGON, "#009e73", _LIGHT),
    "on-carriageway": Look(_PENTAGON, "#b8e0c8", _DARK),
    "tailgating": Look(_DIAMOND, "#0072b2", _LIGHT),
    "hard-braking": Look(_DIAMOND, "#f0e442", _DARK),
    "solid-line": Look(_HEXAGON, "#56b4e9", _DARK),
    "lane-misuse": Look(_HEXAGON, "#005a43", _LIGHT),
    "prohibited-turn": Look(_HEXAGON, "#d55e00", _LIGHT),
    "stopped": Look(_CROSS, "#d55e00", _DARK),
    "obstacle": Look(_CROSS, "#1b1b1b", _LIGHT),
    "queue": Look(_CROSS, "#56b4e9", _DARK),
    "congestion": Look(_CROSS, "#cc79a7", _DARK),
}
"""Kinds of the house; a plug-in's are drawn as `OTHER`. The gravest first: later ones are drawn over them."""

OTHER = Look(_DIAMOND, "#7a828c", _LIGHT)


def look_of(kind: str) -> Look:
    """How a kind of event is drawn."""
    return LOOKS.get(kind, OTHER)
