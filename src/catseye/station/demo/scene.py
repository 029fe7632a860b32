"""The demo scene: a junction, its traffic, a camera, four counting lines, a video, and the truth about all of it."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from catseye.core.arrays import Bools, Doubles, Pixels
from catseye.core.errors import SiteError, StoreError
from catseye.core.road_user import ROAD_USERS
from catseye.station.demo.camera import CameraPose
from catseye.station.demo.conditions import Conditions
from catseye.station.demo.crossings import DemoLine, TrueCrossing, count_crossings, true_crossings
from catseye.station.demo.encode import CLOCK_HZ, encode_h264
from catseye.station.demo.footprint import footprint_m
from catseye.station.demo.junction import PLAN
from catseye.station.demo.render import Renderer
from catseye.station.demo.signals import SignalPlan
from catseye.station.demo.traffic import with_red_runner
from catseye.station.demo.trajectories import Moment, Timeline, Trajectories
from catseye.station.demo.truth import FrameTruth

DEMO_CAMERA = CameraPose((8.5, -38.0, 21.0), -14.0, 31.0, 565.0, (640, 360))
LAST_LOOK_S = 2.5
MEETING_PX, MEETING_S = 4.0, (-0.4, 0.0, 0.4)
BOX_COLUMNS = ("frame", "time_s", "track", "kind", "left_px", "top_px", "right_px", "bottom_px", "contact_x_px", "contact_y_px", "visible_ratio")
PART_COLUMNS = tuple(f"{part}_{side}_px" for part in ("head", "plate") for side in ("left", "top", "right", "bottom"))


@dataclass(frozen=True, slots=True)
class DemoSite:
    """What a site file would say about the scene: its camera and its counting lines, forward is into the junction."""

    camera: CameraPose
    lines: tuple[DemoLine, ...]


@dataclass(frozen=True, slots=True)
class DemoScene:
    """A rendered scene: the video, where its truth lies, and the truth that counts. `red_runner` is the track that drives on at red, if anybody does;
    `phases` are files that say what the lamps of each arm showed.
    """

    video: Path
    truth: Path
    boxes: Path
    seconds_s: float
    frames_count: int
    site: DemoSite
    crossings: tuple[TrueCrossing, ...]
    red_runner: int | None
    phases: Mapping[str, Path]

    @property
    def lines(self) -> tuple[DemoLine, ...]:
        """The counting lines: north, east, south, west."""
        return self.site.lines

    @property
    def counts(self) -> dict[tuple[str, str, str], int]:
        """How many by (line, direction, kind)."""
        return count_crossings(self.crossings)


def demo_site(camera: CameraPose = DEMO_CAMERA) -> DemoSite:
    """The four lines, one an arm, right before its zebra, kerb to kerb."""
    return DemoSite(camera, tuple(_line(name, camera) for name in ("north", "east", "south", "west")))


def _line(name: str, camera: CameraPose) -> DemoLine:
    arm, half_m = PLAN[name], PLAN[name].half_m + 0.3
    ux, uy = arm.out
    middle, along = np.array([ux, uy]) * (arm.stop_m - 0.3), np.array([uy, -ux])  # right of `along` is into the junction
    begin, end = camera.ground_px(np.array([middle - along * half_m, middle + along * half_m])).round(1).tolist()
    return DemoLine(name, (begin[0], begin[1]), (end[0], end[1]))


def abreast_on_lines(traffic: Trajectories, site: DemoSite) -> set[int]:
    """Tracks that meet another road user's box in the picture while one of the two crosses a line: of each pair the smaller one.

    And those who cross in the last moment, when nobody can see them arrive. The demo leaves them at home:
    with these, not even a person who counts from this one camera is sure of the truth.
    """
    timeline, last_s = Timeline(traffic), float(traffic.time_s.max())
    crossings = true_crossings(traffic, site.lines, site.camera)
    late = {crossing.track for crossing in crossings if crossing.time_s > last_s - LAST_LOOK_S}
    looks = [(crossing.track, timeline.at(crossing.time_s + aside_s)) for crossing in crossings for aside_s in MEETING_S]
    return late.union(*(_smaller_ones(moment, track, site.camera) for track, moment in looks))


def _smaller_ones(moment: Moment, track: int, camera: CameraPose) -> set[int]:
    """Of `track` and each one whose box meets its box: the shorter, or the later."""
    if track not in moment.track:
        return set()
    own = int(np.flatnonzero(moment.track == track)[0])
    pairs = ((own, int(other)) for other in np.flatnonzero(_boxes_meet(box_around(moment, camera), own)))
    return {int(moment.track[min(pair, key=lambda row: (moment.length_m[row], -moment.track[row]))]) for pair in pairs}


def _boxes_meet(box_px: Doubles, own: int) -> Bools:
    common = np.minimum(box_px[own, 2:], box_px[:, 2:]) - np.maximum(box_px[own, :2], box_px[:, :2])
    return np.asarray((common > MEETING_PX).all(axis=1) & (np.arange(len(box_px)) != own))


def box_around(moment: Moment, camera: CameraPose) -> Doubles:
    """Boxes (n, 4) in pixels around everybody's upright block, present at one moment; nan for those outside the picture."""
    columns = (moment.x_m, moment.y_m, moment.heading_deg, moment.length_m, moment.width_m)
    feet = [footprint_m(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]
    blocks = np.array([np.column_stack([np.vstack([foot, foot]), np.repeat([0.0, tall], 4)]) for foot, tall in zip(feet, moment.height_m, strict=True)])
    flat_px, depth_m = camera.project(blocks.reshape(-1, 3))
    px = flat_px.reshape(-1, 8, 2)
    boxes = np.hstack([px.min(axis=1), px.max(axis=1)])
    inside = (depth_m.reshape(-1, 8).min(axis=1) > 1) & (boxes[:, 2:] > 0).all(axis=1) & (boxes[:, :2] < camera.size_px).all(axis=1)
    return np.where(inside[:, None], boxes, np.nan)


def frame_times_s(seconds_s: float, fps: float, seed: int) -> Doubles:
    """When frames are taken: a camera's clock is never quite even (up to 12 % of a frame); the first at 0, on the file's clock."""
    count = max(1, round(seconds_s * fps))
    jitter = np.random.default_rng([seed, 2]).uniform(-0.12, 0.12, count)
    jitter[0] = 0
    return np.asarray(np.round((np.arange(count) + jitter) / fps * CLOCK_HZ) / CLOCK_HZ)


def render_demo(folder: Path, seconds_s: float = 60, fps: float = 12.5, seed: int = 7, progress: Callable[[float], None] | None = None) -> DemoScene:
    """Write demo.mp4, truth.json (lines, crossings, counts), truth-boxes.csv (every road user in every frame) and phases-<arm>.csv into `folder`.

    `progress` hears shares of the work, 0..1. Raises SiteError on a clip that cannot be meant, StoreError when the disk refuses.
    """
    if not (1 <= seconds_s <= 3600 and 1 <= fps <= 60):
        raise SiteError("demo", f"{seconds_s} s at {fps} fps", "1 to 3600 s at 1 to 60 fps")
    signals, site = SignalPlan(), demo_site()
    trajectories, runner = with_red_runner(seconds_s, seed, signals, lambda traffic: abreast_on_lines(traffic, site))
    times_s = frame_times_s(seconds_s, fps, seed)
    crossings = tuple(crossing for crossing in true_crossings(trajectories, site.lines, site.camera) if crossing.time_s <= times_s[-1])
    renderer = Renderer(site.camera, trajectories, conditions=Conditions(), seed=seed, lamp_state=signals.state)
    truths: list[FrameTruth] = []
    _make_folder(folder)
    video, truth, boxes = folder / "demo.mp4", folder / "truth.json", folder / "truth-boxes.csv"
    count = encode_h264(video, _pictures(renderer, times_s, truths, progress), site.camera.size_px, fps)
    _write_boxes(boxes, truths)
    _write_truth(truth, site, crossings, {"seconds_s": seconds_s, "fps": fps, "seed": seed, "frames_count": count, "red_runner": runner})
    phases = {line.id: _write_phases(folder / f"phases-{line.id}.csv", signals.phases(line.id, seconds_s)) for line in site.lines}
    return DemoScene(video, truth, boxes, seconds_s, count, site, crossings, runner, phases)


def _pictures(renderer: Renderer, times_s: Doubles, truths: list[FrameTruth], progress: Callable[[float], None] | None) -> Iterator[tuple[float, Pixels]]:
    for index, time_s in enumerate(times_s.tolist()):
        rgb, truth = renderer.frame(time_s)
        truths.append(truth)
        yield time_s, rgb
        if progress:
            progress((index + 1) / len(times_s))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise StoreError(str(folder), fault.strerror or str(fault), "a folder that can be made") from fault


def _write_truth(path: Path, site: DemoSite, crossings: tuple[TrueCrossing, ...], run: Mapping[str, float | None]) -> None:
    counts = [dict(zip(("line", "direction", "kind", "count"), (*key, count), strict=True)) for key, count in count_crossings(crossings).items()]
    lines, passages = [asdict(line) for line in site.lines], [asdict(crossing) for crossing in crossings]
    whole = {**run, "camera": asdict(site.camera), "lines": lines, "counts": counts, "crossings": passages}
    _write_whole(path, json.dumps(whole, indent=1))


def _write_phases(path: Path, phases: Sequence[tuple[float, str]]) -> Path:
    _write_whole(path, "time_s,state\n" + "".join(f"{time_s:.1f},{state}\n" for time_s, state in phases))
    return path


def _write_whole(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as fault:
        raise StoreError(str(path), fault.strerror or str(fault), "a folder with room to write") from fault
    finally:
        part.unlink(missing_ok=True)


def _write_boxes(path: Path, truths: list[FrameTruth]) -> None:
    lines = [",".join((*BOX_COLUMNS, *PART_COLUMNS))]
    for index, truth in enumerate(truths):
        places = np.column_stack([truth.box_px, truth.contact_px, truth.visible_ratio, truth.head_box_px, truth.plate_box_px])
        for track, kind, row in zip(truth.track, truth.kind, places, strict=True):
            values = ("" if np.isnan(value) else f"{value:g}" for value in row.round(3))
            lines.append(f"{index},{truth.time_s:.5f},{track},{ROAD_USERS[kind]},{','.join(values)}")
    _write_whole(path, "\n".join(lines) + "\n")
