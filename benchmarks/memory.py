"""Memory over 10,000 frames: one clip again and again, as a camera that never ends, through the whole line; resident memory must stay flat.

`python -m benchmarks.memory [CLIP] [--frames N] [--no-pictures]`. Resident memory of this process, every 50 frames; growth is against what it was
after the first 500 frames.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import psutil  # type: ignore[import-untyped] # it ships no types

from benchmarks.common import CLIPS, Table, median, peak_rss_mb
from catseye.core.picture import RawFrame
from catseye.core.sockets import Source, SourceNotice

CLIP = "motorway.mp4"
FRAMES_COUNT, WARM_COUNT, SAMPLE_EVERY_COUNT = 10_000, 500, 50


class EndlessSource:
    """A file played over and over on one clock, `frames_count` frames in all, weighing the process as it goes."""

    is_live = False
    duration_s: float | None = None

    def __init__(self, source: Source, frames_count: int) -> None:
        self.camera = source.camera
        self.rss_mb: list[float] = []
        self._source, self._frames_count = source, frames_count
        self._process = psutil.Process()

    def __iter__(self) -> Iterator[RawFrame | SourceNotice]:
        """Frames with times that go on growing; notices of the file are left out."""
        shown_count, begin_ns, last_ns, step_ns = 0, 0, 0, 0
        while shown_count < self._frames_count:
            for item in self._source:
                if shown_count == self._frames_count:
                    return
                if isinstance(item, SourceNotice):
                    continue
                if shown_count % SAMPLE_EVERY_COUNT == 0:
                    self.rss_mb.append(self._process.memory_info().rss / (1 << 20))
                time_ns = begin_ns + item.time_ns
                step_ns, last_ns = max(time_ns - last_ns, 1), time_ns
                yield replace(item, time_ns=time_ns, index=shown_count)
                shown_count += 1
            begin_ns = last_ns + step_ns

    def close(self) -> None:
        """Close the file."""
        self._source.close()


def growth_ratio(rss_mb: Sequence[float], warm_count: int = WARM_COUNT // SAMPLE_EVERY_COUNT) -> float:
    """The most memory after the warm-up against the memory at its end, less 1.

    >>> growth_ratio([50.0, 100.0, 101.0, 102.0], warm_count=1)
    0.02
    """
    return round(max(rss_mb[warm_count:]) / rss_mb[warm_count] - 1, 9)


def soak(clip: str, frames_count: int, wants_pictures: bool) -> list[float]:
    """`catseye watch` with the one source exchanged; what it wrote is thrown away. Resident memory, MB, from the first frame on."""
    from catseye.station import watch
    from catseye.station.site import Camera, Site, site_of_video
    from catseye.vision.sources import open_source

    endless: list[EndlessSource] = []

    def opened(site: Site, camera: Camera) -> EndlessSource:
        endless.append(EndlessSource(open_source(site.source_of(camera), camera=camera.id), frames_count))
        return endless[0]

    site = site_of_video(str(CLIPS / clip))
    with tempfile.TemporaryDirectory() as folder, patch.object(watch, "open_camera", opened):
        watch.run_watch(site, Path(folder) / "out", camera=None, limit_s=None, progress=False, wants_pictures=wants_pictures)
    return endless[0].rss_mb


def main() -> dict[str, float]:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("clip", nargs="?", default=CLIP)
    asked.add_argument("--frames", type=int, default=FRAMES_COUNT)
    asked.add_argument("--no-pictures", action="store_true")
    options = asked.parse_args()
    rss_mb = soak(options.clip, options.frames, not options.no_pictures)
    marks = [WARM_COUNT, *range(2000, options.frames, 2000)]
    table = Table([*(f"after {count} frames" for count in marks), "most after 500", "last tenth, median", "growth"])
    at = (f"{rss_mb[count // SAMPLE_EVERY_COUNT]:.1f}" for count in marks)
    warm = WARM_COUNT // SAMPLE_EVERY_COUNT
    table.add(*at, f"{max(rss_mb[warm:]):.1f}", f"{median(rss_mb[-len(rss_mb) // 10 :]):.1f}", f"**{growth_ratio(rss_mb):+.1%}**")
    print(f"Resident memory, MB, {options.clip}, {options.frames} frames:\n\n{table}")
    return {"growth_ratio": growth_ratio(rss_mb), "peak_mb": peak_rss_mb()}


if __name__ == "__main__":
    main()
