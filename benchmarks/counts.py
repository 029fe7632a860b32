"""Our counts beside hand counts, by clip, line and direction, at several start offsets, through the whole line at default settings.

`python -m benchmarks.counts [CLIP ...] [--detector NAME] [--offsets-ms 0,40,80,160,320]`. Truth: ../shared/video/hand-counts.json (the first two clips)
and hand-counts.toml: every sure passage must be counted, an unsure one may; what lies outside that range is an error.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.common import OFFSETS_MS, Span, Table, TrueClip, run_line, true_clips

HANOI = "hanoi-giang-vo.mp4"
DENSE_DETECTOR = "picodet-s-416"


@dataclass(frozen=True, slots=True)
class WayResult:
    """One line and direction of one clip: counts and what they should have been, an offset each."""

    clip: str
    line: str
    direction: str
    detector: str
    counts: tuple[int, ...]
    spans: tuple[Span, ...]

    @property
    def errors(self) -> tuple[int, ...]:
        """Too many or too few, an offset each."""
        return tuple(span.error(count) for span, count in zip(self.spans, self.counts, strict=True))

    def is_within(self, ratio: float) -> bool:
        """Whether every offset is wrong by 1 at most, or by this share."""
        return all(abs(error) <= max(1.0, ratio * span.least_count) for error, span in zip(self.errors, self.spans, strict=True))


def count_clip(clip: TrueClip, detector: str, offsets_ms: Sequence[int]) -> list[WayResult]:
    """Run the whole line once an offset."""
    counts = [run_line(clip, detector, offset_ms).counts for offset_ms in offsets_ms]
    return [
        WayResult(
            clip.file,
            line.id,
            way,
            detector or "default",
            tuple(count[line.id, way] for count in counts),
            tuple(line.span(way, offset_ms) for offset_ms in offsets_ms),
        )
        for line, way in clip.ways()
    ]


def ways_table(results: Iterable[WayResult], offsets_ms: Sequence[int]) -> Table:
    """A row a line and direction that somebody took, or was said to have taken."""
    table = Table(["clip", "line, direction", "detector", "by hand", *(f"+{offset} ms" for offset in offsets_ms), "worst error"])
    for result in (each for each in results if any(each.counts) or each.spans[0].most_count):
        worst = max(result.errors, key=abs)
        counts = (f"**{count}**" if error else str(count) for count, error in zip(result.counts, result.errors, strict=True))
        table.add(result.clip, f"{result.line}, {result.direction}", result.detector, result.spans[0], *counts, f"{worst:+d}" if worst else "0")
    return table


def group_of(clip: str) -> str:
    """What the totals are told by."""
    return "hanoi" if clip == HANOI else "352×288 (a13-*)" if clip.startswith("a13-") else "other road clips"


def totals_table(results: Sequence[WayResult]) -> Table:
    """Sums over all offsets: `net` may cancel, `wrong` may not; `within` is how many ways keep ±1 or 10 % at every offset."""
    table = Table(["clips", "detector", "direction", "by hand", "counted", "net error", "wrong, of sure", "ways within ±1 or 10 %"])
    for group, detector in dict.fromkeys((group_of(result.clip), result.detector) for result in results):
        for direction in ("forward", "backward", "both"):
            ways = [r for r in results if (group_of(r.clip), r.detector) == (group, detector) and direction in (r.direction, "both")]
            table.add(group, detector, direction, *_sums(ways))
    return table


def _sums(ways: Sequence[WayResult]) -> tuple[str, ...]:
    spans = [span for way in ways for span in way.spans]
    least, most = sum(span.least_count for span in spans), sum(span.most_count for span in spans)
    errors = [error for way in ways for error in way.errors]
    counted = sum(sum(way.counts) for way in ways)
    share = max(least, 1)
    net = Span(least, most).error(counted)
    within = sum(way.is_within(0.1) for way in ways)
    return str(Span(least, most)), str(counted), f"{net / share:+.1%}", f"{sum(map(abs, errors)) / share:.1%}", f"{within} of {len(ways)}"


def main() -> dict[str, list[WayResult]]:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("clips", nargs="*", help="file names; default: all that were counted by hand")
    asked.add_argument("--detector", default="", help="default: the product's")
    asked.add_argument("--offsets-ms", default=",".join(map(str, OFFSETS_MS)))
    options = asked.parse_args()
    offsets_ms = [int(offset) for offset in options.offsets_ms.split(",")]
    clips = true_clips()
    results: list[WayResult] = []
    for name in options.clips or clips:
        results += count_clip(clips[name], options.detector, offsets_ms)
    if not options.detector and HANOI in (options.clips or clips):
        results += count_clip(clips[HANOI], DENSE_DETECTOR, offsets_ms)
    print(f"{ways_table(results, offsets_ms)}\n\nSums over the {len(offsets_ms)} offsets:\n\n{totals_table(results)}")
    return {"ways": results}


if __name__ == "__main__":
    main()
