"""The whole line beside today's pipeline: CPU-seconds per video second, peak memory, and counts of both at several start offsets.

`python -m benchmarks.whole_line [CLIP ...] [--rounds N]`. Each pipeline runs in a process of its own, one thread, taking turns. CPU is of the whole process,
from the first frame asked for to the last fact kept; what comes before (imports, loading the network, opening the vault) is shown as start-up.
Today's counts at later offsets replay the same boxes through a fresh tracker, as the detector has no memory; ours run whole.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.common import OFFSETS_MS, PEER_CLIPS, Table, TrueClip, Way, median, peak_rss_mb, run_line, true_clips

TODAY, OURS, OURS_FULL = "today's pipeline", "ours", "ours, with pictures, preview, report"


@dataclass(frozen=True, slots=True)
class Turn:
    """One pipeline over one clip, once. `counts` by start offset (ms), then by `line direction`; today's are of its better setting."""

    pipeline: str
    cpu_s: float
    start_up_s: float
    video_s: float
    rss_mb: float
    counts: Mapping[str, Mapping[str, int]]
    setting: str = ""


def named(counts: Counter[Way]) -> dict[str, int]:
    return {f"{line} {way}": count for (line, way), count in counts.items()}


def today(clip: TrueClip, offsets_ms: Sequence[int]) -> list[Turn]:
    """Read, detect, track, count every frame; then, with the clock stopped, the counts of the other offsets and settings."""
    import cv2

    from benchmarks.todays_pipeline import TRACKER_SETTINGS, TrackAndCount, YoloxDemo, frame_rate_fps, frames, replay
    from catseye.vision.models import locate

    cv2.setNumThreads(1)
    network, rate_fps = YoloxDemo(locate("yolox-nano")[0]), frame_rate_fps(clip.path)
    line = TrackAndCount(clip.lines, rate_fps, TRACKER_SETTINGS["defaults"])
    seen, ready_s = [], time.process_time()
    for time_s, picture in frames(clip.path):
        seen.append(network(picture, time_s))
        line.see(seen[-1])
    done_s, rss_mb = time.process_time(), peak_rss_mb()
    return [
        Turn(
            TODAY,
            done_s - ready_s,
            ready_s,
            len(seen) / rate_fps,
            rss_mb,
            {str(offset): named(replay(seen, clip.lines, rate_fps, offset, settings)) for offset in offsets_ms},
            name,
        )
        for name, settings in TRACKER_SETTINGS.items()
    ]


def ours(clip: TrueClip, offsets_ms: Sequence[int]) -> list[Turn]:
    """The product's loop with a vault, without pictures; the first run is the timed one."""
    first = run_line(clip, offset_ms=offsets_ms[0])
    rss_mb = peak_rss_mb()
    counts = {str(offset): named(run_line(clip, offset_ms=offset).counts) for offset in offsets_ms[1:]}
    return [Turn(OURS, first.cpu_s, first.start_up_s, first.duration_s, rss_mb, {str(offsets_ms[0]): named(first.counts)} | counts)]


def ours_full(clip: TrueClip, offsets_ms: Sequence[int]) -> list[Turn]:
    """All that `catseye watch` does and writes; a run over the first moment before it is start-up."""
    from catseye.station.site import Line, site_of_video
    from catseye.station.watch import run_watch

    site = site_of_video(str(clip.path), lines=[Line(id=line.id, px=line.ends_px) for line in clip.lines])
    with tempfile.TemporaryDirectory() as folder:
        run_watch(site, Path(folder) / "short", camera=None, limit_s=0.1, progress=False)
        ready_s = time.process_time()
        outcome = run_watch(site, Path(folder) / "out", camera=None, limit_s=None, progress=False)
    return [Turn(OURS_FULL, time.process_time() - ready_s, ready_s, outcome.summary["duration_s"], peak_rss_mb(), {})]


PIPELINES = {"today": today, "ours": ours, "ours_full": ours_full}


def turn(pipeline: str, clip: str, offsets_ms: Sequence[int]) -> list[Turn]:
    """Run one pipeline in a process of its own."""
    words = [sys.executable, "-W", "ignore", "-m", "benchmarks.whole_line", clip, "--one", pipeline, "--offsets-ms", ",".join(map(str, offsets_ms))]
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1], env=os.environ | one_thread)
    if done.returncode:
        raise SystemExit(f"{pipeline} on {clip}: {done.stderr[-2000:]}")
    return [Turn(**told) for told in json.loads(done.stdout.splitlines()[-1])]


def measure(clip: TrueClip, pipelines: Sequence[str], rounds_count: int, offsets_ms: Sequence[int]) -> dict[str, list[Turn]]:
    """All pipelines in turn; only the first round counts at all offsets."""
    found: dict[str, list[Turn]] = {}
    for number in range(rounds_count):
        for pipeline in pipelines:
            for each in turn(pipeline, clip.file, offsets_ms if number == 0 else offsets_ms[:1]):
                found.setdefault(f"{each.pipeline} {each.setting}".strip(), []).append(each)
    return found


def per_video_second(turns: Sequence[Turn]) -> float:
    return median([each.cpu_s / each.video_s for each in turns])


def wrong_count(clip: TrueClip, counts: Mapping[str, Mapping[str, int]]) -> int:
    """Passages too many or too few, over all offsets and ways."""
    return sum(
        abs(line.span(way, int(offset)).error(of_offset.get(f"{line.id} {way}", 0))) for offset, of_offset in counts.items() for line, way in clip.ways()
    )


def truth_count(clip: TrueClip, counts: Mapping[str, Mapping[str, int]]) -> int:
    return sum(line.span(way, int(offset)).least_count for offset in counts for line, way in clip.ways())


def cost_rows(table: Table, clip: TrueClip, found: Mapping[str, Sequence[Turn]]) -> None:
    todays = per_video_second(found[f"{TODAY} defaults"])
    for name, turns in found.items():
        if name == f"{TODAY} opened":  # timed as one with the defaults
            continue
        costs = [each.cpu_s / each.video_s for each in turns]
        cost, spread = median(costs), max(costs) - min(costs)
        share = "1" if cost == todays else f"**1/{todays / cost:.1f}**"
        start_up_s, rss_mb = median([each.start_up_s for each in turns]), max(each.rss_mb for each in turns)
        table.add(clip.file, name.removesuffix(" defaults"), f"{cost:.3f} (±{spread / 2:.3f})", share, f"{start_up_s:.1f}", f"{rss_mb:.0f}")


def count_rows(table: Table, clip: TrueClip, found: Mapping[str, Sequence[Turn]]) -> None:
    for name, turns in found.items():
        counts = turns[0].counts
        if not counts:
            continue
        truth = truth_count(clip, counts)
        wrong = [wrong_count(clip, {offset: counts[offset]}) for offset in counts]
        table.add(clip.file, name, truth, " ".join(map(str, wrong)), f"{sum(wrong) / max(truth, 1):.1%}")


def main() -> dict[str, dict[str, list[Turn]]]:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("clips", nargs="*", default=PEER_CLIPS)
    asked.add_argument("--pipelines", default=",".join(PIPELINES), help="today is needed: it is what the others are held against")
    asked.add_argument("--rounds", type=int, default=2)
    asked.add_argument("--offsets-ms", default=",".join(map(str, OFFSETS_MS)))
    asked.add_argument("--one", choices=PIPELINES, help="run one pipeline in this process and print its figures as JSON")
    options = asked.parse_args()
    offsets_ms = [int(offset) for offset in options.offsets_ms.split(",")]
    clips = true_clips()
    if options.one:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            print(json.dumps([asdict(each) for each in PIPELINES[options.one](clips[options.clips[0]], offsets_ms)]))
        return {}
    costs = Table(["clip", "pipeline", "CPU-s per video second", "share", "start-up, CPU-s", "peak memory, MB"])
    counts = Table(["clip", "pipeline", "sure passages, all offsets", "wrong at each offset", "wrong"])
    results = {}
    for name in options.clips:
        results[name] = found = measure(clips[name], options.pipelines.split(","), options.rounds, offsets_ms)
        cost_rows(costs, clips[name], found)
        count_rows(counts, clips[name], found)
    print(f"{costs}\n\nCounts (offsets {', '.join(map(str, offsets_ms))} ms; both ways of every line; too many and too few both are wrong):\n\n{counts}")
    return results


if __name__ == "__main__":
    main()
