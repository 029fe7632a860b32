"""Whether a camera has pixels enough on the road for what it is asked to do. Data and one comparison; metres a pixel come from calibration."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from catseye.core.event import Measure
from catseye.vision.health.finding import HealthFinding, HealthKind


@dataclass(frozen=True, slots=True)
class PixelNeed:
    """Pixels on a metre of road user that a task needs at least, and where the figure is from."""

    least_px_per_m: float
    why: str


# Each as pixels on a metre, across the line of sight.
NEEDS: Mapping[str, PixelNeed] = {
    "counting": PixelNeed(8.0, "a car 1.5 m high is 12 px high, the least that the default detector finds at its input of 416 px"),
    "two-wheelers": PixelNeed(12.5, "EN 62676-4, monitor; a rider 1.7 m high is 21 px high"),
    "speed": PixelNeed(10.0, "1 px of jitter is 0.1 m: over one second in eight looks 0.4 km/h"),
    "plate": PixelNeed(200.0, "characters 75 mm high are 15 px high"),
}


def pixel_findings(metres_per_px: Mapping[str, float], tasks: Iterable[tuple[str, str]], time_ns: int = 0) -> list[HealthFinding]:
    """What is too coarse: `metres_per_px` at each place (a line, a zone), `tasks` pairs of a place and what is asked there, a key of `NEEDS`.

    KeyError on any other task or place.

    >>> [found.detail for found in pixel_findings({"stop-line": 0.05}, [("stop-line", "plate"), ("stop-line", "counting")])]
    ['20 px a metre at stop-line, plate needs 200']
    """
    found = []
    for place, task in tasks:
        need, scale_m = NEEDS[task], metres_per_px[place]
        if not scale_m > 0:
            raise ValueError(f"{place}: {scale_m} metres a pixel; wanted more than 0")
        has_count = 1 / scale_m
        if has_count >= need.least_px_per_m:
            continue
        detail = f"{has_count:.3g} px a metre at {place}, {task} needs {need.least_px_per_m:g}"
        measures = (Measure("pixels_per_metre", has_count, "px/m", 0.05 * has_count),)
        found.append(HealthFinding(HealthKind.TOO_FEW_PIXELS, time_ns, time_ns, detail, measures, False, True, place, {"task": task}))
    return found
