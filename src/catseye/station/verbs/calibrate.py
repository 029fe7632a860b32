"""`catseye calibrate`: what the reference points are worth, in metres and in km/h, written down and drawn."""

import hashlib
import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from catseye import __version__
from catseye.core.certificate import Certificate
from catseye.core.picture import RedactedPicture
from catseye.station.calibration_picture import AT_KMH, MapOrder, draw_map
from catseye.station.calibrations import solution_of
from catseye.station.empty_road import empty_road
from catseye.station.outcome import RunOutcome
from catseye.station.pixel_needs import coarse_places
from catseye.station.preview import write_drawn
from catseye.station.site import Camera, Site, load_site
from catseye.station.verbs.tables import lines_of_table
from catseye.station.watch import refuse_strange_folder
from catseye.vault.files import make_folder, whole_file
from catseye.vault.pictures import write_png
from catseye.vision.calibrate import LENS_FROM_COUNT, Solution
from catseye.vision.camera_geometry import CameraGeometry
from catseye.vision.redact import blank

_PARTS = {"near": 0.95, "middle": 0.5, "far": 0.15}  # from the upper edge of the ground in the picture to its lower edge
_WEAK_RATIO = 0.05


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the picture: what a pixel covers there (across and along), and what calibration leaves in doubt."""

    part: str
    px: tuple[float, float]
    metres_per_px_m: tuple[float, float]
    place_doubt_m: float
    speed_doubt_kmh: float


def calibrate_camera(path: Path, *, camera: str | None, out: Path) -> RunOutcome:
    """Fit the camera's reference points; write certificate, picture and map into `out`. CatseyeError when they cannot be meant."""
    site = load_site(path)
    chosen = site.camera_named(camera)
    refuse_strange_folder(out)
    road, size_px, why = empty_road(site, chosen) if chosen.calibration and chosen.calibration.points else (None, None, "")
    solution = solution_of(site, chosen, size_px)
    parts = _parts_of(solution)
    written = _write(site, chosen, solution, road, out)
    certificate = written.certificate
    weak = [part for part in parts if part.part == "middle" and part.speed_doubt_kmh > _WEAK_RATIO * AT_KMH]
    needs_a_look = bool(solution.outliers or weak)
    summary = _summary(site, chosen, solution, certificate, parts, written.files)
    notes = _notes(solution, weak, why if road is None else "") + _coarse(chosen, solution)
    text = [*_points_table(solution), "", *_parts_table(parts), "", *_sentences(solution), *notes, *(f"written: {name}" for name in written.files)]
    return RunOutcome(1 if needs_a_look else 0, summary | {"notes": notes}, text)


def _parts_of(solution: Solution) -> list[Part]:
    """Near, middle and far: in the middle column, between the lower edge of the picture and the horizon (or the upper edge)."""
    calibration = solution.calibration
    left, top, right, bottom = _frame_px(solution)
    x = (left + right) / 2
    column = np.column_stack([np.full(200, x), np.linspace(top, bottom, 200)])
    ground = column[calibration.is_ground(column)]
    if not len(ground):
        return []
    upper = float(ground[0, 1])
    px = np.array([[x, upper + share * (bottom - upper)] for share in _PARTS.values()])
    sigmas, ratios, spans = calibration.ground_of(px)[1], calibration.speed_doubt_ratio(px), calibration.metres_per_px(px)
    rows = zip(_PARTS, px.tolist(), spans.tolist(), sigmas.tolist(), ratios.tolist(), strict=True)
    return [Part(name, (at[0], at[1]), (span[0], span[1]), sigma, AT_KMH * ratio) for name, at, span, sigma, ratio in rows if np.isfinite([sigma, ratio]).all()]


@dataclass(frozen=True, slots=True)
class _Written:
    certificate: Certificate
    files: tuple[str, ...]


def _write(site: Site, camera: Camera, solution: Solution, road: RedactedPicture | None, out: Path) -> _Written:
    """The empty road (where there is one), the certificate with its hash, the map."""
    make_folder(out)
    files, digest = [], None
    if road is not None:
        png = io.BytesIO()
        write_png(png, road)
        digest = hashlib.sha256(png.getvalue()).hexdigest()
        files.append(_whole(out / f"road-{camera.id}.png", png.getvalue()))
    said = camera.calibration.date if camera.calibration else None
    certificate = solution.certificate(camera.id, (said or datetime.now(UTC).date()).isoformat(), __version__, digest)
    files.append(_whole(out / f"calibration-{camera.id}.json", certificate.as_text().encode()))
    size_px = solution.points.size_px or tuple(int(side) for side in np.ceil(_frame_px(solution)[2:]))
    order = MapOrder(
        solution.calibration,
        solution.points.px,
        solution.calibration.px_of(solution.points.m),
        solution.is_used,
        (size_px[0], size_px[1]),
        f"{site.id} / {camera.id}: speed doubt from calibration",
        _method_in_short(solution, certificate),
    )
    path = out / f"calibration-{camera.id}.png"
    write_drawn(path, road or blank(camera.id, *order.size_px), lambda rgb: draw_map(rgb, order))
    return _Written(certificate, (*files, str(path)))


def _whole(path: Path, content: bytes) -> str:
    with whole_file(path, str(os.getpid())) as file:
        file.write(content)
    return str(path)


def _frame_px(solution: Solution) -> tuple[float, float, float, float]:
    """The picture's edges; where its size is unknown, those of the points with a margin."""
    if solution.points.size_px:
        return 0.0, 0.0, float(solution.points.size_px[0]), float(solution.points.size_px[1])
    low, high = solution.points.px.min(axis=0), solution.points.px.max(axis=0)
    return max(0.0, float(low[0])), max(0.0, float(low[1])), float(high[0] * 1.05), float(high[1] * 1.05)


def _method_in_short(solution: Solution, certificate: Certificate) -> str:
    used, whole = int(solution.is_used.sum()), len(solution.points)
    points = f"{used} points" if used == whole else f"{used} of {whole} points"
    straight = "lens unknown" if solution.points.may_bend and whole < LENS_FROM_COUNT else "straight lens"
    lens = {0: straight, 1: f"lens k1 {solution.calibration.lens[0]:+.3f}"}.get(solution.lens_count, "lens of two numbers")
    rms_px = float(np.sqrt(np.square(solution.residual_px[solution.is_used]).sum(axis=1).mean()))
    residuals = f"residuals {rms_px:.2f} px rms" if solution.redundancy_count else "nothing left over to check by"
    return f"{points} · {lens} · {residuals} · {certificate.made_on}"


def _points_table(solution: Solution) -> list[str]:
    headers = ["point", "px", "m", "residual px", "residual m", "left out m", ""]
    left_out = solution.left_out_m()
    rows = [
        [
            str(nth + 1),
            "{:.1f}, {:.1f}".format(*solution.points.px[nth]),
            "{:.2f}, {:.2f}".format(*solution.points.m[nth]),
            _told(float(np.hypot(*solution.residual_px[nth])), 2),
            _told(solution.residual_m[nth], 3),
            _told(left_out[nth], 3),
            "" if solution.is_used[nth] else "✗ contradicts the others",
        ]
        for nth in range(len(solution.points))
    ]
    return lines_of_table(headers, rows, is_terminal=sys.stdout.isatty())


def _parts_table(parts: Sequence[Part]) -> list[str]:
    headers = ["part", "px", "a pixel covers", "place", f"speed at {AT_KMH:g} km/h"]
    rows = [
        [
            part.part,
            f"{part.px[0]:.0f}, {part.px[1]:.0f}",
            f"{part.metres_per_px_m[0]:.3f} to {part.metres_per_px_m[1]:.3f} m",
            f"± {part.place_doubt_m:.2f} m",
            f"± {part.speed_doubt_kmh:.2f} km/h",
        ]
        for part in parts
    ]
    return lines_of_table(headers, rows, is_terminal=sys.stdout.isatty())


def _sentences(solution: Solution) -> list[str]:
    return [solution.method[0].upper() + solution.method[1:] + ".", _camera_sentence(solution.geometry)]


def _camera_sentence(geometry: CameraGeometry | None) -> str:
    if geometry is None:
        return "Height, tilt and focal length of the camera: not known, since nobody told the picture's size (size_px)."
    if geometry.doubt:
        return f"Height, tilt and focal length of the camera: not known, since {geometry.doubt}."
    height, tilt = f"{geometry.height_m:.1f} ± {geometry.height_sigma_m:.1f} m", f"{geometry.tilt_deg:.1f} ± {geometry.tilt_sigma_deg:.1f}°"
    return f"The camera: {height} high, tilted {tilt}, focal length {geometry.focal_px:.0f} px ± {100 * geometry.focal_sigma_ratio:.0f} %."


def _notes(solution: Solution, weak: Sequence[Part], no_road: str) -> list[str]:
    notes = [f"✗ {fault}" for fault in solution.outliers]
    notes += [f"✗ in the middle of the picture a speed of {AT_KMH:g} km/h is ± {part.speed_doubt_kmh:.1f} km/h: too little to judge by" for part in weak]
    if solution.points.may_bend and len(solution.points) < LENS_FROM_COUNT:
        notes.append(f'The lens is unknown and doubted: {LENS_FROM_COUNT} points tell it, or lens = "none" where it is known to be straight.')
    if no_road:
        notes.append(f"Drawn on a plain sheet: {no_road}.")
    return notes


def _coarse(camera: Camera, solution: Solution) -> list[str]:
    """What the picture has too few pixels for at the site's lines and zones."""
    _, _, width_px, height_px = _frame_px(solution)
    return [f"✗ too few pixels: {finding.detail}" for finding in coarse_places(camera, solution.calibration, (int(width_px), int(height_px)))]


def _told(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "–"


def _summary(site: Site, camera: Camera, solution: Solution, certificate: Certificate, parts: Sequence[Part], files: Sequence[str]) -> dict[str, Any]:
    geometry: Mapping[str, Any] | None = None
    if solution.geometry is not None and not solution.geometry.doubt:
        geometry = {name: value for name, value in asdict(solution.geometry).items() if name not in ("up", "up_by_focal", "doubt")}
    return {
        "site": site.id,
        "camera": camera.id,
        "ok": not solution.outliers,
        "certificate": json.loads(certificate.as_text()),
        "geometry": geometry,
        "parts": [asdict(part) for part in parts],
        "outliers": [str(fault) for fault in solution.outliers],
        "files": list(files),
    }
