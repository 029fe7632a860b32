"""What a camera says of itself: false alarms over every fixed camera's clip, and how soon degraded copies of them are found.

`python -m benchmarks.picture_health [CLIP ...] [--each]`. Pictures come as the line looks at them: decoded, chosen by its pace, given to its `LineHealth`.
No detector runs, so no road user is known: an occlusion or drops are told the sooner for it. Copies are degraded in memory, grey, in native size.
Clips that are shorter than a copy needs are played to and fro. Chance is seeded by the clip's name: a second run finds the same.
"""

import argparse
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from benchmarks.common import CLIPS, Table, median
from catseye.core.arrays import Doubles, Floats, Pixels
from catseye.core.picture import RawFrame
from catseye.core.sockets import Detector
from catseye.core.time import NS_PER_S
from catseye.station.line_health import LineHealth
from catseye.station.pace import Pace, PaceSettings
from catseye.station.site import ANALYSED_FPS, DETECTOR
from catseye.vision.detect.detector import open_detector
from catseye.vision.health import HealthFinding, HealthKind, PictureHealth
from catseye.vision.sources import open_source

SOAKED_S = 150.0  # each clip is played to and fro this long for false alarms: spots are told of after a minute only
CLEAN_S = 8.0  # before a copy turns bad
FOUND_WITHIN_S = 5.0
SHIFT_PX, ROTATION_DEG = 8, 1.0
SURE_RATIO = 0.3  # a detector's score
# Looked at by eye: what is told of these clips is true, and no false alarm.
TRUE_OF: Mapping[str, frozenset[HealthKind]] = {}

Picture = Callable[[Pixels, int | None], Pixels]  # the picture as recorded, and for how many pictures it is bad already (None: not yet)


@dataclass(frozen=True, slots=True)
class Clip:
    """Grey pictures in native size, as the line's pace chose them, with their times."""

    name: str
    pictures: Sequence[Pixels]
    time_ns: Sequence[int]

    @property
    def duration_s(self) -> float:
        """Of what was read."""
        return self.time_ns[-1] / NS_PER_S

    def chance(self, salt: str) -> np.random.Generator:
        """The same for the same clip and copy."""
        return np.random.default_rng(zlib.crc32(f"{self.name} {salt}".encode()))

    def played(self, seconds_s: float) -> Iterator[tuple[int, Pixels]]:
        """To and fro for that long: what moves goes on moving, and nothing leaps."""
        count = len(self.pictures)
        places = [*range(count), *range(count - 2, 0, -1)]
        now_ns, at, before = 0, 0, 0
        while now_ns < seconds_s * NS_PER_S:
            place = places[at % len(places)]
            now_ns += abs(self.time_ns[place] - self.time_ns[before])
            yield now_ns, self.pictures[place]
            at, before = at + 1, place


@dataclass(frozen=True, slots=True)
class Copy:
    """One way to degrade a clip: after `clean_s` of the clip itself it is bad for `bad_s`, and `kind` must be told. `few`: on some of the clips only."""

    name: str
    kind: HealthKind
    degrade: Callable[[Clip, Sequence[Clip]], Picture]
    clean_s: float = CLEAN_S
    bad_s: float = 12.0
    few: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one copy of one clip: how long it took to tell (None: never), the finding, and what else was told while it was bad, or before."""

    delay_s: float | None
    finding: HealthFinding | None
    beside: tuple[HealthKind, ...]


def clips(names: Sequence[str], fps: float = ANALYSED_FPS) -> list[Clip]:
    """Those of fixed cameras, or those named."""
    chosen = [path for path in sorted(CLIPS.iterdir()) if path.suffix in (".mp4", ".avi")]
    return [read(path, fps) for path in chosen if path.name in names or (not names and not path.name.startswith("dashcam-"))]


def read(path: Path, fps: float = ANALYSED_FPS) -> Clip:
    """Decode a clip and keep what the line would analyse of it."""
    pace, pictures, time_ns = Pace(PaceSettings(most_fps=fps)), [], []
    for item in open_source(str(path)):
        if isinstance(item, RawFrame) and pace.is_due(item.time_ns):
            pictures.append(item.grey(item.width_px, item.height_px))
            time_ns.append(item.time_ns)
    return Clip(path.name, pictures, time_ns)


def frame_of(picture: Pixels | Callable[[], Pixels], time_ns: int, shape: tuple[int, ...] = ()) -> RawFrame:
    """A grey picture as a frame; or one of that shape that is made only if somebody looks."""
    rows, columns = picture.shape if isinstance(picture, np.ndarray) else shape
    made: list[Pixels] = []

    def convert(width_px: int, height_px: int, form: str) -> Pixels:
        if not made:
            made.append(picture if isinstance(picture, np.ndarray) else picture())
        if (width_px, height_px) == (columns, rows):
            return made[0]
        return np.asarray(cv2.resize(made[0], (width_px, height_px), interpolation=cv2.INTER_AREA), np.uint8)

    return RawFrame("cam-1", 0, time_ns, None, columns, rows, convert)


def soak(clip: Clip, seconds_s: float) -> tuple[list[HealthFinding], float]:
    """All that is told of a clip as recorded, each finding once; and CPU-ms of an analysed picture, without the conversions that others ask for too."""
    frames = [frame_of(picture, time_ns) for time_ns, picture in clip.played(seconds_s)]
    for frame in frames:
        frame.grey(*PictureHealth.small_size_px(frame))
    health, told = LineHealth(), []
    begin_s = time.thread_time()  # once: where asking for it is a call into the kernel, asking for every picture would double the figure
    for frame in frames:
        told += health.see(frame)
    spent_s = time.thread_time() - begin_s
    told += health.close()
    return list({(finding.kind, finding.time_ns): finding for finding in told}.values()), 1000 * spent_s / len(frames)


def try_copy(copy: Copy, clip: Clip, others: Sequence[Clip]) -> Outcome:
    """Play a clip that turns bad."""
    health, picture_of, bad_count = LineHealth(), copy.degrade(clip, others), 0
    delay_s: float | None = None
    found: HealthFinding | None = None
    beside: dict[HealthKind, None] = {}
    shape = picture_of(clip.pictures[0], None).shape
    for time_ns, picture in clip.played(copy.clean_s + copy.bad_s):
        is_bad = time_ns >= copy.clean_s * NS_PER_S
        told = health.see(frame_of(partial(picture_of, picture, bad_count if is_bad else None), time_ns, shape))
        bad_count += is_bad
        for finding in told:
            if finding.kind is copy.kind and is_bad and found is None:
                delay_s, found = time_ns / NS_PER_S - copy.clean_s, finding
            elif finding.kind is not copy.kind or not is_bad:
                beside[finding.kind] = None
    return Outcome(delay_s, found, tuple(beside))


def shifted(clip: Clip, others: Sequence[Clip]) -> Picture:
    """By 8 px, up, down, left or right; the margin that it needs is cut off before and after."""
    edge = SHIFT_PX
    right, down = ((edge, 0), (0, edge), (-edge, 0), (0, -edge))[int(clip.chance("shift").integers(4))]

    def picture(recorded: Pixels, bad_count: int | None) -> Pixels:
        rows, columns = recorded.shape
        x, y = (edge, edge) if bad_count is None else (edge - right, edge - down)
        return np.ascontiguousarray(recorded[y : y + rows - 2 * edge, x : x + columns - 2 * edge])

    return picture


def turned(clip: Clip, others: Sequence[Clip]) -> Picture:
    """By a degree about the centre, either way."""
    rows, columns = clip.pictures[0].shape
    edge = int(np.ceil(np.radians(ROTATION_DEG) * max(rows, columns) / 2)) + 1
    angle_deg = ROTATION_DEG * (1 if clip.chance("turn").integers(2) else -1)
    matrix = cv2.getRotationMatrix2D(((columns - 1) / 2, (rows - 1) / 2), angle_deg, 1.0)

    def picture(recorded: Pixels, bad_count: int | None) -> Pixels:
        seen = recorded if bad_count is None else cv2.warpAffine(recorded, matrix, (columns, rows), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        return np.ascontiguousarray(seen[edge : rows - edge, edge : columns - edge])

    return picture


def spliced(clip: Clip, others: Sequence[Clip]) -> Picture:
    """Another camera's pictures, in this one's size."""
    strange = [other for other in others if other.name[:3] != clip.name[:3]] or list(others)
    other = strange[int(clip.chance("splice").integers(len(strange)))]
    rows, columns = clip.pictures[0].shape
    shown = [picture for _, picture in other.played(20.0)]

    def picture(recorded: Pixels, bad_count: int | None) -> Pixels:
        if bad_count is None:
            return recorded
        return np.asarray(cv2.resize(shown[bad_count % len(shown)], (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)

    return picture


def blurred(sigma_px: float) -> Callable[[Clip, Sequence[Clip]], Picture]:
    """Out of focus."""
    return lambda clip, others: (
        lambda recorded, bad_count: recorded if bad_count is None else np.asarray(cv2.GaussianBlur(recorded, (0, 0), sigma_px), np.uint8)
    )


def frozen(noise_level: float = 0.0, clock: bool = False) -> Callable[[Clip, Sequence[Clip]], Picture]:
    """The last picture again and again; with noise, or with a clock that goes on in a corner."""

    def degrade(clip: Clip, others: Sequence[Clip]) -> Picture:
        last = [clip.pictures[0]]
        noises = clip.chance("noise").normal(0, max(noise_level, 1e-6), (8, *last[0].shape)).astype(np.float32)

        def picture(recorded: Pixels, bad_count: int | None) -> Pixels:
            if bad_count is None:
                last[0] = recorded
            elif noise_level:
                return level(last[0] + noises[bad_count % len(noises)])
            elif clock:
                ticking = last[0].copy()
                cv2.putText(ticking, f"{bad_count:06d}", (4, 14), cv2.FONT_HERSHEY_PLAIN, 0.8, 255)
                return ticking
            return last[0]

        return picture

    return degrade


def darkened(clip: Clip, others: Sequence[Clip]) -> Picture:
    """A lens cap with a gap: 0.15 of the light."""
    return lambda recorded, bad_count: recorded if bad_count is None else level(recorded * np.float32(0.15))


def overexposed(clip: Clip, others: Sequence[Clip]) -> Picture:
    """So much light that seven tenths of the picture are white."""
    gain = np.float32(256 / max(float(np.percentile(clip.pictures[0], 30)), 1.0))
    return lambda recorded, bad_count: recorded if bad_count is None else level(recorded * gain)


def occluded(clip: Clip, others: Sequence[Clip]) -> Picture:
    """Something near, out of focus, over the left or the right half."""
    rows, columns = clip.pictures[0].shape
    is_left = bool(clip.chance("hide").integers(2))
    ramp = cv2.GaussianBlur(np.repeat(np.linspace(60, 90, rows, dtype=np.float32)[:, None], columns, 1), (0, 0), 8)
    cover = np.zeros((rows, columns), np.float32)
    cover[:, slice(0, columns // 2) if is_left else slice(columns - columns // 2, None)] = 1
    cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), columns / 100), np.float32)
    return lambda recorded, bad_count: recorded if bad_count is None else level(recorded * (1 - cover) + ramp * cover)


def spotted(renewed_s: float | None) -> Callable[[Clip, Sequence[Clip]], Picture]:
    """Fourteen spots of 5 to 11 % of the picture's width, a tenth of the picture: drops, each of which lasts a while and runs off; or dirt that stays."""

    def degrade(clip: Clip, others: Sequence[Clip]) -> Picture:
        rows, columns = clip.pictures[0].shape
        chance, spots_count = clip.chance("spots"), 14
        spot = chance.uniform((0, 0), (columns, rows), (spots_count, 2))
        radius_px = columns * chance.uniform(0.025, 0.055, spots_count)
        cover, seconds = [spots_over(spot, radius_px, (rows, columns))], [0]
        blur_px = columns * 0.015

        def picture(recorded: Pixels, bad_count: int | None) -> Pixels:
            if bad_count is None:
                return recorded
            if renewed_s is not None and bad_count // ANALYSED_FPS > seconds[0]:
                seconds[0] = bad_count // ANALYSED_FPS
                fresh = chance.random(spots_count) < 1 / renewed_s
                spot[fresh] = chance.uniform((0, 0), (columns, rows), (int(fresh.sum()), 2))
                cover[0] = spots_over(spot, radius_px, (rows, columns))
            quarter = cv2.resize(recorded, (columns // 4, rows // 4), interpolation=cv2.INTER_AREA)
            smooth = cv2.resize(cv2.GaussianBlur(quarter, (0, 0), blur_px / 4), (columns, rows), interpolation=cv2.INTER_LINEAR)
            veil = np.asarray(smooth, np.float32) * (0.9 if renewed_s else 0.6) + (10 if renewed_s else 20)
            return level(recorded * (1 - cover[0]) + veil * cover[0])

        return picture

    return degrade


def spots_over(spot_px: Doubles, radius_px: Doubles, shape: tuple[int, int]) -> Floats:
    """How much each pixel is covered, 0 to 1."""
    cover = np.zeros(shape, np.float32)
    for (x, y), radius in zip(spot_px, radius_px, strict=True):
        cv2.circle(cover, (int(x), int(y)), round(radius), 1.0, -1)
    return np.asarray(cv2.GaussianBlur(cover, (0, 0), float(radius_px.mean()) / 5), np.float32)


def level(values: Floats) -> Pixels:
    """As grey levels."""
    return np.asarray(np.clip(values + 0.5, 0, 255), np.uint8)


COPIES = (
    Copy(f"shifted by {SHIFT_PX} px", HealthKind.CAMERA_MOVED, shifted),
    Copy(f"turned by {ROTATION_DEG:g} degree", HealthKind.CAMERA_MOVED, turned),
    Copy("another view spliced in", HealthKind.CAMERA_MOVED, spliced),
    Copy("blurred, sigma 2 px", HealthKind.PICTURE_BLURRED, blurred(2.0)),
    Copy("blurred, sigma 4 px", HealthKind.PICTURE_BLURRED, blurred(4.0)),
    Copy("frozen", HealthKind.PICTURE_FROZEN, frozen(), bad_s=40.0),
    Copy("frozen, clock goes on", HealthKind.PICTURE_FROZEN, frozen(clock=True), bad_s=40.0),
    Copy("frozen under noise of 1.5 levels", HealthKind.PICTURE_FROZEN, frozen(1.5), bad_s=20.0, few=True),
    Copy("dark, 0.15 of the light", HealthKind.PICTURE_DARK, darkened),
    Copy("over-exposed, 70 % white", HealthKind.PICTURE_OVEREXPOSED, overexposed),
    Copy("half of it covered", HealthKind.PICTURE_OCCLUDED, occluded),
    Copy("drops", HealthKind.LENS_RAIN, spotted(5.0), clean_s=70.0, bad_s=60.0, few=True),
    Copy("dirt", HealthKind.LENS_DIRTY, spotted(None), clean_s=70.0, bad_s=110.0, few=True),
)


def few_of(found: Sequence[Clip]) -> list[Clip]:
    """For copies that last minutes: one of three of a camera family, and all that are alone."""
    a13 = [clip for clip in found if clip.name.startswith("a13-")]
    return [*a13[::4], *(clip for clip in found if not clip.name.startswith("a13-"))]


def false_alarms(found: Sequence[Clip]) -> dict[str, list[HealthFinding]]:
    """Table 1: what is told of the clips as recorded."""
    table = Table(["clip", "recorded, s", "watched, s", "told", "of it true, by eye", "CPU-ms an analysed picture"])
    wrong: dict[str, list[HealthFinding]] = {}
    total_s = 0.0
    costs_ms = []
    for clip in found:
        told, cost_ms = soak(clip, max(SOAKED_S, clip.duration_s))
        watched_s = max(SOAKED_S, clip.duration_s)
        true = [finding for finding in told if finding.kind in TRUE_OF.get(clip.name, ())]
        wrong[clip.name] = [finding for finding in told if finding not in true]
        words = "; ".join(f"{finding.kind} from {finding.time_ns / NS_PER_S:.1f} s ({finding.detail})" for finding in told)
        table.add(clip.name, f"{clip.duration_s:.1f}", f"{watched_s:.0f}", words or "nothing", len(true), f"{cost_ms:.2f}")
        total_s += watched_s
        costs_ms.append(cost_ms)
    kinds = Counter(finding.kind for findings in wrong.values() for finding in findings)
    print(f"As recorded (to and fro up to {SOAKED_S:.0f} s):\n\n{table}\n")
    hours = total_s / 3600
    rates = Table(["finding", "false alarms", "an hour"])
    for kind in HealthKind:
        if kind not in (HealthKind.CLOCK_DRIFT, HealthKind.TOO_FEW_PIXELS):
            rates.add(kind, kinds[kind], kinds[kind] / hours)
    print(f"False alarms in {hours:.2f} hours:\n\n{rates}\n\nCPU-ms an analysed picture: median {median(costs_ms):.3f}\n", flush=True)
    return wrong


def misses(found: Sequence[Clip], *, each: bool) -> dict[str, dict[str, Outcome]]:
    """Table 2: how degraded copies fare."""
    table = Table(["copy", "wanted", "copies", "found", "missed", f"within {FOUND_WITHIN_S:g} s", "delay, median s", "worst s", "told besides"])
    stated = Table(["copy", "stated, median", "worst error"])
    outcomes: dict[str, dict[str, Outcome]] = {}
    for copy in COPIES:
        tried = {clip.name: try_copy(copy, clip, found) for clip in (few_of(found) if copy.few else found)}
        outcomes[copy.name] = tried
        delays_s = sorted(outcome.delay_s for outcome in tried.values() if outcome.delay_s is not None)
        soon_count = sum(delay_s <= FOUND_WITHIN_S for delay_s in delays_s)
        beside = Counter(str(kind) for outcome in tried.values() for kind in outcome.beside)
        counted = ", ".join(f"{count} × {kind}" for kind, count in sorted(beside.items())) or "nothing"
        share, miss = f"{len(delays_s)} ({len(delays_s) / len(tried):.0%})", f"{1 - len(delays_s) / len(tried):.0%}"
        middle, worst = (f"{median(delays_s):.1f}", f"{delays_s[-1]:.1f}") if delays_s else ("–", "–")
        table.add(copy.name, copy.kind, len(tried), share, miss, soon_count, middle, worst, counted)
        add_stated(stated, copy, tried)
        if each:
            for name, outcome in tried.items():
                said = outcome.finding.detail if outcome.finding else "missed"
                print(f"    {copy.name}, {name}: {outcome.delay_s}, {said}; besides {[str(kind) for kind in outcome.beside]}", flush=True)
    print(f"Degraded copies:\n\n{table}\n\nWhat was stated:\n\n{stated}", flush=True)
    return outcomes


def add_stated(table: Table, copy: Copy, tried: Mapping[str, Outcome]) -> None:
    """How right the stated shift, turn or blur is."""
    wanted = {"shifted": ("shift_px", SHIFT_PX), "turned": ("rotation_deg", ROTATION_DEG)}.get(copy.name.split()[0])
    wanted = wanted or (("blur_sigma", float(copy.name.split()[2])) if copy.name.startswith("blurred") else None)
    if wanted is None:
        return
    name, true_value = wanted
    said = [abs(m.value) for outcome in tried.values() if outcome.finding for m in outcome.finding.measures if m.name == name]
    if said:
        table.add(f"{copy.name} ({name})", median(said), max(abs(value - true_value) for value in said))


def found_count(detector: Detector, pictures: Sequence[Pixels]) -> int:
    """How many road users the detector is sure of."""
    return sum(int((detector.detect(coloured(picture)).score_ratio > SURE_RATIO).sum()) for picture in pictures)


def coloured(picture: Pixels) -> RawFrame:
    """A grey picture as a frame that also gives RGB."""
    rows, columns = picture.shape

    def convert(width_px: int, height_px: int, form: str) -> Pixels:
        small = np.asarray(cv2.resize(picture, (width_px, height_px), interpolation=cv2.INTER_AREA), np.uint8)
        return small if form == "gray8" else np.repeat(small[:, :, None], 3, axis=2)

    return RawFrame("cam-1", 0, 0, None, columns, rows, convert)


def limits(found: Sequence[Clip]) -> None:
    """Table 3: what the default detector keeps of what it finds, at and beside the limits of the findings."""
    few, detector = few_of(found), open_detector(DETECTOR)
    chosen = {clip.name: [clip.pictures[index] for index in np.linspace(0, len(clip.pictures) - 1, 4).astype(int)] for clip in few}
    before = {name: found_count(detector, pictures) for name, pictures in chosen.items()}
    table = Table(["spoilt", "road users still found, median of clips", "least", "most"])
    ways: dict[str, Callable[[Clip], Callable[[Pixels], Pixels]]] = {}
    for high in (16, 32, 48):
        ways[f"95 % below level {high}"] = lambda clip, high=high: scaled(high / max(float(np.percentile(clip.pictures[0], 95)), 1.0))
    for white in (0.4, 0.55, 0.7):
        ways[f"{white:.0%} white"] = lambda clip, white=white: scaled(256 / max(float(np.percentile(clip.pictures[0], 100 * (1 - white))), 1.0))
    for share in (0.75, 1.5, 3.0):
        ways[f"blurred, sigma {share:g}/320 of the width"] = lambda clip, share=share: softened(share / 320 * clip.pictures[0].shape[1])
    for name, way in ways.items():
        seen = [clip for clip in few if before[clip.name]]
        kept = [found_count(detector, [way(clip)(picture) for picture in chosen[clip.name]]) / before[clip.name] for clip in seen]
        table.add(name, f"{median(kept):.0%}", f"{min(kept):.0%}", f"{max(kept):.0%}")
    print(f"\nWhat the limits mean for the default detector ({DETECTOR}, {len(few)} clips, grey):\n\n{table}")


def scaled(gain: float) -> Callable[[Pixels], Pixels]:
    """More or less light."""
    return lambda picture: level(picture * np.float32(gain))


def softened(sigma_px: float) -> Callable[[Pixels], Pixels]:
    """Out of focus."""
    return lambda picture: np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), np.uint8)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("clips", nargs="*", default=[])
    asked.add_argument("--each", action="store_true", help="a line for every copy of every clip")
    asked.add_argument("--fps", type=float, default=ANALYSED_FPS, help="frames analysed a second")
    asked.add_argument("--clean", action="store_true", help="false alarms only")
    options = asked.parse_args()
    found = clips(options.clips, options.fps)
    false_alarms(found)
    if not options.clean:
        misses(found, each=options.each)
        limits(found)


if __name__ == "__main__":
    main()
