"""Whether throughput grows with cores: the same eight files by one process, then by one process a core. `python -m benchmarks.cores`."""

import argparse
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from benchmarks.common import CLIPS, Table
from catseye.station import watch
from catseye.station.site import Site, load_site

CAMERAS_COUNT = 8


def site_in(folder: Path) -> Site:
    """A site of eight cameras, each a London clip with one line."""
    clips = sorted(CLIPS.glob("a13-*.mp4"))[:CAMERAS_COUNT]
    tables = [
        f'[[camera]]\nid = "cam-{index}"\nsource = "{clip}"\n[[camera.line]]\nid = "road"\npx = [[0, 200], [352, 200]]\n' for index, clip in enumerate(clips, 1)
    ]
    path = folder / "site.toml"
    path.write_text('[site]\nid = "cores"\n\n' + "\n".join(tables), "utf-8")
    return load_site(path)


def measure(cores_count: int) -> tuple[float, float]:
    """Video seconds a wall second, start-up of the processes included, and the wall seconds."""
    with tempfile.TemporaryDirectory() as name, patch.object(watch, "cores_count", lambda: cores_count):
        site = site_in(Path(name))
        began_s = time.monotonic()
        outcome = watch.run_watch(site, Path(name) / "out", camera=None, limit_s=None, progress=False, wants_pictures=False)
        wall_s = time.monotonic() - began_s
    return outcome.summary["duration_s"] / wall_s, wall_s


def main() -> dict[int, tuple[float, float]]:
    argparse.ArgumentParser(description=__doc__).parse_args()
    found = {cores_count: measure(cores_count) for cores_count in (1, 2)}
    table = Table(["processes", "video seconds a second", "wall, s", "against one"])
    for cores_count, (rate, wall_s) in found.items():
        table.add(str(cores_count), rate, wall_s, rate / found[1][0])
    print(table)
    return found


if __name__ == "__main__":
    main()
