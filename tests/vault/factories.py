"""Plain facts to keep: one camera's points, tracks, crossings and events, as many as asked for."""

import numpy as np

from catseye.core.event import Event, Measure
from catseye.core.picture import RedactedPicture
from catseye.core.time import NS_PER_S, Stamp
from catseye.vault.batches import CrossingBatch, PointBatch, TrackBatch

CAR = 3


def events_at(*seconds: int, camera: str = "cam-1") -> list[Event]:
    return [Event("near-miss", camera, s * NS_PER_S, s * NS_PER_S, subjects=(str(s),), measures=(Measure("ttc_min", 0.9, "s", 0.1),)) for s in seconds]


def points_at(*seconds: float, camera: str = "cam-1", track: int = 1, **more: object) -> PointBatch:
    n = len(seconds)
    time_ns = (np.array(seconds) * NS_PER_S).astype(np.int64)
    px = np.column_stack([np.arange(n), np.full(n, 200.25)]).astype(np.float32)
    return PointBatch(camera, np.full(n, track), np.full(n, CAR, np.uint8), time_ns, px, **more)  # type: ignore[arg-type]


def track_over(begin_s: int, end_s: int, camera: str = "cam-1", track: int = 1, way: tuple[str | None, str | None] = (None, None)) -> TrackBatch:
    begin_ns, end_ns, count = (np.array([v]) for v in (begin_s * NS_PER_S, end_s * NS_PER_S, 8 * (end_s - begin_s)))
    return TrackBatch(camera, np.array([track]), np.array([CAR], np.uint8), begin_ns, end_ns, count, from_line=(way[0],), to_line=(way[1],))


def crossings_at(*seconds: float, camera: str = "cam-1", line: str = "stop-line", speed_kmh: float = np.nan, begin: Stamp | None = None) -> CrossingBatch:
    n = len(seconds)
    time_ns = (np.array(seconds) * NS_PER_S).round().astype(np.int64)
    return CrossingBatch(
        camera,
        time_ns,
        (line,) * n,
        ("forward",) * n,
        np.arange(n),
        np.full(n, CAR, np.uint8),
        utc_ns=None if begin is None else time_ns + begin.utc_ns,
        speed_kmh=np.full(n, speed_kmh),
        speed_doubt_kmh=np.full(n, speed_kmh / 10),
    )


def picture_of(rgb: np.ndarray) -> RedactedPicture:
    return RedactedPicture("cam-1", 0, rgb, 0.0)
