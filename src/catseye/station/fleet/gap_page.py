"""One vehicle's time gap drawn over time, with the moments its terminal told and was told something: a page that shows what a correction is."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from catseye import __version__
from catseye.core.event import Event
from catseye.core.time import NS_PER_S
from catseye.vault.files import whole_file

WIDTH, HEIGHT = 900.0, 360.0  # of the drawing, in its own units
_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 16.0, 76.0, 30.0
_MOST_GAP_S = 3.0
_BEFORE_S, _AFTER_S = 12.0, 14.0
_WORDS = {
    "short-headway": "too close",
    "warning-sent": "warning sent",
    "warning-acknowledged": "acknowledged",
    "warning-refused": "refused",
    "warning-unanswered": "not answered",
    "driver-corrected": "corrected",
    "warning-without-effect": "no effect",
}


@dataclass(frozen=True, slots=True)
class GapCurve:
    """`samples`: seconds since `began_ns`, time gap to the vehicle ahead in seconds, own speed in km/h."""

    began_ns: int
    samples: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """Something told at a moment; `row` keeps words apart that would lie on each other."""

    kind: str
    words: str
    at_s: float
    x: float
    row: int


def write_gap_page(path: Path, curve: GapCurve, events: Sequence[Event], plate: str) -> None:
    """Whole or not at all."""
    told = sorted((event for event in events if event.kind in _WORDS), key=_moment_ns)
    first = next((event for event in told if event.kind == "short-headway"), None)
    begin_s, end_s = _window(curve, told, first)
    across = (WIDTH - _LEFT - _RIGHT) / max(end_s - begin_s, 1.0)

    def x_of(at_s: float) -> float:
        return _LEFT + (at_s - begin_s) * across

    moments: list[Moment] = []
    for event in told:
        at_s = (_moment_ns(event) - curve.began_ns) / NS_PER_S
        if begin_s <= at_s <= end_s:
            near = [each.row for each in moments if abs(each.x - x_of(at_s)) < 110]
            moments.append(Moment(event.kind, _WORDS[event.kind], at_s, x_of(at_s), next(row for row in range(99) if row not in near)))
    shown = [(x_of(at_s), _y_of(gap_s)) for at_s, gap_s, _ in _changes(curve) if begin_s <= at_s <= end_s]
    measured = {measure.name: measure for event in told if event.kind in ("driver-corrected", "short-headway") for measure in event.measures}
    page = Environment(loader=PackageLoader("catseye.station"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    text = page.get_template("gap.html").render(
        version=__version__,
        plate=plate,
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        right=WIDTH - _RIGHT,
        floor=HEIGHT - _BOTTOM,
        top=_TOP,
        line=" ".join(f"{x:.1f},{y:.1f}" for x, y in shown),
        levels=[(level_s, _y_of(level_s)) for level_s in (0, 1, 2, 3)],
        ticks=[(second - begin_s, x_of(second)) for second in _ticks(begin_s, end_s)],
        moments=moments,
        measured=measured,
        is_corrected=any(event.kind == "driver-corrected" for event in told),
    )
    with whole_file(path, "gap-page") as file:
        file.write(text.encode())


def _changes(curve: GapCurve) -> list[tuple[float, float, float]]:
    """Samples at which something was new: the sensors say less often than we look."""
    return [now for before, now in pairwise(((-1.0, -1.0, -1.0), *curve.samples)) if now[1:] != before[1:]]


def _window(curve: GapCurve, told: Sequence[Event], first: Event | None) -> tuple[float, float]:
    """From a little before the first alarm until a little after what came of it; all of it where there was none."""
    if first is None:
        return 0.0, max((at_s for at_s, _, _ in curve.samples), default=1.0)
    begin_s = (_moment_ns(first) - curve.began_ns) / NS_PER_S
    ends = [_moment_ns(event) for event in told if event.kind in ("driver-corrected", "warning-without-effect")]
    end_s = (min(ends) - curve.began_ns) / NS_PER_S if ends else begin_s + 30
    return max(0.0, begin_s - _BEFORE_S), end_s + _AFTER_S


def _moment_ns(event: Event) -> int:
    """When it became so: of what lasts, its end."""
    return event.time_ns if event.kind == "short-headway" else event.end_time_ns


def _y_of(gap_s: float) -> float:
    return HEIGHT - _BOTTOM - min(gap_s, _MOST_GAP_S) / _MOST_GAP_S * (HEIGHT - _BOTTOM - _TOP)


def _ticks(begin_s: float, end_s: float) -> list[float]:
    return [begin_s + step for step in range(0, int(end_s - begin_s) + 1, 5)]
