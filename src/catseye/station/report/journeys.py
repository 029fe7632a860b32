"""From which line to which: bands between two columns, as wide as the journeys are many."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_GAP_RATIO = 3.0


@dataclass(frozen=True, slots=True)
class End:
    """A line as origin (left) or destination (right): where its bar stands, in hundredths of the diagram's height."""

    line: str
    top_ratio: float
    height_ratio: float
    journeys_count: int


@dataclass(frozen=True, slots=True)
class Band:
    """Journeys from one line to another; `path` is the band's outline in a field of 100 × 100."""

    begin: str
    end: str
    journeys_count: int
    path: str


@dataclass(frozen=True, slots=True)
class Journeys:
    """Origin-destination of one camera. `matrix` (origins × destinations) follows `lines`."""

    lines: tuple[str, ...]
    origins: tuple[End, ...]
    destinations: tuple[End, ...]
    bands: tuple[Band, ...]
    matrix: tuple[tuple[int, ...], ...]
    total_count: int


def read_journeys(od_csv: Path) -> dict[str, dict[tuple[str, str], int]]:
    """Journeys by camera, from line to line, as od.csv says."""
    found: dict[str, dict[tuple[str, str], int]] = {}
    with od_csv.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["camera"], {})[row["from_line"], row["to_line"]] = int(row["count"])
    return found


def journeys_of(lines: Sequence[str], pairs: Mapping[tuple[str, str], int]) -> Journeys:
    """The diagram of one camera; lines without a journey have no bar, and stay in the matrix."""
    matrix = tuple(tuple(pairs.get((begin, end), 0) for end in lines) for begin in lines)
    total_count = sum(map(sum, matrix))
    origins = _ends(lines, [sum(row) for row in matrix], total_count)
    destinations = _ends(lines, [sum(column) for column in zip(*matrix, strict=True)], total_count)
    left, right = ({end.line: end.top_ratio for end in ends} for ends in (origins, destinations))
    left_scale, right_scale = (_room(len(ends)) / total_count if total_count else 0.0 for ends in (origins, destinations))
    bands = []
    for begin, row in zip(lines, matrix, strict=True):
        for end, count in zip(lines, row, strict=True):
            if count:
                bands.append(Band(begin, end, count, _outline(left[begin], count * left_scale, right[end], count * right_scale)))
                left[begin] += count * left_scale
                right[end] += count * right_scale
    return Journeys(tuple(lines), origins, destinations, tuple(bands), matrix, total_count)


def _room(ends_count: int) -> float:
    return 100 - _GAP_RATIO * max(0, ends_count - 1)


def _ends(lines: Sequence[str], counts: Sequence[int], total_count: int) -> tuple[End, ...]:
    known = [(line, count) for line, count in zip(lines, counts, strict=True) if count]
    scale = _room(len(known)) / total_count if total_count else 0.0
    ends, top = [], 0.0
    for line, count in known:
        ends.append(End(line, top, count * scale, count))
        top += count * scale + _GAP_RATIO
    return tuple(ends)


def _outline(left: float, left_height: float, right: float, right_height: float) -> str:
    there = f"M0 {left:.2f}C50 {left:.2f} 50 {right:.2f} 100 {right:.2f}V{right + right_height:.2f}"
    return f"{there}C50 {right + right_height:.2f} 50 {left + left_height:.2f} 0 {left + left_height:.2f}Z"
