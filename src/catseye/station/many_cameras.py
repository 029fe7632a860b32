"""Many cameras: one process a core, cameras shared out, each live camera a thread of its process, one model session a process.

A live camera drops frames when its core is busy (its source says so) and holds no more memory for it. Files wait their turn.
A camera that fails ends alone; a process that dies is started again with the cameras it had not finished.
Each process has a pipe of its own: a shared queue or flag stays locked for ever when its holder is killed. A pipe that ends says that the other side is gone.
"""

import multiprocessing
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from threading import Lock, Thread
from typing import TYPE_CHECKING

from catseye.core.errors import CatseyeError, SourceError
from catseye.station.line import LineRecord
from catseye.station.site import Camera, is_url

if TYPE_CHECKING:
    from catseye.station.watch import Order, Stopper

MOST_STARTS_COUNT = 3
TELL_EVERY_S = 0.5
GOODBYE_S = 10.0

Turn = tuple[Camera, LineRecord | None]
"""A camera, and its earlier life if it goes on from one."""
Tell = Callable[[LineRecord, bool], None]
"""Send a record; True: it is the last one of its camera."""


@dataclass(slots=True)
class _Worker:
    """One process, our end of its pipe, the cameras it has still to finish and what it last said of each."""

    process: SpawnProcess
    pipe: Connection
    open_cameras: list[Camera]
    latest: dict[str, LineRecord]
    starts_count: int = 1


def watch_all(order: "Order", cameras: Sequence[Camera], stopper: "Stopper", tell: Callable[[LineRecord], None]) -> list[LineRecord]:
    """Watch every camera; records in the order of `cameras`."""
    from catseye.station.watch import cores_count

    workers_count = min(cores_count(), len(cameras))
    shares = [list(cameras[index::workers_count]) for index in range(workers_count)]
    workers = [_Worker(*_started(order, [(camera, None) for camera in share], stopper), share, {}) for share in shares]
    records: dict[str, LineRecord] = {}
    while busy := [worker for worker in workers if worker.open_cameras]:
        wait([each for worker in busy for each in (worker.pipe, worker.process.sentinel)])
        for worker in busy:
            is_over = not worker.process.is_alive()  # asked before listening: what a dead process said last is heard
            _hear(worker, records, tell)
            if is_over and worker.open_cameras:
                records |= _mend(order, worker, stopper)
    for worker in workers:
        _part_from(worker)
    return [records[camera.id] for camera in cameras]


def _started(order: "Order", turns: Sequence[Turn], stopper: "Stopper") -> tuple[SpawnProcess, Connection]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    name = "watching " + ", ".join(camera.id for camera, _ in turns)
    process = context.Process(target=_work, args=(order, list(turns), theirs), name=name, daemon=True)
    resource_tracker.ensure_running()  # started by `start`, it would unblock what is blocked here
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a child inherits it: Ctrl-C on a terminal is the parent's to handle
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
    stopper.on_stop(partial(_ask_to_stop, ours))
    return process, ours


def _ask_to_stop(pipe: Connection) -> None:
    with suppress(OSError):  # gone already
        pipe.send("stop")


def _hear(worker: _Worker, records: dict[str, LineRecord], tell: Callable[[LineRecord], None]) -> None:
    """Take in what a worker says, for as long as it has something to say."""
    with suppress(EOFError, OSError):  # it died, perhaps within a word
        while worker.open_cameras and worker.pipe.poll():
            record, is_final = worker.pipe.recv()
            worker.latest[record.camera] = record
            tell(record)
            if is_final:
                records[record.camera] = record
                worker.open_cameras = [camera for camera in worker.open_cameras if camera.id != record.camera]


def _mend(order: "Order", worker: _Worker, stopper: "Stopper") -> dict[str, LineRecord]:
    """Start a dead process again, or give its cameras up; the records of those given up."""
    from catseye.station.watch import failed

    if worker.starts_count < MOST_STARTS_COUNT and not stopper.flag.is_set():
        worker.pipe.close()
        worker.process, worker.pipe = _started(order, [(camera, _continued(camera, worker.latest.get(camera.id))) for camera in worker.open_cameras], stopper)
        worker.starts_count += 1
        return {}
    fault = SourceError("the process that watched it", f"ended with code {worker.process.exitcode}", "the reason in the system's log")
    given_up, worker.open_cameras = worker.open_cameras, []
    return {camera.id: failed(order, camera, fault, worker.latest.get(camera.id)) for camera in given_up}


def _continued(camera: Camera, latest: LineRecord | None) -> LineRecord | None:
    """The life a live camera goes on from. A file is played again from its beginning: the vault knows what it has already."""
    if latest is None or not latest.frames_decoded_count or not (camera.source and is_url(camera.source)):
        return None
    doubt = f"the process that watched died at about {latest.duration_s:.0f} s: up to 10 s of crossings before are lost"
    return replace(latest, restarts_count=latest.restarts_count + 1, notes=[], doubts=[doubt])


def _part_from(worker: _Worker) -> None:
    worker.process.join(GOODBYE_S)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()
    worker.pipe.close()


def _work(order: "Order", turns: Sequence[Turn], pipe: Connection) -> None:
    """A worker's life: until its cameras are done, the parent says stop, or the parent is gone."""
    from catseye.station.watch import Stopper

    stopper = Stopper()
    signal.signal(signal.SIGTERM, lambda *_: stopper.stop())
    Thread(target=_listen, args=(pipe, stopper), daemon=True).start()
    tell = _teller(pipe)
    live = [turn for turn in turns if turn[0].source and is_url(turn[0].source)]
    with ThreadPoolExecutor(max_workers=len(live) + 1) as threads:
        jobs = [threads.submit(_watch_each, order, [turn], stopper, tell) for turn in live]
        jobs.append(threads.submit(_watch_each, order, [turn for turn in turns if turn not in live], stopper, tell))
        for job in jobs:
            job.result()


def _listen(pipe: Connection, stopper: "Stopper") -> None:
    with suppress(EOFError, OSError):
        pipe.recv()
    stopper.stop()


def _watch_each(order: "Order", turns: Sequence[Turn], stopper: "Stopper", tell: Tell) -> None:
    from catseye.station.watch import failed, watch_camera

    for camera, earlier in turns:
        progress = _NowAndThen(tell)
        try:
            record = watch_camera(order, camera, stopper, progress, earlier)
        except CatseyeError as fault:
            record = failed(order, camera, fault, progress.latest)
        except Exception as fault:  # noqa: BLE001 - the task's edge: a bug in one camera's line must not end the others; it is counted, told and exits 1
            record = failed(order, camera, SourceError("a bug in catseye", f"{type(fault).__name__}: {fault}", "a report of it"), progress.latest)
        tell(record, True)


def _teller(pipe: Connection) -> Tell:
    """Sends whole records, whichever thread has one; a parent that is gone hears nothing, and `_listen` ends the work."""
    turn = Lock()

    def tell(record: LineRecord, is_final: bool) -> None:
        with turn, suppress(OSError):
            pipe.send((record, is_final))

    return tell


class _NowAndThen:
    """Progress of one camera, told at most twice a second; `latest` is the record as it stands."""

    def __init__(self, tell: Tell) -> None:
        self.latest: LineRecord | None = None
        self._tell = tell
        self._last_s = 0.0

    def __call__(self, record: LineRecord) -> None:
        self.latest = record
        if time.monotonic() - self._last_s >= TELL_EVERY_S:
            self._last_s = time.monotonic()
            self._tell(record, False)
