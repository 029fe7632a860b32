"""One camera's pictures: what was found, drawn over redacted pictures (the preview), and the one still that tells most (the report).

Nothing here holds a live picture longer than its redaction takes. Whatever fails in redaction ends the pictures, never the count.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, tzinfo
from functools import partial
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np

from catseye.core.arrays import Pixels
from catseye.core.errors import CatseyeError, ModelError
from catseye.core.event import Event
from catseye.core.picture import RawFrame, RedactedPicture
from catseye.core.secrets import masked
from catseye.core.sockets import Detector
from catseye.core.time import NS_PER_S
from catseye.station.calibrations import calibration_of
from catseye.station.line import Look, Pictures
from catseye.station.log import logger
from catseye.station.preview import PreviewFile, fitted_px
from catseye.station.scenes import SceneBook
from catseye.station.site import Camera, Site, default_line
from catseye.traffic.crossings import Crossings
from catseye.traffic.lines import Line
from catseye.vault.files import file_name
from catseye.vault.vault import Vault
from catseye.vision.detect.detector import MotionDetector
from catseye.vision.redact import BackgroundRedactor, Redactor
from catseye.vision.region_adders import adders_here, open_redactor

PREVIEW_MOST_PX = 640
PREVIEW_FPS = 5.0
PREVIEW_MOST_S = 3600.0
STILL_MOST_PX = 1280
STILL_EVERY_S = 10.0
SHOWN_AFTER_S = 1.5

LinesFor = Callable[[int, int], Sequence[Line]]


def preview_name(camera: str) -> str:
    """The preview's file name in the output folder."""
    return f"preview-{camera}.mp4"


def still_path(vault: Vault, camera: str) -> Path:
    """Where the vault keeps the camera's still of this run, if there is one."""
    return vault.folder / "media" / file_name(vault.run) / f"{file_name(camera)}.png"


def pictures_for(site: Site, camera: Camera, detector: Detector, vault: Vault, out: Path, *, wanted: bool) -> Pictures:
    """The pictures of one camera, or none: when not wanted, or when redaction cannot start (an event says why)."""
    if not wanted:
        return Pictures()
    try:
        eye: Eye = BackgroundEye(camera.id) if isinstance(detector, MotionDetector) else RedactedEye(open_redactor(detector.name))
    except ModelError as fault:
        none = Pictures()
        none.trouble = tell_failure(vault, camera.id, None, fault)
        return none
    zone = ZoneInfo(site.timezone) if site.timezone else UTC
    return KeptPictures(camera.id, vault, out, partial(lines_in_picture, site, camera), eye, zone)


def lines_in_picture(site: Site, camera: Camera, width_px: int, height_px: int) -> list[Line]:
    """The camera's lines as they lie in the picture, or the default one: in the order in which crossings number them.

    A line in metres is there once the camera is calibrated, if its ends are before the camera.
    """
    drawn = camera.lines or ((default_line(width_px, height_px),) if site.wants_default_line else ())
    calibration = calibration_of(site, camera, (width_px, height_px)) if any(line.m for line in drawn) else None
    lines: list[Line] = []
    for line in drawn:
        ends_px = np.array(line.px) if line.px else calibration.px_of(np.array(line.m)) if calibration is not None else None
        if ends_px is not None and np.isfinite(ends_px).all():
            lines.append(Line(line.id, ends_px))
    return lines


def tell_failure(vault: Vault, camera: str, frame: RawFrame | None, fault: Exception) -> str:
    """Keep the event that says why a camera has no (more) pictures, and say it."""
    detail = str(fault) if isinstance(fault, CatseyeError) else masked(f"a bug: {type(fault).__name__}: {fault}")
    logger("station").error("no pictures any more; the count goes on", camera=camera, reason=detail)
    time_ns, when = (frame.time_ns, frame.when) if frame else (0, None)
    vault.keep_events([Event("pictures-failed", camera, time_ns, time_ns, when, trusted=False, details={"detail": detail})])
    return detail


class Eye(Protocol):
    """Gives safe pictures, later: pairs of the time they are to be shown at and the picture; and the best still."""

    redact_cpu_s: float
    is_schematic: bool

    def see(self, look: Look, *, shown: bool) -> list[tuple[int, RedactedPicture]]:
        """Take one look; `shown` asks for a preview picture of it."""
        ...

    def finish(self) -> list[tuple[int, RedactedPicture]]:
        """The stream is over: what is left."""
        ...

    def still(self) -> RedactedPicture | None:
        """The still for the report, once the stream is over."""
        ...


class KeptPictures(Pictures):
    """Writes `preview-<camera>.mp4` and keeps the still in the vault under the camera's name. StoreError when the disk says no."""

    shows_crossings = True

    def __init__(self, camera: str, vault: Vault, out: Path, lines_for: LinesFor, eye: Eye, zone: tzinfo = UTC) -> None:
        """Nothing is written before the first safe picture; `lines_for(width_px, height_px)` gives the lines that crossings number."""
        self._spent_s = {"redact": 0.0, "preview": 0.0}
        self.cpu_s: Mapping[str, float] = self._spent_s
        self._camera, self._vault, self._out, self._lines_for, self._eye = camera, vault, out, lines_for, eye
        self._zone = zone
        self._book: SceneBook | None = None
        self._file: PreviewFile | None = None
        self._size_px = (0, 0)
        self._due_ns = 0
        self._is_over = False

    def look(self, look: Look) -> None:
        """Take one analysed frame; pictures of it come out when they are safe."""
        if self._is_over:
            return
        with self._guarded(look.frame), self._timed():
            if self._book is None:
                native_px = (look.frame.width_px, look.frame.height_px)
                self._size_px = fitted_px(*native_px, PREVIEW_MOST_PX)
                self._book = SceneBook(self._camera, native_px[0], self._lines_for(*native_px), self._zone)
            self._book.note(look)
            self._show(self._book, self._eye.see(look, shown=self._is_due(look.frame.time_ns)))

    def crossed(self, crossings: Crossings) -> None:
        """Take crossings as they are told, for the counters at the lines."""
        if self._book is not None:
            self._book.cross(crossings)

    def close(self) -> None:
        """The stream is over: the last pictures, the still, and the preview gets its name. Idempotent."""
        if self._is_over:
            return
        with self._guarded(None), self._timed():
            if self._book is not None:
                self._show(self._book, self._eye.finish())
            if (still := self._eye.still()) is not None:
                self._vault.keep_picture(still, self._camera)
        self._end()

    def _show(self, book: SceneBook, pictures: Sequence[tuple[int, RedactedPicture]]) -> None:
        for time_ns, picture in pictures:
            if self._file is None:
                self._file = PreviewFile(self._out / preview_name(self._camera), self._size_px)
            self._file.write(picture, book.scene(time_ns, self._size_px[0], is_schematic=self._eye.is_schematic))

    def _is_due(self, time_ns: int) -> bool:
        step_ns = int(NS_PER_S / PREVIEW_FPS)
        if time_ns < self._due_ns - step_ns // 8 or time_ns > PREVIEW_MOST_S * NS_PER_S:
            return False
        self._due_ns = max(self._due_ns + step_ns, time_ns)
        return True

    def _end(self) -> None:
        self._is_over = True
        file, self._file = self._file, None
        if file is not None:
            file.close()

    @contextmanager
    def _guarded(self, frame: RawFrame | None) -> Iterator[None]:
        """Redaction fails closed: after any fault no more pictures; those already shown were safe. A disk that says no is told at once."""
        try:
            yield
        except CatseyeError:
            with suppress(CatseyeError):
                self._end()
            raise
        except Exception as fault:  # noqa: BLE001 - a fault in a picture must not end the count; it is told as an event and logged
            self._end()
            self.trouble = tell_failure(self._vault, self._camera, frame, fault)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        begin_s, before_s = time.thread_time(), self._eye.redact_cpu_s
        try:
            yield
        finally:
            redact_s = self._eye.redact_cpu_s - before_s
            self._spent_s["redact"] += redact_s
            self._spent_s["preview"] += time.thread_time() - begin_s - redact_s


class RedactedEye:
    """Live pictures, redacted: for detectors that name people and vehicles."""

    is_schematic = False

    def __init__(self, redactor: Redactor) -> None:
        """Of one camera."""
        self.redact_cpu_s = 0.0
        self._redactor = redactor
        self._asked: dict[tuple[int, tuple[int, int]], tuple[bool, bool]] = {}
        self._users_count: dict[int, int] = {}
        self._still_due_ns = 0
        self._best: tuple[float, RedactedPicture] | None = None

    def see(self, look: Look, *, shown: bool) -> list[tuple[int, RedactedPicture]]:
        """See `Eye.see`."""
        frame = look.frame
        is_still = frame.time_ns >= self._still_due_ns
        shown_px, still_px = (fitted_px(frame.width_px, frame.height_px, most_px) for most_px in (PREVIEW_MOST_PX, STILL_MOST_PX))
        shown_rgb = self._asks(frame, shown_px, True, is_still and still_px == shown_px) if shown else None
        still_rgb = None
        if is_still:
            self._still_due_ns = next_still_ns(frame.time_ns)
            self._users_count[frame.time_ns] = int(look.tracked.seen.sum())
            still_rgb = None if shown and still_px == shown_px else self._asks(frame, still_px, False, True)
        begin_s = time.thread_time()
        safe = []
        if shown_rgb is not None and still_rgb is not None:
            safe += self._redactor.see(frame, rgb=shown_rgb)
            shown_rgb = None
        rgb = still_rgb if shown_rgb is None else shown_rgb
        safe += self._redactor.see(frame, look.tracked, look.detections, foreground=look.mask, rgb=rgb, is_still=is_still)
        self.redact_cpu_s += time.thread_time() - begin_s
        return self._sorted(safe)

    def finish(self) -> list[tuple[int, RedactedPicture]]:
        """See `Eye.finish`."""
        begin_s = time.thread_time()
        safe = self._redactor.close()
        self.redact_cpu_s += time.thread_time() - begin_s
        return self._sorted(safe)

    def still(self) -> RedactedPicture | None:
        """The one with little of it filled, and then with most road users in view."""
        return self._best[1] if self._best else None

    def _asks(self, frame: RawFrame, size_px: tuple[int, int], is_shown: bool, is_still: bool) -> Pixels:
        self._asked[frame.time_ns, size_px] = (is_shown, is_still)
        return frame.rgb(*size_px)

    def _sorted(self, safe: Sequence[RedactedPicture]) -> list[tuple[int, RedactedPicture]]:
        """Keep the better still; give what is to be shown; forget what was asked for earlier and withheld."""
        shown = []
        for picture in safe:
            is_shown, is_still = self._asked.pop((picture.time_ns, picture.rgb.shape[1::-1]), (False, False))
            if is_still:
                self._compare(picture)
            if is_shown:
                shown.append((picture.time_ns, picture))
        if safe:
            oldest_ns = safe[-1].time_ns
            self._asked = {key: asked for key, asked in self._asked.items() if key[0] >= oldest_ns}
            self._users_count = {time_ns: count for time_ns, count in self._users_count.items() if time_ns >= oldest_ns}
        return shown

    def _compare(self, picture: RedactedPicture) -> None:
        score = (1 + self._users_count.get(picture.time_ns, 0)) ** 0.5 * (1 - picture.filled_ratio) ** 4
        if self._best is None or score > self._best[0]:
            self._best = (score, picture)


class BackgroundEye:
    """For `motion`, which cannot tell a person from a car: the street without its users, and nothing of the live picture, ever."""

    is_schematic = True

    def __init__(self, camera: str) -> None:
        """No background is known yet; scenes wait for it, up to a minute of them."""
        self.redact_cpu_s = 0.0
        self._redactor = BackgroundRedactor(camera, adders=adders_here())
        self._background: RedactedPicture | None = None
        self._waiting_ns: list[int] = []
        settings = self._redactor.settings
        self._offer_step_ns = int(settings.least_span_s / settings.least_count * NS_PER_S)
        self._offer_due_ns = self._renew_due_ns = 0

    def see(self, look: Look, *, shown: bool) -> list[tuple[int, RedactedPicture]]:
        """See `Eye.see`; the pictures are all the same background."""
        frame = look.frame
        if shown and len(self._waiting_ns) < 60 * PREVIEW_FPS:
            self._waiting_ns.append(frame.time_ns)
        if frame.time_ns >= self._offer_due_ns:
            self._offer_due_ns = frame.time_ns + self._offer_step_ns
            rgb = frame.rgb(*fitted_px(frame.width_px, frame.height_px, PREVIEW_MOST_PX))
            begin_s = time.thread_time()
            self._redactor.see(frame.time_ns, rgb, look.mask)
            self._renew(frame.time_ns)
            self.redact_cpu_s += time.thread_time() - begin_s
        return self._ripe(frame.time_ns - int(SHOWN_AFTER_S * NS_PER_S))

    def finish(self) -> list[tuple[int, RedactedPicture]]:
        """See `Eye.finish`."""
        begin_s = time.thread_time()
        self._background = self._redactor.picture()
        self.redact_cpu_s += time.thread_time() - begin_s
        return self._ripe(self._waiting_ns[-1]) if self._waiting_ns else []

    def still(self) -> RedactedPicture | None:
        """The background of the whole time."""
        return self._background

    def _renew(self, now_ns: int) -> None:
        """A background of twice the time is a better one; once it is known it is worked out ever more rarely."""
        if now_ns >= self._renew_due_ns and (background := self._redactor.picture()) is not None:
            self._background, self._renew_due_ns = background, 2 * now_ns

    def _ripe(self, until_ns: int) -> list[tuple[int, RedactedPicture]]:
        background = self._background
        if background is None:
            return []
        ripe = [(time_ns, background) for time_ns in self._waiting_ns if time_ns <= until_ns]
        self._waiting_ns = self._waiting_ns[len(ripe) :]
        return ripe


def next_still_ns(time_ns: int) -> int:
    """When to look for the next still: soon after the start, then every ten seconds, ever more rarely in a long run.

    >>> [next_still_ns(time_s * NS_PER_S) // NS_PER_S for time_s in (0, 3, 13, 1000)]
    [3, 13, 23, 1100]
    """
    if time_ns < NS_PER_S:
        return time_ns + 3 * NS_PER_S
    return time_ns + max(int(STILL_EVERY_S * NS_PER_S), time_ns // 10)
