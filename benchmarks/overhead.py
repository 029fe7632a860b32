"""What the line costs beside decoding and the network: each step's CPU, and all of it as a share of decode + model.

`python -m benchmarks.overhead [CLIP ...] [--detector NAME]`. The network alone is timed around the runtime's own call; what the step `detect` spends beside it
is pre- and post-processing (scaling and colour conversion are in it). `health` is the picture's own checks, four times a second, and the grey picture they
share with `foreground`. `closing` comes once a run, whatever its length: aggregates and the vault's end. `loop` is what no step accounts for: choosing frames,
the clocks themselves.
Pictures, preview and report come on top and have a table of their own.
"""

import argparse
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.common import PEER_CLIPS, LineRun, Table, TrueClip, run_line, true_clips

CLIPS = (*PEER_CLIPS, "suburban-street.mp4")
TIMED = ("decode", "health", "foreground", "track", "judge", "write")
STEPS = ("decode", "model", "health", "foreground", "pre + post", "track", "judge", "write", "loop", "closing")


def by_step_s(run: LineRun) -> dict[str, float]:
    """CPU seconds by step; they sum up to the whole run's."""
    steps = {name: run.steps_s[name] for name in TIMED}
    steps |= {"model": run.model_s, "pre + post": run.steps_s["detect"] - run.model_s, "closing": run.closing_s}
    return steps | {"loop": run.cpu_s - sum(steps.values())}


def overhead_ratio(steps_s: Mapping[str, float]) -> float:
    """All but decode and model, as a share of decode + model.

    >>> overhead_ratio({"decode": 3.0, "model": 5.0, "track": 1.0, "write": 1.0})
    0.25
    """
    paid_s = steps_s["decode"] + steps_s["model"]
    return (sum(steps_s.values()) - paid_s) / paid_s


def per_step_table(runs: Mapping[str, LineRun]) -> Table:
    """CPU-ms per video second, by step, and the share."""
    table = Table(["clip", "looks a second", "of them idle", *STEPS, "all but decode and model"])
    for clip, run in runs.items():
        steps = by_step_s(run)
        looks_count = run.frames_analysed_count + run.frames_idle_count
        costs = (f"{1000 * steps[name] / run.duration_s:.1f}" for name in STEPS)
        idle = f"{run.frames_idle_count / looks_count:.0%}"
        table.add(clip, f"{looks_count / run.duration_s:.1f}", idle, *costs, f"**{overhead_ratio(steps):.0%}**")
    return table


def per_look_table(runs: Mapping[str, LineRun]) -> Table:
    """CPU-ms a frame for decoding, a look for foreground, a look with the network for the rest."""
    steps = STEPS[: STEPS.index("loop")]
    table = Table(["clip", *steps])
    for clip, run in runs.items():
        per = dict.fromkeys(STEPS, run.frames_analysed_count) | {"decode": run.frames_decoded_count, "model": run.model_calls_count}
        per["health"] = per["foreground"] = run.frames_analysed_count + run.frames_idle_count
        table.add(clip, *(f"{1000 * spent_s / max(per[name], 1):.2f}" for name, spent_s in ((name, by_step_s(run)[name]) for name in steps)))
    return table


def with_pictures(clip: TrueClip) -> dict[str, float]:
    """CPU-s per video second of all that `catseye watch` does, with and without pictures and report; `report` in CPU-s, once a run."""
    from catseye.station.site import Line, site_of_video
    from catseye.station.watch import run_watch

    site = site_of_video(str(clip.path), lines=[Line(id=line.id, px=line.ends_px) for line in clip.lines])
    found = {}
    for name, wants_pictures in (("without", False), ("with", True)):
        began_s = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            summary = run_watch(site, Path(folder) / "out", camera=None, limit_s=None, progress=False, wants_pictures=wants_pictures).summary
        found[name] = (time.process_time() - began_s) / summary["duration_s"]
        found |= {f"{name}, {step}": summary["cpu_s"][step] / summary["duration_s"] for step in ("redact", "preview")}
    extra = found["with"] - found["without"] - found["with, redact"] - found["with, preview"]
    return found | {"report": extra * summary["duration_s"]}


def main() -> dict[str, dict[str, float]]:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("clips", nargs="*", default=CLIPS)
    asked.add_argument("--detector", default="")
    asked.add_argument("--no-pictures", action="store_true")
    options = asked.parse_args()
    clips = true_clips()
    run_line(clips[options.clips[0]], options.detector)  # so that no clip pays for first imports
    runs = {name: run_line(clips[name], options.detector) for name in options.clips}
    print(f"CPU-ms per video second:\n\n{per_step_table(runs)}\n\nCPU-ms a frame (decode), a look (all others):\n\n{per_look_table(runs)}")
    if not options.no_pictures:
        pictures_rows(clips, options.clips)
    return {name: by_step_s(run) for name, run in runs.items()}


def pictures_rows(clips: Mapping[str, TrueClip], names: list[str]) -> None:
    table = Table(
        [
            "clip",
            "without pictures",
            "with pictures, preview, report",
            "of it redaction",
            "of it drawing and encoding",
            "the rest: the report, CPU-ms once a run",
        ]
    )
    for name in names:
        cost = {key: f"{1000 * spent_s:.1f}" for key, spent_s in with_pictures(clips[name]).items()}
        table.add(name, cost["without"], cost["with"], cost["with, redact"], cost["with, preview"], cost["report"])
    print(f"\nAll of `catseye watch`, from the site to the written files, CPU-ms per video second:\n\n{table}")


if __name__ == "__main__":
    main()
