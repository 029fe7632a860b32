"""`hazards`: ranks places by near misses and violations over finished runs, compares two periods, and draws them on a map and over the camera's view."""

import base64
import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from catseye import __version__
from catseye.core.arrays import Doubles
from catseye.core.errors import SiteError, SourceError
from catseye.core.geo import GeoPoint
from catseye.station.outcome import RunOutcome
from catseye.station.preview import jpeg_of_kept
from catseye.station.report import words
from catseye.station.watched import WatchedCamera, read_runs, seen_places, still_of
from catseye.traffic.counts import Change, change_of_rate
from catseye.traffic.hazards import COLLISION, NEAR_MISS, Danger, HazardPlace, rank_places
from catseye.vault.files import whole_file

RADIUS_M, RADIUS_PX = 6.0, 24.0
RULES_OF_DANGER = (
    *("red-light", "wrong-way", "speeding", "average-speed", "stop-line", "failure-to-yield", "tailgating", "hard-braking", "solid-line"),
    *("lane-misuse", "prohibited-turn", "stopped", "on-carriageway", "obstacle"),
)
_HEADER = (
    *("camera", "rank", "x", "y", "unit", "radius", "latitude", "longitude", "conflicts", "serious", "collisions", "pet_only", "violations"),
    *("conflicts_per_h", "conflicts_per_h_least", "conflicts_per_h_most", "violations_per_h", "change_ratio", "change_least", "change_most", "change_chance"),
)


@dataclass(frozen=True, slots=True)
class RankedCamera:
    """One camera's places over all its runs, in the one plane its dangers have."""

    camera: str
    unit: str
    watched_h: float
    before_h: float
    places: tuple[HazardPlace, ...]
    whole: Change | None
    conflicts_count: int
    violations_count: int
    untrusted_count: int
    latest: WatchedCamera


def run_hazards(folders: Sequence[Path], out: Path, *, before: Sequence[Path] = (), radius_m: float = RADIUS_M) -> RunOutcome:
    """Rank what the folders hold, beside `before` where given; hazards.csv, .geojson and .html into `out`."""
    if not folders:
        raise SiteError("OUT", "no folder", "one or more folders that `watch` or `judge` wrote")
    now, then = read_runs(folders), read_runs(before)
    cameras = [_ranked(name, [c for c in now if c.camera == name], [c for c in then if c.camera == name], radius_m) for name in _names(now)]
    if not cameras:
        raise SourceError(str(folders[0]), "no camera in it", "a folder that `watch` or `judge` wrote")
    out.mkdir(parents=True, exist_ok=True)
    _write(out / "hazards.csv", _csv(cameras))
    _write(out / "hazards.geojson", json.dumps(_geojson(cameras), ensure_ascii=False, indent=1))
    _write(out / "hazards.html", _page(cameras))
    text = [line for camera in cameras for line in _said(camera)]
    text += [f"written: {out / name}" for name in ("hazards.html", "hazards.csv", "hazards.geojson")]
    watched = all(camera.watched_h > 0 for camera in cameras)
    return RunOutcome(0 if watched else 1, {"cameras": [_summary(camera) for camera in cameras]}, text)


def _names(runs: Sequence[WatchedCamera]) -> list[str]:
    return list(dict.fromkeys(run.camera for run in runs))


def _ranked(name: str, now: Sequence[WatchedCamera], then: Sequence[WatchedCamera], radius_m: float) -> RankedCamera:
    events = [event for run in now for event in run.events]
    unit = "m" if any(event.get("ground_m") for event in [*events, *(event for run in then for event in run.events)]) else "px"
    origin = _origin(now[-1])
    dangers, untrusted = _dangers(now, unit, origin)
    earlier, _ = _dangers(then, unit, origin)
    watched_h, before_h = (sum(run.trusted_s for run in runs) / 3600 for runs in (now, then))
    radius = radius_m if unit == "m" else RADIUS_PX
    places = rank_places(dangers, watched_h, radius, earlier, before_h) if watched_h > 0 else []
    conflicts, before = sum(danger.is_conflict for danger in dangers), sum(danger.is_conflict for danger in earlier)
    whole = change_of_rate(before, before_h, conflicts, watched_h) if before_h > 0 and watched_h > 0 else None
    violations = sum(danger.kind not in (NEAR_MISS, COLLISION) for danger in dangers)
    return RankedCamera(name, unit, watched_h, before_h, tuple(places), whole, conflicts, violations, untrusted, now[-1])


def _origin(run: WatchedCamera) -> GeoPoint | None:
    """Where on the globe the metres of a run begin; None where nothing says."""
    return None if run.calibration is None else run.calibration.origin


def _dangers(runs: Sequence[WatchedCamera], unit: str, origin: GeoPoint | None) -> tuple[list[Danger], int]:
    """Dangers that have a place; how many were left out because the camera was not to be trusted then. Metres count from `origin`, where one is known."""
    found: list[Danger] = []
    untrusted = 0
    for event, began in ((event, _origin(run)) for run in runs for event in run.events):
        place = event.get("ground_m" if unit == "m" else "px")
        if unit == "m" and place is not None and origin is not None and began is not None and began != origin:
            place = origin.plane_m(began.degrees_of(np.array([place], np.float64)))[0]
        if event["kind"] not in (NEAR_MISS, COLLISION, *RULES_OF_DANGER) or place is None:
            continue
        if not event.get("trusted", True):
            untrusted += 1
            continue
        said = {measure["name"]: float(measure["value"]) for measure in event["measures"]}
        found.append(Danger(event["kind"], (float(place[0]), float(place[1])), said.get("ttc_min"), said.get("drac_max"), said.get("pet")))
    return found, untrusted


def _said(camera: RankedCamera) -> list[str]:
    near_misses, violations = words.counted(camera.conflicts_count, "near miss", "near misses"), words.counted(camera.violations_count, "violation")
    lines = [f"{camera.camera}: {words.counted(len(camera.places), 'place')} in {camera.watched_h:.2f} h, {near_misses}, {violations}"]
    if camera.whole is not None:
        lines.append(f"{camera.camera}: {change_said(camera.whole, camera.before_h, camera.watched_h)}")
    for place in camera.places[:5]:
        value, least, most = place.hourly
        where = f"({place.place[0]:.1f}, {place.place[1]:.1f}) {camera.unit}"
        lines.append(
            f"{camera.camera}: {place.rank}. {where}: {value:.1f} near misses an hour ({least:.1f} to {most:.1f}), {place.violations_count} violations"
        )
    return lines


def change_said(change: Change, before_h: float, after_h: float) -> str:
    """One sentence a traffic engineer may forward; it says chance when it may be chance."""
    before, after = change.before_count / before_h, change.after_count / after_h
    rates = f"near misses {before:.1f} an hour before, {after:.1f} after"
    if not np.isfinite(change.ratio):
        return f"{rates}: too few to compare"
    interval = f"× {change.ratio:.2f}, 95 % interval {change.least_ratio:.2f} to {change.most_ratio:.2f}, p = {change.chance_ratio:.3f}"
    verdict = "more than chance explains" if change.is_significant else "chance may explain it"
    return f"{rates} ({interval}): {verdict}"


def _summary(camera: RankedCamera) -> dict[str, Any]:
    return {
        "camera": camera.camera,
        "hours": round(camera.watched_h, 4),
        "before_hours": round(camera.before_h, 4),
        "near_misses": camera.conflicts_count,
        "violations": camera.violations_count,
        "untrusted_left_out": camera.untrusted_count,
        "change": change_said(camera.whole, camera.before_h, camera.watched_h) if camera.whole else None,
        "places": [_row(camera, place) for place in camera.places],
    }


def _row(camera: RankedCamera, place: HazardPlace) -> dict[str, Any]:
    change, degrees = place.change, _degrees(camera, place)
    values = (
        *(camera.camera, place.rank, round(place.place[0], 2), round(place.place[1], 2), camera.unit, round(place.radius, 2), *(degrees or (None, None))),
        *(place.conflicts_count, place.serious_count, place.collisions_count, place.pet_only_count, place.violations_count),
        *(round(value, 4) for value in place.hourly),
        round(place.violations_hourly[0], 4),
        *((_finite(change.ratio), _finite(change.least_ratio), _finite(change.most_ratio), round(change.chance_ratio, 5)) if change else (None,) * 4),
    )
    return dict(zip(_HEADER, values, strict=True)) | {"violations_by_kind": dict(place.violations)}


def _degrees(camera: RankedCamera, place: HazardPlace) -> tuple[float, float] | None:
    """Latitude and longitude of a place, WGS-84, to a centimetre; None where the ground was not measured in degrees."""
    origin = _origin(camera.latest) if camera.unit == "m" else None
    if origin is None:
        return None
    latitude, longitude = origin.degrees_of(np.array([place.place], np.float64))[0].round(7).tolist()
    return latitude, longitude


def _finite(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None


def _csv(cameras: Sequence[RankedCamera]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _HEADER, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(_row(camera, place) for camera in cameras for place in camera.places)
    return text.getvalue()


def _geojson(cameras: Sequence[RankedCamera]) -> dict[str, Any]:
    """RFC 7946: WGS-84, longitude first. Where nothing ties the ground to the globe, places are unlocated: geometry null.

    `x_m`, `y_m` (or, uncalibrated, `x_px`, `y_px`) are the camera's own coordinates; `reference` says which kind of place it is.
    """
    return {"type": "FeatureCollection", "features": [_feature(camera, place) for camera in cameras for place in camera.places]}


def _feature(camera: RankedCamera, place: HazardPlace) -> dict[str, Any]:
    row, degrees = _row(camera, place), _degrees(camera, place)
    geometry = None if degrees is None else {"type": "Point", "coordinates": [degrees[1], degrees[0]]}
    own = {f"x_{camera.unit}": row["x"], f"y_{camera.unit}": row["y"], "reference": "local" if degrees is None else "WGS-84"}
    return {"type": "Feature", "geometry": geometry, "properties": row | own}


@dataclass(frozen=True, slots=True)
class _Dot:
    left: float
    top: float
    size: float
    place: HazardPlace


@dataclass(frozen=True, slots=True)
class _Map:
    """A picture of places: `box` of the drawing, the ways driven as one path of points, the camera's view behind where there is one."""

    ranked: RankedCamera
    width: float
    height: float
    ways: str
    still: str
    dots: tuple[_Dot, ...]
    scale_m: float
    title: str
    change: str
    is_local: bool


def _page(cameras: Sequence[RankedCamera]) -> str:
    loader = PackageLoader("catseye.station", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("hazards.html").render(
        maps=[_map(camera) for camera in cameras],
        version=__version__,
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        words=words,
        degrees_of=_degrees,
    )


def _map(camera: RankedCamera) -> _Map:
    over_view = _over_view(camera)
    if over_view is not None:
        at, still = over_view
        ways, width, height, scale_m = "", float(camera.latest.size_px[0]), float(camera.latest.size_px[1]), 0.0
    else:
        at, ways, (width, height) = _plan(camera)
        still, scale_m = "", float(10.0 ** np.floor(np.log10(max(width / 4, 1e-6)))) if camera.unit == "m" else 0.0
    largest = max((place.conflicts_count + place.violations_count for place in camera.places), default=1) or 1
    shares = [(place.conflicts_count + place.violations_count) / largest for place in camera.places]
    sizes = [max(width, height) * (0.008 + 0.03 * share**0.5) for share in shares]
    dots = tuple(
        _Dot(x, y, size, place)
        for (x, y), size, place in zip(at.tolist(), sizes, camera.places, strict=True)
        if 0 <= x <= width and 0 <= y <= height  # NaN, behind the camera, is not
    )
    change = change_said(camera.whole, camera.before_h, camera.watched_h) if camera.whole else ""
    return _Map(camera, width, height, ways, still, dots, scale_m, _title(camera), change, _origin(camera.latest) is None)


def _over_view(camera: RankedCamera) -> tuple[Doubles, str] | None:
    """Where each place is in the camera's picture (n, 2), and the redacted still; None where either is not known."""
    path = still_of(camera.latest)
    if not path.is_file():
        return None
    where = np.array([place.place for place in camera.places], np.float64).reshape(-1, 2)
    if camera.unit == "m" and camera.latest.calibration is not None:
        where = camera.latest.calibration.px_of(where)  # of pictures of this run's size
    elif camera.unit == "m":
        both = [(event["ground_m"], event["px"]) for event in camera.latest.events if event.get("ground_m") and event.get("px")]
        if not both:
            return None
        ground, px = (np.array([pair[which] for pair in both], np.float64) for which in (0, 1))
        away = np.hypot(*(where[:, None] - ground[None]).transpose(2, 0, 1))
        where = np.array([px[np.argsort(row)[:3]].mean(0) for row in away]).reshape(-1, 2)
    return where, f"data:image/jpeg;base64,{base64.b64encode(jpeg_of_kept(path)).decode()}"


def _plan(camera: RankedCamera) -> tuple[Doubles, str, tuple[float, float]]:
    """Seen from above (or, uncalibrated, in the picture's plane): places (n, 2) in the drawing, the ways driven as one SVG path, its size."""
    on_ground = camera.unit == "m"
    seen = seen_places(camera.latest.folder, camera.camera, on_ground=on_ground)
    dangers = np.array([place.place for place in camera.places], np.float64).reshape(-1, 2)
    low, high = _frame(seen, dangers)
    flip = np.array([1.0, -1.0]) if on_ground else np.ones(2)
    zero = np.array([low[0], high[1]]) if on_ground else low
    ways = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in ((seen - zero) * flip).tolist()[:8000])
    width, height = (high - low).tolist()
    return (dangers - zero) * flip, ways, (width, height)


def _title(camera: RankedCamera) -> str:
    if not camera.places:
        return f"No near miss and no violation in {words.span(camera.watched_h * 3600)}"
    first = camera.places[0]
    if first.conflicts_count:
        return f"{words.counted(first.conflicts_count, 'near miss', 'near misses')} at the worst of {words.counted(len(camera.places), 'place')}"
    return f"No near miss, {words.counted(camera.violations_count, 'violation')} at {words.counted(len(camera.places), 'place')}"


def _frame(seen: Doubles, dangers: Doubles) -> tuple[Doubles, Doubles]:
    every = np.concatenate([seen, dangers]) if len(seen) or len(dangers) else np.zeros((1, 2))
    low, high = np.percentile(every, 0.5, axis=0), np.percentile(every, 99.5, axis=0)
    if len(dangers):
        low, high = np.minimum(low, dangers.min(0)), np.maximum(high, dangers.max(0))
    room = 0.05 * float(np.max(high - low)) + 1.0
    return low - room, high + room


def _write(path: Path, text: str) -> None:
    with whole_file(path, "hazards") as file:
        file.write(text.encode())
