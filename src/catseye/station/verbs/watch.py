"""`catseye watch`: what was asked for becomes a site; the loop does the rest."""

import math
from collections.abc import Sequence
from pathlib import Path

from catseye.core.errors import SiteError
from catseye.station.outcome import RunOutcome
from catseye.station.site import ANALYSED_FPS, DETECTOR, Site, is_url, line_of_text, load_site, site_of_video


def watch(
    target: str,
    out: Path,
    *,
    camera: str | None,
    source: str | None,
    detector: str | None,
    lines: Sequence[str],
    analysed_fps: float | None,
    limit_s: float | None,
    progress: bool,
) -> RunOutcome:
    """Cameras → facts, into `out`."""
    if limit_s is not None and not (limit_s > 0 and math.isfinite(limit_s)):
        raise SiteError("--limit-s", f"{limit_s:g}", "seconds above 0")
    site = site_of(target, camera=camera, source=source, detector=detector, lines=lines, analysed_fps=analysed_fps)
    from catseye.station.watch import run_watch

    return run_watch(site, out, camera=camera, limit_s=limit_s, progress=progress)


def site_of(
    target: str,
    *,
    camera: str | None = None,
    source: str | None = None,
    detector: str | None = None,
    lines: Sequence[str] = (),
    analysed_fps: float | None = None,
) -> Site:
    """The site file, or the one a video or URL stands for, as the options change it; every detector it names is known."""
    from catseye.vision.models import detectors

    drawn = [line_of_text(text, index) for index, text in enumerate(lines, 1)]
    if Path(target).suffix.lower() == ".toml" and not is_url(target):
        site = load_site(target).with_options(camera=camera, source=source, detector=detector, analysed_fps=analysed_fps, lines=drawn)
    else:
        if source is not None:
            raise SiteError("--source", f"a second source beside {target}", "it with a site file only")
        site = site_of_video(target, lines=drawn, detector=detector or DETECTOR, analysed_fps=ANALYSED_FPS if analysed_fps is None else analysed_fps)
    if camera is not None:
        site.camera_named(camera)
    site.refuse_other_detectors(detectors(), spoken="--detector" if detector else None)
    return site
