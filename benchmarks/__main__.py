"""Every figure of benchmarks/README.md, as markdown: `python -m benchmarks [NAME ...]`.

Each benchmark is a module of its own and runs in a process of its own, one after the other: none pays for another's memory or imports.
"""

import argparse
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
TITLES = {
    "startup": "Start of the command",
    "line_counting": "Line counting",
    "tracker": "Tracker",
    "counts": "Counts against hand counts",
    "night": "Counts at night, rendered",
    "whole_line": "The whole line against today's pipeline",
    "overhead": "Everything but decode and model",
    "cores": "Several cameras: throughput and cores",
    "memory": "Memory over 10,000 frames",
    "redaction": "Redaction",
    "rules": "What judging costs",
    "rendering": "Rendered road users and the network",
    "speed_arithmetic": "Speed arithmetic",
    "speed_from_video": "Speed from video",
    "calibration": "Reference points and their doubt",
    "ground_point": "Where a road user stands",
    "near_miss": "Near misses and collisions",
    "evidence": "Redacted copies of evidence",
    "vault": "The vault and its sealed log",
    "package": "Evidence packages",
    "picture_health": "What a camera says of itself",
    "lamps": "Traffic lights read from the picture",
    "fleet_codec": "Messages of vehicle terminals",
    "fleet_alarms": "Alarms of vehicle terminals judged",
    "journal": "The journal of vehicle terminals",
    "fleet_gateway": "The gateway of vehicle terminals under load",
}


def machine() -> str:
    """One line: what the figures were measured on."""
    model = next((line.split(":")[1].strip() for line in _lines_of("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores of {model}, {platform.system()}, Python {platform.python_version()}{load}"


def _lines_of(path: str) -> list[str]:
    file = Path(path)
    return file.read_text("utf-8").splitlines() if file.is_file() else []


def run(name: str) -> int:
    """One benchmark in its own process; its markdown goes straight to our output."""
    began_s = time.monotonic()
    print(f"\n## {TITLES[name]}\n\n`python -m benchmarks.{name}`\n", flush=True)
    words = [sys.executable, "-W", "ignore", "-m", f"benchmarks.{name}"]
    code = subprocess.run(words, check=False, cwd=ROOT, env={"CATSEYE_MODELS": str(ROOT.parent / "shared" / "models")} | os.environ).returncode
    print(f"\n{'' if code == 0 else f'FAILED with exit code {code}; '}took {time.monotonic() - began_s:.0f} s", flush=True)
    return code


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of {', '.join(TITLES)}; default: all")
    names = asked.parse_args().names or list(TITLES)
    unknown = set(names) - set(TITLES)
    if unknown:
        asked.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    print(f"# Measured: {machine()}", flush=True)
    return max([run(name) for name in names], default=0)


if __name__ == "__main__":
    sys.exit(main())
