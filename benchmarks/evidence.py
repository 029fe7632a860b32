"""What a redacted copy costs beside decoding and encoding the clip alone, and what can be read in it; cutting and sealing beside them.

`python -m benchmarks.evidence [--seconds 20] [--rounds 3] [--detector yolox-nano]`. One process, one thread, both sides in turn in the same run with the same
encoder settings; CPU seconds of the process (the machine may be busy), wall seconds beside them, medians over the rounds. Clips: our junction rendered at
1920×1080, a real clip enlarged to it in a temporary file, and the real clip as it is. In the rendered one every head and plate is known: one counts as
readable from 8 px of height, and leaks where less than 90 % of it has the fill's colour in the decoded copy (every fifth frame is looked at).
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pyrage

from benchmarks.common import CLIPS, Table, median
from catseye.core.arrays import Pixels
from catseye.core.event import Event
from catseye.core.finding import Violation
from catseye.core.time import NS_PER_S
from catseye.station.demo import CameraPose, ClipTruth, render_clip
from catseye.station.demo.scene import DEMO_CAMERA
from catseye.station.demo.signals import SignalPlan
from catseye.station.demo.traffic import junction_traffic
from catseye.vision.evidence import cut_clip, redacted_copy, seal
from catseye.vision.evidence.written import ENCODER_OPTIONS
from catseye.vision.redact import FILL_RGB
from catseye.vision.ring import PacketRing
from catseye.vision.sources import open_source

READABLE_PX, COVERED_RATIO, NEAR_LEVELS, EVERY = 8.0, 0.9, 24, 5
WARM_UP_S, FPS, SEED = 15.0, 25.0, 7
CAMERA = "cam-1"


def render(path: Path, seconds_s: float) -> ClipTruth:
    """The demo's junction at three times its size."""
    seen, signals = DEMO_CAMERA, SignalPlan()
    camera = CameraPose(seen.position_m, seen.yaw_deg, seen.pitch_deg, 3 * seen.focal_px, (1920, 1080))
    traffic = junction_traffic(WARM_UP_S + seconds_s + 5, SEED, signals)
    return render_clip(path, traffic, camera, fps=FPS, begin_s=WARM_UP_S, seconds_s=seconds_s, seed=SEED, lamp_state=signals.state)


def coded(original: bytes, path: Path, size_px: tuple[int, int] | None = None, seconds_s: float = 1e9) -> int:
    """Decode and encode alone, with the copy's own settings; how many frames. `size_px` enlarges."""
    with av.open(BytesIO(original)) as video, av.open(str(path), "w", format="mp4") as out:
        source = video.streams.video[0]
        source.codec_context.thread_count, source.thread_type = 1, "NONE"
        lane = out.add_stream("libx264", rate=source.average_rate)
        lane.width, lane.height = size_px or (source.width // 2 * 2, source.height // 2 * 2)
        lane.pix_fmt, lane.options = "yuv420p", ENCODER_OPTIONS | {"g": str(round(2 * float(source.average_rate)))}
        lane.codec_context.time_base = source.time_base
        count = 0
        for frame in video.decode(source):
            if frame.time > seconds_s:
                break
            given = frame.reformat(*size_px, "yuv420p") if size_px else frame
            given.pict_type = 0
            out.mux(lane.encode(given))
            count += 1
        out.mux(lane.encode(None))
    return count


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds of one run."""
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu_s, time.perf_counter() - wall_s


def compared(name: str, original: bytes, folder: Path, rounds: int, detector: str, table: Table) -> Path:
    """One row: alone, copied, and the ratio of the medians; the last copy."""
    sides: dict[str, list[tuple[float, float]]] = {"alone": [], "copy": []}
    copy, frames_count = folder / "copy.mp4", 0
    stills_ns = [NS_PER_S * second for second in (4, 5, 6)]
    for _ in range(rounds):
        for left_over in folder.glob("copy*"):
            left_over.unlink()
        sides["alone"].append(timed(lambda: coded(original, folder / "alone.mp4")))
        begin = time.process_time(), time.perf_counter()
        made = redacted_copy(original, copy, camera=CAMERA, detector=detector, stills_ns=stills_ns)
        sides["copy"].append((time.process_time() - begin[0], time.perf_counter() - begin[1]))
        frames_count = made.frames_count
    alone, copied = ([median([each[at] for each in sides[side]]) for at in (0, 1)] for side in ("alone", "copy"))
    table.add(name, frames_count, alone[0], copied[0], copied[0] / alone[0], alone[1], copied[1], copied[1] / alone[1])
    return copy


def leaks(copy: Path, truth: ClipTruth) -> tuple[int, int, int, int]:
    """Readable labels and those that leak; readable tracks and those that leak, in the copy's own decoded pixels."""
    labels = leaked = 0
    tracks, leaking = set[tuple[str, int]](), set[tuple[str, int]]()
    with av.open(str(copy)) as video:
        for index, frame in enumerate(video.decode(video=0)):
            if index % EVERY:
                continue
            rgb = frame.to_ndarray(format="rgb24")
            for kind, track, box in labels_of(truth, index):
                labels += 1
                tracks.add((kind, track))
                if covered_ratio(rgb, box) < COVERED_RATIO:
                    leaked += 1
                    leaking.add((kind, track))
    return labels, leaked, len(tracks), len(leaking)


def labels_of(truth: ClipTruth, index: int) -> Iterator[tuple[str, int, list[float]]]:
    seen = truth.of_frame(index)
    for kind, boxes in (("head", seen.head_box_px), ("plate", seen.plate_box_px)):
        for track, box in zip(seen.track.tolist(), boxes.tolist(), strict=True):
            if not np.isnan(box[0]) and box[3] - box[1] >= READABLE_PX:
                yield kind, track, box


def covered_ratio(rgb: Pixels, box: list[float]) -> float:
    left, top = (max(0, round(value)) for value in box[:2])
    right, bottom = (round(value) for value in box[2:])
    part = rgb[top : max(bottom, top + 1), left : max(right, left + 1)].astype(int)
    return float((np.abs(part - FILL_RGB).max(axis=2) <= NEAR_LEVELS).mean()) if part.size else 1.0


def cut_and_sealed(video: Path, folder: Path, rounds: int) -> tuple[float, float, int]:
    """CPU seconds of cutting the whole clip from a ring, and of sealing it; its size."""
    ring = PacketRing(600.0, 10**9, CAMERA)
    last_ns = max(item.time_ns for item in open_source(str(video), camera=CAMERA, ring=ring))
    violation = Violation(Event("red-light", CAMERA, last_ns // 2, last_ns // 2, subjects=("1",)))
    clip = cut_clip(violation, ring, before_s=600, after_s=600)
    key = str(pyrage.x25519.Identity.generate().to_public())
    cut_s = median([timed(lambda: cut_clip(violation, ring, before_s=600, after_s=600))[0] for _ in range(rounds)])
    sealed_s = median([timed(lambda number=number: seal(clip.data, folder / f"{number}.age", [key], clip.media_type))[0] for number in range(rounds)])
    return cut_s, sealed_s, len(clip.data)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=20.0)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--detector", default="yolox-nano")
    options = asked.parse_args()
    table = Table(("clip", "frames", "alone, CPU-s", "copy, CPU-s", "ratio of CPU", "alone, wall s", "copy, wall s", "ratio of wall"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rendered, large = folder / "junction.mp4", folder / "large.mp4"
        truth = render(rendered, options.seconds)
        street = (CLIPS / "suburban-street.mp4").read_bytes()
        coded(street, large, (1920, 1080), options.seconds)
        (folder / "warm").mkdir()
        redacted_copy(street, folder / "warm" / "up.mp4", camera=CAMERA, detector=options.detector)  # the networks are opened once a process
        copy = compared("rendered junction, 1920×1080", rendered.read_bytes(), folder, options.rounds, options.detector, table)
        found = leaks(copy, truth)
        cut_s, sealed_s, size_bytes = cut_and_sealed(rendered, folder, options.rounds)
        compared("suburban-street, enlarged to 1920×1080", large.read_bytes(), folder, options.rounds, options.detector, table)
        compared("suburban-street, 640×352", street, folder, options.rounds, options.detector, table)
    print(table)
    print(f"\nIn the rendered copy: {found[1]} of {found[0]} readable heads and plates leak ({found[3]} of {found[2]} tracks).")
    print(f"Cutting it from the ring: {cut_s:.3f} CPU-s for {size_bytes / 1e6:.1f} MB; sealing it: {sealed_s:.3f} CPU-s.")


if __name__ == "__main__":
    main()
