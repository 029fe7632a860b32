"""What the benchmarks share: clips and their true counts, our line as the product runs it, a source that comes late, memory, tables."""

import json
import os
import statistics
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from catseye.core.arrays import Floats, Pixels
from catseye.core.picture import RawFrame
from catseye.core.sockets import Source, SourceNotice
from catseye.core.time import NS_PER_S

SHARED = (Path(__file__).parents[1] / ".." / "shared").resolve()
CLIPS = SHARED / "video"
HAND_COUNTS = Path(__file__).with_name("hand-counts.toml")
DIRECTIONS = ("forward", "backward")
ANNOTATOR_S = 0.3  # how well the hand counts know the time
PEER_CLIPS = (
    "motorway.mp4",
    "a13-201707211410.mp4",
    "a13-201709041716.mp4",
    "a13-201709140956.mp4",
    "highway.avi",
    "carpark-exit.mp4",
)
OFFSETS_MS = (0, 40, 80, 160, 320)

os.environ.setdefault("CATSEYE_MODELS", str(SHARED / "models"))

Way = tuple[str, str]  # line, direction


@dataclass(frozen=True, slots=True)
class Passage:
    """One road user over one line, as counted by hand. `is_sure` False: it may be counted, it need not."""

    time_s: float
    direction: str
    is_sure: bool


@dataclass(frozen=True, slots=True)
class Span:
    """How many may be counted: every sure passage must, an unsure one may."""

    least_count: int
    most_count: int

    def error(self, count: int) -> int:
        """How many too many (above 0) or too few (below 0).

        >>> Span(3, 5).error(4), Span(3, 5).error(7), Span(3, 5).error(1)
        (0, 2, -2)
        """
        return max(count - self.most_count, 0) - max(self.least_count - count, 0)

    def __str__(self) -> str:
        return str(self.least_count) if self.least_count == self.most_count else f"{self.least_count} to {self.most_count}"


@dataclass(frozen=True, slots=True)
class TrueLine:
    """A line as drawn by the annotator, `ends_px` in native pixels, and who crossed it."""

    id: str
    ends_px: tuple[tuple[float, float], tuple[float, float]]
    passages: tuple[Passage, ...]

    def span(self, direction: str, offset_ms: int = 0) -> Span:
        """What a counter should say that missed the first `offset_ms`; a passage near that moment becomes unsure."""
        begin_s = offset_ms / 1000
        sure_from_s = begin_s + ANNOTATOR_S if offset_ms else -1.0
        seen = [passage for passage in self.passages if passage.direction == direction and passage.time_s >= begin_s - ANNOTATOR_S]
        sure_count = sum(passage.is_sure and passage.time_s >= sure_from_s for passage in seen)
        return Span(sure_count, len(seen))


@dataclass(frozen=True, slots=True)
class TrueClip:
    """A clip of ../shared/video with its lines."""

    file: str
    is_night: bool
    lines: tuple[TrueLine, ...]

    @property
    def path(self) -> Path:
        """Where the clip lies."""
        return CLIPS / self.file

    def ways(self) -> Iterator[tuple[TrueLine, str]]:
        """Every line, both ways, also where nobody went: what is counted there is wrong."""
        return ((line, direction) for line in self.lines for direction in DIRECTIONS)


def true_clips() -> dict[str, TrueClip]:
    """All clips that were counted by hand, by file name: the two of ../shared first, then ours."""
    found = {"carpark-exit.mp4": _carpark(), "highway.avi": _highway()}
    for clip in tomllib.loads(HAND_COUNTS.read_text("utf-8"))["clip"]:
        found[clip["file"]] = TrueClip(clip["file"], clip["night"], tuple(_line(table) for table in clip["line"]))
    return found


def _line(table: Mapping[str, list[list[float]]]) -> TrueLine:
    (x1, y1), (x2, y2) = table["px"]
    passages = tuple(Passage(float(time_s), str(direction), bool(sure)) for time_s, direction, _, sure in table["events"])
    return TrueLine(str(table["id"]), ((x1, y1), (x2, y2)), passages)


def _shared_counts(file: str) -> dict[str, list[list[object]]]:
    clips = json.loads((CLIPS / "hand-counts.json").read_text("utf-8"))["clips"]
    found: dict[str, list[list[object]]] = next(clip for clip in clips if clip["file"] == file)
    return found


def _carpark() -> TrueClip:
    """Walking left to right along y = 216, down the picture is forward."""
    ways = {"down": "forward", "up": "backward"}
    passages = tuple(Passage(float(str(time_s)), ways[str(way)], True) for time_s, _, way in _shared_counts("carpark-exit.mp4")["events"])
    return TrueClip("carpark-exit.mp4", False, (TrueLine("y216", ((0, 216), (768, 216)), passages),))


def _highway() -> TrueClip:
    """All come towards the camera: forward over y = 150; the truck is one of the lanes' vehicles."""
    told = _shared_counts("highway.avi")
    times_s = sorted(float(str(time_s)) for lane in ("left_t", "right_t") for time_s in told[lane])
    return TrueClip("highway.avi", False, (TrueLine("y150", ((0, 150), (320, 150)), tuple(Passage(t, "forward", True) for t in times_s)),))


class LateSource:
    """A source whose first `offset_ms` nobody saw; the first frame that was seen is its time zero."""

    is_live = False

    def __init__(self, source: Source, offset_ms: int) -> None:
        self.camera, self.duration_s = source.camera, source.duration_s
        self._source, self._offset_ns = source, offset_ms * 1_000_000

    def __iter__(self) -> Iterator[RawFrame | SourceNotice]:
        """Frames from the offset on."""
        zero_ns: int | None = None
        for item in self._source:
            if item.time_ns < self._offset_ns:
                continue
            if isinstance(item, SourceNotice):
                yield replace(item, time_ns=item.time_ns - (zero_ns or 0), end_time_ns=item.end_time_ns - (zero_ns or 0))
                continue
            zero_ns = item.time_ns if zero_ns is None else zero_ns
            yield replace(item, time_ns=item.time_ns - zero_ns)

    def close(self) -> None:
        """Close what it reads."""
        self._source.close()


@dataclass(frozen=True, slots=True)
class LineRun:
    """One run of our whole line without pictures. CPU seconds of the process; `model_s` is time inside the network alone.

    `start_up_s` is all the process had spent before the first frame was asked for: it tells something in the first run of a process only.
    `closing_s`, of `cpu_s`, is what came after the last frame, once a run.
    """

    counts: Counter[Way]
    steps_s: Mapping[str, float]
    model_s: float
    start_up_s: float
    closing_s: float
    cpu_s: float
    duration_s: float
    frames_decoded_count: int
    frames_analysed_count: int
    frames_idle_count: int
    model_calls_count: int


@dataclass(slots=True)
class ModelClock:
    """Thread CPU seconds inside a network."""

    spent_s: float = 0.0
    calls_count: int = 0


@contextmanager
def timed_model(name: str) -> Iterator[ModelClock]:
    """While open, the process's network of that name is timed."""
    from catseye.vision.detect.network import open_network

    network, clock = open_network(name), ModelClock()
    rows = network.rows

    def timed(rgb: Pixels) -> Floats:
        begin_s = time.thread_time()
        found = rows(rgb)
        clock.spent_s += time.thread_time() - begin_s
        clock.calls_count += 1
        return found

    vars(network)["rows"] = timed  # over the method
    try:
        yield clock
    finally:
        del vars(network)["rows"]


def run_line(clip: TrueClip, detector_name: str = "", offset_ms: int = 0) -> LineRun:
    """The product's own loop over one clip at default settings, vault and all, in this process and thread."""
    from catseye.station.line import CameraLine, Pictures
    from catseye.station.pace import Pace, PaceSettings
    from catseye.station.site import ANALYSED_FPS, DETECTOR
    from catseye.traffic.lines import Line
    from catseye.vault.vault import Vault
    from catseye.vision.detect.detector import open_detector
    from catseye.vision.sources import open_source

    name = detector_name or DETECTOR
    with tempfile.TemporaryDirectory() as folder, timed_model(name) as clock:
        detector, source = open_detector(name), LateSource(open_source(str(clip.path)), offset_ms)
        vault = Vault.open(Path(folder) / "vault")
        lines = [Line(line.id, np.array(line.ends_px)) for line in clip.lines]
        ready_s = time.process_time()
        record = CameraLine(source, detector, vault, lambda *_: lines, Pace(PaceSettings(most_fps=ANALYSED_FPS)), Pictures()).run()
        over_s = time.process_time()
        counts = Counter((crossing.line, crossing.direction) for crossing in vault.crossings())
        vault.close()
        done_s = time.process_time()
    return LineRun(
        counts,
        dict(record.cpu_s),
        clock.spent_s,
        ready_s,
        done_s - over_s,
        done_s - ready_s,
        record.duration_s,
        record.frames_decoded_count,
        record.frames_analysed_count,
        record.frames_idle_count,
        clock.calls_count,
    )


def peak_rss_mb() -> float:
    """The most memory this process ever held. Not `ru_maxrss`: that one is inherited from whoever started us."""
    try:
        status = Path("/proc/self/status").read_text("ascii")
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)  # bytes, on a Mac
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


@dataclass(slots=True)
class Table:
    """A markdown table."""

    columns: Sequence[str]
    rows: list[Sequence[object]] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        """One row; floats are shown with three figures."""
        self.rows.append(cells)

    def __str__(self) -> str:
        lines = [self.columns, ["---"] * len(self.columns), *([shown(cell) for cell in row] for row in self.rows)]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def shown(cell: object) -> str:
    """A table cell: floats with three figures that matter.

    >>> shown(0.012345), shown(123.4), shown("x"), shown(0.0)
    ('0.0123', '123', 'x', '0')
    """
    if not isinstance(cell, float):
        return str(cell)
    return f"{cell:.0f}" if abs(cell) >= 100 else f"{cell:.3g}"


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return float(statistics.median(values))


def seconds_of(time_ns: int) -> float:
    """Nanoseconds as seconds."""
    return time_ns / NS_PER_S
