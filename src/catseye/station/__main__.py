"""`catseye` and `python -m catseye.station`."""

import sys

from catseye.station.cli import run


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run())


if __name__ == "__main__":
    main()
