"""What the tests of a station's evidence share: a car that drives over a red stop line, judged by the house's rules, and all that its line takes out."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyrage
from tests.vision.evidence.scenes import ring_of, stream_of

from catseye.cases.jurisdiction import jurisdiction_named
from catseye.core.detections import Tracked
from catseye.core.finding import Violation
from catseye.core.road_user import RoadUser
from catseye.core.scene import GroundScene, PictureScene
from catseye.core.time import NS_PER_S, Stamp
from catseye.station.case_openings import Openings
from catseye.station.evidence.line_evidence import Taken
from catseye.station.evidence.securing import Securing
from catseye.station.evidence.socket import Told
from catseye.station.judge_stage import JudgeStage
from catseye.station.line_judge import LineJudge
from catseye.station.signals import signals_of
from catseye.station.site import Camera, Site, load_site
from catseye.station.world import bench_of
from catseye.traffic.judge import Judge
from catseye.traffic.motion import Motion
from catseye.vault.batches import PointBatch
from catseye.vault.vault import Vault
from catseye.vision.plates import Way
from catseye.vision.ring import PacketRing

IDENTITY = pyrage.x25519.Identity.generate()
PICTURE_PX = (640, 360)
CAR, WALKER = RoadUser.CAR.code, RoadUser.PEDESTRIAN.code
NOW = Stamp.from_datetime(datetime.fromisoformat("2022-09-26T08:00:00+00:00"))
RED_LIGHT = """
[[camera.line]]
id = "stop"
px = [[0, 200], [640, 200]]
[[camera.signal]]
id = "lamp"
timeline = "phases.csv"
[[camera.rule]]
kind = "red-light"
line = "stop"
signal = "lamp"
"""


def site_in(
    folder: Path,
    *,
    detector: str = "motion",
    rules: str = RED_LIGHT,
    evidence: str = "",
    source: str = "street.mp4",
    start: str = "2022-09-25T08:42:00Z",
    recipient: str = str(IDENTITY.to_public()),
) -> Site:
    """One camera with rules, and `[evidence]` for an authority whose identity the tests hold."""
    (folder / "phases.csv").write_text("time_s,state\n0,red\n60,green\n")
    began = "" if "://" in source else f"start = {start}\n"
    head = f'[site]\nid = "s"\ntimezone = "UTC"\n[[camera]]\nid = "cam-1"\nsource = "{source}"\ndetector = "{detector}"\n{began}'
    table = f'[evidence]\nrecipients = ["{recipient}"]\nbefore_s = 1.0\nafter_s = 1.0\n{evidence}\n'
    (folder / "site.toml").write_text(head + rules + table)
    return load_site(folder / "site.toml")


def points(track: int, at: Callable[[float], tuple[float, float]], begin_s: float = 1.0, end_s: float = 3.0, kind: int = CAR, **more: Any) -> PointBatch:
    """Ten a second, places in pixels."""
    time_s = np.arange(round(begin_s * 10), round(end_s * 10) + 1) / 10
    n, px = len(time_s), np.array([at(each) for each in time_s.tolist()], np.float32)
    return PointBatch("cam-1", np.full(n, track), np.full(n, kind, np.uint8), (time_s * NS_PER_S).astype(np.int64), px, **more)


def driving_down(track: int = 7, x_px: float = 320.0) -> PointBatch:
    """Over the line at 2 s, 100 px a second."""
    return points(track, lambda time_s: (x_px, 100.0 * time_s))


def violations_of(site: Site, *batches: PointBatch, on_ground: bool = False) -> list[Violation]:
    """What the site's rules say, all points known."""
    (camera,) = site.cameras
    bench = bench_of(camera, signals_of(site, camera, None), on_ground=on_ground)
    start = camera.began

    def when(time_ns: int) -> Stamp | None:
        return start.plus_ns(time_ns) if start else None

    judge = Judge(camera.id, bench.world, bench.rules, str, when, camera.source or "")
    line = LineJudge(JudgeStage(judge, Motion(GroundScene) if on_ground else Motion(PictureScene)))
    for batch in batches:
        line.take(batch, 0)
    line.finish()
    return line.violations()


def way_of(track: str = "7") -> Way:
    """Its boxes, ten a second."""
    time_s = np.arange(10, 31) / 10
    box_px = np.column_stack([np.full(21, 280.0), 100 * time_s - 60, np.full(21, 360.0), 100 * time_s]).astype(np.float32)
    return Way(track, (time_s * NS_PER_S).astype(np.int64), box_px, PICTURE_PX)


def clip_ring(count_s: float = 4.0, codec: str = "h264") -> PacketRing:
    """What the camera sent from 0 on."""
    stream, packets = stream_of(codec, round(count_s * 10))
    return ring_of(stream, packets)


def taken_in(site: Site, ring: PacketRing | None = None, **other: Any) -> Taken:
    """The car that ran the light, as its line takes it out."""
    (camera,) = site.cameras
    (violation,) = violations_of(site, driving_down())
    told = Told(signals_of(site, camera, None), None, camera.began)
    return replace(Taken(violation, clip_ring() if ring is None else ring, (way_of(),), (driving_down(),), told), **other)


def securing(site: Site, open_vault: Callable[[], Vault]) -> Securing:
    """With a clock that goes a second a question."""
    ticks = count()
    openings = Openings(site, jurisdiction_named("example"))
    return Securing(site, camera_of(site), "run", openings, open_vault, lambda: NOW.plus_ns(next(ticks) * NS_PER_S))


def camera_of(site: Site) -> Camera:
    (camera,) = site.cameras
    return camera


def looks(tracks: Callable[[float], dict[int, tuple[float, float, float, float]]], end_s: float, *, begin_s: float = 0.0) -> Iterator[tuple[int, Tracked]]:
    """Analysed frames, ten a second."""
    for tenth in range(round(begin_s * 10), round(end_s * 10) + 1):
        yield tenth * NS_PER_S // 10, tracked_of(tenth * NS_PER_S // 10, tracks(tenth / 10))


def tracked_of(time_ns: int, boxes_px: dict[int, tuple[float, float, float, float]], joined: tuple[tuple[int, int], ...] = ()) -> Tracked:
    m = len(boxes_px)
    box_px = np.array(list(boxes_px.values()), np.float32).reshape(-1, 4)
    sure = np.ones(m, np.bool_)
    pairs = np.array(joined, np.int64).reshape(-1, 2)
    return Tracked(time_ns, np.array(list(boxes_px), np.int64), box_px, np.full(m, CAR, np.uint8), sure, sure, np.ones(m, np.float32), pairs, pairs[:, 0])
