"""How long `catseye --help` takes, beside a Python that does nothing. `python -m benchmarks.startup [--times N]`."""

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.common import Table, median

TIMES_COUNT = 10


def commands() -> dict[str, list[str]]:
    """What is run: the command as installed beside this Python, and nothing at all."""
    return {
        "catseye --help": [str(Path(sys.executable).with_name("catseye")), "--help"],
        "python -c pass": [sys.executable, "-c", "pass"],
    }


def run_s(command: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began_s = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    wall_s = time.monotonic() - began_s
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(times_count: int) -> dict[str, list[tuple[float, float]]]:
    """Wall and CPU seconds of each, taking turns; one run before to warm the disk."""
    for command in commands().values():
        run_s(command)
    turns = [{name: run_s(command) for name, command in commands().items()} for _ in range(times_count)]
    return {name: [turn[name] for turn in turns] for name in commands()}


def main() -> dict[str, list[tuple[float, float]]]:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--times", type=int, default=TIMES_COUNT)
    options = asked.parse_args()
    found = measure(options.times)
    table = Table(["command", "wall, median, s", "wall, least, s", "CPU, median, s"])
    for name, runs in found.items():
        wall_s, cpu_s = zip(*runs, strict=True)
        table.add(f"`{name}`", median(wall_s), min(wall_s), median(cpu_s))
    print(table)
    return found


if __name__ == "__main__":
    main()
