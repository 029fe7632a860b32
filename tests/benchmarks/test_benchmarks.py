"""The benchmarks import, and what they compute with is right. The figures themselves are `python -m benchmarks`."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from benchmarks.common import Passage, Span, Table, TrueLine, peak_rss_mb, shown, true_clips

from benchmarks import __main__ as everything
from benchmarks import counts, memory, overhead, startup, whole_line
from catseye.core.arrays import Pixels
from catseye.core.picture import RawFrame
from catseye.core.signal import Lamp
from catseye.core.sockets import SourceNotice

ENDS = ((0.0, 1.0), (2.0, 1.0))


class ShortFilm:
    """A source of some frames, 100 ms apart, with a notice after the second."""

    camera, is_live, duration_s = "cam-1", False, None

    def __init__(self, frames_count: int = 6) -> None:
        self.frames_count = frames_count
        self.is_closed = False

    def __iter__(self) -> Iterator[RawFrame | SourceNotice]:
        for index in range(self.frames_count):
            if index == 2:
                yield SourceNotice("source-gap", 200_000_000, 200_000_000, "a gap")
            yield RawFrame(self.camera, index, index * 100_000_000, None, 4, 2, grey_picture)

    def close(self) -> None:
        self.is_closed = True


def grey_picture(width_px: int, height_px: int, form: str) -> Pixels:
    return np.zeros((height_px, width_px), np.uint8)


def line_of(*passages: Passage) -> TrueLine:
    return TrueLine("line", ENDS, passages)


@pytest.mark.parametrize("name", [name for name in everything.TITLES if name not in {"line_counting", "tracker"}])
def test_every_benchmark_can_be_run_alone(name: str) -> None:
    assert callable(importlib.import_module(f"benchmarks.{name}").main)


@pytest.mark.peers
@pytest.mark.parametrize("name", ["line_counting", "tracker"])
def test_a_benchmark_with_peers_can_be_run_alone(name: str) -> None:
    assert callable(importlib.import_module(f"benchmarks.{name}").main)


def test_every_benchmark_is_run_by_the_one_command() -> None:
    not_one = {"__init__", "__main__", "common", "degraded", "fleet_bare", "fleet_kept", "fleet_load", "todays_pipeline"}
    assert {path.stem for path in Path(everything.__file__).parent.glob("*.py")} - not_one == set(everything.TITLES)


def test_what_a_count_lacks_or_has_too_much_is_its_error() -> None:
    assert [Span(3, 5).error(count) for count in (0, 3, 4, 5, 6)] == [-3, 0, 0, 0, 1]


def test_an_unsure_passage_may_be_counted_and_need_not() -> None:
    line = line_of(Passage(1.0, "forward", True), Passage(2.0, "forward", False), Passage(3.0, "backward", True))
    assert (line.span("forward"), line.span("backward")) == (Span(1, 2), Span(1, 1))


def test_a_passage_before_a_late_start_is_not_wanted_and_one_near_it_is_unsure() -> None:
    line = line_of(*(Passage(time_s, "forward", True) for time_s in (0.1, 1.2, 5.0)))
    assert line.span("forward", offset_ms=1000) == Span(1, 2)


def test_a_late_source_begins_at_zero_and_misses_what_was_before() -> None:
    from benchmarks.common import LateSource

    film = ShortFilm()
    late = LateSource(film, 250)
    assert [item.time_ns for item in late] == [0, 100_000_000, 200_000_000]
    late.close()
    assert film.is_closed


def test_a_notice_of_a_late_source_stands_on_its_clock() -> None:
    from benchmarks.common import LateSource

    assert [(type(item).__name__, item.time_ns) for item in LateSource(ShortFilm(3), 100)] == [
        ("RawFrame", 0),
        ("SourceNotice", 100_000_000),
        ("RawFrame", 100_000_000),
    ]


def test_an_endless_source_goes_on_growing_in_time_over_the_seams() -> None:
    frames = list(memory.EndlessSource(ShortFilm(3), 8))
    assert [frame.time_ns // 100_000_000 for frame in frames] == list(range(8))
    assert [frame.index for frame in frames if isinstance(frame, RawFrame)] == list(range(8))


def test_growth_is_measured_after_the_warm_up() -> None:
    assert memory.growth_ratio([10.0, 100.0, 100.0, 104.0, 100.0], warm_count=1) == pytest.approx(0.04)


def test_overhead_is_all_but_decode_and_model() -> None:
    assert overhead.overhead_ratio({"decode": 1.0, "model": 3.0, "track": 0.5, "loop": 0.5}) == pytest.approx(0.25)


def test_a_way_is_within_reach_by_one_or_by_a_tenth() -> None:
    spans = (Span(40, 40), Span(3, 3))
    assert counts.WayResult("clip", "line", "forward", "default", (44, 4), spans).is_within(0.1)
    assert not counts.WayResult("clip", "line", "forward", "default", (45, 3), spans).is_within(0.1)


def test_a_count_where_nobody_went_is_wrong() -> None:
    result = counts.WayResult("clip", "line", "backward", "default", (2,), (Span(0, 0),))
    assert result.errors == (2,)
    assert "**2**" in str(counts.ways_table([result], [0]))


def test_the_shared_hand_counts_are_read_as_they_are_told(shared: Path) -> None:
    clips = true_clips()
    carpark, highway = clips["carpark-exit.mp4"], clips["highway.avi"]
    assert [carpark.lines[0].span(way).most_count for way in ("forward", "backward")] == [2, 2]
    assert [highway.lines[0].span(way).most_count for way in ("forward", "backward")] == [27, 0]
    told = json.loads((shared / "video" / "hand-counts.json").read_text("utf-8"))["clips"]
    assert [clip["total"] for clip in told] == [4, 27]


def test_every_hand_counted_clip_is_there(shared: Path) -> None:
    assert [clip.file for clip in true_clips().values() if not clip.path.is_file()] == []


def test_wrong_counts_are_summed_over_offsets_and_ways(shared: Path) -> None:
    highway = true_clips()["highway.avi"]
    assert whole_line.wrong_count(highway, {"0": {"y150 forward": 26, "y150 backward": 1}, "40": {"y150 forward": 27}}) == 2
    assert whole_line.truth_count(highway, {"0": {}, "40": {}}) == 54


def test_the_start_of_nothing_is_measured() -> None:
    wall_s, cpu_s = startup.run_s([sys.executable, "-c", "pass"])
    assert wall_s > 0
    assert cpu_s > 0


def test_peak_memory_is_this_process_own() -> None:
    assert 10 < peak_rss_mb() < 10_000


def test_a_table_is_markdown() -> None:
    table = Table(["what", "how much"])
    table.add("one", 0.123456)
    assert str(table).splitlines() == ["| what | how much |", "| --- | --- |", "| one | 0.123 |"]
    assert shown(1234.5) == "1234"


def test_an_unknown_benchmark_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "nothing"], capture_output=True, text=True, check=False, cwd=Path(everything.__file__).parents[1]
    )
    assert done.returncode == 2
    assert "nothing" in done.stderr


@pytest.mark.peers
def test_todays_pipeline_counts_as_our_lines_are_drawn() -> None:
    from benchmarks.todays_pipeline import TRACKER_SETTINGS, Found, replay

    line = TrueLine("level", ((0.0, 50.0), (200.0, 50.0)), ())
    falls = [
        Found(number / 25, np.array([[80.0, 3.0 * number - 20, 120.0, 3.0 * number + 20]], np.float32), np.array([0.9], np.float32), np.array([2]))
        for number in range(30)
    ]
    assert replay(falls, [line], 25.0, 0, TRACKER_SETTINGS["defaults"]) == {("level", "forward"): 1, ("level", "backward"): 0}
    assert replay(falls, [line], 25.0, 1000, TRACKER_SETTINGS["defaults"]) == {("level", "forward"): 0, ("level", "backward"): 0}


def test_a_label_of_a_lamp_is_right_wrong_or_unknown_and_a_false_red_is_counted() -> None:
    from benchmarks.lamps import Label, score

    said = {0.0: Lamp.RED, 1.0: Lamp.RED, 2.0: Lamp.UNKNOWN, 3.0: Lamp.RED}
    met = score([Label(0.0, Lamp.RED), Label(1.0, Lamp.GREEN), Label(2.0, Lamp.AMBER), Label(3.0, Lamp.UNKNOWN)], said.__getitem__)
    assert (met.visible_count, met.right_count, met.wrong_count, met.unknown_count) == (3, 1, 1, 1)
    assert (met.red_wrong_count, met.dark_count, met.dark_right_count) == (2, 1, 0)
